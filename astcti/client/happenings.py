"""What an agent lives to see, as values: what the story tells, the demo shows and tests look at."""

from __future__ import annotations

from dataclasses import dataclass

from astcti.model.actions import Outcome, RenderedAction
from astcti.model.notices import CallView
from astcti.protocols.client import CallEvent, PauseChanged, QueueChanged, ServerEvent


@dataclass(frozen=True, slots=True)
class LoggedIn:
    """The server knows us, and where we sit."""

    server: str
    username: str
    seat: tuple[str, ...]
    secure: bool = False
    compression: int = 0


@dataclass(frozen=True, slots=True)
class Rejected:
    """The server will not have us; ``number`` is that of the protocol, 0 when it gives none."""

    server: str
    reason: str
    number: int = 0


@dataclass(frozen=True, slots=True)
class Lost:
    """There is no connection; the next attempt is in ``retry_seconds``."""

    server: str
    reason: str
    retry_seconds: float


@dataclass(frozen=True, slots=True)
class ActionDone:
    """An action of a call was performed; without an outcome, it would have been."""

    call: CallView
    action: RenderedAction
    outcome: Outcome | None = None


@dataclass(frozen=True, slots=True)
class Answered:
    """What came of an order that was typed; ``number`` is that of the protocol where the server refused it."""

    order: str
    ok: bool
    text: str = ""
    number: int = 0


Happening = LoggedIn | Rejected | Lost | QueueChanged | PauseChanged | CallEvent | ServerEvent | ActionDone | Answered

__all__ = [
    "ActionDone",
    "Answered",
    "CallEvent",
    "Happening",
    "LoggedIn",
    "Lost",
    "PauseChanged",
    "QueueChanged",
    "Rejected",
    "ServerEvent",
]
