"""The whole server on real sockets: a PBX that says what a recording says, and agents' clients."""

from __future__ import annotations

import os
import signal
import sys
import zlib
from typing import Any

from twisted.internet import reactor
from twisted.internet.task import deferLater
from twisted.internet.threads import deferToThread
from twisted.trial.unittest import TestCase

from astcti.actions.registry import action_types
from astcti.config.load import Loader
from astcti.model.board import UNLINK_SECONDS
from astcti.protocols.wheel import GRANULARITY
from astcti.services.control import ask
from astcti.services.server import Server, StartFailed
from astcti.services.switching import SECONDS
from astcti.tap import build_tree
from tests.outside import skip_without
from tests.services.fakeami import FakePBX, events_of
from tests.services.fakes import digest
from tests.services.lineclient import LineClient, connect
from tests.services.site import Site

MACS = {"anna": "00:1c:bf:37:53:01", "bruno": "00:1c:bf:37:53:02", "carla": "00:1c:bf:37:53:03"}


class WholeTestCase(TestCase):
    """A server and a PBX."""

    timeout = 30

    async def setUp(self) -> None:
        self.pbx = FakePBX()
        self.ami_port = await self.pbx.listen()
        self.addCleanup(self.pbx.close)
        self.site = self.new_site()

    def new_site(self, **ports: int) -> Site:
        """Files of a call centre, gone after the test."""
        site = Site(self.ami_port, **ports)
        self.addCleanup(site.remove)
        return site

    def build(self) -> Server:
        """A server by the files of the site, not begun."""
        bootstrap = self.site.bootstrap
        loader = Loader.of(bootstrap, action_types())
        loaded = loader.first()
        return build_tree(reactor, bootstrap, loaded.configuration, loader=loader, loaded=loaded)

    async def begin(self) -> Server:
        """A server that clients can come in to."""
        server = self.build()
        server.startService()
        self.addCleanup(self.end, server)
        await server.ready
        return server

    async def end(self, server: Server) -> None:
        """Stop it, if it still runs."""
        if server.running:
            await server.stopService()
        await deferLater(reactor, GRANULARITY * 1.1)

    def port(self, server: Server) -> int:
        """Where clients connect to."""
        return int(server.door.addresses[0].rpartition(" ")[2])

    async def agents(self, server: Server) -> dict[str, LineClient]:
        """Every operator, at their seat."""
        clients = {}
        for name, mac in MACS.items():
            clients[name] = client = await connect(self.port(server))
            await client.login(name, name, mac)
        return clients

    async def status(self) -> Any:
        """What the server says of itself."""
        return await deferToThread(ask, self.site.control, {"command": "status"})


class CallTests(WholeTestCase):
    """Calls that were recorded on real PBXs."""

    skip = skip_without("ASTCTI_TEST_WHOLE")

    async def play(self, major: int, name: str) -> dict[str, LineClient]:
        """Play a recording to a server with all agents there."""
        server = await self.begin()
        clients = await self.agents(server)
        self.pbx.say(events_of(major, name))
        await deferLater(reactor, UNLINK_SECONDS + 0.1)
        for client in clients.values():
            await client.ask("NOOP", "100 OK")
        return clients

    async def test_threads_take_turns(self) -> None:
        """A server that runs has its threads take turns soon, and then as before."""
        before = sys.getswitchinterval()
        server = await self.begin()
        self.assertAlmostEqual(sys.getswitchinterval(), SECONDS)
        await server.stopService()
        self.assertEqual(sys.getswitchinterval(), before)

    async def right_pop(self, major: int) -> None:
        """Phones 201 and 202 ring, 201 answers."""
        clients = await self.play(major, "service-answered")
        (link,) = clients["anna"].events("Link")
        for part in (
            "<calleridnum>3331234567</calleridnum>",
            '<data key="calldata">12345</data>',
            "http://crm.example/?c=3331234567&amp;d=12345",
        ):
            self.assertIn(part, link)
        self.assertIn('id="Hangup"', clients["anna"].events()[-1])
        self.assertEqual(clients["bruno"].events("Link"), [])
        self.assertIn('id="Hangup"', clients["bruno"].events()[-1])
        self.assertEqual(clients["carla"].events(), [])

    async def test_right_pop_on_16(self) -> None:
        """With Asterisk 16 the agent who answers gets the pop with data and page, and nobody else one."""
        await self.right_pop(16)

    async def test_right_pop_on_22(self) -> None:
        """With Asterisk 22 the agent who answers gets the pop with data and page, and nobody else one."""
        await self.right_pop(22)

    async def test_transfer(self) -> None:
        """A caller who is transferred pops at the second agent too, with the same data, once each."""
        clients = await self.play(22, "transfer-attended-refer")
        for name, pops in (("anna", 1), ("bruno", 0), ("carla", 1)):
            popped = [e for e in clients[name].events("Link") if "<actions" in e]
            self.assertEqual(len(popped), pops, name)
            self.assertTrue(all('<data key="calldata">12345</data>' in e for e in popped))

    async def test_counters(self) -> None:
        """The administrator sees what went on, and that nothing is left of it."""
        await self.play(22, "service-answered")
        status = await self.status()
        self.assertEqual((status["counters"]["pops"], status["counters"]["faults"]), (1, 0))
        self.assertEqual((status["calls"]["channels"], status["clients"]["seated"]), (0, 3))
        self.assertGreater(status["counters"]["events"]["skipped"], 0)


