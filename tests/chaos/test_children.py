"""Processes of ours, and how they end."""

from __future__ import annotations

from pathlib import Path

from twisted.internet.defer import Deferred
from twisted.internet.threads import deferToThread
from twisted.trial.unittest import SynchronousTestCase, TestCase

from tests.chaos import strike
from tests.chaos.children import Child

WAIT = "import signal, sys, time; {}; print('here', flush=True); time.sleep(60)"


class EndTests(SynchronousTestCase):
    """One that is asked to end."""

    def child(self, program: str) -> Child:
        """One that has begun."""
        folder = Path(self.mktemp())
        folder.mkdir()
        child = Child("somebody", ["-c", program], folder)
        child.start()
        self.addCleanup(child.kill)
        return child

    def heard(self, program: str) -> str:
        """How it ended that had said something."""
        child = self.child(program)
        while not child.said():
            pass
        return child.end()

    def test_ends(self) -> None:
        """As it should, with 0."""
        self.assertEqual(self.heard(WAIT.format("signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))")), "")

    def test_ends_otherwise(self) -> None:
        """With anything else, and by the signal."""
        said = self.heard(WAIT.format("signal.signal(signal.SIGTERM, lambda *_: sys.exit(3))"))
        self.assertEqual(said, "somebody was asked to end, and ended with status 3")
        self.assertIn("status -15", self.heard(WAIT.format("0")))

    def test_before_it_begins(self) -> None:
        """By the signal before it can do anything about it; what it printed in another life does not count."""
        child = self.child("print(1)")
        while not child.said():
            pass
        child.kill()
        child._command[-1] = "import time; time.sleep(60)"
        child.start()
        self.assertEqual(child.said(), "")
        self.assertEqual(child.end(), "")


class StrikeTests(TestCase):
    """One that dies when somebody performs something."""

    async def strike(self) -> tuple[bool, list[str]]:
        """Have one die; whether that was at a pop, and what is said against it."""
        folder = Path(self.mktemp())
        folder.mkdir()
        child = Child("server", ["-c", WAIT.format("0")], folder)
        child.start()
        self.addCleanup(child.kill)
        strike.strike(folder)  # too early: nobody is to die
        self.assertGreater(child.memory(), 0)
        dying = Deferred.fromCoroutine(strike.killed_at_a_pop(child, folder))
        if self.pops:
            await deferToThread(strike.strike, folder)
            strike.strike(folder)
        _, popped = await dying
        child.look()
        self.assertEqual([path.name for path in folder.glob(strike.NAME)], [])
        return popped, child.deaths

    async def test_pop(self) -> None:
        """It dies of the first one."""
        self.pops = True
        self.assertEqual(await self.strike(), (True, []))

    async def test_no_pop(self) -> None:
        """Nothing is performed: it dies all the same."""
        self.pops = False
        self.patch(strike, "WAIT_SECONDS", 0.1)
        self.assertEqual(await self.strike(), (False, []))
