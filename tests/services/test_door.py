"""Listeners that open, close and move."""

from __future__ import annotations

import socket
from typing import Any

from twisted.internet import reactor
from twisted.internet.defer import Deferred
from twisted.internet.endpoints import HostnameEndpoint, wrapClientTLS
from twisted.internet.protocol import Factory
from twisted.internet.ssl import CertificateOptions
from twisted.internet.task import deferLater
from twisted.protocols.basic import LineOnlyReceiver
from twisted.trial.unittest import SynchronousTestCase, TestCase

from astcti.config.settings import Settings
from astcti.errors import ConfigError
from astcti.protocols.transport import ServerFactory
from astcti.protocols.wheel import GRANULARITY
from astcti.services.door import Door, Listener, listeners, protocol_settings, read_tls
from tests.services.fakes import Office, scratch


def certificate(test: Any) -> str:
    """A file with a certificate for localhost and its key."""
    import trustme

    made = trustme.CA().issue_cert("localhost")
    path = scratch(test) / "server.pem"
    path.write_bytes(made.private_key_and_cert_chain_pem.bytes())
    return str(path)


class FirstLine(LineOnlyReceiver):
    """Keeps the first line it is sent."""

    delimiter = b"\n"

    def __init__(self) -> None:
        self.first: Deferred[bytes] = Deferred()

    def lineReceived(self, line: bytes) -> None:
        if not self.first.called:
            self.first.callback(line)


class SettingsTests(SynchronousTestCase):
    """What the settings mean here."""

    def test_endpoints(self) -> None:
        """Every listener is an endpoint string; IPv6 addresses are quoted."""
        self.assertEqual(
            listeners(Settings(cti_server_address="::1", cti_server_port=5000, tls_address="127.0.0.1:5001")),
            (
                Listener("tcp:5000:interface=\\:\\:1:backlog=4096"),
                Listener("tcp:5001:interface=127.0.0.1:backlog=4096", tls=True),
            ),
        )

    def test_protocol_settings(self) -> None:
        """The protocol gets the settings of the configuration, in its own units."""
        made = protocol_settings(Settings(cti_read_timeout=20_000, cti_connect_timeout=5000, require_tls="yes"))
        self.assertEqual((made.keepalive_ms, made.login_seconds, made.require_tls), (20_000, 5.0, "yes"))

    def test_certificates(self) -> None:
        """A certificate that cannot be used is a configuration error with the file's name; one is needed for TLS."""
        self.assertIsNone(read_tls(Settings()))
        self.assertIsNotNone(read_tls(Settings(tls_cert=certificate(self))))
        for settings in (Settings(tls_cert="/nowhere.pem"), Settings(tls_cert=__file__), Settings(tls_address="h:1")):
            self.assertRaisesRegex(ConfigError, "tls_", read_tls, settings)
        both = Settings(cti_server_address="::1", cti_server_port=5001, tls_address="[::1]:5001", tls_cert="any")
        self.assertRaisesRegex(ConfigError, "tls_address: it is cti_server_address", read_tls, both)


