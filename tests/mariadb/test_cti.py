"""The table of the first generation in a data base: read, noticed to be another one, and written to."""

from __future__ import annotations

import shutil
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import Any

from astcti.actions.registry import action_types
from astcti.config.bootstrap import read_bootstrap
from astcti.config.database.ctisource import CtiSource
from astcti.config.database.ctitable import CtiTable, NoRoom
from astcti.config.database.engine import make_engine
from astcti.config.database.layout import bring_up_to_date
from astcti.config.database.writing import write_configuration
from astcti.config.load import Loader
from astcti.config.resolving import Answers
from astcti.config.source import SourceUnavailable
from astcti.config.xmlsource import write_xml
from astcti.errors import ConfigError
from tests.config.samples import ARGON2ID, GOOD, MD5
from tests.mariadb.server import MariaDbCase

#: As the first generation's own description has it, in the engine and the character set of its days.
CTI = (
    "CREATE TABLE cti (USERNAME varchar(255) UNIQUE, SECRET varchar(255), HOST varchar(255), EXT varchar(255) UNIQUE)"
    " ENGINE=MyISAM DEFAULT CHARSET=latin1",
    f"INSERT INTO cti VALUES ('cleo', '{MD5}', '0.0.0.0', 'SIP/201'), ('dan', '{MD5}', '10.0.0.0/8', ''),"
    f" ('Zoë', '{MD5}', NULL, NULL), ('eve', NULL, '', 'SIP/202'), (NULL, '{MD5}', NULL, NULL)",
)
DATABASE = """<configuration><database><source>{source}</source>{more}
  <socket>{a.socket}</socket><username>{a.username}</username><password>{a.password}</password>
  <database>{a.database}</database></database></configuration>"""


class CtiCase(MariaDbCase):
    """A data base with that table, and a folder."""

    timeout = 60

    def setUp(self) -> None:
        super().setUp()
        self.sql(*CTI)
        self.folder = Path(tempfile.mkdtemp(prefix="astcti-cti-"))
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)

    def loader(self, source: str = "legacy", more: str = "") -> Loader:
        """The loader of a server with such a bootstrap file."""
        path = self.folder / "astcti.xml"
        path.write_text(DATABASE.format(source=source, more=more, a=self.address))
        path.chmod(0o600)
        loader = Loader.of(read_bootstrap(path), action_types())
        base: Any = loader.source.base if isinstance(loader.source, CtiSource) else None
        for each in (getattr(loader.source, "table", loader.source), base):
            if hasattr(each, "engine"):
                self.addCleanup(each.engine.dispose)
        return loader

    def used(self, *about: Any, **options: Any) -> Loader:
        """A loader that has loaded, and whose configuration is in use."""
        loader = self.loader(*about, **options)
        loader.use(loader.first())
        return loader

    def again(self, loader: Loader) -> list[str] | None:
        """The operators who can log in after another look; None where nothing is new."""
        examined = loader.examine(0.0)
        self.assertEqual((examined.problems, examined.trouble), ((), ""))
        if examined.loaded is None:
            return None
        loader.use(examined.loaded)
        return sorted(examined.loaded.configuration.operator_by_username)


