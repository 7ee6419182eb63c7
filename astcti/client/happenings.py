"""What an agent lives to see, as values: what the story tells, the demo shows and tests look at."""

from __future__ import annotations

from dataclasses import dataclass

from astcti.model.actions import Outcome, RenderedAction
from astcti.model.notices import CallView


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
    """The server will not have us: asking again would not help."""

    server: str
    reason: str


@dataclass(frozen=True, slots=True)
class Lost:
    """There is no connection; the next attempt is in ``retry_seconds``, or there is none (``None``)."""

    server: str
    reason: str
    retry_seconds: float | None = None


@dataclass(frozen=True, slots=True)
class QueueChanged:
    """Our phone is a member of a queue now, or no longer."""

    queue: str
    member: bool


@dataclass(frozen=True, slots=True)
class CallTold:
    """An event of a call: ``kind`` is ``Link`` etc."""

    kind: str
    call: CallView
    actions: tuple[RenderedAction, ...] = ()


@dataclass(frozen=True, slots=True)
class Told:
    """Something else the server said: ``kind`` is the event's id, ``text`` what is in it."""

    kind: str
    text: str = ""


@dataclass(frozen=True, slots=True)
class ActionDone:
    """An action of a call was performed; without an outcome, it would have been."""

    call: CallView
    action: RenderedAction
    outcome: Outcome | None = None


Happening = LoggedIn | Rejected | Lost | QueueChanged | CallTold | Told | ActionDone
