"""The configuration in PostgreSQL: tables, reading, watching, passwords that are written back, the command line."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from urllib.parse import quote

from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

from astcti.config.database.credentials import DatabaseCredentials
from astcti.config.database.layout import bring_up_to_date, newest
from astcti.config.database.metadata import make_metadata
from astcti.config.database.reading import read_snapshot
from astcti.config.database.source import DatabaseSource
from astcti.config.database.writing import write_configuration
from astcti.config.source import SourceUnavailable
from astcti.config.xmlsource import write_xml
from tests.config.samples import ARGON2ID, GOOD
from tests.mariadb.test_command import RoundTrip, run
from tests.postgresql.server import PostgreSqlCase


class FilledCase(PostgreSqlCase):
    """A data base with a configuration in it."""

    def setUp(self) -> None:
        super().setUp()
        self.source = DatabaseSource(self.address)
        self.engine = self.source.engine
        self.addCleanup(self.engine.dispose)
        bring_up_to_date(self.engine, self.address)
        write_configuration(self.engine, self.address, GOOD, 1_700_000_000)


class TableTests(FilledCase):
    """What is made, and what comes out of it."""

    def test_tables_are_those_of_the_metadata(self) -> None:
        """What the migrations make is what the program thinks is there, to the last column; once is enough."""
        with self.engine.connect() as connection:
            context = MigrationContext.configure(connection, opts={"compare_type": True})
            self.assertEqual(compare_metadata(context, make_metadata()), [])
        changes = bring_up_to_date(self.engine, self.address)
        self.assertEqual((changes.before, changes.tables, changes.columns), (newest(), (), ()))

    def test_round_trip(self) -> None:
        """A configuration comes out of the data base as it went in, in Unicode, too."""
        first, *others = GOOD.operators
        named = replace(GOOD, operators=(replace(first, full_name="Zoë Ünal 張偉 😀"), *others))
        write_configuration(self.engine, self.address, named, 1_700_000_000)
        found = read_snapshot(self.engine, self.address).document.configuration
        self.assertEqual(found.timestamp, 1_700_000_001)
        for rows in ("services", "variables", "actions", "service_actions", "seats", "extensions", "operators",
                     "service_operators", "speed_dials", "settings"):  # fmt: skip
            self.assertEqual(getattr(found, rows), getattr(named, rows), rows)

    def test_no_tables(self) -> None:
        """A data base without tables is told apart, and the message says what to do."""
        empty = DatabaseSource(self.server.database())
        self.addCleanup(empty.engine.dispose)
        error = self.assertRaises(SourceUnavailable, empty.first)
        self.assertIn("astcti config init", str(error))
        self.assertNotIn("se:cret", str(error))

    def test_not_let_in(self) -> None:
        """A wrong password, and a data base that is not there: said in a sentence, without the password."""
        for wrong in (replace(self.address, password="x:y"), replace(self.address, database="nowhere")):
            source = DatabaseSource(wrong)
            self.addCleanup(source.engine.dispose)
            error = self.assertRaises(SourceUnavailable, source.first)
            self.assertNotRegex(str(error), "x:y|se:cret|Traceback|\n")
            self.assertIn("PostgreSQL data base", str(error))


class WatchingTests(FilledCase):
    """Changes that others make."""

    def setUp(self) -> None:
        super().setUp()
        path = self.source.first()[0]
        self.source.read(path)
        self.source.accept(path, 1)

    def test_another_timestamp(self) -> None:
        """Rows count when the timestamp is another; all of one moment."""
        self.sql("UPDATE operators SET \"FULL_NAME\" = 'Somebody else'")
        self.assertIsNone(self.source.look(0.0).path)
        self.sql('UPDATE dbversion SET "LAST_UPDATE" = "LAST_UPDATE" + 1')
        path = self.source.look(10.0).path
        self.assertIsNotNone(path)
        names = {operator.full_name for operator in self.source.read(path).configuration.operators}
        self.assertEqual(names, {"Somebody else"})

    def test_away_and_back(self) -> None:
        """While the server is away that is said; afterwards it is asked again."""
        self.server.stop()
        self.addCleanup(lambda: self.server.start() if self.source.look(20.0).trouble else None)
        self.assertIn("PostgreSQL data base", self.source.look(0.0).trouble)
        self.server.start()
        sighting = self.source.look(10.0)
        self.assertEqual((sighting.path, sighting.trouble), (None, ""))


class CredentialTests(FilledCase):
    """Credentials that are written back."""

    def setUp(self) -> None:
        super().setUp()
        self.operator = GOOD.operators[0]
        self.store = DatabaseCredentials(self.source, "")

    def stored(self) -> str:
        """The password of the operator, there."""
        return str(self.sql(f'SELECT "PASS_WORD" FROM operators WHERE "ID_OPERATOR" = {self.operator.id}')[0][0])

    def test_put(self) -> None:
        """A new password is there; one that an administrator has just set is not overwritten."""
        name = self.operator.username
        self.assertTrue(self.store.put(name, "PASS_WORD", self.operator.password, ARGON2ID, 0.0))
        self.assertEqual(self.stored(), ARGON2ID)
        self.sql("UPDATE operators SET \"PASS_WORD\" = 'x'")
        self.assertFalse(self.store.put(name, "PASS_WORD", ARGON2ID, self.operator.password, 0.0))
        self.assertEqual(self.stored(), "x")

    def test_least_rights(self) -> None:
        """A user of the server's own needs SELECT, and UPDATE on operators alone."""
        other = f"{self.address.username}_server"
        self.sql(
            f"CREATE USER {other} PASSWORD 'p'",
            f"GRANT SELECT ON ALL TABLES IN SCHEMA public TO {other}",
            f"GRANT UPDATE ON operators TO {other}",
        )
        source = DatabaseSource(replace(self.address, username=other, password="p"))
        self.addCleanup(source.engine.dispose)
        self.assertEqual(source.read(source.first()[0]).configuration.operators, GOOD.operators)
        store = DatabaseCredentials(source, "")
        self.assertTrue(store.put(self.operator.username, "PASS_WORD", self.operator.password, ARGON2ID, 0.0))
        self.assertEqual(self.stored(), ARGON2ID)


class CommandTests(RoundTrip, PostgreSqlCase):
    """``astcti config``."""

    def setUp(self) -> None:
        super().setUp()
        address = self.address
        self.url = (
            f"postgresql://{address.username}:{quote(address.password, safe='')}@/{address.database}"
            f"?socket={address.socket}"
        )

    def test_check_and_diff(self) -> None:
        """What is in the tables can be checked and compared; the socket's own name is as good as its folder's."""
        first = Path(self.mktemp())
        first.write_bytes(write_xml(GOOD))
        self.assertEqual(run("init", self.url)[0], 0)
        self.assertEqual(run("convert", str(first), self.url)[0], 0)
        code, out, err = run("check", f"{self.url}/.s.PGSQL.5432")
        self.assertEqual(code, 0, err)
        self.assertIn("fine, with", out)
        self.assertNotIn("cret", out + err)
        self.assertEqual(run("diff", "--exit-code", str(first), self.url), (0, "no difference\n", ""))
        self.sql(f'UPDATE services SET "SERVICE_NAME" = \'\' WHERE "ID_SERVICE" = {GOOD.services[0].id}')
        code, out, err = run("check", self.url)
        self.assertEqual((code, out), (1, ""))
        self.assertIn("services", err)
