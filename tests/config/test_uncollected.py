"""Making objects that stay."""

from __future__ import annotations

import gc

from twisted.trial.unittest import SynchronousTestCase

from astcti.config.uncollected import uncollected


class UncollectedTests(SynchronousTestCase):
    """The collector is away meanwhile, and back afterwards."""

    def setUp(self) -> None:
        self.addCleanup(gc.unfreeze)
        self.addCleanup(gc.enable)

    def test_is_away(self) -> None:
        """Nothing is collected within; what was made is frozen, also when it ended badly."""
        frozen = gc.get_freeze_count()
        kept = []
        with self.assertRaises(KeyError), uncollected():
            self.assertFalse(gc.isenabled())
            kept.extend([{"a": []} for _ in range(1000)])
            raise KeyError
        self.assertTrue(gc.isenabled())
        self.assertGreaterEqual(gc.get_freeze_count(), frozen + len(kept))

    def test_leaves_a_collector_that_was_off(self) -> None:
        """Who had switched it off finds it off."""
        gc.disable()
        with uncollected():
            pass
        self.assertFalse(gc.isenabled())
