"""``astcti doctor``: a look at a real installation, part by part, and for every fault what to do about it.

Every check is a small coroutine that writes what it saw into :class:`~astcti.doctor.finding.Notes`; the table of them
is :data:`astcti.doctor.checks.CHECKS`.
"""

from astcti.doctor.case import Case
from astcti.doctor.check import Check
from astcti.doctor.checks import CHECKS, check_names
from astcti.doctor.examination import Examination
from astcti.doctor.finding import Finding, Level

__all__ = ["CHECKS", "Case", "Check", "Examination", "Finding", "Level", "check_names"]
