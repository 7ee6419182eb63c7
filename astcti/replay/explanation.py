"""What became of every call, in words an administrator can act on."""

from __future__ import annotations

from dataclasses import dataclass, field

from astcti.model import Tracker, facts
from astcti.model.facts import Fact
from astcti.model.legs import Leg


@dataclass(slots=True)
class _Trail:
    """What one channel went through."""

    channel: str
    first: bool
    contexts: list[str] = field(default_factory=list)
    queues: list[str] = field(default_factory=list)
    rang: list[str] = field(default_factory=list)
    talked: list[str] = field(default_factory=list)


class Explanation:
    """Watches the facts that a tracker is fed, and says of each call why it popped or why not.

    :ivar lines: one text per call, in the order in which calls ended.
    """

    def __init__(self, tracker: Tracker) -> None:
        self._tracker = tracker
        self._trails: dict[str, _Trail] = {}
        self.lines: list[str] = []

    def before(self, fact: Fact) -> None:
        """Look at a fact while the tracker still knows what it ends."""
        if isinstance(fact, facts.Hangup):
            leg = self._tracker.legs.get(fact.uniqueid)
            if leg is not None:
                self._conclude(leg)

    def after(self, fact: Fact) -> None:
        """Look at a fact when the tracker has followed it."""
        if isinstance(fact, facts.ChannelNew):
            self._trails.setdefault(fact.uniqueid, _Trail(fact.channel, fact.linkedid == fact.uniqueid))
        elif isinstance(fact, facts.ChannelExten):
            self._note(fact.uniqueid, "contexts", fact.context)
        elif isinstance(fact, facts.QueueJoin):
            self._note(fact.uniqueid, "queues", fact.queue)
        elif isinstance(fact, facts.DialBegin):
            self._note(fact.source_uniqueid, "rang", self._phone(fact.dest_uniqueid))
        elif isinstance(fact, facts.BridgeEnter):
            self._met(fact.uniqueid)

    def finish(self) -> None:
        """Conclude the calls that were still going on when the recording ended."""
        for leg in self._tracker.legs.values():
            self._conclude(leg)

    def _phone(self, uniqueid: str) -> str:
        leg = self._tracker.legs.get(uniqueid)
        return (leg.interface or leg.channel) if leg else ""

    def _note(self, uniqueid: str, what: str, value: str) -> None:
        trail = self._trails.get(uniqueid)
        seen: list[str] = getattr(trail, what) if trail else []
        if trail and value and value not in seen:
            seen.append(value)

    def _met(self, uniqueid: str) -> None:
        leg = self._tracker.legs.get(uniqueid)
        if leg is None or leg.bridge is None or not leg.bridge.conversation:
            return
        for one in leg.bridge.members:
            for other in leg.bridge.members:
                if one != other:
                    self._note(one, "talked", self._phone(other))

    def _conclude(self, leg: Leg) -> None:
        trail = self._trails.pop(leg.uniqueid, None)
        if trail is None or (leg.story.service is None and not trail.first):
            return
        story = leg.story
        who = f"call {story.uniqueid} on {trail.channel} from {story.number or 'an unknown number'}"
        self.lines.append(f"{who}: {self._reason(leg, trail)}")

    def _reason(self, leg: Leg, trail: _Trail) -> str:
        story = leg.story
        if story.service is None:
            passed = ", ".join(trail.contexts) or "none"
            queued = f", queue {', '.join(trail.queues)}" if trail.queues else ""
            return f"no service, so no pop: it passed the context(s) {passed}{queued}, and none is an enabled service"
        where = f"service {story.service.name}" + (f", queue {story.queue}" if story.queue else "")
        if story.told:
            return f"{where}: popped"
        if trail.talked:
            return (
                f"{where}: no pop: it was connected with {', '.join(trail.talked)}, and no enabled seat has that phone"
            )
        if trail.rang:
            return f"{where}: no pop: {', '.join(trail.rang)} rang and nobody answered"
        if trail.queues:
            return f"{where}: no pop: it waited and no phone rang (no member was available)"
        return f"{where}: no pop: no phone was rung"
