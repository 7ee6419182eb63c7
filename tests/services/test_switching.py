"""How long the reactor waits for the interpreter."""

from __future__ import annotations

import sys

from twisted.trial.unittest import SynchronousTestCase

from astcti.services.switching import SECONDS, Switching


class SwitchingTests(SynchronousTestCase):
    """While the server runs, and not before or after."""

    def test_while_it_runs(self) -> None:
        """Threads take turns more often, then as before."""
        before = sys.getswitchinterval()
        self.addCleanup(sys.setswitchinterval, before)
        switching = Switching()
        self.assertEqual(sys.getswitchinterval(), before)
        switching.startService()
        self.assertAlmostEqual(sys.getswitchinterval(), SECONDS)
        switching.stopService()
        self.assertEqual(sys.getswitchinterval(), before)
