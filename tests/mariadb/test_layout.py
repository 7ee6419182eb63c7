"""The tables of a data base: made, brought up to date, and written to."""

from __future__ import annotations

from dataclasses import replace

import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from twisted.trial.unittest import SynchronousTestCase

from astcti.config.database.address import SQLITE, Address
from astcti.config.database.credentials import DatabaseCredentials
from astcti.config.database.engine import make_engine
from astcti.config.database.layout import bring_up_to_date, newest
from astcti.config.database.metadata import make_metadata
from astcti.config.database.reading import read_snapshot
from astcti.config.database.source import DatabaseSource
from astcti.config.database.writing import is_empty, write_configuration
from astcti.config.source import SourceUnavailable
from astcti.errors import ConfigError
from tests.config.samples import ARGON2ID, GOOD, MD5
from tests.mariadb.server import MariaDbCase
from tests.services.fakes import scratch

#: A data base of the original software, as it was found: MyISAM, narrow passwords, an odd spelling.
HISTORIC = (
    "CREATE TABLE services (ID_SERVICE int(11) NOT NULL AUTO_INCREMENT PRIMARY KEY, SERVICE_NAME varchar(100) NOT NULL,"
    " SERVICE_CONTEXT_TYPE enum('INBOUND','OUTBOUND') NOT NULL DEFAULT 'INBOUND', SERVICE_IS_QUEUE tinyint(1),"
    " SERVICE_QUEUE_NAME varchar(100), ENABLED tinyint(1) NOT NULL DEFAULT 1) ENGINE=MyISAM DEFAULT CHARSET=latin1",
    "CREATE TABLE seats (id_seat int(11) NOT NULL AUTO_INCREMENT PRIMARY KEY,"
    " seat_mac varchar(17) NOT NULL DEFAULT '00:00:00:00:00:00',"
    " seat_exten varchar(50) NOT NULL, description varchar(255)) ENGINE=MyISAM",
    "CREATE TABLE operators (ID_OPERATOR int(11) NOT NULL AUTO_INCREMENT PRIMARY KEY, FULL_NAME varchar(100) NOT NULL,"
    " USERNAME varchar(100) NOT NULL UNIQUE, PASS_WORD varchar(32) NOT NULL, BEGIN_IN_PAUSE tinyint(1) DEFAULT 0,"
    " IS_CALL_CANTER tinyint(1) DEFAULT 0, LAST_SEAT int(11)) ENGINE=MyISAM",
    "CREATE TABLE dbversion (VERSION double, LAST_UPDATE int(11)) ENGINE=MyISAM",
    "INSERT INTO dbversion VALUES (2.0, 1371630006)",
    "INSERT INTO services VALUES (1, 'sales', 'INBOUND', 1, 'sales-q', 1), (2, 'noq', 'INBOUND', 0, 'left-over', 1)",
    "INSERT INTO seats VALUES (1, '00:1c:bf:37:53:ba', 'SIP/201', 'Café')",
    f"INSERT INTO operators VALUES (7, 'Zoë', 'oper7', '{MD5}', 1, 1, NULL)",
)


