"""Actions on queues and their members."""

from __future__ import annotations

from dataclasses import dataclass

from astcti.ami.actions.base import Action


@dataclass(frozen=True, slots=True)
class QueueStatus(Action):
    """List queues with their members and waiting callers. Needs no right at all."""

    NAME = "QueueStatus"
    ENDS = frozenset({"queuestatuscomplete"})
    queue: str | None = None
    member: str | None = None


@dataclass(frozen=True, slots=True)
class QueueSummary(Action):
    """List queues with a few numbers each."""

    NAME = "QueueSummary"
    ENDS = frozenset({"queuesummarycomplete"})
    queue: str | None = None


@dataclass(frozen=True, slots=True)
class QueueAdd(Action):
    """Put a member into a queue. Refused with ``Unable to add interface: Already there`` when it is in."""

    NAME = "QueueAdd"
    RIGHT = "agent"
    queue: str
    interface: str
    penalty: int | None = None
    paused: bool | None = None
    member_name: str | None = None
    state_interface: str | None = None
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class QueueRemove(Action):
    """Take a member out of a queue. Refused with ``Unable to remove interface: Not there`` when it is not in."""

    NAME = "QueueRemove"
    RIGHT = "agent"
    queue: str
    interface: str


@dataclass(frozen=True, slots=True)
class QueuePause(Action):
    """Pause or unpause a member, in one queue or (without ``queue``) in all it is in, static ones too."""

    NAME = "QueuePause"
    RIGHT = "agent"
    interface: str
    paused: bool
    queue: str | None = None
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class QueuePenalty(Action):
    """Change a member's penalty, in one queue or in all."""

    NAME = "QueuePenalty"
    RIGHT = "agent"
    interface: str
    penalty: int
    queue: str | None = None
