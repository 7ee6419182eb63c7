"""The demonstration, for real: over the loopback interface, and as a program."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
import time
from pathlib import Path

from twisted.internet import reactor
from twisted.internet.defer import Deferred
from twisted.internet.task import Clock, deferLater
from twisted.python.usage import UsageError
from twisted.trial.unittest import SynchronousTestCase, TestCase

from astcti.commands.demo import Options
from astcti.demo.show import Demo
from astcti.model.notices import CallView
from tests.outside import skip_without

ROOT = Path(__file__).parents[2]


class DemoTests(TestCase):
    """PBX, server, agents and calls in this process."""

    skip = skip_without("ASTCTI_TEST_WHOLE")

    timeout = 60

    async def test_show(self) -> None:
        """Within seconds there are pops of all three services, a miss and a move, and everything was right."""
        shown: list[str] = []
        demo = Demo(reactor, shown.append, agents=12, rate=1.6, seed=3)
        began = reactor.seconds()
        await demo.start()
        try:
            while not any(line.startswith("pop") for line in shown) and reactor.seconds() < began + 10:
                await deferLater(reactor, 0.05)
            first = reactor.seconds() - began
            while reactor.seconds() < began + 20:
                words = {line[:4].strip() for line in shown}
                services = {
                    s for s in ("orders", "support", "sales") for line in shown if line[:3] == "pop" and s in line
                }
                if len(services) == 3 and words.issuperset({"pop", "miss", "move"}) and demo.found.pops > 8:
                    break
                await deferLater(reactor, 0.05)
        finally:
            perfect = await demo.stop()
        self.assertLess(first, 4)
        self.assertTrue(perfect, shown[-2:])
        self.assertEqual(services, {"orders", "support", "sales"})
        self.assertTrue(words.issuperset({"pop", "miss", "move"}))
        self.assertEqual(sum(line.startswith("pop") for line in shown), demo.found.pops)
        self.assertIn("0 lost, 0 doubled, 0 misdelivered, as it should be", "".join(shown))


class LateTests(SynchronousTestCase):
    """The end, with a clock of the test's own."""

    def end(self, pop_after: float) -> tuple[float, bool]:
        """Somebody has begun to talk; how long the end takes, and what it says."""
        clock = Clock()
        demo = Demo(clock, lambda text: None, agents=3, rate=1)
        call = CallView("1.1", "", number="0612345678", variables=(("calldata", "12345"),))
        demo.found.present.add("PJSIP/201")
        demo.found.talk("1.1", "PJSIP/201", "0612345678", "12345", 0.0)
        clock.callLater(pop_after, demo.found.pop, "PJSIP/201", call, pop_after)
        ended = Deferred.fromCoroutine(demo.stop())
        while not ended.called:
            clock.advance(0.5)
        return clock.seconds(), self.successResultOf(ended)

    def test_late(self) -> None:
        """A pop that is under way is waited for; one that never comes is lost."""
        self.assertEqual(self.end(0.2), (0.5, True))
        self.assertEqual(self.end(3.2), (3.5, True))
        self.assertEqual(self.end(60.0), (10.5, False))


class ProgramTests(SynchronousTestCase):
    """``astcti demo`` at the command line."""

    skip = skip_without("ASTCTI_TEST_WHOLE")

    def start(self, *options: str) -> subprocess.Popen[str]:
        """Start it."""
        command = [sys.executable, "-m", "astcti", "demo", *options]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=ROOT)
        self.addCleanup(process.communicate)
        self.addCleanup(process.kill)
        return process

    def test_ends(self) -> None:
        """It pops, ends by itself, says how it was, and leaves nothing on standard error."""
        process = self.start("--seconds", "5", "--seed", "1", "--rate", "2")
        out, err = process.communicate(timeout=40)
        self.assertEqual((process.returncode, err), (0, ""))
        pops = [line for line in out.splitlines() if line.startswith("pop ")]
        self.assertTrue(pops)
        self.assertRegex(pops[0], r"^pop +0:0\d\.\d +\S+.* PJSIP/20\d .* \d{10} +\d{5} .* https://\S+\d")
        self.assertRegex(out, r"\d+ calls, \d+ answered.*0 lost, 0 doubled, 0 misdelivered, as it should be\.")

    def interrupted(self, after: float) -> str:
        """Press Ctrl-C some time after the start."""
        process = self.start()
        assert process.stdout is not None
        said = process.stdout.readline() if after else ""
        time.sleep(after)
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=40)
        self.assertEqual(err, "")
        return said + out

    def test_interrupted(self) -> None:
        """Ctrl-C ends it with the summary and without a trace of trouble, also before anybody has logged in."""
        for after in (0.05, 2.0):
            self.assertTrue(re.search(r"\d+ calls, \d+ answered", self.interrupted(after)), after)

    def test_nobody_reads(self) -> None:
        """When the pipe it writes to is closed it ends, and does not complain."""
        process = self.start("--rate", "10")
        assert process.stdout is not None and process.stderr is not None
        process.stdout.readline()
        process.stdout.close()
        self.assertEqual((process.stderr.read(), process.wait(30)), ("", 0))
        process.stdout = None

    def test_options(self) -> None:
        """What makes no sense is refused."""
        for argv in (["--agents", "2"], ["--agents", "1000"], ["--rate", "0"], ["--seconds", "-1"], ["--seed", "x"]):
            self.assertRaises(UsageError, Options().parseOptions, argv)
