"""Rules about operators: their names, their credentials, their services."""

from __future__ import annotations

import re

from astcti.config import credentials as stored
from astcti.config.addresses import is_anywhere, is_host_name, is_network
from astcti.config.model import Operator
from astcti.config.schema import OPERATORS, SERVICES_OPERATORS, SPEEDDIALS
from astcti.config.validation.report import Findings, Problem

_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")
MAX_NAME = 100
MAX_PENALTY = 2**31 - 1
_NAMED = 5  # operators named in a warning that concerns many


def _enabled(findings: Findings) -> list[Operator]:
    return [o for o in findings.configuration.operators if o.enabled]


def name_fault(name: str) -> str:
    """Why ``name`` is no user name; empty when it is one."""
    if not name or name != name.strip() or _CONTROL.search(name):
        return f"{name!r} is empty, or has blanks around or controls in it"
    return f"longer than {MAX_NAME} characters" if len(name) > MAX_NAME else ""


def names(findings: Findings) -> None:
    """User names are compared exactly, so nothing invisible may be in them; full names go to the PBX."""
    for operator in _enabled(findings):
        if fault := name_fault(operator.username):
            findings.error(OPERATORS, operator, "username", fault)
        if _CONTROL.search(operator.full_name):
            findings.error(OPERATORS, operator, "full_name", "control characters are not possible")


def numbers(findings: Findings) -> None:
    """Rule 8: penalties are not negative."""
    for reference in findings.configuration.service_operators:
        if reference.enabled and not 0 <= reference.penalty <= MAX_PENALTY:
            findings.error(SERVICES_OPERATORS, reference, "penalty", f"{reference.penalty} is out of range (0 or more)")
    for dial in findings.configuration.speed_dials:
        if not -32768 <= dial.order <= 32767:
            findings.error(SPEEDDIALS, dial, "order", "out of range (-32768 to 32767)")


def credentials(findings: Findings) -> None:
    """Rule 10: stored credentials are of a known form; none at all only where a directory knows the password."""
    for operator in _enabled(findings):
        elsewhere = operator.ldap_dn and not operator.password
        if not elsewhere and (fault := stored.credential_fault(operator.password)):
            findings.error(OPERATORS, operator, "password", fault)
        if operator.password_alt and (fault := stored.credential_fault(operator.password_alt)):
            findings.error(OPERATORS, operator, "password_alt", fault)
        if operator.scram and not stored.is_scram(operator.scram):
            findings.error(OPERATORS, operator, "scram", "not a SCRAM-SHA-256 verifier")


def hosts(findings: Findings) -> None:
    """Rule 7: where operators have to come from is an address, a network or a host name; else nobody gets in."""
    for operator in _enabled(findings):
        host = operator.login_host
        if not (is_anywhere(host) or is_network(host) or is_host_name(host)):
            text = f"{host!r} is neither an address, nor a network, nor a host name: nobody can log in from there"
            findings.warn(OPERATORS, operator, "login_host", text)


def without_services(findings: Findings) -> None:
    """Rule 12: an operator whom no call can reach."""
    if not findings.configuration.service_by_id and findings.configuration.settings.get("any_context_variable", ""):
        return  # every context is a service, and everybody's
    for operator in _enabled(findings):
        if not findings.configuration.services_of.get(operator.id):
            findings.warn(OPERATORS, operator, "id", f"operator {operator.username!r} has no services")


def without_mac(findings: Findings) -> None:
    """Rule 13: a call-centre operator identifies the seat by MAC; there must be one."""
    if not findings.configuration.seat_by_mac:
        for operator in _enabled(findings):
            if operator.is_call_center:
                text = "a call-centre operator needs a seat with a MAC, and no enabled seat has one"
                findings.warn(OPERATORS, operator, "is_call_center", text)


def weak_credentials(findings: Findings) -> None:
    """Rule 17: bare MD5 digests, and passwords everybody knows from the demonstration data."""
    bare = [o for o in _enabled(findings) if stored.is_bare(o.password)]
    if bare:
        named = ", ".join(str(o.id) for o in bare[:_NAMED])
        more = f" and {len(bare) - _NAMED} more" if len(bare) > _NAMED else ""
        column = OPERATORS.column("password").name
        text = "bare MD5; it is replaced by a better form at the next login, or by its owner"
        findings.add_warning(Problem(findings.rule, OPERATORS.name, named + more, column, text))
    for operator in _enabled(findings):
        if stored.is_default(operator.username, operator.password):
            findings.warn(OPERATORS, operator, "password", "the password of the demonstration data: everybody knows it")


def two_penalties(findings: Findings) -> None:
    """Rule 18: the same queue by two services, with different penalties for one operator."""
    services = findings.configuration.service_by_id
    for references in findings.configuration.services_of.values():
        first: dict[str, int] = {}
        for reference in references:
            queue = services[reference.service_id].queue_name
            if queue and first.setdefault(queue, reference.penalty) != reference.penalty:
                lower = min(first[queue], reference.penalty)
                text = f"queue {queue!r} has another penalty by another service; the lower one ({lower}) is used"
                findings.warn(SERVICES_OPERATORS, reference, "penalty", text)