class DoorTests(TestCase):
    """Real listeners on free ports."""

    def setUp(self) -> None:
        self.office = Office()
        self.times_opened = 0
        self.failures: list[str] = []
        self.factory = ServerFactory(reactor, self.office.desk)
        self.addCleanup(self.emptied)
        self.door = self.made(Settings(cti_server_address="127.0.0.1", cti_server_port=0))

    def made(self, settings: Settings) -> Door:
        """A door that is closed at the end of the test."""
        door = Door(reactor, self.factory, settings, opened=self.was_opened, failed=self.failures.append)
        door.startService()
        self.addCleanup(door.stopService)
        return door

    def was_opened(self) -> None:
        self.times_opened += 1

    async def emptied(self) -> None:
        """Everybody has gone, and the factory's timer with them."""
        await self.factory.shut_down()
        await deferLater(reactor, GRANULARITY * 1.1)

    def port(self, door: Door | None = None, tls: bool = False) -> int:
        """Where a door listens."""
        kind = "tls" if tls else "tcp"
        (shown,) = [a for a in (door or self.door).addresses if a.startswith(kind)]
        return int(shown.rpartition(" ")[2])

    async def greeting(self, port: int, tls: bool = False) -> bytes:
        """What a client is greeted with."""
        endpoint: Any = HostnameEndpoint(reactor, "127.0.0.1", port, timeout=5)
        if tls:
            endpoint = wrapClientTLS(CertificateOptions(), endpoint)
        client = await endpoint.connect(Factory.forProtocol(FirstLine))
        line: bytes = await client.first.addTimeout(5, reactor)
        client.transport.loseConnection()
        return line

    async def test_open_and_closed(self) -> None:
        """Nobody gets in before the door is opened, nor after it is closed; it can be opened again."""
        self.assertEqual(self.door.addresses, [])
        self.door.open()
        self.door.open()
        self.assertEqual(self.times_opened, 1)
        port = self.port()
        self.assertEqual(await self.greeting(port), b"100 WELCOME")
        await self.door.close()
        with self.assertRaisesRegex(Exception, "refused"):
            await self.greeting(port)
        self.door.open()
        self.assertEqual(await self.greeting(self.port()), b"100 WELCOME")

    async def test_stopped(self) -> None:
        """A door that is stopped stays closed, whoever wants it open."""
        self.door.open()
        await self.door.stopService()
        self.door.open()
        self.assertEqual((self.door.addresses, self.times_opened), ([], 1))

    async def test_moves(self) -> None:
        """A door that moves is open at the new place before the old one is closed; certificates can be renewed."""
        self.door.open()
        old = self.port()
        free = Settings(cti_server_address="127.0.0.1", cti_server_port=0, tls_address=f"127.0.0.1:{free_port()}")
        with_tls = Settings(**{**vars_of(free), "tls_cert": certificate(self)})
        self.door.configure(with_tls, read_tls(with_tls))
        self.assertEqual(self.port(), old)
        self.assertEqual(await self.greeting(self.port(tls=True), tls=True), b"100 WELCOME")
        renewed = Settings(**{**vars_of(free), "tls_cert": certificate(self)})
        before = self.port(tls=True)
        self.door.configure(renewed, read_tls(renewed))
        self.assertEqual(self.port(tls=True), before)
        self.assertEqual(await self.greeting(before, tls=True), b"100 WELCOME")
        plain = Settings(cti_server_address="127.0.0.2", cti_server_port=0)
        self.door.configure(plain, None)
        self.assertEqual(len(self.door.ports), 1)
        self.assertIn("tcp 127.0.0.2 port", self.door.addresses[0])

    async def test_any_address_to_one(self) -> None:
        """The same port at another address cannot be open twice; there is a gap and the new place is open."""
        self.door.open()
        port = self.port()
        await self.door.stopService()
        door = self.made(Settings(cti_server_address="0.0.0.0", cti_server_port=port))
        door.open()
        door.configure(Settings(cti_server_address="127.0.0.1", cti_server_port=port), None)
        await deferLater(reactor, 0.05)
        self.assertEqual(door.addresses, [f"tcp 127.0.0.1 port {port}"])
        self.assertEqual(self.failures, [])

    async def test_tls_changes_places(self) -> None:
        """TLS moves to the port that was without, and the other way round: each speaks what it is said to speak."""
        one, two, files = free_port(), free_port(), {"tls_cert": certificate(self)}
        before = Settings(cti_server_address="127.0.0.1", cti_server_port=one, tls_address=f"127.0.0.1:{two}", **files)
        after = Settings(cti_server_address="127.0.0.1", cti_server_port=two, tls_address=f"127.0.0.1:{one}", **files)
        door = self.made(before)
        door.open()
        for settings, plain, tls in ((before, one, two), (after, two, one), (before, one, two)):
            door.configure(settings, read_tls(settings))
            await deferLater(reactor, 0.05)
            self.assertEqual((self.port(door), self.port(door, tls=True)), (plain, tls))
            self.assertEqual(await self.greeting(plain), b"100 WELCOME")
            self.assertEqual(await self.greeting(tls, tls=True), b"100 WELCOME")
        self.assertEqual((self.failures, door.trouble), ([], ""))

    def test_taken(self) -> None:
        """A port that somebody else has is said to be taken; the door stays open where it was."""
        self.door.open()
        taken = Settings(cti_server_address="127.0.0.1", cti_server_port=self.port())
        other = self.made(Settings(cti_server_address="127.0.0.1", cti_server_port=0))
        other.open()
        before = other.addresses
        other.configure(taken, None)
        self.assertEqual(len(self.failures), 1)
        self.assertIn("cannot listen for clients", self.failures[0])
        self.assertIn(before[0].partition(" ")[2], " ".join(other.addresses))


def free_port() -> int:
    """A port nobody has at this moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def vars_of(settings: Settings) -> dict[str, Any]:
    """The settings by name."""
    return {name: getattr(settings, name) for name in settings.__dataclass_fields__}
