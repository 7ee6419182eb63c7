"""One timer for all connections: deadlines are kept in slots of a quarter second, and moved only when they come up."""

from __future__ import annotations

from math import ceil
from typing import Final, Protocol

from twisted.logger import Logger

GRANULARITY: Final = 0.25  # seconds; every time limit is kept to within it, and never cut short
LATE: Final = 3.0  # seconds between two turns after which nobody can be blamed for silence

_log = Logger()


class Timed(Protocol):
    """Something with a deadline.

    :ivar slot: where the wheel keeps it; None when nowhere. The wheel's own.
    """

    slot: int | None

    def tick(self, now: float) -> float | None:
        """See what is due at ``now`` and give the next deadline, None when there is none."""


class Wheel:
    """Deadlines of many things, each in at most one slot.

    What restarts a time-out need not tell the wheel: the thing is asked when its slot comes up, finds that it is not
    due, and is put into a later slot. So a line that arrives costs nothing here.

    :ivar now: the time of the last turn: one float that all may keep, instead of one each.
    """

    __slots__ = ("_last", "_slots", "now")

    def __init__(self, now: float) -> None:
        self.now = now
        self._last = int(now / GRANULARITY)
        self._slots: dict[int, set[Timed]] = {}

    def set(self, item: Timed, deadline: float) -> None:
        """Have ``item`` asked not before ``deadline``, or when it was to be asked already, if that is sooner."""
        slot = max(ceil(deadline / GRANULARITY), self._last + 1)
        if item.slot is not None:
            if item.slot <= slot:
                return
            self.remove(item)
        item.slot = slot
        self._slots.setdefault(slot, set()).add(item)

    def remove(self, item: Timed) -> None:
        """Forget ``item``."""
        if item.slot is None:
            return
        items = self._slots.get(item.slot)
        if items is not None:
            items.discard(item)
            if not items:
                del self._slots[item.slot]
        item.slot = None

    def turn(self, now: float) -> bool:
        """Ask whatever is due.

        A turn that comes late asks nobody: the process was stopped or the clock was set, and what everybody said
        meanwhile has to be read first. The next turn asks.

        :returns: whether it was in time.
        """
        late = now - self.now > LATE
        self.now = now
        if late:
            return False
        last, self._last = self._last, int(now / GRANULARITY)
        if self._last - last < len(self._slots):
            due = [slot for slot in range(last + 1, self._last + 1) if slot in self._slots]
        else:
            due = sorted(slot for slot in self._slots if slot <= self._last)
        for slot in due:
            for item in self._slots.pop(slot, ()):
                item.slot = None
                try:
                    deadline = item.tick(now)
                except Exception:
                    _log.failure("looking at the time-outs of {item}", item=item)  # its bug, not the others'
                else:
                    if deadline is not None:
                        self.set(item, deadline)
        return True

    def __len__(self) -> int:
        """How many things have a deadline."""
        return sum(map(len, self._slots.values()))
