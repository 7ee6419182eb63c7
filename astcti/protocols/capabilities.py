"""What ``CAPS`` can switch on."""

from __future__ import annotations

CAPABILITIES = ("errcodes", "events2", "queues", "actr", "resume")
"""What ``CAPS ?`` offers: failures with numbers, further events, control of queues, outcomes of actions, tickets.

A name is added with the feature behind it."""

NO_CAPABILITIES: frozenset[str] = frozenset()

# Every set there can be, once: thousands of sessions point at the same few.
_SETS = {NO_CAPABILITIES: NO_CAPABILITIES}
for _name in CAPABILITIES:
    _SETS |= {s | {_name}: s | {_name} for s in _SETS}


def one_of(names: frozenset[str]) -> frozenset[str]:
    """Give the set of those names that exist."""
    return _SETS[names.intersection(CAPABILITIES)]
