"""The conversations printed in the protocol's specification, word by word."""

from __future__ import annotations

import re
from collections.abc import Callable

from twisted.trial.unittest import SynchronousTestCase

from astcti.model.commands import ClaimMac, Login, SetSystem
from astcti.protocols.settings import ProtocolSettings
from tests.protocols.fakes import BRUNO, OPER1, Peer, a_notice, an_action


class TranscriptTests(SynchronousTestCase):
    """``C:`` is said, ``S:`` must be heard, ``…`` is anything; what is called happens on the PBX."""

    def play(self, peer: Peer, *steps: str | Callable[[], object]) -> None:
        """Play a conversation and see that nothing else is heard."""
        heard = peer.hears()
        for step in steps:
            if callable(step):
                step()
                heard += peer.hears()
            elif step.startswith("C: "):
                self.assertEqual(heard, [], f"before {step}")
                heard = peer.asks(step[3:])
            else:
                self.assertTrue(heard, f"{step} was not said")
                pattern = ".*".join(map(re.escape, step[3:].split("…")))
                self.assertRegex(heard.pop(0), f"^{pattern}$")
        self.assertEqual(heard, [])

    def test_call_centre_operator(self) -> None:
        """18.1: a v2 operator with compression takes a queue call, and pauses behind it."""
        peer = Peer()
        session = peer.session
        ring = a_notice("Callerid", state="Ringing", queue="astcti")
        self.play(
            peer,
            "S: 100 WELCOME",
            "C: CMPR",
            "S: 103 7",
            peer.compress,
            "C: USER oper1",
            "S: 100 OK",
            "C: PASS 1a1dc91c907325c69271ddf0c944bc72",
            "S: 102 OK",
            "C: KEEP",
            "S: 104 15000",
            "C: MAC 00:1c:bf:37:53:ba",
            "S: 100 OK SIP/201",
            "C: OSTYPE LINUX",
            "S: 100 OK",
            lambda: session.queue_changed("astcti", True),
            "S: 202 astcti",
            "C: SERVICES",
            "S: 200 astctidemo astctidemo inbound",
            "S: 200 outgoing outgoing outbound",
            "S: 201 eof",
            "C: QUEUES",
            "S: 202 astcti",
            "S: 202 sales unavailable",
            "S: 203 eof",
            lambda: session.notify(a_notice("Newchannel", state="Down", variables=()), ()),
            'S: <event id="Newchannel"><call>…<channel>SIP/201-089639a0</channel>…<state>Down</state></call></event>',
            lambda: session.notify(ring, ()),
            'S: <event id="Callerid"><call><uniqueid>1231258004.4</uniqueid><channel>SIP/201-089639a0</channel>'
            "<calleridnum>200</calleridnum><calleridname>Demo 1</calleridname><context>astctidemo</context>"
            '<appdata><data key="calldata">12345</data></appdata><state>Ringing</state><queue>astcti</queue>'
            "</call></event>",
            lambda: session.notify(a_notice(), an_action()),
            'S: <event id="Link"><call>…<actions count="1"><browser id="7-50b89a273333e7f0"><destination></destination>'
            "<parameters>http://crm.example/?callerid=200&amp;calldata=12345</parameters></browser></actions>"
            "</call></event>",
            "C: PAUSE IN",
            "S: 301 PAUSE PENDING",
            lambda: session.notify(a_notice("Unlink"), ()),
            'S: <event id="Unlink">…</event>',
            lambda: session.notify(a_notice("Hangup"), ()),
            'S: <event id="Hangup">…</event>',
            lambda: session.pause_changed(0, ""),
            "S: 300 OK",
            "C: PAUSE OUT",
            "S: 300 OK",
            "C: NOOP",
            "S: 100 OK",
            "C: QUIT",
            "S: 900 OK",
        )
        self.assertTrue(peer.stream_finished)
        self.assertTrue(peer.closed)
        self.assertEqual(peer.desk.detached, [session])
        asked = [Login("oper1", OPER1), ClaimMac("00:1c:bf:37:53:ba"), SetSystem("LINUX")]
        self.assertEqual(peer.desk.asked[:3], asked)

    def test_v1(self) -> None:
        """18.2: a client of the first generation, until it falls silent."""
        peer = Peer()
        session = peer.session
        result = a_notice("OriginateResponse", state="Success", reason_code=4, reason_text="answered")
        self.play(
            peer,
            "S: 100 WELCOME",
            "C: USER bruno",
            "S: 100 OK",
            "C: PASS 00000000000000000000000000000000",
            "S: 101 KO wrong user name or password",
            "C: USER bruno",
            "S: 100 OK",
            f"C: PASS {BRUNO}",
            "S: 102 OK",
            "C: MAC 00:23:ae:01:b3:7b",
            "S: 100 OK SIP/200",
            lambda: session.queue_changed("astcti", True),
            "S: 200 astcti",
            "C: ORIG 205|outgoing|1",
            "S: 100 OK",
            lambda: session.notify(result, ()),
            'S: <event id="OriginateResponse"><call>…<state>Success</state>…<reason code="4">answered</reason>'
            "</call></event>",
            "C: PAUSE IN",
            "S: 301 PAUSE PENDING",
            lambda: session.pause_changed(906, "Interface not found"),
            "S: 302 KO Interface not found",
            "C: HELLO",
            "S: 101 KO unknown command",
            lambda: peer.wait(15),
            lambda: self.assertFalse(peer.closed),
            lambda: peer.wait(0.5),
            "S: 100 OK idle timeout",
        )
        self.assertTrue(peer.closed)

    def test_office_user(self) -> None:
        """18.3: TLS on the way, numbers with errors, the seat by extension."""
        peer = Peer(tls=True)
        self.play(
            peer,
            "S: 100 WELCOME",
            "C: STLS",
            "S: 100 OK",
            lambda: self.assertEqual((peer.handshakes, peer.session.secure), (1, True)),
            "C: CAPS errcodes events2 phone",
            "S: 106 errcodes events2",
            "C: USER oper1",
            "S: 100 OK",
            f"C: PASS {OPER1}",
            "S: 102 OK",
            "C: MAC 00:00:00:00:00:01",
            "S: 101 913 unknown MAC address",
            "C: EXTEN SIP/311",
            "S: 100 OK SIP/311",
            "C: ORIG 00441234 nosuch",
            "S: 101 922 unknown or unusable service",
            "C: ORIG 00441234",
            "S: 100 OK",
            "C: EXTEN 312",
            "S: 101 903 seat already set",
        )

    def test_refusals(self) -> None:
        """18.4: failures before a login, first undecided, then v2."""
        self.play(
            Peer(settings=ProtocolSettings()),
            "S: 100 WELCOME",
            "C: MAC 00:1c:bf:37:53:ba",
            "S: 101 KO not authenticated",
            "C: CMPR 12",
            "S: 101 compression level must be 0 to 9",
            "C: CHPW 1a1dc91c907325c69271ddf0c944bc72",
            "S: 101 not authenticated",
        )
