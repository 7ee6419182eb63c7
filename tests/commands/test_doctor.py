"""``astcti doctor`` at the command line."""

from __future__ import annotations

import io
import json
import os
import pty
import subprocess
import sys
from contextlib import redirect_stderr, redirect_stdout

from twisted.trial.unittest import SynchronousTestCase

from astcti.commands import doctor
from astcti.doctor import CHECKS, check_names
from tests.services.site import Site

NOBODY = 1  # a port of loopback on which nothing listens


def run(*words: str) -> tuple[int, str, str]:
    """Exit code and what it printed, of words that lead to no examination."""
    out, err = io.StringIO(), io.StringIO()
    with redirect_stdout(out), redirect_stderr(err):
        try:
            code = doctor.main(words)
        except SystemExit as e:
            code = int(e.code or 0)
    return code, out.getvalue(), err.getvalue()


class UsageTests(SynchronousTestCase):
    """Options."""

    def test_wrong(self) -> None:
        """What makes no sense is said, with exit code 2."""
        for words, said in (
            (["--only", "everything"], "there is no check 'everything'; there are bootstrap"),
            (["--listen", "0"], "--listen"),
            (["--listen", "long"], "long"),
            (["--nonsense"], "nonsense"),
            (["more"], "more words"),
        ):
            code, out, err = run(*words)
            self.assertEqual((code, out), (2, ""), words)
            self.assertIn(said, err.splitlines()[0])
            self.assertEqual(err.splitlines()[1:], ["Try astcti doctor --help."])

    def test_help(self) -> None:
        """The help names every option, and shows examples."""
        code, out, _ = run("--help")
        self.assertEqual(code, 0)
        for option in ("--config", "--only", "--passive", "--json", "--listen", "--list", "Examples:"):
            self.assertIn(option, out)

    def test_list(self) -> None:
        """Every check can be listed, with what it looks at."""
        code, out, _ = run("--list")
        self.assertEqual((code, [line.split()[0] for line in out.splitlines()]), (0, list(check_names())))
        self.assertTrue(all(check.about in out for check in CHECKS))


class RunTests(SynchronousTestCase):
    """A whole run, without a PBX."""

    def setUp(self) -> None:
        self.site = Site(NOBODY, port=0)
        self.addCleanup(self.site.remove)

    def command(self, *options: str) -> list[str]:
        """The words of the command line."""
        return [sys.executable, "-m", "astcti", "doctor", "--config", str(self.site.bootstrap_path), *options]

    def test_faults(self) -> None:
        """Without a PBX that is the one fault; the rest is looked at all the same, and nothing is left behind."""
        before = sorted(self.site.folder.rglob("*"))
        done = subprocess.run(self.command("--json"), capture_output=True, text=True, check=False)
        said = json.loads(done.stdout)
        self.assertEqual((done.returncode, said["fault"], done.stderr), (1, 1, ""), said)
        self.assertEqual({f["check"] for f in said["findings"]}, set(check_names()))
        [fault] = [f for f in said["findings"] if f["level"] == "fault"]
        self.assertIn("refuses connections", fault["seen"])
        self.assertEqual(sorted(self.site.folder.rglob("*")), before)

    def test_fine(self) -> None:
        """What is fine is printed a line each, with a summary, and the exit code is 0."""
        done = subprocess.run(self.command("--only", "configuration", "--only", "server"), capture_output=True,
                              text=True, check=False)  # fmt: skip
        self.assertEqual((done.returncode, done.stderr), (0, ""), done.stdout)
        self.assertRegex(done.stdout, r"(?m)^ok       server          no server runs")
        self.assertRegex(done.stdout, r"\n\n\d fine, \d warnings?, 0 faults, 0 not looked at\n$")

    def test_progress(self) -> None:
        """Whoever waits at a terminal sees what is being done, and nothing of it is left when it is over."""
        ours, theirs = pty.openpty()
        self.addCleanup(os.close, ours)
        done = subprocess.run(self.command(), stdout=subprocess.PIPE, stderr=theirs, text=True, check=False)
        os.close(theirs)
        shown = os.read(ours, 100_000).decode()
        self.assertEqual(done.returncode, 1)
        self.assertIn("certificates ...", shown)
        self.assertEqual(shown.rpartition("\r")[2], "\x1b[K")
        self.assertNotIn("\x1b", done.stdout)

    def test_reader_gone(self) -> None:
        """A reader that has seen enough is no reason for a traceback."""
        run = subprocess.Popen(self.command(), stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        assert run.stdout is not None and run.stderr is not None
        run.stdout.close()
        self.assertNotIn(b"Traceback", run.stderr.read())
        run.stderr.close()
        self.assertEqual(run.wait(60), 1)
