"""The command astcti and its table of subcommands."""

from __future__ import annotations

import io
import sys

from twisted.trial.unittest import SynchronousTestCase

from astcti import __version__, commands
from astcti.commands import main


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

    def test_interrupted(self) -> None:
        """A subcommand that is interrupted ends without a traceback."""

        def interrupted(argv: object) -> int:
            raise KeyboardInterrupt

        self.patch(commands.load("ctl"), "main", interrupted)
        self.assertEqual(self.run_main("ctl")[0], 130)
