"""What the log says, and where."""

from __future__ import annotations

import io
import json
import os
import stat

from twisted.logger import Logger, LogLevel, LogPublisher
from twisted.python.failure import Failure
from twisted.trial.unittest import SynchronousTestCase

from astcti.services.logs import Logs, document, sentence
from tests.services.fakes import scratch


class LineTests(SynchronousTestCase):
    """One event as a line."""

    EVENT = {
        "log_time": 1_795_000_000.25,
        "log_level": LogLevel.warn,
        "log_namespace": "astcti.services.desk.Desk",
        "log_format": "{username} left after {seconds} s",
        "username": "anna",
        "seconds": 3,
        "peer": ("192.0.2.1", 5),
    }

    def test_for_people(self) -> None:
        """A line has the time, the level, which part speaks, and a sentence."""
        line = sentence(self.EVENT)
        self.assertRegex(line, r"^20\d\d-\d\d-\d\d \d\d:\d\d:\d\d\.250 warn     services.desk: anna left after 3 s\n$")

    def test_for_machines(self) -> None:
        """A JSON line has the same sentence and every field."""
        said = json.loads(document(self.EVENT))
        self.assertEqual((said["level"], said["text"]), ("warn", "anna left after 3 s"))
        self.assertEqual((said["username"], said["seconds"], said["peer"]), ("anna", 3, "('192.0.2.1', 5)"))

    def test_hostile_names(self) -> None:
        """Whatever a caller is called, it stays within its line."""
        event = {**self.EVENT, "username": "Eve\n2026-01-01 info desk: all is well\r\x1b[2J\u2028"}
        self.assertEqual(sentence(event).count("\n"), 1)
        self.assertNotIn("\x1b", sentence(event))
        self.assertEqual(document(event).count("\n"), 1)
        self.assertLess(len(sentence({**self.EVENT, "username": "x" * 100_000})), 5000)

    def test_hostile_characters(self) -> None:
        """Nothing in a line drives a terminal or turns it round, whichever form it has; each can be written."""
        name = "Eve\x7f\x9b2J\u2028\u202eevE\u2066\ud800"
        event = {**self.EVENT, "username": name}
        for line in (sentence(event), document(event)):
            self.assertTrue(line.rstrip("\n").isprintable(), ascii(line))
            line.encode()
        self.assertEqual(json.loads(document(event))["username"], name)
        self.assertLess(len(document({**self.EVENT, "username": "x" * 100_000})), 10_000)

    def test_tracebacks(self) -> None:
        """A traceback follows its sentence, indented."""
        event = {**self.EVENT, "log_failure": Failure(ValueError("odd\nvalue"))}
        first, *rest = sentence(event).splitlines()
        self.assertIn("left after", first)
        self.assertTrue(rest and all(part.startswith("    ") for part in rest))
        self.assertIn("odd", json.loads(document(event))["failure"])


class LogsTests(SynchronousTestCase):
    """The service that keeps the log."""

    def setUp(self) -> None:
        self.directory = scratch(self) / "logs"
        self.publisher = LogPublisher()
        self.log = Logger("astcti.tests", observer=self.publisher)

    def test_file(self) -> None:
        """Lines go to logs/astcti.log at once, not readable by everybody, and no more after the end."""
        logs = Logs(self.directory, publisher=self.publisher)
        logs.startService()
        self.log.info("hello {name}", name="world")
        self.log.debug("not this")
        path = self.directory / "astcti.log"
        self.assertIn("tests: hello world", path.read_text())
        self.assertEqual(len(path.read_text().splitlines()), 1)
        self.assertEqual(stat.S_IMODE(os.stat(path).st_mode) & 0o007, 0)
        logs.stopService()
        self.log.info("late")
        self.assertNotIn("late", path.read_text())

    def test_rotation(self) -> None:
        """A full file is put aside, and only so many old ones are kept."""
        logs = Logs(self.directory, rotate=1000, keep=2, publisher=self.publisher)
        logs.startService()
        for i in range(100):
            self.log.info("line {i} of many, all of about the same length", i=i)
        logs.stopService()
        self.assertEqual(
            sorted(p.name for p in self.directory.iterdir()), ["astcti.log", "astcti.log.1", "astcti.log.2"]
        )

    def test_levels(self) -> None:
        """At warn only warnings are written; Twisted's own chatter is not, unless debugging."""
        for level, expected in (("warn", ["odd"]), ("info", ["fine", "odd"]), ("debug", ["fine", "odd", "chatter"])):
            stream = io.StringIO()
            logs = Logs(None, level=level, stream=stream, publisher=self.publisher)
            logs.startService()
            self.log.info("fine")
            self.log.warn("odd")
            Logger("twisted.internet.tcp", observer=self.publisher).info("chatter")
            logs.stopService()
            self.assertEqual([line.rpartition(" ")[2] for line in stream.getvalue().splitlines()], expected)

    def test_json_lines(self) -> None:
        """With JSON lines each line is an object."""
        stream = io.StringIO()
        logs = Logs(None, json_lines=True, stream=stream, publisher=self.publisher)
        logs.startService()
        self.log.info("hello {name}", name="world")
        logs.stopService()
        self.assertEqual(json.loads(stream.getvalue())["name"], "world")
