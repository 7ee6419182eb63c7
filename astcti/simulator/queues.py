"""Queues, their members, and which of them rings next. Values and rules only: who acts on them is ``queueing``."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from random import Random

    from astcti.simulator.agenda import Actor, Agenda
    from astcti.simulator.channel import Channel
    from astcti.simulator.phones import Phone


class QueueOptions(NamedTuple):
    """A queue's line of ``queues.conf``; times in seconds."""

    strategy: str = "rrmemory"
    timeout: float = 15.0
    retry: float = 1.0
    wrapup: int = 0
    ringinuse: bool = False
    service_level: int = 20


class Member:
    """Somebody's interface in one queue."""

    def __init__(self, queue: Queue, interface: str, name: str, state_interface: str, now: float, order: int) -> None:
        self.queue = queue
        self.interface = interface
        self.name = name
        self.state_interface = state_interface
        self.order = order
        self.phone: Phone | None = None
        self.membership = "dynamic"
        self.penalty = 0
        self.calls_taken = 0
        self.last_call = 0.0
        self.last_pause = 0.0
        self.login = now
        self.in_call = False
        self.ringing = False
        self.status = 1
        self.paused = False
        self.reason = ""
        self.ringinuse = queue.options.ringinuse

    @property
    def values(self) -> tuple[str, ...]:
        """What its events tell, in the order of ``events.MEMBER``."""
        return (
            self.queue.name, self.name, self.interface, self.state_interface, self.membership, str(self.penalty),
            str(self.calls_taken), str(int(self.last_call)), str(int(self.last_pause)), str(int(self.login)),
            "01"[self.in_call], str(self.status), "01"[self.paused], self.reason, "01"[self.ringinuse],
            str(self.queue.options.wrapup),
        )  # fmt: skip


class Waiting:
    """A caller in a queue.

    :ivar tried: members that let it ring without an answer in this round.
    """

    def __init__(self, channel: Channel, actor: Actor, joined: float, position: int) -> None:
        self.channel = channel
        self.actor = actor
        self.joined = joined
        self.position = position
        self.calling = False
        self.tried: set[Member] = set()


def _linear(members: list[Member], queue: Queue, waiting: Waiting, chance: Random) -> Member:
    return min(members, key=lambda m: (m in waiting.tried, m.order))


def _round_robin(members: list[Member], queue: Queue, waiting: Waiting, chance: Random) -> Member:
    last = queue.last_order
    return min(members, key=lambda m: (m.order <= last, m.order))


def _fewest_calls(members: list[Member], queue: Queue, waiting: Waiting, chance: Random) -> Member:
    return min(members, key=lambda m: (m in waiting.tried, m.calls_taken, m.order))


def _least_recent(members: list[Member], queue: Queue, waiting: Waiting, chance: Random) -> Member:
    return min(members, key=lambda m: (m in waiting.tried, m.last_call, m.order))


def _random(members: list[Member], queue: Queue, waiting: Waiting, chance: Random) -> Member:
    return chance.choice(members)


#: How the next member is found, by the strategy's name; ``ringall`` takes them all.
STRATEGIES: dict[str, Callable[[list[Member], Queue, Waiting, Random], Member]] = {
    "rrmemory": _round_robin, "linear": _linear, "fewestcalls": _fewest_calls, "leastrecent": _least_recent,
    "random": _random,
}  # fmt: skip
RING_ALL = "ringall"


class Queue:
    """A queue: members, callers waiting, and its statistics."""

    def __init__(self, name: str, options: QueueOptions, agenda: Agenda) -> None:
        self.name = name
        self.options = options
        self.members: dict[str, Member] = {}
        self.ready: dict[Member, None] = {}
        self.waiting: list[Waiting] = []
        self.last_order = -1
        self.completed = self.abandoned = self.hold_time = self.talk_time = self.in_level = 0
        self._agenda = agenda
        self._orders = 0

    def add(self, interface: str, name: str, state_interface: str, phone: Phone | None) -> Member:
        """Put a member in its place; the caller tells of it."""
        member = Member(self, interface, name, state_interface, self._agenda.now, self._orders)
        self._orders += 1
        self.members[interface] = member
        if phone is not None:
            member.phone = phone
            phone.memberships.append(member)
        return member

    def remove(self, member: Member) -> None:
        """Take a member out."""
        del self.members[member.interface]
        self.ready.pop(member, None)
        if member.phone is not None:
            member.phone.memberships.remove(member)

    def changed(self, member: Member) -> None:
        """Something about a member changed: it may be able to take a call now, or no longer."""
        if self.members.get(member.interface) is not member or not self._can_take(member):
            self.ready.pop(member, None)
            return
        rest = member.last_call + self.options.wrapup - self._agenda.now
        if member.last_call and rest > 0:
            self.ready.pop(member, None)
            self._agenda.later(rest, self.changed, member)
        elif member not in self.ready:
            self.ready[member] = None
            self.nudge()

    def _can_take(self, member: Member) -> bool:
        if member.paused or member.ringing or member.phone is None:
            return False
        return member.status == 1 or (member.ringinuse and member.phone.waiting_calls and member.status in (2, 6, 7))

    def nudge(self) -> None:
        """Tell the first caller nobody is called for that it is worth looking."""
        if self.ready:
            for waiting in self.waiting:
                if not waiting.calling:
                    waiting.actor.tell("look")
                    return

    def choose(self, waiting: Waiting, chance: Random) -> list[Member]:
        """The members to ring now for a caller: lowest penalty first, then by strategy. May be none."""
        if not self.ready:
            return []
        lowest = min(m.penalty for m in self.ready)
        members = [m for m in self.ready if m.penalty == lowest]
        if waiting.tried.issuperset(members):
            waiting.tried.clear()
        if self.options.strategy == RING_ALL:
            return sorted(members, key=lambda m: m.order)
        member = STRATEGIES[self.options.strategy](members, self, waiting, chance)
        self.last_order = member.order
        return [member]

    def performance(self) -> str:
        """Percentage of calls answered within the service level."""
        return f"{100.0 * self.in_level / self.completed if self.completed else 0.0:.1f}"
