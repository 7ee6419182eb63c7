"""Where a session's doings go, and how they are counted."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from astcti.ami.message import Message
from astcti.errors import AMIError


@dataclass(frozen=True, slots=True)
class Outlet:
    """What a session needs around it.

    :ivar write: sends bytes to the PBX.
    :ivar up: told once when the link is open and actions can be sent.
    :ivar event: told every event, in the order of the stream; the first may come before ``up``.
    :ivar trouble: ``event`` raised something for that message, which is being handled right now; the next comes
        all the same.
    :ivar broken: told once when the link is of no use any more and must be closed.
    """

    write: Callable[[bytes], None]
    up: Callable[[], None]
    event: Callable[[Message], object]
    trouble: Callable[[Message], None]
    broken: Callable[[AMIError], None]


@dataclass(slots=True)
class Counters:
    """What went over links so far.

    :ivar events: handed on.
    :ivar skipped: events not asked for.
    :ivar refused: responses that said Error.
    :ivar unmatched: responses and list events nobody waited for (any more).
    :ivar rubbish: pieces of something that are neither a response nor an event.
    :ivar troubles: events whose taker failed.
    """

    bytes_in: int = 0
    bytes_out: int = 0
    events: int = 0
    skipped: int = 0
    responses: int = 0
    actions: int = 0
    refused: int = 0
    timeouts: int = 0
    unmatched: int = 0
    rubbish: int = 0
    troubles: int = 0
