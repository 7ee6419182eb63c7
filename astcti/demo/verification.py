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
    """

    present: set[str] = field(default_factory=set)
    _expected: dict[Pop, tuple[str, str, float]] = field(default_factory=dict)
    _seen: Counter[Pop] = field(default_factory=Counter)
    _wrong: int = 0
    slowest: float = 0.0

    def talk(self, uniqueid: str, phone: str, number: str, digits: str, now: float) -> None:
        """Somebody at a phone talks with a caller from outside."""
        if phone in self.present:
            self._expected.setdefault((uniqueid, phone), (number, digits, now))

    def pop(self, phone: str, call: CallView, now: float) -> float | None:
        """A page pops for an agent.

        :returns: how many seconds after the answer, if it is a pop that was to be.
        """
        key = (call.uniqueid, phone)
        self._seen[key] += 1
        number, digits, answered = self._expected.get(key, ("", "", now))
        if key not in self._expected or (call.number, dict(call.variables).get("calldata", "")) != (number, digits):
            self._wrong += 1
            return None
        self.slowest = max(self.slowest, now - answered)
        return now - answered

    @property
    def pops(self) -> int:
        """How many popped."""
        return self._seen.total()

    @property
    def lost(self) -> int:
        """How many should have, and did not."""
        return sum(1 for key in self._expected if not self._seen[key])

    @property
    def doubled(self) -> int:
        """How many popped once more."""
        return sum(times - 1 for times in self._seen.values())

    @property
    def misdelivered(self) -> int:
        """How many popped where they should not, or with another caller's data."""
        return self._wrong

    @property
    def perfect(self) -> bool:
        """Whether everything was as it should be."""
        return not (self.lost or self.doubled or self.misdelivered)
