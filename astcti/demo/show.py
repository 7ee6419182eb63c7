"""The demonstration itself: begins everything in order, tells what happens, and ends it in order."""

from __future__ import annotations

import random
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from twisted.internet.defer import Deferred, gatherResults
from twisted.internet.endpoints import TCP4ServerEndpoint
from twisted.internet.task import LoopingCall, deferLater

from astcti.client.agent import Agent
from astcti.client.happenings import CallEvent, Happening, LoggedIn, Lost, Rejected
from astcti.config.model import Operator
from astcti.demo import stage
from astcti.demo.screen import Screen, Write
from astcti.demo.stories import Stories
from astcti.demo.verification import Verification
from astcti.protocols.client import Profile, digest_of
from astcti.simulator import membership
from astcti.simulator.channel import Channel
from astcti.simulator.phones import Phone
from astcti.simulator.server import SimulatorService
from astcti.tap import build_tree

LOGIN_SECONDS = 20.0  # for all agents to be in their seats
STRAGGLERS_SECONDS = 0.5  # at the end, for what is under way to arrive
LATE_SECONDS = 10.0  # and for pops that are not there by then; on a busy machine they take their time
LOOK_SECONDS = 0.5  # how often to look whether the guest is there


class Demo:
    """PBX, server, agents and calls in one process.

    :param agents: how many, at most those of the configuration.
    :param rate: calls a second.
    :param seed: the same number gives the same calls again.
    """

    def __init__(self, reactor: Any, write: Write, *, agents: int, rate: float, seed: int | None = None) -> None:
        self._reactor = reactor
        self._chance = random.Random(seed)  # noqa: S311  (callers, not keys)
        self._began = reactor.seconds()
        self.screen = Screen(write, lambda: reactor.seconds() - self._began)
        self.found = Verification()
        self._configuration = stage.configuration(agents)
        self._office = stage.office(self._configuration, self._chance, reactor.seconds())
        endpoint = TCP4ServerEndpoint(reactor, 0, interface="127.0.0.1")
        self._pbx = SimulatorService(reactor, endpoint, self._office)
        self._rate = rate
        self._server: Any = None
        self._state = TemporaryDirectory(prefix="astcti-demo-")
        self._agents: list[Agent] = []
        self._names: dict[str, str] = {}
        self._seated: Deferred[None] = Deferred()
        pbx = self._office.pbx
        self.stories = Stories(
            pbx, self._chance, 1 / rate, on_moved=self._moved, on_missed=self._missed
        )  # fmt: skip
        pbx.on_conversation.append(self._talk)
        self._guest = LoopingCall(self._look_for_guest)
        self._guest.clock = reactor

    # -- beginning and end

    async def start(self) -> None:
        """Begin: PBX, server, agents, and then the calls."""
        ami: Any = (await self._pbx.listen()).getHost()
        self._pbx.startService()
        self._server = build_tree(
            self._reactor, stage.bootstrap(ami.port, Path(self._state.name)), self._configuration, control=False
        )
        self._server.startService()
        await self._server.ready
        cti: Any = next(iter(self._server.door.ports.values())).getHost()
        *operators, guest = self._configuration.operators
        for operator in operators:
            self._hire(operator, f"tcp:127.0.0.1:{cti.port}")
        self._guest.start(LOOK_SECONDS)
        phone = stage.phone_of(guest, self._configuration)
        self.screen.banner(
            len(operators), f"127.0.0.1:{ami.port}", f"127.0.0.1:{cti.port}", guest.username, phone, stage.PASSWORD
        )  # fmt: skip
        await self._seated.addTimeout(LOGIN_SECONDS, self._reactor)
        self._office.agenda.run(self._reactor.seconds())
        self.stories.start()
        self._pbx.turn()

    def _hire(self, operator: Operator, server: str) -> None:
        phone = stage.phone_of(operator, self._configuration)
        self._names[phone] = operator.full_name
        profile = Profile(username=operator.username, digest=digest_of(stage.PASSWORD), extension=phone)
        agent = Agent(self._reactor, server, profile, lambda happening: self._happened(phone, happening))
        self._agents.append(agent)
        agent.startService()

    async def stop(self) -> bool:
        """End; say what there was.

        :returns: whether everything was as it should be.
        """
        self.stories.stop()
        if self._guest.running:
            self._guest.stop()
        await deferLater(self._reactor, STRAGGLERS_SECONDS)
        latest = self._reactor.seconds() + LATE_SECONDS
        while self.found.lost and self._reactor.seconds() < latest:
            await deferLater(self._reactor, STRAGGLERS_SECONDS)
        stories, found = self.stories, self.found
        self.screen.summary(stories.calls, stories.answered, stories.missed, stories.moved, found)
        await gatherResults([agent.stopService() for agent in self._agents])
        if self._server is not None:
            await self._server.stopService()
        self._state.cleanup()
        await self._pbx.stopService()
        return found.perfect and bool(found.pops or not stories.answered)

    # -- what happens

    def _happened(self, phone: str, happening: Happening) -> None:
        name = self._names[phone]
        match happening:
            case LoggedIn():
                self.found.present.add(phone)
                if len(self.found.present) == len(self._agents) and not self._seated.called:
                    self._seated.callback(None)
            case Lost(reason=reason) | Rejected(reason=reason):
                self.found.present.discard(phone)
                self.screen.note(f"{name} is not connected: {reason}")
            case CallEvent(id="Link", call=call, actions=actions) if actions:
                after = self.found.pop(phone, call, self._reactor.seconds())
                shown = "?" if after is None else f"{after * 1000:.1f} ms"
                digits = dict(call.variables).get("calldata", "")
                self.screen.line(
                    "pop", name, phone, call.service, call.name, call.number, digits, shown, last=actions[0].parameters
                )  # fmt: skip

    def _talk(self, caller: Channel, leg: Channel) -> None:
        if caller.phone is self._office.pbx.trunk:
            shown, now = caller.shown, self._reactor.seconds()
            self.found.talk(caller.uniqueid, leg.interface, shown.number, caller.keys, now)

    def _moved(self, leg: Channel, caller: Channel, colleague: Phone) -> None:
        shown = caller.shown
        last = f"sent on to {colleague.name} at {colleague.interface}"
        self.screen.line(
            "move", self._names.get(leg.interface, "Guest"), leg.interface, "", shown.caller, shown.number, caller.keys,
            "", last=last,
        )  # fmt: skip

    def _missed(self, caller: Channel) -> None:
        shown = caller.shown
        self.screen.line(
            "miss", "", "", shown.context, shown.caller, shown.number, caller.keys, "", last="nobody answered: no pop"
        )

    def _look_for_guest(self) -> None:
        """Calls come to the guest only while somebody sits there."""
        operator = self._configuration.operators[-1]
        phone = stage.phone_of(operator, self._configuration)
        away = phone not in self._server.desk.floor.at_phone
        member = self._office.pbx.queues[stage.SUPPORT].members[phone]
        if member.paused != away:
            membership.pause(self._office.pbx, "", phone, away)
            self._pbx.turn()
