"""Sessions on Twisted: memory transports first, then real sockets."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import trustme
from twisted.internet import reactor
from twisted.internet.defer import Deferred
from twisted.internet.endpoints import TCP4ClientEndpoint, serverFromString, wrapClientTLS
from twisted.internet.protocol import Factory, Protocol
from twisted.internet.task import Clock, deferLater
from twisted.internet.tcp import Server
from twisted.internet.testing import StringTransport
from twisted.python.failure import Failure
from twisted.trial.unittest import SynchronousTestCase, TestCase

from astcti.errors import Refused
from astcti.protocols.client import Profile, client_tls, log_in
from astcti.protocols.client.connection import ClientFactory, ConnectionGone
from astcti.protocols.settings import ProtocolSettings
from astcti.protocols.transport import ServerFactory, ServerProtocol, ServerTLS
from astcti.protocols.transport.connection import write_now
from astcti.protocols.transport.descriptors import raise_file_limit
from tests.protocols.fakes import OPER1, FakeDesk, a_notice, an_action

SETTINGS = ProtocolSettings(require_tls="no")
MAC = "00:1c:bf:37:53:ba"
LOGIN = f"USER oper1\nPASS {OPER1}\nMAC {MAC}\n".encode()


class CountingTransport(StringTransport):
    """A transport that counts writes."""

    writes = 0

    def write(self, data: bytes) -> None:
        self.writes += 1
        super().write(data)


class MemoryTests(SynchronousTestCase):
    """Without sockets."""

    def setUp(self) -> None:
        self.clock = Clock()
        self.desk = FakeDesk()
        self.factory = ServerFactory(self.clock, self.desk, SETTINGS)

    def connect(self) -> tuple[ServerProtocol, CountingTransport]:
        protocol, transport = self.factory.buildProtocol(None), CountingTransport()
        protocol.makeConnection(transport)
        return protocol, transport

    def test_one_write_per_turn(self) -> None:
        """However much a turn of the reactor brings to a client, it is written once."""
        protocol, transport = self.connect()
        protocol.dataReceived(LOGIN)
        self.assertEqual(transport.value().count(b"\n"), 4)
        self.assertEqual(transport.writes, 2)
        for _ in range(3):
            self.desk.clients[0].notify(a_notice(), an_action())
        self.assertEqual(transport.writes, 2)
        self.clock.advance(0)
        self.assertEqual((transport.writes, transport.value().count(b"\n")), (3, 7))
        self.clock.advance(0)
        self.assertEqual(transport.writes, 3)

    def test_flush(self) -> None:
        """Who knows that a turn's work is done need not wait for its end."""
        protocol, transport = self.connect()
        protocol.dataReceived(LOGIN)
        self.desk.clients[0].notify(a_notice(), ())
        self.factory.flush()
        self.assertEqual(transport.writes, 3)

    def test_blocked(self) -> None:
        """While the socket takes nothing, nothing is written; then all of it at once."""
        protocol, transport = self.connect()
        protocol.dataReceived(LOGIN)
        protocol.pauseProducing()
        self.desk.clients[0].notify(a_notice(), ())
        protocol.dataReceived(b"NOOP\n")
        self.clock.advance(1)
        self.assertEqual(transport.writes, 2)
        protocol.resumeProducing()
        self.assertEqual(transport.writes, 3)
        self.assertTrue(transport.value().endswith(b"</event>\n100 OK\n"))

    def test_dawdling(self) -> None:
        """Who says nothing makes way for others after a while; whose password is being checked does not."""
        self.factory.configure(ProtocolSettings(max_unauthenticated=2, require_tls="no"))
        busy, silent = self.connect(), self.connect()
        busy[0].dataReceived(b"USER oper1\n")
        self.desk.slow = Deferred()
        busy[0].dataReceived(f"PASS {OPER1}\n".encode())
        self.clock.pump([0.25] * 40)
        self.assertFalse(silent[1].disconnecting)
        late = self.connect()
        self.assertEqual(late[1].value(), b"")
        self.clock.pump([0.25] * 2)
        self.assertIn(b"101 KO login timeout\n", silent[1].value())
        self.assertIn(b"100 WELCOME\n", late[1].value())
        self.assertEqual((busy[1].disconnecting, self.factory.gate.inside), (False, 2))
        last = self.connect()
        self.clock.pump([0.25] * 16)
        self.assertEqual(last[1].value(), b"")
        self.clock.pump([0.25] * 6)
        self.assertIn(b"101 KO login timeout\n", late[1].value())
        self.assertIn(b"100 WELCOME\n", last[1].value())

    def test_blocked_for_good(self) -> None:
        """After half a minute of that the connection is aborted."""
        protocol, transport = self.connect()
        protocol.pauseProducing()
        for _ in range(31):
            self.clock.pump([0.25] * 4)
        self.assertTrue(transport.disconnected or transport.aborting)
        protocol.connectionLost(Failure(ConnectionGone()))
        self.assertEqual((self.factory.clients, len(self.desk.detached)), (0, 1))

    def test_breath(self) -> None:
        """While much is heard of clients, or of their ends, there is time for what matters more, and not too often."""
        breaths: list[float] = []
        self.factory.on_breath = lambda: breaths.append(round(self.clock.seconds(), 3))
        connections = [self.connect() for _ in range(20)]
        for protocol, _ in connections:
            self.clock.rightNow += 0.001  # within one turn of the reactor
            protocol.dataReceived(b"NOOP\n")
        self.assertEqual(breaths, [0.005, 0.01, 0.015, 0.02])
        breaths.clear()
        self.clock.rightNow += 1
        for protocol, _ in connections:
            protocol.connectionLost(Failure(ConnectionGone()))
        self.assertEqual(breaths, [1.02])
        self.clock.rightNow -= 1  # a clock that is set back does not stop it
        self.connect()[0].dataReceived(b"NOOP\n")
        self.assertEqual(breaths, [1.02, 0.02])

    def test_timer(self) -> None:
        """One timer serves all clients, and none runs when there is nobody."""
        connections = [self.connect() for _ in range(5)]
        self.assertEqual(len(self.clock.getDelayedCalls()), 1)
        for protocol, _ in connections:
            protocol.connectionLost(Failure(ConnectionGone()))
        self.clock.advance(1)
        self.assertEqual(self.clock.getDelayedCalls(), [])
        _, transport = self.connect()
        self.clock.pump([0.25] * 80)
        self.assertIn(b"100 OK idle timeout\n", transport.value())

    def test_too_many(self) -> None:
        """Who comes when the house is full hears so."""
        self.factory.configure(ProtocolSettings(max_clients=2))
        transports = [self.connect()[1] for _ in range(3)]
        self.assertEqual([t.value() for t in transports], [b"100 WELCOME\n"] * 2 + [b"101 KO too many connections\n"])
        self.assertTrue(transports[2].disconnecting)

    def test_room_again(self) -> None:
        """Who was sent away, or has left, takes nobody's place, even if its connection lingers."""
        self.factory.configure(ProtocolSettings(max_clients=2))
        guests = [self.connect() for _ in range(3)]
        guests[0][0].dataReceived(b"QUIT\n")
        transports = [self.connect()[1] for _ in range(2)]
        self.assertEqual([t.value() for t in transports], [b"100 WELCOME\n", b"101 KO too many connections\n"])

    def test_gate(self) -> None:
        """Only so many may be logging in; the others are not even read."""
        self.factory.configure(ProtocolSettings(max_unauthenticated=1, require_tls="no"))
        (first, _), (second, waiting) = self.connect(), self.connect()
        second.dataReceived(b"NOOP\n")
        self.assertEqual((waiting.value(), waiting.producerState), (b"", "paused"))
        self.assertEqual(self.factory.status()["waiting"], 1)
        self.clock.pump([0.25] * 40)
        first.dataReceived(LOGIN)
        self.assertEqual((waiting.value(), waiting.producerState), (b"100 WELCOME\n", "producing"))

    def test_lost_while_waiting(self) -> None:
        """Who gives up waiting is forgotten."""
        self.factory.configure(ProtocolSettings(max_unauthenticated=1, require_tls="no"))
        (first, _), (second, waiting) = self.connect(), self.connect()
        second.connectionLost(Failure(ConnectionGone()))
        first.connectionLost(Failure(ConnectionGone()))
        self.assertEqual((waiting.value(), self.factory.clients, len(self.desk.clients)), (b"", 0, 0))

    def test_shut_down(self) -> None:
        """At the end everybody is told, also those who wait at the gate, and those who come too late."""
        self.factory.configure(ProtocolSettings(max_unauthenticated=1, require_tls="no"))
        connections = [self.connect() for _ in range(3)]
        done = self.factory.shut_down()
        late = self.connect()
        for _, transport in (*connections, late):
            self.assertTrue(transport.value().endswith(b"101 KO server shutting down\n"))
            self.assertTrue(transport.disconnecting)
        self.assertNoResult(done)
        for protocol, _ in (*connections, late):
            protocol.connectionLost(Failure(ConnectionGone()))
        self.successResultOf(done)
        self.successResultOf(self.factory.shut_down())

    def test_nothing_is_left_behind(self) -> None:
        """A thousand visits leave neither connection nor time-out."""
        for _ in range(1000):
            protocol, _ = self.connect()
            protocol.dataReceived(LOGIN + b"QUIT\n")
            protocol.connectionLost(Failure(ConnectionGone()))
        self.assertEqual(self.factory.status()["clients"], 0)
        self.assertEqual((self.factory.status()["logins"], len(self.factory.context.wheel)), (1000, 0))
        self.assertEqual((self.factory.gate.inside, self.desk.clients, self.factory._dirty), (0, [], []))


