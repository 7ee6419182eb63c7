"""The benchmarks themselves: verdicts, tables, and that nothing missing is hidden."""

from __future__ import annotations

import contextlib
import io
import sys
from pathlib import Path
from types import ModuleType

from twisted.trial.unittest import SynchronousTestCase
from zope.interface.verify import verifyObject

import benchmarks.__main__ as program
from astcti.actions.registry import action_types
from astcti.ami.message import MessageReader
from astcti.config.difference import difference
from astcti.config.validation import validate
from astcti.interfaces import IClient
from benchmarks import pipeline
from benchmarks.eventpath import EventPath
from benchmarks.reloadcentre import centre, colleagues, kinds
from benchmarks.table import Row, markdown_table, text_table
from benchmarks.traffic import INTEREST, recorded_calls, stream


class RowTests(SynchronousTestCase):
    def test_verdicts(self) -> None:
        """A figure says whether it reaches the goal, the floor, or neither, whichever way is better."""
        higher = [Row("q", value, "x", 10, 20).verdict for value in (9.9, 10, 19.9, 20)]
        lower = [Row("q", value, "x", 12, 9, "lower").verdict for value in (12.1, 12, 9.1, 9)]
        self.assertEqual(higher, ["below", "floor", "floor", "goal"])
        self.assertEqual(lower, higher)
        self.assertEqual([Row("q", None, "").verdict, Row("q", 1, "").verdict], ["missing", ""])
        self.assertEqual(Row("lost", 0, "", 0, 0, "lower").verdict, "goal")

    def test_tables(self) -> None:
        """Both tables have every figure, and a bar in a note breaks neither."""
        rows = [Row("speed", 12345.6, "events/s"), Row("ratio", 0.1234, "times", 1, 2, note="a|b")]
        self.assertIn("12,346 events/s", text_table(rows))
        self.assertIn("| ratio | 0.123 times | 1 | 2 | below | a\\|b |", markdown_table(rows))


class ProgramTests(SynchronousTestCase):
    def run_program(self, *arguments: str) -> tuple[int, str]:
        """The exit status, and what was printed for the reader."""
        printed = io.StringIO()
        with contextlib.redirect_stdout(printed), contextlib.redirect_stderr(io.StringIO()):
            return program.main(arguments), printed.getvalue()

    def module(self, name: str, run: object) -> None:
        """Put a benchmark of that name in place."""
        module = ModuleType(f"benchmarks.{name}")
        module.run = run  # type: ignore[attr-defined]
        module.__spec__ = __import__("importlib.machinery", fromlist=["x"]).ModuleSpec(module.__name__, None)
        self.patch(program, "NAMES", (name,))
        sys.modules[module.__name__] = module
        self.addCleanup(sys.modules.pop, module.__name__)

    def test_written_down(self) -> None:
        """The table goes to the terminal and to the file."""
        self.module("good", lambda quick: [Row("speed", 2.0 if quick else 1.0, "times", 1, 2)])
        output = Path(self.mktemp())
        status, printed = self.run_program("--quick", "--output", str(output))
        self.assertEqual(status, 0)
        self.assertRegex(printed, "speed +2 times +1 +2 +goal")
        self.assertIn("| speed | 2 times | 1 | 2 | goal |  |", output.read_text())
        self.assertIn("a quick run", output.read_text())

    def test_failing_and_missing(self) -> None:
        """A benchmark that fails or is not there is a line of its own, and the exit status says so."""

        def fail(quick: bool) -> list[Row]:
            raise ValueError("no such peer")

        self.module("bad", fail)
        status, printed = self.run_program("bad")
        self.assertEqual(status, 1)
        self.assertIn("failed: ValueError: no such peer", printed)
        self.patch(program, "NAMES", ("nothing_here",))
        status, printed = self.run_program("nothing_here")
        self.assertEqual(status, 1)
        self.assertIn("there is no such benchmark yet", printed)


class TrafficTests(SynchronousTestCase):
    def test_calibrated(self) -> None:
        """The stream has what real PBXs send, mostly what nobody needs, in the order of calls."""
        data, count = stream(5000)
        everything = MessageReader(banner=False).feed(data)
        self.assertEqual(len(everything), count)
        self.assertGreater(len(recorded_calls()), 50)
        names = [m.event for m in everything]
        self.assertGreater(names.count("VarSet") / count, 0.35)
        self.assertNotIn("TestEvent", names)
        kept = MessageReader(INTEREST, banner=False).feed(data)
        self.assertLess(len(kept) / count, 0.4)
        self.assertIn("BridgeEnter", {m.event for m in kept})


class EventPathTests(SynchronousTestCase):
    def test_pops(self) -> None:
        """The path without sockets pops what the recorded calls have for it, and nothing in it stumbles."""
        popped: list[str] = []
        path = EventPath(pipeline.PHONES, pipeline.SERVICES, lambda phone, notice: popped.append(phone))
        for screen in path.screens:
            verifyObject(IClient, screen)
        path.feed(stream(5_000)[0])
        self.assertTrue(popped)
        self.assertEqual(set(popped) - set(pipeline.PHONES), set())
        self.assertEqual(self.flushLoggedErrors(), [])


class ReloadTests(SynchronousTestCase):
    """The changes that a reload is measured with."""

    def test_changes(self) -> None:
        """Each can be used, and is another configuration; who is said to share a queue does."""
        now = centre(20, 15)
        for kind in kinds(20):
            changed, concerned = kind.change(now)
            self.assertEqual(validate(changed, action_types()).errors, (), kind.name)
            self.assertNotEqual(changed, now)
            self.assertEqual(bool(difference(now, changed)), bool(concerned), kind.name)
            now = changed
        self.assertEqual(colleagues(now, range(1)), {i for i in range(20) if i % 5 in (0, 1, 3)})
