"""The store: what is written is there after the process is gone, and no trouble with the disk reaches anybody."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
from pathlib import Path
from typing import Any

from twisted.internet import reactor
from twisted.internet.defer import inlineCallbacks
from twisted.internet.task import deferLater
from twisted.logger import LogLevel, capturedLogs
from twisted.trial.unittest import TestCase

from astcti.services import store as store_module
from astcti.services.store import Store
from tests.services.fakes import scratch

SCHEMA = ("CREATE TABLE things (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE)",)

#: Writes until it is killed; says what is safe by now.
WRITER = """
import sys
from pathlib import Path
from twisted.internet import reactor
from astcti.services.store import Store
store = Store(reactor, Path(sys.argv[1]), (sys.argv[2],))
store.startService()
def more(number=1):
    store.write("INSERT INTO things (id, name) VALUES (?, ?)", (number, f"thing {number}"))
    store.flush().addCallback(lambda _: (print(number, flush=True), more(number + 1)))
reactor.callWhenRunning(more)
reactor.run()
"""


class StoreTests(TestCase):
    """One file, written by a thread."""

    timeout = 60

    def setUp(self) -> None:
        self.folder = scratch(self)
        self.path = self.folder / "state" / "journal.sqlite"

    def store(self, schema: tuple[str, ...] = SCHEMA, **kept: Any) -> Store:
        store = Store(reactor, self.path, schema, **kept)
        self.addCleanup(store.stopService)
        return store

    def started(self, schema: tuple[str, ...] = SCHEMA, **kept: Any) -> Store:
        store = self.store(schema, **kept)
        store.startService()
        return store

    def rows(self) -> list[Any]:
        with sqlite3.connect(self.path) as other:
            return other.execute("SELECT id, name FROM things ORDER BY id").fetchall()

    @inlineCallbacks
    def test_order(self) -> Any:
        """What is written is done in order, and a question sees all that was written before it."""
        store = self.started()
        for number in range(1000):
            store.write("INSERT INTO things (id, name) VALUES (?, ?)", (number, f"old {number}"))
            store.write("UPDATE things SET name = ? WHERE id = ?", (f"new {number}", number))
        rows = yield store.query("SELECT COUNT(*), MIN(name) FROM things WHERE name LIKE 'new %'")
        self.assertEqual(rows, [(1000, "new 0")])
        self.assertEqual((store.status()["written"], store.status()["waiting"]), (2000, 0))

    @inlineCallbacks
    def test_flush(self) -> Any:
        """After a flush another process can read it, and only our user may."""
        store = self.started()
        store.write("INSERT INTO things (id, name) VALUES (1, 'one')")
        yield store.flush()
        self.assertEqual(self.rows(), [(1, "one")])
        for file in self.path.parent.iterdir():
            self.assertEqual(file.stat().st_mode & 0o777, 0o600, file)

    @inlineCallbacks
    def test_stop_writes(self) -> Any:
        """What waits is written before the store stops, and can be read at once by the next."""
        store = self.started()
        store.write("INSERT INTO things (id, name) VALUES (1, 'one')")
        yield store.stopService()
        self.assertEqual(self.started().read("SELECT name FROM things"), [("one",)])

    @inlineCallbacks
    def test_wrong_statement(self) -> Any:
        """A statement that is wrong, or a value SQLite cannot hold, costs that statement and is logged."""
        store = self.started()
        with capturedLogs() as logs:
            for number, name in ((1, "one"), (2, "one"), (3, "\ud800"), (2**70, "large"), (4, "four")):
                store.write("INSERT INTO things (id, name) VALUES (?, ?)", (number, name))
            store.write("INSERT INTO nothing VALUES (1)")
            yield store.flush()
        self.assertEqual(self.rows(), [(1, "one"), (4, "four")])
        self.assertEqual(len([e for e in logs if e["log_level"] is LogLevel.error]), 4)
        yield self.assertFailure(store.query("SELECT * FROM nothing"), sqlite3.OperationalError)

    @inlineCallbacks
    def test_corrupt_at_start(self) -> Any:
        """A file that is no data base is set aside, said, and a new one is begun."""
        self.path.parent.mkdir()
        self.path.write_bytes(b"this is not a data base" * 1000)
        with capturedLogs() as logs:
            store = self.started()
        self.assertEqual(store.read("SELECT * FROM things"), [])
        aside = [p for p in self.path.parent.iterdir() if "broken" in p.name]
        self.assertEqual([p.read_bytes()[:7] for p in aside], [b"this is"])
        self.assertIn(aside[0], [e.get("aside") for e in logs])
        store.write("INSERT INTO things (id, name) VALUES (1, 'one')")
        yield store.flush()
        self.assertEqual(self.rows(), [(1, "one")])

    @inlineCallbacks
    def test_corrupt_while_running(self) -> Any:
        """A file that breaks under us is set aside as well, and whoever has the truth is asked to write it again."""
        store = self.started()
        for number in range(2000):
            store.write("INSERT INTO things (id, name) VALUES (?, ?)", (number, "x" * 200 + str(number)))
        yield store.flush()
        store.on_lost = lambda: store.write("INSERT INTO things (id, name) VALUES (1, 'again')")
        store.read("PRAGMA wal_checkpoint(TRUNCATE)")
        store.read("PRAGMA shrink_memory")  # or it would not look at the file
        with self.path.open("r+b") as file:
            file.seek(4096)
            file.write(os.urandom(400_000))
        store.write("UPDATE things SET name = name || 'y'")
        for _ in range(200):
            if any("broken" in p.name for p in self.path.parent.iterdir()) and not store.status()["waiting"]:
                break
            yield deferLater(reactor, 0.05)
        self.assertEqual((yield store.query("SELECT id, name FROM things")), [(1, "again")])

    @inlineCallbacks
    def test_full(self) -> Any:
        """A full disk loses nothing as long as there is room to wait in, and is said; then it is written after all."""
        store = self.started()
        pages = store.read("PRAGMA page_count")[0][0]
        store.read(f"PRAGMA max_page_count = {pages}")
        for number in range(100):
            store.write("INSERT INTO things (id, name) VALUES (?, ?)", (number, "x" * 500 + str(number)))
        yield store.flush()
        self.assertIn("full", store.status()["failing"])
        self.assertEqual(store.status()["waiting"], 100)
        store.read("PRAGMA max_page_count = 100000")
        for _ in range(100):
            if not store.status()["waiting"]:
                break
            yield deferLater(reactor, 0.05)
        yield store.flush()
        self.assertEqual((len(self.rows()), store.failing, store.dropped), (100, "", 0))

    @inlineCallbacks
    def test_full_for_long(self) -> Any:
        """What finds no room to wait in is counted; afterwards whoever has the truth writes it again."""
        store = self.started(ceiling=10)
        lost: list[int] = []
        store.on_lost = lambda: lost.append(store.dropped)
        pages = store.read("PRAGMA page_count")[0][0]
        store.read(f"PRAGMA max_page_count = {pages}")
        for number in range(100):
            store.write("INSERT INTO things (id, name) VALUES (?, ?)", (number, "x" * 5000 + str(number)))
        self.assertEqual(store.status()["dropped"], 90)
        yield self.assertFailure(store.query("SELECT 1"), sqlite3.OperationalError)
        for _ in range(100):
            if store.failing:
                break
            yield deferLater(reactor, 0.05)
        store.read("PRAGMA max_page_count = 100000")
        for _ in range(100):
            if lost:
                break
            yield deferLater(reactor, 0.05)
        self.assertEqual(len(lost), 1)
        self.assertEqual(len(self.rows()), 10)

    @inlineCallbacks
    def test_more_than_there_is_room_for(self) -> Any:
        """Whoever has more to write again than there is room for is asked once, not for ever."""
        store = self.started(ceiling=10)
        asked: list[int] = []

        def write_again() -> None:
            asked.append(store.dropped)
            for number in range(20):
                store.write("INSERT OR REPLACE INTO things (id, name) VALUES (?, ?)", (number, str(number)))

        store.on_lost = write_again
        for number in range(11):
            store.write("INSERT INTO things (id, name) VALUES (?, ?)", (number, str(number)))
        for _ in range(10):
            yield deferLater(reactor, 0.05)
        self.assertEqual((asked, store.dropped), ([1], 11))

    @inlineCallbacks
    def test_full_of_long_texts(self) -> Any:
        """There is an end to what waits in memory as well, whatever callers put into a text; later there is room."""
        self.patch(store_module, "MAX_CHARACTERS", 10_000)
        store = self.started()
        pages = store.read("PRAGMA page_count")[0][0]
        store.read(f"PRAGMA max_page_count = {pages}")
        for number in range(5):
            store.write("INSERT INTO things (id, name) VALUES (?, ?)", (number, str(number) * 4000))
        self.assertEqual((store.status()["waiting"], store.dropped), (2, 3))
        for _ in range(100):
            if store.failing:
                break
            yield deferLater(reactor, 0.05)
        store.read("PRAGMA max_page_count = 100000")
        for _ in range(100):
            if not store.failing:
                break
            yield deferLater(reactor, 0.05)
        for number in range(5, 25):
            store.write("INSERT INTO things (id, name) VALUES (?, ?)", (number, chr(60 + number) * 4000))
            yield store.flush()
        self.assertEqual((len(self.rows()), store.dropped), (22, 3))

    @inlineCallbacks
    def test_no_directory(self) -> Any:
        """Where no file can be made the server runs on without, and says so."""
        (self.folder / "state").write_text("in the way")
        store = self.started()
        self.assertEqual(store.read("SELECT 1"), [])
        self.assertNotEqual(store.status()["failing"], "")
        store.write("INSERT INTO things (id, name) VALUES (1, 'one')")
        (self.folder / "state").unlink()
        for _ in range(100):
            if not store.failing:
                break
            yield deferLater(reactor, 0.05)
        self.assertEqual(self.rows(), [(1, "one")])

    @inlineCallbacks
    def test_well_again_without_a_word(self) -> Any:
        """A file that could not be made at the start is tried again, also when nobody writes."""
        self.path.parent.write_text("in the way")
        store = self.started()
        self.assertTrue(store.failing)
        self.path.parent.unlink()
        for _ in range(100):
            if not store.failing:
                break
            yield deferLater(reactor, 0.1)
        self.assertEqual((store.failing, self.path.exists()), ("", True))

    @inlineCallbacks
    def test_migration(self) -> Any:
        """A file of an earlier version is brought to the newest, each step once."""
        store = self.started()
        store.write("INSERT INTO things (id, name) VALUES (1, 'one')")
        yield store.stopService()
        newer = (*SCHEMA, "ALTER TABLE things ADD COLUMN size INTEGER NOT NULL DEFAULT 3; CREATE TABLE more (id)")
        for _ in range(2):
            store = self.started(newer)
            self.assertEqual(store.read("SELECT name, size FROM things"), [("one", 3)])
            yield store.stopService()

    @inlineCallbacks
    def test_failed_migration(self) -> Any:
        """A step that fails leaves the file as it was."""
        store = self.started()
        store.write("INSERT INTO things (id, name) VALUES (1, 'one')")
        yield store.stopService()
        store = self.started((*SCHEMA, "CREATE TABLE more (id); ALTER TABLE nothing ADD COLUMN size"))
        self.assertIn("nothing", store.status()["failing"])
        self.assertEqual(self.rows(), [(1, "one")])
        with sqlite3.connect(self.path) as other:
            self.assertEqual(other.execute("SELECT name FROM sqlite_master WHERE name = 'more'").fetchall(), [])

    @inlineCallbacks
    def test_later_version(self) -> Any:
        """A file of a later version of ours is set aside whole."""
        store = self.started((*SCHEMA, "CREATE TABLE more (id)"))
        store.write("INSERT INTO things (id, name) VALUES (1, 'one')")
        yield store.stopService()
        store = self.started()
        self.assertEqual(store.read("SELECT * FROM things"), [])
        (aside,) = [p for p in self.path.parent.iterdir() if "broken" in p.name]
        with sqlite3.connect(aside) as other:
            self.assertEqual(other.execute("SELECT name FROM things").fetchall(), [("one",)])

    def test_killed(self) -> None:
        """Whatever a flush has confirmed is there after SIGKILL, in order and without a gap."""
        folder = Path(__file__).parents[2]
        writer = subprocess.Popen(
            [sys.executable, "-c", WRITER, str(self.path), SCHEMA[0]], stdout=subprocess.PIPE, cwd=folder
        )
        self.addCleanup(writer.stdout.close)
        said = 0
        for line in writer.stdout:
            said = int(line)
            if said >= 50:
                break
        writer.send_signal(signal.SIGKILL)
        writer.wait(10)
        there = [row[0] for row in self.rows()]
        self.assertEqual(there, list(range(1, len(there) + 1)))
        self.assertGreaterEqual(len(there), said)
