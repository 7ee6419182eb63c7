"""Whether the server grows: its resident memory while it lives, and from one life to the next.

Two rules. Within a life of at least :data:`LONG_SECONDS` after its youth, the median of the last quarter is no more
than :data:`GROWTH` above that of the first. And no life is, at the end of its youth, more than that above the first
one: what is kept on disk must not make each begin bigger than the one before. A server is young for
:data:`YOUNG_SECONDS`: everybody logs in anew, caches fill.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

YOUNG_SECONDS = 20.0
LONG_SECONDS = 40.0
GROWTH = 6 << 20  # bytes; a heap that is in use moves up and down by as much


@dataclass(frozen=True, slots=True)
class Sample:
    """Resident bytes of a process at some age."""

    pid: int
    age: float
    size: int


def lives_of(samples: Sequence[Sample]) -> list[list[Sample]]:
    """Samples of each process, of those old enough to say anything."""
    lives: dict[int, list[Sample]] = {}
    for sample in samples:
        if sample.age >= YOUNG_SECONDS:
            lives.setdefault(sample.pid, []).append(sample)
    return [life for life in lives.values() if len(life) >= 3]


def growth(samples: Sequence[Sample]) -> list[str]:
    """What is wrong with it."""
    lives = lives_of(samples)
    problems = []
    for life in lives:
        if life[-1].age - life[0].age < LONG_SECONDS:
            continue
        part = len(life) // 4
        first, last = (median(s.size for s in some) for some in (life[:part], life[-part:]))
        if last - first > GROWTH:
            problems.append(f"process {life[0].pid} grew from {_mib(first)} to {_mib(last)} at {life[-1].age:.0f} s")
    if lives:
        began = [median(s.size for s in life[:3]) for life in lives]
        if max(began) - began[0] > GROWTH:
            problems.append(f"lives begin ever bigger: {', '.join(map(_mib, began))}")
    return problems


def _mib(size: float) -> str:
    return f"{size / (1 << 20):.1f} MiB"