class FreshTests(MariaDbCase):
    """A data base that was empty."""

    def setUp(self) -> None:
        super().setUp()
        self.engine = make_engine(self.address)
        self.addCleanup(self.engine.dispose)

    def test_tables_are_those_of_the_metadata(self) -> None:
        """What the migrations make is what the program thinks is there, to the last column."""
        changes = bring_up_to_date(self.engine, self.address)
        self.assertEqual((changes.before, changes.after), ("", newest()))
        self.assertIn("operators", changes.tables)
        with self.engine.connect() as connection:
            context = MigrationContext.configure(connection, opts={"compare_type": True})
            self.assertEqual(compare_metadata(context, make_metadata()), [])
        kinds = self.sql(
            "SELECT DISTINCT ENGINE, TABLE_COLLATION FROM information_schema.TABLES WHERE TABLE_SCHEMA = DATABASE()"
            " AND TABLE_NAME <> 'alembic_version'"
        )
        self.assertEqual(kinds, [("InnoDB", "utf8mb4_bin")])

    def test_again_does_nothing(self) -> None:
        """Whoever runs it twice changes nothing the second time."""
        bring_up_to_date(self.engine, self.address)
        changes = bring_up_to_date(self.engine, self.address)
        self.assertEqual((changes.before, changes.tables, changes.columns), (newest(), (), ()))

    def test_round_trip(self) -> None:
        """A configuration comes out of the data base as it went in."""
        bring_up_to_date(self.engine, self.address)
        self.assertTrue(is_empty(self.engine, self.address))
        write_configuration(self.engine, self.address, GOOD, 1_700_000_000)
        self.assertFalse(is_empty(self.engine, self.address))
        found = read_snapshot(self.engine, self.address).document.configuration
        self.assertEqual(found.timestamp, 1_700_000_000)
        for rows in ("services", "variables", "actions", "service_actions", "seats", "extensions", "operators",
                     "service_operators", "speed_dials", "settings"):  # fmt: skip
            self.assertEqual(getattr(found, rows), getattr(GOOD, rows), rows)

    def test_timestamp_always_differs(self) -> None:
        """Two configurations written in the same second are two."""
        bring_up_to_date(self.engine, self.address)
        write_configuration(self.engine, self.address, GOOD, 1_700_000_000)
        write_configuration(self.engine, self.address, GOOD, 1_700_000_000)
        self.assertEqual(read_snapshot(self.engine, self.address).document.configuration.timestamp, 1_700_000_001)

    def test_a_release_older(self) -> None:
        """Where a column is missing nothing is lost without a word; the migration makes room for it."""
        bring_up_to_date(self.engine, self.address)
        self.sql("ALTER TABLE operators DROP COLUMN LOGIN_HOST", "UPDATE alembic_version SET version_num = '0001'")
        first, *others = GOOD.operators
        bound = replace(GOOD, operators=(replace(first, login_host="10.1.0.0/16"), *others))
        write_configuration(self.engine, self.address, GOOD, 1_700_000_000)
        error = self.assertRaises(ConfigError, write_configuration, self.engine, self.address, bound, 1_700_000_001)
        self.assertIn("there is no column LOGIN_HOST: run `astcti config init`", str(error))
        self.assertEqual(self.sql("SELECT COUNT(*) FROM operators"), [(2,)])
        self.assertEqual(bring_up_to_date(self.engine, self.address).columns, ("operators.LOGIN_HOST",))
        write_configuration(self.engine, self.address, bound, 1_700_000_001)
        found = read_snapshot(self.engine, self.address).document.configuration
        self.assertEqual(found.operators, bound.operators)

    def test_no_tables(self) -> None:
        """A data base without tables is told apart, and the message says what to do."""
        error = self.assertRaises(SourceUnavailable, read_snapshot, self.engine, self.address)
        self.assertIn("astcti config init", str(error))
        self.assertNotIn("se:cret", str(error))


class HistoricTests(MariaDbCase):
    """A data base of the original software."""

    def test_adopted(self) -> None:
        """Its rows stay, what is missing is added, and passwords get room for a modern hash."""
        self.sql(*HISTORIC)
        engine = make_engine(self.address)
        self.addCleanup(engine.dispose)
        before = read_snapshot(engine, self.address).document.configuration
        changes = bring_up_to_date(engine, self.address)
        self.assertIn("operators.PASS_WORD (now VARCHAR(255))", [c.replace(' COLLATE "utf8mb4_general_ci"', "")
                                                                  for c in changes.columns])  # fmt: skip
        self.assertNotIn("operators.IS_CALL_CENTER", changes.columns)
        self.assertIn("services_operators", changes.tables)
        after = read_snapshot(engine, self.address).document.configuration
        self.assertEqual(after, before)
        self.assertEqual(after.timestamp, 1371630006)
        operator = after.operators[0]
        self.assertEqual((operator.full_name, operator.is_call_center, operator.password), ("Zoë", True, MD5))
        self.assertEqual([s.queue_name for s in after.services], ["sales-q", ""])
        self.assertEqual(after.seats[0].description, "Café")
        self.assertEqual(bring_up_to_date(engine, self.address).columns, ())
        self.sql("INSERT INTO services_operators (ID_SERVICE, ID_OPERATOR) VALUES (1, 7)")
        self.sql("DELETE FROM operators")
        self.assertEqual(list(self.sql("SELECT * FROM services_operators")), [])


