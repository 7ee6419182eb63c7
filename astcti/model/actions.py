"""Actions as values: configured, rendered for one call, and what became of them."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class RenderedAction:
    """An action with its template expanded for one call, ready to be performed.

    :ivar id: the configured action's id, as text (attribute ``id`` on the wire).
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
