"""``astcti agent`` as a person runs it: a process with options, output, signals and an exit code."""

from __future__ import annotations

import io
import json
import os
import signal
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from twisted.internet import reactor
from twisted.internet.defer import Deferred
from twisted.internet.protocol import ProcessProtocol
from twisted.internet.task import deferLater
from twisted.python.failure import Failure
from twisted.trial.unittest import SynchronousTestCase

from astcti.client.happenings import ServerEvent
from astcti.commands import agent as command
from astcti.model.actions import RenderedAction
from astcti.model.commands import Originate, Pause
from tests.actions.hostile_names import HOSTILE_NAMES
from tests.client.test_agent import AgentTestCase
from tests.outside import skip_without
from tests.protocols.fakes import a_notice, an_action

ROOT = Path(__file__).resolve().parents[2]


class Run(ProcessProtocol):
    """A run of ``astcti agent``."""

    transport: Any

    def __init__(self, arguments: Sequence[str], **environment: str) -> None:
        self.output = b""
        self.errors = b""
        self.ended: Deferred[int] = Deferred()
        self._awaited: list[tuple[bytes, Deferred[None]]] = []
        words = [sys.executable, "-m", "astcti", "agent", *arguments]
        env = {k: v for k, v in os.environ.items() if k != "ASTCTI_PASSWORD"} | environment
        reactor.spawnProcess(self, sys.executable, words, env=env, path=str(ROOT))  # type: ignore[attr-defined]

    def outReceived(self, data: bytes) -> None:
        """Collect it."""
        self.output += data
        for text, deferred in list(self._awaited):
            if text in self.output:
                self._awaited.remove((text, deferred))
                deferred.callback(None)

    def errReceived(self, data: bytes) -> None:
        """Collect it."""
        self.errors += data

    def processEnded(self, reason: Failure) -> None:
        """Tell how it ended."""
        self.ended.callback(reason.value.exitCode)

    def printed(self, text: str) -> Deferred[None]:
        """Wait until this was printed."""
        deferred: Deferred[None] = Deferred()
        self._awaited.append((text.encode(), deferred))
        self.outReceived(b"")
        return deferred

    def signal(self, name: str) -> Deferred[int]:
        """Send a signal; the exit code."""
        self.transport.signalProcess(name)
        return self.ended


