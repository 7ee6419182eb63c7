"""What became of actions, as the administrator sees it; mixed into the tests of each version of Asterisk."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

from twisted.internet.threads import deferToThread

from tests.pbx.daemon import Daemon, password_of
from tests.pbx.instance import END_WITH_PARENT
from tests.pbx.live import LiveTestCase
from tests.pbx.waiting import sleep
from tests.pbx.witness import Event

WAIT_SECONDS = 15.0


class DeliveryTests(LiveTestCase):
    """A headless agent at 201, as a program of its own, that shows pages with some command."""

    _serial = 0

    async def setUp(self) -> None:
        await super().setUp()
        await self.floor.close()
        DeliveryTests._serial += 1
        self.daemon = Daemon(self.house.instance, name=f"delivery-{self.major}-{DeliveryTests._serial}")
        runtime = self.daemon.folder / "runtime.xml"
        runtime.write_text(runtime.read_text().replace('username="op201"', 'username="op201" callcenter="1"'))
        # The user that we ship: this server may change queues.
        self.daemon.bootstrap.write_text(self.daemon.bootstrap.read_text().replace(">onlooker<", ">astcti<"))
        self.daemon.start()
        self.addCleanup(self.daemon.stop)

    async def ctl(self, *words: str, code: int = 0) -> Any:
        """What ``astcti ctl`` answers as JSON, or says when it ends with another code."""
        program = [sys.executable, "-m", "astcti", "ctl", "--json", "--config", str(self.daemon.bootstrap), *words]
        done = await deferToThread(subprocess.run, program, capture_output=True, text=True, cwd=self.daemon.folder)
        self.assertEqual(done.returncode, code, done.stdout + done.stderr)
        return json.loads(done.stdout) if done.stdout else done.stderr

    async def sit(self, browser: str) -> subprocess.Popen[bytes]:
        """The agent, logged in."""
        program = [*END_WITH_PARENT, sys.executable, "-m", "astcti", "agent", "--json", "--user", "op201",
                   "--server", f"127.0.0.1:{self.daemon.port}", "--password", password_of("op201"),
                   "--browser", browser]  # fmt: skip
        agent = subprocess.Popen(program, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, cwd=self.daemon.folder)
        self.addCleanup(agent.wait)
        self.addCleanup(agent.kill)
        await self.until(lambda: self.ctl("clients"), lambda clients: any(
            c["operator"] == "op201" and "actr" in c["capabilities"] for c in clients
        ))  # fmt: skip
        return agent

    async def until(self, ask: Any, good: Any) -> Any:
        """Ask until the answer is good."""
        answer = None
        for _ in range(round(WAIT_SECONDS / 0.2)):
            answer = await ask()
            if good(answer):
                return answer
            await sleep(0.2)
        raise AssertionError(f"it never came to be so: {answer}")

    async def members(self) -> dict[str, Event]:
        """201's memberships as the PBX has them, by queue."""
        interface = self.stage.interface(201)
        return {q: m for (q, i), m in (await self.stage.witness.members()).items() if i == interface}

    async def pop(self, *statuses: str) -> dict[str, Any]:
        """A call that 201 answers; its action, when that has come so far."""
        for number in (201, 202):
            self.stage.phones[number].behave("answer" if number == 201 else "noanswer")
        before = {a["id"] for a in (await self.ctl("actions", "--agent", "op201"))["actions"]}
        caller = self.stage.call("100", "12345")
        answer = await self.until(
            lambda: self.ctl("actions", "--agent", "op201"),
            lambda answer: (
                answer["actions"]
                and answer["actions"][0]["id"] not in before
                and answer["actions"][0]["status"] in statuses
            ),
        )
        await caller.bye()
        row: dict[str, Any] = answer["actions"][0]
        return row

    async def test_performed(self) -> None:
        """The life of an action from a real call to the agent's own word, and once more at the administrator's."""
        await self.sit("true")
        row = await self.pop("ok")
        self.assertEqual(
            [row[n] for n in ("type", "moment", "operator", "phone", "service", "configured", "times")],
            ["BROWSER", "LINK", "op201", self.stage.interface(201).removesuffix("/n"), "astctidemo", "1", 1],
        )
        self.assertRegex(row["reason"], r"^\d+ ms$")
        self.assertGreater(row["milliseconds"], 0)
        again = await self.ctl("replay", row["id"])
        self.assertEqual((again["status"], again["id"]), ("ok", f"{row['id']}-r1"))
        self.assertGreaterEqual((await self.ctl("status"))["actions"]["remembered"]["ok"], 2)

    async def test_failed(self) -> None:
        """A page that cannot be shown is found among what failed, with why, and is a sentence in the log."""
        await self.sit("false")
        row = await self.pop("failed")
        self.assertTrue(row["reason"])
        text = self.daemon.ctl("actions", "--failed", "--call", row["call"])
        for part in ("failed", "op201", row["id"], row["reason"]):
            self.assertIn(part, text)
        self.assertIn(f"BROWSER action {row['id']} failed at op201", self.daemon.last_words())
        again = await self.ctl("replay", row["id"], code=1)
        self.assertEqual(again["status"], "failed")

    async def test_vanished(self) -> None:
        """What an agent that died had not said is lost, and not just forgotten; one that says nothing is told apart."""
        agent = await self.sit("sleep 5")
        agent.send_signal(19)  # SIGSTOP: it reads nothing more, and its computer still acknowledges
        row = await self.pop("sent")
        agent.kill()
        await self.until(
            lambda: self.ctl("actions", "--call", row["call"]), lambda answer: answer["actions"][0]["status"] == "lost"
        )
        self.assertIn("is not at work", await self.ctl("replay", row["id"], code=1))

    async def test_administration(self) -> None:
        """An operator is paused, told, and sent away; the PBX and the client see it."""
        await self.sit("true")
        await self.until(self.members, lambda members: "astcti-queue" in members)
        await self.ctl("pause", "op201", "--reason", "fire drill")
        shown = {(m["Paused"], m["PausedReason"]) for m in (await self.members()).values()}
        self.assertEqual(shown, {("1", "fire drill")})
        (client,) = [c for c in await self.ctl("clients") if c["operator"] == "op201"]
        self.assertEqual((client["state"], client["reason"]), ("paused", "fire drill"))
        (queue,) = [q for q in await self.ctl("queues") if q["queue"] == "astcti-queue"]
        self.assertGreaterEqual(queue["paused"], 1)
        await self.ctl("unpause", "op201")
        self.assertEqual({m["Paused"] for m in (await self.members()).values()}, {"0"})
        self.assertEqual((await self.ctl("text", "op201", "well", "done"))["told"], 1)
        self.assertIn("no operator", await self.ctl("pause", "nobody", code=1))
        await self.ctl("kick", "op201", "for the test")
        self.assertIn("not logged in", await self.ctl("kick", "op202", code=1))
