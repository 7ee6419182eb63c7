"""Actions as values: configured, rendered for one call, and what became of them."""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import blake2s


@dataclass(frozen=True, slots=True)
class RenderedAction:
    """An action with its template expanded for one call, ready to be performed.

    :ivar id: names this one action of one call at one seat (attribute ``id`` on the wire), see :func:`action_id`.
    :ivar type: the plug-in's type name, upper case, e.g. ``BROWSER``.
    :ivar destination: program, window or ``host:port``; may be empty.
    :ivar parameters: URL or message text; for an application its arguments joined, for display only.
    :ivar encoding: Python codec name, empty for UTF-8.
    :ivar arguments: one entry per argument (applications).
    """

    id: str
    type: str
    destination: str = ""
    parameters: str = ""
    encoding: str = ""
    arguments: tuple[str, ...] = ()

    @property
    def configured(self) -> str:
        """The id of the action in the configuration."""
        return self.id.partition("-")[0]


def pop_mark(uniqueid: str, seat: str, moment: str) -> str:
    """What the ids of all actions of a call at a seat have in common.

    The same after a restart, and not the same for any other call, seat or moment: whoever performs each id once
    performs each action once.

    :param seat: names the workplace, whichever of its phones rings.
    :param moment: ``RINGING LINK HANGUP``.
    :returns: 16 hexadecimal digits.
    """
    return blake2s(f"{uniqueid}\0{seat}\0{moment}".encode("utf-8", "surrogatepass"), digest_size=8).hexdigest()


def action_id(configured: int | str, mark: str) -> str:
    """The id of a rendered action: ``7-6e1bb5a9a6fbd3f9``, or only that of the configuration, for no call at all."""
    return f"{configured}-{mark}" if mark else str(configured)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of an action: ``status`` is ``ok``, ``failed`` or ``timeout``; ``reason`` is empty when ok."""

    status: str
    reason: str = ""
    milliseconds: float = 0.0

    @property
    def ok(self) -> bool:
        """Whether it worked."""
        return self.status == "ok"
