"""The house rules that programs can check."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

from tests.outside import skip_without

ROOT = Path(__file__).resolve().parents[2]


class LintTests(SynchronousTestCase):
    """What a reviewer need not look for."""

    skip = skip_without("ASTCTI_TEST_CHECKS")

    def _clean(self, *command: str) -> None:
        done = subprocess.run([sys.executable, "-m", *command], cwd=ROOT, capture_output=True, text=True, check=False)
        self.assertEqual(done.returncode, 0, "\n".join((done.stdout + done.stderr).splitlines()[-40:]))

    def test_ruff(self) -> None:
        """No rule of ours is broken."""
        self._clean("ruff", "check", "--quiet", ".")

    def test_format(self) -> None:
        """The code is laid out as ``ruff format`` lays it out."""
        self._clean("ruff", "format", "--quiet", "--check", ".")

    def test_types(self) -> None:
        """mypy, strict and with zope interfaces, agrees with every annotation."""
        self._clean("mypy")
