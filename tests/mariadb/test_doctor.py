"""What ``astcti doctor`` says of a MariaDB."""

from __future__ import annotations

import shutil
import signal
import tempfile
import time
from dataclasses import replace
from pathlib import Path

from twisted.internet import reactor

from astcti.config.database import engine
from astcti.config.database.address import Address
from astcti.config.database.engine import make_engine
from astcti.config.database.layout import bring_up_to_date, newest
from astcti.config.database.writing import write_configuration
from astcti.doctor import CHECKS, Case, Examination, Finding, Level
from astcti.doctor.report import as_json
from tests.config.samples import GOOD
from tests.mariadb.server import MariaDbCase

BOOTSTRAP = """<configuration>
  <database><source>mysql</source><socket>{a.socket}</socket><username>{a.username}</username>
    <password>{a.password}</password><database>{a.database}</database><staging>{staging}</staging></database>
  <manager><host>127.0.0.1</host><username>astcti</username><secret>s</secret></manager>
</configuration>
"""


class DoctorTests(MariaDbCase):
    """A data base that is well, and one that is not."""

    timeout = 60
    staging = "none"

    def setUp(self) -> None:
        super().setUp()
        self.folder = Path(tempfile.mkdtemp(prefix="astcti-doctor-"))
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)

    def fill(self, timestamp: int = 1_795_219_200) -> None:
        """Make the tables, and put a configuration into them."""
        connections = make_engine(self.address)
        self.addCleanup(connections.dispose)
        bring_up_to_date(connections, self.address)
        write_configuration(connections, self.address, GOOD, timestamp)

    async def examine(self, address: Address | None = None, *only: str) -> list[Finding]:
        """What is said; no password is in it."""
        path = self.folder / "astcti.xml"
        path.write_text(BOOTSTRAP.format(a=address or self.address, staging=self.staging))
        path.chmod(0o600)
        examination = Examination(Case(reactor, str(path)), CHECKS, only=only or ("database",))
        await examination.run()
        for password in {self.address.password, (address or self.address).password} - {""}:
            self.assertNotIn(password, as_json(examination.findings, ascii_only=False))
        return examination.findings

    async def one(self, level: Level, address: Address | None = None) -> str:
        """The only thing that is said, of that level."""
        said = await self.examine(address)
        self.assertEqual([f.level for f in said], [level], said)
        return said[0].seen

    async def test_fine(self) -> None:
        """One that is filled is counted, and the configuration in it is looked at as well."""
        self.fill()
        seen = await self.one(Level.OK)
        self.assertIn(f"{len(GOOD.operators)} operator", seen)
        self.assertIn("changed 2026-11-2", seen)
        said = await self.examine(None, "configuration")
        self.assertEqual([f for f in said if f.level is Level.FAULT], [])

    async def test_not_let_in(self) -> None:
        """A wrong password, an unknown data base and one that we may not use."""
        self.fill()
        self.assertIn("user name or the password is wrong", await self.one(Level.FAULT, self.but(password="hush-hush")))
        self.assertIn(
            "no data base", await self.one(Level.FAULT, self.but(username="root", password="", database="no"))
        )
        self.assertIn("GRANT", await self.one(Level.FAULT, self.but(database="mysql")))

    async def test_not_there(self) -> None:
        """No server at that address."""
        self.assertIn("no server answers", await self.one(Level.FAULT, self.but(socket="/nowhere.sock")))

    async def test_read_only(self) -> None:
        """Who may only read is enough; that passwords cannot be changed is said, also of the data base for editing."""
        self.fill()
        name, staging = self.address.database, f"{self.address.database}_edit"
        before = self.sql("SELECT * FROM operators")
        self.sql(f"CREATE DATABASE {staging}", f"CREATE TABLE {staging}.operators LIKE operators")
        self.addCleanup(self.sql, f"DROP DATABASE {staging}")
        self.sql("CREATE USER reader@localhost IDENTIFIED BY 'only-reads'")
        self.sql(f"GRANT SELECT ON {name}.* TO reader@localhost")
        self.addCleanup(self.sql, "DROP USER reader@localhost")
        reader = self.but(username="reader", password="only-reads")
        for grant, closed in (("SELECT", True), ("UPDATE", False)):
            self.sql(f"GRANT {grant} ON {name}.operators TO reader@localhost")
            said = await self.examine(reader)
            self.assertEqual([f.level for f in said], [Level.WARNING, Level.OK] if closed else [Level.OK])
        self.sql(f"GRANT SELECT ON {staging}.operators TO reader@localhost")
        self.staging = staging
        said = await self.examine(reader)
        self.assertEqual([f.level for f in said], [Level.WARNING, Level.OK])
        self.assertIn("UPDATE", said[0].seen)
        self.assertEqual(self.sql("SELECT * FROM operators"), before)

    async def test_hangs(self) -> None:
        """A server that takes the connection and says nothing is waited for only so long."""
        self.patch(engine, "CONNECT_SECONDS", 1)
        self.patch(engine, "ANSWER_SECONDS", 1)
        self.server.send(signal.SIGSTOP)
        self.addCleanup(self.server.send, signal.SIGCONT)
        self.assertIn("did not answer", await self.one(Level.FAULT))

    def but(self, **changes: str) -> Address:
        """Another address."""
        return replace(self.address, **changes)

    async def test_empty(self) -> None:
        """One without tables: what to run is said."""
        self.assertIn("astcti config init", await self.one(Level.FAULT))

    async def test_layout(self) -> None:
        """Layouts that are older, and one that is newer than this release."""
        self.fill()
        for revision, level, words in (
            ("0000", Level.FAULT, "of a newer release (revision 0000"),
            (None, Level.WARNING, "older than astcti's own"),
        ):
            self.sql("DELETE FROM alembic_version")
            if revision is not None:
                self.sql(f"INSERT INTO alembic_version VALUES ('{revision}')")
            said = await self.examine()
            self.assertEqual([f.level for f in said], [level, Level.OK])
            self.assertIn(words, said[0].seen)
        self.assertTrue(newest())

    async def test_rows(self) -> None:
        """Rows that cannot be read are named with table and column."""
        self.fill()
        self.sql("UPDATE services SET ENABLED = 7")
        said = await self.examine()
        self.assertEqual({f.level for f in said}, {Level.FAULT})
        self.assertIn("services", said[0].seen)

    async def test_from_the_future(self) -> None:
        """A timestamp that is yet to come."""
        self.fill(int(time.time()) + 86400)
        said = await self.examine()
        self.assertEqual([f.level for f in said], [Level.WARNING, Level.OK])
        self.assertIn("yet to come", said[0].seen)