class TableTests(CtiCase):
    """The table itself."""

    def table(self, name: str = "cti") -> CtiTable:
        """One of the test's data base."""
        table = CtiTable(self.address, name)
        self.addCleanup(table.engine.dispose)
        return table

    def names(self, table: CtiTable) -> list[str]:
        """Everybody in it."""
        return [p.username for p in table.read().people.persons]

    def test_read(self) -> None:
        """Names, secrets, places and phones; a row without a name is counted."""
        people = self.table().read().people
        self.assertEqual([(p.username, p.host, p.phone, p.may_log_in) for p in people.persons], [
            ("Zoë", "", "", True), ("cleo", "", "SIP/201", True), ("dan", "10.0.0.0/8", "", True),
            ("eve", "", "SIP/202", False),
        ])  # fmt: skip
        self.assertTrue(any("1 row without USERNAME" in note for note in people.notes), people.notes)

    def test_spellings(self) -> None:
        """Table and columns count whatever their case; a view does as well, and exactly the name if there are two."""
        self.sql(
            "CREATE TABLE CTI_Users (Id int PRIMARY KEY, username varbinary(80), Secret char(40), Host text, ext text)",
            f"INSERT INTO CTI_Users VALUES (1, 'lower', '{MD5}', NULL, NULL)",
            "CREATE VIEW people AS SELECT USERNAME AS UserName, SECRET AS secret FROM cti WHERE USERNAME = 'dan'",
            "CREATE TABLE Cti LIKE cti", f"INSERT INTO Cti VALUES ('other', '{MD5}', NULL, NULL)",
        )  # fmt: skip
        for name, expected in (
            ("cti_users", ["lower"]), ("CTI_USERS", ["lower"]), ("PEOPLE", ["dan"]), ("Cti", ["other"]),
            ("cti", ["Zoë", "cleo", "dan", "eve"]),
        ):  # fmt: skip
            self.assertEqual(self.names(self.table(name)), expected, name)

    def test_not_there(self) -> None:
        """No such table, one of other columns, no right to read it, no data base: each in a sentence."""
        self.sql("CREATE TABLE wrong (a int)", "CREATE USER no_rights@localhost IDENTIFIED BY 'n'")
        self.addCleanup(self.sql, "DROP USER no_rights@localhost")
        self.address, address = replace(self.address, username="no_rights", password="n"), self.address
        self.assertIn("may not use data base", str(self.assertRaises(SourceUnavailable, self.table().read)))
        self.address = replace(address, database="none")
        self.assertIn("GRANT", str(self.assertRaises(SourceUnavailable, self.table().read)))
        self.address = address
        self.assertIn("there is no table nope", str(self.assertRaises(SourceUnavailable, self.table("nope").read)))
        error = self.assertRaises(SourceUnavailable, self.table("wrong").read)
        self.assertIn("no column USERNAME, SECRET", str(error))

    def test_mark(self) -> None:
        """Whatever an administrator changes in what counts is another mark; in which order rows stand is none."""
        table = self.table()
        marks = [table.read().mark]
        for statement in (
            "UPDATE cti SET EXT = 'SIP/203' WHERE USERNAME = 'dan'",
            "UPDATE cti SET HOST = '10.0.0.1' WHERE USERNAME = 'cleo'",
            f"UPDATE cti SET SECRET = '{MD5[::-1]}' WHERE USERNAME = 'cleo'",
            "DELETE FROM cti WHERE USERNAME = 'eve'",
            f"INSERT INTO cti VALUES ('fred', '{MD5}', NULL, 'SIP/209')",
            "UPDATE cti SET HOST = '' WHERE USERNAME = 'fred'",
        ):
            self.sql(statement)
            marks.append(table.read().mark)
            self.assertEqual(table.read().mark, marks[-1])
        self.assertEqual(len(set(marks)), len(marks))
        self.sql("ALTER TABLE cti ORDER BY USERNAME DESC", "ALTER TABLE cti ADD COLUMN note int")
        self.assertEqual(table.read().mark, marks[-1])

    def test_credential(self) -> None:
        """One is replaced if it is what it was, also where the data base takes two names for one; no change is seen."""
        table = self.table()
        before = table.read().mark
        self.assertFalse(table.replace("cleo", ARGON2ID, "x"))
        self.assertFalse(table.replace("CLEO", MD5, ARGON2ID))
        self.assertFalse(table.replace("nobody", MD5, ARGON2ID))
        self.assertTrue(table.replace("cleo", MD5, ARGON2ID))
        self.assertEqual(self.sql("SELECT SECRET FROM cti WHERE USERNAME = 'cleo'"), [(ARGON2ID,)])
        self.assertEqual(table.read().mark, before)
        self.sql(f"UPDATE cti SET SECRET = '{MD5}' WHERE USERNAME = 'cleo'")
        self.assertNotEqual(table.read().mark, before, "set back by somebody else: that is a change")

    def test_no_room(self) -> None:
        """A column that is too narrow is left as it is."""
        self.sql("ALTER TABLE cti MODIFY SECRET varchar(32)")
        error = self.assertRaises(NoRoom, self.table().replace, "cleo", MD5, ARGON2ID)
        self.assertIn(f"room for 32 characters, not for {len(ARGON2ID)}", str(error))
        self.assertRaises(NoRoom, self.table().try_out, 97)
        self.assertEqual(self.sql("SELECT SECRET FROM cti WHERE USERNAME = 'cleo'"), [(MD5,)])


