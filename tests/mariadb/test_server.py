"""A whole server whose configuration is in a data base that changes, is wrong, hangs, dies and comes back."""

from __future__ import annotations

import signal
from dataclasses import replace
from functools import partial
from typing import Any

from twisted.internet import reactor
from twisted.internet.task import deferLater
from twisted.internet.threads import deferToThread

from astcti.config.database import engine as engine_module
from astcti.config.database.engine import make_engine
from astcti.config.database.layout import bring_up_to_date
from astcti.config.database.writing import write_configuration
from astcti.config.xmlsource import read_xml
from astcti.errors import ConfigError
from astcti.services.control import ask
from tests.mariadb.server import the_server
from tests.outside import skip_without
from tests.services.fakes import digest
from tests.services.lineclient import LineClient, connect
from tests.services.test_whole import MACS, WholeTestCase

BOOTSTRAP = """<configuration>
  <database><source>mysql</source><socket>{a.socket}</socket><username>{a.username}</username>
    <password>{a.password}</password><database>{a.database}</database>{more}</database>
  <manager><host>127.0.0.1</host><port>{ami_port}</port><username>astcti</username><secret>s</secret></manager>
  <ctiserver><address>127.0.0.1</address><port>0</port><timeout>0</timeout><state>var</state>
    <config_poll_interval>1</config_poll_interval></ctiserver>
</configuration>
"""


