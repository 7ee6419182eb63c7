"""A server whose operators pause, three queues of a real PBX, and what each of them says about it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from xml.sax.saxutils import quoteattr

from astcti.protocols.client import CTIClient, PauseChanged, ServerEvent, digest_of
from tests.pbx.agents import Agent, Floor
from tests.pbx.call import Call
from tests.pbx.daemon import Daemon, password_of
from tests.pbx.instance import Instance
from tests.pbx.live import LiveTestCase
from tests.pbx.stage import Stage
from tests.pbx.waiting import sleep, until
from tests.pbx.witness import Event

QUEUE, RINGALL, STATIC = QUEUES = ("astcti-queue", "astcti-ringall", "astcti-static")
WRAPUP_SECONDS = 5
READY, WRAPUP = dict.fromkeys(QUEUES, False), dict.fromkeys(QUEUES, True)

RUNTIME = """<astcti version="2" timestamp="1"><settings>{settings}</settings><actions/>
<services><service id="1" name="demo-queue" type="INBOUND" queue="astcti-queue" wrapup="{wrapup}"/>
<service id="2" name="demo-ringall" type="INBOUND" queue="astcti-ringall"/>
<service id="3" name="demo-static" type="INBOUND" queue="astcti-static"/>
<service id="4" name="outgoing" type="OUTBOUND"/></services>
<seats><seat id="201" exten="{one}"/><seat id="203" exten="{three}"><extension channel="{four}"/></seat></seats>
<pausereasons>{reasons}</pausereasons>
<operators><operator id="201" username="op201" fullname="Operator 201" seat="201" password="{digest201}">
<serviceref id="1"/><serviceref id="2"/><serviceref id="3"/><serviceref id="4"/></operator>
<operator id="203" username="op203" fullname="Operator 203" seat="203" password="{digest203}">
<serviceref id="1"/><serviceref id="2"/></operator></operators></astcti>"""


class PausingDaemon(Daemon):
    """A server with one operator on three queues, the first of them with after-call work, and one with two phones.

    :param reasons: why they may pause; none: for any reason.
    :param user: of the manager interface.
    :param settings: of the runtime configuration.
    """

    def __init__(
        self, instance: Instance, name: str, *, reasons: tuple[str, ...] = (), user: str = "pausing", **settings: Any
    ) -> None:
        super().__init__(instance, name=name)
        runtime = RUNTIME.format(
            settings="".join(f'<setting name="{key}">{value}</setting>' for key, value in settings.items()),
            reasons="".join(f"<pausereason code={quoteattr(code)}/>" for code in reasons),
            wrapup=WRAPUP_SECONDS,
            **{word: instance.interface(n) for word, n in (("one", 201), ("three", 203), ("four", 204))},
            **{f"digest{n}": digest_of(password_of(f"op{n}")) for n in (201, 203)},
        )
        (self.folder / "runtime.xml").write_text(runtime)
        self.bootstrap.write_text(self.bootstrap.read_text().replace(">onlooker<", f">{user}<"))


class PausingTestCase(LiveTestCase):
    """Agents at their phones and the server, with queues of a real PBX between them."""

    _serial = 0
    queues: Mapping[int, tuple[str, ...]] = {201: QUEUES, 203: (QUEUE, RINGALL)}

    async def setUp(self) -> None:
        await super().setUp()
        await self.floor.close()

    async def begin(self, number: int = 201, **settings: Any) -> Agent:
        """A server, and an agent who is logged in and a member of their queues."""
        PausingTestCase._serial += 1
        name = f"pausing-{self.major}-{PausingTestCase._serial}"
        self.daemon = PausingDaemon(self.house.instance, name, **settings)
        self.daemon.start()
        self.addCleanup(self.daemon.stop)
        self.stage = Stage(self.exchange, self)
        self.agent = await self.sit(number)
        return self.agent

    async def sit(self, number: int = 201) -> Agent:
        """An agent is at work."""
        agent = Agent(number, self.daemon.port)
        self.addCleanup(agent.leave)
        await agent.log_in()
        for phone in (203, 204) if number == 203 else (number,):
            await self.shown(dict.fromkeys(self.queues[number], False), phone=phone)
        return agent

    @property
    def client(self) -> CTIClient:
        """The agent's connection."""
        client = self.agent.service.client
        assert client is not None
        return client

    # -- calls

    async def talk(self, number: int = 201, extension: str = "101") -> Call:
        """A call of a queue is answered; the caller's side of it."""
        self.stage.nobody_answers()
        self.stage.phones[number].behave()
        seen = len(self.agent.events)
        call = self.stage.call(extension, "4711")
        await until(lambda: any(e.id == "Link" for e in self.agent.events[seen:]), 20, f"Link in {self.agent.events}")
        return await call.established()

    # -- what is seen

    async def members(self, phone: int = 201) -> dict[str, Event]:
        """The memberships of a phone as the PBX has them, by queue."""
        members = await self.stage.witness.members()
        return {q: m for (q, i), m in members.items() if i == self.stage.interface(phone)}

    async def shown(
        self, paused: Mapping[str, bool], reason: str | None = None, seconds: float = 10, phone: int = 201
    ) -> None:
        """Return when the PBX shows these memberships, paused or not, each pause with that reason, and the server
        believes the same."""
        found: dict[str, Event] = {}
        for _ in range(round(seconds / 0.1)):
            found = await self.members(phone)
            reasons = {m["PausedReason"] for m in found.values() if m["Paused"] == "1"}
            if {q: m["Paused"] == "1" for q, m in found.items()} == paused and (reason is None or reasons == {reason}):
                break
            await sleep(0.1)
        self.assertEqual({q: m["Paused"] == "1" for q, m in found.items()}, paused, self.daemon.last_words())
        if reason is not None:
            self.assertEqual({m["PausedReason"] for m in found.values() if m["Paused"] == "1"}, {reason})
        await self.stage.compare()

    def states(self) -> list[dict[str, str]]:
        """What the agent was told of its own state, oldest first."""
        return [dict(n.attributes) for n in self.agent.notices if isinstance(n, ServerEvent) and n.id == "AgentState"]

    async def told(self, seconds: float = 10, **attributes: str) -> dict[str, str]:
        """Return when the newest overall state has these attributes."""

        def newest() -> dict[str, str] | None:
            overall = [s for s in self.states() if "queue" not in s]
            fits = overall and all(overall[-1].get(name) == value for name, value in attributes.items())
            return overall[-1] if fits else None

        return await until(newest, seconds, f"{attributes} in {self.states()}")

    async def outcome(self, count: int = 1, seconds: float = 15) -> PauseChanged:
        """The outcome of the newest ``PAUSE IN``, ``count``-th of all."""
        outcomes = lambda: [n for n in self.agent.notices if isinstance(n, PauseChanged) and n.asked]  # noqa: E731
        await until(lambda: len(outcomes()) >= count, seconds, f"outcome in {self.agent.notices}")
        return outcomes()[-1]

    # -- for Stage

    def pops(self) -> list[Any]:
        """Nobody looks at screens."""
        return []

    def compare(
        self, channels: dict[str, Event], bridges: dict[str, Event], members: dict[tuple[str, str], Event]
    ) -> str:
        """What the server believes otherwise than the PBX."""
        return Floor(self.daemon, ()).compare(channels, bridges, members)
