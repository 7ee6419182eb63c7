"""Wanting: for everybody at work the memberships that they are to have, and no others."""

from __future__ import annotations

from collections.abc import Callable

from twisted.internet.interfaces import IReactorTime

from astcti.model.roster import Roster
from astcti.services.books import Books
from astcti.services.floor import Attendance
from astcti.services.journal import Journal
from astcti.services.membership.lanes import Lanes
from astcti.services.membership.leftovers import Leftovers
from astcti.services.membership.places import Places
from astcti.services.membership.planning import DYNAMIC, next_step, penalties_of, wants_of
from astcti.services.membership.sittings import Sitting, Sittings
from astcti.services.membership.vacated import Vacated
from astcti.services.membership.values import Key
from astcti.services.slicing import Backlog, Slices


class Wanting:
    """Looks after people, some in each turn of the reactor.

    :param books: what the configuration says.
    :param present: where an operator is logged in, by id.
    :param away: whether somebody is to be in no queue for a while; memberships of the PBX's own stay.
    """

    def __init__(
        self,
        clock: IReactorTime,
        slices: Slices,
        roster: Roster,
        journal: Journal,
        places: Places,
        lanes: Lanes,
        sittings: Sittings,
        leftovers: Leftovers,
        *,
        books: Callable[[], Books],
        present: Callable[[int], Attendance | None],
        away: Callable[[Attendance], bool],
    ) -> None:
        self._roster = roster
        self._journal = journal
        self._places = places
        self._lanes = lanes
        self._sittings = sittings
        self._leftovers = leftovers
        self._books = books
        self._away = away
        self._vacated = Vacated(clock, lanes.look, present)
        self._due = Backlog(slices, self._see_to, self._vacated.see)

    def looks_after(self, attendance: Attendance) -> bool:
        """Whether somebody is at work."""
        return attendance in self._sittings

    def refresh(self, attendance: Attendance) -> None:
        """See soon whether somebody is where they are to be."""
        self._due.add(attendance)

    def leave(self, attendance: Attendance) -> None:
        """They are to be in no queue, unless they are back in this very moment, by another connection."""
        sitting, operator = self._sittings.end(attendance), attendance.operator
        if sitting is not None and operator is not None:
            self._due.discard(attendance)
            for key in sitting.keys:
                self._unwant(key, attendance)
            self._vacated.add(operator.id, (key.phone for key in sitting.keys))
        self._due.wake()

    def expects(self, attendance: Attendance) -> bool:
        """Whether somebody is in a queue, or on the way into one."""
        if attendance in self._due:
            return True
        sitting = self._sittings.get(attendance)
        places = [] if sitting is None else [self._places.get(key) for key in sitting.keys]
        return any(place is not None and not place.problem and not place.taken_out for place in places)

    def stop(self) -> None:
        """Nobody is looked after any more."""
        self._due.clear()
        self._vacated.end()

    def _see_to(self, attendance: Attendance) -> None:
        sitting = self._sittings.get(attendance)
        if sitting is not None:
            self._look_after(attendance, sitting)

    def _look_after(self, attendance: Attendance, sitting: Sitting) -> None:
        """Want what somebody is to have, and no more than that."""
        operator, books = attendance.operator, self._books()
        assert operator is not None
        penalties = penalties_of(operator, books.configuration, books.audience)
        self._sittings.watch(attendance, tuple(penalties))
        for queue in self._journal.operator(operator.username).stopped:
            penalties.pop(queue, None)
        wants = wants_of(operator, attendance.channels, penalties)
        if self._away(attendance):
            wants = {key: want for key, want in wants.items() if self._stays(key)}
        for key in sitting.keys - wants.keys():
            self._unwant(key, attendance)
            self._lanes.look(key.phone)
        self._leftovers.end_for(attendance, operator.username)
        told = {key.queue for key in sitting.keys}  # of another phone, which is in the queue or on its way
        for key, want in wants.items():
            place = self._places.make(key)
            if place.holder is not attendance or place.want is None:
                place.taken_out = False
                if key.queue not in told and self._roster.member(*key) is not None:
                    sitting.untold.add(key.queue)
            if place.want != want:
                place.forgive()
            place.want, place.holder = want, attendance
            if key.queue in sitting.untold or next_step(place, self._roster.member(*key)) is not None:
                self._lanes.look(key.phone)
        sitting.keys = set(wants)

    def _stays(self, key: Key) -> bool:
        """Whether a membership is the PBX's own."""
        member = self._roster.member(*key)
        return member is not None and member.membership not in DYNAMIC

    def _unwant(self, key: Key, attendance: Attendance) -> None:
        place = self._places.get(key)
        if place is not None and place.holder is attendance:  # else the phone is somebody else's already
            place.want = None
            place.taken_out = False
            place.forgive()
            self._places.drop(place)
