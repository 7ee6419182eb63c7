"""Who is at work: where each is to be, who hears of which queue, and of what they have not heard yet."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from astcti.services.floor import Attendance
from astcti.services.membership.values import Key


@dataclass(slots=True)
class Sitting:
    """Somebody at work.

    :ivar keys: memberships that they are to have.
    :ivar queues: of which they hear.
    :ivar untold: queues of which they have not heard yet that they are there.
    """

    keys: set[Key] = field(default_factory=set)
    queues: tuple[str, ...] = ()
    untold: set[str] = field(default_factory=set)


class Sittings:
    """Everybody at work, by where they sit and by queue."""

    def __init__(self) -> None:
        self._all: dict[Attendance, Sitting] = {}
        self._at_queue: dict[str, dict[Attendance, None]] = {}

    def __contains__(self, attendance: object) -> bool:
        return attendance in self._all

    def __iter__(self) -> Iterator[Attendance]:
        return iter(self._all)

    def get(self, attendance: Attendance | None) -> Sitting | None:
        """What is known of somebody, if they are at work."""
        return None if attendance is None else self._all.get(attendance)

    def begin(self, attendance: Attendance) -> None:
        """Somebody sat down."""
        self._all[attendance] = Sitting()

    def end(self, attendance: Attendance) -> Sitting | None:
        """Somebody is gone; what was known of them."""
        sitting = self._all.get(attendance)
        if sitting is not None:
            self.watch(attendance, ())
            del self._all[attendance]
        return sitting

    def watch(self, attendance: Attendance, queues: tuple[str, ...]) -> None:
        """They hear of these queues from here on."""
        sitting = self._all[attendance]
        for queue in set(sitting.queues) - set(queues):
            self._at_queue[queue].pop(attendance, None)
            if not self._at_queue[queue]:
                del self._at_queue[queue]
        for queue in queues:
            self._at_queue.setdefault(queue, {})[attendance] = None
        sitting.queues = queues

    def watchers(self, queue: str) -> Iterable[Attendance]:
        """Who hears of a queue."""
        return self._at_queue.get(queue, ())
