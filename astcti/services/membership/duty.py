"""Queue membership: whoever is at work is in their queues, and whoever is not is in none."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from itertools import islice

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IDelayedCall, IReactorTime
from twisted.logger import Logger

from astcti.errors import Refused
from astcti.model.callers import Callers
from astcti.model.channels import normalise_interface
from astcti.model.commands import AskQueues, Command, Done, JoinQueue, LeaveQueue, QueueFigures, QueueReport, Reply
from astcti.model.facts import Fact, MemberAdded, MemberRemoved
from astcti.model.node import Node
from astcti.model.roster import Roster
from astcti.services.asking import IAsk
from astcti.services.books import Books
from astcti.services.duty import Answer, Duty
from astcti.services.floor import Attendance
from astcti.services.journal import Journal
from astcti.services.membership.figures import figures_of, node_of
from astcti.services.membership.lanes import Lanes
from astcti.services.membership.places import Places
from astcti.services.membership.planning import Step, penalties_of, wants_of
from astcti.services.membership.values import IN, LEAVING, LEFTOVER, OUT, REFUSED, WAITING, Key, Place, View
from astcti.services.membership.watching import Watching
from astcti.services.pausing.values import Stance

GRACE_SECONDS = 120.0  # after a restart: for operators to come back to the memberships they had
RETRY_SECONDS = 5.0  # after the PBX refused something; it is tried again once
_OURS = frozenset({Step.ADD, Step.REMOVE})  # after which what is told of a membership is our own doing
AT_A_TIME = 100  # operators looked at in one turn, when a configuration of thousands has changed


@dataclass(slots=True)
class _Sitting:
    """Somebody at work: where they are to be, and of which queues they have not heard yet that they are there."""

    keys: set[Key] = field(default_factory=set)
    queues: tuple[str, ...] = ()
    untold: set[str] = field(default_factory=set)


class Membership(Duty):
    """Keeps what is wanted, what the PBX shows and what the journal has in step.

    :param learn: told what the PBX said of a member when it was asked.
    :param stance: how a new membership of somebody in a queue is to begin: paused for a cause, or not.
    """

    _log = Logger()

    def __init__(
        self,
        clock: IReactorTime,
        asking: IAsk,
        roster: Roster,
        journal: Journal,
        *,
        callers: Callers | None = None,
        learn: Callable[[Fact], object],
        stance: Callable[[Attendance, str], Stance],
    ) -> None:
        self._clock = clock
        self._roster = roster
        self._journal = journal
        self._stance = stance
        self._places = Places(journal)
        self._lanes = Lanes(
            clock, asking, roster, self._places, journal,
            stance=self._stance_at, learn=learn, settled=self._settled, refused=self._refused,
        )  # fmt: skip
        self._callers = Callers() if callers is None else callers
        self._at_queue: dict[str, dict[Attendance, None]] = {}
        self._watching = Watching(clock, self._queue_node, lambda queue: self._at_queue.get(queue, ()))
        self._callers.on_change = self._changed
        self._sittings: dict[Attendance, _Sitting] = {}
        self._due: dict[Attendance, None] = {}
        self._refreshing: IDelayedCall | None = None
        self._grace: IDelayedCall | None = None
        self._spared: dict[str, list[Place]] | None = None
        self._retries: dict[Key, IDelayedCall] = {}

    def answers(self) -> Mapping[type[Command], Answer]:
        """``STRT``, ``STOP``, ``QSTAT``."""
        return {JoinQueue: self._join, LeaveQueue: self._leave, AskQueues: self._tell_figures}

    # -- for others

    def of(self, username: str) -> list[View]:
        """The memberships of an operator; looks at all of them, so not for the path of an event."""
        return [self._view(place) for place in self._places if username == _username(place)]

    def all(self) -> list[View]:
        """Every membership there is, was or is to be."""
        return [self._view(place) for place in self._places]

    @property
    def pending(self) -> int:
        """Phones at which something is still to be done."""
        return len(self._lanes)

    def _view(self, place: Place) -> View:
        record, want = place.record, place.want
        there = self._roster.member(*place.key) is not None
        if place.taken_out:
            state = OUT
        elif place.spared:
            state = LEFTOVER
        elif place.problem:
            state = REFUSED
        elif want is None:
            state = LEAVING
        else:
            state = IN if there and record is not None else WAITING
        interface = record.interface if record is not None else want.interface if want is not None else place.key.phone
        penalty = record.penalty if record is not None else want.penalty if want is not None else 0
        foreign = record is not None and record.foreign
        return View(place.key.queue, interface, _username(place), penalty, state, foreign, place.problem)

    # -- commands

    def _join(self, attendance: Attendance, command: JoinQueue) -> Reply:
        username = self._may_change(attendance, command.queue)
        self._stopped(username, command.queue, False)
        for phone in attendance.phones:
            place = self._places.get(Key(command.queue, phone))
            if place is not None:
                place.taken_out = False
                place.forgive()
        self._sittings[attendance].untold.add(command.queue)
        self._refresh(attendance)
        return Done()

    def _leave(self, attendance: Attendance, command: LeaveQueue) -> Reply:
        username = self._may_change(attendance, command.queue)
        places = [self._places.get(Key(command.queue, phone)) for phone in attendance.phones]
        if any(place is not None and place.record is not None and place.record.foreign for place in places):
            raise Refused(925, "the PBX has this member by itself; PAUSE IN queue= keeps its calls away")
        self._stopped(username, command.queue, True)
        self._refresh(attendance)
        return Done()

    def _tell_figures(self, attendance: Attendance, command: AskQueues) -> Reply:
        queues = self.desk.books.audience.queues_of(attendance.known_operator())
        if command.queue and command.queue not in queues:
            raise Refused(921, "unknown queue")
        if not self.desk.link_up:
            raise Refused(905, "no link to the PBX")
        return QueueReport(tuple(self._figures(queue) for queue in ([command.queue] if command.queue else queues)))

    def _figures(self, queue: str) -> QueueFigures:
        return figures_of(queue, self._roster, self._callers, self._clock.seconds())

    def _queue_node(self, queue: str) -> Node:
        return node_of(self._figures(queue))

    def _changed(self, queue: str) -> None:
        if queue in self._at_queue:
            self._watching.changed(queue)

    def _may_change(self, attendance: Attendance, queue: str) -> str:
        operator = attendance.known_operator()
        if attendance not in self._sittings:
            raise Refused(919, "seat not set")
        if queue not in self.desk.books.audience.queues_of(operator):
            raise Refused(921, "unknown queue")
        if not self.desk.link_up:
            raise Refused(905, "no link to the PBX")
        return operator.username

    def _stopped(self, username: str, queue: str, stopped: bool) -> None:
        """Keep in mind whether an operator stays out of a queue, for as long as they are at work."""
        record = self._journal.operator(username)
        if (queue in record.stopped) != stopped:
            queues = record.stopped | {queue} if stopped else record.stopped - {queue}
            self._journal.put_operator(replace(record, stopped=queues))

    # -- people come and go

    def seated(self, attendance: Attendance) -> None:
        """They are to be in their queues from here on; it begins when their reply is on its way."""
        self._recall()
        self._sittings[attendance] = _Sitting()
        self._refresh(attendance)

    def left(self, attendance: Attendance) -> None:
        """They are to be in no queue."""
        sitting = self._sittings.pop(attendance, None)
        if sitting is None:
            return
        self._due.pop(attendance, None)
        self._watch(attendance, sitting, ())
        for key in sitting.keys:
            self._unwant(key)
        operator = attendance.operator
        if operator is not None and attendance.client.said_goodbye:
            record = self._journal.operators.get(operator.username)
            if record is not None and record.stopped:
                self._journal.put_operator(replace(record, stopped=frozenset()))

    def moved(self, attendance: Attendance, before: tuple[str, ...]) -> None:
        """Their memberships go along."""
        self._refresh(attendance)

    def configured(self, before: Books) -> None:
        """Queues, penalties and phones may be others."""
        for attendance in self._sittings:
            self._due.setdefault(attendance)
        self._soon()

    def _refresh(self, attendance: Attendance) -> None:
        self._due.setdefault(attendance)
        self._soon()

    def _soon(self) -> None:
        if self._refreshing is None and self._due:
            self._refreshing = self._clock.callLater(0, self._refresh_some)

    def _refresh_some(self) -> None:
        self._refreshing = None
        for attendance in list(islice(self._due, AT_A_TIME)):
            del self._due[attendance]
            sitting = self._sittings.get(attendance)
            if sitting is not None:
                self._look_after(attendance, sitting)
        self._soon()

    def _look_after(self, attendance: Attendance, sitting: _Sitting) -> None:
        """Want what somebody is to have, and no more than that."""
        operator, books = attendance.operator, self.desk.books
        assert operator is not None
        penalties = penalties_of(operator, books.configuration, books.audience)
        self._watch(attendance, sitting, tuple(penalties))
        for queue in self._journal.operator(operator.username).stopped:
            penalties.pop(queue, None)
        wants = wants_of(operator, attendance.channels, penalties)
        for key in sitting.keys - wants.keys():
            self._unwant(key)
        self._end_leftovers(attendance, operator.username)
        for key, want in wants.items():
            place = self._places.make(key)
            if place.holder is not attendance or place.want is None:
                place.taken_out = False
                if self._roster.member(*key) is not None and key not in self._lanes.under_way:
                    sitting.untold.add(key.queue)
            if place.want != want:
                place.forgive()
            place.want, place.holder = want, attendance
            self._lanes.look(key.phone)
        sitting.keys = set(wants)

    def _watch(self, attendance: Attendance, sitting: _Sitting, queues: tuple[str, ...]) -> None:
        """They hear of these queues from here on."""
        for queue in set(sitting.queues) - set(queues):
            self._at_queue[queue].pop(attendance, None)
            if not self._at_queue[queue]:
                del self._at_queue[queue]
        for queue in queues:
            self._at_queue.setdefault(queue, {})[attendance] = None
        sitting.queues = queues

    def _end_leftovers(self, attendance: Attendance, username: str) -> None:
        """They are back: what they do not want of what they had, and what others had at their phones, is to go."""
        leftover = [place for phone in attendance.phones for place in self._places.at(phone) if place.spared]
        leftover += (self._spared or {}).pop(username, [])
        for place in leftover:
            place.spared = False
            self._lanes.look(place.key.phone)

    def _unwant(self, key: Key) -> None:
        place = self._places.get(key)
        if place is not None:
            place.want = None
            place.taken_out = False
            place.forgive()
            self._places.drop(place)
            self._lanes.look(key.phone)

    # -- what the PBX says

    def member_fact(self, fact: Fact) -> None:
        """Members come and go: as we have it, or as somebody else does."""
        if not isinstance(fact, MemberAdded | MemberRemoved):
            return
        key = Key(fact.queue, normalise_interface(fact.interface))
        place = self._places.get(key)
        if isinstance(fact, MemberAdded):
            if place is None or place.taken_out:
                self._let_in(key)
            elif place.holder in self._sittings:
                self._sittings[place.holder].untold.discard(key.queue)
        elif place is not None and place.record is not None and self._lanes.under_way.get(key) not in _OURS:
            self._taken_out(place)
        if isinstance(fact, MemberRemoved) and place is not None:
            self._tell_of_the_end(place)
        if place is not None:
            place.doubtful = False
        self._lanes.confirmed(key)

    def _let_in(self, key: Key) -> None:
        """Somebody at the PBX put a phone of somebody who stayed out back into their queue: they are in again."""
        attendance = self.desk.floor.at_phone.get(key.phone)
        if attendance is None or attendance not in self._sittings or attendance.operator is None:
            return
        if key.queue in self.desk.books.audience.queues_of(attendance.operator):
            self._stopped(attendance.operator.username, key.queue, False)
            place = self._places.get(key)
            if place is not None:
                place.taken_out = False
            self._refresh(attendance)

    def _taken_out(self, place: Place) -> None:
        """Somebody removed it at the PBX."""
        record, want = place.record, place.want
        assert record is not None
        self._journal.log.append(
            record.username, "queue-out", queue=record.queue, seat=record.interface, detail="at the PBX"
        )
        if want is not None and not place.doubtful:
            self._log.info("{username} ({interface}) was taken out of {queue} at the PBX, and stays out",
                           username=record.username, interface=record.interface, queue=record.queue)  # fmt: skip
            place.taken_out = True
            holder = place.holder
            phones = holder.phones if holder is not None else ()
            if not any(self._roster.member(place.key.queue, phone) for phone in phones):
                self._stopped(want.username, place.key.queue, True)
        self._places.strike(place)
        self._lanes.look(place.key.phone)

    def _tell_of_the_end(self, place: Place) -> None:
        """A queue that is not theirs any more is gone; of the others the desk tells."""
        holder, queue = place.holder, place.key.queue
        if place.want is None and holder in self._sittings and holder.operator is not None:
            told = queue in self.desk.books.audience.queues_of(holder.operator) and place.key.phone in holder.phones
            if not told and not any(self._roster.member(queue, phone) for phone in holder.phones):
                holder.client.queue_changed(queue, False)

    def link_changed(self, up: bool) -> None:
        """Everything is compared with what the PBX has now; what it refused is tried again."""
        self._lanes.open = up
        if not up:
            return
        self._recall()
        for place in self._places:
            place.forgive()
            place.doubtful = False
        for phone in self._places.phones:
            self._lanes.look(phone)

    def _recall(self) -> None:
        """Once: whoever was in a queue when this server was there the last time has a while to come back."""
        if self._spared is not None:
            return
        self._spared = {}
        for place in self._places.recall():
            assert place.record is not None
            place.spared = True
            self._spared.setdefault(place.record.username, []).append(place)
        if self._spared:
            self._grace = self._clock.callLater(GRACE_SECONDS, self._expire)

    def _expire(self) -> None:
        """They did not come back."""
        self._grace = None
        places = [place for places in (self._spared or {}).values() for place in places if place.spared]
        if places:
            self._log.info("{count} memberships are left over from before the restart; they are ended",
                           count=len(places))  # fmt: skip
        self._spared = {}
        for place in places:
            place.spared = False
            self._lanes.look(place.key.phone)

    def stopping(self) -> Deferred[None] | None:
        """Everybody is out of their queues, as far as the PBX can be asked."""
        for waiting in (self._grace, self._refreshing, *self._retries.values()):
            if waiting is not None and waiting.active():
                waiting.cancel()
        self._retries.clear()
        self._watching.stop()
        if not self.desk.link_up:
            return None
        self._recall()
        self._expire()
        return self._lanes.whenIdle()

    # -- what becomes of it

    def _stance_at(self, place: Place) -> Stance:
        return self._stance(place.holder, place.key.queue) if place.holder is not None else None

    def _settled(self, place: Place) -> None:
        """A place is as wanted."""
        place.tries = 0
        holder, queue = place.holder, place.key.queue
        sitting = self._sittings.get(holder) if holder is not None else None
        if holder is None or sitting is None or place.want is None or place.taken_out:
            return
        if queue in sitting.untold and self._roster.member(*place.key) is not None:
            sitting.untold.discard(queue)
            holder.client.queue_changed(queue, True)

    def _refused(self, place: Place) -> None:
        """The PBX would not: it is tried again once soon, then when the link comes back or another want comes."""
        place.tries += 1
        key, what = place.key, "in" if place.want is not None else "out"
        self._log.warn(
            "The PBX does not let {interface} of {username} {what} of the queue {queue}: {problem}",
            interface=key.phone, username=_username(place), what=what, queue=key.queue, problem=place.problem,
        )  # fmt: skip
        if place.tries == 1 and key not in self._retries:
            self._retries[key] = self._clock.callLater(RETRY_SECONDS, self._retry, key)
        holder = place.holder
        if holder in self._sittings and place.want is not None:
            node = Node("queue", (("name", key.queue), ("channel", key.phone), ("problem", place.problem[:200])))
            holder.client.tell("QueueState", node)

    def _retry(self, key: Key) -> None:
        del self._retries[key]
        place = self._places.get(key)
        if place is not None and place.problem:
            place.problem = ""
            self._lanes.look(key.phone)


def _username(place: Place) -> str:
    if place.want is not None:
        return place.want.username
    return place.record.username if place.record is not None else ""
