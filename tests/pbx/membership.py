"""Membership of queues on a real Asterisk; mixed into the tests of each version."""

from __future__ import annotations

from typing import Any

from astcti.errors import Refused
from astcti.protocols.client import Closing, CTIClient, QueueChanged, digest_of
from tests.pbx.agents import Agent
from tests.pbx.daemon import Daemon, password_of
from tests.pbx.instance import Instance
from tests.pbx.live import LiveTestCase
from tests.pbx.waiting import sleep, until
from tests.pbx.witness import Event

QUEUE, RINGALL, STATIC = "astcti-queue", "astcti-ringall", "astcti-static"

RUNTIME = """<astcti version="2" timestamp="1"><settings><setting name="takeover">yes</setting></settings><actions/>
<services><service id="1" name="demo-queue" type="INBOUND" queue="astcti-queue"/>
<service id="2" name="demo-ringall" type="INBOUND" queue="astcti-ringall"/>
<service id="3" name="demo-static" type="INBOUND" queue="astcti-static"/>
<service id="4" name="nowhere" type="INBOUND" queue="no-such-queue"/></services>
<seats><seat id="201" exten="{one}"/><seat id="203" exten="{three}"><extension channel="{four}"/></seat></seats>
<operators>
<operator id="201" username="op201" fullname="Operator 201" seat="201" password="{digest201}">
<serviceref id="1" penalty="3"/><serviceref id="2"/><serviceref id="3" penalty="2"/><serviceref id="4"/></operator>
<operator id="203" username="op203" fullname="Operator 203" seat="203" begininpause="1" password="{digest203}">
<serviceref id="1"/></operator></operators></astcti>"""


class MembershipDaemon(Daemon):
    """A server with the right to put members into queues."""

    def __init__(self, instance: Instance, name: str) -> None:
        super().__init__(instance, name=name)
        phones = {name: instance.interface(n) for name, n in (("one", 201), ("three", 203), ("four", 204))}
        digests = {f"digest{n}": digest_of(password_of(f"op{n}")) for n in (201, 203)}
        (self.folder / "runtime.xml").write_text(RUNTIME.format(**phones, **digests))
        self.bootstrap.write_text(self.bootstrap.read_text().replace(">onlooker<", ">astcti<"))


