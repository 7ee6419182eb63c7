"""Messages over real sockets of this machine."""

from __future__ import annotations

import socket

from twisted.internet import reactor
from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IHalfCloseableProtocol, IListeningPort
from twisted.internet.protocol import DatagramProtocol, Factory, Protocol
from twisted.trial.unittest import TestCase
from zope.interface import implementer

from astcti.actions import sending
from astcti.actions.messages import tcp_message, udp_message
from astcti.actions.places import ServerPlace
from astcti.model.actions import Outcome, RenderedAction


class Receiver(Protocol):
    """Collects what it is sent until the other end closes."""

    factory: Receivers

    def connectionMade(self) -> None:
        self.data = b""
        if self.factory.slams:
            self.transport.abortConnection()  # type: ignore[union-attr]
        elif self.factory.deaf:
            self.transport.pauseProducing()  # type: ignore[union-attr]
        self.factory.connected.append(self)

    def dataReceived(self, data: bytes) -> None:
        self.data += data

    def connectionLost(self, reason: object = None) -> None:
        if not self.factory.received.called:
            self.factory.received.callback(self.data)


@implementer(IHalfCloseableProtocol)
class Stubborn(Receiver):
    """Does not close when the other end has."""

    def readConnectionLost(self) -> None:
        pass

    def writeConnectionLost(self) -> None:
        pass


class Receivers(Factory):
    """Receivers, and what the first of them got."""

    protocol = Receiver
    noisy = False
    slams = deaf = False

    def __init__(self) -> None:
        self.received: Deferred[bytes] = Deferred()
        self.connected: list[Receiver] = []


class TCPTests(TestCase):
    """Messages over a connection."""

    def setUp(self) -> None:
        self.place = ServerPlace(reactor, 2)
        self.receivers = Receivers()

    def listen(self, interface: str = "127.0.0.1") -> str:
        """Listen somewhere; the address in the configuration's form."""
        port: IListeningPort = reactor.listenTCP(0, self.receivers, interface=interface)  # type: ignore[attr-defined]
        self.addCleanup(port.stopListening)
        host = f"[{interface}]" if ":" in interface else interface
        return f"{host}:{port.getHost().port}"  # type: ignore[attr-defined]

    async def send(self, destination: str, text: str, encoding: str = "") -> Outcome:
        """Perform one message."""
        return await tcp_message.perform(RenderedAction("1", "TCP_MESSAGE", destination, text, encoding), self.place)

    async def test_sent_and_closed(self) -> None:
        """The receiver gets exactly the message and then the end, in the configured encoding."""
        self.assertEqual(await self.send(self.listen(), "é☎\n", "cp1252"), Outcome("ok"))
        self.assertEqual(await self.receivers.received, b"\xe9?\n")

    async def test_ipv6_and_names(self) -> None:
        """Addresses in brackets and host names are understood."""
        try:
            destination = self.listen("::1")
        except OSError:
            destination = self.listen()
        self.assertEqual(await self.send(destination, "x"), Outcome("ok"))
        port = self.listen().rpartition(":")[2]
        self.assertEqual(await self.send(f"localhost:{port}", "x"), Outcome("ok"))

    async def test_nobody_listens(self) -> None:
        """A receiver that is not running is a failure with a sentence."""
        free = socket.create_server(("127.0.0.1", 0))
        port = free.getsockname()[1]
        free.close()
        self.assertEqual(
            await self.send(f"127.0.0.1:{port}", "x"), Outcome("failed", f"nobody listens at 127.0.0.1:{port}")
        )

    async def test_no_such_host(self) -> None:
        """A host that does not exist is a failure with its name."""
        outcome = await self.send("no-such-host.invalid:80", "x")
        self.assertEqual(outcome, Outcome("failed", "there is no host no-such-host.invalid"))

    async def test_receiver_that_does_not_close(self) -> None:
        """Many a receiver waits for more: the message counts as sent, and we close."""
        self.patch(sending, "CLOSE_SECONDS", 0.05)
        self.receivers.protocol = Stubborn
        self.assertEqual(await self.send(self.listen(), "x"), Outcome("ok"))
        self.assertEqual(self.receivers.connected[0].data, b"x")
        self.receivers.connected[0].transport.loseConnection()  # type: ignore[union-attr]
        await self.receivers.received

    async def test_receiver_that_does_not_read(self) -> None:
        """A receiver that takes nothing makes the action run out of time."""
        self.patch(sending, "CLOSE_SECONDS", 0.05)
        self.receivers.deaf = True
        outcome = await self.send(self.listen(), "x" * 20_000_000)
        self.assertEqual(outcome.status, "timeout")
        self.assertIn("does not read", outcome.reason)
        self.receivers.connected[0].transport.abortConnection()  # type: ignore[union-attr]
        await self.receivers.received

    async def test_receiver_that_slams_the_door(self) -> None:
        """A connection that breaks is a failure."""
        self.receivers.slams = True
        outcome = await self.send(self.listen(), "x" * 1_000_000)
        self.assertEqual(outcome.status, "failed")
        self.assertIn("broke the connection", outcome.reason)

    async def test_senseless_address_from_the_wire(self) -> None:
        """What a strange server sends is a failure, not an exception."""
        self.assertIn("not host:port", (await self.send("host", "x")).reason)
        self.assertIn("not known", (await self.send("127.0.0.1:9", "x", "klingon")).reason)


