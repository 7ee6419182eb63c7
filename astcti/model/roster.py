"""Who is a member of which queue, as the PBX says."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import NamedTuple

from astcti.model import facts
from astcti.model.channels import normalise_interface

Changed = Callable[[facts.MemberAdded | facts.MemberRemoved], object]


class Member(NamedTuple):
    """A member of one queue; ``location`` is its interface as the PBX spells it."""

    queue: str
    interface: str
    name: str
    membership: str
    penalty: int
    paused: bool
    reason: str
    location: str = ""
    status: int = 0


class Roster:
    """All queue members, by queue and by interface; interfaces as channels show them."""

    def __init__(self) -> None:
        self._members: dict[tuple[str, str], Member] = {}
        self._queues: dict[str, set[str]] = {}
        self._of_queue: dict[str, dict[str, Member]] = {}

    def feed(self, fact: facts.MemberAdded | facts.MemberRemoved | facts.MemberPaused | facts.MemberStatus) -> bool:
        """Follow one fact; whether it changed who is a member where."""
        interface = normalise_interface(fact.interface)
        key = (fact.queue, interface)
        old = self._members.get(key)
        if isinstance(fact, facts.MemberAdded):
            self._keep(
                Member(
                    fact.queue, interface, fact.name, fact.membership, fact.penalty, fact.paused, fact.reason,
                    fact.interface, fact.status,
                )
            )  # fmt: skip
            self._queues.setdefault(interface, set()).add(fact.queue)
            return old is None
        if isinstance(fact, facts.MemberPaused):
            if old is not None:
                self._keep(old._replace(paused=fact.paused, reason=fact.reason))
            return False
        if isinstance(fact, facts.MemberStatus):
            if old is not None and old.status != fact.status:
                self._keep(old._replace(status=fact.status))
            return False
        if old is None:
            return False
        del self._members[key]
        del self._of_queue[fact.queue][interface]
        queues = self._queues[interface]
        queues.discard(fact.queue)
        if not queues:
            del self._queues[interface]
        return True

    def _keep(self, member: Member) -> None:
        self._members[member.queue, member.interface] = member
        self._of_queue.setdefault(member.queue, {})[member.interface] = member

    def replace(self, members: Iterable[facts.MemberAdded], changed: Changed = lambda fact: None) -> None:
        """Take over a complete list.

        :param changed: called with each membership that is new, then with each that is gone, when just that is so.
        """
        wanted = {(m.queue, normalise_interface(m.interface)): m for m in members}
        gone = [facts.MemberRemoved(queue, i) for queue, i in self._members if (queue, i) not in wanted]
        everything: list[facts.MemberAdded | facts.MemberRemoved] = [*wanted.values(), *gone]
        for fact in everything:
            if self.feed(fact):
                changed(fact)

    def is_member(self, queue: str, interface: str) -> bool:
        """Whether that phone sits in that queue."""
        return (queue, normalise_interface(interface)) in self._members

    def member(self, queue: str, interface: str) -> Member | None:
        """What is known of that membership."""
        return self._members.get((queue, normalise_interface(interface)))

    def members_of(self, queue: str) -> Iterable[Member]:
        """The members of one queue."""
        return self._of_queue.get(queue, {}).values()

    def queues_of(self, interface: str) -> frozenset[str]:
        """The queues that phone sits in."""
        return frozenset(self._queues.get(normalise_interface(interface), ()))

    @property
    def members(self) -> tuple[Member, ...]:
        """Every membership."""
        return tuple(self._members.values())
