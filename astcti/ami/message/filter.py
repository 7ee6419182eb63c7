"""Deciding from slices of a message, before it is parsed, whether anybody wants it."""

from __future__ import annotations

from astcti.ami.message.interest import Interest

#: How much of a message decides: ``Event: `` and a name of up to 17 letters with the CR after it.
HEAD = 25

#: Verdict on a head: neither kept nor skipped yet, the whole message must be looked at.
LOOK = ""

VARIABLE = b"\r\nVariable: "
_APPLICATION = b"\r\nApplication: "
_CONTEXT = b"\r\nContext: "
_DATA = b"\nAppData: "
_SET = frozenset({b"Set", b"set", b"SET"})


class Names(dict[bytes, bool]):
    """Whether a name is wanted, whatever its case. Remembers what it was asked: the PBX repeats itself.

    :param wanted: in lower case.
    """

    MAX_KNOWN = 2000  # a dial plan has some hundred variables; one that makes up names starts again

    def __init__(self, wanted: frozenset[bytes]) -> None:
        super().__init__()
        self._wanted = wanted

    def __missing__(self, name: bytes) -> bool:
        if len(self) >= self.MAX_KNOWN:
            self.clear()
        wanted = self[name] = name.lower() in self._wanted
        return wanted


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


class Filter:
    """An interest, ready to be asked.

    :ivar heads: verdicts by the first bytes of a message.
    :ivar variables: those whose ``VarSet`` is wanted; ``None``: all.
    """

    def __init__(self, interest: Interest | None) -> None:
        self.heads = Heads(None if interest is None else interest.events)
        self.variables = _names(None if interest is None else interest.variables)
        self._applications = _names(None if interest is None else interest.applications)
        self._contexts = Names(frozenset() if interest is None else interest.contexts)

    def passes(self, part: bytes, event: str) -> bool:
        """Whether a ``VarSet`` is of a variable, or a ``Newexten`` of an application or context, that is wanted.

        The last of repeated lines counts (but for the context): caller names, which come before it, are not escaped.
        """
        if event == "VarSet":
            return self.variables is None or self.variables[part.rpartition(VARIABLE)[2].partition(b"\r")[0]]
        if event == "Newexten":
            return (
                self._applications is None
                or self._contexts[part.partition(_CONTEXT)[2].partition(b"\r")[0]]
                or self._wants_step(part.rpartition(_APPLICATION)[2])
            )
        return True

    def _wants_step(self, part: bytes) -> bool:
        """Whether an application is wanted; ``Set`` only of a variable that is."""
        application, _, rest = part.partition(b"\r")
        if self._applications is None or not self._applications[application]:
            return False
        if self.variables is None or application not in _SET:
            return True
        return self.variables[rest.partition(_DATA)[2].partition(b"=")[0].strip(b' "')]

    def verdict(self, part: bytes, event: str) -> str | None:
        """The event's name if a message is wanted whose name no slice tells; else ``None``."""
        return self.heads.verdict(event.encode()) if self.passes(part, event) else None


def _names(wanted: frozenset[bytes] | None) -> Names | None:
    return None if wanted is None else Names(wanted)
