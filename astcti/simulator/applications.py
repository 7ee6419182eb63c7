"""The applications of the dial plan, all but ``Queue``: scripts that run on one channel."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from astcti.simulator import events
from astcti.simulator.agenda import Interruption, Script
from astcti.simulator.calling import Legs, converse
from astcti.simulator.channel import Channel
from astcti.simulator.pbx import PBX, Application, HungUp
from astcti.simulator.queueing import queue

NO_END = 86_400.0
KEY_SECONDS = 0.15  # between two keys, for somebody who knows the number by heart
_DIAL_VARIABLES = (
    "DIALSTATUS", "DIALEDPEERNUMBER", "DIALEDPEERNAME", "ANSWEREDTIME", "ANSWEREDTIME_MS", "DIALEDTIME",
    "DIALEDTIME_MS", "RINGTIME", "RINGTIME_MS", "PROGRESSTIME", "PROGRESSTIME_MS",
)  # fmt: skip


def seconds_of(text: str, otherwise: float) -> float:
    """A number of seconds, as the dial plan writes it."""
    try:
        return max(0.0, float(text))
    except ValueError:
        return otherwise


def answer(pbx: PBX, channel: Channel, data: str) -> Script:
    """``Answer()``."""
    pbx.answer(channel)
    yield from ()


def assign(pbx: PBX, channel: Channel, data: str) -> Script:
    """``Set(name=value)``."""
    name, _, value = data.partition("=")
    pbx.set(channel, name, value)
    yield from ()


def read(pbx: PBX, channel: Channel, data: str) -> Script:
    """``Read(variable,...)``: the caller is asked for digits, and keys what they have in mind, or nothing."""
    variable, *more = data.split(",")
    keys = channel.keys
    timeout = seconds_of(more[4], 6.0) if len(more) > 4 else 6.0
    pbx.set(channel, "READSTATUS", "ERROR")
    for key in keys:
        yield KEY_SECONDS
        pbx.tell(events.DTMF_BEGIN, channel, key, "Received")
        pbx.tell(events.DTMF_END, channel, key, "100", "Received")
    if not keys:
        yield timeout
    pbx.set(channel, variable, keys)
    pbx.set(channel, "READSTATUS", "OK" if keys else "TIMEOUT")


def no_op(pbx: PBX, channel: Channel, data: str) -> Script:
    """``NoOp()``: nothing but its event."""
    yield from ()


def wait(pbx: PBX, channel: Channel, data: str) -> Script:
    """``Wait(seconds)``."""
    yield seconds_of(data, 0.0)


def playback(pbx: PBX, channel: Channel, data: str) -> Script:
    """``Playback(file)``: every file takes a second."""
    yield 1.0


def ringing(pbx: PBX, channel: Channel, data: str) -> Script:
    """``Ringing()``."""
    if channel.shown.state == "Down":
        pbx.ring(channel)
    yield from ()


def hangup(pbx: PBX, channel: Channel, data: str) -> Script:
    """``Hangup(cause)``."""
    channel.cause = int(data) if data.isdigit() else channel.cause or 16
    yield from ()
    raise HungUp


def busy(pbx: PBX, channel: Channel, data: str) -> Script:
    """``Busy(seconds)``: the tone, then the end."""
    channel.cause = 17
    yield seconds_of(data, NO_END)
    raise HungUp


def congestion(pbx: PBX, channel: Channel, data: str) -> Script:
    """``Congestion(seconds)``: the tone, then the end."""
    channel.cause = 34
    yield seconds_of(data, NO_END)
    raise HungUp


def dial(pbx: PBX, channel: Channel, data: str) -> Script:
    """``Dial(phone&phone,seconds,options)``: who answers first talks; with nobody the dial plan goes on."""
    targets, _, rest = data.partition(",")
    timeout = seconds_of(rest.partition(",")[0], NO_END)
    for variable in _DIAL_VARIABLES:
        pbx.set(channel, variable, "")
    began = pbx.agenda.now
    legs = Legs(pbx, channel, "AppDial")
    strings = []
    for target in targets.split("&"):
        phone = pbx.phone(target)
        if phone is not None:
            string = target.partition("/")[2]
            strings.append(string)
            legs.show(legs.make(phone, string))
    if not legs.live:
        legs.statuses.append("CHANUNAVAIL")
        channel.cause = 20

    def rings(leg: Channel) -> None:
        pbx.set(channel, "RINGTIME", str(int(pbx.agenda.now - began)))
        pbx.set(channel, "RINGTIME_MS", str(int((pbx.agenda.now - began) * 1000)))

    try:
        for called, string in zip(tuple(legs.live), strings, strict=True):
            legs.begin(called, string)
        if len(legs.live) == 1:
            legs.connect_caller(legs.live[0])
        yield from legs.wait(timeout, rings)
    except Interruption:
        legs.cancel("CANCEL", 16)
        pbx.set(channel, "DIALSTATUS", "CANCEL")
        raise
    leg = legs.answered
    if leg is not None:
        yield from _connected(pbx, channel, leg, legs, began)
    else:
        status = _status(legs)
        legs.cancel("NOANSWER", 0)
        pbx.set(channel, "DIALSTATUS", status)


def _status(legs: Legs) -> str:
    if legs.live:
        return "NOANSWER"
    return next((s for s in ("BUSY", "CONGESTION", "NOANSWER") if s in legs.statuses), "CHANUNAVAIL")


def _connected(pbx: PBX, channel: Channel, leg: Channel, legs: Legs, began: float) -> Script:
    answered = pbx.agenda.now
    if len(legs.live) > 1:
        legs.connect_caller(leg)
    for other in legs.live[1:]:
        legs.ended(other, "CANCEL")
    pbx.set(channel, "DIALSTATUS", "ANSWER")
    pbx.set(channel, "DIALEDPEERNAME", leg.name)
    pbx.set(channel, "DIALEDPEERNUMBER", leg.variables["DIALEDPEERNUMBER"])
    legs.ended(leg, "ANSWER")
    for other in legs.live[1:]:
        other.cause = 26
        pbx.finish(other)
    leg.change(exten="")
    pbx.tell(events.NEWEXTEN, leg, "", leg.application, leg.data)
    pbx.answer(channel)
    yield from converse(pbx, channel, leg, lambda reason: None)
    for name, value in (("ANSWEREDTIME", pbx.agenda.now - answered), ("DIALEDTIME", pbx.agenda.now - began)):
        pbx.set(channel, name, str(int(value)))
        pbx.set(channel, name + "_MS", str(int(value * 1000)))
    pbx.set(channel, "DIALSTATUS", "ANSWER")
    channel.cause = 16
    raise HungUp


#: By the name the dial plan writes.
APPLICATIONS: Mapping[str, Application] = MappingProxyType(
    {
        "Answer": answer, "Busy": busy, "Congestion": congestion, "Dial": dial, "Hangup": hangup, "NoOp": no_op,
        "Queue": queue, "Read": read, "Ringing": ringing, "Set": assign, "Wait": wait, "Playback": playback,
    }
)  # fmt: skip
