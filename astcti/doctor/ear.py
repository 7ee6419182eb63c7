"""What the PBX says by itself, as far as a doctor cares."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from secrets import token_hex

from astcti.ami.message import Message

PLACE = "astcti-doctor"  # a context that no dial plan has
MAX_NAMES = 500  # kinds of events; Asterisk has some 200
_CHANNELS = ("Channel", "Interface")


class Ear:
    """Notes which events came, of which classes, and which of them are of our own making.

    :ivar marker: a word that is in the names of the channels and members we make.
    :ivar names: events by how often they came; ``ours`` those of our own making.
    :ivar classes: read classes of which an event came.
    :ivar watched: names of variables to look out for; ``variables`` those of them that were set.
    :ivar stamped: whether events have a time (``timestampevents``).
    """

    def __init__(self) -> None:
        self.marker = f"doctor{token_hex(4)}"
        self.names: Counter[str] = Counter()
        self.ours: set[str] = set()
        self.classes: set[str] = set()
        self.watched: frozenset[str] = frozenset()
        self.variables: set[str] = set()
        self.stamped = False
        self._waiting: list[Callable[[], object]] = []

    @property
    def interface(self) -> str:
        """A phone that cannot be: nothing is dialled there, ever."""
        return f"Local/{self.marker}@{PLACE}"

    def hear(self, message: Message) -> None:
        """Take an event."""
        name = message.event
        if name not in self.names and len(self.names) >= MAX_NAMES:
            return
        if name not in self.names or not self.stamped:
            self.classes.update(c for c in message.get("Privilege").split(",") if c and c != "all")
            self.stamped = self.stamped or bool(message.get("Timestamp"))
        self.names[name] += 1
        if any(self.marker in message.get(header) for header in _CHANNELS):
            self.ours.add(name)
        if name == "VarSet" and (variable := message.get("Variable")) in self.watched:
            self.variables.add(variable)
        for tell in tuple(self._waiting):
            tell()

    def tell(self, whom: Callable[[], object]) -> Callable[[], None]:
        """Call ``whom`` after each event, until what is returned is called."""
        self._waiting.append(whom)
        return lambda: self._waiting.remove(whom)
