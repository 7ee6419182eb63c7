"""Pauses, after-call work and agents' states: who may ask for what, and what the PBX says about whom."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Protocol

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IDelayedCall, IReactorTime
from twisted.logger import Logger

from astcti.ami.actions.queues import QueuePause
from astcti.config.model import Operator
from astcti.errors import Refused
from astcti.model.channels import normalise_interface
from astcti.model.commands import Command, Done, EndWrapUp, Pause, PauseConfirmed, PausePending, Reply, SetWrapUp
from astcti.model.facts import AgentComplete, AgentConnect, AgentMissed, Fact, MemberAdded, MemberPaused, MemberRemoved
from astcti.model.node import Node
from astcti.model.notices import Notice
from astcti.model.roster import Roster
from astcti.services.asking import IAsk
from astcti.services.books import Books
from astcti.services.duty import Answer, Duty
from astcti.services.floor import Attendance
from astcti.services.pausing.agentstate import KIND
from astcti.services.pausing.reasons import known_reason
from astcti.services.pausing.records import IRecords
from astcti.services.pausing.request import Outcome, Send
from astcti.services.pausing.shift import Shift
from astcti.services.pausing.standing import Standing
from astcti.services.pausing.values import SELF, SUPERVISOR, Cause, Key, Stance

UNKNOWN_QUEUE, NOT_VALID = 921, 903
_MOVES = frozenset({"Newchannel", "Newstate", "Hangup", "Link"})  # after which a phone may do something else


class IPhones(Protocol):
    """What phones do (:class:`astcti.model.calls.Tracker`)."""

    def states_at(self, interface: str) -> Iterable[str]:
        """The states of the channels of a phone."""


class Pausing(Duty):
    """Keeps a :class:`.Shift` for each operator at work.

    :param records: what outlives connections.
    """

    _log = Logger()

    def __init__(self, clock: IReactorTime, asking: IAsk, roster: Roster, phones: IPhones, records: IRecords) -> None:
        self._clock = clock
        self._asking = asking
        self._roster = roster
        self._phones = phones
        self._records = records
        self._shifts: dict[str, Shift] = {}
        self._leaving: dict[str, IDelayedCall] = {}
        self._supervisors: set[Attendance] = set()
        self._recalled = False

    def answers(self) -> Mapping[type[Command], Answer]:
        """``PAUSE``, ``REDY``, ``WRAP``."""
        return {Pause: self._pause, EndWrapUp: self._ready, SetWrapUp: self._wrap}

    def wanted(self, attendance: Attendance, queue: str) -> Stance:
        """How a new membership of an operator is to begin: paused for a cause, or not."""
        shift = self._shift(attendance)
        return None if shift is None else shift.pauses.wanted(queue)

    def shift_of(self, username: str) -> Shift | None:
        """An operator's shift, if they are at work or were lost a moment ago."""
        return self._shifts.get(username)

    def order(self, attendance: Attendance, paused: bool, queue: str = "", reason: str = "") -> Deferred[Outcome]:
        """Pause or unpause an operator by the will of somebody else, at once also while they talk.

        :raises Refused: 901, 905, 919, 921 or 931, as for the operator's own.
        """
        shift, reason = self._may_pause(attendance, Pause(paused, queue, reason))
        return shift.order(paused, queue, reason)

    # -- commands

    def _may_pause(self, attendance: Attendance, command: Pause) -> tuple[Shift, str]:
        """The shift, and the reason as it is configured."""
        operator, shift = self._at_work(attendance)
        reason = known_reason(self.desk.books.configuration, command.reason) if command.paused else command.reason
        if command.queue:
            if command.queue not in self.desk.books.audience.queues_of(operator):
                raise Refused(UNKNOWN_QUEUE, "unknown queue")
            if not shift.standing.keys(command.queue):
                raise Refused(UNKNOWN_QUEUE, "not a member of this queue")
        return shift, reason

    def _pause(self, attendance: Attendance, command: Pause) -> Deferred[Reply] | Reply:
        shift, reason = self._may_pause(attendance, command)
        after_call = self.desk.books.settings.pause_after_call
        outcome = shift.pause(command.paused, command.queue, reason, after_call=after_call)
        if not command.paused:
            assert outcome is not None, "only pauses wait for the end of a call"
            return outcome.addCallback(_reply, PauseConfirmed())
        if outcome is not None:
            self._after_reply(outcome, shift.say)
        return PausePending()

    def _after_reply(self, outcome: Deferred[Outcome], say: Callable[[Outcome], object]) -> None:
        """The outcome is a line of its own behind the reply, also where there is nothing to wait for."""
        if outcome.called:
            self._clock.callLater(0, outcome.addCallback, say)
        else:
            outcome.addCallback(say)

    def _ready(self, attendance: Attendance, command: EndWrapUp) -> Deferred[Reply] | Reply:
        _, shift = self._at_work(attendance)
        if shift.standing.wrapup is None:
            if shift.standing.summary().paused == "all":
                raise Refused(NOT_VALID, "paused; PAUSE OUT ends that")
            return Done()
        return shift.after_call.end(SELF, asked=True).addCallback(_reply, Done())

    def _wrap(self, attendance: Attendance, command: SetWrapUp) -> Deferred[Reply] | Reply:
        if not command.on:
            return self._ready(attendance, EndWrapUp())
        _, shift = self._at_work(attendance)
        summary = shift.standing.summary()
        if summary.paused == "all" and not summary.wraps_up:
            raise Refused(NOT_VALID, "paused already")
        return shift.after_call.begin(None, by=SELF, asked=True).addCallback(_reply, Done())

    def _at_work(self, attendance: Attendance) -> tuple[Operator, Shift]:
        operator, shift = attendance.known_operator(), self._shift(attendance)
        if shift is None:
            raise Refused(919, "seat not set")
        if not self.desk.link_up:
            raise Refused(905, "no link to the PBX")
        return operator, shift

    def _shift(self, attendance: Attendance) -> Shift | None:
        shift = self._shifts.get(attendance.operator.username) if attendance.operator is not None else None
        return shift if shift is not None and shift.attendance is attendance else None

    # -- people come and go

    def seated(self, attendance: Attendance) -> None:
        """Go on as they were, or begin."""
        operator = attendance.operator
        if operator is None:
            return
        self._recall()
        now, name = self._clock.seconds(), operator.username
        shift = self._shifts.get(name)
        news = shift is None
        if shift is None:
            default = Cause(by=SELF, since=now) if operator.begin_in_pause else None
            shift = self._shifts[name] = self._begin(name, Standing(default))
        leaving = self._leaving.pop(name, None)
        if leaving is not None:
            leaving.cancel()
        for key, paused, reason in self._members(attendance):
            shift.standing.join(key, paused, reason, now, trust=not news)
        shift.activity = self._activity(attendance)
        if operator.is_supervisor:
            self._supervisors.add(attendance)
        shift.come(attendance, news=news)
        shift.pauses.put_right()

    def _begin(self, username: str, standing: Standing) -> Shift:
        return Shift(username, standing, self._clock, self._send, self._records, self)

    def _recall(self) -> None:
        """Once: those who were at work when this server was there the last time have a while to come back."""
        if not self._recalled:
            self._recalled = True
            for name in self._records.names():
                standing = self._records.read(name)
                if standing is not None and name not in self._shifts:
                    self._shifts[name] = self._begin(name, standing)
                    self._wait_for(name)

    def left(self, attendance: Attendance) -> None:
        """Their shift is over if they said so; else they have a while to come back."""
        self._supervisors.discard(attendance)
        shift = self._shift(attendance)
        if shift is None:
            return
        home = attendance.client.said_goodbye
        shift.go(home=home, now=self._clock.seconds())
        if home:
            del self._shifts[shift.username]
        else:
            self._wait_for(shift.username)

    def _wait_for(self, username: str) -> None:
        self._leaving[username] = self._clock.callLater(self.desk.books.settings.pause_grace, self._expire, username)

    def _expire(self, username: str) -> None:
        """They did not come back."""
        del self._leaving[username]
        shift = self._shifts.pop(username)
        shift.end(self._clock.seconds() if shift.lost is None else shift.lost)

    def stopping(self) -> None:
        """All is written down; nothing more is waited for."""
        for waiting in self._leaving.values():
            waiting.cancel()
        self._leaving.clear()
        for shift in self._shifts.values():
            shift.suspend()

    # -- what the PBX says

    def member_fact(self, fact: Fact) -> None:
        """Members come, go, are paused, answer or do not."""
        if not isinstance(
            fact, MemberAdded | MemberRemoved | MemberPaused | AgentConnect | AgentComplete | AgentMissed
        ):
            return
        phone = normalise_interface(fact.interface)
        attendance = self.desk.floor.at_phone.get(phone)
        shift = None if attendance is None else self._shift(attendance)
        if attendance is None or shift is None:
            return
        key = Key(fact.queue, phone)
        if isinstance(fact, MemberPaused):
            shift.pauses.told(key, fact.paused, fact.reason)
        elif isinstance(fact, MemberAdded):
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
            shift = self._shift(attendance)
            if shift is not None:
                shift.move(self._activity(attendance))

    def _activity(self, attendance: Attendance) -> str:
        states = [state for phone in attendance.phones for state in self._phones.states_at(phone)]
        if not states:
            return "idle"
        return "ringing" if all(state in ("Ringing", "Down") for state in states) else "busy"

    def link_changed(self, up: bool) -> None:
        """What is under way has failed; or the roster is what the PBX says now."""
        if up:
            self._recall()
        for shift in self._shifts.values():
            if not up:
                shift.pauses.give_up()
            elif shift.attendance is not None:
                self._rejoin(shift, shift.attendance)

    def _rejoin(self, shift: Shift, attendance: Attendance) -> None:
        members = list(self._members(attendance))
        for key in shift.standing.shown.keys() - {key for key, _, _ in members}:
            shift.standing.leave(key)
        for key, paused, reason in members:
            shift.standing.join(key, paused, reason, self._clock.seconds(), trust=True)
        shift.standing.settle()
        shift.pauses.put_right()
        shift.move(self._activity(attendance))
        shift.changed(SUPERVISOR)

    def configured(self, before: Books) -> None:
        """Phones may have come or gone."""
        for shift in self._shifts.values():
            if shift.attendance is not None:
                self._rejoin(shift, shift.attendance)

    def moved(self, attendance: Attendance, before: tuple[str, ...]) -> None:
        """Their calls go by other phones."""
        shift = self._shift(attendance)
        if shift is not None:
            self._rejoin(shift, attendance)

    def _members(self, attendance: Attendance) -> list[tuple[Key, bool, str]]:
        found: list[tuple[Key, bool, str]] = []
        for phone in attendance.phones:
            for queue in self._roster.queues_of(phone):
                member = self._roster.member(queue, phone)
                if member is not None:
                    found.append((Key(queue, phone), member.paused, member.reason))
        return found

    # -- the ways out

    def _send(self, send: Send) -> Deferred[Any]:
        member = next((self._roster.member(q, send.phone) for q in self._roster.queues_of(send.phone)), None)
        interface = send.phone if member is None else member.location or send.phone
        reason = send.stance.reason if send.stance is not None else None
        action = QueuePause(interface, send.stance is not None, send.queue or None, reason or None)
        return self._asking.sendAction(action)

    def overhear(self, attendance: Attendance | None, node: Node) -> None:
        """Supervisors hear of everybody else's state."""
        for supervisor in self._supervisors:
            if supervisor is not attendance and supervisor.client.has("events2"):
                try:
                    supervisor.client.tell(KIND, node)
                except Exception:
                    self._log.failure("Telling {peer} of an agent's state", peer=supervisor.client.peer)


def _reply(outcome: Outcome, reply: Reply) -> Reply:
    """Give what is answered after a success.

    :raises Refused: it was none.
    """
    if outcome.number:
        raise Refused(outcome.number, outcome.reason)
    return reply