class MembershipTests(LiveTestCase):
    """Agents at 201 and 203 (who has two phones) and the queues of a real PBX."""

    _serial = 0

    async def setUp(self) -> None:
        await super().setUp()
        await self.floor.close()
        MembershipTests._serial += 1
        self.daemon = MembershipDaemon(self.house.instance, f"members-{self.major}-{MembershipTests._serial}")
        self.daemon.start()
        self.addCleanup(self.daemon.stop)

    async def sit(self, number: int, **profile: Any) -> Agent:
        agent = Agent(number, self.daemon.port, **profile)
        self.addCleanup(agent.leave)
        await agent.log_in()
        return agent

    def client(self, agent: Agent) -> CTIClient:
        assert agent.service.client is not None
        return agent.service.client

    async def members(self) -> dict[tuple[str, int], Event]:
        """Members as the PBX has them, by queue and number of the phone."""
        phones = {self.stage.interface(n): n for n in (201, 202, 203, 204)}
        return {(q, phones[i]): m for (q, i), m in (await self.exchange.witness.members()).items() if i in phones}

    async def shown(self, *expected: tuple[str, int], seconds: float = 5) -> dict[tuple[str, int], Event]:
        """Return when the PBX has these members and those of its own, and the server believes the same."""
        wanted = {*expected, (STATIC, 201), (STATIC, 202)}
        found: dict[tuple[str, int], Event] = {}
        for _ in range(round(seconds / 0.1)):
            found = await self.members()
            if set(found) == wanted:
                break
            await sleep(0.1)
        self.assertEqual(set(found), wanted, self.daemon.last_words())
        await sleep(0.2)
        believed = {(m["queue"], m["interface"], bool(m["paused"])) for m in self.daemon.ask("calls")["members"]}
        there = {(q, i, m["Paused"] == "1") for (q, i), m in (await self.exchange.witness.members()).items()}
        self.assertEqual(believed, {(q, i.removesuffix("/n"), paused) for q, i, paused in there})
        return found

    def told(self, agent: Agent) -> list[tuple[str, bool]]:
        return [(n.queue, n.member) for n in agent.notices if isinstance(n, QueueChanged)]

    ANNAS = ((QUEUE, 201), (RINGALL, 201))

    async def test_login_and_quit(self) -> None:
        """Penalty, name and pause as configured, both phones; gone with QUIT; the PBX's own member stays."""
        agent, other = await self.sit(201), await self.sit(203)
        members = await self.shown(*self.ANNAS, (QUEUE, 203), (QUEUE, 204))
        self.assertEqual([members[key]["Penalty"] for key in ((QUEUE, 201), (RINGALL, 201), (STATIC, 201))],
                         ["3", "0", "2"])  # fmt: skip
        self.assertEqual(members[QUEUE, 201]["Name"], "Operator 201")
        self.assertEqual([members[QUEUE, n]["Paused"] for n in (201, 203, 204)], ["0", "1", "1"])
        await until(lambda: len(self.told(agent)) >= 3, 5, "queues")
        self.assertEqual(sorted(self.told(agent)), [(q, True) for q in (QUEUE, RINGALL, STATIC)])
        self.assertEqual(self.told(other), [(QUEUE, True)])
        entries = await self.client(agent).queues()
        self.assertEqual({e.queue for e in entries if not e.member}, {"no-such-queue"})
        await agent.leave()
        await self.shown((QUEUE, 203), (QUEUE, 204))
        await other.leave()
        await self.shown()

    async def test_cable_pulled(self) -> None:
        """A client whose connection breaks leaves no member behind."""
        agent = await self.sit(201)
        await self.shown(*self.ANNAS)
        self.client(agent).transport.abortConnection()
        await agent.leave()
        await self.shown()

    async def test_server_stopped(self) -> None:
        """Ending the server as a system does empties the queues."""
        agent = await self.sit(201)
        await self.shown(*self.ANNAS)
        stopping = agent.leave()
        self.daemon.stop()
        await stopping
        found = await self.members()
        self.assertEqual(set(found), {(STATIC, 201), (STATIC, 202)})

    async def test_server_killed(self) -> None:
        """Who comes back is not removed and added again, and is removed when they go."""
        await self.sit(201)
        await self.shown(*self.ANNAS)
        since = len(self.exchange.witness.events)
        self.daemon.kill()
        self.daemon.start()
        await until(lambda: self.daemon.ask("status")["clients"]["seated"], 15, "the client is back")
        await self.shown(*self.ANNAS)
        flaps = [e for e in self.exchange.witness.events[since:]
                 if e.get("Event") in ("QueueMemberRemoved", "QueueMemberAdded")]  # fmt: skip
        self.assertEqual(flaps, [])

    async def test_taken_over(self) -> None:
        """A second client of the same operator ends the first; the phones stay in their queues all the time, paused
        as they were, and a caller who waits stays, too."""
        first = await self.sit(203)
        await self.shown((QUEUE, 203), (QUEUE, 204))
        since = len(self.exchange.witness.events)
        waiting = self.stage.call("101", "4711")
        await waiting.established()
        second = await self.sit(203)
        await until(lambda: any(isinstance(n, Closing) for n in first.notices), 5, f"end of {first.notices}")
        self.assertEqual([n.number for n in first.notices if isinstance(n, Closing)], [910])
        await until(lambda: self.told(second), 5, "queue")
        members = await self.shown((QUEUE, 203), (QUEUE, 204))
        self.assertEqual([members[QUEUE, n]["Paused"] for n in (203, 204)], ["1", "1"])
        await sleep(4)  # longer than anything is waited for; the first does not come back either
        await self.shown((QUEUE, 203), (QUEUE, 204))
        events = self.exchange.witness.events[since:]
        flaps = ("QueueMemberRemoved", "QueueMemberAdded", "QueueCallerLeave", "QueueCallerAbandon")
        self.assertEqual([e for e in events if e.get("Event") in flaps], [])
        self.assertEqual(self.daemon.ask("status")["clients"]["seated"], 1)
        await self.client(second).unpause()
        await until(lambda: second.stories(self.stage.interface(203)), 15, "call")
        await waiting.bye()
        await second.leave()
        await self.shown()

    async def test_stop_and_start(self) -> None:
        """STOP leaves a queue, STRT joins it; neither works on somebody else's or the PBX's own."""
        agent = await self.sit(201)
        await self.shown(*self.ANNAS)
        await self.client(agent).leave_queue(QUEUE)
        await self.shown((RINGALL, 201))
        await until(lambda: self.told(agent)[-1] == (QUEUE, False), 5, "told")
        await self.client(agent).join_queue(QUEUE)
        await self.shown(*self.ANNAS)
        await until(lambda: self.told(agent)[-1] == (QUEUE, True), 5, "told")
        for queue in ("other", STATIC):
            with self.assertRaises(Refused):
                await self.client(agent).leave_queue(queue)

    async def test_supervisor(self) -> None:
        """Who is removed at the PBX stays out until STRT."""
        agent = await self.sit(201)
        await self.shown(*self.ANNAS)
        await self.exchange.witness.act("QueueRemove", Queue=QUEUE, Interface=self.stage.interface(201))
        await until(lambda: self.told(agent)[-1:] == [(QUEUE, False)], 5, "told")
        await sleep(1)
        await self.shown((RINGALL, 201))
        await self.client(agent).join_queue(QUEUE)
        await self.shown(*self.ANNAS)

    async def figures(self, agent: Agent, **expected: int) -> None:
        """Return when ``QSTAT`` tells these numbers of the queue, and the PBX's summary agrees with them."""
        for _ in range(50):
            (found,) = await self.client(agent).queue_figures(QUEUE)
            if all(getattr(found, name) == number for name, number in expected.items()):
                break
            await sleep(0.1)
        (summary,) = await self.exchange.witness.list("QueueSummary", Queue=QUEUE)
        self.assertEqual({name: getattr(found, name) for name in expected}, expected)
        self.assertEqual([str(found.available), str(found.waiting)], [summary["Available"], summary["Callers"]])

    async def test_pop(self) -> None:
        """A call of the queue reaches the member, and what QSTAT tells of it is what the PBX counts."""
        agent = await self.sit(201)
        await self.shown(*self.ANNAS)
        await self.figures(agent, waiting=0, available=1, busy=0, paused=0, members=1)
        await self.client(agent).pause()
        await self.figures(agent, waiting=0, available=0, busy=0, paused=1, members=1)
        waiting = self.stage.call("101", "4711")
        await self.figures(agent, waiting=1, available=0, paused=1)
        await (await waiting.established()).bye()
        await self.figures(agent, waiting=0)
        await self.client(agent).unpause()
        self.stage.nobody_answers()
        self.stage.phones[201].behave("answer")
        call = self.stage.call("101", "4711")
        await until(lambda: any(e.id == "Link" for e in agent.events), 15, f"{agent.events}")
        self.assertEqual(next(e.call.queue for e in agent.events if e.id == "Link"), QUEUE)
        await self.figures(agent, waiting=0, available=0, busy=1, paused=0)
        await (await call.established()).bye()
        await self.exchange.witness.quiet(25)
