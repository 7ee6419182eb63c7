"""One operator at work: what they ask for, what happens to them, and what they are told of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorTime

from astcti.errors import Refused
from astcti.model.node import Node
from astcti.services.floor import Attendance
from astcti.services.pausing.aftercall import AfterCall
from astcti.services.pausing.announcing import Announcer
from astcti.services.pausing.chronicle import Chronicle
from astcti.services.pausing.missed import MissedCalls
from astcti.services.pausing.operator import Job, OperatorPauses
from astcti.services.pausing.records import IRecords
from astcti.services.pausing.request import SUCCESS, Outcome, Send
from astcti.services.pausing.standing import Standing, alike
from astcti.services.pausing.values import SELF, SERVER, SUPERVISOR, Cause, Key, Stance

PENDING, CANCELLED = 926, 903


class ISurroundings(Protocol):
    """Whoever else has to do with a shift (:class:`astcti.services.pausing.duty.Pausing`)."""

    def overhear(self, attendance: Attendance | None, node: Node) -> None:
        """An agent's state is different now; ``attendance`` was told already."""

    def goes(self, key: Key) -> bool:
        """Whether a membership is ended for the time of after-call work, instead of being paused."""

    def wraps_up(self, shift: Shift) -> None:
        """After-call work has begun or ended."""

    def longest_wrapup(self, shift: Shift) -> int:
        """The seconds of the longest after-call work that there is for somebody; 0 for none."""


@dataclass(frozen=True, slots=True)
class Awaiting:
    """A pause that begins when the call is over."""

    reason: str
    queue: str


