"""Reloads that change how clients and the PBX are reached: nobody who is connected is disturbed more than needed."""

from __future__ import annotations

import zlib
from typing import Any

from twisted.internet import reactor
from twisted.internet.endpoints import HostnameEndpoint, wrapClientTLS
from twisted.internet.protocol import Factory
from twisted.internet.ssl import CertificateOptions
from twisted.logger import globalLogPublisher

from tests.services.fakeami import FakePBX
from tests.services.lineclient import LineClient, connect
from tests.services.reload.centre import ReloadTestCase
from tests.services.reload.exchange import Exchange
from tests.services.test_door import certificate, free_port


class ConnectionTestCase(ReloadTestCase):
    """What everybody may say after a reload that concerns none of those who are there."""

    def undisturbed(self) -> None:
        """Nobody noticed anything, at the PBX neither."""
        for client in (self.anna, self.bruno, self.carla):
            self.assertEqual(self.said(client), [])
        self.assertEqual(self.exchange.taken(), [])

    async def greeted(self, port: int) -> bool:
        """Whether a client can come in there."""
        try:
            client = await connect(port)
        except Exception:
            return False
        client.transport.loseConnection()
        return True


class ProtocolTests(ConnectionTestCase):
    """Compression and time-outs."""

    async def test_compression(self) -> None:
        """Another level is that of the next connection; a stream that is compressed goes on as it is."""
        packed = await connect(self.port())
        await packed.ask("CMPR", "103 7")
        stream: list[bytes] = []
        packed.dataReceived = stream.append  # type: ignore[method-assign]
        deflater, inflater = zlib.compressobj(), zlib.decompressobj()
        self.set(cti_socket_compression_level="0")
        await self.reload()
        self.undisturbed()
        packed.transport.write(deflater.compress(b"NOOP\nCMPR\n") + deflater.flush(zlib.Z_SYNC_FLUSH))
        await self.until(lambda: stream, "an answer")
        await self.settle()
        self.assertEqual(inflater.decompress(b"".join(stream)), b"100 OK\n103 7\n")
        new = await connect(self.port())
        await new.ask("CMPR", "103 0")

    async def test_keepalive(self) -> None:
        """Another time of silence is that of the next who asks."""
        self.set(cti_read_timeout="45000")
        await self.reload()
        self.undisturbed()
        await (await connect(self.port())).ask("KEEP", "104 45000")
        await self.anna.ask("KEEP", "104 45000")


class ListenerTests(ConnectionTestCase):
    """Where clients connect to."""

    async def test_moved(self) -> None:
        """Clients come in at the new port and no longer at the old one; those inside stay and work."""
        old, new = self.port(), free_port()
        self.set(cti_server_port=str(new))
        await self.reload()
        self.undisturbed()
        self.assertTrue(await self.greeted(new))
        self.assertFalse(await self.greeted(old))
        self.exchange.call("direct")
        await self.until(lambda: self.exchange.legs("PJSIP/201", "Ringing"), "the call")
        self.exchange.pick_up("PJSIP/201")
        await self.anna.expect('<event id="Link"')

    async def test_taken(self) -> None:
        """When somebody else has the new port, that is said with the port, and the old one stays open; so it is once
        the port is free."""
        other = FakePBX()
        taken, old = await other.listen(), self.port()
        self.addCleanup(other.close)
        told: list[str] = []

        def observe(event: Any) -> None:
            if event["log_level"].name == "critical":
                told.append(str(event.get("reason")))

        globalLogPublisher.addObserver(observe)
        self.addCleanup(globalLogPublisher.removeObserver, observe)
        self.set(cti_server_port=str(taken))
        await self.reload()
        self.assertEqual(len(told), 1)
        self.assertIn(f"cannot listen for clients at tcp:{taken}", told[0])
        self.assertEqual(self.server.board.status()["clients"]["trouble"], told[0])
        self.undisturbed()
        self.assertTrue(await self.greeted(old))
        await other.close()
        self.set(cti_server_port=str(free_port()))
        await self.reload()
        self.assertFalse(await self.greeted(old))
        self.assertTrue(await self.greeted(self.port()))
        self.assertEqual(self.server.board.status()["clients"]["trouble"], "")
        self.undisturbed()

    async def test_tls(self) -> None:
        """A listener for TLS opens beside the other; without its certificate the whole configuration is rejected."""
        self.set(tls_address=f"127.0.0.1:{free_port()}", tls_cert="/nowhere.pem")
        said = await self.reload("rejected")
        self.assertIn("tls_cert", "".join(said["errors"]))
        self.flushLoggedErrors()
        self.undisturbed()
        self.set(tls_cert=certificate(self))
        await self.reload()
        self.undisturbed()
        port = int(next(a for a in self.server.door.addresses if a.startswith("tls")).rpartition(" ")[2])
        endpoint = wrapClientTLS(CertificateOptions(), HostnameEndpoint(reactor, "127.0.0.1", port))
        client: LineClient = await endpoint.connect(Factory.forProtocol(LineClient))
        await client.expect("100 WELCOME")
        self.now = self.start()
        await self.reload()
        self.assertEqual(len(self.server.door.addresses), 1)
        await client.ask("NOOP", "100 OK")
        self.undisturbed()


