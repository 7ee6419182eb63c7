"""What a person at an agent types."""

from __future__ import annotations

import os
from typing import Any

from twisted.internet import reactor
from twisted.internet.defer import Deferred
from twisted.internet.task import deferLater
from twisted.trial.unittest import TestCase

from astcti.client.agent import Agent
from astcti.client.happenings import Answered, LoggedIn, PauseChanged, ServerEvent
from astcti.client.keyboard import MAX_AHEAD, MAX_LINE, Keyboard
from astcti.client.orders import ORDERS, obey
from astcti.errors import Refused
from astcti.model.commands import (
    EndWrapUp,
    JoinQueue,
    LeaveQueue,
    Originate,
    Pause,
    SendText,
    SetWrapUp,
    Telecommute,
)
from astcti.model.node import Node
from tests.client.test_agent import AgentTestCase

CONFIG = Node("operator", (("fullname", "Anna"),), "", (
    Node("pausereasons", (), "", (
        Node("reason", (("code", "lunch"), ("description", "Lunch break"))), Node("reason", (("code", "training"),)),
    )),
))  # fmt: skip


class OrderTests(AgentTestCase):
    """Orders of an agent who is logged in."""

    async def sit(self) -> Agent:
        agent = self.agent(extension="SIP/202")
        await self.nth(LoggedIn)
        self.desk.asked.clear()
        return agent

    async def order(self, agent: Agent, line: str) -> Answered:
        """Type it; what came of it."""
        await Deferred.fromCoroutine(obey(agent, line))
        answer = self.story[-1]
        assert isinstance(answer, Answered)
        return answer

    async def test_what_is_asked(self) -> None:
        """Each order becomes the command it is for, with whatever was typed, and its answer is told."""
        agent = await self.sit()
        for line, asked, said in (
            ("pause", Pause(True), "asked for"),
            ("pause lunch, 50% off", Pause(True, "", "lunch, 50% off"), "asked for"),
            ("PAUSE queue=sales", Pause(True, "sales"), "asked for"),
            ("pause Queue=sales a=b", Pause(True, "sales", "a=b"), "asked for"),
            ("pause a=b", Pause(True, "", "a=b"), "asked for"),
            ("unpause", Pause(False), "confirmed"),
            ("unpause queue=sales", Pause(False, "sales"), "confirmed"),
            ("ready", EndWrapUp(), "ready"),
            ("wrap", SetWrapUp(True), "after-call work"),
            ("wrap OFF", SetWrapUp(False), "ready"),
            ("dial 0123", Originate("0123"), "your phone is called"),
            ("dial +39-06 outgoing", Originate("+39-06", "outgoing"), "your phone is called"),
            ("dial SIP/251 0123 outgoing", Originate("0123", "outgoing", "SIP/251"), "your phone is called"),
            ("tele 0987", Telecommute("0987"), "calls come to 0987"),
            ("tele off", Telecommute(""), "calls come to your phone"),
            ("join one two", JoinQueue("one two"), "asked for"),
            ("leave sales", LeaveQueue("sales"), "asked for"),
            ("text bruno come here, please", SendText("bruno", "come here, please"), "shown"),
        ):
            self.desk.asked.clear()
            answer = await self.order(agent, f"  {line} \t")
            self.assertEqual((self.desk.asked, answer), ([asked], Answered(line, True, said)))
            if isinstance(asked, Pause) and asked.paused:
                self.desk.clients[0].pause_changed(0, "")

    async def test_outcome_of_a_pause(self) -> None:
        """What becomes of a pause is told when the server tells it."""
        agent = await self.sit()
        await self.order(agent, "pause")
        self.desk.clients[0].pause_changed(0, "")
        self.assertEqual(await self.nth(PauseChanged), PauseChanged(True))

    async def test_lists(self) -> None:
        """Queues with who waits there, services, and the reasons that a pause may have."""
        agent = await self.sit()
        self.assertEqual(
            (await self.order(agent, "queues")).text, "astcti: in, 2 waiting, 1 available, 3 busy, 0 paused"
        )
        self.assertTrue((await self.order(agent, "queues sales")).text.startswith("sales: out, "))
        self.assertEqual((await self.order(agent, "services")).text, "astctidemo (inbound), outgoing (outbound)")
        self.assertEqual((await self.order(agent, "reasons")).text, "any text")
        self.desk.clients[0].tell("Config", CONFIG)
        await self.nth(ServerEvent)
        self.assertEqual((await self.order(agent, "reasons")).text, "lunch (Lunch break), training")
        self.desk.clients[0].tell("Config", Node("operator"))
        await self.nth(ServerEvent, 2)
        self.assertEqual((await self.order(agent, "reasons")).text, "any text")

    async def test_words_of_refusals(self) -> None:
        """A refusal that names a command of the protocol names what is typed here for it."""
        agent = await self.sit()
        for reason, said in (
            ("paused; PAUSE OUT ends that", "paused; unpause ends that"),
            ("static; PAUSE IN queue= keeps its calls away", "static; pause queue=NAME keeps its calls away"),
        ):
            self.desk.crash = Refused(925, reason)
            self.assertEqual((await self.order(agent, "ready")).text, said)

    async def test_refused_here(self) -> None:
        """What makes no sense is said so, and not sent."""
        agent = await self.sit()
        for line, said in (
            ("dance", "help tells"), ("wrap maybe", "on or off"), ("dial", "which number"), ("dial SIP/251", "number"),
            ("dial 1 2 3", "service"), ("tele", "off"), ("join", "queue"), ("leave", "queue"), ("text", "to whom"),
            ("text bruno", "what"), ("unpause lunch", "nothing else"), ("pause \x1b[2J", "cannot be seen"),
            ("pause a\u202eb", "cannot be seen"),
        ):  # fmt: skip
            answer = await self.order(agent, line)
            self.assertEqual((answer.ok, answer.number), (False, 0), line)
            self.assertIn(said, answer.text)
        self.assertEqual(self.desk.asked, [])

    async def test_refused_there(self) -> None:
        """A refusal of the server's is told with its number."""
        agent = await self.sit()
        self.assertEqual(
            await self.order(agent, "pause nosuch"), Answered("pause nosuch", False, "unknown pause reason", 931)
        )
        agent.reasons = (("lunch", ""),)
        said = await self.order(agent, "pause nosuch")
        self.assertEqual((said.text, said.number), ("unknown pause reason; reasons tells which there are", 931))
        self.desk.crash = Refused(905, "no link to the PBX")
        self.assertEqual((await self.order(agent, "ready")).number, 905)

    async def test_not_connected(self) -> None:
        """Without a connection nothing is kept for later; an answer that does not come any more is told as well."""
        agent = await self.sit()
        self.desk.slow = Deferred()
        asked = Deferred.fromCoroutine(obey(agent, "ready"))
        while self.desk.slow is not None:
            await deferLater(reactor, 0.01)  # type: ignore[arg-type]
        agent.connection.client.abort("cable pulled")  # type: ignore[union-attr]
        await asked
        self.assertEqual([a.ok for a in self.story if isinstance(a, Answered)], [False])
        await agent.stopService()
        for line in ("pause", "reasons"):
            self.assertEqual(await self.order(agent, line), Answered(line, False, "not connected"))

    async def test_help_and_quit(self) -> None:
        """Help names every order, each one once; quit goes home, and again does nothing."""
        agent = await self.sit()
        await self.order(agent, "help")
        shown = [h.order.split()[0] for h in self.story if isinstance(h, Answered)]
        self.assertEqual(shown, [*ORDERS, "help"])
        for _ in range(2):
            self.assertEqual((await self.order(agent, "quit")).text, "goodbye")
        self.assertIsNone(await agent.ended)


