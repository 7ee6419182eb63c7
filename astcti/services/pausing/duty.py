"""Pauses, after-call work and agents' states: who is at work, and what the PBX says about whom."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorTime

from astcti.model.channels import normalise_interface
from astcti.model.commands import Command, Pause
from astcti.model.facts import AgentComplete, AgentConnect, AgentMissed, Fact, MemberAdded, MemberPaused, MemberRemoved
from astcti.model.node import Node
from astcti.model.notices import Notice
from astcti.model.roster import Roster
from astcti.services.asking import IAsk
from astcti.services.books import Books
from astcti.services.duty import Answer, Duty
from astcti.services.floor import Attendance
from astcti.services.pausing.outside import IQueues, Outside
from astcti.services.pausing.phones import ICalls, Phones, Shown
from astcti.services.pausing.records import IRecords
from astcti.services.pausing.request import Outcome, Send
from astcti.services.pausing.requests import Requests
from astcti.services.pausing.shift import Shift
from astcti.services.pausing.shifts import Shifts
from astcti.services.pausing.standing import Standing
from astcti.services.pausing.supervisors import Supervisors
from astcti.services.pausing.values import SUPERVISOR, Key, Stance

_MOVES = frozenset({"Newchannel", "Newstate", "Hangup", "Link"})  # after which a phone may do something else
_ABOUT_MEMBERS = (MemberAdded, MemberRemoved, MemberPaused, AgentConnect, AgentComplete, AgentMissed)


class Pausing(Duty):
    """Keeps a :class:`.Shift` for each operator at work.

    :param records: what outlives connections.
    """

    def __init__(self, clock: IReactorTime, asking: IAsk, roster: Roster, calls: ICalls, records: IRecords) -> None:
        self._clock = clock
        self._asking = asking
        self._records = records
        self._phones = Phones(roster, calls)
        self._supervisors = Supervisors()
        self._outside = Outside(lambda: self.desk.books.settings)
        self._shifts = Shifts(clock, records, self._begin, lambda: self.desk.books.settings.pause_grace)
        self._requests = Requests(clock, self._shifts, self._outside, lambda: self.desk)

    def answers(self) -> Mapping[type[Command], Answer]:
        """``PAUSE``, ``REDY``, ``WRAP``."""
        return self._requests.answers()

    # -- for others

    @property
    def queues(self) -> IQueues | None:
        """Who takes operators out of their queues for after-call work, where that is to be."""
        return self._outside.queues

    @queues.setter
    def queues(self, queues: IQueues) -> None:
        self._outside.queues = queues

    def wanted(self, attendance: Attendance, queue: str) -> Stance:
        """How a new membership of an operator is to begin: paused for a cause, or not."""
        shift = self._shifts.of(attendance)
        return None if shift is None else shift.pauses.wanted(queue)

    def entering(self, attendance: Attendance, queue: str, phone: str) -> Stance:
        """The same, for a membership that the PBX is asked for now."""
        shift = self._shifts.of(attendance)
        return None if shift is None else shift.pauses.entering(Key(queue, phone))

    def away(self, attendance: Attendance) -> bool:
        """Whether somebody is to be in no queue for the time of their after-call work."""
        return self._outside.away(self._shifts.of(attendance))

    def stuck(self, attendance: Attendance) -> None:
        """The PBX does not let somebody out of a queue: they are paused there, as they would be without."""
        shift = self._shifts.of(attendance)
        if shift is not None:
            self._rejoin(shift, attendance)

    def shift_of(self, username: str) -> Shift | None:
        """An operator's shift, if they are at work or were lost a moment ago."""
        return self._shifts.named(username)

    def order(
        self, attendance: Attendance, paused: bool, queue: str = "", reason: str = "", who: str = ""
    ) -> Deferred[Outcome]:
        """Pause or unpause an operator by the will of somebody else, at once also while they talk.

        :param who: their name, where it is known.
        :raises Refused: 901, 905, 919, 921 or 931, as for the operator's own.
        """
        return self._requests.order(attendance, Pause(paused, queue, reason), who)

    # -- for shifts

    def _begin(self, username: str, standing: Standing) -> Shift:
        return Shift(username, standing, self._clock, self._send, self._records, self)

    def _send(self, send: Send) -> Deferred[Any]:
        return self._asking.sendAction(self._phones.action_of(send))

    def overhear(self, attendance: Attendance | None, node: Node) -> None:
        """Supervisors hear of everybody else's state."""
        self._supervisors.overhear(attendance, node)

    def goes(self, key: Key) -> bool:
        """Whether a membership is ended for the time of after-call work, instead of being paused."""
        return self._outside.goes(key)

    def wraps_up(self, shift: Shift) -> None:
        """After-call work has begun or ended: memberships end for it, or begin again."""
        attendance, queues = shift.attendance, self.queues
        if attendance is not None and queues is not None and self._outside.possible:
            if not shift.standing.wraps_up:
                self._rejoin(shift, attendance)  # in what has not ended in so short a time
            queues.look_after(attendance)

    def longest_wrapup(self, shift: Shift) -> int:
        """That of all queues."""
        operator = shift.attendance.operator if shift.attendance is not None else None
        services = self.desk.books.audience.services_of(operator) if operator is not None else ()
        return max((s.wrapup_seconds for s in services if s.queue_name), default=0)

    # -- people come and go

    def seated(self, attendance: Attendance) -> None:
        """Go on as they were, or begin."""
        if attendance.operator is None:
            return
        shift, news = self._shifts.take_up(attendance.operator)
        shift.attendance = attendance
        shift.standing.out = self._outside.away(shift)
        for key, paused, reason in self._members(shift, attendance):
            shift.standing.join(key, paused, reason, self._clock.seconds(), trust=not news)
        shift.activity = self._phones.activity(attendance)
        self._supervisors.come(attendance)
        shift.come(attendance, news=news)
        shift.pauses.put_right()

    def hears_more(self, attendance: Attendance) -> None:
        """They are told how they are."""
        shift = self._shifts.of(attendance)
        if shift is not None:
            shift.repeat()

    def left(self, attendance: Attendance) -> None:
        """Their shift is over if they said so; else they have a while to come back."""
        self._supervisors.go(attendance)
        self._shifts.leave(attendance)

    def stopping(self) -> None:
        """All is written down; nothing more is waited for."""
        self._shifts.stop()

    # -- what the PBX says

    def member_fact(self, fact: Fact) -> None:
        """Members come, go, are paused, answer or do not."""
        if not isinstance(fact, _ABOUT_MEMBERS):
            return
        phone = normalise_interface(fact.interface)
        attendance = self.desk.floor.at(phone)
        shift = self._shifts.of(attendance)
        if attendance is None or shift is None:
            return
        key = Key(fact.queue, phone)
        if isinstance(fact, MemberPaused):
            shift.pauses.told(key, fact.paused, fact.reason)
        elif isinstance(fact, MemberAdded):
            if not (self._outside.away(shift) and self.goes(key)):
                shift.pauses.joined(key, fact.paused, fact.reason)
        elif isinstance(fact, MemberRemoved):
            shift.pauses.left(key)
        elif isinstance(fact, AgentConnect):
            shift.connected()
        elif isinstance(fact, AgentComplete):
            shift.completed(self._wrapup_seconds(attendance, fact.queue))
        else:
            shift.missed(self.desk.books.settings.autopause_missed)

    def _wrapup_seconds(self, attendance: Attendance, queue: str) -> int:
        """The longest of the operator's services that share the queue."""
        operator = attendance.operator
        services = self.desk.books.audience.services_of(operator) if operator is not None else ()
        return max((s.wrapup_seconds for s in services if s.queue_name == queue), default=0)

    def happened(self, attendance: Attendance, notice: Notice) -> None:
        """A call at their phones went on."""
        if notice.kind in _MOVES:
            shift = self._shifts.of(attendance)
            if shift is not None:
                shift.move(self._phones.activity(attendance))

    def link_changed(self, up: bool) -> None:
        """What is under way has failed; or the roster is what the PBX says now."""
        if up:
            self._shifts.recall()
        for shift in list(self._shifts):
            attendance = shift.attendance
            try:
                if not up:
                    shift.pauses.give_up()
                elif attendance is not None:
                    shift.pauses.forgive()
                    self._rejoin(shift, attendance)
                    shift.see_calls()
            except Exception:  # what is wrong with one client costs the others nothing
                if attendance is None:
                    raise
                self.desk.broken(attendance)

    def configured(self, attendance: Attendance, before: Books) -> None:
        """Phones may have come or gone, and they may be a supervisor now, or no longer."""
        if attendance.seat is None:
            return
        self._supervisors.go(attendance)
        self._supervisors.come(attendance)
        shift = self._shifts.of(attendance)
        if shift is not None:
            self._rejoin(shift, attendance, set(attendance.phones) - set(before.seats.phones(attendance.seat)))

    def moved(self, attendance: Attendance, before: tuple[str, ...]) -> None:
        """Their calls go by other phones."""
        shift = self._shifts.of(attendance)
        if shift is not None:
            self._rejoin(shift, attendance)

    def _rejoin(self, shift: Shift, attendance: Attendance, new: Collection[str] = ()) -> None:
        """Stand in the queues that the roster shows.

        :param new: phones that came to the seat just now: pauses there are those of whoever had them before.
        """
        shift.standing.out = self._outside.possible and (shift.standing.out or shift.standing.wraps_up)
        members = self._members(shift, attendance)
        for key in shift.standing.shown.keys() - {key for key, _, _ in members}:
            shift.standing.leave(key)
        for key, paused, reason in members:
            shift.standing.join(key, paused, reason, self._clock.seconds(), trust=key.phone not in new)
        shift.standing.settle()
        shift.pauses.put_right()
        shift.move(self._phones.activity(attendance))
        shift.changed(SUPERVISOR)

    def _members(self, shift: Shift, attendance: Attendance) -> list[Shown]:
        """The memberships that are followed: all but those about to end, for after-call work or as somebody else's."""
        away, anothers = self._outside.away(shift), self._outside.is_anothers
        return self._phones.members(attendance, lambda key: (away and self.goes(key)) or anothers(key, shift.username))