class ManagerTests(ConnectionTestCase):
    """Which PBX, and as whom."""

    async def reconnected(self) -> None:
        """Clients have heard that the PBX was away for a moment, and are all there."""
        await self.until(lambda: self.anna.events("Pbx")[1:], "the PBX")
        await self.settle()
        self.assertEqual([e.split('"')[3] for e in self.anna.events("Pbx")], ["down", "up"])
        self.assertEqual([c.closed for c in (self.anna, self.bruno, self.carla)], [False] * 3)

    async def test_user(self) -> None:
        """Another user of the same PBX: the old one logs off, everybody is in their queues as before."""
        self.assertEqual([link.account.name for link in self.exchange.office.board.links], ["astcti"])
        before = self.exchange.members("sales")
        self.set(ami_user="other", ami_secret="t")
        await self.reload()
        await self.reconnected()
        self.assertEqual([link.account.name for link in self.exchange.office.board.links], ["other"])
        self.assertEqual(self.exchange.members("sales"), before)
        self.assertEqual(self.exchange.taken(), [])
        self.assertEqual([t for t in self.told(self.anna) if t != "AgentState"], ["Pbx", "Pbx"])
        self.assertEqual(self.said(self.carla), [])

    async def test_host(self) -> None:
        """Another PBX: everybody joins their queues there, paused who pauses, and calls there pop."""
        await self.bruno.ask("PAUSE IN reason=lunch", "301")
        await self.bruno.expect("300 OK")
        second = Exchange()
        self.addCleanup(second.stop)
        self.set(ami_port=str(await second.start()))
        await self.reload()
        await self.reconnected()
        self.assertEqual(self.exchange.links, 0)
        self.assertEqual(second.members("sales"), {"PJSIP/201": 1, "PJSIP/203": 2})
        self.assertEqual(
            [(m.interface, m.paused, m.reason) for m in second.pbx.queues["support"].members.values()],
            [("PJSIP/202", True, "lunch")],
        )
        second.call("direct")
        await self.until(lambda: second.legs("PJSIP/201", "Ringing"), "the call")
        second.pick_up("PJSIP/201")
        await self.anna.expect('<event id="Link"')

    async def test_wrong_secret(self) -> None:
        """A secret that is wrong keeps clients waiting for the next configuration, with nobody let in meanwhile."""
        self.set(ami_secret="wrong", ami_connect_retry_after="5")
        await self.reload()
        await self.until(lambda: self.anna.events("Pbx"), "the end of the link")
        with self.assertRaisesRegex(Exception, "no link to the PBX|closed"):
            await connect(self.port())
        await self.anna.ask("PAUSE IN", "302")
        self.now = self.start()
        await self.reload()
        await self.reconnected()
        await connect(self.port())
        self.assertEqual(self.exchange.members("sales"), {"PJSIP/201": 1, "PJSIP/203": 2})

    async def test_certificates(self) -> None:
        """Certificates that the PBX cannot be known by reject the whole configuration: the link that is there stays."""
        self.set(ami_tls="yes", ami_ca_file="nowhere.pem")
        said = await self.reload("rejected")
        self.assertIn("ami_ca_file", said["errors"][0])
        self.undisturbed()
        self.assertEqual((self.exchange.links, self.server.link.up), (1, True))
