"""What is asked for: ``PAUSE``, ``REDY`` and ``WRAP`` of operators, and orders of supervisors."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorTime

from astcti.config.model import Operator
from astcti.errors import Refused
from astcti.model.commands import Command, Done, EndWrapUp, Pause, PauseConfirmed, PausePending, Reply, SetWrapUp
from astcti.services.desk import Desk
from astcti.services.duty import Answer
from astcti.services.floor import Attendance
from astcti.services.pausing.outside import Outside
from astcti.services.pausing.reasons import known_reason
from astcti.services.pausing.request import Outcome
from astcti.services.pausing.shift import Shift
from astcti.services.pausing.shifts import Shifts

UNKNOWN_QUEUE, NOT_VALID = 921, 903


class Requests:
    """Answers.

    :param desk: gives the desk.
    """

    def __init__(self, clock: IReactorTime, shifts: Shifts, outside: Outside, desk: Callable[[], Desk]) -> None:
        self._clock = clock
        self._shifts = shifts
        self._outside = outside
        self._desk = desk

    def answers(self) -> Mapping[type[Command], Answer]:
        """By command."""
        return {Pause: self._pause, EndWrapUp: self._ready, SetWrapUp: self._wrap}

    def order(self, attendance: Attendance, command: Pause, who: str = "") -> Deferred[Outcome]:
        """Pause or unpause an operator by the will of somebody else, at once also while they talk.

        :param who: their name, where it is known.
        :raises Refused: 901, 905, 919, 921 or 931, as for the operator's own.
        """
        shift, reason = self._may_pause(attendance, command)
        return shift.order(command.paused, command.queue, reason, who)

    def _may_pause(self, attendance: Attendance, command: Pause) -> tuple[Shift, str]:
        """The shift, and the reason as it is configured."""
        operator, shift = self._at_work(attendance)
        books = self._desk().books
        queues = books.audience.queues_of(operator)
        reason = known_reason(books.configuration, command.reason) if command.paused else command.reason
        if command.queue:
            if command.queue not in queues:
                raise Refused(UNKNOWN_QUEUE, "unknown queue")
            if not shift.standing.keys(command.queue):
                raise Refused(UNKNOWN_QUEUE, "not a member of this queue")
        elif command.paused and queues and self._outside.in_none(attendance, shift):
            raise Refused(UNKNOWN_QUEUE, "not a member of any queue")
        return shift, reason

    def _pause(self, attendance: Attendance, command: Pause) -> Deferred[Reply] | Reply:
        self._need_turn(attendance, command)
        shift, reason = self._may_pause(attendance, command)
        after_call = self._desk().books.settings.pause_after_call
        outcome = shift.pause(command.paused, command.queue, reason, after_call=after_call)
        if not command.paused:
            assert outcome is not None, "only pauses wait for the end of a call"
            return outcome.addCallback(_reply, PauseConfirmed())
        if outcome is not None:
            self._after_reply(outcome, lambda over: shift.say(over, attendance))
        return PausePending()

    def _need_turn(self, attendance: Attendance, command: Pause) -> None:
        """Before anything else that may be wrong: what is said while a pause is pending could else be its outcome.

        :raises Refused: 926.
        """
        shift = self._shifts.of(attendance)
        if shift is not None:
            shift.need_turn(command.paused)
            if not command.paused and not self._desk().link_up:
                shift.call_off()

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
        return shift.ready().addCallback(_reply, Done())

    def _wrap(self, attendance: Attendance, command: SetWrapUp) -> Deferred[Reply] | Reply:
        if not command.on:
            return self._ready(attendance, EndWrapUp())
        _, shift = self._at_work(attendance)
        summary = shift.standing.summary()
        if summary.paused == "all" and not summary.wraps_up:
            raise Refused(NOT_VALID, "paused already")
        return shift.wrap_up().addCallback(_reply, Done())

    def _at_work(self, attendance: Attendance) -> tuple[Operator, Shift]:
        operator, shift = attendance.known_operator(), self._shifts.of(attendance)
        if shift is None:
            raise Refused(919, "seat not set")
        if not self._desk().link_up:
            raise Refused(905, "no link to the PBX")
        return operator, shift


def _reply(outcome: Outcome, reply: Reply) -> Reply:
    """Give what is answered after a success.

    :raises Refused: it was none.
    """
    if outcome.number:
        raise Refused(outcome.number, outcome.reason)
    return reply
