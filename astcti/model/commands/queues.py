"""Queues, pauses and after-call work: what an operator asks, and what they are answered."""

from __future__ import annotations

from dataclasses import dataclass

MAX_REASON_BYTES = 79  # Asterisk keeps so much of a pause's reason (reason_paused of a member in its apps/app_queue.c)


@dataclass(frozen=True, slots=True)
class Pause:
    """``PAUSE IN`` or ``PAUSE OUT``, of one queue or (empty) of all; ``reason`` as typed, percent-decoded."""

    paused: bool
    queue: str = ""
    reason: str = ""


@dataclass(frozen=True, slots=True)
class JoinQueue:
    """``STRT``."""

    queue: str


@dataclass(frozen=True, slots=True)
class LeaveQueue:
    """``STOP``."""

    queue: str


@dataclass(frozen=True, slots=True)
class EndWrapUp:
    """``REDY``."""


@dataclass(frozen=True, slots=True)
class SetWrapUp:
    """``WRAP ON`` or ``WRAP OFF``."""

    on: bool


@dataclass(frozen=True, slots=True)
class AskQueues:
    """``QSTAT``: of one queue, or (empty) of all of the operator's."""

    queue: str = ""


@dataclass(frozen=True, slots=True)
class PausePending:
    """The request is with the PBX; the outcome comes later as a notice (``301``)."""


@dataclass(frozen=True, slots=True)
class PauseConfirmed:
    """The pause state is as asked for (``300``)."""


@dataclass(frozen=True, slots=True)
class QueueFigures:
    """How a queue is at this moment; ``longest`` is seconds that the first caller has waited."""

    queue: str
    waiting: int
    available: int
    paused: int
    busy: int
    members: int
    longest: int


@dataclass(frozen=True, slots=True)
class QueueReport:
    """The answer to ``QSTAT``."""

    queues: tuple[QueueFigures, ...]
