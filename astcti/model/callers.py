"""Who waits in which queue, and since when: for how a queue is, not for who is connected with whom."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from astcti.model import facts

MAX_WAITING = 100_000  # callers; a PBX that says that they come, and never that they leave, cannot fill our memory


class Callers:
    """All waiting callers, by queue.

    :ivar on_change: called with the name of a queue of which something has changed; members included.
    """

    def __init__(self) -> None:
        self.on_change: Callable[[str], object] = lambda queue: None
        self._since: dict[str, dict[str, float]] = {}
        self._count = 0

    def feed(self, fact: facts.QueueJoin | facts.QueueLeave | facts.QueueAbandon, now: float) -> None:
        """Follow one fact; ``now`` is in seconds."""
        if isinstance(fact, facts.QueueJoin):
            self._come(fact, now)
            self.on_change(fact.queue)
            return
        waiting = self._since.get(fact.queue)
        if waiting is not None and waiting.pop(fact.uniqueid, None) is not None:
            self._count -= 1
            if not waiting:
                del self._since[fact.queue]
            self.on_change(fact.queue)

    def replace(self, listed: Iterable[facts.QueueJoin], now: float) -> None:
        """Take over a complete list."""
        queues = set(self._since)
        self._since.clear()
        self._count = 0
        for fact in listed:
            self._come(fact, now)
        for queue in queues | self._since.keys():
            self.on_change(queue)

    def _come(self, fact: facts.QueueJoin, now: float) -> None:
        if self._count < MAX_WAITING:
            waiting = self._since.setdefault(fact.queue, {})
            self._count += fact.uniqueid not in waiting
            waiting[fact.uniqueid] = now - fact.waited

    def waiting(self, queue: str, now: float) -> tuple[int, int]:
        """How many wait there, and how many seconds the longest has."""
        waiting = self._since.get(queue)
        if not waiting:
            return 0, 0
        return len(waiting), int(max(0.0, now - min(waiting.values())))
