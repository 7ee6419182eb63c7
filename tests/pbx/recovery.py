"""Whatever breaks between PBX and agent: each answered call pops once, and afterwards all is as the PBX has it."""

from __future__ import annotations

import os
import signal
from typing import Any

from twisted.internet.threads import deferToThread

from astcti.protocols.client import CallEvent
from tests.pbx.agents import Agent, Floor
from tests.pbx.call import Call
from tests.pbx.cutter import Cutter
from tests.pbx.daemon import Daemon
from tests.pbx.instance import Instance
from tests.pbx.live import LiveTestCase
from tests.pbx.stage import SETTLE_SECONDS, Stage
from tests.pbx.waiting import sleep, until

QUEUE = "astcti-queue"
BACK_SECONDS = 60  # the server tries every five to seven seconds, clients every one to three, at first


class FragileDaemon(Daemon):
    """A server whose line to the PBX goes through a cutter."""

    def __init__(self, instance: Instance, cutter: Cutter, name: str) -> None:
        super().__init__(instance, name=name)
        text = self.bootstrap.read_text().replace(">onlooker<", ">astcti<")
        self.bootstrap.write_text(text.replace(f"<port>{instance.ports.ami}<", f"<port>{cutter.port}<"))
        runtime = self.folder / "runtime.xml"
        impatient = {"ami_ping_interval": 2, "ami_response_timeout": 2, "ami_grace": 120}
        chosen = "".join(f'<setting name="{name}">{value}</setting>' for name, value in impatient.items())
        runtime.write_text(runtime.read_text().replace("<settings/>", f"<settings>{chosen}</settings>"))


