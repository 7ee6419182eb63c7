"""What is drawn by lot, and how growth is told from noise."""

from __future__ import annotations

import random
from itertools import pairwise

from twisted.trial.unittest import SynchronousTestCase

from tests.chaos import company
from tests.chaos.line import rubbish
from tests.chaos.memory import GROWTH, LONG_SECONDS, YOUNG_SECONDS, Sample, growth
from tests.chaos.plan import GAP, Kind, plan

KINDS = {"one": Kind(("a",), (1, 2)), "two": Kind(("b",), (0, 0), 2), "three": Kind(("a",), (5, 9))}
MIB = 1 << 20


class PlanTests(SynchronousTestCase):
    """Scenes from a seed."""

    def test_same(self) -> None:
        """The same seed gives the same scenes, another one others."""
        self.assertEqual(plan(7, 60, KINDS), plan(7, 60, KINDS))
        self.assertNotEqual(plan(7, 60, KINDS), plan(8, 60, KINDS))

    def test_each(self) -> None:
        """Each kind comes before any comes more often than it has cards, each within its bounds and the time."""
        for seed in range(20):
            scenes = plan(seed, 100, KINDS)
            self.assertEqual(sorted(s.kind for s in scenes[:4]), ["one", "three", "two", "two"])
            for before, scene in pairwise(scenes):
                self.assertTrue(GAP[0] - 0.02 <= scene.at - before.at <= GAP[1] + 0.02)
            for scene in scenes:
                low, high = KINDS[scene.kind].seconds
                self.assertTrue(low <= scene.seconds <= high and scene.at < 100)

    def test_rubbish(self) -> None:
        """Rubbish ends as a message does, so that it takes nothing of the next one with it."""
        chance = random.Random(1)
        for _ in range(50):
            self.assertTrue(rubbish(chance).endswith(b"\r\n\r\n"))

    def test_company(self) -> None:
        """Everybody works in a queue, some in more; the queue that rings everybody has few."""
        queues = [company.queues_of(number) for number in company.NUMBERS]
        self.assertTrue(all(queues))
        sizes = {name: sum(name in some for some in queues) for name, *_ in company.QUEUES}
        self.assertEqual(sizes, {"sales": 200, "care": 100, "help": 8, "spare": 50})


class MemoryTests(SynchronousTestCase):
    """A server that grows is seen, one that only moves is not."""

    def life(self, pid: int, begin: float, end: float, seconds: float = LONG_SECONDS + 20) -> list[Sample]:
        """A process that goes from one size to another, evenly, and leaps to all sizes while it is young."""
        young = [Sample(pid, age, age * 100 * MIB) for age in range(int(YOUNG_SECONDS))]
        count = int(seconds)
        return young + [
            Sample(pid, YOUNG_SECONDS + i, int(begin + (end - begin) * i / count) + i % 3 * MIB) for i in range(count)
        ]

    def test_flat(self) -> None:
        """Up and down is no growth."""
        self.assertEqual(growth(self.life(1, 60 * MIB, 60 * MIB) + self.life(2, 61 * MIB, 61 * MIB)), [])

    def test_grows(self) -> None:
        """Ever more within a life, or from life to life."""
        (problem,) = growth(self.life(1, 60 * MIB, 60 * MIB + GROWTH * 2))
        self.assertIn("grew", problem)
        (problem,) = growth(self.life(1, 60 * MIB, 60 * MIB, 10) + self.life(2, 70 * MIB, 70 * MIB, 10))
        self.assertIn("ever bigger", problem)

    def test_too_short(self) -> None:
        """A life that has hardly begun says nothing."""
        self.assertEqual(growth(self.life(1, 60 * MIB, 90 * MIB, LONG_SECONDS / 2)), [])
