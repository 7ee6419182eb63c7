"""CPU time of two ways, side by side, on a machine that has other things to do as well."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable


def spent(work: Callable[[], object]) -> float:
    """CPU seconds that ``work`` takes."""
    before = time.process_time()
    work()
    return time.process_time() - before


def best(work: Callable[[], object], rounds: int) -> float:
    """CPU seconds of the fastest round."""
    return min(spent(work) for _ in range(rounds))


def times_as_much(one: Callable[[], object], other: Callable[[], object], rounds: int) -> float:
    """How many times as much CPU ``one`` takes as ``other``: the median of rounds, in which both take turns."""
    return statistics.median(spent(one) / spent(other) for _ in range(rounds))
