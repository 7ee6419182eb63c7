"""CPU per event when there is more of everything: agents, services, calls at the same time."""

from __future__ import annotations

import gc
import statistics
from collections import deque

from benchmarks import feed
from benchmarks.cpu import spent
from benchmarks.eventpath import EventPath
from benchmarks.table import Row

CALLS = 160  # of one turn
PIECES = 16  # events of so many calls come in one read


class Company:
    """A company of some size, with calls going on.

    :param services: contexts a call can come by.
    :param concurrent: calls at the same time.
    """

    def __init__(self, *, agents: int, services: int, concurrent: int) -> None:
        self._phones = [f"PJSIP/{10_000 + i}" for i in range(agents)]
        self._contexts = [f"svc{i:07d}" for i in range(services)]  # as long as the recorded one
        self.path = EventPath(self._phones, [(context, "") for context in self._contexts])
        self._ends: deque[bytes] = deque()
        self._next = 0
        gc.collect()
        gc.freeze()  # as the server does when it has begun
        for data in self._arriving(concurrent):
            self.path.feed(data)
        self.turn()

    def _arriving(self, calls: int) -> list[bytes]:
        """The next calls, up to the answer, in the bytes of several reads; their ends are kept for later."""
        made = []
        for _ in range(calls):
            number = self._next
            self._next += 1
            first, second = (self._phones[(2 * number + i) % len(self._phones)].encode() for i in (0, 1))
            context = self._contexts[number % len(self._contexts)].encode()
            *begin, end = (p.replace(b"astctidemo", context) for p in feed.call(1_000_000 + number, first, second))
            self._ends.append(end)
            made.append(b"".join(begin))
        return [b"".join(made[i : i + PIECES]) for i in range(0, calls, PIECES)]

    def turn(self) -> float:
        """As many calls end as new ones come: CPU seconds of it."""
        pieces = []
        for data in self._arriving(CALLS):
            pieces += [data, b"".join(self._ends.popleft() for _ in range(PIECES))]

        def work() -> None:
            for piece in pieces:
                self.path.feed(piece)

        seconds = spent(work)
        self.path.clock.advance(1)
        return seconds


USUAL = {"agents": 1000, "services": 10, "concurrent": 400}
#: What grows, from how many to how many, and what is said of it.
GROWTH = (
    ("agents", 1000, 10_000, "10,000 agents against 1,000"),
    ("services", 10, 1000, "1,000 services against 10"),
    ("concurrent", 100, 10_000, "10,000 calls at a time against 100"),
)


def run(quick: bool) -> list[Row]:
    """Small and large side by side, turn by turn."""
    rounds = 7 if quick else 25
    rows = []
    for what, few, many, words in GROWTH:
        small, large = (Company(**{**USUAL, what: size}) for size in (few, many))
        ratio = statistics.median(large.turn() / small.turn() for _ in range(rounds))
        assert small.path.written and large.path.follower.faults == small.path.follower.faults == 0
        note = f"{feed.events_per_call()} events a call, {large.path.followed['channels']} channels tracked"
        rows.append(Row(f"CPU per event, {words}", ratio, "times", 1.25, 1.1, "lower", note))
        del small, large
        gc.unfreeze()
        gc.collect()
    return rows


if __name__ == "__main__":
    from benchmarks.table import text_table

    print(text_table(run(quick=True)))