class ServerTests(WholeTestCase):
    """Anna, bruno and carla of the usual site, kept in tables."""

    skip = skip_without("ASTCTI_TEST_MARIADB")
    timeout = 120

    async def setUp(self) -> None:
        await super().setUp()
        self.patch(engine_module, "ANSWER_SECONDS", 2)
        self.database = the_server()
        self.address = self.database.database()
        engine = make_engine(self.address)
        self.addCleanup(engine.dispose)
        bring_up_to_date(engine, self.address)
        self.configuration = replace(read_xml(self.site.folder / "runtime.xml"), settings={"upgrade_hashes": "no"})
        write_configuration(engine, self.address, self.configuration, 1_700_000_000)
        self.write()

    def write(self, more: str = "") -> None:
        """Write the bootstrap file."""
        self.site.bootstrap_path.write_text(BOOTSTRAP.format(a=self.address, ami_port=self.ami_port, more=more))

    def sql(self, *statements: str) -> list[tuple[Any, ...]]:
        """Run statements in the test's data base."""
        return self.database.sql(*statements, database=self.address.database)

    def change(self, *statements: str, step: int = 1) -> None:
        """Change rows, and then the timestamp."""
        self.sql(*statements, f"UPDATE dbversion SET LAST_UPDATE = LAST_UPDATE + {step}")

    async def ask(self, command: str = "status") -> Any:
        """What an administrator is told."""
        return await deferToThread(ask, self.site.control, {"command": command})

    async def until(self, state: str, **more: Any) -> dict[str, Any]:
        """Wait until the configuration is so."""
        for _ in range(400):
            shown: dict[str, Any] = (await self.ask())["configuration"]
            if shown["state"] == state and all(shown[name] == value for name, value in more.items()):
                return shown
            await deferLater(reactor, 0.1)
        self.fail(f"never {state} {more}: {shown}")

    async def sit(self, server: Any, name: str) -> LineClient:
        """Somebody at their seat, with a client that can show everything."""
        client = await connect(self.port(server))
        await client.ask("CAPS events2", "10")
        await client.login(name, name, MACS[name])
        return client

    async def test_timestamp(self) -> None:
        """Rows count when the timestamp is another one, an earlier one too: somebody has gone back."""
        server = await self.begin()
        anna = await self.sit(server, "anna")
        self.sql("UPDATE operators SET FULL_NAME = 'Anna A.' WHERE USERNAME = 'anna'")
        await deferLater(reactor, 2.5)
        self.assertEqual((await self.ask())["configuration"]["reloads"], 0)
        self.change()
        shown = await self.until("active", reloads=1)
        self.assertEqual(shown["timestamp"], 1_700_000_001)
        await anna.expect('<event id="Config"><operator username="anna" fullname="Anna A."')
        self.change("UPDATE operators SET FULL_NAME = 'Anna' WHERE USERNAME = 'anna'", step=-100)
        shown = await self.until("active", reloads=2)
        self.assertEqual(shown["timestamp"], 1_699_999_901)
        await anna.expect('<event id="Config"><operator username="anna" fullname="Anna"')

    async def test_wrong(self) -> None:
        """Wrong rows change nothing, are named, and are not tried again before the timestamp or somebody says so."""
        server = await self.begin()
        anna = await self.sit(server, "anna")
        self.change("UPDATE seats SET SEAT_EXTEN = 'nonsense' WHERE ID_SEAT = 2")
        shown = await self.until("rejected", rejections=1)
        self.assertIn("seats 2, SEAT_EXTEN", shown["errors"][0])
        await deferLater(reactor, 2.5)
        self.assertEqual((await self.ask())["configuration"]["rejections"], 1)
        self.assertEqual((await self.ask("reload"))["rejections"], 2)
        await anna.ask("NOOP", "100 OK")
        await self.sit(server, "bruno")
        self.sql("UPDATE seats SET SEAT_EXTEN = 'PJSIP/202' WHERE ID_SEAT = 2")
        self.assertEqual((await self.ask("reload"))["state"], "active")

    async def test_away(self) -> None:
        """While the data base hangs or is dead all goes on by what is in use; what was changed right before, or
        meanwhile, is taken when it is back."""
        server = await self.begin()
        anna = await self.sit(server, "anna")
        hang, go_on = (lambda: self.database.send(signal.SIGSTOP)), (lambda: self.database.send(signal.SIGCONT))
        end = partial(self.database.kill, signal.SIGTERM)  # killed, it would forget what was changed right before
        self.addCleanup(go_on)
        for number, (away, back) in enumerate(((hang, go_on), (end, self.database.start)), 1):
            self.change(f"UPDATE operators SET FULL_NAME = 'Anna {number}' WHERE USERNAME = 'anna'")
            away()
            shown = await self.until("stale")
            self.assertIn("MySQL data base", shown["trouble"])
            await anna.ask("NOOP", "100 OK")
            bruno = await self.sit(server, "bruno")
            await bruno.ask("QUIT", "900")
            await bruno.ended()
            await deferToThread(back)
            await self.until("active", trouble="", reloads=number)
            await anna.ask("NOOP", "100 OK")
            self.assertIn(f'fullname="Anna {number}"', anna.events("Config")[-1])
        self.assertEqual((await self.ask())["counters"]["faults"], 0)

    async def test_hangs_meanwhile(self) -> None:
        """Nobody waits for a data base that hangs but those who want to change their passwords in it."""
        server = await self.begin()
        waiting = [await self.sit(server, name) for name in ("anna", "bruno")]
        self.addCleanup(lambda: self.database.send(signal.SIGCONT))
        self.database.send(signal.SIGSTOP)
        for client, name in zip(waiting, ("anna", "bruno"), strict=True):
            client.sendLine(f"CHPW {digest(name)} {digest('new')}".encode())
        await deferLater(reactor, 0.5)
        began = reactor.seconds()
        carla = await self.sit(server, "carla")
        self.assertLess(reactor.seconds() - began, 2.0)
        await carla.ask("NOOP", "100 OK")
        began = reactor.seconds()
        await server.stopService()
        self.assertLess(reactor.seconds() - began, 8.0)

    async def test_password_meanwhile(self) -> None:
        """A password cannot be changed while the data base is away: that is said, and the old one stays."""
        server = await self.begin()
        bruno = await self.sit(server, "bruno")
        self.database.kill()
        try:
            said = await bruno.ask(f"CHPW {digest('bruno')} {digest('new')}", "101")
            self.assertIn("password", said)
            await bruno.ask("QUIT", "900")
            await bruno.ended()
            await self.sit(server, "bruno")
        finally:
            await deferToThread(self.database.start)

    async def test_table_missing(self) -> None:
        """Without one of the tables a new timestamp is that of a wrong configuration."""
        server = await self.begin()
        anna = await self.sit(server, "anna")
        self.change("RENAME TABLE operators TO hidden")
        shown = await self.until("rejected")
        self.assertIn("there is no table operators", shown["errors"][0])
        await anna.ask("NOOP", "100 OK")
        self.change("RENAME TABLE hidden TO operators")
        await self.until("active")
        await anna.ask("NOOP", "100 OK")

    async def test_begun_without(self) -> None:
        """A server that begins while the data base is away goes by what was in use last, says so, and takes what the
        data base has when it is back; where that is not wanted, it does not begin."""
        server = await self.begin()
        kept = self.site.bootstrap.ctiserver.state / "last-good.xml"
        self.assertEqual(kept.stat().st_mode & 0o777, 0o600)
        self.assertEqual(replace(read_xml(kept), timestamp=0.0), replace(self.configuration, timestamp=0.0))
        await server.stopService()
        self.database.kill()
        try:
            self.write("<start_from_cache>no</start_from_cache>")
            self.assertIn("no server answers", str(self.assertRaises(ConfigError, self.build)))
            self.write()
            server = await self.begin()
            shown = await self.until("stale")
            self.assertIn("last good", shown["warnings"][0])
            await self.sit(server, "carla")
        finally:
            await deferToThread(self.database.start)
        self.change("UPDATE operators SET ENABLED = 0 WHERE USERNAME = 'bruno'")
        await self.until("active", trouble="")
        bruno = await connect(self.port(server))
        await bruno.ask("USER bruno", "100 OK")
        await bruno.ask(f"PASS {digest('bruno')}", "101")
