"""Pauses and after-call work on a real Asterisk; mixed into the tests of each version."""

from __future__ import annotations

import signal
from typing import Any

from astcti.protocols.client import CTIClient, PauseChanged, ServerEvent
from tests.pbx.agents import Agent, Floor
from tests.pbx.daemon import Daemon, password_of
from tests.pbx.instance import Instance
from tests.pbx.live import LiveTestCase
from tests.pbx.stage import Stage
from tests.pbx.waiting import sleep, until
from tests.pbx.witness import Event

QUEUE, RINGALL, STATIC = QUEUES = ("astcti-queue", "astcti-ringall", "astcti-static")
WRAPUP_SECONDS = 2

RUNTIME = """<astcti version="2" timestamp="1"><settings>
<setting name="autopause_missed">2</setting><setting name="pause_after_call">{after_call}</setting></settings><actions/>
<services><service id="1" name="demo-queue" type="INBOUND" queue="astcti-queue" wrapup="2"/>
<service id="2" name="demo-ringall" type="INBOUND" queue="astcti-ringall"/>
<service id="3" name="demo-static" type="INBOUND" queue="astcti-static"/></services>
<seats><seat id="201" exten="{phone}"/></seats>
<operators><operator id="201" username="op201" fullname="Operator 201" seat="201" password="{digest}">
<serviceref id="1"/><serviceref id="2"/><serviceref id="3"/></operator></operators></astcti>"""


class PausingDaemon(Daemon):
    """A server whose one operator works on three queues, one of them with after-call work."""

    def __init__(self, instance: Instance, name: str, *, after_call: str = "no") -> None:
        super().__init__(instance, name=name)
        from astcti.protocols.client import digest_of

        runtime = RUNTIME.format(
            after_call=after_call, phone=instance.interface(201), digest=digest_of(password_of("op201"))
        )
        (self.folder / "runtime.xml").write_text(runtime)
        self.bootstrap.write_text(self.bootstrap.read_text().replace(">onlooker<", ">pausing<"))

    def kill(self) -> None:
        """End it without a word."""
        assert self._process is not None
        self._process.send_signal(signal.SIGKILL)
        self._process.wait()


