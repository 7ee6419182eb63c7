"""A short go at every fuzz target; ``make fuzz`` takes longer."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from twisted.internet import threads
from twisted.trial.unittest import TestCase

from tests.outside import skip_without

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "tools"))
import fuzz

SEED = 1  # the same order every time: this is a test; `make fuzz` looks for what is new
SECONDS = int(os.environ.get("ASTCTI_FUZZ_SECONDS", "6"))


class FuzzTests(TestCase):
    """Nothing that comes from outside makes a reader raise, hang or eat memory."""

    skip = skip_without("ASTCTI_TEST_FUZZ")
    timeout = SECONDS + 180


def _one(target: str) -> object:
    async def test(self: FuzzTests) -> None:
        result = await threads.deferToThread(fuzz.fuzz, target, SECONDS, SEED)
        self.assertTrue(result.fine, f"{result.crashes}\n{result.said[-4000:]}")

    test.__doc__ = f"{SECONDS} seconds of rubbish do not break ``{target}``."
    return test


for _target in fuzz.targets():
    setattr(FuzzTests, f"test_{_target.replace('.', '_')}", _one(_target))
