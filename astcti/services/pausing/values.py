"""What is said about pauses, as values: why, by whom, since when; and how an operator is all in all."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

SELF, SUPERVISOR, SERVER, PBX = "self", "supervisor", "server", "pbx"
"""Who did it: the operator; somebody at the PBX; we (after-call work, missed calls); the PBX's own ``autopause``."""

WRAPUP, MISSED = "wrapup", "missed"
"""Reasons of pauses that begin by themselves, and how after-call work is told from other pauses."""

PBX_REASON = "Auto-Pause"  # of pauses by a queue's autopause (set_member_paused in Asterisk's apps/app_queue.c)


class Key(NamedTuple):
    """A membership; ``phone`` as channels show it."""

    queue: str
    phone: str


@dataclass(frozen=True, slots=True)
class Cause:
    """A pause.

    :ivar reason: what the PBX has as the reason, empty for none.
    :ivar by: one of ``self supervisor server pbx``.
    :ivar since: seconds since the epoch.
    :ivar after_call: whether it is after-call work, and ends with it.
    :ivar who: the name of that supervisor, where it is known.
    """

    reason: str = ""
    by: str = SELF
    since: float = 0.0
    after_call: bool = False
    who: str = ""


Stance = Cause | None
"""Paused for a cause, or not."""


@dataclass(frozen=True, slots=True)
class Summary:
    """How an operator is in all queues together.

    :ivar paused: ``all``, ``partly`` (in ``queues`` only) or ``none``.
    :ivar cause: of the pause in all queues.
    :ivar queues: those in which at least one phone is paused, with why; empty unless ``partly``.
    """

    paused: str
    cause: Stance = None
    queues: tuple[tuple[str, Cause], ...] = ()

    @property
    def wraps_up(self) -> bool:
        """Whether they do after-call work."""
        return self.cause is not None and self.cause.after_call


@dataclass(frozen=True, slots=True)
class LogEntry:
    """A line of the agent log: a pause began or ended, somebody came or went.

    :ivar event: ``login logout lost pause unpause wrapup ready`` (``ready`` ends ``wrapup``).
    :ivar queue: empty for all.
    :ivar since: when what ends now began, in seconds since the epoch; 0 for a beginning.
    """

    time: float
    username: str
    seat: str
    event: str
    reason: str = ""
    by: str = SELF
    queue: str = ""
    since: float = 0.0
    who: str = ""

    @property
    def detail(self) -> str:
        """What has no column of its own, for people and programs: ``by=self seconds=60.0 reason=lunch``; a supervisor's
        name, where it is known, is behind ``by``: ``by=supervisor who=root``."""
        parts = [f"by={self.by}"]
        if self.who:
            parts.append(f"who={self.who}")
        if self.since:
            parts.append(f"seconds={max(0.0, self.time - self.since):.1f}")
        if self.reason:
            parts.append(f"reason={self.reason}")
        return " ".join(parts)
