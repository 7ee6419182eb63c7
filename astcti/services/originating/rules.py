"""What an operator may dial, and through which service. Nothing that a client sends goes further than this allows."""

from __future__ import annotations

import re
from functools import lru_cache

from astcti.config.model import Operator, Service
from astcti.config.ranges import Ranges, parse_ranges
from astcti.errors import Refused
from astcti.services.audience import Audience

#: A number, or a name: nothing that a dial string, a dial plan's expression or a header could take for anything else.
_NUMBER = re.compile(r"\+?[0-9A-Za-z*#._-]{1,64}", re.ASCII)

#: Extensions that mean something of their own to Asterisk; dialled only where the configuration names them.
_SPECIAL = frozenset({"a", "e", "h", "i", "o", "s", "t", "fax", "failed", "talk"})

MAX_PRIORITY = 10_000  # of a step in the dial plan; nobody writes that many by hand


def check_number(number: str) -> str:
    """See that it is a number at all; gives it back.

    :raises Refused: 901.
    """
    if not _NUMBER.fullmatch(number):
        raise Refused(901, "not a number: digits, letters, * # . _ - are possible, up to 64, and a + before them")
    return number


def check_range(service: Service, number: str) -> None:
    """See that a service lets this number be dialled.

    :raises Refused: 923.
    """
    ranges = _ranges(service.allowed_extensions)
    dialled = number.replace("-", "")  # as Asterisk looks for it (16 and 22)
    if dialled.lower() in _SPECIAL and number not in ranges.numbers:
        raise Refused(923, "this extension is not for dialling")
    if not (ranges.covers(number) and ranges.covers(dialled)):
        raise Refused(923, f"this number may not be dialled through {service.name}")


@lru_cache(maxsize=1024)
def _ranges(text: str) -> Ranges:
    return parse_ranges(text)


def outbound_service(audience: Audience, operator: Operator, name: str = "") -> Service:
    """The enabled outbound service of an operator, of that name, or the one to use when none is named.

    Contexts are compared exactly, then without regard to case, as everywhere.

    :raises Refused: 922; there is none, or no telling which.
    """
    services = audience.services_of(operator)
    outbound = [s for s in services if s.kind == "outbound"]
    if name:
        for service in outbound:
            if service.name == name:
                return service
        for service in outbound:
            if service.name.lower() == name.lower():
                return service
        if any(s.name.lower() == name.lower() for s in services):
            raise Refused(922, "unknown or unusable service: it is no outbound one")
        raise Refused(922, "unknown or unusable service")
    if not outbound:
        raise Refused(922, "you have no outbound service")
    if len(outbound) == 1:
        return outbound[0]
    default = [s for s in outbound if s.is_default]
    if not default:
        raise Refused(922, "say through which service: you have several and none is the default")
    return default[0]
