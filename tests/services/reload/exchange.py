"""The PBX of these tests: the simulator on a real port, its phones in the test's hands, and what it is asked to do."""

from __future__ import annotations

from random import Random
from typing import Any

from twisted.internet import reactor
from twisted.internet.endpoints import TCP4ServerEndpoint

from astcti.simulator.accounts import Account
from astcti.simulator.channel import Channel
from astcti.simulator.dialplan import Step
from astcti.simulator.links import Link, Verb
from astcti.simulator.office import Office, ServiceLine
from astcti.simulator.people import Somebody
from astcti.simulator.phones import Habit
from astcti.simulator.requests import Request
from astcti.simulator.server import SimulatorService
from astcti.simulator.traffic import Conduct, call

LINES = (
    ServiceLine("direct", "100", phones=("PJSIP/201",)),
    ServiceLine("sales", "101", "sales"),
    ServiceLine("support", "102", "support"),
    ServiceLine("night", "103", "night"),
)
PHONES = ("PJSIP/201", "PJSIP/202", "PJSIP/203", "PJSIP/251")
CHANGES = {"queueadd", "queueremove", "queuepenalty", "queuepause"}  # what is written down
CALLER = Somebody("3331234567", "Mario Rossi", "12345")


class Exchange:
    """A PBX with a few phones that ring until a test picks them up.

    :param lines: the numbers that the world can call.
    :param phones: the interfaces inside.
    :ivar asked: each change of a queue's members that somebody asked for: action, queue, phone, and whatever else
        matters to it.
    """

    def __init__(self, lines: tuple[ServiceLine, ...] = LINES, phones: tuple[str, ...] = PHONES) -> None:
        agents = {phone: f"Agent {phone.partition('/')[2]}" for phone in phones}
        self.lines = lines
        accounts = (Account("astcti", "s"), Account("other", "t"))
        self.office = Office(
            lines, agents, Random(1), start=reactor.seconds(), habit=Habit("noanswer"), accounts=accounts
        )
        self.pbx = self.office.pbx
        for context, number in (("outgoing", "2."), ("mobiles", "3.")):
            self.pbx.dialplan.add(context, number, (Step("Dial", "PJSIP/${EXTEN}@trunk,15"), Step("Hangup")))
        self.asked: list[tuple[str, ...]] = []
        verbs = self.office.board.verbs
        self.office.board.verbs = {n: self._noting(v) if n in CHANGES else v for n, v in verbs.items()}
        endpoint = TCP4ServerEndpoint(reactor, 0, interface="127.0.0.1")
        self._service = SimulatorService(reactor, endpoint, self.office)

    def _noting(self, verb: Verb) -> Verb:
        def perform(link: Link, request: Request) -> None:
            what = [verb.name, request.get("Queue"), request.get("Interface")]
            if verb.name != "QueueRemove":
                more = [f"{name}={request.get(name)}" for name in ("Penalty", "Paused", "Reason")]
                what += [each for each in more if not each.endswith("=")]
            self.asked.append(tuple(what))
            verb.perform(link, request)

        return verb._replace(perform=perform)

    async def start(self) -> int:
        """Begin; the port of the manager interface."""
        port = await self._service.listen()
        self._service.startService()
        return int(port.getHost().port)  # type: ignore[attr-defined]

    async def stop(self) -> None:
        """End, if it has not ended yet."""
        if self._service.running:
            await self._service.stopService()

    @property
    def links(self) -> int:
        """Manager links that are logged in."""
        return sum(link.account is not None for link in self.office.board.links)

    def members(self, queue: str) -> dict[str, int]:
        """The phones in a queue, with their penalties."""
        return {m.interface: m.penalty for m in self.pbx.queues[queue].members.values()}

    def call(self, context: str, exten: str = "", who: Somebody = CALLER) -> Channel:
        """Somebody calls a service, or a number inside, keys digits, and talks for as long as the test likes."""
        exten = exten or next(line.exten for line in self.lines if line.context == context)
        caller = call(self.pbx, context, exten, who, Conduct(600.0, 600.0))
        self._service.turn()
        return caller

    def legs(self, phone: str, state: str = "") -> list[Channel]:
        """The channels of a phone, or those in one state."""
        legs = [c for c in self.pbx.channels.values() if c.name.startswith(f"{phone}-")]
        return [leg for leg in legs if state in ("", leg.shown.state)]

    def pick_up(self, phone: str) -> None:
        """Answer what rings at a phone."""
        (leg,) = self.legs(phone, "Ringing")
        self.pbx.pick_up(leg)
        self._service.turn()

    def hang_up(self, channel: Channel) -> None:
        """End a call."""
        self.pbx.hang_up(channel)
        self._service.turn()

    def taken(self) -> list[tuple[Any, ...]]:
        """What was asked since the last look."""
        asked, self.asked = self.asked, []
        return asked
