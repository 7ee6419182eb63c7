"""Plays recordings through the pure core, for tests."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path

from astcti.ami.dialect import interest_for, translate
from astcti.ami.message import Message, MessageReader
from astcti.model import Notice, Plan, ServicePlan, Tracker

#: The services behind the dial plan that was recorded: all of its numbers are in the context ``astctidemo``.
SERVICES = (
    ServicePlan(1, "astctidemo", variables=("calldata", "customer", "semicolon", "long", "eq", "empty", "inherited")),
    ServicePlan(2, "support", "astcti-queue", variables=("calldata",)),
    ServicePlan(3, "everybody", "astcti-ringall", variables=("calldata",)),
    ServicePlan(4, "regulars", "astcti-static", variables=("calldata",)),
)
#: The context of the agents' phones, through which they call out.
OUTGOING = ServicePlan(5, "agents", outbound=True, variables=("calldata",))
#: The services of the conversations of Asterisk 1.4.
OLD_SERVICES = (
    ServicePlan(1, "astctidemo", variables=("calldata",)),
    ServicePlan(2, "helpdesk", "astcti", variables=("calldata",)),
)
PHONES = tuple(
    phone for n in range(200, 206) for phone in (f"PJSIP/{n}", f"SIP/{n}", f"Local/{n}@phones/n")
)  # fmt: skip


class Play:
    """One recording followed from its beginning to its end.

    :ivar notices: everything that seats were told.
    :ivar tracker: as it is afterwards.
    """

    def __init__(
        self,
        chunks: Iterable[bytes],
        services: Iterable[ServicePlan] = SERVICES,
        phones: Iterable[str] = PHONES,
        filtered: bool = True,
        change: Callable[[list[Message]], list[Message]] = lambda messages: messages,
        anywhere: str = "",
    ) -> None:
        plan = Plan.of(services, anywhere)
        self.tracker = Tracker(plan, phones)
        self.notices: list[Notice] = []
        reader = MessageReader(interest_for(plan) if filtered else None)
        messages = [message for chunk in chunks for message in reader.feed(chunk)]
        now = 0.0
        for message in change(messages):
            now += 0.001
            for fact in translate(message):
                self.notices.extend(self.tracker.feed(fact, now))
        self.notices.extend(self.tracker.due(now + 10.0))

    @property
    def pops(self) -> list[tuple[str, str, str, str]]:
        """``(phone, caller's number, digits, queue)`` of every pop."""
        return [
            (n.seat, n.call.number, dict(n.call.variables)["calldata"], n.call.queue) for n in self.notices if n.pop
        ]

    def told(self, phone: str) -> list[str]:
        """The kinds of everything that one phone's seat was told."""
        return [n.kind for n in self.notices if n.seat == phone]


def play(recording: Path, **options: object) -> Play:
    """Play a recording in one piece."""
    return Play([recording.read_bytes()], **options)  # type: ignore[arg-type]
