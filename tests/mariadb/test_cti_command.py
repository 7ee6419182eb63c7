"""``astcti config`` and ``astcti doctor`` where operators are in a table of the first generation."""

from __future__ import annotations

from dataclasses import replace
from urllib.parse import quote

from twisted.internet import reactor

from astcti.config.backups import Backups
from astcti.config.model import Configuration
from astcti.config.xmlsource import read_xml, write_xml
from astcti.doctor import CHECKS, Case, Examination, Level
from tests.config.samples import ARGON2ID, GOOD, MD5
from tests.mariadb.test_command import run
from tests.mariadb.test_cti import DATABASE, CtiCase

WITH_FILE = "<file>runtime.xml</file>"


class CommandCase(CtiCase):
    """A bootstrap file, and the URL of its data base."""

    def setUp(self) -> None:
        super().setUp()
        a = self.address
        self.url = f"mysql://{a.username}:{quote(a.password, safe='')}@/{a.database}?socket={a.socket}"
        self.runtime = self.folder / "runtime.xml"
        self.runtime.write_bytes(write_xml(GOOD))

    def bootstrap(self, source: str = "legacy", more: str = "") -> str:
        """Write one."""
        path = self.folder / "astcti.xml"
        path.write_text(DATABASE.format(source=source, more=more, a=self.address))
        path.chmod(0o600)
        return str(path)

    def good(self, *words: str) -> tuple[str, str]:
        """What a command prints that succeeds."""
        code, out, err = run(*words)
        self.assertEqual(code, 0, err)
        self.assertNotIn(self.address.password, out + err)
        return out, err


class CheckTests(CommandCase):
    """``check`` and ``diff``."""

    def test_check(self) -> None:
        """What is odd about rows is said; what a server would take is fine, also with a file; else it is not."""
        out, err = self.good("check", self.bootstrap())
        self.assertIn("fine, with", out)
        for said in ("1 row without USERNAME skipped", "no SECRET, so that nobody can log in: eve"):
            self.assertIn(said, err)
        self.sql("UPDATE cti SET HOST = 'no-such-host.invalid' WHERE USERNAME = 'dan'",
                 f"INSERT INTO cti VALUES ('ann', '{MD5}', NULL, NULL)")  # fmt: skip
        _, err = self.good("check", self.bootstrap("xml", f"{WITH_FILE}<legacy_table>CTI</legacy_table>"))
        for said in ("host no-such-host.invalid: ", "dan cannot log in", "'ann': there is an operator of that name"):
            self.assertIn(said, err)
        code, _, err = run("check", self.bootstrap(more="<table>other</table>"))
        self.assertEqual((code, "there is no table other" in err), (1, True))

    def test_diff(self) -> None:
        """From the table to what a change of it makes; a URL stands for the table alone."""
        before = self.folder / "before.xml"
        self.good("convert", f"{self.url}&table=cti", str(before))
        self.assertEqual(run("diff", "-e", str(before), f"{self.url}&table=cti"), (0, "no difference\n", ""))
        self.sql("UPDATE cti SET HOST = '10.9.0.1' WHERE USERNAME = 'cleo'")
        code, out, _ = run("diff", "-e", str(before), self.url)
        self.assertEqual(code, 3)
        self.assertIn("LOGIN_HOST '' -> '10.9.0.1'", out)
        self.assertEqual(len(out.splitlines()), 1, out)


