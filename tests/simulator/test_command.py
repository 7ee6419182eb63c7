"""``astcti simulator`` at the command line."""

from __future__ import annotations

import io
import re
import signal
import socket
import subprocess
import sys
from pathlib import Path

from twisted.python.usage import UsageError
from twisted.trial.unittest import SynchronousTestCase

from astcti.commands.simulator import Options, main, queues, span
from tests.outside import skip_without

ROOT = Path(__file__).parents[2]


class OptionTests(SynchronousTestCase):
    """What it is asked."""

    def test_defaults(self) -> None:
        """Without options it is Asterisk 22 with twenty agents and two queues."""
        options = Options()
        options.parseOptions([])
        self.assertEqual((options["asterisk"], options["agents"], options["port"]), (22, 20, 5038))
        self.assertEqual(list(options["queues"]), ["astcti-queue", "astcti-ringall"])
        self.assertEqual(options["talk"], (3.0, 10.0))

    def test_queues(self) -> None:
        """Queues are named with strategy and wrap-up, both of which may be left out."""
        made = queues("a,b:ringall,c:linear:30")
        self.assertEqual([(n, o.strategy, o.wrapup) for n, o in made.items()],
                         [("a", "rrmemory", 0), ("b", "ringall", 0), ("c", "linear", 30)])  # fmt: skip
        self.assertEqual(queues(""), {})

    def test_span(self) -> None:
        """Times are given as one number or two."""
        self.assertEqual((span("3-10"), span("2.5")), ((3.0, 10.0), (2.5, 2.5)))
        self.assertRaises(ValueError, span, "10-3")

    def test_nonsense(self) -> None:
        """What makes no sense is refused with a sentence, and exit code 2."""
        for argv in (["--asterisk", "13"], ["--agents", "0"], ["--rate", "-1"], ["--absent", "2"], ["--queues", "a:b"],
                     ["--port", "70000"], ["--nonsense"]):  # fmt: skip
            with self.assertRaises(UsageError, msg=str(argv)):
                Options().parseOptions(argv)
        said = io.StringIO()
        self.patch(sys, "stderr", said)
        self.assertEqual(main(["--agents", "none"]), 2)
        self.assertIn("astcti simulator: ", said.getvalue())


class ProcessTests(SynchronousTestCase):
    """The running program."""

    skip = skip_without("ASTCTI_TEST_WHOLE")

    def start(self, *options: str) -> tuple[subprocess.Popen[str], int]:
        """Start it on a free port and wait until it listens."""
        command = [sys.executable, "-m", "astcti", "simulator", "--port", "0", *options]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, cwd=ROOT)
        self.addCleanup(process.communicate)
        self.addCleanup(process.kill)
        assert process.stdout is not None
        found = re.search(r"AMI on 127\.0\.0\.1:(\d+), user (\w+), secret \S+", process.stdout.readline())
        assert found is not None
        return process, int(found[1])

    def test_seconds(self) -> None:
        """It ends by itself after the seconds given, and says what there was."""
        process, _ = self.start("--seconds", "1", "--rate", "20", "--talk", "0.1", "--ring", "0.1", "--seed", "1")
        out, _ = process.communicate(timeout=20)
        self.assertEqual(process.returncode, 0)
        self.assertRegex(out, r"\d+ calls, \d+ conversations, \d+ events sent")

    def test_interrupted(self) -> None:
        """Ctrl-C ends it cleanly, and clients are told."""
        process, port = self.start("--quiet", "--user", "me", "--secret", "mine")
        with socket.create_connection(("127.0.0.1", port), timeout=10) as client:
            client.sendall(b"Action: Login\r\nUsername: me\r\nSecret: mine\r\n\r\n")
            data = b""
            while b"Fully Booted" not in data:
                data += client.recv(4096)
            self.assertTrue(data.startswith(b"Asterisk Call Manager/11.0.0\r\n"))
            process.send_signal(signal.SIGINT)
            while piece := client.recv(65536):
                data += piece
        self.assertIn(b"Event: Shutdown", data)
        process.communicate(timeout=20)
        self.assertEqual(process.returncode, 0)

    def test_port_in_use(self) -> None:
        """A port that is taken is said so, with exit code 1."""
        _, port = self.start("--quiet")
        command = [sys.executable, "-m", "astcti", "simulator", "--port", str(port)]
        done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, timeout=30, check=False)
        self.assertEqual(done.returncode, 1)
        self.assertIn(str(port), done.stderr)
