"""Work in slices: what is little is done at once, what is much does not keep others waiting."""

from __future__ import annotations

from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from astcti.services.slicing import Backlog, Work
from tests.services.fakes import short_slices


class SlicesTests(SynchronousTestCase):
    """A slice has three steps."""

    def setUp(self) -> None:
        self.clock = Clock()
        self.slices = short_slices(self.clock, 3)
        self.done: list[str] = []

    def work(self, name: str, steps: int) -> Work:
        """So many steps, written down."""
        for step in range(steps):
            self.done.append(f"{name}{step}")
            yield

    def test_little(self) -> None:
        """What fits into a slice is done at once."""
        self.successResultOf(self.slices.begin(self.work("a", 2)))
        self.assertEqual((self.done, self.clock.getDelayedCalls()), (["a0", "a1"], []))

    def test_much(self) -> None:
        """What does not goes on in the next turns, and says when it is done."""
        done = self.slices.begin(self.work("a", 8))
        self.assertEqual(self.done, ["a0", "a1", "a2"])
        self.clock.advance(1)
        self.assertEqual(len(self.done), 6)
        self.assertNoResult(done)
        self.clock.pump([1, 1])
        self.successResultOf(done)
        self.assertEqual(self.done, [f"a{i}" for i in range(8)])

    def test_together(self) -> None:
        """All that goes on shares the slices, turn by turn."""
        first, second = self.slices.later(self.work("a", 2)), self.slices.later(self.work("b", 2))
        self.assertEqual(self.done, [])
        self.clock.advance(1)
        self.assertEqual(len(self.done), 3)
        self.clock.pump([1, 1])
        self.successResultOf(first), self.successResultOf(second)
        self.assertEqual(sorted(self.done), ["a0", "a1", "b0", "b1"])

    def test_fault(self) -> None:
        """Work that fails says so, and costs other work nothing."""

        def faulty() -> Work:
            yield
            raise ValueError("a fault")

        first, second = self.slices.later(faulty()), self.slices.later(self.work("b", 2))
        self.clock.pump([1, 1, 1])
        self.failureResultOf(first, ValueError)
        self.successResultOf(second)


class BacklogTests(SynchronousTestCase):
    """Things to be seen to, one in each turn."""

    def setUp(self) -> None:
        self.clock = Clock()
        self.seen: list[str] = []
        self.backlog = Backlog(short_slices(self.clock), self.see, lambda: self.seen.append("none left"))

    def see(self, thing: str) -> None:
        """Write it down; one thing cannot be seen to."""
        self.seen.append(thing)
        if thing == "bad":
            raise ValueError(thing)

    def test_order(self) -> None:
        """Each is seen to once, in order, and not in the turn in which it is named."""
        for thing in "abcab":
            self.backlog.add(thing)
        self.assertEqual((self.seen, len(self.backlog), "a" in self.backlog), ([], 3, True))
        self.clock.advance(1)
        self.assertEqual((self.seen, "a" in self.backlog), (["a"], False))
        self.backlog.add("a")
        self.clock.pump([1] * 5)
        self.assertEqual(self.seen, ["a", "b", "c", "a", "none left"])

    def test_begun_again(self) -> None:
        """What comes when there is nothing left is seen to as well."""
        self.backlog.wake()
        self.clock.advance(1)
        self.assertEqual(self.seen, ["none left"])
        self.backlog.add("a")
        self.clock.pump([1, 1])
        self.assertEqual(self.seen, ["none left", "a", "none left"])
        self.assertEqual(self.clock.getDelayedCalls(), [])

    def test_let_go(self) -> None:
        """What is not due any more is not seen to."""
        for thing in "abc":
            self.backlog.add(thing)
        self.backlog.discard("a")
        self.clock.advance(1)
        self.backlog.clear()
        self.clock.advance(1)
        self.assertEqual(self.seen, ["b", "none left"])

    def test_fault(self) -> None:
        """A fault is logged, and the others are seen to."""
        self.backlog.add("bad")
        self.backlog.add("good")
        self.clock.pump([1, 1, 1])
        self.assertEqual(self.seen, ["bad", "good", "none left"])
        self.assertEqual(len(self.flushLoggedErrors(ValueError)), 1)
