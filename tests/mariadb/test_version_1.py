"""From a data base file of the first generation, in a folder, to tables in a MariaDB and a server that reads them."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from typing import Any

from twisted.internet import reactor
from twisted.internet.task import deferLater
from twisted.internet.threads import deferToThread

from astcti.model.board import UNLINK_SECONDS
from tests.mariadb.server import the_server
from tests.mariadb.test_command import run
from tests.outside import skip_without
from tests.services.fakeami import events_of
from tests.services.fakes import digest
from tests.services.lineclient import connect
from tests.services.test_whole import MACS, WholeTestCase

#: As the configurator of version 1 wrote it: an application per service and system, a trigger on the service, whether
#: it is a queue, the misspelt flag, the last seat; names of columns in any case, yes and no as letters.
VERSION_1 = f"""
CREATE TABLE Services (id_service INTEGER PRIMARY KEY, Service_Name VARCHAR(100), SERVICE_CONTEXT_TYPE VARCHAR(8),
    SERVICE_IS_QUEUE CHAR(1), SERVICE_QUEUE_NAME VARCHAR(100), SERVICE_TRIGGER_TYPE VARCHAR(20), Enabled CHAR(1));
INSERT INTO Services VALUES (1, 'astctidemo', 'inbound', 'N', 'left-over', 'INTERNAL BROWSER', 'Y'),
    (2, 'support', 'INBOUND', 'Y', 'astcti-queue', 'Application', 'Y'),
    (3, 'outgoing', 'OUTBOUND', 'N', NULL, 'NONE', 'Y'), (4, 'old', 'INBOUND', 'N', NULL, 'NONE', 'N');
CREATE TABLE Services_Variables (ID_VARIABLE INTEGER PRIMARY KEY, ID_SERVICE INTEGER, varname VARCHAR(100));
INSERT INTO Services_Variables VALUES (1, 1, 'calldata'), (2, 2, 'calldata');
CREATE TABLE Applications (ID_APPLICATION INTEGER PRIMARY KEY, ID_SERVICE INTEGER, APPLICATION_OS_TYPE VARCHAR(10),
    APPLICATION_PATH VARCHAR(255), APPLICATION_PARAMETERS TEXT);
INSERT INTO Applications VALUES (1, 1, 'All', 'http://crm.example/', '?c={{CALLERID}}&d={{calldata}}'),
    (2, 2, 'LIN', '/usr/bin/crm', '{{CALLERID}}'), (3, 2, 'OSX', '/Applications/Crm', NULL), (4, 3, 'ALL', 'no', '');
CREATE TABLE Seats (ID_SEAT INTEGER PRIMARY KEY, seat_mac VARCHAR(17), SEAT_EXTEN VARCHAR(50),
    Description VARCHAR(255));
INSERT INTO Seats VALUES (1, '00-1C-BF-37-53-01', 'pjsip/201', 'Zum Café'), (2, '{MACS["bruno"]}', 'PJSIP/202', NULL);
CREATE TABLE Operators (ID_OPERATOR INTEGER PRIMARY KEY, FULL_NAME VARCHAR(100), UserName VARCHAR(100),
    Pass_Word VARCHAR(32), BEGIN_IN_PAUSE CHAR(1), IS_CALL_CANTER CHAR(1), LAST_SEAT INTEGER);
INSERT INTO Operators VALUES (7, 'Anna Zoë', 'anna', '{digest("anna")}', 'N', 'Y', 2),
    (8, 'Bruno', 'bruno', '{digest("bruno").upper()}', 'Y', 'N', NULL);
CREATE TABLE Services_Operators (ID_SERVICE INTEGER, ID_OPERATOR INTEGER, penalty INTEGER);
INSERT INTO Services_Operators VALUES (1, 7, 0), (2, 7, 3), (2, 8, 1);
CREATE TABLE DbVersion (Version DOUBLE, Last_Update INTEGER);
INSERT INTO DbVersion VALUES (1.2, 1371630006);
"""
FOLDER = "<configuration><database><source>sqlite</source><folder>config</folder></database></configuration>"
MYSQL = """<configuration>
  <database><source>mysql</source><socket>{a.socket}</socket><username>{a.username}</username>
    <password>{a.password}</password><database>{a.database}</database></database>
  <manager><host>127.0.0.1</host><port>{ami_port}</port><username>astcti</username><secret>s</secret></manager>
  <ctiserver><address>127.0.0.1</address><port>0</port><state>var</state></ctiserver>
