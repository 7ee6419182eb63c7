"""What becomes of calls that agents begin; mixed into the tests of each version."""

from __future__ import annotations

from twisted.internet.defer import gatherResults

from astcti.errors import Refused
from tests.pbx.dialling.office import NOBODY, DiallingTestCase
from tests.pbx.waiting import sleep, until


class OutcomeTests(DiallingTestCase):
    """One call at a time, then several."""

    async def test_answered(self) -> None:
        """The own phone rings and answers, the other party answers: told as such, one pop, a normal end."""
        (agent,) = await self.staff(201)
        await agent.dial("0551234567")
        self.assertEqual(await agent.outcome(), ("Success", 4))
        answered = await self.outside.called()
        link = await agent.told("Link")
        (action,) = link.actions
        self.assertEqual(action.parameters, "http://crm.example/?dialled=0551234567&by=op201")
        self.assertEqual((link.call.direction, link.call.service), ("outbound", "dialtest"))
        response = agent.of("OriginateResponse")[0].call
        self.assertEqual((response.uniqueid, response.exten), (link.call.uniqueid, "0551234567"))
        self.assertTrue(response.channel.startswith("PJSIP/201-") or response.channel.startswith("SIP/201-"))
        self.assertEqual((response.number, response.name), ("201", "Operator 201"))
        assert answered.invite is not None
        self.assertIn("201", answered.invite.get("From"))
        await answered.established()
        await answered.bye()
        self.assertEqual(await agent.ending(), 16)
        self.assertEqual(len(agent.of("Link")), 1)
        await self.quiet()

    async def own_phone(self, mode: str) -> tuple[str, int | None]:
        """What is told when the own phone behaves like that; the other party is never called."""
        (agent,) = await self.staff(202)
        self.phones[202].behave(mode, ring=0.5)
        await agent.dial("0551")
        outcome = await agent.outcome()
        await self.quiet()
        self.assertEqual(await agent.outcome(), outcome)
        self.assertEqual((agent.kinds[-1], self.outside.calls), ("Hangup", {}))
        return outcome

    async def test_own_busy(self) -> None:
        """The own phone is busy."""
        self.assertEqual(await self.own_phone("busy"), ("Failure", 5))

    async def test_own_declines(self) -> None:
        """The own phone declines."""
        self.assertEqual(await self.own_phone("reject"), ("Failure", 5))

    async def test_own_congestion(self) -> None:
        """The own phone is out of order."""
        self.assertEqual(await self.own_phone("congestion"), ("Failure", 8))

    async def test_own_no_answer(self) -> None:
        """Nobody picks up the own phone, or it does not even react."""
        self.assertEqual(await self.own_phone("noanswer"), ("Failure", 1))

    async def test_own_not_there(self) -> None:
        """The own phone is not known to the PBX."""
        (agent,) = await self.staff(NOBODY)
        await agent.dial("0551")
        self.assertEqual(await agent.outcome(), ("Failure", 8))
        await agent.dial("0551")
        await agent.told("OriginateResponse", times=2)
        await self.quiet()

    async def test_own_not_registered(self) -> None:
        """The own phone is known, but was unplugged."""
        (agent,) = await self.staff(205)
        await self.phones[205].unregister()
        await agent.dial("0551")
        self.assertEqual(await agent.outcome(), ("Failure", 8))
        await self.quiet()

    async def far_end(self, mode: str, number: str = "0551") -> int | None:
        """The cause told when the other party behaves like that; the agent's phone answers."""
        (agent,) = await self.staff(203)
        self.outside.behave(mode, ring=0.5)
        await agent.dial(number)
        self.assertEqual(await agent.outcome(), ("Success", 4))
        cause = await agent.ending()
        self.assertEqual(agent.of("Link"), [])
        await self.quiet()
        return cause

    async def test_far_busy(self) -> None:
        """The other party is busy."""
        self.assertEqual(await self.far_end("busy"), 17)

    async def test_far_no_answer(self) -> None:
        """The other party does not answer."""
        self.assertEqual(await self.far_end("noanswer"), 19)

    async def test_far_congestion(self) -> None:
        """The line is congested."""
        self.assertEqual(await self.far_end("congestion"), 34)

    async def test_far_missing(self) -> None:
        """The provider knows no such number."""
        self.assertEqual(await self.far_end("missing"), 1)

    async def test_far_not_there(self) -> None:
        """The dial plan calls a phone that is not there."""
        self.assertIn(await self.far_end("answer", "299"), (3, 20))

    async def test_gives_up(self) -> None:
        """The agent hangs up while the other party rings."""
        (agent,) = await self.staff(203)
        self.outside.behave("noanswer")
        await agent.dial("0551")
        await agent.outcome()
        await self.outside.called()
        (call,) = self.phones[203].connected()
        await call.bye()
        self.assertEqual(await agent.ending(), 16)
        await self.quiet()

    async def test_no_such_number(self) -> None:
        """The dial plan has no such number: refused, in the PBX's words."""
        (agent,) = await self.staff(201)
        with self.assertRaises(Refused) as caught:
            await agent.dial("777")
        self.assertEqual(
            (caught.exception.number, caught.exception.reason), (906, "refused by the PBX: Extension does not exist.")
        )
        self.assertEqual(agent.events, [])

    async def test_colleague(self) -> None:
        """A call to a colleague pops at the caller only, and both hear its end."""
        first, second = await self.staff(201, 202)
        await first.dial("202")
        await first.told("Link")
        await second.told("Link")
        await sleep(0.3)
        (call,) = self.phones[201].connected()
        await call.bye()
        self.assertEqual((await first.ending(), await second.ending()), (16, 16))
        self.assertEqual((len(first.of("Link")[0].actions), len(second.of("Link")[0].actions)), (1, 0))
        await self.quiet()

    async def test_auto_answer(self) -> None:
        """A phone that can answer by itself is told to, the others are not."""
        for number, wanted in ((204, True), (203, False)):
            (agent,) = await self.staff(number)
            self.phones[number].expect()
            await agent.dial("0551")
            rings = await self.phones[number].called()
            assert rings.invite is not None
            self.assertEqual("answer-after=0" in rings.invite.get("Call-Info"), wanted)
            self.assertEqual("info=alert-autoanswer" in rings.invite.get("Alert-Info"), wanted)
            await agent.told("Link")
            (call,) = self.phones[number].connected()
            await call.bye()
            await self.quiet()

    async def test_several(self) -> None:
        """Five at once, each with another fate: everybody hears their own."""
        numbers = (201, 202, 203, 204, 205)
        agents = await self.staff(*numbers)
        for number, mode in zip(numbers, ("answer", "busy", "noanswer", "congestion", "answer"), strict=True):
            self.phones[number].behave(mode)
        await gatherResults([agent.dialling(f"055{agent.number}") for agent in agents])
        outcomes = [await agent.outcome() for agent in agents]
        self.assertEqual([reason for _, reason in outcomes], [4, 5, 1, 8, 4])
        for agent in (agents[0], agents[4]):
            link = await agent.told("Link")
            self.assertEqual(dict(link.call.variables)["calldata"], f"055{agent.number}")
            (call,) = self.phones[agent.number].connected()
            await call.bye()
        for agent in agents:
            await agent.ending()
            self.assertEqual(agent.of("OriginateResponse")[0].call.exten, f"055{agent.number}")
        await self.quiet()

    async def test_again_and_again(self) -> None:
        """Ten calls one after the other from one phone: ten outcomes, ten pops, nothing left over."""
        (agent,) = await self.staff(201)
        for n in range(1, 11):
            await agent.dial(f"055{n:04}")
            link = await agent.told("Link", times=n)
            self.assertEqual(link.call.exten, f"055{n:04}")
            (call,) = self.phones[201].connected()
            await call.bye()
            await until(lambda: not self.phones[201].connected(), 5, "end")
            await agent.told("Hangup", times=n)
        self.assertEqual([e.call.state for e in agent.of("OriginateResponse")], ["Success"] * 10)
        self.assertEqual(len({e.call.uniqueid for e in agent.of("OriginateResponse")}), 10)
        self.assertEqual([len(e.actions) for e in agent.of("Link")], [1] * 10)
        await self.quiet()
