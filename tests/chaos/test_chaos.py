"""A minute of chaos; ``python -m tests.chaos`` has more."""

from __future__ import annotations

import os

from twisted.trial.unittest import TestCase

from tests.chaos.play import play
from tests.outside import skip_without

SECONDS = 70
SEED = 1


class ChaosTests(TestCase):
    """Everything breaks."""

    skip = skip_without("ASTCTI_TEST_CHAOS")
    timeout = 540

    async def test_chaos(self) -> None:
        """Links are cut, processes killed, the data base stopped; each answered call pops once, and all is well."""
        result = await play(SEED, SECONDS, mariadb=bool(os.environ.get("ASTCTI_TEST_MARIADB")))
        print(result)
        self.assertTrue(result.good, str(result))
