"""Pauses that come of calls: after-call work, calls that were missed, pauses that wait for the end of a call."""

from __future__ import annotations

from datetime import datetime

from astcti.protocols.client import PauseChanged, ServerEvent
from tests.pbx.pausing.office import QUEUE, QUEUES, READY, RINGALL, STATIC, WRAPUP, WRAPUP_SECONDS, PausingTestCase
from tests.pbx.waiting import sleep, until


class CallTests(PausingTestCase):
    """One agent, and callers of the queues."""

    async def test_after_call_work(self) -> None:
        """Paused with the reason ``wrapup`` when the call is over, told until when, and unpaused by itself."""
        await self.begin()
        call = await self.talk()
        await self.shown(READY)
        await call.bye()
        told = await self.told(state="wrapup", paused="all", by="server")
        await self.shown(WRAPUP, "wrapup")
        began, ends = (datetime.fromisoformat(told[name]) for name in ("since", "until"))
        self.assertAlmostEqual((ends - began).total_seconds(), WRAPUP_SECONDS, delta=0.01)
        await self.told(seconds=30, state="ready", paused="none")
        await self.shown(READY)

    async def test_no_after_call_work(self) -> None:
        """Calls of a service that asks for none are followed by none."""
        await self.begin()
        await (await self.talk(extension="103")).bye()
        await self.stage.witness.quiet()
        await self.told(state="ready", paused="none")
        await self.shown(READY)
        self.assertNotIn("wrapup", [state["state"] for state in self.states()])

    async def test_ready(self) -> None:
        """``REDY`` ends it at once, also one that was begun by hand."""
        await self.begin()
        await (await self.talk()).bye()
        await self.told(state="wrapup")
        await self.client.ready()
        await self.shown(READY)
        await self.client.wrap_up()
        await self.shown(WRAPUP, "wrapup")
        await self.told(state="wrapup", by="self")
        await self.client.ready()
        await self.shown(READY)
        await self.told(state="ready")

    async def test_pause_meanwhile(self) -> None:
        """A pause that is asked for during after-call work outlasts it."""
        await self.begin()
        await (await self.talk()).bye()
        told = await self.told(state="wrapup")
        await self.client.pause("lunch")
        self.assertEqual(await self.outcome(), PauseChanged(True))
        ends = datetime.fromisoformat(told["until"])
        await until(lambda: datetime.now(ends.tzinfo) > ends, 30, "the end")
        await sleep(0.5)
        await self.shown(dict.fromkeys(QUEUES, True), "lunch")
        await self.told(state="paused", reason="lunch")

    async def test_two_phones(self) -> None:
        """A call at one phone of the seat is followed by after-call work at both."""
        await self.begin(203)
        both = dict.fromkeys((QUEUE, RINGALL), True)
        await (await self.talk(203)).bye()
        for phone in (203, 204):
            await self.shown(both, "wrapup", phone=phone)
        await self.client.ready()
        for phone in (203, 204):
            await self.shown(dict.fromkeys(both, False), phone=phone)

    async def test_killed(self) -> None:
        """A server that is killed during after-call work ends it when it was to end."""
        await self.begin()
        await (await self.talk()).bye()
        before = await self.told(state="wrapup")
        await self.shown(WRAPUP, "wrapup")
        self.agent.notices.clear()
        self.daemon.kill()
        self.daemon.start()
        await self.told(seconds=40, state="ready")
        await self.shown(READY)
        for state in self.states():
            if state["state"] == "wrapup":
                self.assertEqual((state["since"], state["until"]), (before["since"], before["until"]))

    async def test_out_of_the_queues(self) -> None:
        """With the setting the phone leaves the queues instead; one that the PBX has by itself is paused there."""
        await self.begin(wrapup_mode="remove")
        await (await self.talk()).bye()
        await self.told(state="wrapup", paused="all")
        await self.shown({STATIC: True}, "wrapup")
        self.assertEqual([e.queue for e in await self.client.queues() if e.member], [STATIC])
        await self.told(seconds=30, state="ready", paused="none")
        await self.shown(READY)
        told = self.stage.witness.events
        self.assertEqual({e["Queue"] for e in told if e.get("Event") == "QueueMemberPause"}, {STATIC})
        self.assertEqual({e["Queue"] for e in told if e.get("Event") == "QueueMemberRemoved"}, {QUEUE, RINGALL})

    async def test_missed(self) -> None:
        """Two calls in a row that were not answered pause, and the agent is told why; unpaused they count anew."""
        await self.begin(autopause_missed=2)
        self.stage.phones[201].behave("busy")
        caller = await self.stage.call("101", "41").established()
        await self.told(state="paused", paused="all", reason="missed", by="server", seconds=30)
        await self.shown(dict.fromkeys(QUEUES, True), "missed")
        texts = [n.text for n in self.agent.notices if isinstance(n, ServerEvent) and n.id == "Text"]
        self.assertEqual(len(texts), 1)
        self.assertIn("2 calls in a row", texts[0])
        self.stage.phones[201].behave()
        self.assertIs(await self.client.unpause(), True)
        await until(lambda: any(e.id == "Link" for e in self.agent.events), 20, f"{self.agent.events}")
        await caller.bye()
        await self.told(state="wrapup")

    async def test_pause_after_the_call(self) -> None:
        """With the setting a pause that is asked for during a call begins behind it, instead of after-call work."""
        await self.begin(pause_after_call="yes")
        call = await self.talk()
        self.assertIs(await self.client.pause("lunch"), False)
        await self.told(state="busy", paused="none", awaited="paused")
        await self.shown(READY)
        await call.bye()
        self.assertEqual(await self.outcome(), PauseChanged(True))
        await self.told(state="paused", reason="lunch", by="self")
        await self.shown(dict.fromkeys(QUEUES, True), "lunch")

    async def test_pause_during_the_call(self) -> None:
        """Without it a pause begins at once, and the call goes on."""
        await self.begin()
        call = await self.talk()
        await self.client.pause("lunch")
        self.assertEqual(await self.outcome(), PauseChanged(True))
        await self.shown(dict.fromkeys(QUEUES, True), "lunch")
        await self.told(state="busy", paused="all", reason="lunch")
        self.assertEqual(call.state, "up")
        await call.bye()
        await self.told(state="paused", reason="lunch")
        await self.shown(dict.fromkeys(QUEUES, True), "lunch")
