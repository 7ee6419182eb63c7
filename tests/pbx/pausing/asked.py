"""Pauses that somebody asks for."""

from __future__ import annotations

import os
import signal

from astcti.errors import Refused
from astcti.protocols.client import PauseChanged
from tests.client.test_command import Run
from tests.pbx.daemon import password_of
from tests.pbx.pausing.office import QUEUE, QUEUES, READY, RINGALL, STATIC, PausingTestCase
from tests.services.lineclient import connect


class AskedTests(PausingTestCase):
    """By the operator, or at the PBX."""

    async def test_pause(self) -> None:
        """Pending, then confirmed in all three queues with the reason; unpaused again; repeating is no toggle."""
        await self.begin()
        self.assertIs(await self.client.pause("lunch, 50% off"), False)
        self.assertEqual(await self.outcome(), PauseChanged(True))
        await self.shown(dict.fromkeys(QUEUES, True), "lunch, 50% off")
        await self.told(state="paused", paused="all", reason="lunch, 50% off", by="self")
        self.assertIs(await self.client.pause("training"), False)
        await self.outcome(2)
        await self.shown(dict.fromkeys(QUEUES, True), "training")
        for _ in range(2):
            self.assertIs(await self.client.unpause(), True)
            await self.shown(READY)
        await self.told(state="ready", paused="none")

    async def test_supervisor(self) -> None:
        """A supervisor's pause at the PBX is noticed with its reason, and so is its end; nothing is overruled."""
        await self.begin()
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
        await self.begin()
        await self.client.pause("training", RINGALL)
        await self.shown({QUEUE: False, RINGALL: True, STATIC: False}, "training")
        await self.told(state="ready", paused="partly")
        self.assertIs(await self.client.unpause(), True)
        await self.shown(READY)

    async def test_two_phones(self) -> None:
        """Both phones of a seat pause; one that somebody unpauses is half of it; ``PAUSE OUT`` puts both right."""
        await self.begin(203)
        both = dict.fromkeys((QUEUE, RINGALL), True)
        self.assertIs(await self.client.pause("lunch"), False)
        self.assertEqual(await self.outcome(), PauseChanged(True))
        for phone in (203, 204):
            await self.shown(both, "lunch", phone=phone)
        await self.told(state="paused", paused="all", channel=self.stage.interface(203))
        await self.stage.witness.act("QueuePause", Interface=self.stage.interface(204), Paused="false")
        await self.told(state="ready", paused="partly")
        await self.client.pause("lunch")
        self.assertEqual(await self.outcome(2), PauseChanged(True))
        for phone in (203, 204):
            await self.shown(both, "lunch", phone=phone)
        self.assertIs(await self.client.unpause(), True)
        for phone in (203, 204):
            await self.shown(dict.fromkeys(both, False), phone=phone)

    async def test_reasons(self) -> None:
        """Of reasons that are configured the PBX is told the code; others do not reach it."""
        await self.begin(reasons=("Lunch", "coffee break"))
        with self.assertRaises(Refused) as caught:
            await self.client.pause("errand")
        self.assertEqual(caught.exception.number, 931)
        await self.shown(READY)
        await self.client.pause("COFFEE BREAK")
        self.assertEqual(await self.outcome(), PauseChanged(True))
        await self.shown(dict.fromkeys(QUEUES, True), "coffee break")

    async def test_first_generation(self) -> None:
        """A client of the first generation pauses without a reason, is answered ``302 KO``, and can undo percents."""
        await self.begin(203)
        old = await connect(self.daemon.port)
        self.addCleanup(old.transport.loseConnection)
        await old.login("op201", password_of("op201"))
        await self.shown(READY)
        for command, answer in (
            ("PAUSE", "302 KO"),
            ("PAUSE NOW", "302 KO"),
            ("PAUSE IN reason=50%", "302 KO a percent sign is written %25"),
            ("PAUSE IN reason=%0d%0aAction:%20Originate", "302 KO"),
            ("PAUSE IN queue=nowhere", "302 KO unknown queue"),
            ("PAUSE IN reason=50%25%20caff%c3%a8", "301 PAUSE PENDING"),
        ):
            await old.ask(command, answer)
        await old.expect("300 OK")
        await self.shown(dict.fromkeys(QUEUES, True), "50% caffè")
        await old.ask("PAUSE OUT", "300 OK")
        await self.shown(READY)

    async def test_agent_program(self) -> None:
        """What is typed at ``astcti agent`` happens: a pause, its end, after-call work, a call, going home."""
        await self.begin(203, user="astcti")
        options = ["--server", f"127.0.0.1:{self.daemon.port}", "--user", "op201", "--commands", "--dry-run"]
        program = Run(options, ASTCTI_PASSWORD=password_of("op201"))
        self.addCleanup(lambda: program.ended.called or program.signal("KILL"))
        await self.shown(READY, seconds=20)
        for typed, shown, reason in (
            ("pause lunch, 50% off", dict.fromkeys(QUEUES, True), "lunch, 50% off"),
            ("unpause", READY, None),
            (f"pause queue={RINGALL} training", {QUEUE: False, RINGALL: True, STATIC: False}, "training"),
            ("unpause", READY, None),
            ("wrap", dict.fromkeys(QUEUES, True), "wrapup"),
            ("ready", READY, None),
        ):
            program.transport.write(f"{typed}\n".encode())
            await self.shown(shown, reason)
        self.stage.nobody_answers()
        self.stage.phones[201].behave()
        self.stage.outside.expect()
        program.transport.write(b"dial 0123\n")
        await self.stage.outside.called()
        await program.printed("OriginateResponse")
        program.transport.write(b"quit\n")
        self.assertEqual(await program.ended, 0)
        self.assertEqual((program.errors, program.output.count(b"refused")), (b"", 0))
        await self.shown({STATIC: False})

    async def test_no_right(self) -> None:
        """A PBX that refuses it is told as such at once, and nobody is paused."""
        await self.begin_without_right()
        self.assertIs(await self.client.pause("lunch"), False)
        outcome = await self.outcome()
        self.assertEqual((outcome.number, outcome.reason), (906, "Permission denied"))
        await self.shown({STATIC: False})
        with self.assertRaises(Refused):
            await self.client.unpause()

    async def begin_without_right(self) -> None:
        """The manager user may look on only; so 201 is a member of the PBX's own queue, and of no other."""
        self.queues = {201: (STATIC,)}
        await self.begin(user="onlooker")

    async def test_pbx_stands_still(self) -> None:
        """Of a PBX that does not answer for ten seconds nothing is believed; what it does then is seen."""
        await self.begin(ami_ping_interval=3600, ami_response_timeout=300)
        pbx = self.house.instance.pid
        self.addCleanup(os.kill, pbx, signal.SIGCONT)
        os.kill(pbx, signal.SIGSTOP)
        self.assertIs(await self.client.pause("lunch"), False)
        outcome = await self.outcome(seconds=25)
        self.assertEqual(outcome.number, 907)
        await self.told(state="ready")
        os.kill(pbx, signal.SIGCONT)
        await self.told(seconds=30, state="paused", paused="all", reason="lunch")  # it has much to make up for
        await self.shown(dict.fromkeys(QUEUES, True), "lunch")
        self.assertIs(await self.client.unpause(), True)
        await self.shown(READY)

    async def test_client_lost(self) -> None:
        """Who is lost is out of the queues, and paused in them again, with the reason, on coming back."""
        await self.begin()
        await self.client.pause("lunch")
        before = await self.told(state="paused")
        await self.outcome()
        self.agent.notices.clear()
        self.client.transport.abortConnection()
        again = await self.told(seconds=30, state="paused")
        self.assertEqual((again["reason"], again["since"]), ("lunch", before["since"]))
        await self.shown(dict.fromkeys(QUEUES, True), "lunch")

    async def test_killed(self) -> None:
        """Who has been told that they are paused stays so when the server is killed at that moment, for the same reason
        and since the same time."""
        await self.begin()
        self.assertIs(await self.client.pause("lunch"), False)
        self.assertEqual(await self.outcome(), PauseChanged(True))
        self.daemon.kill()
        before = await self.told(state="paused")
        self.agent.notices.clear()
        self.daemon.start()
        again = await self.told(seconds=30, state="paused")
        self.assertEqual((again["reason"], again["since"]), (before["reason"], before["since"]))
        await self.shown(dict.fromkeys(QUEUES, True), "lunch")
