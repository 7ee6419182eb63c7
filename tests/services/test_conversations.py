"""The conversations printed in the protocol's specification, word by word: the whole server, a PBX, and a socket."""

from __future__ import annotations

import re
import zlib
from base64 import b64decode, b64encode
from collections.abc import Callable
from typing import Any

import trustme
from twisted.internet import reactor
from twisted.internet.endpoints import clientFromString
from twisted.internet.protocol import Factory
from twisted.internet.ssl import Certificate, CertificateOptions, trustRootFromCertificates
from twisted.internet.task import deferLater
from twisted.internet.threads import deferToThread
from twisted.trial.unittest import TestCase

from astcti.actions.registry import action_types
from astcti.config.load import Loader
from astcti.config.model import (
    Action,
    Configuration,
    Operator,
    Seat,
    Service,
    ServiceAction,
    ServiceOperator,
    Variable,
)
from astcti.config.xmlwriter import write_xml
from astcti.protocols.scram import PLAIN_BINDING, ClientExchange
from astcti.protocols.wheel import GRANULARITY
from astcti.simulator.dialplan import Step
from astcti.simulator.membership import Denied
from astcti.simulator.office import ServiceLine
from astcti.simulator.people import Somebody
from astcti.tap import build_tree
from tests.outside import skip_without
from tests.services.lineclient import LineClient
from tests.services.reload.exchange import Exchange
from tests.services.site import Site

OPER, BRUNO = "1a1dc91c907325c69271ddf0c944bc72", "098f6bcd4621d373cade4e832627b4f6"
LINES = (ServiceLine("astctidemo", "101", "astcti"),)
PHONES = ("SIP/200", "SIP/201", "SIP/311")
KEEPALIVE = 5  # seconds; the specification's are 15
SETTINGS = f"<timeout>{KEEPALIVE}000</timeout><tls_cert>cert.pem</tls_cert>"

CALL_CENTRE = """
S: 100 WELCOME
C: CMPR
S: 103 7
C: USER oper1
S: 100 OK
C: PASS 1a1dc91c907325c69271ddf0c944bc72
S: 102 OK
C: KEEP
S: 104 5000
C: MAC 00:1c:bf:37:53:ba
S: 100 OK SIP/201
# added
S: 202 astcti
C: OSTYPE LINUX
S: 100 OK
C: SERVICES
S: 200 astctidemo astctidemo inbound
S: 200 outgoing outgoing outbound
S: 201 eof
C: QUEUES
S: 202 astcti
S: 203 eof
# call
S: <event id="Newchannel"><call>…<channel>SIP/201-…</channel>…<state>Down</state>…</call></event>
S: <event id="Callerid"><call><uniqueid>…</uniqueid><channel>SIP/201-…</channel><calleridnum>200</calleridnum>\
<calleridname>Demo 1</calleridname><context>astctidemo</context><appdata><data key="calldata">12345</data></appdata>\
<state>Ringing</state>…<queue>astcti</queue>…</call></event>
# answer
S: <event id="Link"><call>…<actions count="1"><browser id="7-…"><destination></destination>\
<parameters>http://crm.example/?callerid=200&amp;calldata=12345</parameters></browser></actions></call></event>
C: PAUSE IN
S: 301 PAUSE PENDING
# hang up
S: <event id="Unlink">…</event>
S: <event id="Hangup">…</event>
S: 300 OK
C: PAUSE OUT
S: 300 OK
C: NOOP
S: 100 OK
C: QUIT
S: 900 OK
# removed
"""

FIRST_GENERATION = """
S: 100 WELCOME
C: USER bruno
S: 100 OK
C: PASS 00000000000000000000000000000000
S: 101 KO wrong user name or password
C: USER bruno
S: 100 OK
C: PASS 098f6bcd4621d373cade4e832627b4f6
S: 102 OK
C: MAC 00:23:ae:01:b3:7b
S: 100 OK SIP/200
S: 200 astcti
C: ORIG 205|outgoing|1
S: 100 OK
# ring
S: <event id="OriginateResponse"><call>…<state>Success</state>…<reason code="4">answered</reason></call></event>
# hang up and refuse
C: PAUSE IN
S: 301 PAUSE PENDING
S: 302 KO Interface not found
C: HELLO
S: 101 KO unknown command
# silence
S: 100 OK idle timeout
"""

OFFICE = """
S: 100 WELCOME
C: STLS
S: 100 OK
# encrypt
C: CAPS errcodes events2 phone
S: 106 errcodes events2
# prove
S: 102 OK …
C: MAC 00:00:00:00:00:01
S: 101 913 unknown MAC address
C: EXTEN SIP/311
S: 100 OK SIP/311
S: <event id="Config"><operator…>…</operator></event>
C: ORIG 00441234 nosuch
S: 101 922 unknown or unusable service
C: ORIG 00441234
S: 100 OK
C: EXTEN 312
S: 101 903 seat already set
"""

