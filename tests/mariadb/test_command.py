"""``astcti config`` with data bases."""

from __future__ import annotations

import io
import re
import sqlite3
from contextlib import closing, redirect_stderr, redirect_stdout
from pathlib import Path
from urllib.parse import quote

from twisted.trial.unittest import SynchronousTestCase

from astcti.commands.config import main
from astcti.config.backups import Backups
from astcti.config.xmlsource import write_xml
from tests.config.samples import GOOD
from tests.mariadb.server import MariaDbCase


def run(*words: str) -> tuple[int, str, str]:
    """Exit code and what it printed."""
    out, err = io.StringIO(), io.StringIO()
    with redirect_stdout(out), redirect_stderr(err):
        code = main(words)
    return code, out.getvalue(), err.getvalue()


class RoundTrip:
    """From a file into a data base and back."""

    url = ""

    def test_round_trip(self) -> None:
        """Made, filled, read back: the same; not replaced unless that is wanted; made again: nothing to do."""
        folder = Path(self.mktemp())  # type: ignore[attr-defined]
        folder.mkdir()
        first, second = folder / "first.xml", folder / "second.xml"
        first.write_bytes(write_xml(GOOD))
        code, out, err = run("init", self.url)
        self.assertEqual((code, err), (0, ""))  # type: ignore[attr-defined]
        self.assertIn("operators", out)  # type: ignore[attr-defined]
        self.assertEqual(run("convert", str(first), self.url)[0], 0)  # type: ignore[attr-defined]
        code, out, err = run("convert", str(first), self.url)
        self.assertEqual((code, "--force replaces it" in err), (1, True))  # type: ignore[attr-defined]
        self.assertNotIn("cret", out + err)  # type: ignore[attr-defined]
        self.assertEqual(run("convert", "--force", str(first), self.url)[0], 0)  # type: ignore[attr-defined]
        self.assertEqual(run("convert", self.url, str(second))[0], 0)  # type: ignore[attr-defined]
        files = [re.sub('timestamp="[0-9]+"', "", path.read_text()) for path in (first, second)]
        self.assertEqual(*files)  # type: ignore[attr-defined]
        self.assertIn("up to date already", run("init", self.url)[1])  # type: ignore[attr-defined]


class MariaDbTests(RoundTrip, MariaDbCase):
    """With a server."""

    def setUp(self) -> None:
        super().setUp()
        address = self.address
        self.url = (
            f"mysql://{address.username}:{quote(address.password, safe='')}@/{address.database}?socket={address.socket}"
        )

    def test_rollback(self) -> None:
        """A configuration that the server has replaced comes back into the tables."""
        folder = Path(self.mktemp()).absolute()
        folder.mkdir()
        first = folder / "first.xml"
        first.write_bytes(write_xml(GOOD))
        address = self.address
        bootstrap = folder / "astcti.xml"
        bootstrap.write_text(
            f"<configuration><database><source>mysql</source><socket>{address.socket}</socket>"
            f"<username>{address.username}</username><password>{address.password}</password>"
            f"<database>{address.database}</database></database></configuration>"
        )
        bootstrap.chmod(0o600)
        self.assertEqual(run("init", str(bootstrap))[0], 0)
        self.assertEqual(run("convert", str(first), self.url)[0], 0)
        Backups(folder / "var" / "backup").store(GOOD, 1_795_000_000.0)
        self.sql(
            "UPDATE operators SET FULL_NAME = 'Somebody else'", "UPDATE dbversion SET LAST_UPDATE = LAST_UPDATE + 1"
        )
        code, out, err = run("diff", str(first), self.url)
        self.assertEqual((code, out.count("'Somebody else'")), (0, len(GOOD.operators)), err)
        (before,) = self.sql("SELECT LAST_UPDATE FROM dbversion")
        code, out, err = run("rollback", str(bootstrap), "1")
        self.assertEqual(code, 0, err)
        self.assertEqual(run("diff", "--exit-code", str(first), self.url), (0, "no difference\n", ""))
        (after,) = self.sql("SELECT LAST_UPDATE FROM dbversion")
        self.assertNotEqual(before, after)
        self.sql(
            "UPDATE operators SET FULL_NAME = 'Somebody else'", "CREATE USER reader@localhost IDENTIFIED BY 'r'",
            f"GRANT SELECT ON {address.database}.* TO reader@localhost",
        )  # fmt: skip
        self.addCleanup(self.sql, "DROP USER reader@localhost")
        bootstrap.write_text(bootstrap.read_text().replace(f"<username>{address.username}<", "<username>reader<")
                             .replace(f"<password>{address.password}<", "<password>r<"))  # fmt: skip
        code, out, err = run("rollback", str(bootstrap), "1")
        self.assertEqual(code, 1)
        self.assertRegex(err, r"lacks a right[\s\S]+astcti config convert --force \S+/backup/\S+\.xml mysql://")


class SqliteTests(RoundTrip, SynchronousTestCase):
    """With a file."""

    def setUp(self) -> None:
        self.url = f"sqlite:///{Path(self.mktemp()).absolute()}"

    def test_odd_timestamps(self) -> None:
        """Whatever stands there as a timestamp is replaced by one that is."""
        first, path = Path(self.mktemp() + ".xml"), self.url.removeprefix("sqlite:///")
        first.write_bytes(write_xml(GOOD))
        self.assertEqual(run("init", self.url)[0], 0)
        for odd in ("'soon'", "NULL", "''", "'1e999'", "1e300", "x'ff'"):
            with closing(sqlite3.connect(path)) as db, db:
                db.execute("INSERT OR REPLACE INTO server_settings VALUES ('last_update', ?)", ("yesterday",))
                db.execute(f"UPDATE server_settings SET val = {odd} WHERE name = 'last_update'")
            code, _, err = run("convert", "--force", str(first), self.url)
            self.assertEqual(code, 0, (odd, err))
            with closing(sqlite3.connect(path)) as db:
                ((found,),) = db.execute("SELECT val FROM server_settings WHERE name = 'last_update'")
            self.assertGreater(int(found), 1_700_000_000)

    def test_wrong(self) -> None:
        """What cannot be is said in a sentence."""
        self.assertIn("possible are mysql", run("init", "oracle://host/db")[2])
        self.assertEqual(run("init")[0], 2)
