"""A whole server whose operators are those of a table of the first generation, and its clients."""

from __future__ import annotations

from typing import Any

from twisted.internet import reactor
from twisted.internet.task import deferLater
from twisted.logger import capturedLogs, formatEvent

from astcti.model.board import UNLINK_SECONDS
from astcti.services.server import Server
from tests.mariadb.server import the_server
from tests.outside import skip_without
from tests.services.fakeami import events_of
from tests.services.fakes import digest
from tests.services.lineclient import LineClient, connect
from tests.services.test_whole import WholeTestCase

BOOTSTRAP = """<configuration>
  <database><source>legacy</source><table>cti</table><socket>{a.socket}</socket><username>{a.username}</username>
    <password>{a.password}</password><database>{a.database}</database>{more}</database>
  <manager><host>127.0.0.1</host><port>{ami_port}</port><username>astcti</username><secret>s</secret></manager>
  <ctiserver><address>127.0.0.1</address><port>0</port><state>var</state>
    <config_poll_interval>1</config_poll_interval></ctiserver>
</configuration>
"""
HERE, ELSEWHERE = "127.0.0.1", "127.0.0.2"
WRONG = "101 KO wrong user name or password"


class CtiServerTests(WholeTestCase):
    """From the row of a table to the screen of an agent."""

    skip = skip_without("ASTCTI_TEST_MARIADB")
    timeout = 60

    async def setUp(self) -> None:
        await super().setUp()
        self.database = the_server()
        self.address = self.database.database()
        self.sql(
            "CREATE TABLE cti (Username varchar(255) UNIQUE, Secret varchar(255), Host varchar(255),"
            " Ext varchar(255) UNIQUE)",
            f"INSERT INTO cti VALUES ('anna', '{digest('anna')}', '{HERE}', 'PJSIP/201'),"
            f" ('bruno', '{digest('bruno')}', NULL, ''), ('carla', '{digest('carla')}', '127.0.0.0/30', 'PJSIP/203'),"
            " ('elsa', NULL, NULL, NULL)",
        )
        self.write()

    def write(self, more: str = "") -> None:
        """Write the bootstrap file."""
        self.site.bootstrap_path.write_text(BOOTSTRAP.format(a=self.address, ami_port=self.ami_port, more=more))

    def sql(self, *statements: str) -> list[tuple[Any, ...]]:
        """Run statements in the test's data base."""
        return self.database.sql(*statements, database=self.address.database)

    async def came_in(self, server: Server, name: str, source: str = HERE) -> LineClient:
        """A client whose operator has logged in."""
        client = await connect(self.port(server), source)
        await client.login(name, name)
        return client

    async def refused(self, server: Server, name: str, password: str, source: str) -> str:
        """How somebody is refused, all of it."""
        client = await connect(self.port(server), source)
        await client.ask(f"USER {name}", "100 OK")
        said = await client.ask(f"PASS {digest(password)}", "101")
        client.transport.loseConnection()
        await client.ended()
        return said

    async def until(self, seen: Any, seconds: float = 10.0) -> None:
        """Wait until something is so."""
        for _ in range(int(seconds / 0.05)):
            if seen():
                return
            await deferLater(reactor, 0.05)
        self.fail(f"not so within {seconds} s")

    async def state(self, wanted: str) -> None:
        """Wait until the configuration is in that state."""
        for _ in range(100):
            if (await self.status())["configuration"]["state"] == wanted:
                return
            await deferLater(reactor, 0.1)
        self.fail(f"never {wanted}")

    def secret(self, name: str) -> str:
        """What the table has."""
        return str(self.sql(f"SELECT Secret FROM cti WHERE Username = '{name}'")[0][0])

    async def test_operator(self) -> None:
        """Who may log in from here does, has the phone of the row, and sees the call with its data; from elsewhere the
        right password is a wrong one."""
        server = await self.begin()
        with capturedLogs() as logs:
            self.assertEqual(await self.refused(server, "anna", "anna", ELSEWHERE), WRONG)
        self.assertEqual(
            [formatEvent(e) for e in logs if "host mismatch" in formatEvent(e)],
            [f"anna at {ELSEWHERE}: host mismatch, this operator may log in from {HERE} only; refused as a wrong "
             "password is"],
        )  # fmt: skip
        for name, password, source in (("anna", "x", HERE), ("anna", "x", ELSEWHERE), ("elsa", "elsa", HERE),
                                       ("nobody", "x", HERE), ("carla", "carla", "127.0.0.5")):  # fmt: skip
            self.assertEqual(await self.refused(server, name, password, source), WRONG, (name, source))
        anna, carla = await self.came_in(server, "anna"), await self.came_in(server, "carla", ELSEWHERE)
        await anna.ask("IDEN", "100 OK PJSIP/201")
        await carla.ask("IDEN", "100 OK PJSIP/203")
        bruno = await self.came_in(server, "bruno", ELSEWHERE)
        await bruno.ask("EXTEN PJSIP/203", "101")
        await bruno.ask("EXTEN Local/1@world", "101")
        await bruno.ask("EXTEN PJSIP/202", "100 OK PJSIP/202")
        self.pbx.say(events_of(22, "service-answered"))
        await deferLater(reactor, UNLINK_SECONDS + 0.1)
        for client in (anna, bruno, carla):
            await client.ask("NOOP", "100 OK")
        (link,) = anna.events("Link")
        for part in ("<context>astctidemo</context>", '<data key="calldata">12345</data>',
                     "<calleridnum>3331234567</calleridnum>"):  # fmt: skip
            self.assertIn(part, link)
        self.assertNotIn("<actions", link)
        self.assertEqual((bruno.events("Link"), carla.events()), ([], []))
        self.assertIn('id="Hangup"', bruno.events()[-1])
        status = await self.status()
        self.assertEqual((status["counters"]["pops"], status["counters"]["faults"]), (1, 0))

    async def test_table_changes(self) -> None:
        """Rows that change change the running server, and disturb nobody else: nobody may come from there any more, a
        new operator, one who is gone."""
        server = await self.begin()
        anna, bruno, carla = [await self.came_in(server, name) for name in ("anna", "bruno", "carla")]
        await bruno.ask("EXTEN PJSIP/202", "100 OK PJSIP/202")
        self.sql(f"UPDATE cti SET Host = '{ELSEWHERE}' WHERE Username = 'anna'",
                 f"INSERT INTO cti VALUES ('dora', '{digest('dora')}', NULL, 'PJSIP/204')")  # fmt: skip
        await anna.ended(10.0)
        self.assertEqual(anna.lines[-1], "101 KO configuration changed, please log in again")
        self.assertEqual(await self.refused(server, "anna", "anna", HERE), WRONG)
        await self.came_in(server, "anna", ELSEWHERE)
        await self.came_in(server, "dora")
        self.sql("DELETE FROM cti WHERE Username = 'carla'")
        await carla.ended(10.0)
        for _ in range(2):
            await bruno.ask("NOOP", "100 OK")
        self.sql("RENAME TABLE cti TO hidden")
        await self.state("stale")
        await bruno.ask("NOOP", "100 OK")
        self.sql("RENAME TABLE hidden TO cti")
        await self.state("active")
        await bruno.ask("NOOP", "100 OK")

    async def test_credentials(self) -> None:
        """The digest in the table becomes a better one at the first login, a changed password is there too; nobody's
        configuration changes by that, and a restarted server goes by it."""
        server = await self.begin()
        bruno = await self.came_in(server, "bruno")
        await self.until(lambda: self.secret("bruno").startswith("$argon2id$"))
        self.assertEqual(self.secret("anna"), digest("anna"))
        await bruno.ask(f"CHPW {digest('bruno')} {digest('new')}", "100 OK")
        changed = self.secret("bruno")
        await deferLater(reactor, 3.0)  # there is a look every second
        await bruno.ask("NOOP", "100 OK")
        self.assertEqual((await self.status())["configuration"]["reloads"], 0)
        await server.stopService()
        server = await self.begin()
        self.assertEqual(self.secret("bruno"), changed)
        again = await connect(self.port(server))
        await again.login("bruno", "new")
        self.assertEqual(await self.refused(server, "bruno", "bruno", HERE), WRONG)

    async def test_narrow(self) -> None:
        """Where the column has no room the table keeps what it has, and better credentials are kept beside."""
        self.sql("ALTER TABLE cti MODIFY Secret varchar(32)")
        server = await self.begin()
        await self.came_in(server, "anna")
        await self.until((self.site.bootstrap.ctiserver.state / "overrides.db3").exists)
        self.assertEqual(self.secret("anna"), digest("anna"))
        await server.stopService()
        server = await self.begin()
        await self.came_in(server, "anna")
