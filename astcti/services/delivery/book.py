"""The deliveries that are remembered: so many, and for so long."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from itertools import takewhile

from astcti.services.delivery.record import BAD, Delivery


class Book:
    """Deliveries by id, in the order in which they began.

    :ivar tally: how many of those in it have which status.
    """

    def __init__(self) -> None:
        self._all: dict[str, Delivery] = {}
        self.tally: Counter[str] = Counter()

    def __len__(self) -> int:
        return len(self._all)

    def __iter__(self) -> Iterator[Delivery]:
        """The oldest first."""
        return iter(self._all.values())

    def get(self, id: str) -> Delivery | None:
        """The one with that id, if it is remembered."""
        return self._all.get(id)

    def add(self, delivery: Delivery) -> None:
        """Remember another one, whose id is new."""
        self._all[delivery.id] = delivery
        self.tally[delivery.status] += 1

    def mark(self, delivery: Delivery, status: str, reason: str = "") -> None:
        """Note how it is now."""
        if self._all.get(delivery.id) is delivery:
            self.tally[delivery.status] -= 1
            self.tally[status] += 1
        delivery.status, delivery.reason = status, reason

    def forget(self, most: int, before: float) -> list[Delivery]:
        """Let go of the oldest: what is more than ``most``, and what began before a time (seconds since the epoch)."""
        gone: list[Delivery] = []
        for delivery in self._all.values():
            if len(self._all) - len(gone) <= most and delivery.queued >= before:
                break
            gone.append(delivery)
        for delivery in gone:
            del self._all[delivery.id]
            self.tally[delivery.status] -= 1
        return gone

    def find(
        self, *, agent: str = "", call: str = "", bad: bool = False, limit: int = 0, before: str = ""
    ) -> tuple[list[Delivery], int]:
        """Those of an agent and a call, the newest first, and how many there are in all. For people: it looks at all.

        :param bad: only those that went wrong.
        :param limit: so many at most; 0 gives all.
        :param before: the id of one that began after all that are given; they are counted all the same.
        """
        found = [
            d
            for d in reversed(self._all.values())
            if (not agent or d.operator == agent) and (not call or d.call == call) and (not bad or d.status in BAD)
        ]
        total = len(found)
        if before:
            known = set(takewhile(lambda id: id != before, self._all))  # that began before it
            found = [d for d in found if d.id in known] if before in self._all else []
        return (found[:limit] if limit else found), total