class WriteNowTests(SynchronousTestCase):
    """The short cut, and when it is not taken."""

    def transport(self, takes: object, **state: object) -> Server:
        transport = Server.__new__(Server)
        transport.connected, transport.TLS, transport.disconnecting = 1, False, 0
        transport._tempDataBuffer, transport._tempDataLen, transport.dataBuffer = [], 0, b""
        transport.__dict__.update(state)
        self.sent: list[bytes] = []
        self.queued: list[bytes] = []
        transport.writeSomeData = lambda data: (self.sent.append(data), takes)[1]
        transport.write = self.queued.append
        return transport

    def test_at_once(self) -> None:
        """A socket that takes everything is given everything."""
        write_now(self.transport(5), b"12345")
        self.assertEqual((self.sent, self.queued), ([b"12345"], []))

    def test_partly(self) -> None:
        """What it does not take waits as usual, and so does everything when it is in trouble."""
        for takes, rest in ((2, b"345"), (0, b"12345"), (OSError("gone"), b"12345")):
            write_now(self.transport(takes), b"12345")
            self.assertEqual(self.queued, [rest])

    def test_not_now(self) -> None:
        """Nothing overtakes what waits already, and encrypted bytes are not ours to send."""
        for state in ({"dataBuffer": b"x"}, {"_tempDataBuffer": [b"x"]}, {"TLS": True}, {"disconnecting": 1}):
            write_now(self.transport(5, **state), b"12345")
            self.assertEqual((self.sent, self.queued), ([], [b"12345"]))

    def test_other_twisted(self) -> None:
        """Should Twisted keep its buffers elsewhere one day, the usual way is taken."""
        transport = self.transport(5)
        del transport._tempDataBuffer
        write_now(transport, b"12345")
        self.assertEqual((self.sent, self.queued), ([], [b"12345"]))


