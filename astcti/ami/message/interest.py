"""Which events somebody wants."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Interest:
    """What to hand on; everything else is skipped unparsed. Responses are always handed on.

    :ivar events: names, as Asterisk spells them.
    :ivar variables: lower-case names whose ``VarSet`` is wanted; ``None``: all.
    :ivar applications: lower-case names whose ``Newexten`` is wanted; ``None``: all.
    :ivar contexts: lower-case contexts in which every ``Newexten`` is wanted.
    """

    events: frozenset[bytes]
    variables: frozenset[bytes] | None = None
    applications: frozenset[bytes] | None = None
    contexts: frozenset[bytes] = frozenset()

    def wants(self, event: str) -> bool:
        """Whether events of that name are handed on."""
        return event.encode() in self.events

    def with_events(self, *names: bytes) -> Interest:
        """The same, and these events too."""
        return Interest(self.events.union(names), self.variables, self.applications, self.contexts)
