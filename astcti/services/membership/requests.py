"""What operators ask: to join a queue, to stay out of one, and how their queues are."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

from astcti.errors import Refused
from astcti.model.commands import AskQueues, Command, Done, JoinQueue, LeaveQueue, QueueFigures, QueueReport, Reply
from astcti.services.desk import Desk
from astcti.services.duty import Answer
from astcti.services.floor import Attendance
from astcti.services.journal import Journal
from astcti.services.membership.places import Places
from astcti.services.membership.sittings import Sittings
from astcti.services.membership.values import Key


class Requests:
    """Answers ``STRT``, ``STOP`` and ``QSTAT``.

    :param desk: gives the desk.
    :param refresh: has somebody looked after.
    :param figures: how a queue is.
    """

    def __init__(
        self,
        journal: Journal,
        places: Places,
        sittings: Sittings,
        *,
        desk: Callable[[], Desk],
        refresh: Callable[[Attendance], object],
        figures: Callable[[str], QueueFigures],
    ) -> None:
        self._journal = journal
        self._places = places
        self._sittings = sittings
        self._desk = desk
        self._refresh = refresh
        self._figures = figures

    def answers(self) -> Mapping[type[Command], Answer]:
        """By command."""
        return {JoinQueue: self._join, LeaveQueue: self._leave, AskQueues: self._ask}

    def _join(self, attendance: Attendance, command: JoinQueue) -> Reply:
        username = self._may_change(attendance, command.queue)
        keep_out(self._journal, username, command.queue, False)
        for phone in attendance.phones:
            place = self._places.get(Key(command.queue, phone))
            if place is not None:
                place.taken_out = False
                place.forgive()
        sitting = self._sittings.get(attendance)
        assert sitting is not None
        sitting.untold.add(command.queue)
        self._refresh(attendance)
        return Done()

    def _leave(self, attendance: Attendance, command: LeaveQueue) -> Reply:
        username = self._may_change(attendance, command.queue)
        places = [self._places.get(Key(command.queue, phone)) for phone in attendance.phones]
        if any(place is not None and place.record is not None and place.record.foreign for place in places):
            raise Refused(925, "the PBX has this member by itself; PAUSE IN queue= keeps its calls away")
        keep_out(self._journal, username, command.queue, True)
        self._refresh(attendance)
        return Done()

    def _ask(self, attendance: Attendance, command: AskQueues) -> Reply:
        desk = self._desk()
        queues = desk.books.audience.queues_of(attendance.known_operator())
        if command.queue and command.queue not in queues:
            raise Refused(921, "unknown queue")
        if not desk.link_up:
            raise Refused(905, "no link to the PBX")
        return QueueReport(tuple(self._figures(queue) for queue in ([command.queue] if command.queue else queues)))

    def _may_change(self, attendance: Attendance, queue: str) -> str:
        operator, desk = attendance.known_operator(), self._desk()
        if attendance not in self._sittings:
            raise Refused(919, "seat not set")
        if queue not in desk.books.audience.queues_of(operator):
            raise Refused(921, "unknown queue")
        if not desk.link_up:
            raise Refused(905, "no link to the PBX")
        return operator.username


def keep_out(journal: Journal, username: str, queue: str, out: bool) -> None:
    """Keep in mind whether an operator stays out of a queue, for as long as they are at work."""
    record = journal.operator(username)
    if (queue in record.stopped) != out:
        queues = record.stopped | {queue} if out else record.stopped - {queue}
        journal.put_operator(replace(record, stopped=queues))


def forget_all(journal: Journal, username: str) -> None:
    """They have gone home: the next time they are in all of their queues."""
    record = journal.operators.get(username)
    if record is not None and record.stopped:
        journal.put_operator(replace(record, stopped=frozenset()))
