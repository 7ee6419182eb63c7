"""Keeping the garbage collector away from what stays."""

from __future__ import annotations

import gc

from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from astcti.services.memory import GROWTH, SECONDS, Memory


class MemoryTests(SynchronousTestCase):
    """Freezing as clients come."""

    def setUp(self) -> None:
        self.clock, self.clients, self.freezes = Clock(), 0, 0
        self.patch(gc, "freeze", self.freeze)
        self.patch(gc, "unfreeze", lambda: None)
        self.before = gc.get_threshold()
        self.memory = Memory(self.clock, lambda: self.clients)
        self.memory.startService()
        self.addCleanup(self.stop)

    def stop(self) -> None:
        """Leave the collector as it was."""
        if self.memory.running:
            self.memory.stopService()

    def freeze(self) -> None:
        """Counts."""
        self.freezes += 1

    def test_freezes_with_growth(self) -> None:
        """What is there at the start is frozen, then whenever many clients have come, also after many had left."""
        self.memory.settle()
        seen = []
        for clients in (GROWTH - 1, GROWTH, GROWTH + 1, 3 * GROWTH, 10, GROWTH + 20):
            self.clients = clients
            self.clock.advance(SECONDS)
            seen.append(self.freezes)
        self.assertEqual(seen, [1, 2, 2, 3, 3, 4])

    def test_stops(self) -> None:
        """After the end nothing is looked at any more, and the collector is as it was."""
        self.assertNotEqual(gc.get_threshold(), self.before)
        self.memory.stopService()
        self.assertEqual(gc.get_threshold(), self.before)
        self.assertEqual(self.clock.getDelayedCalls(), [])
