"""Whoever is away for long, agent or server: nobody is left in a queue who is not there, and nobody is un-paused."""

from __future__ import annotations

import signal
import time
from pathlib import Path
from typing import Any

from twisted.internet.threads import deferToThread

from astcti.errors import Refused
from astcti.protocols.client import CTIClient, PauseChanged, Profile, digest_of
from tests.chaos import presence
from tests.chaos.children import Child
from tests.chaos.company import interface, username
from tests.chaos.diary import entries
from tests.pbx.agents import Agent
from tests.pbx.call import Call
from tests.pbx.killing.bureau import OWN, QUEUE, RINGALL, SETTINGS, STATIC, BureauDaemon, members_of
from tests.pbx.live import LiveTestCase
from tests.pbx.waiting import sleep, until
from tests.pbx.witness import Event
from tests.services.lineclient import connect

BACK_SECONDS = 60.0
KEEPALIVE_SECONDS = int(SETTINGS["cti_read_timeout"]) / 1000
PATIENCE_SECONDS = 10.0  # beyond it, for a machine that does much else
TICKET_SECONDS, LEFTOVER_SECONDS = 3.0, 5.0
#: Hours and minutes of the server's, made seconds.
HURRIED = {
    "astcti.services.tickets:LIFE_SECONDS": TICKET_SECONDS,
    "astcti.services.membership.leftovers:GRACE_SECONDS": LEFTOVER_SECONDS,
}


