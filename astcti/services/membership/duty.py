"""Queue membership: whoever is at work is in their queues, and whoever is not is in none."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TypeVar

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorTime

from astcti.model.callers import Callers
from astcti.model.channels import normalise_interface
from astcti.model.commands import Command, QueueFigures
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
from astcti.services.membership.leftovers import Leftovers
from astcti.services.membership.places import Places
from astcti.services.membership.planning import COMES_OR_GOES
from astcti.services.membership.refusals import Refusals
from astcti.services.membership.requests import Requests, forget_all
from astcti.services.membership.sittings import Sittings
from astcti.services.membership.strangers import Strangers
from astcti.services.membership.telling import Telling
from astcti.services.membership.values import Key, Place, View
from astcti.services.membership.views import username_of, view_of
from astcti.services.membership.wanting import Wanting
from astcti.services.membership.watching import Watching
from astcti.services.pausing.values import Stance
from astcti.services.slicing import Slices

LINK_SECONDS = 3.0  # for a link that is not there when the server stops, so that nobody is left in a queue

T = TypeVar("T")


class Membership(Duty):
    """Keeps what is wanted, what the PBX shows and what the journal has in step.

    :param learn: told what the PBX said of a member when it was asked.
    :param stance: how a new membership of somebody, by queue and phone, is to begin: paused for a cause, or not. It is
        asked right before the PBX is.
    :param away: whether somebody is to be in no queue for a while; memberships of the PBX's own stay.
    :param stuck: called with somebody whom the PBX does not let out of a queue.
    """

    def __init__(
        self,
        clock: IReactorTime,
        asking: IAsk,
        roster: Roster,
        journal: Journal,
        *,
        callers: Callers | None = None,
        learn: Callable[[Fact], object],
        stance: Callable[[Attendance, str, str], Stance],
        away: Callable[[Attendance], bool] = lambda attendance: False,
        stuck: Callable[[Attendance], object] = lambda attendance: None,
        slices: Slices | None = None,
    ) -> None:
        slices = slices or Slices(clock)
        self._clock = clock
        self._roster = roster
        self._journal = journal
        self._stance = stance
        self._callers = Callers() if callers is None else callers
        self._callers.on_change = self._changed
        self._linked: Deferred[None] | None = None
        self._sittings = Sittings()
        self._watching = Watching(clock, self._queue_node, self._sittings.watchers)
        self._places = places = Places(journal)
        self._telling = Telling(roster, self._sittings, lambda: self.desk.books.audience)
        self._lanes = Lanes(
            clock, slices, asking, roster, places, journal,
            stance=self._stance_at, learn=learn, settled=self._telling.settled, refused=self._refused,
        )  # fmt: skip
        self._refusals = Refusals(clock, places, self._sittings, self._lanes.look, stuck)
        self._leftovers = Leftovers(clock, places, self._lanes.look)
        self._wanting = Wanting(
            clock, slices, roster, journal, places, self._lanes, self._sittings, self._leftovers,
            books=lambda: self.desk.books, present=self._present, away=away,
        )  # fmt: skip
        self._requests = Requests(
            journal, places, self._sittings,
            desk=lambda: self.desk, refresh=self._wanting.refresh, figures=self._figures,
        )  # fmt: skip
        self._strangers = Strangers(journal, places, self._telling, self._wanting, lambda: self.desk)

    def answers(self) -> Mapping[type[Command], Answer]:
        """``STRT``, ``STOP``, ``QSTAT``."""
        return self._requests.answers()

    # -- for others

    def of(self, username: str) -> list[View]:
        """The memberships of an operator; looks at all of them, so not for the path of an event."""
        return [view_of(place, self._roster) for place in self._places if username == username_of(place)]

    def all(self) -> list[View]:
        """Every membership there is, was or is to be."""
        return [view_of(place, self._roster) for place in self._places]

    def ends(self, queue: str, phone: str) -> bool:
        """Whether a membership is one that we can end: ours, and nothing against it."""
        place = self._places.get(Key(queue, phone))
        return place is not None and place.record is not None and not place.record.foreign and not place.problem

    def is_anothers(self, queue: str, phone: str, username: str) -> bool:
        """Whether a membership is written down for somebody else, and ours to end."""
        place = self._places.get(Key(queue, phone))
        record = place.record if place is not None else None
        return record is not None and not record.foreign and record.username != username

    def look_after(self, attendance: Attendance) -> None:
        """See soon whether somebody is where they are to be."""
        if self._wanting.looks_after(attendance):
            self._wanting.refresh(attendance)

    def expects(self, attendance: Attendance) -> bool:
        """Whether somebody is in a queue, or on the way into one."""
        return self._wanting.expects(attendance)

    @property
    def pending(self) -> int:
        """Phones at which something is still to be done."""
        return len(self._lanes)

    # -- how queues are

    def _figures(self, queue: str) -> QueueFigures:
        return figures_of(queue, self._roster, self._callers, self._clock.seconds())

    def _queue_node(self, queue: str) -> Node:
        return node_of(self._figures(queue))

    def _changed(self, queue: str) -> None:
        if self._sittings.watchers(queue):
            self._watching.changed(queue)

    # -- people come and go

    def seated(self, attendance: Attendance) -> None:
        """They are to be in their queues from here on; it begins when their reply is on its way."""
        self._leftovers.recall()
        self._sittings.begin(attendance)
        self._wanting.refresh(attendance)

    def left(self, attendance: Attendance) -> None:
        """They are to be in no queue, unless they are back in this very moment, by another connection."""
        sat, operator = attendance in self._sittings, attendance.operator
        self._wanting.leave(attendance)
        if sat and operator is not None and attendance.client.said_goodbye:
            forget_all(self._journal, operator.username)

    def _present(self, operator_id: int) -> Attendance | None:
        return self.desk.floor.present_by_id(operator_id)

    def moved(self, attendance: Attendance, before: tuple[str, ...]) -> None:
        """Their memberships go along."""
        self._wanting.refresh(attendance)

    def configured(self, attendance: Attendance, before: Books) -> None:
        """Queues, penalties and phones may be others."""
        self.look_after(attendance)

    # -- what the PBX says

    def member_fact(self, fact: Fact) -> None:
        """Members come and go: as we have it, or as somebody else does."""
        if not isinstance(fact, MemberAdded | MemberRemoved):
            return
        key = Key(fact.queue, normalise_interface(fact.interface))
        place = self._places.get(key)
        if isinstance(fact, MemberAdded):
            if place is None or place.taken_out:
                self._strangers.put_in(key)
            else:
                self._telling.joined(place)
                self._look_again(place)
        elif place is not None:
            if place.record is not None and self._lanes.under_way.get(key) not in COMES_OR_GOES:
                self._strangers.took_out(place)
                self._lanes.look(key.phone)
            self._telling.ended(place)
        if place is not None:
            place.doubtful = False
        self._lanes.confirmed(key)

    def _look_again(self, place: Place) -> None:
        """What was refused is there all the same: late, or by somebody else. It is theirs, and ends with the others."""
        if place.key not in self._lanes.under_way and (place.problem or place.record is None):
            place.forgive()
            self._lanes.look(place.key.phone)

    def link_changed(self, up: bool) -> None:
        """Everything is compared with what the PBX has now; what it refused is tried again."""
        if not up:
            self._lanes.stop()
            return
        self._lanes.open = True
        self._leftovers.recall()
        for place in self._places:
            place.forgive()
            place.doubtful = False
            self._make_sure(place)
            if place.want is None and self._roster.member(*place.key) is None:
                self._telling.ended(place)  # while nobody could see it
        for phone in self._places.phones:
            self._lanes.look(phone)
        linked, self._linked = self._linked, None
        if linked is not None and not linked.called:
            linked.callback(None)

    def _make_sure(self, place: Place) -> None:
        """What was on its way when the link was lost may have come to nothing, and somebody else be there instead."""
        member = self._roster.member(*place.key)
        if place.unsure and member is not None:
            self._places.set_penalty(place, member.penalty)
        place.unsure = False

    def stopping(self) -> Deferred[None] | None:
        """Everybody is out of their queues, as far as the PBX can be asked."""
        self._leftovers.stop()
        self._refusals.stop()
        self._watching.stop()
        self._wanting.stop()
        if self.desk.link_up:
            return self._everybody_out().addBoth(self._over)
        if not self._journal.memberships:
            self._lanes.stop()
            return None
        self._linked = Deferred()
        self._linked.addTimeout(LINK_SECONDS, self._clock, onTimeoutCancel=lambda *_: None)
        out = self._linked.addCallback(lambda _: self._everybody_out() if self.desk.link_up else None)
        return out.addBoth(self._over)

    def _everybody_out(self) -> Deferred[None]:
        self._leftovers.recall()
        self._leftovers.expire()
        return self._lanes.whenIdle()

    def _over(self, result: T) -> T:
        """All is done, or there is no more time for it."""
        self._lanes.stop()
        return result

    # -- for the lanes

    def _stance_at(self, place: Place) -> Stance:
        return self._stance(place.holder, *place.key) if place.holder is not None else None

    def _refused(self, place: Place) -> None:
        self._refusals.refused(place)