class PausingTests(LiveTestCase):
    """One agent at 201 and the server, with three queues of a real PBX between them."""

    _serial = 0

    async def setUp(self) -> None:
        await super().setUp()
        await self.floor.close()
        self.daemon = self.begin()

    def begin(self, **settings: Any) -> PausingDaemon:
        PausingTests._serial += 1
        daemon = PausingDaemon(self.house.instance, f"pausing-{self.major}-{PausingTests._serial}", **settings)
        daemon.start()
        self.addCleanup(daemon.stop)
        return daemon

    async def sit(self, daemon: PausingDaemon | None = None) -> Agent:
        """The agent is logged in, and a member of all three queues."""
        self.serving = daemon or self.daemon
        agent = Agent(201, self.serving.port)
        self.addCleanup(agent.leave)
        await agent.log_in()
        self.agent = agent
        self.stage = Stage(self.exchange, self)
        for queue in (QUEUE, RINGALL):
            await self.stage.witness.act("QueueAdd", Queue=queue, Interface=self.stage.interface(201))
        await self.shown(dict.fromkeys(QUEUES, False))
        return agent

    @property
    def client(self) -> CTIClient:
        client = self.agent.service.client
        assert client is not None
        return client

    def pops(self) -> list[Any]:
        return []

    async def members(self) -> dict[str, Event]:
        """201's memberships as the PBX has them, by queue."""
        members = await self.stage.witness.members()
        return {q: m for (q, i), m in members.items() if i == self.stage.interface(201)}

    async def shown(self, paused: dict[str, bool], reason: str | None = None, seconds: float = 5) -> None:
        """Return when the PBX shows these pauses, each with that reason, and the server believes the same."""
        found: dict[str, Event] = {}
        for _ in range(round(seconds / 0.1)):
            found = await self.members()
            if {q: m["Paused"] == "1" for q, m in found.items()} == paused:
                break
            await sleep(0.1)
        self.assertEqual({q: m["Paused"] == "1" for q, m in found.items()}, paused)
        if reason is not None:
            self.assertEqual({m["PausedReason"] for m in found.values() if m["Paused"] == "1"}, {reason})
        await self.stage.compare()

    def states(self) -> list[dict[str, str]]:
        """What the agent was told of its own state, oldest first."""
        return [dict(n.attributes) for n in self.agent.notices if isinstance(n, ServerEvent) and n.id == "AgentState"]

    async def told(self, seconds: float = 5, **attributes: str) -> dict[str, str]:
        """Return when the newest overall state has these attributes."""

        def newest() -> dict[str, str] | None:
            overall = [s for s in self.states() if "queue" not in s]
            fits = overall and all(overall[-1].get(name) == value for name, value in attributes.items())
            return overall[-1] if fits else None

        return await until(newest, seconds, f"{attributes} in {self.states()}")

    async def outcome(self, count: int = 1, seconds: float = 12) -> PauseChanged:
        """The outcome of the newest ``PAUSE IN``, ``count``-th of all."""
        outcomes = lambda: [n for n in self.agent.notices if isinstance(n, PauseChanged) and n.asked]  # noqa: E731
        await until(lambda: len(outcomes()) >= count, seconds, f"outcome in {self.agent.notices}")
        return outcomes()[-1]

    # -- asked by the operator

    async def test_pause(self) -> None:
        """Pending, then confirmed in all three queues with the reason; unpaused again; repeating is no toggle."""
        await self.sit()
        self.assertIs(await self.client.pause("lunch, 50% off"), False)
        self.assertEqual(await self.outcome(), PauseChanged(True))
        await self.shown(dict.fromkeys(QUEUES, True), "lunch, 50% off")
        await self.told(state="paused", paused="all", reason="lunch, 50% off", by="self")
        self.assertIs(await self.client.pause("training"), False)
        await self.outcome(2)
        await self.shown(dict.fromkeys(QUEUES, True), "training")
        for _ in range(2):
            self.assertIs(await self.client.unpause(), True)
            await self.shown(dict.fromkeys(QUEUES, False))
        await self.told(state="ready", paused="none")
        await self.stage.compare()

    async def test_supervisor(self) -> None:
        """A supervisor's pause at the PBX is noticed with its reason, and so is its end; nothing is overruled."""
        await self.sit()
        phone = self.stage.interface(201)
        await self.stage.witness.act("QueuePause", Interface=phone, Paused="true", Reason="meeting")
        await self.told(state="paused", paused="all", reason="meeting", by="supervisor")
        await self.stage.witness.act("QueuePause", Interface=phone, Paused="false")
        await self.told(state="ready", paused="none")
        await self.stage.witness.act("QueuePause", Interface=phone, Queue=RINGALL, Paused="true", Reason="training")
        await self.told(state="ready", paused="partly")
        await self.shown({QUEUE: False, RINGALL: True, STATIC: False}, "training")

    async def test_one_queue(self) -> None:
        """A pause in one queue is shown in that one only."""
        await self.sit()
        await self.client.command(f"PAUSE IN queue={RINGALL} reason=training")
        await self.shown({QUEUE: False, RINGALL: True, STATIC: False}, "training")
        await self.told(state="ready", paused="partly")
        self.assertIs(await self.client.unpause(), True)
        await self.shown(dict.fromkeys(QUEUES, False))

    async def test_after_call_work(self) -> None:
        """Begun by hand and ended by ``REDY``, the PBX shows it as a pause with its reason."""
        await self.sit()
        await self.client.command("WRAP ON")
        await self.shown(dict.fromkeys(QUEUES, True), "wrapup")
        await self.told(state="wrapup", by="self")
        await self.client.command("REDY")
        await self.shown(dict.fromkeys(QUEUES, False))
        await self.told(state="ready")

    async def test_killed(self) -> None:
        """Who is paused stays so when the server is killed, for the same reason and since the same time."""
        await self.sit()
        self.assertIs(await self.client.pause("lunch"), False)
        await self.shown(dict.fromkeys(QUEUES, True), "lunch")
        before = await self.told(state="paused")
        self.agent.notices.clear()
        await sleep(1)  # the journal is written behind; a pause of this very moment keeps its reason, not its time
        self.daemon.kill()
        self.daemon.start()
        again = await self.told(seconds=30, state="paused")
        self.assertEqual((again["reason"], again["since"]), (before["reason"], before["since"]))
        await self.shown(dict.fromkeys(QUEUES, True), "lunch")

    def compare(
        self, channels: dict[str, Event], bridges: dict[str, Event], members: dict[tuple[str, str], Event]
    ) -> str:
        """What the server believes otherwise than the PBX."""
        return Floor(self.serving, ()).compare(channels, bridges, members)