class UDPTests(TestCase):
    """Messages as a datagram."""

    async def send(self, destination: str, text: str, encoding: str = "") -> Outcome:
        """Perform one message."""
        action = RenderedAction("1", "UDP_MESSAGE", destination, text, encoding)
        return await udp_message.perform(action, ServerPlace(reactor, 2))

    def listen(self, interface: str) -> tuple[Deferred[bytes], int]:
        """Listen; what the first datagram contains, and the port."""
        received: Deferred[bytes] = Deferred()

        class Collector(DatagramProtocol):
            def datagramReceived(self, datagram: bytes, addr: object) -> None:
                received.callback(datagram)

        port = reactor.listenUDP(0, Collector(), interface=interface)  # type: ignore[attr-defined]
        self.addCleanup(port.stopListening)
        return received, port.getHost().port

    async def test_one_datagram(self) -> None:
        """The receiver gets the message in one piece."""
        received, port = self.listen("127.0.0.1")
        self.assertEqual(await self.send(f"127.0.0.1:{port}", "é☎", "cp1252"), Outcome("ok"))
        self.assertEqual(await received, b"\xe9?")

    async def test_names_and_ipv6(self) -> None:
        """Host names and addresses in brackets are understood."""
        received, port = self.listen("127.0.0.1")
        self.assertEqual(await self.send(f"localhost:{port}", "x"), Outcome("ok"))
        self.assertEqual(await received, b"x")
        try:
            received, port = self.listen("::1")
        except OSError:
            return
        self.assertEqual(await self.send(f"[::1]:{port}", "y"), Outcome("ok"))
        self.assertEqual(await received, b"y")

    async def test_nobody_listens(self) -> None:
        """A machine that says so at once is believed."""
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        outcome = await self.send(f"127.0.0.1:{port}", "x")
        self.assertEqual(outcome, Outcome("failed", f"nobody listens at 127.0.0.1:{port}"))

    async def test_too_long(self) -> None:
        """A message that grew too long on this call is a failure which says by how much."""
        outcome = await self.send("127.0.0.1:9", "é" * 701)
        self.assertEqual(outcome.status, "failed")
        self.assertIn("1402 bytes", outcome.reason)

    async def test_no_such_host(self) -> None:
        """A host that does not exist is a failure with its name."""
        outcome = await self.send("no-such-host.invalid:80", "x")
        self.assertEqual(outcome, Outcome("failed", "there is no host no-such-host.invalid"))
