"""A company with telephones: agents, services, queues and a dial plan, made from a few numbers."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from astcti.simulator import membership
from astcti.simulator.accounts import Account, usual
from astcti.simulator.agenda import Agenda
from astcti.simulator.applications import APPLICATIONS
from astcti.simulator.callverbs import CALL_VERBS
from astcti.simulator.dialplan import Step
from astcti.simulator.links import Switchboard, Verb
from astcti.simulator.lists import LISTS
from astcti.simulator.memberverbs import MEMBER_VERBS
from astcti.simulator.pbx import PBX
from astcti.simulator.phones import Habit, Phone
from astcti.simulator.queues import Queue, QueueOptions
from astcti.simulator.verbs import VERBS

if TYPE_CHECKING:
    from random import Random

ALL_VERBS: dict[str, Verb] = {v.name.lower(): v for v in (*VERBS, *CALL_VERBS, *LISTS, *MEMBER_VERBS)}
DIAL_SECONDS = 15
QUEUE_SECONDS = 60
MAX_DIGITS = 5


@dataclass(frozen=True, slots=True)
class ServiceLine:
    """A number the world can call.

    :ivar context: its context in the dial plan, the name of the service in the CTI configuration.
    :ivar phones: interfaces that ring; for a service with a queue its members.
    """

    context: str
    exten: str
    queue: str = ""
    options: QueueOptions = field(default_factory=QueueOptions)
    phones: tuple[str, ...] = ()

    @property
    def place(self) -> tuple[str, str]:
        """Where calls to it arrive."""
        return self.context, self.exten


class Office:
    """PBX and switchboard, wired together.

    :param agents: interfaces and names of the phones.
    :param asterisk: 16 or 22: whose manager interface to speak.
    :param start: the time it is, in seconds since the epoch.
    """

    def __init__(
        self, lines: tuple[ServiceLine, ...], agents: dict[str, str], chance: Random, *, asterisk: int = 22,
        start: float = 0.0, habit: Habit | None = None, accounts: tuple[Account, ...] = (),
    ) -> None:  # fmt: skip
        self.lines = lines
        self.agenda = Agenda(start)
        self.board = Switchboard(accounts or usual("astcti-secret"), ALL_VERBS, chance, asterisk)
        self.pbx = PBX(self.agenda, chance, self.board.sink, APPLICATIONS, asterisk)
        self.board.pbx = self.pbx
        for interface, name in agents.items():
            self.pbx.add_phone(Phone(interface, name, habit))
        self._inside()
        for line in lines:
            self._line(line)

    @property
    def places(self) -> list[tuple[str, str]]:
        """Where the world calls: queues and other services about equally often."""
        queues = [line.place for line in self.lines if line.queue]
        others = [line.place for line in self.lines if not line.queue]
        times = max(1, len(others) // len(queues)) if queues else 0
        return others + queues * times

    def _inside(self) -> None:
        plan = self.pbx.dialplan
        plan.add("inside", "wait", (Step("Answer"), Step("Wait", "60"), Step("Hangup")))
        for phone in self.pbx.phones.values():
            plan.add("inside", phone.number, (Step("Dial", f"{phone.interface},{DIAL_SECONDS},tTkK"), Step("Hangup")))
        outside = Step("Dial", f"PJSIP/${{EXTEN:1}}@trunk,{DIAL_SECONDS},tT")
        plan.add("agents", "9.", (Step("Set", "calldata=${EXTEN:1}"), outside, Step("Hangup")))
        plan.include("agents", "inside", *dict.fromkeys(line.context for line in self.lines))

    def _line(self, line: ServiceLine) -> None:
        if line.queue:
            goal = Step("Queue", f"{line.queue},tT,,,{QUEUE_SECONDS}"), Step("NoOp", "QUEUESTATUS is ${QUEUESTATUS}")
            self._queue(line)
        else:
            dial = Step("Dial", f"{'&'.join(line.phones)},{DIAL_SECONDS},tT")
            goal = dial, Step("NoOp", "DIALSTATUS is ${DIALSTATUS}")
        ask = Step("Read", f"calldata,,{MAX_DIGITS},,1,6"), Step("Set", "calldata=${calldata}")
        self.pbx.dialplan.add(line.context, line.exten, (Step("Answer"), *ask, *goal, Step("Hangup")))

    def _queue(self, line: ServiceLine) -> None:
        if line.queue not in self.pbx.queues:
            self.pbx.queues[line.queue] = Queue(line.queue, line.options, self.agenda)
        for interface in line.phones:
            name = self.pbx.phones[interface].name
            membership.add(self.pbx, line.queue, interface, name=name, membership="static")


def usual_office(queues: dict[str, QueueOptions], agents: int, first: int = 201) -> tuple[ServiceLine, ...]:
    """The lines of the demo dial plan: 100 rings two phones, 101 and on are queues, 1001 and on ring two phones each.

    :param queues: the agents are dealt out to them like cards.
    """
    phones = [f"PJSIP/{first + i}" for i in range(agents)]
    lines = [ServiceLine("astctidemo", "100", phones=tuple(phones[:2]))]
    for number, (name, options) in enumerate(queues.items()):
        lines.append(ServiceLine("astctidemo", str(101 + number), name, options, tuple(phones[number :: len(queues)])))
    pairs = (tuple(phones[i : i + 2]) for i in range(2, agents, 2))
    lines.extend(ServiceLine("astctidemo", str(1001 + i), phones=pair) for i, pair in enumerate(pairs))
    return tuple(lines)
