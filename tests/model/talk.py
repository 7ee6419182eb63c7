"""A small language for telling a tracker what happens, for tests."""

from __future__ import annotations

from astcti.model import Notice, Plan, ServicePlan, Tracker, facts
from astcti.model.facts import Fact

PLAN = Plan.of(
    [
        ServicePlan(1, "sales", variables=("calldata", "customer")),
        ServicePlan(2, "support", "help", variables=("calldata",), language="en"),
        ServicePlan(3, "outside", outbound=True, variables=("calldata",)),
    ]
)


class Talk:
    """A tracker, a clock and everything that was told."""

    def __init__(self, *phones: str, plan: Plan = PLAN) -> None:
        self.tracker = Tracker(plan, phones)
        self.now = 1000.0
        self.notices: list[Notice] = []
        self.fed: list[Fact] = []

    def feed(self, *happened: Fact) -> list[Notice]:
        """Let it happen; what is told because of it."""
        told: list[Notice] = []
        self.fed.extend(happened)
        for fact in happened:
            self.now += 0.01
            told.extend(self.tracker.feed(fact, self.now))
        self.notices.extend(told)
        return told

    def wait(self, seconds: float) -> list[Notice]:
        """Let time pass."""
        self.now += seconds
        told = list(self.tracker.due(self.now))
        self.notices.extend(told)
        return told

    @property
    def pops(self) -> list[tuple[str, str]]:
        """Phone and unique id of every pop."""
        return [(n.seat, n.call.uniqueid) for n in self.notices if n.pop]

    # -- what a PBX can say

    def arrives(self, uid: str, channel: str, context: str = "sales", number: str = "333", linked: str = "") -> None:
        """A channel appears and, if it is a call's first, answers in that context."""
        self.feed(facts.ChannelNew(uid, linked or uid, channel, "Ring", number, "Mario", context, "100", ""))
        if not linked:
            self.feed(facts.ChannelExten(uid, uid, channel, context, "100", "Answer", ""))

    def sets(self, uid: str, channel: str, name: str, value: str) -> list[Notice]:
        """A variable is set."""
        return self.feed(facts.VariableSet(uid, uid, channel, "sales", name, value))

    def dials(self, uid: str, channel: str, dest: str, dest_channel: str) -> list[Notice]:
        """A phone is rung by the dial plan."""
        return self.feed(
            facts.ChannelNew(dest, uid, dest_channel, "Down", "", "", "phones", "s", ""),
            facts.DialBegin(uid, channel, dest, dest_channel, uid, "", ""),
            facts.ChannelState(dest, uid, dest_channel, "Ringing", "", ""),
        )

    def enters(self, bridge: str, *legs: tuple[str, str], kind: str = "basic") -> list[Notice]:
        """Channels come together."""
        return self.feed(*(facts.BridgeEnter(bridge, kind, uid, "", channel, "") for uid, channel in legs))

    def leaves(self, bridge: str, *uids: str) -> list[Notice]:
        """Channels go apart."""
        return self.feed(*(facts.BridgeLeave(bridge, uid) for uid in uids))

    def hangs_up(self, *uids: str) -> list[Notice]:
        """Channels are gone."""
        return self.feed(*(facts.Hangup(uid, "", "", 16, "Normal Clearing") for uid in uids))