class Wire(Protocol):
    """A client that only notes lines."""

    def __init__(self) -> None:
        self.data = b""
        self.lost: Deferred[None] = Deferred()
        self._waiting: tuple[int, Deferred[None]] | None = None

    @property
    def lines(self) -> list[bytes]:
        return self.data.split(b"\n")[:-1]

    def dataReceived(self, data: bytes) -> None:
        self.data += data
        if self._waiting is not None and len(self.lines) >= self._waiting[0]:
            (_, done), self._waiting = self._waiting, None
            done.callback(None)

    def connectionLost(self, reason: Failure) -> None:
        self.lost.callback(None)

    def heard(self, count: int) -> Deferred[None]:
        """Fires when so many lines have come."""
        done: Deferred[None] = Deferred()
        self._waiting = (count, done)
        self.dataReceived(b"")
        return done.addTimeout(10, reactor)


class SocketTests(TestCase):
    """On loopback."""

    timeout = 30

    async def listen(self, settings: ProtocolSettings = SETTINGS, **more: Any) -> int:
        self.desk = FakeDesk()
        self.factory = ServerFactory(reactor, self.desk, settings, **more)
        endpoint = serverFromString(reactor, "tcp:0:interface=127.0.0.1:backlog=1024")
        port = await endpoint.listen(self.factory)
        self.addCleanup(self.stop, port)
        return port.getHost().port

    async def stop(self, port: Any) -> None:
        await port.stopListening()
        await self.factory.shut_down()

    async def connect(self, port: int) -> Wire:
        wire = await TCP4ClientEndpoint(reactor, "127.0.0.1", port).connect(Factory.forProtocol(Wire))
        self.addCleanup(wire.transport.abortConnection)
        return wire

    async def test_conversation(self) -> None:
        """A client at work hears its call and says goodbye."""
        wire = await self.connect(await self.listen())
        wire.transport.write(LOGIN)
        await wire.heard(4)
        self.desk.clients[0].notify(a_notice(), an_action())
        await wire.heard(5)
        wire.transport.write(b"QUIT\n")
        await wire.lost
        self.assertEqual(wire.lines[0], b"100 WELCOME")
        self.assertEqual(wire.lines[-1], b"900 OK")

    async def test_last_line_arrives(self) -> None:
        """Whoever floods the server still hears why it was closed: the socket is not reset under the last line."""
        port = await self.listen()
        for _ in range(5):
            wire = await self.connect(port)
            wire.transport.write(b"x" * 3_000_000)
            await wire.heard(2)
            self.assertEqual(wire.lines, [b"100 WELCOME", b"101 KO line too long"])
            wire.transport.abortConnection()

    async def test_many_at_the_door(self) -> None:
        """Hundreds who come at once are all served, a few at a time, and the listener pauses meanwhile."""
        port = await self.listen(ProtocolSettings(require_tls="no", max_unauthenticated=4))
        wires = [await self.connect(port) for _ in range(200)]
        most = 0
        for wire in wires:
            await wire.heard(1)
            most = max(most, self.factory.gate.inside)
            wire.transport.write(LOGIN)
            await wire.heard(4)
        self.assertEqual((most, self.factory.clients, len(self.desk.clients)), (4, 200, 200))
        self.assertEqual([w.lines[0] for w in wires], [b"100 WELCOME"] * 200)

    async def test_slow_reader(self) -> None:
        """A client that stops reading is given up, and the others do not notice."""
        port = await self.listen()
        slow, quick = await self.connect(port), await self.connect(port)
        for wire in (slow, quick):
            wire.transport.write(LOGIN)
            await wire.heard(4)
        slow.transport.stopReading()
        target = self.desk.clients[0]
        count = 0
        while target in self.desk.clients:
            for _ in range(100):
                target.notify(a_notice("Link", name="x" * 1000), ())
            count += 1
            self.assertLess(count, 1000)
            await deferLater(reactor, 0, lambda: None)
        quick.transport.write(b"NOOP\n")
        await quick.heard(5)
        self.assertEqual(self.factory.context.counters.aborted, 1)

    async def test_tls(self) -> None:
        """TLS from the first byte and by STLS, compressed inside; a certificate of somebody else is refused."""
        authority = trustme.CA()
        issued = authority.issue_cert("cti.example")
        own = b"".join(c.bytes() for c in issued.cert_chain_pems)
        tls = ServerTLS(own, issued.private_key_pem.bytes())
        trusted = Path(self.mktemp())
        authority.cert_pem.write_to_path(str(trusted))
        plain = await self.listen(ProtocolSettings(require_tls="yes"), tls=tls)
        encrypted = await serverFromString(reactor, "tcp:0:interface=127.0.0.1").listen(tls.wrap(self.factory))
        self.addCleanup(encrypted.stopListening)
        events: list[Any] = []
        clients = ClientFactory(reactor, events.append)
        good, other = client_tls("cti.example", trusted), client_tls("other.example", trusted)
        stranger, anybody = client_tls("cti.example"), client_tls("cti.example", verify=False)
        profile = Profile(username="oper1", digest=OPER1, mac=MAC)

        def endpoint(port: int) -> TCP4ClientEndpoint:
            return TCP4ClientEndpoint(reactor, "127.0.0.1", port)

        for count, rules in enumerate((good, anybody)):
            for upgraded in (False, True):
                if upgraded:
                    client = await endpoint(plain).connect(clients)
                    welcome = await log_in(client, Profile(username="oper1", digest=OPER1, mac=MAC, stls=rules))
                else:
                    client = await wrapClientTLS(rules, endpoint(encrypted.getHost().port)).connect(clients)
                    welcome = await log_in(client, profile)
                self.assertEqual((welcome.seat, welcome.level), (("SIP/201",), 7))
                self.desk.clients[-1].notify(a_notice(name="é" * (count + 1)), an_action())
                self.assertTrue(self.desk.clients[-1].secure)
                await client.noop()
                self.assertEqual(events.pop().call.name, "é" * (count + 1))
                await client.quit()
                await client.lost
        for rules in (other, stranger):
            client = await endpoint(plain).connect(clients)
            with self.assertRaises(ConnectionGone):
                await log_in(client, Profile(username="oper1", digest=OPER1, stls=rules))
            client.abort("done")
            client = await wrapClientTLS(rules, endpoint(encrypted.getHost().port)).connect(clients)
            with self.assertRaises(ConnectionGone):
                await log_in(client, profile)
        client = await endpoint(plain).connect(clients)
        with self.assertRaises(Refused) as refused:
            await log_in(client, profile)
        self.assertEqual(refused.exception.number, 918)
        client.abort("done")

    async def test_plain_text_behind_stls(self) -> None:
        """A command that slips in between STLS and the handshake is not carried out."""
        authority = trustme.CA()
        issued = authority.issue_cert("cti.example")
        tls = ServerTLS(issued.cert_chain_pems[0].bytes(), issued.private_key_pem.bytes())
        wire = await self.connect(await self.listen(tls=tls))
        await wire.heard(1)
        wire.transport.write(b"STLS\nUSER oper1\n")
        await wire.lost
        self.assertEqual(wire.data, b"100 WELCOME\n")
        wire = await self.connect(await self.listen(tls=tls))
        wire.transport.write(b"STLS\n")
        await wire.heard(2)
        wire.transport.write(b"USER oper1\nNOOP\n")
        await wire.lost
        self.assertNotIn(b"100 OK\n100 OK", wire.data)


