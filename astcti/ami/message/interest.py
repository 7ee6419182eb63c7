"""Which events are worth a look, decided from a slice of the message."""

from __future__ import annotations

from dataclasses import dataclass

#: How much of a message decides: ``Event: `` and a name of up to 17 letters with the CR after it.
HEAD = 25

#: Verdict on a head: neither kept nor skipped yet, the whole message must be looked at.
LOOK = ""


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


class Heads(dict[bytes, "str | None"]):
    """Verdicts on the first :data:`HEAD` bytes of messages: an event's name, ``None`` to skip it, or :data:`LOOK`.

    Asked for a head it does not know, it decides and remembers: the PBX repeats itself.

    :param events: the names wanted; ``None``: all.
    """

    MAX_KNOWN = 2000  # Asterisk has some 200 kinds of events; a peer that invents more starts again

    def __init__(self, events: frozenset[bytes] | None) -> None:
        super().__init__()
        self._events = events

    def __missing__(self, head: bytes) -> str | None:
        if len(self) >= self.MAX_KNOWN:
            self.clear()
        verdict = self[head] = self._judge(head)
        return verdict

    def _judge(self, head: bytes) -> str | None:
        if not head.startswith(b"Event: "):
            return LOOK
        name, end, _ = head[7:].partition(b"\r")
        if not end and len(head) == HEAD:  # a name longer than the slice
            return LOOK if self._events is None or any(e.startswith(name) for e in self._events) else None
        return self.verdict(name.strip())

    def verdict(self, name: bytes) -> str | None:
        """The event's name if it is wanted, else ``None``."""
        if self._events is None or name in self._events:
            return name.decode("utf-8", "replace") or LOOK
        return None
