"""The client's side without I/O: against texts of servers old and new, and against our own server's side."""

from __future__ import annotations

import zlib

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from astcti.errors import PeerError, Refused
from astcti.model.notices import CallView
from astcti.protocols.client import (
    CallEvent,
    ClientSession,
    Closing,
    Line,
    PauseChanged,
    QueueChanged,
    ServerEvent,
    Unknown,
)
from astcti.protocols.client.requests import QueueEntry, ServiceEntry, parse_line, parse_queue, parse_refusal
from astcti.protocols.client.session import Answered, Happening
from astcti.protocols.limits import XML_LINE
from tests.protocols.fakes import OPER1, Peer, a_notice, an_action


def results(happenings: list[Happening]) -> list[object]:
    """What answers say, and everything else as it is."""
    return [
        (h.result if h.refusal is None else (h.refusal.number, h.refusal.reason)) if isinstance(h, Answered) else h
        for h in happenings
    ]


class ConversationTests(SynchronousTestCase):
    """What a client makes of a server's lines."""

    def setUp(self) -> None:
        self.session = ClientSession()

    def told(self, text: str) -> list[object]:
        return results(self.session.feed(text.encode()))

    def asked(self, *lines: str) -> bytes:
        for line in lines:
            self.session.ask(line)
        return self.session.take()

    def test_nothing_before_the_greeting(self) -> None:
        """The server speaks first; what was asked before goes out then."""
        self.assertEqual(self.asked("NOOP", "KEEP"), b"")
        self.assertEqual(self.told("100 WELCOME\n"), ["WELCOME"])
        self.assertEqual(self.session.take(), b"NOOP\nKEEP\n")

    def test_refused_greeting(self) -> None:
        """A server that takes nobody says why."""
        self.assertEqual(self.told("101 KO no link to the PBX\n"), [(0, "no link to the PBX")])

    def test_answers(self) -> None:
        """Every command's answer has its type."""
        self.told("100 WELCOME\n")
        self.asked("USER x", "PASS y", "KEEP", "CAPS errcodes", "MAC z", "OSTYPE LINUX", "SERVICES", "QUEUES", "IDEN")
        text = (
            "100 OK\n102 OK\n104 15000\n106 errcodes\n100 OK SIP/201 SIP/202\n100 OK\n"
            "200 demo ctx inbound\n200 out out outbound more\n201 eof\n202 a\n202 b unavailable\n203 eof\n"
            "100 OK SIP/201\n"
        )
        self.assertEqual(
            self.told(text),
            [None, None, 15000, frozenset({"errcodes"}), ("SIP/201", "SIP/202"), None,
             (ServiceEntry("demo", "ctx", "inbound"), ServiceEntry("out", "out", "outbound")),
             (QueueEntry("a", True), QueueEntry("b", False)), ("SIP/201",)],
        )  # fmt: skip
        self.asked("NOOP", "CHPW a b", "CAPS ?", "QUIT")
        self.assertEqual(
            self.told("100 OK\n101 915 no\n106 errcodes events2\n900 OK\n"),
            [None, (915, "no"), frozenset({"errcodes", "events2"}), None],
        )
        self.assertEqual(self.session.capabilities, {"errcodes"})

    def test_historic_answers(self) -> None:
        """Old servers put more words into their answers, and say what they do not know in several ways."""
        self.told("100 OK Welcome to the CTI server\n")
        self.asked("CAPS errcodes", "USER x", "PASS y", "KEEP", "MAC z", "QUIT")
        self.assertEqual(
            self.told(
                "101 KO Invalid Command\n100 OK User found\n102 OK Authenticated\n104 OK 30000\n100 OK\n900 BYE\n"
            ),
            [(0, "Invalid Command"), None, None, 30000, (), None],
        )

    def test_refusals(self) -> None:
        """A refusal has its number when numbers were agreed on, and is never mistaken for one."""
        self.told("100 WELCOME\n")
        self.asked("MAC x")
        self.assertEqual(self.told("101 911 calls later\n"), [(0, "911 calls later")])
        self.asked("CAPS errcodes")
        self.told("106 errcodes\n")
        refusals = {"913 unknown MAC": (913, "unknown MAC"), "KO 913 x": (913, "x"), "what": (0, "what"), "KO": (0, "")}
        for text, refusal in refusals.items():
            self.asked("MAC x")
            self.assertEqual(self.told(f"101 {text}\n"), [refusal])

    def test_unknown_commands(self) -> None:
        """A command that this library does not know is sent, and answered with the line as it is."""
        self.told("100 WELCOME\n")
        self.asked("ACCT 7 8", "HOLD 1.2", "LIST", "LIST")
        self.assertEqual(self.told("100 OK fine\n108 new kind\n101 no\n205 eof\n"), [
            Line(100, "OK fine"), Line(108, "new kind"), (0, "no"), Line(205, "eof"),
        ])  # fmt: skip

    def test_notices(self) -> None:
        """What nobody asked for is told as what it is, also between question and answer."""
        self.told("100 WELCOME\n")
        self.asked("NOOP")
        said = "202 astcti\n200 old\n202 sales unavailable\n300 OK\n302 no\n204 q n=1\n888 later\nrubbish\n\n100 OK\n"
        self.assertEqual(
            self.told(said),
            [QueueChanged("astcti", True), QueueChanged("old", True), QueueChanged("sales", False), PauseChanged(False),
             PauseChanged(False, 906, "no"), Unknown(204, "q n=1"), Unknown(888, "later"), Unknown(0, "rubbish"), None],
        )  # fmt: skip

    def test_pauses(self) -> None:
        """``301`` completes ``PAUSE IN``, and its outcome comes later; ``PAUSE OUT`` is completed by its outcome."""
        self.told("100 WELCOME\n")
        self.asked("PAUSE IN", "NOOP", "PAUSE OUT")
        self.assertEqual(self.told("301 PAUSE PENDING\n100 OK\n300 OK\n"), [False, None, PauseChanged(True)])
        self.assertEqual(self.told("300 OK\n302 late\n"), [True, PauseChanged(False, 906, "late")])

    def test_pause_while_pending(self) -> None:
        """What is wrong with a second ``PAUSE`` is its own answer, not the outcome of the first."""
        for reply, refusal in (
            ("926 pause request already pending", (926, "pause request already pending")),
            ("901 characters that cannot be shown", (901, "characters that cannot be shown")),
            ("931 unknown pause reason", (931, "unknown pause reason")),
            ("921 unknown queue", (921, "unknown queue")),
        ):
            self.setUp()
            self.told("100 WELCOME\n")
            self.asked("CAPS errcodes", "PAUSE IN", "PAUSE IN reason=x")
            self.assertEqual(self.told("106 errcodes\n301 PAUSE PENDING\n")[1:], [False])
            self.assertEqual(self.told(f"302 {reply}\n300 OK\n"), [refusal, PauseChanged(True)])

    def test_pause_cancelled(self) -> None:
        """``PAUSE OUT`` may end a pause that is still to begin: that one's outcome comes first."""
        self.told("100 WELCOME\n")
        self.asked("CAPS errcodes", "PAUSE IN", "PAUSE OUT")
        said = "106 errcodes\n301 PAUSE PENDING\n302 903 cancelled\n302 905 no link\n"
        self.assertEqual(self.told(said)[1:], [False, PauseChanged(True, 903, "cancelled"), (905, "no link")])

    def test_paused_by_another_meanwhile(self) -> None:
        """With events2 somebody else's pause may be told just before the answer to ``PAUSE IN``."""
        self.told("100 WELCOME\n")
        self.asked("CAPS events2", "PAUSE IN")
        said = "106 events2\n300 OK\n301 PAUSE PENDING\n300 OK\n"
        self.assertEqual(self.told(said)[1:], [PauseChanged(False), False, PauseChanged(True)])

    def test_sent_away_while_asking(self) -> None:
        """The line behind ``Disconnect`` answers nothing: it says why the server closes."""
        self.told("100 WELCOME\n")
        self.asked("CAPS events2 errcodes", "NOOP")
        said = '<event id="Disconnect"><reason>replaced</reason></event>\n101 910 logged in elsewhere\n'
        _, event, closing = self.told("106 errcodes events2\n" + said)
        self.assertIsInstance(event, ServerEvent)
        self.assertEqual(closing, Closing(910, "logged in elsewhere"))
        self.assertEqual([request.word for request in self.session.outstanding], ["NOOP"])

    def test_closing(self) -> None:
        """The line before a close says why."""
        for text, closing in (
            ("100 OK idle timeout", Closing(0, "OK idle timeout")),
            ("101 server shutting down", Closing(0, "server shutting down")),
            ("900 OK", Closing(0, "OK")),
        ):
            self.setUp()
            self.told("100 WELCOME\n")
            self.assertEqual(self.told(text + "\n"), [closing])

    def test_a_notice_before_a_list(self) -> None:
        """A queue's change just before the list of queues does not make it appear twice."""
        self.told("100 WELCOME\n")
        self.asked("QUEUES")
        self.assertEqual(self.told("202 a unavailable\n202 b\n202 a\n203 eof\n"), [
            (QueueEntry("a", True), QueueEntry("b", True)),
        ])  # fmt: skip

    def test_events(self) -> None:
        """Events come as values, on one line or on many, between any lines."""
        self.told("100 WELCOME\n")
        one = '<event id="Link"><call><uniqueid>1.2</uniqueid><channel>SIP/1</channel></call></event>\n'
        many = (
            '<?xml version="1.0"?>\n<!-- x -->\n<event id="Hangup">\n <call>\n  <uniqueid>1.2</uniqueid>\n'
            "  <channel>SIP/1</channel>\n  <state>\n100 OK\n</state>\n </call>\n</event>\n"
        )
        other = '<event id="Disconnect"><reason>idle</reason></event>\n<event id="X"/>\n'
        self.assertEqual(
            self.told(one + many + other + "202 a\n"),
            [CallEvent("Link", CallView("1.2", "SIP/1")),
             CallEvent("Hangup", CallView("1.2", "SIP/1", state="\n100 OK\n")),
             ServerEvent("Disconnect", "reason", "idle"), ServerEvent("X"), QueueChanged("a", True)],
        )  # fmt: skip

    def test_unreadable_event(self) -> None:
        """A document that is none costs nothing but itself."""
        self.told("100 WELCOME\n")
        happenings = self.told("<event><b></event>\n<html></html>\n202 a\n")
        self.assertEqual([type(h).__name__ for h in happenings], ["Unknown", "Unknown", "QueueChanged"])

    def test_compression(self) -> None:
        """From the answer to CMPR on both directions are zlib, whatever came in the same packet."""
        self.told("100 WELCOME\n")
        self.assertEqual(self.asked("CMPR 9", "NOOP"), b"CMPR 9\n")
        z = zlib.compressobj()
        data = z.compress(b"100 OK\n202 a\n") + z.flush(zlib.Z_SYNC_FLUSH)
        self.assertEqual(results(self.session.feed(b"103 7\n" + data)), [7, None, QueueChanged("a", True)])
        self.asked("QUIT")
        reader = zlib.decompressobj()
        self.assertEqual(reader.decompress(self.session.take()), b"")
        self.assertEqual(self.session.level, 7)

    def test_client_stream(self) -> None:
        """What the client sends is a zlib stream that ends with QUIT, and needs little of the server's memory."""
        self.told("100 WELCOME\n")
        self.asked("CMPR 9")
        self.told("103 7\n")
        data = self.asked("NOOP", "KEEP", "QUIT", "NOOP")
        self.assertEqual(8 + (data[0] >> 4), 10)
        reader = zlib.decompressobj()
        self.assertEqual((reader.decompress(data), reader.eof), (b"NOOP\nKEEP\nQUIT\n", True))

    def test_no_compression(self) -> None:
        """Level 0 changes nothing, and CMPR can be asked again."""
        self.told("100 WELCOME\n")
        self.asked("CMPR")
        self.assertEqual(self.told("103 0\n"), [0])
        self.assertEqual(self.asked("CMPR"), b"CMPR\n")

    def test_stls(self) -> None:
        """Nothing is sent while TLS is agreed on, and nothing believed that came in the clear with the answer."""
        self.told("100 WELCOME\n")
        self.assertEqual(self.asked("STLS", "USER x"), b"STLS\n")
        self.assertEqual(self.told("100 OK\n"), [None])
        self.assertEqual(self.session.take(), b"USER x\n")
        self.asked("STLS")
        with self.assertRaises(PeerError):
            self.told("100 OK\n100 OK\n100 OK\n")

    def test_broken_servers(self) -> None:
        """An endless line, an endless document, a stream that is none, an answer without its number: the end."""
        for start, text in (
            ("", "1" * XML_LINE), ("", "<event>" + "x" * XML_LINE), ("", "<event>\n" * 10_000), ("KEEP", "104 soon\n"),
            ("CMPR", "103 7\n100 OK\n"),
        ):  # fmt: skip
            self.setUp()
            self.told("100 WELCOME\n")
            if start:
                self.asked(start)
            with self.assertRaises(PeerError, msg=text[:20]):
                self.told(text)

    def test_one_line(self) -> None:
        """A command cannot become two."""
        for line in ("NOOP\nQUIT", "NOOP\rQUIT"):
            with self.assertRaises(ValueError):
                self.session.ask(line)

    def test_secrets(self) -> None:
        """A request does not show its password."""
        self.assertNotIn(OPER1, repr(self.session.ask(f"PASS {OPER1}")))

    @given(st.binary(max_size=300) | st.text(max_size=300).map(lambda t: t.encode("utf-8", "replace")), st.booleans())
    @settings(deadline=None)
    def test_rubbish(self, data: bytes, compressed: bool) -> None:
        """Rubbish is told, or ends the connection; nothing else happens."""
        session = ClientSession()
        session.feed(b"100 WELCOME\n")
        session.ask("CMPR" if compressed else "QUEUES")
        try:
            if compressed:
                session.feed(b"103 7\n")
            session.feed(data)
            session.feed(b"\n" + data)
        except PeerError:
            pass


