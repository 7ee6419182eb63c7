"""From what a client asks to the one action that the PBX is sent.

Every value in it comes from the configuration but the number and the priority, which have been looked at.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from secrets import token_hex
from types import MappingProxyType

from astcti.actions.template import expand, parse, without_controls
from astcti.ami.actions import Originate as OriginateAction
from astcti.ami.actions import caller_id
from astcti.config.model import Operator, Seat, Service
from astcti.errors import Refused
from astcti.model.channels import normalise_interface
from astcti.model.commands import Originate
from astcti.services.books import Books
from astcti.services.floor import Attendance
from astcti.services.originating.rules import MAX_PRIORITY, check_number, check_range, outbound_service
from astcti.services.seating import number_of

MAX_ACCOUNT = 79  # characters of an account code (AST_MAX_ACCOUNT_CODE with its end, in Asterisk's channel.h)

_CALL_INFO = "<sip:astcti.invalid>;answer-after=0"
_ALERT_INFO = "<http://astcti.invalid>;info=alert-autoanswer;delay=0"

#: What makes a phone answer by itself, by technology: variables of the channel that is to ring it. Phones look for the
#: one header or the other.
_AUTO_ANSWER: Mapping[str, Mapping[str, str]] = MappingProxyType(
    {
        "PJSIP": {"PJSIP_HEADER(add,Call-Info)": _CALL_INFO, "PJSIP_HEADER(add,Alert-Info)": _ALERT_INFO},
        "SIP": {"SIPADDHEADER01": f"Call-Info: {_CALL_INFO}", "SIPADDHEADER02": f"Alert-Info: {_ALERT_INFO}"},
    }
)


@dataclass(frozen=True, slots=True)
class Order:
    """A call that is to be begun.

    :ivar phone: which rings first, as its channels show it; or by what it is called, if by ``auto_answer_context``.
    :ivar service: through which ``number`` is dialled then.
    :ivar uniqueid: of the phone's channel, where the PBX lets us choose it (Asterisk 12 and later).
    """

    phone: str
    service: Service
    number: str
    uniqueid: str
    action: OriginateAction


def order_of(books: Books, attendance: Attendance, command: Originate) -> Order:
    """Look at everything that was asked for.

    :raises Refused: 901, 919, 920, 922, 923, 925.
    """
    operator, seat = attendance.known_operator(), attendance.seat
    if seat is None or not attendance.channels:
        raise Refused(919, "seat not set")
    channel = _channel(attendance, command.channel)
    number = check_number(command.number)
    service = outbound_service(books.audience, operator, command.service)
    check_range(service, number)
    priority = command.priority
    if not 1 <= priority <= MAX_PRIORITY:
        raise Refused(901, f"a priority is a number from 1 to {MAX_PRIORITY}")
    if priority != 1 and not books.settings.orig_any_priority:
        raise Refused(925, "only priority 1 is allowed")
    uniqueid = f"astcti-{token_hex(8)}"
    phone = normalise_interface(channel)
    through = books.seats.answering.get(phone)
    action = OriginateAction(
        f"{through}/n" if through else channel,
        context=service.name,
        exten=number,
        priority=priority,
        timeout=books.settings.orig_timeout * 1000,
        caller_id=caller_id(operator.full_name, number_of(seat.exten)),
        account=_account(books, operator, seat, service) or None,
        channel_id=uniqueid,
        variables={
            "CTI_OPERATOR": operator.username,
            "CTI_SEAT": seat.exten,
            **({"CTI_PHONE": phone} if through else _auto_answer(books, seat, phone)),
        },
    )
    return Order(through or phone, service, number, uniqueid, action)


def _channel(attendance: Attendance, wanted: str) -> str:
    """The phone of the seat that is meant, as configured: never what the client wrote.

    :raises Refused: 920.
    """
    if not wanted:
        return attendance.channels[0]
    for channel in attendance.channels:
        if normalise_interface(channel) == normalise_interface(wanted):
            return channel
    raise Refused(920, "this is not a phone of your seat")


def _account(books: Books, operator: Operator, seat: Seat, service: Service) -> str:
    values = {"OPERATOR": operator.username, "SEAT": seat.exten, "SERVICE": service.name}
    return expand(parse(books.settings.orig_account), values, without_controls)[:MAX_ACCOUNT]


def _auto_answer(books: Books, seat: Seat, phone: str) -> Mapping[str, str]:
    for extension in books.configuration.extensions:
        if extension.seat_id == seat.id and extension.enabled and normalise_interface(extension.exten) == phone:
            return _AUTO_ANSWER.get(phone.partition("/")[0], {}) if extension.can_auto_answer else {}
    return {}
