"""The server as a process of its own: twistd, signals, pid file, exit codes."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

from twisted.internet import reactor
from twisted.internet.task import deferLater
from twisted.internet.threads import deferToThread
from twisted.trial.unittest import TestCase

from tests.outside import skip_without
from tests.services.fakeami import FakePBX, events_of
from tests.services.fakes import digest
from tests.services.lineclient import connect
from tests.services.site import Site

ROOT = Path(__file__).resolve().parents[2]
TWISTD = "from twisted.scripts.twistd import run; run()"


def run(*words: str, seconds: float = 20) -> subprocess.CompletedProcess[str]:
    """Run Python with these words until it ends."""
    environ = {**os.environ, "PYTHONPATH": str(ROOT)}
    return subprocess.run(
        [sys.executable, *words], capture_output=True, text=True, timeout=seconds, env=environ, cwd=ROOT, check=False
    )


class DaemonTests(TestCase):
    """Processes on free ports."""

    skip = skip_without("ASTCTI_TEST_WHOLE")

    timeout = 60

    async def setUp(self) -> None:
        self.pbx = FakePBX()
        self.site = Site(await self.pbx.listen())
        self.addCleanup(self.site.remove)
        self.addCleanup(self.pbx.close)
        self.pid_file = self.site.folder / "astcti.pid"
        self.twistd = ("-c", TWISTD, f"--pidfile={self.pid_file}", f"--rundir={self.site.folder}",
                       f"--logfile={self.site.folder}/twistd.log", "astcti")  # fmt: skip
        self.config = f"--config={self.site.bootstrap_path}"

    def _stop(self) -> None:
        if self.pid_file.exists():
            os.kill(int(self.pid_file.read_text()), signal.SIGKILL)

    async def ctl(self, *words: str) -> subprocess.CompletedProcess[str]:
        """Run astcti ctl."""
        return await deferToThread(run, "-m", "astcti", "ctl", self.config, *words)

    async def until(self, condition: Any, seconds: float = 15) -> Any:
        """Wait for something to be so."""
        for _ in range(int(seconds / 0.05)):
            if condition():
                return
            await deferLater(reactor, 0.05)
        self.fail("it never came to be so")

    async def test_daemon(self) -> None:
        """twistd astcti serves in the background, reloads at SIGHUP, and at SIGTERM tells everybody and ends."""
        self.addCleanup(self._stop)
        started = await deferToThread(run, *self.twistd, self.config)
        self.assertEqual(started.returncode, 0, started.stderr)
        await self.until(lambda: self.pbx.links)
        pid = int(self.pid_file.read_text())
        status = json.loads((await self.ctl("--json", "status")).stdout)
        self.assertEqual((status["pid"], status["pbx"]["up"]), (pid, True))
        client = await connect(int(status["clients"]["listening"][0].rpartition(" ")[2]))
        await client.login("anna", "anna", "00:1c:bf:37:53:01")
        self.pbx.say(events_of(22, "service-answered"))
        self.assertIn("12345", await client.expect('<event id="Link"'))
        text = (await self.ctl("status")).stdout
        for part in (f"pid {pid}", "1 connected, 1 logged in, 1 at a seat", "active", "pops           1"):
            self.assertIn(part, text)
        for pid_file in ("astcti.pid", "other.pid"):
            words = [w.replace("astcti.pid", pid_file) for w in self.twistd]
            second = await deferToThread(run, *words, self.config)
            self.assertEqual((second.returncode, second.stdout), (1, ""))
            self.assertIn("another astcti runs already", second.stderr)
        checked = await deferToThread(run, *self.twistd, self.config, "--check")
        self.assertEqual((checked.returncode, "can be used" in checked.stdout), (0, True), checked.stderr)
        self.site.write_runtime("bruno")
        os.kill(pid, signal.SIGHUP)
        self.assertIn("configuration changed", await client.expect("101"))
        again = await connect(int(status["clients"]["listening"][0].rpartition(" ")[2]))
        os.kill(pid, signal.SIGTERM)
        self.assertEqual(await again.expect("101"), "101 KO server shutting down")
        await self.until(lambda: not self.pid_file.exists())
        await self.until(lambda: not Path(f"/proc/{pid}").exists())
        self.assertEqual(self.pbx.logoffs, 1)
        log = (self.site.folder / "logs" / "astcti.log").read_text()
        for part in ("anna logged in from 127.0.0.1", "SIGHUP", "Stopping"):
            self.assertIn(part, log)
        for secret in (digest("anna"), digest("bruno")):
            self.assertNotIn(secret, log + (self.site.folder / "twistd.log").read_text())
        nobody = await self.ctl("status")
        self.assertEqual(nobody.returncode, 1)
        self.assertIn("is it running?", nobody.stderr)

    async def test_bad_configuration(self) -> None:
        """A configuration that cannot be used is said to be so, by file and line, and nothing begins."""
        self.site.replace_runtime('<astcti version="2"><services><service id="1" name="a b"/></services></astcti>')
        for words in ((*self.twistd, self.config), ("-m", "astcti", "serve", self.config)):
            ended = await deferToThread(run, *words)
            self.assertEqual(ended.returncode, 1)
            self.assertIn("runtime.xml:1", ended.stdout + ended.stderr)
            self.assertNotIn("Traceback", ended.stdout + ended.stderr)
        self.assertEqual(self.pbx.logins, 0)

    async def test_check(self) -> None:
        """twistd astcti --check only looks at the configuration."""
        checked = await deferToThread(run, *self.twistd, self.config, "--check")
        self.assertEqual((checked.returncode, self.pbx.logins), (0, 0))
        self.assertIn("can be used", checked.stdout)

    async def test_no_pbx(self) -> None:
        """When the PBX cannot be reached as often as was to be tried, the exit code is 2, however it is run."""
        self.pbx.refuses = True
        self.site.bootstrap_path.write_text(self.site.bootstrap_path.read_text().replace("<retries>-1<", "<retries>0<"))
        for words in (
            ("-m", "astcti", "serve", self.config),
            (*self.twistd[:2], "--nodaemon", *self.twistd[2:], self.config),
        ):
            ended = await deferToThread(run, *words)
            self.assertEqual(ended.returncode, 2, ended.stdout + ended.stderr)
            self.assertIn("the PBX cannot be reached: it refuses the login of astcti", ended.stderr)
            self.assertLessEqual(ended.stderr.count("cannot be reached"), 2)
        self.assertFalse(self.pid_file.exists())

    async def test_in_front(self) -> None:
        """astcti serve runs in the foreground with its log on standard error, and ends with 0 at SIGINT."""
        process = subprocess.Popen(
            # Whoever runs tests in the background may have them ignore SIGINT, which is inherited.
            ["env", "--default-signal=INT", sys.executable, "-m", "astcti", "serve", self.config, "--json-log"],
            stderr=subprocess.PIPE, text=True, env={**os.environ, "PYTHONPATH": str(ROOT)},
        )  # fmt: skip
        self.addCleanup(process.kill)
        await self.until(lambda: self.pbx.links)
        process.send_signal(signal.SIGINT)
        _, log = await deferToThread(process.communicate, timeout=20)
        self.assertEqual(process.returncode, 0)
        lines = [json.loads(line) for line in log.splitlines() if line.startswith("{")]
        self.assertIn("Stopping", [line["text"] for line in lines])