REFUSALS = """
S: 100 WELCOME
C: MAC 00:1c:bf:37:53:ba
S: 101 KO not authenticated
C: CMPR 12
S: 101 compression level must be 0 to 9
C: CHPW 1a1dc91c907325c69271ddf0c944bc72
S: 101 not authenticated
"""


def configuration() -> Configuration:
    """Who and what the conversations are about."""
    return Configuration(
        timestamp=1_795_219_200.0,
        settings={"pause_after_call": "yes"},
        actions=(
            Action(id=7, type="BROWSER", parameters="http://crm.example/?callerid={CALLERID}&calldata={calldata}"),
        ),
        services=(
            Service(id=1, name="astctidemo", queue_name="astcti"),
            Service(id=2, name="outgoing", context_type="OUTBOUND"),
        ),
        variables=(Variable(id=1, service_id=1, name="calldata"),),
        service_actions=(ServiceAction(service_id=1, action_id=7),),
        seats=(
            Seat(id=1, mac="00:1c:bf:37:53:ba", exten="SIP/201"),
            Seat(id=2, mac="00:23:ae:01:b3:7b", exten="SIP/200"),
            Seat(id=3, exten="SIP/311"),
        ),
        operators=(
            Operator(id=1, username="oper1", full_name="Oper One", password=OPER, is_call_center=True),
            Operator(id=2, username="bruno", full_name="Bruno", password=BRUNO, is_call_center=True),
            Operator(id=3, username="oper2", full_name="Oper Two", password=OPER),
        ),
        service_operators=(
            ServiceOperator(service_id=1, operator_id=1, penalty=1),
            ServiceOperator(service_id=2, operator_id=1),
            ServiceOperator(service_id=1, operator_id=2),
            ServiceOperator(service_id=2, operator_id=2),
            ServiceOperator(service_id=2, operator_id=3),
        ),
    )


class PackedClient(LineClient):
    """A client that can be told to compress what it says, and to inflate what it hears."""

    def __init__(self) -> None:
        super().__init__()
        self.inflater: Any = None
        self._deflater: Any = None

    def compress(self) -> None:
        """From here on both directions are zlib streams."""
        self.inflater, self._deflater = zlib.decompressobj(), zlib.compressobj()

    def dataReceived(self, data: bytes) -> None:
        super().dataReceived(data if self.inflater is None else self.inflater.decompress(data))

    def sendLine(self, line: bytes) -> None:
        data = line + self.delimiter
        if self._deflater is not None:
            data = self._deflater.compress(data) + self._deflater.flush(zlib.Z_SYNC_FLUSH)
        self.transport.write(data)