class CredentialTests(MariaDbCase):
    """Credentials that are written back."""

    def setUp(self) -> None:
        super().setUp()
        self.source = DatabaseSource(self.address)
        self.addCleanup(self.source.engine.dispose)
        bring_up_to_date(self.source.engine, self.address)
        write_configuration(self.source.engine, self.address, GOOD, 1_700_000_000)
        self.operator = GOOD.operators[0]
        self.store = DatabaseCredentials(self.source, f"{self.address.database}_edit")

    def stored(self, schema: str = "") -> list[str]:
        """The password of the operator, there."""
        where = f"{schema or self.address.database}.operators"
        rows = self.sql(f"SELECT PASS_WORD FROM {where} WHERE ID_OPERATOR = {self.operator.id}")
        return [row[0] for row in rows]

    def test_both_places(self) -> None:
        """A new password is in production and in the configurator's data base, and no reload follows."""
        edit = f"{self.address.database}_edit"
        self.sql(f"CREATE DATABASE {edit}", f"CREATE TABLE {edit}.operators SELECT * FROM operators",
                 f"GRANT ALL ON {edit}.* TO {self.address.username}@localhost")  # fmt: skip
        self.source.accept(self.source.first()[0], 1)
        self.source.read(self.source.first()[0])
        self.source.accept(self.source.first()[0], 1)
        self.assertTrue(self.store.put(self.operator.username, "PASS_WORD", self.operator.password, ARGON2ID, 0.0))
        self.assertEqual((self.stored(), self.stored(edit)), ([ARGON2ID], [ARGON2ID]))
        self.assertIsNone(self.source.look(0.0).path)

    def test_scram(self) -> None:
        """A verifier is stored while the password that it was made of is in force, and goes with it."""
        name, running = self.operator.username, self.operator.password
        where = f"SELECT SCRAM FROM operators WHERE ID_OPERATOR = {self.operator.id}"
        self.assertFalse(self.store.put(name, "SCRAM", "another password", "v", 0.0))
        self.assertTrue(self.store.put(name, "SCRAM", running, "v", 0.0))
        self.assertEqual(self.sql(where), [("v",)])
        self.assertTrue(self.store.put(name, "PASS_WORD", running, ARGON2ID, 0.0))
        self.assertIn(self.sql(where)[0][0], (None, ""))

    def test_somebody_was_quicker(self) -> None:
        """A password that an administrator has just set is not overwritten."""
        self.sql("UPDATE operators SET PASS_WORD = 'x'")
        self.assertFalse(self.store.put(self.operator.username, "PASS_WORD", self.operator.password, ARGON2ID, 0.0))
        self.assertEqual(self.stored(), ["x"])

    def test_too_narrow(self) -> None:
        """Where the column is too narrow nothing is cut off; the message says what to do."""
        self.sql(f"UPDATE operators SET PASS_WORD = '{MD5}'", "ALTER TABLE operators MODIFY PASS_WORD varchar(32)")
        error = self.assertRaises(
            SourceUnavailable, self.store.put, self.operator.username, "PASS_WORD", MD5, ARGON2ID, 0.0
        )
        self.assertIn("astcti config init", str(error))
        self.assertNotIn(MD5, str(error))


class SqliteTests(SynchronousTestCase):
    """The same tables in SQLite, where no server is needed."""

    def test_tables_are_those_of_the_metadata(self) -> None:
        """What the migrations make is what the program thinks is there; a configuration goes in and out."""
        address = Address(dialect=SQLITE, database=str(scratch(self) / "x.db3"))
        engine: sa.Engine = make_engine(address)
        self.addCleanup(engine.dispose)
        bring_up_to_date(engine, address)
        with engine.connect() as connection:
            context = MigrationContext.configure(connection, opts={"compare_type": True})
            self.assertEqual(compare_metadata(context, make_metadata()), [])
        write_configuration(engine, address, GOOD, 5)
        self.assertEqual(read_snapshot(engine, address).document.configuration.operators, GOOD.operators)