class SourceTests(CtiCase):
    """With a server's loader."""

    def test_alone(self) -> None:
        """Operators from the table, and nothing else; a change is noticed, nothing is not."""
        loader = self.used()
        assert loader.current is not None
        self.assertEqual(sorted(loader.current.configuration.operator_by_username), ["Zoë", "cleo", "dan"])
        self.assertEqual(loader.current.settings.any_context_variable, "calldata")
        self.assertTrue(loader.current.settings.allow_any_extension)
        self.assertIsNone(self.again(loader))
        self.sql(f"UPDATE cti SET SECRET = '{MD5}' WHERE USERNAME = 'eve'")
        self.assertEqual(self.again(loader), ["Zoë", "cleo", "dan", "eve"])
        self.assertIsNone(self.again(loader))
        self.sql("DELETE FROM cti")
        self.assertEqual(self.again(loader), [])

    def test_with_file(self) -> None:
        """Services and everything else from a file; either changes by itself, and a bad file keeps nobody away."""
        path = self.folder / "runtime.xml"
        path.write_bytes(write_xml(GOOD))
        loader = self.used(more="<file>runtime.xml</file>")
        assert loader.current is not None
        found = loader.current.configuration
        self.assertEqual(sorted(found.operator_by_username), ["Zoë", "ann", "bob", "cleo", "dan"])
        cleo = found.operator_by_username["cleo"]
        self.assertEqual([(a.service_id, a.penalty) for a in found.services_of[cleo.id]], [(1, 0), (2, 0)])
        self.assertEqual(loader.current.settings.any_context_variable, "")
        path.write_text("<astcti version='2'><operators><operator")
        examined = loader.examine(0.0)
        examined = loader.examine(10.0) if examined.wait else examined
        self.assertTrue(examined.problems)
        self.sql("DELETE FROM cti WHERE USERNAME = 'dan'")
        self.assertEqual(self.again(loader), ["Zoë", "ann", "bob", "cleo"])
        path.write_bytes(write_xml(GOOD).replace(b'username="bob"', b'username="cleo"'))
        examined = loader.examine(20.0)
        examined = loader.examine(30.0) if examined.wait else examined
        assert examined.loaded is not None
        self.assertEqual(sorted(examined.loaded.configuration.operator_by_username), ["Zoë", "ann", "cleo"])
        self.assertEqual(examined.loaded.configuration.operator_by_username["cleo"].id, 2, "the file's own")
        self.assertEqual(len([w for w in examined.loaded.warnings if "'cleo'" in w and "already" in w]), 1)

    def test_with_tables(self) -> None:
        """In addition to the tables of a data base: the timestamp counts for those, the rows for this one."""
        engine = make_engine(self.address)
        self.addCleanup(engine.dispose)
        bring_up_to_date(engine, self.address)
        write_configuration(engine, self.address, GOOD, 1_700_000_000)
        loader = self.used("mysql", "<legacy_table>cti</legacy_table>")
        self.assertIsNone(self.again(loader))
        self.sql("DELETE FROM cti WHERE USERNAME = 'cleo'")
        self.assertEqual(self.again(loader), ["Zoë", "ann", "bob", "dan"])
        self.sql("UPDATE operators SET USERNAME = 'bert' WHERE USERNAME = 'bob'")
        self.assertIsNone(self.again(loader))
        self.sql("UPDATE dbversion SET LAST_UPDATE = LAST_UPDATE + 1")
        self.assertEqual(self.again(loader), ["Zoë", "ann", "bert", "dan"])
        assert loader.current is not None
        self.assertFalse(loader.current.settings.allow_any_extension)

    def test_away(self) -> None:
        """Without the table what is in use goes on; a start goes by the last good one; back again it counts."""
        loader = self.used()
        self.sql("RENAME TABLE cti TO hidden")
        examined = loader.examine(0.0)
        self.assertIsNone(examined.loaded)
        self.assertIn("there is no table cti", examined.trouble)
        second = self.loader()
        started = second.first()
        self.assertIn("there is no table cti", started.trouble)
        self.assertEqual(sorted(started.configuration.operator_by_username), ["Zoë", "cleo", "dan"])
        second.use(started)
        self.sql("RENAME TABLE hidden TO cti", "DELETE FROM cti WHERE USERNAME = 'dan'")
        for each in (loader, second):
            self.assertEqual(self.again(each), ["Zoë", "cleo"])
            self.assertIsNone(self.again(each))

    def test_no_cache(self) -> None:
        """Without a copy there is no start, and the reason is said."""
        self.sql("DROP TABLE cti")
        error = self.assertRaises(ConfigError, self.loader().first)
        self.assertIn("there is no table cti", str(error))

    def test_host_names(self) -> None:
        """A host that has no address keeps its operator out and is a warning; one that has one lets them in."""
        self.sql("UPDATE cti SET HOST = 'localhost' WHERE USERNAME = 'cleo'",
                 "UPDATE cti SET HOST = 'no-such-host.invalid' WHERE USERNAME = 'dan'")  # fmt: skip
        loaded = self.loader().first()
        of = {name: loaded.configuration.origins_of[loaded.configuration.operator_by_username[name].id]
              for name in ("cleo", "dan")}  # fmt: skip
        self.assertIn("127.0.0.1/32", map(str, of["cleo"]))
        self.assertEqual(of["dan"], ())
        self.assertEqual(len([w for w in loaded.warnings if "no-such-host.invalid" in w and "dan" in w]), 1)

    def test_names_asked_again(self) -> None:
        """Who asks for a reload has names looked up again, whether anything else is new or not."""
        self.sql("UPDATE cti SET HOST = 'desk' WHERE USERNAME = 'cleo'")
        loader, addresses = self.loader(), iter(("192.0.2.1", "192.0.2.2"))
        loader._resolve = lambda names: Answers({name: (next(addresses),) for name in names})
        loader.use(loader.first())
        loader.forget()
        examined = loader.examine(0.0)
        assert examined.loaded is not None
        self.assertEqual(examined.loaded.configuration.resolved, {"desk": ("192.0.2.2",)})


