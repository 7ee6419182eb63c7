"""Spans of time: sums and differences of sets of them."""

from __future__ import annotations

from collections.abc import Iterable

Span = tuple[float, float]
"""Begin and end, in seconds since the epoch."""


def merged(spans: Iterable[Span]) -> list[Span]:
    """The same time in spans that do not touch, in order."""
    found: list[Span] = []
    for begin, end in sorted(spans):
        if end <= begin:
            continue
        if found and begin <= found[-1][1]:
            found[-1] = found[-1][0], max(end, found[-1][1])
        else:
            found.append((begin, end))
    return found


def without(spans: Iterable[Span], holes: Iterable[Span]) -> list[Span]:
    """The time of ``spans`` that is in none of ``holes``."""
    rest = merged(spans)
    for low, high in merged(holes):
        rest = [
            part
            for begin, end in rest
            for part in ((begin, min(end, low)), (max(begin, high), end))
            if part[0] < part[1]
        ]
    return rest


def within(spans: Iterable[Span], frame: Span) -> list[Span]:
    """The time of ``spans`` that is in ``frame``."""
    low, high = frame
    return [(max(begin, low), min(end, high)) for begin, end in merged(spans) if begin < high and end > low]


def longest(spans: Iterable[Span]) -> float:
    """Seconds of the longest one."""
    return max((end - begin for begin, end in merged(spans)), default=0.0)