class ParsingTests(SynchronousTestCase):
    """The small readers."""

    def test_lines(self) -> None:
        """Three digits and a blank, or nothing behind them."""
        self.assertEqual(
            [parse_line(t) for t in ("100", "100 ", "100 OK  x ", "1000", "10", "100OK", "x", "")],
            [Line(100, ""), Line(100, ""), Line(100, "OK  x"), None, None, None, None, None],
        )

    def test_queues(self) -> None:
        """A queue may be called like its state."""
        self.assertEqual(
            [parse_queue(t) for t in ("a", "a unavailable", "unavailable", "a b", "a b unavailable")],
            [("a", True), ("a", False), ("unavailable", True), ("a b", True), ("a b", False)],
        )

    def test_refusals(self) -> None:
        """KO goes, words that begin with it stay."""
        self.assertEqual([parse_refusal(t, False).reason for t in ("KO x", "KOx", "x KO")], ["x", "KOx", "x KO"])
        self.assertIsInstance(parse_refusal("911 x", True), Refused)


class BothSidesTests(SynchronousTestCase):
    """Our client and our server."""

    def talk(self, peer: Peer, client: ClientSession, cut: int) -> list[object]:
        """Carry bytes to and fro until there are none, in pieces."""
        happened: list[object] = []
        while True:
            peer.flush()
            down, peer.received = peer.received, b""
            for at in range(0, len(down), cut):
                happened += results(client.feed(down[at : at + cut]))
            up = client.take()
            for at in range(0, len(up), cut):
                peer.sends(up[at : at + cut])
            if not up and not peer.received:
                return happened

    @given(st.integers(1, 300), st.integers(0, 9))
    @settings(deadline=None, max_examples=50)
    def test_whole_life(self, cut: int, level: int) -> None:
        """From greeting to goodbye, at any level, in any pieces."""
        peer, client = Peer(), ClientSession()
        for line in ("CAPS errcodes", f"CMPR {level}", "USER oper1", f"PASS {OPER1}", "MAC 001cbf3753ba", "QUEUES"):
            client.ask(line)
        self.assertEqual(
            self.talk(peer, client, cut),
            ["WELCOME", frozenset({"errcodes"}), min(7, level), None, None, ("SIP/201",),
             (QueueEntry("astcti", True), QueueEntry("sales", False))],
        )  # fmt: skip
        peer.session.notify(a_notice(name="Łukasz"), an_action())
        peer.session.queue_changed("astcti", False)
        client.ask("OSTYPE BEOS")
        client.ask("QUIT")
        event, queue, refused, bye = self.talk(peer, client, cut)
        assert isinstance(event, CallEvent)
        self.assertEqual((event.call, event.actions), (a_notice(name="Łukasz").call, tuple(an_action())))
        self.assertEqual(
            (queue, refused, bye), (QueueChanged("astcti", False), (912, "unknown operating system"), None)
        )
        self.assertEqual((peer.closed, client.waits), (True, False))
