"""How a queue is, in numbers, as ``QSTAT`` and ``QueueState`` tell it."""

from __future__ import annotations

from astcti.model.callers import Callers
from astcti.model.commands import QueueFigures
from astcti.model.node import Node
from astcti.model.roster import Roster

FREE = frozenset({0, 1})  # device states for which the PBX rings a member: unknown, not in use
ENGAGED = frozenset({2, 3, 6, 7, 8})  # in use, busy, ringing, ringing while in use, on hold


def figures_of(queue: str, roster: Roster, callers: Callers, now: float) -> QueueFigures:
    """Count a queue's members, each once: as paused, else as busy, else as available; others cannot be reached."""
    paused = busy = available = total = 0
    for member in roster.members_of(queue):
        total += 1
        if member.paused:
            paused += 1
        elif member.status in ENGAGED:
            busy += 1
        elif member.status in FREE:
            available += 1
    waiting, longest = callers.waiting(queue, now)
    return QueueFigures(queue, waiting, available, paused, busy, total, longest)


def node_of(f: QueueFigures) -> Node:
    """The child of ``QueueState``."""
    numbers = {"waiting": f.waiting, "available": f.available, "paused": f.paused, "busy": f.busy,
               "members": f.members, "longest": f.longest}  # fmt: skip
    return Node("queue", (("name", f.queue), *((name, str(number)) for name, number in numbers.items())))
