"""From a notice to the one client it is for, with the actions that go along. Nothing here looks at anybody else."""

from __future__ import annotations

from collections.abc import Callable, Container, Mapping, Sequence

from astcti.actions.render import render_actions, values_of
from astcti.config.model import Action, Operator
from astcti.interfaces import IAction
from astcti.model.actions import RenderedAction, pop_mark
from astcti.model.channels import interface_of
from astcti.model.notices import CallView, Notice
from astcti.services.audience import NOTHING, Audience, Sends
from astcti.services.counters import Counters
from astcti.services.floor import Attendance, Floor
from astcti.services.heard import Heard

MAX_MOMENTS = 32  # calls remembered per client; no phone has that many at a time

Start = Callable[[Sequence[RenderedAction]], None]
"""Begins to run actions on the server."""

Telling = Callable[[Attendance, Notice, Sequence[RenderedAction]], None]
"""Hears of a call event for a client and of actions that go with it."""

Fault = Callable[[Attendance], None]
"""Told within an exception handler that telling this client something went wrong."""


class Teller:
    """Tells clients about calls.

    :ivar audience: who may hear what; replaced with the configuration.
    :ivar types: kinds of actions; replaced with it, too.
    """

    def __init__(
        self,
        floor: Floor,
        audience: Audience,
        start: Start,
        fault: Fault,
        counters: Counters,
        told: Telling = lambda *about: None,
        happened: Callable[[Attendance, Notice], None] = lambda *about: None,
        *,
        missed: Telling = lambda *about: None,
        serving: Telling = lambda *about: None,
    ) -> None:
        self.audience = audience
        self.types: Mapping[str, IAction] | None = None
        self._fault = fault
        self._floor = floor
        self._at_phone = floor.at_phone
        self._start = start
        self._counters = counters
        self._told = told
        self._happened = happened
        self._missed = missed
        self._serving = serving

    def tell(self, notice: Notice) -> None:
        """Hand a notice to the client at its seat, if there is one and they may hear of it."""
        attendance = self._floor.at(notice.seat) if self._floor.behind else self._at_phone.get(notice.seat)
        if attendance is None or attendance.operator is None:
            return
        try:
            self._tell(attendance, attendance.operator, notice)
            self._happened(attendance, notice)
        except Exception:
            self._fault(attendance)  # whatever is wrong with one client must not reach the next one's call

    def parted(self, attendance: Attendance, phones: Container[str], now: float) -> None:
        """These are not somebody's phones any more: calls there are over for them, whoever hears of them now."""
        for uniqueid, channel in () if attendance.heard is None else attendance.heard.parted(phones):
            attendance.moments.pop(uniqueid, None)
            self._counters.notices += 1
            attendance.client.notify(Notice("Hangup", interface_of(channel), CallView(uniqueid, channel), time=now), ())

    def _tell(self, attendance: Attendance, operator: Operator, notice: Notice) -> None:
        counters = self._counters
        withheld = not self.audience.may_hear(operator, notice.service_id)
        counters.withheld += withheld
        if notice.kind == "Hangup":
            if not self._ends(attendance, notice, withheld):
                return
        elif withheld:
            return
        else:
            if attendance.heard is None:
                attendance.heard = Heard()
            attendance.heard.note(notice)
        sends = self._sends(attendance, operator, notice) if notice.service_id else NOTHING
        counters.notices += 1
        if notice.pop:
            counters.pops += 1
        actions: Sequence[RenderedAction] = ()
        if sends.client:
            actions = _render(sends.client, notice, attendance, "CLIENT", self.types)
        if attendance.client.notify(notice, actions) is not False:
            self._told(attendance, notice, actions)
        elif actions:
            self._missed(attendance, notice, actions)
        if sends.server:
            rendered = _render(sends.server, notice, attendance, "SERVER", self.types)
            self._serving(attendance, notice, rendered)
            self._start(rendered)

    def _ends(self, attendance: Attendance, notice: Notice, withheld: bool) -> bool:
        """Tell which calls a ``Hangup`` ends, except its own if that may be told in full; whether it is to be."""
        over = [] if attendance.heard is None else attendance.heard.ended(notice, attendance.phones)
        in_full = False
        for uniqueid in over:
            if uniqueid == notice.call.uniqueid and not withheld:
                in_full = True
            else:
                self._counters.notices += 1
                attendance.client.notify(_only_its_end(notice, uniqueid), ())
        return in_full

    def _sends(self, attendance: Attendance, operator: Operator, notice: Notice) -> Sends:
        """The actions for this moment of the call, once each for a call at a seat."""
        kind, service_id = notice.kind, notice.service_id
        if notice.pop or (notice.repeated and kind == "Link"):
            moment = "LINK"
        elif kind == "Callerid" or (kind == "Newstate" and notice.call.state == "Ringing"):
            moment = "RINGING"
        elif kind == "Hangup":
            moment = "HANGUP"
        else:
            return NOTHING
        audience = self.audience
        if not audience.is_active(operator, service_id):
            return NOTHING
        sends = audience.sends(service_id, moment, attendance.system)
        if notice.repeated:  # they had these; what follows goes by it
            if sends or audience.sends(service_id, "HANGUP", attendance.system):
                self._first(attendance, notice, moment)
            return NOTHING
        if moment == "LINK":
            if audience.sends(service_id, "HANGUP", attendance.system):
                self._first(attendance, notice, moment)
            return sends
        if moment == "RINGING":
            return sends if sends and self._first(attendance, notice, moment) else NOTHING
        had = attendance.moments.pop(notice.call.uniqueid, None)
        return sends if had and "LINK" in had else NOTHING

    @staticmethod
    def _first(attendance: Attendance, notice: Notice, moment: str) -> bool:
        """Note a moment of a call; whether it is the first of its kind."""
        if not attendance.moments:
            attendance.moments = {}
        moments = attendance.moments.setdefault(notice.call.uniqueid, set())
        if moment in moments:
            return False
        moments.add(moment)
        while len(attendance.moments) > MAX_MOMENTS:
            del attendance.moments[next(iter(attendance.moments))]
        return True


def _render(
    actions: Sequence[Action], notice: Notice, attendance: Attendance, place: str, types: Mapping[str, IAction] | None
) -> Sequence[RenderedAction]:
    """Fill in actions of one trigger for a call and whoever sits where it arrives."""
    operator = attendance.operator
    values = values_of(
        notice.call,
        now=notice.time,
        seat=notice.seat,
        operator=operator.username if operator else "",
        operator_name=operator.full_name if operator else "",
    )
    trigger = actions[0].trigger
    # The seat, not the phone that rings now: it may be another one when the same call pops again after a restart.
    seat = f"seat {attendance.seat.id}" if attendance.seat else notice.seat
    mark = pop_mark(notice.call.uniqueid, seat, trigger)
    return render_actions(actions, values, attendance.system, place, trigger=trigger, mark=mark, types=types)


def _only_its_end(notice: Notice, uniqueid: str) -> Notice:
    """The end of a call at a channel of theirs, without what they may not know about the one it was in last."""
    call = notice.call
    bare = CallView(
        uniqueid,
        call.channel,
        state=call.state,
        linkedid=call.linkedid,
        reason_code=call.reason_code,
        reason_text=call.reason_text,
    )
    return notice._replace(call=bare, service_id=0)
