"""One operator at work: what they ask for, what happens to them, and what they and others are told of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorTime

from astcti.errors import Refused
from astcti.model.node import Node
from astcti.services.floor import Attendance
from astcti.services.pausing import agentstate
from astcti.services.pausing.aftercall import AfterCall
from astcti.services.pausing.operator import Job, OperatorPauses
from astcti.services.pausing.records import IRecords
from astcti.services.pausing.request import SUCCESS, Outcome, Send
from astcti.services.pausing.standing import Standing, alike
from astcti.services.pausing.values import MISSED, SELF, SERVER, SUPERVISOR, Cause, LogEntry, Stance, Summary

PENDING, CANCELLED = 926, 903


class ITelling(Protocol):
    """Whoever else hears of agents' states (:class:`astcti.services.pausing.duty.Pausing`)."""

    def overhear(self, attendance: Attendance | None, node: Node) -> None:
        """An agent's state is different now; ``attendance`` was told already."""


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
        telling: ITelling,
    ) -> None:
        self.username = username
        self.attendance: Attendance | None = None
        self.activity = "idle"
        self.lost: float | None = None
        self.standing = standing
        self.pauses = OperatorPauses(username, standing, clock, send, self.changed)
        self.after_call = AfterCall(self.pauses, clock)
        self._clock = clock
        self._records = records
        self._telling = telling
        self._awaiting: Awaiting | None = None
        self._missed = 0
        self._seat = ""
        self._logged = standing.summary()
        self._told: Node | None = None
        self._told_queues: dict[str, Stance] = {}
        self._since = clock.seconds()

    # -- what the operator asks

    def pause(self, paused: bool, queue: str, reason: str, *, after_call: bool) -> Deferred[Outcome] | None:
        """Pause or unpause; fires with the outcome, or gives nothing when that comes after the call.

        :param after_call: whether a pause asked for during a call waits for its end.
        :raises Refused: 926.
        """
        if self.pauses.asked or (paused and self._awaiting is not None):
            raise Refused(PENDING, "pause request already pending")
        if paused and after_call and self.activity == "busy" and self.standing.summary().paused != "all":
            self._awaiting = Awaiting(reason, queue)
            self._tell()
            return None
        if self._awaiting is not None:
            self._awaiting = None
            self._say(Outcome(CANCELLED, "the pause that was to begin after the call is cancelled"))
        return self._change(paused, queue, reason)

    def order(self, paused: bool, queue: str, reason: str) -> Deferred[Outcome]:
        """As :meth:`pause`, for somebody else: the operator is told as of any other pause that is not their own."""
        if self._awaiting is not None and not paused:
            self._awaiting = None
            self._say(Outcome(CANCELLED, "the pause that was to begin after the call is cancelled"))
        return self._change(paused, queue, reason, by=SUPERVISOR)

    def _change(self, paused: bool, queue: str, reason: str, by: str = SELF) -> Deferred[Outcome]:
        cause = Cause(reason, by, self._clock.seconds()) if paused else None
        over: Deferred[Outcome] = Deferred()
        self.pauses.change(
            Job(
                lambda standing: alike(cause, standing.keys(queue)),
                by,
                commit=lambda standing: self._commit(cause, queue),
                done=over.callback,
                stance=cause,
                whole=not queue,
                queue=queue,
                asked=by == SELF,
            )
        )
        return over

    def _commit(self, cause: Stance, queue: str) -> None:
        self.standing.decide(cause, queue)
        self.after_call.look()

    def say(self, outcome: Outcome) -> None:
        """Tell the client how its request ended; for ``PAUSE IN``, whose reply was only that it is pending."""
        self._say(outcome)

    # -- what happens

    def move(self, activity: str) -> None:
        """Their phones do something else."""
        before, self.activity = self.activity, activity
        if before == activity:
            return
        awaiting = self._awaiting
        if awaiting is not None and activity != "busy" and self.attendance is not None:
            self._awaiting = None
            self._change(True, awaiting.queue, awaiting.reason).addCallback(self._say)
        self._tell()

    def connected(self) -> None:
        """A queue's call was answered."""
        self._missed = 0
        self.after_call.talking()

    def completed(self, seconds: int) -> None:
        """A queue's call is over; after-call work may take so many seconds (0: none)."""
        if seconds:
            self.after_call.begin(seconds, by=SERVER)
        else:
            self.after_call.resume()

    def missed(self, allowed: int) -> None:
        """A queue rang in vain; ``allowed`` times in a row are too many (0: never)."""
        self._missed += 1
        if not allowed or self._missed < allowed or self.standing.summary().paused == "all":
            return
        count, self._missed = self._missed, 0
        cause = Cause(MISSED, SERVER, self._clock.seconds())

        def say(outcome: Outcome) -> None:
            if outcome == SUCCESS and self.attendance is not None:
                calls = "a call that was" if count == 1 else f"{count} calls in a row that were"
                text = f"You were paused after {calls} not answered. Unpause when you are back."
                self.attendance.client.tell("Text", Node("text", (("from", SERVER),), text))

        self.pauses.change(
            Job(
                lambda standing: alike(cause, standing.free()),
                SERVER,
                commit=lambda standing: standing.decide(cause),
                done=say,
                stance=cause,
                whole=True,
            )
        )

    # -- coming and going

    def come(self, attendance: Attendance, *, news: bool) -> None:
        """They sit down; ``news`` unless they were only lost."""
        self.attendance, self.lost = attendance, None
        self._seat = attendance.channels[0] if attendance.channels else ""
        if news:
            self._log("login")
        self._told, self._told_queues = None, {}
        self.after_call.look()
        self._note(SERVER)
        self._tell()

    def go(self, *, home: bool, now: float) -> None:
        """Their client is gone: they went ``home``, or it was lost."""
        attendance, self.attendance, self.lost = self.attendance, None, now
        self.pauses.give_up()
        self.pauses.stop()
        self.standing.go_away()
        self._telling.overhear(attendance, agentstate.logged_out(self.username, self._seat))
        if home:
            self.end(now, "logout")
        else:
            self._log("lost")
            self._write()

    def end(self, now: float, event: str = "logout") -> None:
        """The shift is over, at that time."""
        self.after_call.stop()
        self.pauses.stop()
        self._log_changes(Summary("none"), SELF, now)
        self._records.log(LogEntry(now, self.username, self._seat, event))
        self._records.forget(self.username)

    def suspend(self) -> None:
        """The server stops: nothing more is awaited, all is written down."""
        self.after_call.stop()
        self.pauses.stop()

    # -- telling

    def changed(self, by: str, *, answered: bool = False) -> None:
        """The standing may be another one."""
        self.after_call.look()
        if self.attendance is None or self.pauses.busy:
            return
        if self._note(by) and not answered and self.attendance.client.has("events2"):
            self._say(SUCCESS)
        self._tell()

    def _say(self, outcome: Outcome) -> None:
        if self.attendance is not None:
            self.attendance.client.pause_changed(outcome.number, outcome.reason)

    def _tell(self) -> None:
        """Tell the agent's state, where it is not what was told before."""
        if self.attendance is None or self.pauses.busy:
            return
        summary = self.standing.summary()
        wrapup = self.standing.wrapup
        until = wrapup.until if wrapup is not None else None
        queues: dict[str, Stance] = dict(summary.queues)
        node = agentstate.overall(
            self.username, self._seat, summary, self.activity, until, awaited=self._awaiting is not None
        )  # fmt: skip
        if node != self._told:
            self._told = node
            self._speak(node)
        for queue in sorted(queues.keys() | self._told_queues.keys()):
            # Where all are paused, or none, the event without a queue has said so for each of them.
            if summary.paused == "partly" and queues.get(queue) != self._told_queues.get(queue):
                self._speak(agentstate.in_queue(self.username, self._seat, queue, queues.get(queue)))
        self._told_queues = queues

    def _speak(self, node: Node) -> None:
        attendance = self.attendance
        if attendance is not None and attendance.client.has("events2"):
            attendance.client.tell(agentstate.KIND, node)
        self._telling.overhear(attendance, node)

    # -- writing down

    def _note(self, by: str) -> bool:
        """Write down how they are; whether that is news."""
        summary, now = self.standing.summary(), self._clock.seconds()
        news = summary != self._logged
        if news:
            self._since = now if summary.cause is None else summary.cause.since
        self._log_changes(summary, by, now)
        self._write()
        return news

    def _write(self) -> None:
        self._records.write(self.username, self.standing, self._since)

    def _log(self, event: str) -> None:
        self._records.log(LogEntry(self._clock.seconds(), self.username, self._seat, event))

    def _log_changes(self, summary: Summary, by: str, now: float) -> None:
        """Write down which pauses ended, and which began."""
        before, after = _pauses(self._logged), _pauses(summary)
        self._logged = summary
        for queue, cause in before.items():
            if after.get(queue) != cause:
                event = "ready" if cause.after_call else "unpause"
                entry = LogEntry(now, self.username, self._seat, event, cause.reason, by, queue, cause.since)
                self._records.log(entry)
        for queue, cause in after.items():
            if before.get(queue) != cause:
                event = "wrapup" if cause.after_call else "pause"
                self._records.log(LogEntry(now, self.username, self._seat, event, cause.reason, cause.by, queue))


def _pauses(summary: Summary) -> dict[str, Cause]:
    """Queue, or empty for all, to the pause there."""
    return {"": summary.cause} if summary.cause is not None else dict(summary.queues)