class KeyboardTests(TestCase):
    """Lines out of a pipe."""

    timeout = 30

    def setUp(self) -> None:
        self.typed: list[str] = []
        self.held: Deferred[None] | None = None
        out, self.pipe = os.pipe()
        self.addCleanup(os.close, out)
        self.keyboard = Keyboard(reactor, self.obey, out)  # type: ignore[arg-type]

    async def obey(self, line: str) -> None:
        self.typed.append(line)
        if line == "stumble":
            raise RuntimeError(line)
        if self.held is not None:
            await self.held

    async def type(self, data: bytes, *, end: bool = True) -> None:
        os.write(self.pipe, data)
        if end:
            os.close(self.pipe)

    async def until(self, so: Any) -> None:
        while not so():
            await deferLater(reactor, 0.01)  # type: ignore[arg-type]

    async def test_lines(self) -> None:
        """Every line once and in order, also one without an end; empty ones and bytes of no text harm nobody."""
        await self.type(b"pause\n\n  \nstumble\r\ncaf\xc3\xa8 \xff\nlast")
        self.keyboard.start()
        await self.until(lambda: len(self.typed) == 4)
        self.assertEqual(self.typed, ["pause", "stumble", "caf\xe8 \ufffd", "last"])
        await self.until(lambda: self.flushLoggedErrors(RuntimeError))

    async def test_one_after_the_other(self) -> None:
        """A line waits for what was typed before it, and no more are read ahead than there is room for."""
        self.held = Deferred()
        self.keyboard.start()
        await self.type(b"".join(b"%d\n" % n for n in range(100)))
        await self.until(lambda: self.typed and self.keyboard._room._value == 0)
        self.assertEqual(self.typed, ["0"])
        held, self.held = self.held, None
        held.callback(None)
        await self.until(lambda: len(self.typed) == 100)
        self.assertEqual(self.typed, [str(n) for n in range(100)])
        self.assertEqual(self.keyboard._room._value, MAX_AHEAD)

    async def test_endless_line(self) -> None:
        """Of a line without end only the beginning is kept."""
        self.keyboard.start()
        for _ in range(50):
            await self.type(b"x" * 1000, end=False)
        await self.type(b"\nnext\n")
        await self.until(lambda: len(self.typed) == 2)
        self.assertEqual(self.typed, ["x" * MAX_LINE, "next"])
