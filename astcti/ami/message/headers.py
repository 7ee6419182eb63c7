"""Several headers of one kind of event at once, where they stood the last time."""

from __future__ import annotations

import re
from collections.abc import Sequence

from astcti.ami.message.value import Message

_NOWHERE = re.compile(r"(?!)")


class Headers:
    """The headers that somebody wants of one kind of event: make one, use it for every such event.

    Asterisk writes all events of a kind alike, so it remembers on which line each header stood, and looks there first;
    what the line says it is, is checked. One expression does that for all of them, five times quicker than asking for
    each by name.

    :param names: two or more.
    """

    MAX_LINES = 100  # looked at; events of calls have 15 to 60
    PATIENCE = 200  # events of another form before one is learnt anew: that costs as much as reading so many by name

    __slots__ = ("_missed", "_names", "_order", "_shape")

    def __init__(self, *names: str) -> None:
        self._names = names
        self._shape = _NOWHERE
        self._order = tuple(range(1, len(names) + 1))
        self._missed = self.PATIENCE

    def of(self, message: Message) -> Sequence[str]:
        """The first value of each header, in the order in which they were named; empty for those that are absent."""
        found = self._shape.match(message.raw.decode("utf-8", "replace"))
        return self._one_by_one(message) if found is None else found.group(*self._order)

    def _one_by_one(self, message: Message) -> list[str]:
        """Ask by name, and remember the form of the message if those that were remembered no longer come."""
        self._missed += 1
        if self._missed > self.PATIENCE:
            self._learn(message.lines()[: self.MAX_LINES])
        return [message.get(name) for name in self._names]

    def _learn(self, lines: list[str]) -> None:
        """Look for a form like this one from now on, if all headers are there as Asterisk writes them."""
        self._missed = 0
        places: dict[int, str] = {}
        for name in self._names:
            at = next((at for at, line in enumerate(lines) if line.startswith(f"{name}:")), None)
            if at is None or not lines[at].startswith(f"{name}: "):
                return
            places[at] = name
        wanted = sorted(places)
        self._shape = re.compile(
            r"\r\n".join(
                f"{re.escape(places[at])}: ([^\r]*)" if at in places else "[^\r]*" for at in range(wanted[-1] + 1)
            )
            + r"(?:\r\n|\Z)"
        )
        self._order = tuple([1 + wanted.index(at) for name in self._names for at in wanted if places[at] == name])
