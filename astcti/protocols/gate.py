"""How many may be on the doorstep: connections that have not logged in are few at a time, the others wait their turn.

A whole floor reconnects at once after a power cut. Nobody is refused then: when somebody has to wait the listeners stop
accepting, so that newcomers wait in the kernel's backlog; the few that were accepted in the same breath wait here,
neither greeted nor read, and no time limit runs for them. While somebody waits, those inside are not to dawdle.
"""

from __future__ import annotations

from collections import Counter
from typing import Final, Protocol

WAITING: Final = 128  # connections of one address that wait here before listeners pause; one accept() loop's worth


class Arrival(Protocol):
    """A connection at the gate."""

    @property
    def address(self) -> str:
        """Where it comes from."""

    def admit(self) -> None:
        """Its turn has come."""

    def make_way(self) -> None:
        """Others wait: leave, unless the login is going on."""


class Listener(Protocol):
    """What accepts connections; Twisted's listening ports are such."""

    def stopReading(self) -> None:
        """Stop accepting."""

    def startReading(self) -> None:
        """Accept again."""


class Gate:
    """Admits at most ``limit`` connections that have not logged in, ``per_address`` of them from one address."""

    def __init__(self, limit: int, per_address: int) -> None:
        self.limit = limit
        self.per_address = per_address
        self._inside: Counter[str] = Counter()
        self._admitted: dict[Arrival, None] = {}
        self._waiting: dict[Arrival, None] = {}
        self._listeners: set[Listener] = set()
        self._paused: set[Listener] = set()

    @property
    def inside(self) -> int:
        """Connections admitted that have not logged in."""
        return len(self._admitted)

    @property
    def waiting(self) -> int:
        """Connections accepted but not admitted yet."""
        return len(self._waiting)

    def add_listener(self, listener: Listener) -> None:
        """Have ``listener`` pause while the gate is full."""
        self._listeners.add(listener)
        self._regulate()

    def remove_listener(self, listener: Listener) -> None:
        """The listener is closed."""
        self._listeners.discard(listener)
        self._paused.discard(listener)

    def arrive(self, arrival: Arrival) -> None:
        """Admit a connection at once or when there is room."""
        if self._has_room(arrival):  # and then nobody waits whom it could overtake
            self._let_in(arrival)
        else:
            self._waiting[arrival] = None
        self._regulate()

    def leave(self, arrival: Arrival) -> None:
        """A connection has logged in, or is gone; telling it twice does no harm."""
        self._waiting.pop(arrival, None)
        if arrival in self._admitted:
            del self._admitted[arrival]
            self._inside[arrival.address] -= 1
            if not self._inside[arrival.address]:
                del self._inside[arrival.address]
        for next_one in list(self._waiting):
            if len(self._admitted) >= self.limit:
                break
            if next_one in self._waiting and self._has_room(next_one):
                del self._waiting[next_one]
                self._let_in(next_one)
        self._regulate()

    def hurry(self) -> None:
        """Ask those inside, the longest there first, to make way for those who wait."""
        for arrival in list(self._admitted):
            if not self._is_crowded:
                break
            arrival.make_way()

    @property
    def _is_crowded(self) -> bool:
        """Whether somebody waits because there is no room for anybody."""
        return bool(self._waiting) and len(self._admitted) >= self.limit

    def _has_room(self, arrival: Arrival) -> bool:
        return len(self._admitted) < self.limit and self._inside[arrival.address] < self.per_address

    def _let_in(self, arrival: Arrival) -> None:
        self._admitted[arrival] = None
        self._inside[arrival.address] += 1
        arrival.admit()

    def _regulate(self) -> None:
        """Pause the listeners while somebody waits for whom there is no room, and let them go on when nobody does."""
        if self._is_crowded or len(self._waiting) >= WAITING:
            for listener in self._listeners - self._paused:
                self._paused.add(listener)
                listener.stopReading()
        elif self._paused:
            paused, self._paused = self._paused, set()
            for listener in paused:
                listener.startReading()