class CommandTests(AgentTestCase):
    """The command against a server."""

    skip = skip_without("ASTCTI_TEST_WHOLE")

    def run_agent(self, *arguments: str, password: str = "pass", **environment: str) -> Run:
        """Run it."""
        port = self.port.getHost().port
        options = ("--server", f"127.0.0.1:{port}", "--user", "oper1", *arguments)
        run = Run(options, ASTCTI_PASSWORD=password, **environment)

        async def end() -> None:
            if not run.ended.called:
                run.transport.signalProcess("KILL")
                await run.ended

        self.addCleanup(end)
        return run

    async def test_story_and_goodbye(self) -> None:
        """A call's story is printed line by line, its actions are performed, and Ctrl-C says goodbye."""
        touched = Path(self.mktemp()).absolute()
        run = self.run_agent("--extension", "SIP/202")
        await run.printed("logged in")
        client = self.desk.clients[0]
        client.notify(a_notice("Callerid"), ())
        client.notify(a_notice("Link"), (RenderedAction("1", "APPLICATION", "touch", arguments=(str(touched),)),))
        await run.printed(" ms")
        self.assertTrue(touched.exists())
        self.assertEqual(await run.signal("INT"), 0)
        lines = run.output.decode().splitlines()
        self.assertEqual([line[10:27].strip() for line in lines], ["logged in", "Callerid", "Link", "ok"])
        self.assertIn("oper1 at SIP/202", lines[0])
        self.assertIn("200 Demo 1", lines[2])
        self.assertIn("calldata=12345", lines[2])
        self.assertEqual(run.errors, b"")
        self.assertEqual(len(self.desk.detached), 1)
        self.assertGreater(self.factory.context.counters.as_dict()["commands"], 5)

    async def test_json_and_dry_run(self) -> None:
        """Each line is an object; with --dry-run actions are told and not performed."""
        run = self.run_agent("-e", "SIP/202", "--json", "--dry-run", "--compression", "0", "--os", "win")
        await run.printed("login")
        self.desk.clients[0].notify(a_notice("Link"), an_action())
        await run.printed("dry-run")
        self.assertEqual(await run.signal("TERM"), 0)
        objects = [json.loads(line) for line in run.output.splitlines()]
        self.assertEqual([o["event"] for o in objects], ["login", "Link", "action"])
        self.assertEqual((objects[0]["seat"], objects[0]["compression"]), (["SIP/202"], 0))
        self.assertEqual(objects[2]["parameters"], "http://crm.example/?callerid=200&calldata=12345")
        self.assertIn("SetSystem(system='WINDOWS')", map(repr, self.desk.asked))

    async def test_commands(self) -> None:
        """With --commands what is typed is done, and the end of the input ends nothing; without it nothing is read."""
        run = self.run_agent("-e", "SIP/202", "--commands")
        await run.printed("logged in")
        run.transport.write(b"pause lunch\ndial 0123 outgoing\n")
        await run.printed("your phone is called")
        self.assertEqual(self.desk.asked[-2:], [Pause(True, "", "lunch"), Originate("0123", "outgoing")])
        self.desk.clients[0].pause_changed(0, "")
        await run.printed("confirmed")
        run.transport.write(b"quit\n")
        self.assertEqual(await run.ended, 0)
        lines = [line[10:].split(None, 1) for line in run.output.decode().splitlines()]
        self.assertEqual([line[0] for line in lines], ["logged", ">", ">", "pause", ">"])
        self.assertEqual(run.errors, b"")

    async def test_no_more_commands(self) -> None:
        """The end of the input ends nothing; without --commands nothing is read."""
        for options in (["--commands"], []):
            run = self.run_agent("-e", "SIP/202", "--json", *options)
            await run.printed('"login"')
            run.transport.write(b"ready\n")
            run.transport.closeStdin()
            client = self.desk.clients[0]
            if options:
                await run.printed('"answer"')
            client.notify(a_notice("Link"), ())
            await run.printed('"Link"')
            self.assertEqual(await run.signal("TERM"), 0)
            answers = [o for o in map(json.loads, run.output.splitlines()) if o["event"] == "answer"]
            self.assertEqual(
                [(a["order"], a["ok"], a["text"]) for a in answers], [("ready", True, "ready")] * len(options)
            )

    async def test_refused(self) -> None:
        """A wrong password ends it with 1, and the reason."""
        run = self.run_agent("-e", "SIP/202", password="wrong")
        self.assertEqual(await run.ended, 1)
        self.assertIn(b"wrong user name or password", run.output)
        self.assertNotIn(b"Traceback", run.errors)

    async def test_allowed_programs(self) -> None:
        """A program that is not allowed is not started, and that is printed."""
        run = self.run_agent("-e", "SIP/202", "--allow-program", "sleep", "--allow-program", "true")
        await run.printed("logged in")
        self.desk.clients[0].notify(
            a_notice("Link"), [RenderedAction("1", "APPLICATION", p) for p in ("touch", "true")]
        )
        await run.printed("  ok")
        self.assertIn(b"touch is not among the programs allowed here", run.output)

    async def test_hostile_names_on_a_terminal(self) -> None:
        """No caller's name moves the cursor, begins a line or breaks the output, whatever the locale."""
        run = self.run_agent("-e", "SIP/202", "--dry-run", LC_ALL="C", PYTHONUTF8="0", PYTHONCOERCECLOCALE="0")
        await run.printed("logged in")
        for name in HOSTILE_NAMES.values():
            call = {"name": name[:1000], "variables": (("calldata", name[:1000]),)}
            self.desk.clients[0].notify(a_notice("Callerid", name[:100], **call), ())
            await deferLater(reactor, 0)  # type: ignore[arg-type]
        self.desk.clients[0].notify(a_notice("Link"), ())
        await run.printed("Link")
        *lines, rest = run.output.split(b"\n")
        self.assertEqual((len(lines), rest), (len(HOSTILE_NAMES) + 2, b""))
        self.assertTrue(all(0x20 <= byte < 0x7F for line in lines for byte in line))

    async def test_nobody_reads(self) -> None:
        """``astcti agent | head -1`` ends when head does."""
        run = self.run_agent("-e", "SIP/202")
        await run.printed("logged in")
        run.transport.closeStdout()
        self.desk.clients[0].notify(a_notice("Link"), ())
        self.assertEqual(await run.ended, 0)
        self.assertEqual(run.errors, b"")

    async def test_signal_before_there_is_a_server(self) -> None:
        """It can be ended while it waits for a server."""
        await self.port.stopListening()
        port = self.address.rpartition(":")[2]
        run = Run(["--server", f"127.0.0.1:{port}", "--user", "oper1"], ASTCTI_PASSWORD="pass")
        await run.printed("not connected")
        self.assertEqual(await run.signal("TERM"), 0)

    async def test_signal_at_once(self) -> None:
        """A signal in the middle of logging in ends it as well."""
        slow: Deferred[Any] = Deferred()
        self.desk.slow = slow
        run = self.run_agent("-e", "SIP/202")
        for _ in range(500):
            if self.desk.asked:
                break
            await deferLater(reactor, 0.02)  # type: ignore[arg-type]
        self.assertEqual(await run.signal("INT"), 0)
        self.assertEqual(signal.SIGINT, 2)


