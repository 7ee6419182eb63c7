"""A line to the PBX on which something happens at the very moment at which something is said."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from twisted.internet import reactor
from twisted.internet.defer import Deferred

from tests.pbx.cutter import Cutter, End

LEAST_SECONDS = 0.002  # for what was said before it to be on its way


@dataclass(eq=False)
class Trap:
    """What is waited for.

    :ivar said: what is said, as it stands in the bytes; ``by_server`` or by the PBX.
    :ivar heard: whether the message that it stands in arrives; otherwise the line ends in the middle of it.
    :ivar do: happens then, before anything else arrives from that side.
    :ivar after: seconds for which whoever has heard it may think about it.
    :ivar count: so many are let pass before.
    :ivar sprung: fires when it has happened.
    """

    said: bytes
    by_server: bool
    heard: bool
    do: Callable[[], None]
    after: float = LEAST_SECONDS
    count: int = 0
    sprung: Deferred[None] = field(default_factory=Deferred)

    def caught(self, data: bytes) -> int | None:
        """How many of these bytes arrive, if it is said in them."""
        at = -1
        while (at := data.find(self.said, at + 1)) >= 0:
            self.count -= 1
            if self.count < 0:
                end = data.find(b"\r\n\r\n", at)
                return at + len(self.said) // 2 if not self.heard else len(data) if end < 0 else end + 4
        return None


class Tripwire(Cutter):
    """One trap at a time."""

    def __init__(self, pbx_port: int) -> None:
        super().__init__(pbx_port)
        self.trap: Trap | None = None
        self._held: dict[End, bytes] = {}

    def passes(self, end: End, data: bytes) -> None:
        if end in self._held:
            self._held[end] += data
            return
        trap = self.trap
        arrives = trap.caught(data) if trap is not None and trap.by_server == end.is_server else None
        if trap is None or arrives is None:
            end.hand_on(data)
            return
        self.trap = None
        end.hand_on(data[:arrives])
        self._held[end] = data[arrives:]
        reactor.callLater(max(trap.after, LEAST_SECONDS), self._spring, end, trap)  # type: ignore[attr-defined]

    def _spring(self, end: End, trap: Trap) -> None:
        trap.do()
        rest = self._held.pop(end)
        if end in self.ends and self.whole and not self.hung:
            end.hand_on(rest)
        trap.sprung.callback(None)