class ConvertTests(CommandCase):
    """``convert``, ``init`` and ``rollback``."""

    def operators(self, configuration: Configuration) -> list[tuple[object, ...]]:
        """What is known of each."""
        return [
            (o.username, o.full_name, o.enabled, o.login_host, configuration.channels_of.get(o.seat_id or 0),
             len(configuration.services_of.get(o.id, ())), o.is_call_center)
            for o in configuration.operators
        ]  # fmt: skip

    def test_to_xml(self) -> None:
        """From the table alone: every operator, with small ids, and what makes the server do as before."""
        target = self.folder / "new.xml"
        _, err = self.good("convert", self.url, str(target))
        self.assertIn("1 row without USERNAME skipped", err)
        found = read_xml(target)
        self.assertEqual(self.operators(found), [
            ("Zoë", "Zoë", True, "", None, 0, False), ("cleo", "cleo", True, "", ("SIP/201",), 0, False),
            ("dan", "dan", True, "10.0.0.0/8", None, 0, False), ("eve", "eve", False, "", ("SIP/202",), 0, False),
        ])  # fmt: skip
        self.assertEqual({o.id for o in found.operators}, {1, 2, 3, 4})
        self.assertEqual(dict(found.settings), {"allow_any_extension": "yes", "any_context_variable": "calldata"})
        self.assertIn("fine", self.good("check", str(target))[0])

    def test_to_tables(self) -> None:
        """From a server with a table and a file into tables in the same data base, which a server then reads; with
        passwords that were changed and have no room in the table."""
        self.sql("ALTER TABLE cti MODIFY SECRET varchar(32)")
        loader = self.used(more=WITH_FILE)
        assert loader.credentials is not None
        self.assertTrue(loader.credentials.put("cleo", "PASS_WORD", MD5, ARGON2ID, 0.0))
        bootstrap = self.bootstrap(more=WITH_FILE)
        code, _, err = run("init", bootstrap)
        self.assertEqual((code, "in no data base with tables of ours" in err), (1, True), err)
        self.assertEqual(self.sql("SHOW TABLES"), [("cti",)])
        self.good("init", self.url)
        self.good("convert", bootstrap, self.url)
        found = self.used("mysql").current
        assert found is not None
        self.assertEqual(self.operators(found.configuration), [
            ("ann", "Ann", True, "", ("PJSIP/201", "PJSIP/251"), 1, False), ("bob", "Bob", True, "", None, 1, False),
            ("Zoë", "Zoë", True, "", None, 2, False), ("cleo", "cleo", True, "", ("SIP/201",), 2, False),
            ("dan", "dan", True, "10.0.0.0/8", None, 2, False), ("eve", "eve", False, "", ("SIP/202",), 2, False),
        ])  # fmt: skip
        self.assertEqual(found.configuration.operator_by_username["cleo"].password, ARGON2ID)
        out, _ = self.good("diff", bootstrap, self.url)
        self.assertNotIn("PASS_WORD", out)

    def test_never_written(self) -> None:
        """The table is nobody's to write."""
        code, out, err = run("convert", str(self.runtime), f"{self.url}&table=cti")
        self.assertEqual((code, "it is only read" in err), (1, True), err)
        self.assertNotIn(self.address.password, out + err)
        self.assertEqual(run("init", f"{self.url}&table=cti")[0], 1)
        self.assertEqual(self.sql("SELECT COUNT(*) FROM cti"), [(5,)])

    def test_rollback(self) -> None:
        """What the server replaced comes back into the file, the operators of the table do not: they stay there."""
        loader = self.used(more=WITH_FILE)
        assert loader.current is not None
        Backups(self.folder / "var" / "backup").store(loader.current.configured, 1_795_000_000.0)
        changed = replace(GOOD, services=(replace(GOOD.services[0], display_name="Sales"), *GOOD.services[1:]))
        self.runtime.write_bytes(write_xml(changed))
        self.sql("DELETE FROM cti WHERE USERNAME = 'cleo'")
        out, _ = self.good("rollback", self.bootstrap(more=WITH_FILE), "1")
        self.assertIn("operators of table cti stay as they are there", out)
        self.assertEqual(len([line for line in out.splitlines() if line[:1] in "+-~"]), 1, out)
        self.assertEqual(replace(read_xml(self.runtime), timestamp=GOOD.timestamp), GOOD)
        code, _, err = run("rollback", self.bootstrap(), "1")
        self.assertEqual((code, "which is only read" in err), (1, True), err)


class DoctorTests(CommandCase):
    """``astcti doctor``."""

    async def examine(self, bootstrap: str, *only: str) -> list[tuple[Level, str]]:
        """What is said."""
        examination = Examination(Case(reactor, bootstrap), CHECKS, only=only or ("database",))
        await examination.run()
        return [(f.level, f.seen) for f in examination.findings if f.check in (only or ("database",))]

    async def test_table(self) -> None:
        """Its operators are counted, those who cannot log in as well; rows that are odd are warned of."""
        said = await self.examine(self.bootstrap())
        self.assertEqual([level for level, _ in said], [Level.WARNING, Level.WARNING, Level.OK], said)
        self.assertTrue(said[-1][1].endswith(": cti: 4 operators, 3 of whom can log in"), said)
        said = await self.examine(self.bootstrap(), "configuration")
        self.assertFalse([text for _, text in said if "there is no " in text], said)

    async def test_not_writable(self) -> None:
        """Credentials that cannot come into the table are warned of: no room, or no right."""
        self.sql(
            "DELETE FROM cti WHERE USERNAME IS NULL OR SECRET IS NULL", "ALTER TABLE cti MODIFY SECRET varchar(32)"
        )
        said = await self.examine(self.bootstrap())
        self.assertEqual([level for level, _ in said], [Level.WARNING, Level.OK], said)
        self.assertIn("room for 32 characters, not for 97", said[0][1])
        self.sql("ALTER TABLE cti MODIFY SECRET varchar(97)")
        self.assertEqual([level for level, _ in await self.examine(self.bootstrap())], [Level.OK])
        self.sql(f"REVOKE ALL ON {self.address.database}.* FROM {self.address.username}@localhost",
                 f"GRANT SELECT ON {self.address.database}.* TO {self.address.username}@localhost")  # fmt: skip
        said = await self.examine(self.bootstrap())
        self.assertEqual([level for level, _ in said], [Level.WARNING, Level.OK], said)
        self.assertIn("UPDATE", said[0][1])

    async def test_not_there(self) -> None:
        """A table that is not there, beside a file that is."""
        bootstrap = self.bootstrap("xml", f"{WITH_FILE}<legacy_table>nope</legacy_table>")
        ((level, seen),) = await self.examine(bootstrap)
        self.assertEqual((level, "there is no table nope" in seen), (Level.FAULT, True))

    async def test_beside_tables(self) -> None:
        """Both are looked at where both are used."""
        self.good("init", self.url)
        self.good("convert", str(self.runtime), self.url)
        said = await self.examine(self.bootstrap("mysql", "<staging>none</staging><legacy_table>cti</legacy_table>"))
        fine = [seen for level, seen in said if level is Level.OK]
        self.assertEqual(len(fine), 2, said)
        self.assertIn("2 operators, 2 seats, 2 services", fine[0])
        self.assertIn("cti: 4 operators", fine[1])
