"""Rules about services and their variables."""

from __future__ import annotations

import re

from astcti.config.model import Service
from astcti.config.ranges import parse_ranges
from astcti.config.schema import SERVICES, VARIABLES
from astcti.config.spellings import CONTEXT_TYPES
from astcti.config.validation.report import Findings

_UNFIT_NAME = re.compile(r"[\s\x00-\x20\x7f-\xa0]")
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*(\([^(){}\x00-\x1f\x7f]*\))?")
MAX_NAME = 100
MAX_WRAPUP = 86400  # seconds; who needs a longer break goes to pause


def _enabled(findings: Findings) -> list[Service]:
    return [s for s in findings.configuration.services if s.enabled]


def names(findings: Findings) -> None:
    """Rule 4: names of contexts and queues are 1 to 100 characters without blanks or control characters."""
    for service in _enabled(findings):
        for attribute in ("name", "queue_name"):
            text = getattr(service, attribute)
            if not text and attribute == "name":
                findings.error(SERVICES, service, attribute, "the name of the dial-plan context is missing")
            elif len(text) > MAX_NAME:
                findings.error(SERVICES, service, attribute, f"longer than {MAX_NAME} characters")
            elif _UNFIT_NAME.search(text):
                findings.error(SERVICES, service, attribute, f"{text!r} contains blanks or control characters")


def kinds(findings: Findings) -> None:
    """Rule 5: an outbound service has no queue, an inbound one no allowed extensions; those are readable."""
    for service in _enabled(findings):
        if service.context_type == "OUTBOUND" and service.queue_name:
            findings.error(SERVICES, service, "queue_name", "an outbound service cannot have a queue")
        if service.context_type == "INBOUND" and service.allowed_extensions:
            findings.error(SERVICES, service, "allowed_extensions", "only an outbound service can have them")
        try:
            parse_ranges(service.allowed_extensions)
        except ValueError as e:
            findings.error(SERVICES, service, "allowed_extensions", str(e))


def words(findings: Findings) -> None:
    """Rule 6: the type of a context is known."""
    for service in _enabled(findings):
        if service.context_type not in CONTEXT_TYPES:
            text = f"{service.context_type!r} is none of {', '.join(CONTEXT_TYPES)}"
            findings.error(SERVICES, service, "context_type", text)


def numbers(findings: Findings) -> None:
    """Rule 8: wrap-up is a number of seconds."""
    for service in _enabled(findings):
        if not 0 <= service.wrapup_seconds <= MAX_WRAPUP:
            findings.error(SERVICES, service, "wrapup_seconds", f"out of range (0 to {MAX_WRAPUP} s)")


def variables(findings: Findings) -> None:
    """Rule 11: a variable is a name, or a dial-plan function such as ``CALLERID(num)``."""
    services = findings.configuration.service_by_id
    for variable in findings.configuration.variables:
        if variable.enabled and variable.service_id in services and not _VARIABLE.fullmatch(variable.name):
            findings.error(VARIABLES, variable, "name", f"{variable.name!r} is not the name of a variable")


def without_actions(findings: Findings) -> None:
    """Rule 15: a service whose calls make nothing happen."""
    for service in _enabled(findings):
        if not findings.configuration.actions_of.get(service.id):
            findings.warn(SERVICES, service, "id", f"service {service.name!r} has no actions")
