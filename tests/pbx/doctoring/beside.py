"""Beside a running server, interrupted, and from the command line: it disturbs nobody."""

from __future__ import annotations

import json
import signal
import socket
import subprocess

from twisted.internet.defer import Deferred
from twisted.internet.threads import deferToThread

from astcti.doctor import Level
from astcti.doctor.ear import PLACE
from tests.pbx.daemon import Daemon
from tests.pbx.doctoring.clinic import ClinicTestCase
from tests.pbx.instance import free_port
from tests.pbx.waiting import sleep, until
from tests.pbx.witness import Witness


class BesideTests(ClinicTestCase):
    """What the PBX and the server notice of it."""

    async def witness(self) -> Witness:
        """Somebody who sees all that happens on the PBX."""
        witness = await Witness.connect(self.instance.ports.ami)
        self.addCleanup(witness.close)
        return witness

    async def test_beside_a_server(self) -> None:
        """A running server is found, its port is its own, and it notices nothing: no fault, no call, nobody told."""
        daemon = Daemon(self.instance, name=f"doctored-{self.folder.name}")
        self.addCleanup(daemon.stop)
        pages = free_port(socket.SOCK_STREAM)
        text = daemon.bootstrap.read_text()
        daemon.bootstrap.write_text(text.replace("<ctiserver>", f"<ctiserver><metrics>{pages}</metrics>"))
        await deferToThread(daemon.start)
        before = daemon.ask("status")
        self.bootstrap = daemon.bootstrap
        self.bootstrap.write_text(self.bootstrap.read_text().replace("<username>onlooker<", "<username>astcti<"))
        code, said, _ = await deferToThread(self.run_doctor)
        seen = {f["check"]: f["seen"] for f in said["findings"] if f["level"] == "ok"}
        self.assertEqual((code, said["fault"]), (0, 0), said)
        self.assertIn(f"runs as pid {before['pid']}", seen["server"])
        ports = [f["seen"] for f in said["findings"] if f["check"] == "ports"]
        self.assertEqual([seen.partition(": ")[2] for seen in ports],
                         ["our server listens there", "our server answers there"])  # fmt: skip
        self.assertIn(f"the server (pid {before['pid']})", json.dumps(said))
        after = daemon.ask("status")
        self.assertTrue(after["pbx"]["up"])
        for status in (before, after):
            self.assertEqual((status["counters"]["faults"], status["counters"]["events"]["faults"]), (0, 0))
        self.assertEqual(after["counters"]["notices"], before["counters"]["notices"])
        self.assertEqual(after["calls"]["channels"], 0)
        self.assertEqual(daemon.stop(), 0)

    async def test_leaves_no_trace(self) -> None:
        """Afterwards nobody of its making is in a queue or on a channel, and its link is gone."""
        witness = await self.witness()
        self.assertNoFault(await self.examine("events"))
        await until(lambda: any(PLACE in e.get("Channel", "") and e.get("Event") == "Hangup" for e in witness.events),
                    10, "end of the call to nobody")  # fmt: skip
        members = await witness.list("QueueStatus")
        self.assertEqual([m for m in members if PLACE in m.get("Location", "")], [])
        self.assertEqual(await witness.channels(), {})
        added = [e["Paused"] for e in witness.events if e.get("Event") == "QueueMemberAdded"]
        self.assertEqual(added, ["1"])
        self.assertNotIn("fit", await deferToThread(self.instance.console, "manager show connected"))

    async def test_nobody_is_billed(self) -> None:
        """A call to nobody leaves no record, where records are kept of calls that were answered."""
        witness = await self.witness()
        self.assertNoFault(await self.examine("events"))
        witness.send("Originate", Channel="Local/1@callers/n", Context="callers", Exten="1", Priority=1, Async="true")
        await until(lambda: any(e.get("Event") == "Cdr" for e in witness.events), 20, "record of the other call")
        self.assertEqual([e for e in witness.events if e.get("Event") == "Cdr" and PLACE in str(e)], [])

    async def test_passive(self) -> None:
        """With --passive nothing happens on the PBX, and classes of which nothing came are not called missing."""
        witness = await self.witness()
        since = len(witness.events)
        findings = await self.examine(passive=True)
        self.assertNoFault(findings)
        skipped = " ".join(f.seen for f in findings if f.level is Level.SKIPPED and f.check == "events")
        for right in ("call", "dialplan", "agent"):
            self.assertIn(f"read class {right}", skipped)
        await witness.act("Ping")
        happened = {e.get("Event") for e in witness.events[since:]} & {"Newchannel", "VarSet", "QueueMemberAdded"}
        self.assertEqual(happened, set())

    async def test_passive_while_people_talk(self) -> None:
        """With --passive, what happens by itself is enough."""
        witness = await self.witness()
        found = Deferred.fromCoroutine(self.examine("events", "variables", passive=True, listen=60))
        queue = {"Queue": "astcti-queue", "Interface": "Local/nobody@nowhere"}
        while not found.called:
            witness.send("Originate", Channel="Local/1@callers/n", Context="callers", Exten="1", Priority=1,
                         Variable="calldata=5", Async="true")  # fmt: skip
            witness.send("QueueAdd", Paused="true", **queue)
            await witness.act("QueueRemove", **queue)
            await sleep(0.2)
        self.assertEqual([f for f in await found if f.level is not Level.OK], [])

    async def test_interrupted(self) -> None:
        """Ctrl-C while somebody of its making is in a queue: they are taken out, the link is closed, exit code 130."""
        self.install("no-read-agent")  # so that it waits for an event that never comes
        witness = await self.witness()
        doctor = subprocess.Popen(self.command("--only", "events"), stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        self.addCleanup(doctor.wait)
        self.addCleanup(doctor.kill)
        await until(lambda: any(e.get("Event") == "QueueMemberAdded" for e in witness.events), 60, "member")
        doctor.send_signal(signal.SIGINT)
        out, err = await deferToThread(doctor.communicate)
        self.assertEqual(doctor.returncode, 130, err)
        self.assertIn(b"interrupted", err)
        self.assertNotIn(b"Traceback", out + err)
        await until(lambda: any(e.get("Event") == "QueueMemberRemoved" for e in witness.events), 10, "member gone")

    async def test_command_line(self) -> None:
        """Faults are printed with what to do, and the exit code is 1; without any it is 0."""
        self.install("no-read-call")
        done = await deferToThread(
            subprocess.run, self.command("--only", "events"), capture_output=True, text=True, check=False
        )
        self.assertEqual(done.returncode, 1, done.stderr)
        self.assertRegex(done.stdout, r"(?m)^FAULT    events          the read class call is missing")
        self.assertRegex(done.stdout, r"(?m)^ {29}read = system,call,dialplan,agent$")
        self.assertIn("1 fault", done.stdout)
        self.install("fit")
        code, said, err = await deferToThread(self.run_doctor, "--only", "events", "--only", "queues")
        self.assertEqual((code, err, said["fault"], said["interrupted"]), (0, "", 0, False))
        self.assertEqual({f["check"] for f in said["findings"]}, {"events", "queues"})
