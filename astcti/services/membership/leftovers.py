"""Memberships from before this server began: their operators have a while to come back to them."""

from __future__ import annotations

from collections.abc import Callable

from twisted.internet.interfaces import IDelayedCall, IReactorTime
from twisted.logger import Logger

from astcti.services.floor import Attendance
from astcti.services.membership.places import Places
from astcti.services.membership.values import Place

GRACE_SECONDS = 120.0  # after a restart: for operators to come back to the memberships they had


class Leftovers:
    """What the journal has of the last time, as long as nobody has come for it.

    :param look: told of a phone whose memberships are to be looked at.
    """

    _log = Logger()

    def __init__(self, clock: IReactorTime, places: Places, look: Callable[[str], object]) -> None:
        self._clock = clock
        self._places = places
        self._look = look
        self._grace: IDelayedCall | None = None
        self._of: dict[str, list[Place]] | None = None

    def recall(self) -> None:
        """Once: whoever was in a queue when this server was there the last time has a while to come back."""
        if self._of is not None:
            return
        self._of = {}
        for place in self._places.recall():
            assert place.record is not None
            place.spared = True
            self._of.setdefault(place.record.username, []).append(place)
        if self._of:
            self._grace = self._clock.callLater(GRACE_SECONDS, self.expire)

    def end_for(self, attendance: Attendance, username: str) -> None:
        """They are back: what they do not want of what they had, and what others had at their phones, is to go."""
        leftover = [place for phone in attendance.phones for place in self._places.at(phone) if place.spared]
        leftover += (self._of or {}).pop(username, [])
        self._end(leftover)

    def expire(self) -> None:
        """The others did not come back."""
        self.stop()
        places = [place for places in (self._of or {}).values() for place in places if place.spared]
        if places:
            self._log.info("{count} memberships are left over from before the restart; they are ended",
                           count=len(places))  # fmt: skip
        self._of = {}
        self._end(places)

    def stop(self) -> None:
        """Nothing more is waited for."""
        grace, self._grace = self._grace, None
        if grace is not None and grace.active():
            grace.cancel()

    def _end(self, places: list[Place]) -> None:
        for place in places:
            place.spared = False
            self._look(place.key.phone)
