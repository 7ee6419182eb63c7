"""What should have popped, by the simulated PBX's own knowledge, against what did."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from astcti.model.notices import CallView

Pop = tuple[str, str]  # unique id of the caller's channel, phone of the agent


@dataclass
class Verification:
    """Keeps count. A caller and an agent who begin to talk are to pop once at that agent, with the caller's digits.

    :ivar present: phones somebody sits at.
    :ivar slowest: seconds from an answer to its pop.
    :ivar pops: how many popped; ``doubled``: once more than they should; ``misdelivered``: where they should not, or
        with another caller's data.
    """

    present: set[str] = field(default_factory=set)
    slowest: float = 0.0
    pops: int = 0
    doubled: int = 0
    misdelivered: int = 0
    _lost_before: int = 0
    _expected: dict[Pop, tuple[str, str, float]] = field(default_factory=dict)
    _seen: Counter[Pop] = field(default_factory=Counter)

    def talk(self, uniqueid: str, phone: str, number: str, digits: str, now: float) -> None:
        """Somebody at a phone talks with a caller from outside."""
        if phone in self.present:
            self._expected.setdefault((uniqueid, phone), (number, digits, now))

    def pop(self, phone: str, call: CallView, now: float) -> float | None:
        """A page pops for an agent.

        :returns: how many seconds after the answer, if it is a pop that was to be.
        """
        key = (call.uniqueid, phone)
        self.pops += 1
        self._seen[key] += 1
        self.doubled += self._seen[key] > 1
        number, digits, answered = self._expected.get(key, ("", "", now))
        if key not in self._expected or (call.number, dict(call.variables).get("calldata", "")) != (number, digits):
            self.misdelivered += 1
            return None
        self.slowest = max(self.slowest, now - answered)
        return now - answered

    @property
    def lost(self) -> int:
        """How many should have popped, and did not."""
        return self._lost_before + sum(1 for key in self._expected if not self._seen[key])

    def settle(self) -> None:
        """All calls so far are over: keep the counts, and forget what they are about."""
        self._lost_before = self.lost
        self._expected.clear()
        self._seen.clear()

    @property
    def perfect(self) -> bool:
        """Whether everything was as it should be."""
        return not (self.lost or self.doubled or self.misdelivered)
