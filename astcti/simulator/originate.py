"""Calls the manager orders: first one phone rings, and when it is answered it goes on in the dial plan."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from astcti.simulator import events
from astcti.simulator.agenda import Script
from astcti.simulator.channel import UNKNOWN, Channel, Shown
from astcti.simulator.events import Event
from astcti.simulator.pbx import HungUp

if TYPE_CHECKING:
    from astcti.simulator.pbx import PBX

ANSWERED, NO_ANSWER, FAILED = 4, 3, 0  # as in ``OriginateResponse``, which calls busy and congestion 0 as well
_CALLER_ID = re.compile(r'\s*"?(?P<name>[^"<]*?)"?\s*<(?P<number>[^>]*)>\s*\Z')
_PRESENTATION = "0 (Presentation Allowed, Not Screened)"


@dataclass(frozen=True, slots=True)
class Order:
    """What is to be called, and where it goes on: an extension, or one application."""

    interface: str
    context: str = ""
    exten: str = ""
    priority: int = 1
    application: str = ""
    data: str = ""
    seconds: float = 30.0
    number: str = ""
    name: str = ""
    account: str = ""
    channel_id: str = ""
    variables: tuple[tuple[str, str], ...] = ()


def caller_id(text: str) -> tuple[str, str]:
    """Number and name of a ``CallerID`` header: ``Name <number>``, or a number alone."""
    match = _CALLER_ID.match(text)
    return (match["number"], match["name"]) if match else (text.strip(), "")


def originate(pbx: PBX, order: Order, done: Callable[[int, Channel | None], None]) -> None:
    """Begin the call.

    :param done: told the reason (``ANSWERED``, ``NO_ANSWER`` or ``FAILED``), once, before the phone goes on.
    """
    phone = pbx.phone(order.interface)
    if phone is None:
        pbx.agenda.later(0, done, FAILED, None)
        return
    shown = Shown("Down", phone.number, phone.name, context=phone.context)
    channel = pbx.channel(phone, shown, uniqueid=order.channel_id)
    channel.application, channel.data = "AppDial2", "(Outgoing Line)"
    pbx.tell(events.NEWEXTEN, channel, "s", channel.application, channel.data)
    for name, value in reversed(order.variables):
        pbx.set(channel, name, value)
    if order.account:
        channel.change(account=order.account)
        pbx.tell(events.NEW_ACCOUNT, channel, "")
    if order.number:
        channel.change(number=order.number, caller=order.name)
        pbx.tell(events.NEW_CALLERID, channel, _PRESENTATION)
        channel.change(connected_number=order.number, connected_name=order.name)
        pbx.tell(events.NEW_CONNECTED, channel)
    pbx.start(channel, _script(pbx, channel, order, done))
    channel.dialler = channel.actor


def _script(pbx: PBX, channel: Channel, order: Order, done: Callable[[int, Channel | None], None]) -> Script:
    assert channel.phone is not None
    dial_string = order.interface.partition("/")[2]
    channel.variables["DIALEDPEERNUMBER"] = dial_string
    pbx.sink(Event(events.DIAL_BEGIN_ALONE, (*channel.values, dial_string)))
    channel.phone.called(pbx, channel, pbx.chance)
    deadline = pbx.agenda.now + order.seconds
    reason = FAILED
    try:
        while reason == FAILED:
            match (yield max(0.0, deadline - pbx.agenda.now)):
                case None:
                    reason = NO_ANSWER
                    channel.cause, channel.tech_cause = 19, 480
                case ("ringing", _):
                    pbx.sink(Event(events.DIAL_STATE_ALONE, (*channel.values, "RINGING")))
                case ("answered", _):
                    pbx.sink(Event(events.DIAL_END_ALONE, (*channel.values, "ANSWER")))
                    reason = ANSWERED
                case ("refused", _, str(status)):
                    pbx.sink(Event(events.DIAL_END_ALONE, (*channel.values, status)))
                    break
    except HungUp:
        reason = FAILED
    done(reason, channel if reason == ANSWERED else None)
    if reason != ANSWERED:
        pbx.finish(channel)
        return
    channel.dialler = None
    if order.application:
        yield from _application(pbx, channel, order)
    else:
        channel.change(context=order.context, exten=order.exten, priority=str(order.priority))
        yield from pbx.walk(channel)


def _application(pbx: PBX, channel: Channel, order: Order) -> Script:
    application = pbx.applications.get(order.application)
    if application is not None:
        try:
            yield from application(pbx, channel, channel.expand(order.data))
        except HungUp:
            pass
    pbx.finish(channel)


def response(order: Order, action_id: str, reason: int, channel: Channel | None) -> Event:
    """The event that tells an asynchronous order's end."""
    if order.application:
        layout, where = events.ORIGINATE_APPLICATION, (order.application, order.data)
    else:
        layout, where = events.ORIGINATE_EXTEN, (order.context, order.exten)
    values = (
        action_id,
        "Success" if reason == ANSWERED else "Failure",
        channel.name if channel else order.interface,
        *where,
        str(reason),
        channel.uniqueid if channel else UNKNOWN,
        order.number or UNKNOWN,
        order.name or UNKNOWN,
    )
    if action_id:
        return Event(layout, values)
    return Event(events.layout(layout.name, layout.category, layout.fields[1:]), values[1:])