class LifeTests(WholeTestCase):
    """Beginning, ending, and changing in between."""

    skip = skip_without("ASTCTI_TEST_WHOLE")

    async def test_ways_in(self) -> None:
        """What can be begun with is said; what cannot is refused by its name, however its message is written."""
        server = await self.begin()
        client = await connect(self.port(server))
        await client.ask("CAPS errcodes", "106")
        self.assertEqual(await client.ask("AUTH ?", "106"), "106 SCRAM-SHA-256 RESUME")
        for said, number in (
            ("AUTH TOKEN one.time~token", 930), ("AUTH TOKEN Zm9v", 930), ("AUTH CRAM-MD5 *", 930),
            ("AUTH SCRAM-SHA-1 biws", 930), ("AUTH SCRAM-SHA-256-PLUS biws", 930), ("AUTH PLAIN AGEAYQ==", 918),
            ("AUTH SCRAM-SHA-256 *", 901), ("AUTH RESUME a.b", 901), ("AUTH RESUME AAAA", 902), ("AUTH *", 903),
        ):  # fmt: skip
            await client.ask(said, f"101 {number} ")
        await client.login("anna", "anna", MACS["anna"])
        client.transport.loseConnection()
        await client.ended()

    async def test_no_door_before_the_pbx(self) -> None:
        """Nothing is opened before the start, and the door not before the PBX has let us in."""
        server = self.build()
        self.assertEqual(list(self.site.folder.rglob("*.sock")), [])
        self.pbx.refuses = True
        server.startService()
        self.addCleanup(self.end, server)
        await deferLater(reactor, 0.1)
        self.assertEqual(server.door.addresses, [])
        self.assertFalse((await self.status())["pbx"]["up"])

    async def test_clean_shutdown(self) -> None:
        """When the server stops, clients are told and closed, the PBX is left politely, and no socket stays behind."""
        server = await self.begin()
        anna, *_ = (await self.agents(server)).values()
        packed = await connect(self.port(server))
        await packed.ask("CMPR", "103 7")
        stream: list[bytes] = []
        packed.dataReceived = stream.append  # type: ignore[method-assign]
        await server.stopService()
        await anna.ended()
        await packed.ended()
        self.assertEqual(anna.lines[-1], "101 KO server shutting down")
        inflater = zlib.decompressobj()
        self.assertEqual(inflater.decompress(b"".join(stream)), b"101 server shutting down\n")
        self.assertTrue(inflater.eof, "the stream is finished")
        await deferLater(reactor, 0.05)
        self.assertEqual(self.pbx.logoffs, 1)
        self.assertFalse(self.site.control.exists())

    async def test_hangup_signal(self) -> None:
        """SIGHUP with a broken file keeps everything; with a good one only those concerned have to leave."""
        server = await self.begin()
        clients = await self.agents(server)
        self.site.replace_runtime("<astcti version='2'><operators><operator")
        os.kill(os.getpid(), signal.SIGHUP)
        for _ in range(100):
            await deferLater(reactor, 0.02)
            status = (await self.status())["configuration"]
            if status["state"] == "rejected":
                break
        self.assertEqual(status["state"], "rejected")
        self.assertTrue(status["errors"])
        for client in clients.values():
            await client.ask("NOOP", "100 OK")
        self.pbx.say(events_of(22, "service-answered"))
        await clients["anna"].expect('<event id="Link"')
        self.site.write_runtime("anna", "bruno", timestamp=1_795_219_999)
        os.kill(os.getpid(), signal.SIGHUP)
        await clients["carla"].ended()
        self.assertEqual(clients["carla"].lines[-1], "101 KO configuration changed, please log in again")
        await clients["bruno"].ask("NOOP", "100 OK")
        status = (await self.status())["configuration"]
        self.assertEqual((status["state"], status["timestamp"]), ("active", 1_795_219_999))

    async def test_reload_by_command(self) -> None:
        """astcti ctl reload says what became of it."""
        await self.begin()
        self.site.write_runtime("dora", timestamp=1_795_219_999)
        said = await deferToThread(ask, self.site.control, {"command": "reload"})
        self.assertEqual((said["state"], said["timestamp"]), ("active", 1_795_219_999))

    async def test_second_server(self) -> None:
        """A second server by the same files says that there is one already, and harms nothing."""
        server = await self.begin()
        second = self.build()
        second.startService()
        with self.assertRaisesRegex(StartFailed, "another astcti runs already"):
            await second.ready
        await self.end(second)
        self.assertTrue((await self.status())["pbx"]["up"])
        self.assertTrue(server.running)

    async def test_second_server_by_other_files(self) -> None:
        """Another bootstrap file with another control socket does not let a second server into the state directory."""
        await self.begin()
        first = self.site.bootstrap_path.read_text()
        self.site.bootstrap_path.write_text(first.replace("<state>", "<control>other.sock</control><state>"))
        second = self.build()
        self.site.bootstrap_path.write_text(first)
        second.startService()
        with self.assertRaisesRegex(StartFailed, "another astcti runs already: pid .* has the state directory"):
            await second.ready
        await self.end(second)
        self.assertTrue((await self.status())["pbx"]["up"])

    async def test_pbx_that_refuses(self) -> None:
        """When all tries are used up at the start, the server says so, with exit code 2."""
        self.pbx.refuses = True
        self.site = self.new_site(retries=0)
        server = self.build()
        server.startService()
        self.addCleanup(self.end, server)
        with self.assertRaisesRegex(StartFailed, "cannot be reached.*Authentication failed") as caught:
            await server.ready
        self.assertEqual(caught.exception.code, 2)

    async def test_taken_port(self) -> None:
        """When the port for clients is taken, the server says which."""
        other = FakePBX()
        port = await other.listen()
        self.addCleanup(other.close)
        self.site = self.new_site(port=port)
        server = self.build()
        server.startService()
        self.addCleanup(self.end, server)
        with self.assertRaisesRegex(StartFailed, f"cannot listen for clients at tcp:{port}"):
            await server.ready

    async def test_pbx_comes_back(self) -> None:
        """Clients stay while the PBX is away for a moment; afterwards calls pop again."""
        server = await self.begin()
        clients = await self.agents(server)
        back = self.pbx.next_login()
        for link in list(self.pbx.links):
            link.transport.loseConnection()
        while server.desk.link_up:
            await deferLater(reactor, 0.01)
        await clients["anna"].ask("NOOP", "100 OK")
        server.link.retry()
        await back
        while not server.desk.link_up:
            await deferLater(reactor, 0.01)
        self.pbx.say(events_of(22, "service-answered"))
        self.assertIn("12345", await clients["anna"].expect('<event id="Link"'))

    async def test_new_password_outlives_the_server(self) -> None:
        """A changed password is valid at once, and still after a restart."""
        server = await self.begin()
        anna = await connect(self.port(server))
        await anna.login("anna", "anna", MACS["anna"])
        await anna.ask(f"CHPW {digest('anna')} {digest('new')}", "100 OK")
        await server.stopService()
        server = await self.begin()
        again = await connect(self.port(server))
        await again.login("anna", "new", MACS["anna"])
        old = await connect(self.port(server))
        await old.ask("USER anna", "100 OK")
        await old.ask(f"PASS {digest('anna')}", "101 KO wrong")