</configuration>
"""


class Version1Tests(WholeTestCase):
    """The whole way."""

    skip = skip_without("ASTCTI_TEST_MARIADB")
    timeout = 90

    async def setUp(self) -> None:
        await super().setUp()
        self.database = the_server()
        self.address = self.database.database()
        folder = self.site.folder / "config"
        folder.mkdir()
        with closing(sqlite3.connect(folder / "astcti-20130619T093326-0a1b2c3d.db3")) as db:
            db.executescript(VERSION_1)
        self.old = self.site.folder / "old.xml"
        self.old.write_text(FOLDER)
        self.old.chmod(0o600)
        a = self.address
        self.url = f"mysql://{a.username}:se%3Acret%401@/{a.database}?socket={a.socket}"

    def sql(self, *statements: str) -> list[tuple[Any, ...]]:
        """Run statements in the test's data base."""
        return self.database.sql(*statements, database=self.address.database)

    async def run_it(self, *words: str) -> tuple[str, str]:
        """What ``astcti config`` prints that succeeds."""
        code, out, err = await deferToThread(run, *words)
        self.assertEqual(code, 0, err)
        return out, err

    async def convert(self) -> str:
        """Make the tables and fill them from the server's folder; the warnings."""
        await self.run_it("init", self.url)
        return (await self.run_it("convert", str(self.old), self.url))[1]

    async def test_rows(self) -> None:
        """Everything is there under today's names; nothing differs from what the old server would load."""
        err = await self.convert()
        self.assertIn("3 actions were made from the older applications of services", err)
        self.assertEqual(self.sql(
            "SELECT SERVICE_NAME, SERVICE_CONTEXT_TYPE, SERVICE_QUEUE_NAME, ENABLED FROM services"), [
            ("astctidemo", "INBOUND", None, 1), ("support", "INBOUND", "astcti-queue", 1),
            ("outgoing", "OUTBOUND", None, 1), ("old", "INBOUND", None, 0)])  # fmt: skip
        self.assertEqual(self.sql(
            "SELECT ID_SERVICE, ACTION_OS_TYPE, ACTION_TYPE, ACTION_DESTINATION, PARAMETERS FROM services_actions"
            " JOIN actions USING (ID_ACTION) ORDER BY ID_SERVICE, ACTION_ORDER"), [
            (1, "ALL", "INTERNAL_BROWSER", None, "http://crm.example/?c={CALLERID}&d={calldata}"),
            (2, "LINUX", "APPLICATION", "/usr/bin/crm", "{CALLERID}"),
            (2, "MACINTOSH", "APPLICATION", "/Applications/Crm", None)])  # fmt: skip
        self.assertEqual(self.sql("SELECT SEAT_MAC, SEAT_EXTEN, DESCRIPTION FROM seats"), [
            (MACS["anna"], "PJSIP/201", "Zum Café"), (MACS["bruno"], "PJSIP/202", None)])  # fmt: skip
        self.assertEqual(self.sql(
            "SELECT ID_OPERATOR, USERNAME, FULL_NAME, PASS_WORD, BEGIN_IN_PAUSE, IS_CALL_CENTER, ID_SEAT"
            " FROM operators"), [
            (7, "anna", "Anna Zoë", digest("anna"), 0, 1, None),
            (8, "bruno", "Bruno", digest("bruno").upper(), 1, 0, None)])  # fmt: skip
        self.assertEqual(self.sql("SELECT ID_SERVICE, ID_OPERATOR, PENALTY FROM services_operators"),
                         [(1, 7, 0), (2, 7, 3), (2, 8, 1)])  # fmt: skip
        self.assertEqual((await self.run_it("diff", "--exit-code", str(self.old), self.url))[0], "no difference\n")

    async def test_server(self) -> None:
        """A server with the tables: the same people log in, wait in the same queue with their penalties, and one of
        them paused; the same screen pops; their passwords get better."""
        await self.convert()
        path = self.site.bootstrap_path
        path.write_text(MYSQL.format(a=self.address, ami_port=self.ami_port))
        server = await self.begin()
        anna, bruno = await connect(self.port(server)), await connect(self.port(server))
        await anna.login("anna", "anna", MACS["anna"])
        await bruno.login("bruno", "bruno")
        await bruno.ask("EXTEN PJSIP/202", "100 OK")
        for _ in range(100):
            if len(self.pbx.members) == 2:
                break
            await deferLater(reactor, 0.05)
        members = {("astcti-queue", "PJSIP/201"): ("3", "0"), ("astcti-queue", "PJSIP/202"): ("1", "1")}
        self.assertEqual(self.pbx.members, members)
        self.pbx.say(events_of(22, "service-answered"))
        await deferLater(reactor, UNLINK_SECONDS + 0.1)
        await anna.ask("NOOP", "100 OK")
        (link,) = anna.events("Link")
        self.assertIn("http://crm.example/?c=3331234567&amp;d=12345", link)
        for _ in range(100):
            stored = [row[0] for row in self.sql("SELECT PASS_WORD FROM operators")]
            if all(text.startswith("$argon2id$") for text in stored):
                break
            await deferLater(reactor, 0.1)
        self.assertTrue(all(text.startswith("$argon2id$") for text in stored), stored)
        await server.stopService()
        server = await self.begin()
        again = await connect(self.port(server))
        await again.login("anna", "anna", MACS["anna"])
