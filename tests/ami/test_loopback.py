"""The client over real sockets, plain and in TLS."""

from __future__ import annotations

import socket
import tempfile
import time
from pathlib import Path
from typing import Any

import trustme
from twisted.internet import reactor
from twisted.internet.defer import Deferred
from twisted.internet.protocol import Factory, Protocol
from twisted.internet.ssl import CertificateOptions, PrivateCertificate
from twisted.trial.unittest import TestCase

from astcti.ami.client import AMIClient, AMIFactory, AMISettings, Credentials, ami_endpoint
from astcti.ami.message import Message, MessageReader
from astcti.errors import AMIError, AMILost, AMITimeout, ConfigError
from tests.ami.fake import BANNER, BOOTED
from tests.ami.recorded import stream

CREDENTIALS = Credentials("astcti", "astcti-secret")


class Pbx(Protocol):
    """Logs everybody in, and plays a recorded call to whoever pings."""

    def connectionMade(self) -> None:
        """Greet."""
        self.factory.links.append(self)  # type: ignore[union-attr]
        self.reader = MessageReader(banner=False)
        self.transport.write(BANNER)  # type: ignore[union-attr]

    def dataReceived(self, data: bytes) -> None:
        """Answer."""
        for action in self.reader.feed(data):
            self.answer(action)

    def answer(self, action: Message) -> None:
        """Answer one action."""
        name = action.get("Action")
        extra = {"Challenge": b"Challenge: 1\r\n", "Ping": b"Ping: Pong\r\n"}.get(name, b"")
        self.transport.write(  # type: ignore[union-attr]
            b"Response: Success\r\nActionID: %s\r\n%s\r\n" % (action.action_id.encode(), extra)
        )
        if name == "Login":
            self.transport.write(BOOTED)  # type: ignore[union-attr]
        elif name == "Ping":
            self.transport.write(stream(22, "service-answered").partition(b"\r\n")[2])  # type: ignore[union-attr]
        elif name == "Logoff":
            self.transport.loseConnection()  # type: ignore[union-attr]


class Case(TestCase):
    timeout = 20

    def listen(self, tls: CertificateOptions | None = None) -> int:
        """Start a PBX on a free port of the loopback address."""
        self.pbx = Factory.forProtocol(Pbx)
        self.pbx.links = []  # type: ignore[attr-defined]
        self.pbx.noisy = False
        net: Any = reactor
        if tls is None:
            self.port = net.listenTCP(0, self.pbx, interface="127.0.0.1")
        else:
            self.port = net.listenSSL(0, self.pbx, tls, interface="127.0.0.1")
        self.addCleanup(self.port.stopListening)
        return int(self.port.getHost().port)

    async def read_now(self, port: int, **tls: Any) -> None:
        """What lies at the socket is there within a call, without a turn of the reactor; also nothing, and the end."""
        events: list[str] = []
        up: Deferred[None] = Deferred()
        endpoint = ami_endpoint(reactor, "127.0.0.1", port, **tls)
        client = AMIClient(
            reactor,  # type: ignore[arg-type]
            endpoint,
            CREDENTIALS,
            on_event=lambda message: events.append(message.event),
            on_up=lambda: up.callback(None),
            on_down=lambda reason: events.append("down"),
        )
        client.read_now()
        client.startService()
        await up
        await self.turn()  # we were called while the login was being read
        client.read_now()
        transport = self.pbx.links[0].transport  # type: ignore[attr-defined]
        before = len(events)
        transport.write(b"Event: Hangup\r\nUniqueid: 1.1\r\n\r\n" * 3000)  # more than TLS keeps for the next turn
        getattr(transport, "transport", transport).doWrite()
        for _ in range(2000):  # the reactor has no turn meanwhile, and the kernel may need a moment
            client.read_now()
            if events[before:]:
                break
            time.sleep(0.001)
        self.assertEqual(set(events[before:]), {"Hangup"})
        transport.abortConnection()
        while "down" not in events:
            client.read_now()
            await self.turn()
        await client.stopService()

    async def turn(self) -> None:
        """Let the reactor do something else."""
        d: Deferred[None] = Deferred()
        reactor.callLater(0.005, d.callback, None)  # type: ignore[attr-defined]
        await d


