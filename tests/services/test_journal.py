"""The journal: what was written is known to the next server, and nothing more is kept than has to be."""

from __future__ import annotations

import sqlite3
from dataclasses import replace

from twisted.internet.task import Clock
from twisted.logger import capturedLogs
from twisted.trial.unittest import SynchronousTestCase

from astcti.services.journal import SCHEMA, Journal, Membership, OperatorRecord, Pauser
from astcti.services.pausing import Cause
from astcti.services.pausing.records import standing_of
from astcti.services.storefile import connected
from tests.services.fakes import scratch
from tests.services.memorystore import MemoryStore


class JournalTests(SynchronousTestCase):
    """Write, and read as another process would."""

    def setUp(self) -> None:
        self.store = MemoryStore(SCHEMA)
        self.clock = Clock()
        self.clock.advance(1000.0)
        self.journal = self.read()

    def read(self) -> Journal:
        journal = Journal(MemoryStore(connection=self.store.connection), self.clock.seconds)
        journal.startService()
        return journal

    def test_memberships(self) -> None:
        """The memberships that are known after a restart are those that were not removed, as they were last."""
        self.journal.put_membership(Membership("a", "SIP/1", "anna", 3))
        self.journal.put_membership(Membership("a", "SIP/2", "bert", 0, foreign=True))
        self.journal.put_membership(Membership("b", "SIP/1", "anna", 5))
        self.journal.put_membership(Membership("a", "SIP/1", "anna", 4))
        self.assertIsNotNone(self.journal.remove_membership("b", "SIP/1"))
        self.assertIsNone(self.journal.remove_membership("b", "SIP/1"))
        after = self.read()
        self.assertEqual(after.memberships, {
            ("a", "SIP/1"): Membership("a", "SIP/1", "anna", 4, False, 1000.0),
            ("a", "SIP/2"): Membership("a", "SIP/2", "bert", 0, True, 1000.0),
        })  # fmt: skip
        self.assertEqual(after.memberships, self.journal.memberships)
        self.assertEqual([m.queue for m in after.memberships_of("anna")], ["a"])

    def test_nothing_to_remember(self) -> None:
        """Nothing is kept of an operator of whom there is nothing to remember, however many come and go."""
        self.journal.put_operator(OperatorRecord("anna", True, "tea", 17.5))
        self.assertEqual(set(self.journal.operators), {"anna"})
        for name in ("anna", "bert"):
            self.journal.put_operator(OperatorRecord(name))
        self.assertEqual((dict(self.journal.operators), self.store.read("SELECT * FROM operators")), ({}, []))

    def test_file_of_an_earlier_version(self) -> None:
        """What stands in a real file survives the step to the tables of today."""
        path = scratch(self) / "journal.sqlite"
        old, _ = connected(path, SCHEMA[:1])
        old.execute("INSERT INTO operators VALUES ('anna', 1, 'tea', 17.5, '{}', 0.0, '[]', '', 'SIP/1')")
        old.close()
        new, aside = connected(path, SCHEMA)
        self.addCleanup(new.close)
        self.assertIsNone(aside)
        row = new.execute("SELECT * FROM operators").fetchone()
        self.assertEqual(OperatorRecord.of(row), OperatorRecord("anna", True, "tea", 17.5, seat="SIP/1"))

    def test_earlier_version(self) -> None:
        """A journal of a version that did not write down who paused is read, and counts it as their own will."""
        store = MemoryStore(SCHEMA[:1])
        store.write("INSERT INTO operators VALUES ('anna', 1, 'tea', 17.5, '{\"x\": \"y\"}', 0.0, '[]', '', 'SIP/1')")
        for script in SCHEMA[1:]:
            store.connection.executescript(script)
        journal = Journal(store, lambda: 1000.0)
        journal.startService()
        expected = OperatorRecord("anna", True, "tea", 17.5, {"x": "y"}, seat="SIP/1")
        self.assertEqual(journal.operator("anna"), expected)
        standing = standing_of(expected)
        self.assertEqual(
            (standing.default, standing.singles()["x"]), (Cause("tea", "self", 17.5), Cause("y", "self", 17.5))
        )

    def test_operators(self) -> None:
        """Everything about an operator is as it was."""
        record = OperatorRecord(
            "anna", True, "tea, and a cake", 17.5, {"sales": "über", "x": ""}, 99.25, frozenset({"b", "a"}), "0551",
            "SIP/1", "supervisor", {"sales": Pauser("pbx", 12.5), "x": Pauser("supervisor", 17.5, "bo")},
            "chief",
        )  # fmt: skip
        self.journal.put_operator(record)
        self.journal.put_operator(OperatorRecord("bert", paused=True))
        self.journal.put_operator(replace(self.journal.operator("bert"), paused=False, seat="SIP/2"))
        self.journal.put_operator(OperatorRecord("carl"))
        self.journal.forget_operator("carl")
        after = self.read()
        self.assertEqual(after.operator("anna"), record)
        self.assertEqual(after.operator("bert"), OperatorRecord("bert", seat="SIP/2"))
        self.assertEqual(set(after.operators), {"anna", "bert"})
        self.assertEqual(after.operator("nobody"), OperatorRecord("nobody"))

    def test_unreadable_operator(self) -> None:
        """What somebody broke by hand costs that operator's record and nothing else."""
        self.journal.put_operator(OperatorRecord("anna", True))
        self.journal.put_operator(OperatorRecord("bert", True))
        self.store.write("UPDATE operators SET stopped = 'nonsense' WHERE username = 'anna'")
        with capturedLogs() as logs:
            self.assertEqual(set(self.read().operators), {"bert"})
        self.assertIn("anna", [e.get("username") for e in logs])
        self.flushLoggedErrors(ValueError)

    def test_pops(self) -> None:
        """Calls that popped are known until they are over; reported stays reported."""
        self.journal.put_pop("1.1", "seat 1")
        self.journal.put_pop("1.1", "seat 2")
        self.clock.advance(5)
        self.journal.put_pop("1.1", "seat 1", reported=True)
        self.journal.put_pop("1.1", "seat 1")
        self.journal.put_pop("1.2", "seat 1")
        self.journal.forget_pops([("1.2", "seat 1"), ("9.9", "seat 1")])
        after = self.read()
        self.assertEqual({key: (p.time, p.reported) for key, p in after.pops.items()},
                         {("1.1", "seat 1"): (1000.0, True), ("1.1", "seat 2"): (1000.0, False)})  # fmt: skip
        self.assertEqual(after.pops, self.journal.pops)

    def test_log(self) -> None:
        """The log is read newest first, of one operator or of all."""
        for number in range(3):
            self.journal.log.append("anna", "pause", detail=f"{number}")
            self.clock.advance(1)
        self.journal.log.append("bert", "login", seat="SIP/2", queue="q")
        self.assertEqual(
            self.successResultOf(self.journal.log.latest(limit=2)),
            [(1003.0, "bert", "login", "q", "SIP/2", ""), (1002.0, "anna", "pause", "", "", "2")],
        )
        self.assertEqual(len(self.successResultOf(self.journal.log.latest("anna"))), 3)

    def test_log_ceiling(self) -> None:
        """The log holds no more than its ceiling, and nothing that is too old."""
        journal = Journal(self.store, self.clock.seconds)
        journal.log._ceiling = 500
        for number in range(4001):
            journal.log.append("anna", "pause", detail=f"{number}")
        ((count,),) = self.store.read("SELECT COUNT(*) FROM agent_log")
        self.assertLessEqual(count, 1500)
        self.assertEqual(self.successResultOf(journal.log.latest(limit=1))[0][5], "4000")
        self.clock.advance(91 * 86_400.0)
        journal.log.prune()
        self.assertEqual(self.store.read("SELECT COUNT(*) FROM agent_log"), [(0,)])

    def test_lost(self) -> None:
        """When the file was lost everything in memory is written to the new one."""
        self.journal.put_membership(Membership("a", "SIP/1", "anna", 3))
        self.journal.put_operator(OperatorRecord("anna", True))
        self.journal.put_pop("1.1", "seat 1", reported=True)
        store = MemoryStore(SCHEMA)
        self.journal._store = store
        self.journal._write_all()
        self.store.connection = store.connection
        after = self.read()
        self.assertEqual(after.memberships, self.journal.memberships)
        self.assertEqual(after.operators, self.journal.operators)
        self.assertEqual(after.pops, self.journal.pops)

    def test_sqlite_words(self) -> None:
        """Names from outside are values, never part of a statement."""
        name = "'; DROP TABLE memberships; --"
        self.journal.put_membership(Membership(name, name, name))
        self.journal.put_operator(OperatorRecord(name, reason=name))
        self.journal.log.append(name, "pause", detail=name)
        self.assertEqual(self.read().memberships[name, name].username, name)
        self.assertIsInstance(self.store.connection, sqlite3.Connection)
