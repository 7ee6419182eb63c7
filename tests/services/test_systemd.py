"""What systemd is told, by the service and by a whole daemon."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from twisted.internet.defer import Deferred, succeed
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase, TestCase

from astcti.services.systemd import STATUS_SECONDS, Systemd
from tests.outside import skip_without
from tests.pbx.waiting import until
from tests.services.fakeami import FakePBX
from tests.services.site import Site


class Ear:
    """systemd's end of the socket."""

    def __init__(self, name: str) -> None:
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(name)
        self.socket.setblocking(False)
        self.heard: list[dict[str, str]] = []

    def hear(self) -> list[dict[str, str]]:
        """Everything so far."""
        while True:
            try:
                text = self.socket.recv(65536).decode()
            except BlockingIOError:
                return self.heard
            self.heard.append(dict(line.split("=", 1) for line in text.split("\n")))

    def said(self, name: str) -> list[str]:
        """The values of one name, in order."""
        return [told[name] for told in self.hear() if name in told]


class ServiceTests(SynchronousTestCase):
    """With a clock of our own."""

    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory(prefix="astcti-n-")
        self.addCleanup(folder.cleanup)
        self.name = f"{folder.name}/notify"
        self.ear = Ear(self.name)
        self.addCleanup(self.ear.socket.close)
        self.clock = Clock()
        self.ready: Deferred[None] = Deferred()
        self.sentence = "PBX up,\n2 clients"

    def make(self, **environ: str) -> Systemd:
        self.environ = {"NOTIFY_SOCKET": self.name, **environ}
        service = Systemd(self.clock, self.ready, lambda: self.sentence, self.environ)
        service.startService()
        self.addCleanup(service.stopService)
        return service

    def test_life(self) -> None:
        """Ready when it is, statuses when they change, a sign of life twice within the time, the end."""
        service = self.make(WATCHDOG_USEC="3000000", WATCHDOG_PID=str(os.getpid()))
        self.assertEqual(self.environ, {})
        self.assertEqual(self.ear.said("READY"), [])
        self.ready.callback(None)
        self.assertEqual(self.ear.said("READY"), ["1"])
        self.assertEqual(set(self.ear.said("STATUS")), {"PBX up, 2 clients"})
        before = len(self.ear.said("STATUS"))
        for _ in range(4):
            self.clock.advance(1.5)
        self.assertEqual(len(self.ear.said("WATCHDOG")), 5)
        self.assertEqual(len(self.ear.said("STATUS")), before)
        self.sentence = "PBX away"
        self.clock.advance(STATUS_SECONDS)
        self.assertEqual(self.ear.said("STATUS")[-1], "PBX away")
        service.stopping()
        self.assertEqual(self.ear.said("STOPPING"), ["1"])

    def test_reload(self) -> None:
        """Its beginning with the time, and its end, also when it goes wrong."""
        service = self.make()
        self.ready.callback(None)
        self.assertEqual(self.successResultOf(service.reloading(lambda: succeed("done"))), "done")
        self.failureResultOf(service.reloading(lambda: 1 / 0), ZeroDivisionError)
        self.assertEqual(len(self.ear.said("READY")), 3)
        (first, _) = (int(said) for said in self.ear.said("MONOTONIC_USEC"))
        self.assertLess(abs(first / 1e6 - time.monotonic()), 60)
        self.assertEqual(self.ear.said("RELOADING"), ["1", "1"])

    def test_not_ours(self) -> None:
        """No watchdog of another process; nothing at all without a socket; a socket that goes away does no harm."""
        self.assertEqual(self.make(WATCHDOG_USEC="3000000", WATCHDOG_PID="1").watchdog, 0)
        self.assertEqual(self.make(WATCHDOG_USEC="soon").watchdog, 0)
        quiet = Systemd(self.clock, self.ready, lambda: "", {"WATCHDOG_USEC": "3000000"})
        quiet.startService()
        quiet.stopping()
        quiet.stopService()
        self.assertEqual(self.ear.said("STOPPING"), [])
        service = self.make()
        self.ear.socket.close()
        Path(self.name).unlink()
        service.stopping()


class DaemonTests(TestCase):
    """``astcti serve`` as a unit of systemd's would run it."""

    skip = skip_without("ASTCTI_TEST_WHOLE")
    timeout = 60

    async def test_daemon(self) -> None:
        """Ready after the PBX has let it in, signs of life, a reload, the end; in an abstract socket, too."""
        pbx = FakePBX()
        site = Site(await pbx.listen())
        self.addCleanup(site.remove)
        self.addCleanup(pbx.close)
        name = f"\0astcti-test-{os.getpid()}"
        ear = Ear(name)
        self.addCleanup(ear.socket.close)
        environ = {**os.environ, "NOTIFY_SOCKET": "@" + name[1:], "WATCHDOG_USEC": "400000"}
        server = subprocess.Popen(
            [sys.executable, "-m", "astcti", "serve", "--config", str(site.bootstrap_path)],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=environ,
            cwd=Path(__file__).parents[2],
        )  # fmt: skip
        self.addCleanup(server.wait)
        self.addCleanup(server.kill)
        await until(lambda: ear.said("READY"), 20, "READY")
        self.assertTrue(pbx.links)
        await until(lambda: len(ear.said("WATCHDOG")) >= 3, 20, "signs of life")
        self.assertIn("PBX up, 0 clients, 0 logged in", ear.said("STATUS"))
        server.send_signal(signal.SIGHUP)
        await until(lambda: len(ear.said("READY")) >= 2, 20, "end of the reload")
        self.assertEqual(len(ear.said("RELOADING")), 1)
        server.send_signal(signal.SIGTERM)
        await until(lambda: ear.said("STOPPING"), 20, "STOPPING")
        await until(lambda: server.poll() is not None, 20, "end")
        self.assertEqual(server.returncode, 0)