class ConversationTests(TestCase):
    """``C:`` is said; ``S:`` must be heard, with ``…`` for anything; at a ``#`` a method has something happen.

    Events may come between the lines, as they do in life; numeric lines are these and no others, in this order.
    """

    timeout = 60
    skip = skip_without("ASTCTI_TEST_WHOLE")

    async def setUp(self) -> None:
        self.exchange = Exchange(LINES, PHONES)
        self.exchange.pbx.dialplan.add("outgoing", "0.", (Step("Dial", "SIP/${EXTEN}@trunk,15"), Step("Hangup")))
        self.site = Site(await self.exchange.start())
        self.addCleanup(self.site.remove)
        self.addCleanup(self.exchange.stop)
        self.ca = trustme.CA()
        certificate = self.ca.issue_cert("localhost").private_key_and_cert_chain_pem.bytes()
        (self.site.folder / "cert.pem").write_bytes(certificate)
        path = self.site.bootstrap_path
        path.write_text(path.read_text().replace("<timeout>15000</timeout>", SETTINGS))
        self.site.replace_runtime(write_xml(configuration()).decode())
        bootstrap = self.site.bootstrap
        loader = Loader.of(bootstrap, action_types())
        loaded = loader.first()
        self.server = build_tree(reactor, bootstrap, loaded.configuration, loader=loader, loaded=loaded)
        self.server.startService()
        self.addCleanup(self.end)
        await self.server.ready
        port = int(self.server.door.addresses[0].rpartition(" ")[2])
        endpoint = clientFromString(reactor, f"tcp:127.0.0.1:{port}")
        self.client: PackedClient = await endpoint.connect(Factory.forProtocol(PackedClient))
        self.heard = 0

    async def end(self) -> None:
        """Stop the server."""
        await self.server.stopService()
        await deferLater(reactor, GRANULARITY * 1.1)

    async def play(self, conversation: str, **happens: Callable[[], Any]) -> None:
        """Hold a conversation."""
        for line in conversation.strip().splitlines():
            who, text = line[:1], line[2:].strip()
            if who == "C":
                self.client.sendLine(text.encode())
            elif who == "#":
                happened = happens[text.replace(" ", "_")]()
                if happened is not None:
                    await happened
            else:
                await self.hear(text)
                if text.startswith("103 "):
                    self.client.compress()
        await deferLater(reactor, 0.1)
        self.assertEqual([line for line in self.client.lines[self.heard :] if not line.startswith("<")], [])

    async def hear(self, wanted: str) -> None:
        """Wait for a line; only events may come before it."""
        pattern = re.compile(".*".join(map(re.escape, wanted.split("…"))))
        for _ in range(1000):
            while self.heard < len(self.client.lines):
                line = self.client.lines[self.heard]
                self.heard += 1
                if pattern.fullmatch(line):
                    return
                self.assertTrue(line.startswith("<"), f"{line} instead of {wanted} in {self.client.lines}")
            await deferLater(reactor, 0.01)
        self.fail(f"{wanted} was not said: {self.client.lines}")

    async def until(self, so: Callable[[], Any]) -> None:
        """Wait for something on the PBX."""
        for _ in range(500):
            if so():
                return
            await deferLater(reactor, 0.01)
        self.fail(f"waited in vain: {self.client.lines[-5:]}")

    async def test_call_centre(self) -> None:
        """A call centre's operator with compression takes a queue's call, and pauses behind it."""
        exchange = self.exchange
        members = exchange.pbx.queues["astcti"].members

        async def answer() -> None:
            await self.until(lambda: exchange.legs("SIP/201", "Ringing"))
            exchange.pick_up("SIP/201")

        await self.play(
            CALL_CENTRE,
            added=lambda: self.until(lambda: exchange.members("astcti") == {"SIP/201": 1}),
            call=lambda: exchange.call("astctidemo", who=Somebody("200", "Demo 1", "12345")) and None,
            answer=answer,
            hang_up=lambda: exchange.hang_up(exchange.legs("SIP/201")[0]),
            removed=lambda: self.until(lambda: not members),
        )
        await self.client.ended()
        self.assertTrue(self.client.inflater.eof, "the stream is finished")

    async def test_first_generation(self) -> None:
        """An old client calls out, may not pause, and falls silent."""

        async def ring() -> None:
            await self.until(lambda: self.exchange.legs("SIP/200", "Ringing"))
            self.exchange.pick_up("SIP/200")

        def denied(link: Any, request: Any) -> None:
            raise Denied("Interface not found")

        def refuse() -> None:
            self.exchange.hang_up(self.exchange.legs("SIP/200")[0])
            verbs = self.exchange.office.board.verbs
            self.exchange.office.board.verbs = {**verbs, "queuepause": verbs["queuepause"]._replace(perform=denied)}

        await self.play(
            FIRST_GENERATION,
            ring=ring,
            hang_up_and_refuse=refuse,
            silence=lambda: deferLater(reactor, KEEPALIVE - 1),
        )
        await self.client.ended()
        await self.until(lambda: not self.exchange.members("astcti"))

    async def test_office(self) -> None:
        """Somebody in an office encrypts, proves the password, and sits at an extension."""
        trust = trustRootFromCertificates([Certificate.loadPEM(self.ca.cert_pem.bytes())])

        async def prove() -> None:
            exchange = ClientExchange("oper2", OPER.encode(), "rOprNGfEbeRWgbNEkqO")
            first = b64encode(exchange.first()).decode()
            challenge = await self.client.ask(f"AUTH {PLAIN_BINDING} {first}", "105 ")
            self.heard = len(self.client.lines)
            reply = await deferToThread(exchange.reply, b64decode(challenge[4:]))
            self.client.sendLine(f"AUTH {b64encode(reply).decode()}".encode())
            self.proof = exchange

        await self.play(
            OFFICE,
            encrypt=lambda: self.client.transport.startTLS(CertificateOptions(trustRoot=trust)),
            prove=prove,
        )
        (answer,) = (line for line in self.client.lines if line.startswith("102 "))
        self.proof.verify(b64decode(answer.removeprefix("102 OK ")))
        self.client.sendLine(b"QUIT")
        await self.client.ended()

    async def test_refusals(self) -> None:
        """Failures before a login, first undecided, then those of the second generation."""
        await self.play(REFUSALS)
        self.client.sendLine(b"QUIT")
        await self.client.ended()