class CredentialTests(CtiCase):
    """New credentials of operators from the table."""

    def put(self, loader: Loader, *about: str) -> bool:
        """Change one."""
        assert loader.credentials is not None
        return loader.credentials.put(*about, 0.0)

    def password(self, loader: Loader, username: str) -> tuple[str, str]:
        """What a server that starts now would go by: password and verifier."""
        found = loader.first().configuration.operator_by_username[username]
        return found.password, found.scram

    def test_in_place(self) -> None:
        """Where the column has room the table has it, and the verifier, for which it has no column, is kept beside."""
        loader = self.used()
        self.assertTrue(self.put(loader, "cleo", "PASS_WORD", MD5, ARGON2ID))
        self.assertFalse(self.put(loader, "cleo", "PASS_WORD", MD5, ARGON2ID))
        self.assertTrue(self.put(loader, "cleo", "SCRAM", ARGON2ID, "verifier"))
        self.assertIsNone(self.again(loader))
        self.assertEqual(self.sql("SELECT SECRET FROM cti WHERE USERNAME = 'cleo'"), [(ARGON2ID,)])
        assert loader.overrides is not None
        self.assertEqual([o.column for o in loader.overrides.all()], ["SCRAM"])

    def test_beside(self) -> None:
        """Where it has not, or we may not write, it is kept beside the table until somebody changes the row."""
        for statement in (
            "ALTER TABLE cti MODIFY SECRET varchar(32)",
            f"REVOKE ALL ON {self.address.database}.* FROM {self.address.username}@localhost",
        ):
            self.sql(statement)
            self.sql(f"GRANT SELECT ON {self.address.database}.* TO {self.address.username}@localhost")
            loader = self.used()
            user = "cleo" if "MODIFY" in statement else "dan"
            self.assertTrue(self.put(loader, user, "PASS_WORD", MD5, ARGON2ID))
            self.assertEqual(self.password(self.loader(), user), (ARGON2ID, ""))
            better = ARGON2ID.replace("OOGv", "OOGw")
            self.assertFalse(self.put(loader, user, "PASS_WORD", MD5, better))
            self.assertTrue(self.put(loader, user, "PASS_WORD", ARGON2ID, better))
            self.assertEqual(self.password(self.loader(), user), (better, ""))
            self.assertEqual(self.sql(f"SELECT SECRET FROM cti WHERE USERNAME = '{user}'"), [(MD5,)])
            self.sql(f"UPDATE cti SET SECRET = '{MD5[::-1]}' WHERE USERNAME = '{user}'")
            self.assertEqual(self.password(self.loader(), user), (MD5[::-1], ""))

    def test_others(self) -> None:
        """Operators of the other source are written where those are written, also if the table has the name too."""
        (self.folder / "runtime.xml").write_bytes(write_xml(GOOD))
        self.sql(f"INSERT INTO cti VALUES ('ann', '{MD5}', NULL, NULL)")
        loader = self.used("xml", "<file>runtime.xml</file><legacy_table>cti</legacy_table>")
        better = ARGON2ID.replace("OOGv", "OOGw")
        self.assertTrue(self.put(loader, "ann", "PASS_WORD", ARGON2ID, better))
        again = self.loader("xml", "<file>runtime.xml</file><legacy_table>cti</legacy_table>")
        self.assertEqual(self.password(again, "ann")[0], better)
        self.assertEqual(self.sql("SELECT SECRET FROM cti WHERE USERNAME = 'ann'"), [(MD5,)])
