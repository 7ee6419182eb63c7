"""What became of the first half of an ordered call, the operator's own phone: told in the words of the protocol.

The PBX's ``OriginateResponse`` calls nearly every failure 0 (Asterisk 12 and later); the hang-up cause of the phone's
channel knows better. What became of the second half, the number that was dialled, is told when the call ends.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple


class Outcome(NamedTuple):
    """What is told: ``reason`` as in the protocol (0 no such number, 1 no answer, 4 answered, 5 busy, 8 otherwise)."""

    reason: int
    text: str

    @property
    def success(self) -> bool:
        """Whether the phone was answered."""
        return self.reason == ANSWERED.reason


ANSWERED = Outcome(4, "answered")
NO_ANSWER = Outcome(1, "your phone was not answered")
BUSY = Outcome(5, "your phone is busy")
DECLINED = Outcome(5, "your phone has declined the call")
NO_NUMBER = Outcome(0, "there is no such number")
CONGESTED = Outcome(8, "your phone could not be reached: congestion")
UNREACHABLE = Outcome(8, "your phone cannot be reached")
LINK_LOST = Outcome(8, "the link to the PBX was lost meanwhile; nobody knows what became of the call")
SILENCE = Outcome(8, "the PBX has not said what became of the call")

#: Q.850 causes, as in ``Hangup`` events.
_CAUSES: Mapping[int, Outcome] = MappingProxyType(
    {1: NO_NUMBER, 3: UNREACHABLE, 17: BUSY, 18: NO_ANSWER, 19: NO_ANSWER, 20: UNREACHABLE, 21: DECLINED,
     28: NO_NUMBER, 34: CONGESTED, 38: CONGESTED, 42: CONGESTED}
)  # fmt: skip

#: Reasons of the PBX's own event, where they say something. Asterisk 1.4 to 11 says 5 and 8, later ones do not.
_REASONS: Mapping[int, Outcome] = MappingProxyType({1: NO_ANSWER, 3: NO_ANSWER, 5: BUSY, 8: CONGESTED})


def by_reason(reason: int) -> Outcome | None:
    """What an unsuccessful ``OriginateResponse`` says, if it says anything."""
    return _REASONS.get(reason)


def by_cause(cause: int, state: str) -> Outcome:
    """What the end of the phone's channel says; ``state`` is the last it was in.

    A phone that rang until the PBX gave up has the cause 19 with PJSIP, with chan_sip none that says anything (seen on
    Asterisk 16).
    """
    if state == "Up":
        return ANSWERED
    return _CAUSES.get(cause, NO_ANSWER if state == "Ringing" else UNREACHABLE)
