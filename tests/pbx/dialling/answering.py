"""Phones that answer by themselves because a context of the dial plan has them; mixed into each version's tests."""

from __future__ import annotations

from tests.pbx.daemon import Daemon
from tests.pbx.dialling.office import Dialler, DiallingTestCase, House, runtime_xml
from tests.pbx.waiting import sleep

CONTEXT = "autoanswer"
NUMBER = 204  # the one that can


class AnsweringTests(DiallingTestCase):
    """With the setting ``auto_answer_context``."""

    _daemons: dict[House, Daemon] = {}

    async def setUp(self) -> None:
        await super().setUp()
        if self.house not in self._daemons:
            daemon = Daemon(self.house.instance, name="answering")
            runtime = runtime_xml(self.house.instance, auto_answer_context=CONTEXT)
            (daemon.folder / "runtime.xml").write_text(runtime)
            daemon.bootstrap.write_text(daemon.bootstrap.read_text().replace(">onlooker<", ">astcti<"))
            daemon.start()
            self._daemons[self.house] = daemon
        self.daemon = self._daemons[self.house]

    async def agent(self, number: int = NUMBER) -> Dialler:
        """Somebody at a phone."""
        (agent,) = await self.staff(number, daemon=self.daemon)
        return agent

    async def over(self, agent: Dialler) -> None:
        """All is over, at the PBX, at the server, and for the agent: each call has ended, and nothing follows."""
        await self.witness.quiet()
        await sleep(0.5)
        status = self.daemon.ask("status")
        self.assertEqual((status["calls"]["channels"], status["counters"]["faults"]), (0, 0))
        self.assertEqual(status["counters"]["events"]["faults"], 0)
        ends = [e.call.uniqueid for e in agent.of("Hangup")]
        self.assertEqual(set(ends), {e.call.uniqueid for e in agent.events if e.id != "OriginateResponse"})
        self.assertEqual(len(ends), len(set(ends)))

    async def test_answered(self) -> None:
        """The phone is called through the context, which tells it to answer; then all is as with any other call."""
        agent = await self.agent()
        self.phones[NUMBER].expect()
        await agent.dial("0551")
        rings = await self.phones[NUMBER].called()
        assert rings.invite is not None
        self.assertEqual(rings.invite.get("X-Answer"), "now")
        self.assertEqual(rings.invite.get("Call-Info"), "")
        rings.answer()
        self.assertEqual(await agent.outcome(), ("Success", 4))
        link = await agent.told("Link")
        self.assertEqual([a.parameters for a in link.actions], [f"http://crm.example/?dialled=0551&by=op{NUMBER}"])
        self.assertEqual((link.call.direction, link.call.service), ("outbound", "dialtest"))
        self.assertEqual(agent.of("OriginateResponse")[0].call.uniqueid, link.call.uniqueid)
        await self.stage.compare()
        (call,) = self.phones[NUMBER].connected()
        await call.bye()
        await self.over(agent)
        self.assertEqual(len(agent.of("Link")), 1)

    async def test_far_end_hangs_up(self) -> None:
        """The other party ends it."""
        agent = await self.agent()
        await agent.dial("0552")
        await agent.told("Link")
        (call,) = self.outside.connected()
        await call.bye()
        await self.over(agent)

    async def test_own_phone(self) -> None:
        """The phone that is busy, or does not answer after all: the outcome is that of the phone."""
        for mode, reason in (("busy", 5), ("noanswer", 1), ("congestion", 8)):
            agent = await self.agent()
            self.phones[NUMBER].behave(mode, ring=0.2)
            await agent.dial("0553")
            self.assertEqual(await agent.outcome(), ("Failure", reason), f"{mode}: {self.daemon.last_words()}")
            await self.over(agent)
            self.assertEqual(agent.of("Link"), [])
            await agent.leave()

    async def test_others(self) -> None:
        """A phone that cannot is called directly, and so are calls to the phone of somebody who can: they just ring."""
        agent = await self.agent(203)
        self.phones[203].expect()
        await agent.dial("0554")
        rings = await self.phones[203].called()
        assert rings.invite is not None
        self.assertEqual((rings.invite.get("X-Answer"), rings.invite.get("Call-Info")), ("", ""))
        rings.answer()
        await agent.told("Link")
        (call,) = self.phones[203].connected()
        await call.bye()
        await self.over(agent)

    async def test_to_a_colleague(self) -> None:
        """Both ends are of this house: one pop, at the caller."""
        agent, other = await self.agent(), await self.agent(202)
        await agent.dial("202")
        await agent.told("Link")
        await other.told("Link")
        (call,) = self.phones[NUMBER].connected()
        await call.bye()
        await self.over(agent)
        self.assertEqual([len(e.actions) for e in (*agent.of("Link"), *other.of("Link"))], [1, 0])

    async def test_state(self) -> None:
        """Who dials is ringing, then busy, then ready; the phones shown are those of the seat."""
        agent = await self.agent()
        self.phones[NUMBER].expect()
        await agent.dial("0555")
        rings = await self.phones[NUMBER].called()
        clients = {c["operator"]: c for c in self.daemon.ask("clients")}
        mine = clients[f"op{NUMBER}"]
        self.assertEqual((mine["phones"], mine["state"]), ([self.house.instance.interface(NUMBER)], "ringing"))
        rings.answer()
        await agent.told("Link")
        clients = {c["operator"]: c for c in self.daemon.ask("clients")}
        self.assertEqual(clients[f"op{NUMBER}"]["state"], "busy")
        (call,) = self.phones[NUMBER].connected()
        await call.bye()
        await self.over(agent)
        clients = {c["operator"]: c for c in self.daemon.ask("clients")}
        self.assertEqual(clients[f"op{NUMBER}"]["state"], "ready")