class PlainTests(Case):
    async def test_read_now(self) -> None:
        """When many others are heard in one turn of the reactor, the PBX is listened to in between."""
        await self.read_now(self.listen())

    async def test_nobody_answers(self) -> None:
        """Where packets are dropped on the way, that is said, and stopping meanwhile is no failure."""
        full = socket.create_server(("127.0.0.1", 0), backlog=0)
        self.addCleanup(full.close)
        for _ in range(3):  # whose queue is full answers nobody
            filler = socket.socket()
            self.addCleanup(filler.close)
            filler.setblocking(False)
            filler.connect_ex(full.getsockname())
        endpoint = ami_endpoint(reactor, *full.getsockname())
        clock: Any = reactor
        factory = AMIFactory(clock, CREDENTIALS, settings=AMISettings(connect_timeout=0.2))
        error = await self.assertFailure(factory.connect(endpoint), AMITimeout)
        self.assertEqual(str(error), "no connection within 0.2 s")
        client = AMIClient(clock, endpoint, CREDENTIALS, settings=AMISettings(connect_timeout=60))
        client.startService()
        await client.stopService()
        self.assertEqual(client.state, "idle")

    async def test_a_call_and_a_reconnection(self) -> None:
        """Log in, see a recorded call go by, lose the connection, wait, and be there again."""
        port = self.listen()
        events: list[str] = []
        ups: list[Deferred[None]] = [Deferred(), Deferred()]
        downs: list[str] = []
        firing = iter(ups)
        client = AMIClient(
            reactor,  # type: ignore[arg-type]
            ami_endpoint(reactor, "127.0.0.1", port),
            CREDENTIALS,
            on_event=lambda message: events.append(message.event),
            on_up=lambda: next(firing).callback(None),
            on_down=downs.append,
        )
        client.startService()
        await ups[0]
        await client.ping()
        self.pbx.links[0].transport.abortConnection()  # type: ignore[attr-defined]
        while not downs:
            await self.turn()
        self.assertEqual(client.state, "waiting")
        self.assertEqual(events.count("BridgeEnter"), 2)
        client.retry()
        await ups[1]
        await client.stopService()
        self.assertEqual((client.state, len(downs)), ("idle", 1))

    async def test_nobody_there(self) -> None:
        """Where nobody listens, one try fails with words."""
        port = self.listen()
        await self.port.stopListening()
        factory = AMIFactory(reactor, CREDENTIALS)  # type: ignore[arg-type]
        error = await self.assertFailure(factory.login(ami_endpoint(reactor, "127.0.0.1", port)), Exception)
        self.assertIn("refused", str(error))


class TLSTests(Case):
    ca = trustme.CA()
    other_ca = trustme.CA()

    def serve(self, name: str) -> int:
        """Start a PBX with a certificate for that name."""
        pem = self.ca.issue_cert(name)
        own = PrivateCertificate.loadPEM(pem.private_key_pem.bytes() + pem.cert_chain_pems[0].bytes())
        return self.listen(own.options())

    def ca_file(self, ca: trustme.CA) -> str:
        """A file with an authority's certificate."""
        path = Path(tempfile.mkdtemp(dir=self.mktemp_folder())) / "ca.pem"
        path.write_bytes(ca.cert_pem.bytes())
        return str(path)

    def mktemp_folder(self) -> str:
        """A folder below trial's own."""
        folder = Path(self.mktemp())
        folder.mkdir(parents=True)
        return str(folder)

    async def log_in(self, port: int, **tls: Any) -> str:
        """Connect once; the state reached, or why not."""
        factory = AMIFactory(reactor, CREDENTIALS, settings=AMISettings(connect_timeout=5))  # type: ignore[arg-type]
        try:
            protocol = await factory.login(ami_endpoint(reactor, "127.0.0.1", port, tls=True, **tls))
        except AMIError as e:
            self.assertIsInstance(e, AMILost)
            return str(e)
        state = protocol.state
        await protocol.logoff()
        return state

    async def test_read_now(self) -> None:
        """So it is in TLS."""
        await self.read_now(self.serve("127.0.0.1"), tls=True, ca_file=self.ca_file(self.ca))

    async def test_right_authority(self) -> None:
        """A certificate of our authority, made out to the address we connect to, is accepted."""
        port = self.serve("127.0.0.1")
        self.assertEqual(await self.log_in(port, ca_file=self.ca_file(self.ca)), "up")

    async def test_name_given(self) -> None:
        """The name in the certificate may be another than the one we connect to, if we are told."""
        port = self.serve("pbx.example.org")
        self.assertEqual(await self.log_in(port, ca_file=self.ca_file(self.ca), tls_name="pbx.example.org"), "up")

    async def test_wrong_authority(self) -> None:
        """A certificate of somebody else's authority ends it before anything is sent, and is named as the reason."""
        port = self.serve("127.0.0.1")
        self.assertIn("certificate verify failed", await self.log_in(port, ca_file=self.ca_file(self.other_ca)))

    async def test_system_authorities(self) -> None:
        """Without a file the system's authorities count, which do not know ours."""
        port = self.serve("127.0.0.1")
        self.assertIn("certificate verify failed", await self.log_in(port))

    async def test_wrong_name(self) -> None:
        """A certificate made out to another machine is refused."""
        port = self.serve("pbx.example.org")
        self.assertIn("not made out to that name", await self.log_in(port, ca_file=self.ca_file(self.ca)))

    async def test_no_tls_there(self) -> None:
        """A port that does not talk TLS is left alone with our secret unsaid."""
        port = self.listen()
        self.assertIn("TLS", await self.log_in(port, ca_file=self.ca_file(self.ca)))

    def test_bad_files(self) -> None:
        """A file with authorities that is missing, empty or broken is named."""
        folder = Path(self.mktemp_folder())
        (folder / "empty.pem").write_text("")
        (folder / "broken.pem").write_text("-----BEGIN CERTIFICATE-----\nnonsense\n-----END CERTIFICATE-----\n")
        for name in ("missing.pem", "empty.pem", "broken.pem"):
            with self.assertRaises(ConfigError) as caught:
                ami_endpoint(reactor, "pbx", 5039, tls=True, ca_file=str(folder / name))
            self.assertIn(name, str(caught.exception))
