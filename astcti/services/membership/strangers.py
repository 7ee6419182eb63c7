"""What somebody else does to a membership: it counts, until its operator says otherwise."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from twisted.logger import Logger

from astcti.services.desk import Desk
from astcti.services.journal import Journal
from astcti.services.membership.places import Places
from astcti.services.membership.requests import keep_out
from astcti.services.membership.telling import Telling
from astcti.services.membership.values import Key, Place
from astcti.services.membership.wanting import Wanting


class Strangers:
    """Supervisors at the PBX, its console, other programs.

    :param desk: gives the desk.
    """

    _log = Logger()

    def __init__(
        self, journal: Journal, places: Places, telling: Telling, wanting: Wanting, desk: Callable[[], Desk]
    ) -> None:
        self._journal = journal
        self._places = places
        self._telling = telling
        self._wanting = wanting
        self._desk = desk

    def put_in(self, key: Key) -> None:
        """A phone of somebody who stayed out is back in their queue: they are in again."""
        desk = self._desk()
        attendance = desk.floor.at(key.phone)
        if attendance is None or attendance.operator is None or not self._wanting.looks_after(attendance):
            return
        if key.queue in desk.books.audience.queues_of(attendance.operator):
            username = attendance.operator.username
            # Who was out altogether is in with all of their phones, else this one alone is meant.
            phones = attendance.phones if key.queue in self._journal.operator(username).stopped else (key.phone,)
            keep_out(self._journal, username, key.queue, False)
            for place in self._places_of(key.queue, phones):
                place.taken_out = False
            self._wanting.refresh(attendance)

    def _places_of(self, queue: str, phones: Iterable[str]) -> list[Place]:
        found = (self._places.get(Key(queue, phone)) for phone in phones)
        return [place for place in found if place is not None and place.want is not None]

    def took_out(self, place: Place) -> None:
        """A membership was removed: it stays so, if it was not an answer of ours that came late."""
        record, want = place.record, place.want
        assert record is not None
        self._journal.log.append(
            record.username, "queue-out", queue=record.queue, seat=record.interface, detail="at the PBX"
        )
        if want is not None and not place.doubtful:
            self._log.info("{username} ({interface}) was taken out of {queue} at the PBX, and stays out",
                           username=record.username, interface=record.interface, queue=record.queue)  # fmt: skip
            place.taken_out = True
            if not self._telling.anywhere(place.key.queue, place.holder):
                keep_out(self._journal, want.username, place.key.queue, True)
                for other in self._places_of(place.key.queue, place.holder.phones if place.holder is not None else ()):
                    other.taken_out = True  # that the PBX had refused until now
        self._places.strike(place)
