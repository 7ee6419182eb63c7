"""Telling who watches a queue how it is: what changes often is told seldom, and never to everybody at once."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable

from twisted.internet.interfaces import IDelayedCall, IReactorTime
from twisted.logger import Logger

from astcti.model.node import Node
from astcti.services.floor import Attendance

QUEUE_SECONDS = 1.0  # between two of one queue
TURN_SECONDS = 0.1
TELLS_A_TURN = 100  # clients told in one turn: 1,000 a second, whatever happens in the queues


class Watching:
    """Has changes of queues told.

    :param figures: how a queue is at this moment.
    :param watchers: who may hear of a queue.
    """

    _log = Logger()

    def __init__(
        self, clock: IReactorTime, figures: Callable[[str], Node], watchers: Callable[[str], Iterable[Attendance]]
    ) -> None:
        self._clock = clock
        self._figures = figures
        self._watchers = watchers
        self._changed: dict[str, None] = {}
        self._telling: deque[tuple[Attendance, Node]] = deque()
        self._told: dict[str, float] = {}
        self._last: dict[str, Node] = {}
        self._turn: IDelayedCall | None = None

    def changed(self, queue: str) -> None:
        """Something about a queue is otherwise."""
        self._changed[queue] = None
        self._wait()

    def stop(self) -> None:
        """Nobody is told any more."""
        if self._turn is not None:
            self._turn.cancel()
            self._turn = None
        self._changed.clear()
        self._telling.clear()

    def _wait(self) -> None:
        if self._turn is None and (self._changed or self._telling):
            self._turn = self._clock.callLater(TURN_SECONDS, self._tell_some)

    def _tell_some(self) -> None:
        self._turn = None
        if not self._telling:
            self._look()
        for _ in range(min(TELLS_A_TURN, len(self._telling))):
            attendance, node = self._telling.popleft()
            try:
                attendance.client.tell("QueueState", node)
            except Exception:
                self._log.failure("Telling {peer} of a queue", peer=attendance.client.peer)
        self._wait()

    def _look(self) -> None:
        """Take the queues whose turn it is; who hears of none costs nothing but this."""
        now = self._clock.seconds()
        for queue in [q for q in self._changed if now - self._told.get(q, -QUEUE_SECONDS) >= QUEUE_SECONDS]:
            del self._changed[queue]
            watchers = [a for a in self._watchers(queue) if a.client.has("events2")]
            if not watchers:
                self._told.pop(queue, None)
                self._last.pop(queue, None)
                continue
            self._told[queue] = now
            node = self._figures(queue)
            if node != self._last.get(queue):
                self._last[queue] = node
                self._telling.extend((attendance, node) for attendance in watchers)
            if len(self._telling) >= TELLS_A_TURN:
                break