class PrinterTests(SynchronousTestCase):
    """What is printed of all that happens."""

    def test_figures(self) -> None:
        """The figures of queues are shown to those who want them, and what is wrong with a queue to everybody."""
        figures = ServerEvent("QueueState", "queue", attributes={"name": "sales", "waiting": "2"})
        problem = ServerEvent("QueueState", "queue", attributes={"name": "sales", "problem": "no such queue"})
        for as_json, wanted, lines in ((False, False, 1), (False, True, 2), (True, False, 2)):
            out = io.StringIO()
            tell = command.Printer(out, as_json, lambda: None, figures=wanted)
            tell(figures)
            tell(problem)
            self.assertEqual(len(out.getvalue().splitlines()), lines)
            self.assertIn("no such queue", out.getvalue())


class UsageTests(SynchronousTestCase):
    """Options that make no sense."""

    def refused(self, *arguments: str) -> str:
        """What is said of such a command line."""
        said = io.StringIO()
        self.patch(sys, "stderr", said)
        self.assertEqual(command.main(arguments), 2)
        return said.getvalue().splitlines()[0]

    def test_each(self) -> None:
        """Each mistake is named, with 2 as the exit code."""
        for arguments, said in (
            ([], "--user NAME"),
            (["--user", "x", "--mac", "00:00:00:00:00:00", "--extension", "SIP/1"], "two ways"),
            (["--user", "x", "--mac", "junk"], "hardware address"),
            (["--user", "x", "--tls", "maybe"], "no, try, yes"),
            (["--user", "x", "--compression", "10"], "0 to 9"),
            (["--user", "x", "--compression", "x"], "0 to 9"),
            (["--user", "x", "--os", "BeOS"], "LINUX"),
            (["--user", "x\ny"], "cannot be seen"),
            (["--user", "x", "--nonsense"], "nonsense"),
            (["--user", "x", "--password", "p", "--server", "a b"], "host:port"),
            (["--user", "x", "--password", "p", "--ca-file", "/no/such"], "/no/such"),
            (["--user", "x", "--password-file", "/no/such"], "/no/such"),
        ):
            self.assertIn(said, self.refused(*arguments))

    def test_summary(self) -> None:
        """``astcti --help`` has a line for it."""
        self.assertEqual(len(command.SUMMARY.splitlines()), 1)