class Shift:
    """Begins when an operator sits down, goes on while their client is lost for a while, ends when they quit.

    :ivar attendance: where they sit; None while their client is lost.
    :ivar activity: what their phones do: ``idle``, ``ringing`` or ``busy``.
    :ivar lost: when the client was lost, in seconds since the epoch.
    """

    def __init__(
        self,
        username: str,
        standing: Standing,
        clock: IReactorTime,
        send: Callable[[Send], Deferred[Any]],
        records: IRecords,
        surroundings: ISurroundings,
    ) -> None:
        self.username = username
        self.attendance: Attendance | None = None
        self.activity = "idle"
        self.lost: float | None = None
        self.standing = standing
        self.pauses = OperatorPauses(username, standing, clock, send, self.changed)
        self.after_call = AfterCall(self.pauses, clock, surroundings.goes, lambda: surroundings.longest_wrapup(self))
        self._clock = clock
        self._surroundings = surroundings
        self._chronicle = Chronicle(username, standing, clock, records)
        self._announcer = Announcer(username, standing, surroundings.overhear)
        self._awaiting: Awaiting | None = None
        self._missed = MissedCalls(self.pauses, clock, self._warn)
        self._wraps_up = standing.wraps_up

    # -- what is asked

    def need_turn(self, paused: bool) -> None:
        """One request at a time; but a pause that is to begin after the call can be called off.

        :raises Refused: 926.
        """
        if self.pauses.asked or self._chronicle.unsaid or (paused and self._awaiting is not None):
            raise Refused(PENDING, "pause request already pending")

    def pause(self, paused: bool, queue: str, reason: str, *, after_call: bool) -> Deferred[Outcome] | None:
        """Pause or unpause; fires with the outcome, or gives nothing when that comes after the call.

        :param after_call: whether a pause asked for during a call waits for its end.
        :raises Refused: 926.
        """
        self.need_turn(paused)
        if paused and after_call and self.activity == "busy" and self.standing.summary().paused != "all":
            self._awaiting = Awaiting(reason, queue)
            self._tell()
            return None
        self.call_off()
        return self._change(paused, queue, reason)

    def order(self, paused: bool, queue: str, reason: str, who: str = "") -> Deferred[Outcome]:
        """As :meth:`pause`, for somebody else: the operator is told as of any other pause that is not their own.

        :param who: the name of whoever it is, where it is known.
        """
        if not paused:
            self.call_off()
        return self._change(paused, queue, reason, by=SUPERVISOR, who=who)

    def ready(self) -> Deferred[Outcome]:
        """End after-call work."""
        return self._chronicle.confirmed(self.after_call.end(SELF, asked=True))

    def wrap_up(self) -> Deferred[Outcome]:
        """Begin after-call work without an end."""
        return self._chronicle.confirmed(self.after_call.begin(None, by=SELF, asked=True))

    def call_off(self) -> None:
        """A pause that was to begin after the call does not."""
        if self._awaiting is not None:
            self._awaiting = None
            self.say(Outcome(CANCELLED, "the pause that was to begin after the call is cancelled"))

    def _change(self, paused: bool, queue: str, reason: str, by: str = SELF, who: str = "") -> Deferred[Outcome]:
        cause = Cause(reason, by, self._clock.seconds(), who=who) if paused else None
        over: Deferred[Outcome] = Deferred()
        self.pauses.change(
            Job(
                lambda standing: alike(cause, standing.keys(queue)),
                by,
                commit=lambda standing: self._commit(cause, queue),
                done=self._chronicle.confirming(over) if by == SELF else over.callback,
                stance=cause,
                whole=not queue,
                queue=queue,
                asked=by == SELF,
                who=who,
            )
        )
        return over

    def _commit(self, cause: Stance, queue: str) -> None:
        self.standing.decide(cause, queue)
        self.after_call.look()

    # -- what happens

    def move(self, activity: str) -> None:
        """Their phones do something else."""
        before, self.activity = self.activity, activity
        if before != activity:
            self._see_awaited()
            self._tell()

    def _see_awaited(self) -> None:
        """Begin the pause that was to begin after the call, if that is over."""
        awaiting = self._awaiting
        if awaiting is not None and self.activity != "busy" and self.attendance is not None:
            self._awaiting = None
            self._change(True, awaiting.queue, awaiting.reason).addCallback(self.say)

    def connected(self) -> None:
        """A queue's call was answered."""
        self._missed.answered()
        self.after_call.talking()

    def completed(self, seconds: int) -> None:
        """A queue's call is over; after-call work may take so many seconds (0: none)."""
        if seconds:
            self.after_call.begin(seconds, by=SERVER)
        else:
            self.after_call.resume()

    def see_calls(self) -> None:
        """What happened at their phones was not seen for a while: calls may be over of whose end nobody will tell."""
        if self.activity == "busy":
            self.after_call.look()
        else:
            self.after_call.resume()

    def missed(self, allowed: int) -> None:
        """A queue rang in vain; ``allowed`` times in a row are too many (0: never)."""
        self._missed.missed(allowed)

    # -- coming and going

    def come(self, attendance: Attendance, *, news: bool) -> None:
        """They sit down; ``news`` unless they were only lost."""
        self.attendance, self.lost = attendance, None
        self._chronicle.seat = attendance.channels[0] if attendance.channels else ""
        if news:
            self._chronicle.log("login")
        self._announcer.begin()
        self.see_calls()
        self._see_awaited()
        self._chronicle.note(SERVER)
        self._tell()

    def go(self, *, home: bool, now: float) -> None:
        """Their client is gone: they went ``home``, or it was lost."""
        attendance, self.attendance, self.lost = self.attendance, None, now
        self.pauses.give_up()
        self.pauses.stop()
        self.standing.go_away()
        self._announcer.farewell(attendance, self._chronicle.seat)
        if home:
            self.end(now)
        else:
            self._chronicle.log("lost")
            self._chronicle.write()

    def end(self, now: float) -> None:
        """The shift is over, at that time."""
        self.suspend()
        self._chronicle.end(now)

    def suspend(self) -> None:
        """The server stops: nothing more is awaited, all is written down."""
        self.after_call.stop()
        self.pauses.stop()

    # -- telling

    def changed(self, by: str, *, who: str = "", answered: bool = False) -> None:
        """The standing may be another one."""
        self.after_call.look()
        if self.attendance is not None and not self.pauses.busy:
            if self._chronicle.note(by, who) and not answered and self.attendance.client.has("events2"):
                self.say(SUCCESS)
            self._tell()
        if self.standing.wraps_up != self._wraps_up:
            self._wraps_up = self.standing.wraps_up
            self._surroundings.wraps_up(self)

    def say(self, outcome: Outcome, to: Attendance | None = None) -> None:
        """Tell the client how a pause ended, of which it has heard only that it is pending.

        :param to: who has heard that, if it has to be the same client.
        """
        if self.attendance is not None and to in (None, self.attendance):
            self.attendance.client.pause_changed(outcome.number, outcome.reason)

    def repeat(self) -> None:
        """Tell the client how they are, which it has not heard."""
        if self.attendance is not None:
            self._announcer.repeat(self.attendance, self._chronicle.seat)

    def _warn(self, text: str) -> None:
        if self.attendance is not None:
            self.attendance.client.tell("Text", Node("text", (("from", SERVER),), text))

    def _tell(self) -> None:
        if self.attendance is not None and not self.pauses.busy:
            awaited = self._awaiting is not None
            self._announcer.tell(self.attendance, self._chronicle.seat, self.activity, awaited=awaited)