class AbsenceTests(LiveTestCase):
    """A server, agents in processes and without, and the queues of a real PBX."""

    _serial = 0

    async def setUp(self) -> None:
        await super().setUp()
        await self.floor.close()
        AbsenceTests._serial += 1
        name = f"absence-{self.major}-{AbsenceTests._serial}"
        self.daemon = BureauDaemon(self.house.instance, name, constants=HURRIED)
        await deferToThread(self.daemon.start)
        self.addCleanup(self.daemon.stop)
        self.stage.nobody_answers()

    async def sit(self, number: int, **profile: Any) -> Agent:
        """Somebody comes to work."""
        agent = Agent(number, self.daemon.port, password=username(number), **profile)
        self.addCleanup(agent.leave)
        await agent.log_in()
        return agent

    def client(self, agent: Agent) -> CTIClient:
        """Their connection."""
        assert agent.service.client is not None
        return agent.service.client

    def process(self, number: int) -> tuple[Child, Path]:
        """An agent in a process of their own comes to work; the process and their diary."""
        folder = self.daemon.folder
        words = [str(folder), f"crowd{number}", *map(str, (self.daemon.port, number, number, number))]
        child = Child(f"crowd{number}", ["-m", "tests.chaos.crowd", *words], folder)
        child.start()
        self.addCleanup(child.kill)
        return child, folder / f"crowd{number}.diary"

    # -- what is seen

    async def members(self) -> dict[tuple[str, int], Event]:
        """The PBX's, by queue and number of the phone."""
        found = await self.stage.witness.members()
        return {(queue, int(phone.partition("/")[2])): m for (queue, phone), m in found.items()}

    async def shown(
        self, *at_work: int, more: tuple[tuple[str, int], ...] = (), seconds: float = BACK_SECONDS
    ) -> dict[tuple[str, int], Event]:
        """Return when the PBX has their memberships, ``more`` and its own, no others, and the server believes it."""
        wanted = {*members_of(*at_work), *more}
        end = time.monotonic() + seconds
        while set(found := await self.members()) != wanted:
            self.assertLess(time.monotonic(), end, f"{sorted(found)}, not {sorted(wanted)}; {self.daemon.last_words()}")
            await sleep(0.1)
        while self.believed() != {(q, interface(n), m["Paused"] == "1") for (q, n), m in found.items()}:
            self.assertLess(time.monotonic(), end + PATIENCE_SECONDS, f"{self.believed()}, not {sorted(found)}")
            await sleep(0.1)
            found = await self.members()
        return found

    def believed(self) -> set[tuple[str, str, bool]]:
        """What the server has of members."""
        return {(m["queue"], m["interface"], bool(m["paused"])) for m in self.daemon.ask("calls")["members"]}

    def paused(self, members: dict[tuple[str, int], Event], number: int) -> dict[str, str]:
        """The queues in which somebody is paused, and why."""
        return {q: m["PausedReason"] for (q, n), m in members.items() if n == number and m["Paused"] == "1"}

    async def pop(self, diary: Path, digits: str) -> None:
        """Return when an agent in a process has performed what a call asks for."""
        popped = lambda: [p for p in presence.pops(entries(diary)) if p.told["digits"] == digits]  # noqa: E731
        await until(popped, BACK_SECONDS, f"pop of {digits} in {entries(diary)}")

    async def answer(self, number: int, extension: str, digits: str) -> Call:
        """Somebody calls, and this phone is answered; the caller's side."""
        self.stage.phones[number].behave()
        caller = self.stage.call(extension, digits)
        await until(self.stage.phones[number].connected, BACK_SECONDS, f"{digits} at {number}")
        return caller

    # -- clients

    async def test_client_held(self) -> None:
        """A client that stands still is out of the queues when the keepalive is over, gets no calls, and goes on as if
        nothing had been when it is let go: what it had performed it performs no second time."""
        child, diary = self.process(200)
        await self.shown(200)
        first = await self.answer(200, "101", "1")
        await self.pop(diary, "1")
        held = time.monotonic()
        child.send(signal.SIGSTOP)
        self.addCleanup(child.send, signal.SIGCONT)
        await self.shown()
        silence = time.monotonic() - held
        self.assertGreater(silence, KEEPALIVE_SECONDS / 2)
        self.assertLess(silence, KEEPALIVE_SECONDS + PATIENCE_SECONDS)
        since = len(self.stage.witness.events)
        waiting = self.stage.call("101", "2")
        await waiting.established()
        await self.stage.witness.hear("QueueCallerJoin", since=since)
        await sleep(1.0)  # in which a member would ring
        self.assertEqual([e for e in self.stage.witness.events[since:] if e.get("Event") == "AgentCalled"], [])
        child.send(signal.SIGCONT)
        await self.shown(200)
        await first.bye()  # its talk had gone on all the time
        await until(lambda: len(self.stage.phones[200].connected()) == 1, BACK_SECONDS, "the second call")
        await self.pop(diary, "2")
        await waiting.bye()
        await self.stage.witness.quiet()
        self.assertEqual([p.told["digits"] for p in presence.pops(entries(diary))], ["1", "2"])
        self.assertEqual(self.daemon.ask("status")["counters"]["faults"], 0)

    async def test_socket_silent(self) -> None:
        """The same for a socket that is neither read nor written any more, of an agent in pause, while a colleague
        works on: the pause is the same when they are back."""
        await self.sit(200)
        silent = await connect(self.daemon.port)
        self.addCleanup(silent.transport.abortConnection)
        await silent.login(username(203), username(203))
        await self.shown(200, 203)
        await silent.ask("PAUSE IN reason=lunch", "301 PAUSE PENDING")
        await silent.expect("300 OK")
        await self.shown(200, 203)
        silent.transport.pauseProducing()
        began = time.monotonic()
        await self.shown(200)
        self.assertLess(time.monotonic() - began, KEEPALIVE_SECONDS + PATIENCE_SECONDS)
        silent.transport.resumeProducing()
        await silent.ended(BACK_SECONDS)
        again = await self.sit(203)
        members = await self.shown(200, 203)
        for _ in range(round(PATIENCE_SECONDS / 0.2)):  # the reason may come after the membership
            if self.paused(members, 203) == {QUEUE: "lunch"}:
                break
            await sleep(0.2)
            members = await self.shown(200, 203)
        self.assertEqual(self.paused(members, 203), {QUEUE: "lunch"})
        self.assertEqual(self.paused(members, 200), {})
        self.assertIs(await self.client(again).unpause(), True)

    # -- the server

    async def absent(self) -> None:
        """The server dies, and is away for longer than a ticket is good."""
        self.daemon.kill()
        await sleep(TICKET_SECONDS + 1.5)

    async def test_server_long_away(self) -> None:
        """It is away for longer than tickets are good. Who is still there proves the password, has the same pause, and
        is in no queue twice; who went home meanwhile is taken out; who is none of ours stays as they were."""
        agent, paused, leaver = await self.sit(200), await self.sit(203), await self.sit(202)
        await self.client(paused).pause("lunch")
        await until(lambda: PauseChanged(True) in paused.notices, BACK_SECONDS, f"pause in {paused.notices}")
        act = self.stage.witness.act
        # A supervisor puts people in, one of ours where they do not work, and pauses one of the PBX's own.
        for queue, number in ((QUEUE, 205), (RINGALL, 203)):
            await act("QueueAdd", Queue=queue, Interface=interface(number), MemberName="put in", Penalty=4)
        await act("QueuePause", Queue=STATIC, Interface=interface(201), Paused="true", Reason="painting")
        others = ((QUEUE, 205), (RINGALL, 203))
        before = await self.shown(200, 203, 202, more=others)
        await until(lambda: agent.service.ticket, BACK_SECONDS, "ticket")
        since = len(self.stage.witness.events)
        await self.absent()
        going = leaver.leave()
        await deferToThread(self.daemon.start)
        await going
        for one in (agent, paused):
            await until(lambda one=one: one.service.client is not None, BACK_SECONDS, f"{one.number} is back")
            self.assertEqual(one.ways, ["SCRAM-SHA-256", "SCRAM-SHA-256"])
        after = await self.shown(200, 203, more=others)
        self.assertEqual(self.paused(after, 203), self.paused(before, 203))
        self.assertEqual(self.paused(after, 203)[QUEUE], "lunch")
        self.assertEqual((self.paused(after, 200), self.paused(after, 201)), ({}, {STATIC: "painting"}))
        for key in [*others, *((STATIC, number) for number in OWN)]:
            same = ("Name", "Membership", "Penalty", "Paused", "PausedReason")
            self.assertEqual([after[key][name] for name in same], [before[key][name] for name in same])
        told = self.stage.witness.events[since:]
        gone = {(e["Queue"], e["Interface"]) for e in told if e.get("Event") == "QueueMemberRemoved"}
        self.assertEqual(gone, {(QUEUE, interface(202)), (RINGALL, interface(202))})
        self.assertEqual([e for e in told if e.get("Event") in ("QueueMemberAdded", "QueueMemberPause")], [])

    async def test_ticket_expired(self) -> None:
        """A ticket that is too old lets nobody in, and what is left of them is taken out of the queue: without the
        password they are as if they had never come."""
        agent = await self.sit(200)
        await until(lambda: agent.service.ticket, BACK_SECONDS, "ticket")
        await self.shown(200)
        agent.service.profile = Profile(username=username(200), digest=digest_of("forgotten"), system="LINUX")
        refused: list[Refused] = []
        agent.service._on_refused = refused.append
        await self.absent()
        await deferToThread(self.daemon.start)
        await until(lambda: refused, BACK_SECONDS, "refusal")
        self.assertEqual(refused[0].number, 911)
        await self.shown()
        self.assertEqual(agent.ways, ["SCRAM-SHA-256"])

    async def test_ticket_good(self) -> None:
        """A server that is away for a moment asks nobody for a password."""
        agent = await self.sit(200)
        await until(lambda: agent.service.ticket, BACK_SECONDS, "ticket")
        self.daemon.kill()
        self.daemon._program = [w.replace(f"LIFE_SECONDS={TICKET_SECONDS}", "LIFE_SECONDS=3600")
                                for w in self.daemon._program]  # fmt: skip
        await deferToThread(self.daemon.start)
        await until(lambda: len(agent.ways) == 2, BACK_SECONDS, "login")
        self.assertEqual(agent.ways, ["SCRAM-SHA-256", "RESUME"])
        await self.shown(200)
