"""Rules about seats and their phones."""

from __future__ import annotations

from astcti.config.addresses import channel_fault, is_mac, is_network
from astcti.config.schema import EXTENSIONS, SEATS
from astcti.config.validation.report import Findings


def syntax(findings: Findings) -> None:
    """Rule 7: MACs, phones (without the suffix of a call) and addresses are well written."""
    seats = [s for s in findings.configuration.seats if s.enabled]
    for seat in seats:
        if seat.mac and not is_mac(seat.mac):
            findings.error(SEATS, seat, "mac", f"{seat.mac!r} is not a MAC such as 00:1c:bf:37:53:ba")
        if seat.host and not is_network(seat.host):
            findings.error(
                SEATS, seat, "host", f"{seat.host!r} is neither an IP address nor a network such as 10.1.0.0/16"
            )
        if seat.exten and (fault := channel_fault(seat.exten)):
            findings.error(SEATS, seat, "exten", fault)
    enabled = {s.id for s in seats}
    for extension in findings.configuration.extensions:
        if extension.enabled and extension.seat_id in enabled and (fault := channel_fault(extension.exten)):
            findings.error(EXTENSIONS, extension, "exten", fault)


def without_phone(findings: Findings) -> None:
    """Rule 14: a seat without any enabled phone is skipped."""
    for seat in findings.configuration.seats:
        if seat.enabled and seat.id not in findings.configuration.seat_by_id:
            findings.warn(SEATS, seat, "exten", "the seat has no enabled phone and is skipped")
