"""Where a session's doings go, and how they are counted."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from astcti.ami.message import Message
from astcti.errors import AMIError


class Outlet(Protocol):
    """What a session needs around it."""

    def write(self, data: bytes) -> None:
        """Send bytes to the PBX."""

    def up(self) -> None:
        """The link is open: actions can be sent."""

    def event(self, message: Message) -> None:
        """An event, in the order of the stream; the first may come before :meth:`up`."""

    def trouble(self, message: Message) -> None:
        """:meth:`event` raised something, which is being handled right now; the next event comes all the same."""

    def broken(self, error: AMIError) -> None:
        """The link is of no use any more and must be closed; told once."""


@dataclass(slots=True)
class Counters:
    """What went over links so far.

    :ivar events: handed on.
    :ivar skipped: events not asked for.
    :ivar refused: responses that said Error.
    :ivar unmatched: responses and list events nobody waited for (any more).
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
    troubles: int = 0