class RecoveryTests(LiveTestCase):
    """Agents at 201 to 203, a server, and what can happen to the line, to either end of it, and to the server."""

    _serial = 0

    async def setUp(self) -> None:
        await super().setUp()
        await self.floor.close()
        RecoveryTests._serial += 1
        self.cutter = Cutter(self.house.instance.ports.ami)
        self.addCleanup(self.cutter.close)
        self.daemon = FragileDaemon(self.house.instance, self.cutter, f"fragile-{self.major}-{RecoveryTests._serial}")
        await self.start()
        self.addCleanup(self.daemon.stop)
        self.floor = Floor(self.daemon, ())
        self.stage = Stage(self.exchange, self.floor)
        for number in (201, 202, 203):
            # Clients that do not report what they do: being told is all, and must be once.
            self.floor.agents[number] = agent = Agent(number, self.daemon.port, wanted=("errcodes", "events2"))
            self.addCleanup(agent.leave)
            await agent.log_in()
        self.stage.nobody_answers()

    async def start(self) -> None:
        """Start the server; its line goes through this process, which must not stand still meanwhile."""
        await deferToThread(self.daemon.start)

    async def rings(self, number: int, extension: str, digits: str) -> tuple[Call, Call]:
        """Somebody calls, and the phone rings; both calls."""
        self.stage.phones[number].expect()
        caller = self.stage.call(extension, digits)
        return caller, await self.stage.phones[number].called()

    async def link(self, up: bool) -> None:
        """Return when the server knows how its link is."""
        await until(lambda: self.daemon.ask("status")["pbx"]["up"] is up, BACK_SECONDS, f"link {up}")

    async def popped_once(self, *expected: tuple[int, str]) -> None:
        """These screens have popped, once each, and afterwards nothing is left and everybody agrees with the PBX."""
        for number, _ in expected:
            await self.stage.popped(number, seconds=BACK_SECONDS)
        await self.stage.compare()
        for phone in [*self.stage.phones.values(), self.stage.outside]:
            for call in phone.connected():
                await call.bye()
        await self.stage.witness.quiet()
        await sleep(SETTLE_SECONDS)
        await self.stage.compare()
        self.assertEqual(sorted((pop.phone, pop.calldata) for pop in self.floor.pops()), sorted(expected))
        status: Any = self.daemon.ask("status")
        self.assertEqual((status["counters"]["faults"], status["counters"]["events"]["faults"]), (0, 0))
        self.assertEqual(status["calls"]["channels"], 0)

    def links(self, number: int) -> list[CallEvent]:
        """The pops at a phone."""
        return [event for event in self.floor.agents[number].events if event.actions]

    def ended(self, number: int) -> set[str]:
        """The calls at a phone whose end was told."""
        return {event.call.uniqueid for event in self.floor.agents[number].events if event.id == "Hangup"}

    async def test_answered_while_cut(self) -> None:
        """The line is cut while a phone rings, and the call is answered before it is back."""
        _, ringing = await self.rings(201, "100", "1")
        self.cutter.cut()
        await self.link(False)
        ringing.answer()
        await ringing.established()
        self.cutter.mend()
        await self.popped_once((201, "1"))
        self.assertEqual([event.recovered for event in self.links(201)], [True])

    async def test_transferred_while_cut(self) -> None:
        """An agent passes a call on while the line is cut."""
        _, agent = await self.stage.talk(201, "100", "2")
        self.stage.phones[203].behave("answer")
        self.cutter.cut()
        await agent.refer("203")
        await until(self.stage.phones[203].connected, 10, "203 has the call")
        self.cutter.mend()
        await self.popped_once((201, "2"), (203, "2"))

    async def test_hung_up_while_the_line_hangs(self) -> None:
        """The cable is pulled, nobody is told, and a call ends: its agent hears of the end when it is back."""
        caller, _ = await self.stage.talk(201, "100", "3")
        self.cutter.hang()
        await caller.bye()
        await self.stage.witness.quiet()
        await self.link(False)
        self.cutter.mend()
        await self.link(True)
        await until(lambda: self.floor.agents[201].events[-1].id == "Hangup", 10, "end of the call")
        await self.popped_once((201, "3"))

    async def test_rubbish(self) -> None:
        """The line is spoilt: what cannot be understood costs no call."""
        self.cutter.spoil(b"\r\n\r\nEvent: Hangup\r\nUniqueid\xff\xfe\r\n:\r\n\r\n" + b"\0" * 3000 + b"\r\n\r\n")
        await self.stage.talk(201, "100", "4")
        self.stage.nobody_answers()
        self.cutter.spoil(b"x" * (3 << 20))
        _, ringing = await self.rings(202, "100", "5")
        ringing.answer()
        await ringing.established()
        await self.link(True)
        await self.popped_once((201, "4"), (202, "5"))

    async def test_client_cut_in_a_call(self) -> None:
        """Clients are cut off, one in a call and one while its phone rings: both are told so, and how it goes on."""
        caller, _ = await self.stage.talk(201, "100", "c")
        self.stage.nobody_answers()
        _, ringing = await self.rings(202, "100", "d")
        await until(lambda: any(e.id == "Callerid" for e in self.floor.agents[202].events), 10, "202 rings")
        for number in (201, 202):
            agent = self.floor.agents[number]
            told, client = len(agent.events), agent.service.client
            assert client is not None
            client.transport.abortConnection()
            await until(lambda: agent.service.client not in (None, client), BACK_SECONDS, "back")  # noqa: B023
            await until(lambda: len(agent.events) > told + 1, 10, "told again")  # noqa: B023
            await sleep(SETTLE_SECONDS)
            again = [(e.id, e.recovered, len(e.actions)) for e in agent.events[told:]]
            rings = [("Newchannel", True, 0), ("Callerid", True, 0), ("Newstate", True, 0)]
            talks = [("Newchannel", True, 0), ("Link", True, 0)]
            self.assertEqual(again, [*talks, *rings] if number == 201 else rings)  # the service rings both
        ringing.answer()
        await ringing.established()
        await caller.bye()
        theirs = {e.call.uniqueid for e in self.floor.agents[201].events}
        await until(lambda: self.ended(201) == theirs, 10, "ends of both calls")
        await self.popped_once((201, "c"), (202, "d"))
        self.assertEqual(self.floor.agents[202].events[-1].id, "Hangup")

    async def test_server_killed(self) -> None:
        """The server is killed in the middle of calls: what popped does not again, what is answered meanwhile does."""
        await self.stage.talk(201, "100", "6")
        self.stage.nobody_answers()
        _, ringing = await self.rings(202, "100", "7")
        await sleep(0.5)
        self.daemon.kill()
        ringing.answer()
        await ringing.established()
        await self.start()
        await self.popped_once((201, "6"), (202, "7"))

    async def test_server_killed_at_the_answer(self) -> None:
        """The server is killed at the very moment at which a call is answered."""
        for delay in (0.0, 0.02, 0.05, 0.1):
            _, ringing = await self.rings(202, "100", f"8{delay}")
            ringing.answer()
            await sleep(delay)
            self.daemon.kill()
            await ringing.established()
            await self.start()
            await until(lambda: self.links(202), BACK_SECONDS, "pop")
            await ringing.bye()
            await self.stage.witness.quiet()
            await until(lambda: self.floor.agents[202].service.client is not None, BACK_SECONDS, "login")
            await sleep(SETTLE_SECONDS)
            self.assertEqual([dict(e.call.variables)["calldata"] for e in self.links(202)], [f"8{delay}"])
            self.floor.agents[202].events.clear()

    async def test_queues_after_a_kill(self) -> None:
        """Nobody is lost from a queue, left in one, or un-paused when the server is killed and comes back."""
        client = self.floor.agents[202].service.client
        assert client is not None
        await client.command("PAUSE IN reason=lunch")
        await until(lambda: self.floor.agents[202].notices, 5, "pause")
        await self.members(paused={202})
        self.daemon.kill()
        await self.start()
        for agent in self.floor.agents.values():
            await until(lambda agent=agent: agent.service.client is not None, BACK_SECONDS, "login")
        await self.members(paused={202})
        await self.stage.compare()

    async def test_pbx_killed(self) -> None:
        """The PBX is killed and comes back: members and pauses are as before, and queue calls pop."""
        client = self.floor.agents[202].service.client
        assert client is not None
        await client.command("PAUSE IN")
        await self.members(paused={202})
        await self.stage.talk(201, "100", "9")
        await self.exchange.close()
        os.kill(self.house.instance.pid, signal.SIGKILL)
        self.house.instance.stop(keep=True)
        await self.link(False)
        self.house.instance.start()
        await self.link(True)
        await self.exchange.open()
        self.stage = Stage(self.exchange, self.floor)
        self.stage.nobody_answers()
        await self.members(paused={202})
        self.assertEqual(self.floor.agents[201].events[-1].id, "Hangup")
        _, ringing = await self.rings(203, "101", "10")
        ringing.answer()
        await ringing.established()
        await self.stage.popped(203, seconds=BACK_SECONDS)

    async def members(self, paused: set[int]) -> None:
        """Return when everybody is in the queue, these of them paused."""
        wanted = {self.stage.interface(n): n in paused for n in (201, 202, 203)}
        found: dict[str, bool] = {}
        for _ in range(100):
            members = await self.stage.witness.members(QUEUE)
            found = {interface: m["Paused"] == "1" for (_, interface), m in members.items()}
            if found == wanted:
                return
            await sleep(0.1)
        raise AssertionError(f"{found}, not {wanted}")
