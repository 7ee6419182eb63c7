"""Ids for what has none of its own: always the same for the same thing, whatever else there is."""

from __future__ import annotations

from collections.abc import Container
from hashlib import blake2b

#: Where these ids lie: above what anybody counts up to, and exact wherever numbers are floating-point.
FIRST, LAST = 2**40, 2**53 - 1


def stable_id(kind: str, name: str, taken: Container[int] = ()) -> int:
    """The id of something with a name.

    :param kind: what it is: ids of one kind do not depend on those of another.
    :param taken: ids that others have; the next free one is taken then.
    """
    found = int.from_bytes(blake2b(f"{kind}\0{name}".encode(), digest_size=8).digest()) % (LAST - FIRST) + FIRST
    while found in taken:
        found = FIRST + (found + 1 - FIRST) % (LAST - FIRST)
    return found


def is_stable_id(number: int) -> bool:
    """Whether an id is such a one."""
    return number >= FIRST
