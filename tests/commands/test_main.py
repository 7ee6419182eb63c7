"""The command astcti and its table of subcommands."""

from __future__ import annotations

import contextlib
import io
import os
import subprocess
import sys
from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

from astcti import __version__, commands
from astcti.commands import main
from tests.recordings.expected import HERE


class MainTests(SynchronousTestCase):
    """What is said before any subcommand runs."""

    def run_main(self, *words: str) -> tuple[int, str, str]:
        """Exit code, standard output, standard error."""
        out, err = io.StringIO(), io.StringIO()
        self.patch(sys, "stdout", out)
        self.patch(sys, "stderr", err)
        return main(words), out.getvalue(), err.getvalue()

    def test_help(self) -> None:
        """astcti --help lists every subcommand with a line about it."""
        code, out, err = self.run_main("--help")
        self.assertEqual((code, err), (0, ""))
        self.assertEqual(set(commands.names()), set(commands.NAMES))
        for name in commands.NAMES:
            self.assertRegex(out, rf"(?m)^  {name} +\S.{{10,}}$")

    def test_version(self) -> None:
        """astcti --version says which version it is."""
        self.assertEqual(self.run_main("--version"), (0, f"astcti {__version__}\n", ""))

    def test_version_of_a_command(self) -> None:
        """Whichever command is asked for its version, it is astcti's."""
        for words in (("config",), ("config", "check"), ("config", "rollback"), ("ctl",), ("doctor",)):
            with contextlib.suppress(SystemExit):
                self.run_main(*words, "--version")
            self.assertEqual(sys.stdout.getvalue(), f"astcti {__version__}\n", words)  # type: ignore[attr-defined]

    def test_no_number(self) -> None:
        """What should be a number and is none is said with the name of its option."""
        for words, said in (
            ("demo --seconds x", "--seconds is a number, not 'x'"),
            ("demo --agents 2.5", "--agents is a whole number, not '2.5'"),
            ("simulator --port x", "--port is a whole number, not 'x'"),
            ("simulator --rate nan", "--rate is a number, not 'nan'"),
            ("simulator --ring x", "'x' should be two numbers such as 3-10, the smaller one first"),
            ("simulator --absent x", "'x' should be a number from 0 to 1"),
            ("simulator --queues :", "':' should be a queue such as sales:rrmemory:10, with a name"),
            ("doctor --listen x", "--listen is a number, not 'x'"),
        ):
            code, _, err = self.run_main(*words.split())
            self.assertEqual((code, err.splitlines()[0]), (2, f"astcti {words.split()[0]}: {said}"))

    def test_nothing(self) -> None:
        """astcti alone explains itself, and is an error for scripts."""
        code, out, err = self.run_main()
        self.assertEqual((code, out), (2, ""))
        self.assertIn("Usage: astcti COMMAND", err)

    def test_unknown(self) -> None:
        """A mistyped subcommand is an error that says which was probably meant."""
        code, _, err = self.run_main("sevre")
        self.assertEqual((code, err), (2, "astcti: there is no command 'sevre'; did you mean 'serve'?\n"))
        code, _, err = self.run_main("xyzzy")
        self.assertEqual(code, 2)
        self.assertIn("serve, ctl, config", err)
        self.assertEqual(self.run_main("../serve")[0], 2)

    def test_option_values(self) -> None:
        """A bad value of an option, or a word too many, is told in our words alone."""
        _, _, err = self.run_main("simulator", "--hostile", "2")
        self.assertEqual(err, "astcti simulator: '2' should be a number from 0 to 1\nTry astcti simulator --help.\n")
        _, _, err = self.run_main("simulator", "nonsense")
        self.assertEqual(err, "astcti simulator: more words than it takes\nTry astcti simulator --help.\n")

    def test_interrupted(self) -> None:
        """A subcommand that is interrupted ends without a traceback."""

        def interrupted(argv: object) -> int:
            raise KeyboardInterrupt

        self.patch(commands.load("ctl"), "main", interrupted)
        self.assertEqual(self.run_main("ctl")[0], 130)


class OutputTests(SynchronousTestCase):
    """Standard outputs that are not what one would wish for."""

    def shell(self, line: str, **more: str) -> tuple[int, bytes, bytes]:
        """Exit code, standard output and error of a shell's line in which ``astcti`` is our command."""
        script = f'astcti() {{ "{sys.executable}" -m astcti "$@"; }}; {line}'
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), **more}
        done = subprocess.run(["sh", "-c", script], capture_output=True, env=environment, timeout=60, check=False)
        return done.returncode, done.stdout, done.stderr

    def test_closed(self) -> None:
        """With a closed output a command does its work all the same."""
        self.assertEqual(self.shell("astcti --help >&-"), (0, b"", b""))
        self.assertEqual(self.shell("astcti nonsense 2>&-"), (2, b"", b""))

    def test_full(self) -> None:
        """A full disk is one sentence, and an error."""
        code, _, err = self.shell("astcti --help > /dev/full")
        self.assertEqual((code, err), (1, b"astcti: the output cannot be written: No space left on device\n"))

    def test_demo_on_a_full_disk(self) -> None:
        """The demonstration ends when nobody can see it."""
        code, _, err = self.shell("timeout 30 astcti demo > /dev/full".replace("astcti", f"{sys.executable} -m astcti"))
        self.assertNotEqual(code, 124)
        self.assertNotIn(b"Traceback", err)

    def test_poor_terminal(self) -> None:
        """Names in letters that a terminal does not have are shown by their codes."""
        recording = HERE / "22" / "odd-characters.ami"
        config = Path(__file__).parents[2] / "etc" / "runtime.xml"
        line = f"astcti replay --text --config '{config}' '{recording}'"
        code, out, err = self.shell(line, PYTHONIOENCODING="latin-1", PYTHONUTF8="0")
        self.assertEqual((code, err), (0, b""))
        self.assertIn(b"\\u65e5", out)