class CertificateTests(SynchronousTestCase):
    """Certificates from files."""

    def test_files(self) -> None:
        """Certificate and key may be in one file or in two; what is none is refused."""
        issued = trustme.CA().issue_cert("cti.example")
        own, key, both = (Path(self.mktemp()) for _ in range(3))
        issued.cert_chain_pems[0].write_to_path(str(own))
        issued.private_key_pem.write_to_path(str(key))
        issued.private_key_and_cert_chain_pem.write_to_path(str(both))
        ServerTLS.from_files(own, key)
        ServerTLS.from_files(both)
        other = Path(self.mktemp())
        trustme.CA().issue_cert("other.example").private_key_pem.write_to_path(str(other))
        broken = Path(self.mktemp())
        broken.write_bytes(both.read_bytes().replace(b"M", b"N", 2))
        for wrong in ((key,), (own,), (own, other), (broken,)):
            with self.assertRaises(ValueError, msg=str(wrong)):
                ServerTLS.from_files(*wrong)
        with self.assertRaises(OSError):
            ServerTLS.from_files(Path("nowhere"))


class FileLimitTests(SynchronousTestCase):
    """Descriptors."""

    def test_enough(self) -> None:
        """What is there already is not touched."""
        self.assertGreaterEqual(raise_file_limit(8), 8)
