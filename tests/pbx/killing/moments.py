"""Moments at which a death hurts most, told by what server and PBX say to each other."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass

from tests.pbx.killing.tripwire import LEAST_SECONDS, Trap

THINK = (LEAST_SECONDS, 0.04)  # seconds in which whoever has heard it may do something about it


@dataclass(frozen=True, slots=True)
class Moment:
    """One of them.

    :ivar nudge: whether it only comes when an agent comes, or is only sure to come then.
    """

    name: str
    said: bytes
    by_server: bool = False
    count: int = 0
    nudge: bool = False


MOMENTS = (
    Moment("joining", b"Action: QueueAdd\r\n", by_server=True, nudge=True),
    Moment("joined", b"Event: QueueMemberAdded\r\n", nudge=True),
    Moment("leaving", b"Action: QueueRemove\r\n", by_server=True, nudge=True),
    Moment("left", b"Event: QueueMemberRemoved\r\n", nudge=True),
    Moment("called", b"Event: Newchannel\r\n"),
    Moment("keyed in", b"Variable: calldata\r\n"),
    Moment("ringing", b"Event: AgentCalled\r\n"),
    Moment("taken up", b"Event: AgentConnect\r\n"),
    Moment("dialled", b"DialStatus: ANSWER\r\n"),
    Moment("in the bridge", b"Event: BridgeEnter\r\n"),
    Moment("answered", b"Event: BridgeEnter\r\n", count=1),
    Moment("parted", b"Event: BridgeLeave\r\n"),
    Moment("completed", b"Event: AgentComplete\r\n"),
    Moment("passed on", b"Event: BlindTransfer\r\n"),
    Moment("hung up", b"Event: Hangup\r\n"),
    Moment("pausing", b"Action: QueuePause\r\n", by_server=True),
    Moment("allowed to pause", b"Message: Interface paused successfully\r\n"),
    Moment("paused", b"Event: QueueMemberPause\r\n"),
    Moment("taking stock of members", b"Event: QueueMember\r\n", count=3),
    Moment("taking stock of channels", b"Event: CoreShowChannel\r\n"),
    Moment("logging in", b"Action: Login\r\n", by_server=True),
)
#: Those that only come when a link is made: the line is cut for them first.
BEGINNINGS = frozenset({"taking stock of members", "taking stock of channels", "logging in"})


def trap(moment: Moment, chance: random.Random, do: Callable[[], None]) -> Trap:
    """Wait for a moment; what is said then arrives, or does not."""
    after = chance.choice((LEAST_SECONDS, chance.uniform(*THINK)))
    return Trap(moment.said, moment.by_server, chance.random() < 0.6, do, after, moment.count)
