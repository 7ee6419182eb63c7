"""Many deadlines on one timer."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from astcti.protocols.wheel import GRANULARITY, Wheel


class Thing:
    """Something with deadlines; notes when it was asked."""

    def __init__(self, *deadlines: float) -> None:
        self.slot: int | None = None
        self.deadlines = list(deadlines)
        self.asked: list[float] = []

    def tick(self, now: float) -> float | None:
        self.asked.append(now)
        return self.deadlines.pop(0) if self.deadlines else None


class WheelTests(SynchronousTestCase):
    """Nothing comes early, nothing is forgotten."""

    def test_due(self) -> None:
        """What is due is asked at the next turn, once."""
        wheel, thing = Wheel(100.0), Thing()
        wheel.set(thing, 101.0)
        for now in (100.25, 100.5, 100.99, 101.0, 101.25, 200.0):
            wheel.turn(now)
        self.assertEqual((thing.asked, len(wheel), wheel.now), ([101.0], 0, 200.0))

    def test_again(self) -> None:
        """What is not due yet says when to ask again."""
        wheel, thing = Wheel(0.0), Thing(5.0, 2.0)
        wheel.set(thing, 1.0)
        for quarter in range(40):
            wheel.turn(quarter * GRANULARITY)
        self.assertEqual(thing.asked, [1.0, 5.0, 5.25])

    def test_the_sooner_counts(self) -> None:
        """A nearer deadline replaces a later one, and not the other way round."""
        wheel, thing = Wheel(0.0), Thing()
        for deadline in (10.0, 3.0, 8.0):
            wheel.set(thing, deadline)
        self.assertEqual(len(wheel), 1)
        wheel.turn(2.5)
        wheel.turn(5.0)
        self.assertEqual(thing.asked, [5.0])

    def test_removed(self) -> None:
        """What is gone is not asked, nor kept."""
        wheel, thing = Wheel(0.0), Thing()
        wheel.remove(thing)
        wheel.set(thing, 1.0)
        wheel.remove(thing)
        wheel.turn(9.0)
        self.assertEqual((thing.asked, wheel._slots), ([], {}))

    def test_past(self) -> None:
        """A deadline that has passed is for the next turn."""
        wheel, thing = Wheel(50.0), Thing()
        wheel.set(thing, 1.0)
        wheel.turn(50.0)
        self.assertEqual(thing.asked, [])
        wheel.turn(50.25)
        self.assertEqual(thing.asked, [50.25])

    def test_late(self) -> None:
        """After a standstill nobody is asked before what they said meanwhile could be read."""
        wheel, thing = Wheel(0.0), Thing()
        wheel.set(thing, 1.0)
        wheel.turn(60.0)
        self.assertEqual((thing.asked, wheel.now), ([], 60.0))
        wheel.turn(60.25)
        self.assertEqual(thing.asked, [60.25])

    def test_a_bug_of_one(self) -> None:
        """What goes wrong with one thing is logged, and the others are asked."""
        wheel, things = Wheel(0.0), [Thing() for _ in range(3)]
        things[1].tick = lambda now: 1 / 0
        for thing in things:
            wheel.set(thing, 1.0)
        wheel.turn(1.0)
        self.assertEqual([len(t.asked) for t in things], [1, 0, 1])
        self.assertEqual(len(self.flushLoggedErrors(ZeroDivisionError)), 1)

    @given(st.lists(st.floats(0.1, 100.0), max_size=20), st.lists(st.floats(0.01, 2.9), min_size=1, max_size=40))
    def test_any(self, deadlines: list[float], steps: list[float]) -> None:
        """Whenever the wheel is turned, all that is due by then has been asked, and nothing else."""
        wheel, now = Wheel(0.0), 0.0
        things = [(deadline, Thing()) for deadline in deadlines]
        for deadline, thing in things:
            wheel.set(thing, deadline)
        for step in steps:
            now += step
            wheel.turn(now)
            for deadline, thing in things:
                if thing.asked:
                    self.assertGreaterEqual(thing.asked[0], deadline)
                else:
                    self.assertLess(now, deadline + GRANULARITY)
