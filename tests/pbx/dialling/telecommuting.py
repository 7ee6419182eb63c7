"""Agents whose calls go to a number elsewhere; mixed into the tests of each version."""

from __future__ import annotations

from collections.abc import Collection

from astcti.errors import Refused
from astcti.protocols.client import CTIClient
from tests.pbx.call import Call
from tests.pbx.dialling.office import Dialler, DiallingTestCase
from tests.pbx.waiting import sleep, until

QUEUE = "astcti-queue"
HOME = "0551234567"


def local(number: str) -> str:
    """The member that stands for a number."""
    return f"Local/{number}@dialtest/n"


class TelecommutingTests(DiallingTestCase):
    """Queues, calls, pauses, and the way home, with the state of the PBX compared each time."""

    async def shown(self, *interfaces: str, paused: Collection[str] = ()) -> None:
        """Return when the PBX has these members in the queue, and the server believes the same."""
        wanted = {interface: interface in paused for interface in interfaces}
        found: dict[str, bool] = {}
        for _ in range(80):
            members = await self.witness.members(QUEUE)
            found = {interface: m["Paused"] == "1" for (_, interface), m in members.items()}
            if found == wanted:
                break
            await sleep(0.1)
        self.assertEqual(found, wanted)
        await self.stage.compare()

    async def away(self, number: int, home: str = HOME) -> Dialler:
        """An agent who is at home, where the phone takes calls."""
        (agent,) = await self.staff(number)
        await agent.tele(home)
        return agent

    @staticmethod
    def client(agent: Dialler) -> CTIClient:
        assert agent.service.client is not None
        return agent.service.client

    async def over(self, *agents: Dialler) -> None:
        """All calls are over, for the PBX, the server and these agents."""
        await self.quiet()
        await self.stage.compare()
        for agent in agents:
            for uniqueid, kinds in agent.calls().items():
                self.assertEqual(kinds[-1], "Hangup", f"{uniqueid}: {kinds}")

    async def queue_call(self, digits: str, agent: Dialler) -> tuple[Call, Call]:
        """Somebody calls the queue and an agent answers at home; both calls, once the screen has popped."""
        self.outside.expect()
        caller = self.stage.call("101", digits)
        answered = await self.outside.called(20)
        link = await agent.told("Link", seconds=15)
        self.assertEqual((link.call.queue, dict(link.call.variables)["calldata"]), (QUEUE, digits))
        return await caller.established(), await answered.established()

    async def test_there_and_back(self) -> None:
        """The queue's member goes along, and comes back; the desk's phone is none meanwhile."""
        agent = await self.away(201)
        await self.shown(local(HOME))
        await agent.tele("0552")
        await self.shown(local("0552"))
        await agent.tele("OFF")
        await self.shown(self.exchange.interface(201))
        await agent.tele(HOME)
        await self.shown(local(HOME))
        await agent.leave()
        await self.shown()

    async def test_queue_call(self) -> None:
        """A call of the queue rings at home, and the screen of whoever answers there pops, once, and no other."""
        other, bystander = await self.staff(202, 203)
        await other.tele("0559")
        agent = await self.away(201)
        for one in (other, bystander):
            await self.client(one).pause()
        desk = self.exchange.interface(203)
        await self.shown(local(HOME), local("0559"), desk, paused={local("0559"), desk})
        caller, answered = await self.queue_call("4711", agent)
        await self.stage.compare()
        assert answered.invite is not None
        self.assertIn(HOME, answered.invite.get("To"))
        await sleep(0.5)
        self.assertEqual([len(event.actions) for event in agent.of("Link")], [1])
        self.assertEqual((other.events, bystander.events), ([], []))
        await answered.bye()
        await caller.ended()
        await self.over(agent)
        self.assertEqual([len(event.actions) for event in agent.of("Link")], [1])

    async def test_caller_hangs_up_then_another(self) -> None:
        """The caller ends it, and the next call pops again: nothing of the first is left."""
        agent = await self.away(201)
        await self.shown(local(HOME))
        for times, digits in ((1, "1"), (2, "2")):
            self.outside.expect()
            caller = self.stage.call("101", digits)
            await self.outside.called(20)
            link = await agent.told("Link", seconds=15, times=times)
            self.assertEqual(dict(link.call.variables)["calldata"], digits)
            await (await caller.established()).bye()
            await self.over(agent)
        self.assertEqual(len({event.call.uniqueid for event in agent.of("Link")}), 2)

    async def test_not_at_home(self) -> None:
        """Nobody answers at home: no pop; the queue goes on to a colleague at the desk, whose screen does."""
        agent = await self.away(201)
        await self.shown(local(HOME))
        self.outside.behave("noanswer")
        caller = self.stage.call("101", "4712")
        await self.outside.called(20)
        (colleague,) = await self.staff(202)
        link = await colleague.told("Link", seconds=25)
        self.assertEqual(dict(link.call.variables)["calldata"], "4712")
        self.assertEqual(agent.of("Link"), [])
        await (await caller.established()).bye()
        await self.over(agent, colleague)

    async def test_dials(self) -> None:
        """``ORIG`` rings at home first, then the number; one outcome, one pop, and the other party's number."""
        agent = await self.away(201)
        await self.shown(local(HOME))
        self.outside.expect()
        await agent.dial("0666")
        first = await self.outside.called()
        second = await self.outside.called()
        await until(lambda: agent.of("Link"), 15, f"pop among {agent.kinds}")
        assert first.invite is not None and second.invite is not None
        self.assertIn(HOME, first.invite.get("To"))
        self.assertIn("0666", second.invite.get("To"))
        self.assertEqual(await agent.outcome(), ("Success", 4))
        link = agent.of("Link")[0].call
        self.assertEqual((link.direction, link.service, link.exten), ("outbound", "dialtest", "0666"))
        await self.stage.compare()
        await (await second.established()).bye()
        await self.over(agent)
        self.assertEqual([len(event.actions) for event in agent.of("Link")], [1])

    async def test_dials_in_vain(self) -> None:
        """The phone at home is busy, or nobody is there: told as such, and the number is never dialled."""
        agent = await self.away(201)
        for times, (mode, reason) in enumerate((("busy", 5), ("congestion", 8), ("missing", 0), ("noanswer", 1)), 1):
            self.outside.behave(mode)
            await agent.dial("0666")
            told = await agent.told("OriginateResponse", times=times)
            self.assertEqual((told.call.state, told.call.reason_code), ("Failure", reason), mode)
            await self.witness.quiet()
        self.assertEqual([c for c in self.outside.calls.values() if c.invite and "0666" in c.invite.get("To")], [])
        await self.over(agent)

    async def test_pause(self) -> None:
        """A pause is one of the member that stands for home, and goes along."""
        agent, desk = await self.away(201), self.exchange.interface(201)
        await self.shown(local(HOME))
        await self.client(agent).pause("lunch")
        await self.shown(local(HOME), paused={local(HOME)})
        await agent.tele("OFF")
        await self.shown(desk, paused={desk})
        await agent.tele(HOME)
        await self.shown(local(HOME), paused={local(HOME)})
        await self.client(agent).unpause()
        await self.shown(local(HOME))

    async def test_during_a_call(self) -> None:
        """In the middle of a call the mode stays, and afterwards it can be changed."""
        agent = await self.away(201)
        await self.shown(local(HOME))
        caller, answered = await self.queue_call("4713", agent)
        with self.assertRaises(Refused) as caught:
            await agent.tele("OFF")
        self.assertEqual(caught.exception.number, 903)
        await answered.bye()
        await caller.ended()
        await self.over(agent)
        await agent.tele("OFF")
        await self.shown(self.exchange.interface(201))

    async def test_cable_pulled(self) -> None:
        """Who vanishes leaves no member behind; who comes back is at the desk."""
        agent = await self.away(201)
        await self.shown(local(HOME))
        self.client(agent).transport.abortConnection()
        await self.shown(self.exchange.interface(201))
        await agent.leave()
        await self.shown()
