"""Two generations of clients, and charsets of old ones."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from astcti.errors import Refused
from astcti.protocols.commandtable import V2_WORDS
from astcti.protocols.settings import ProtocolSettings
from tests.protocols.fakes import OPER1, FakeDesk, Peer, a_notice

MAC = "00:1c:bf:37:53:ba"


def connect(**settings: object) -> Peer:
    """A client that has read the greeting."""
    peer = Peer(settings=ProtocolSettings(require_tls="no", **settings))
    peer.hears()
    return peer


def seated(*lines: str, **settings: object) -> Peer:
    """A client at work, after having said ``lines``."""
    peer = connect(**settings)
    peer.asks(*lines, "USER oper1", f"PASS {OPER1}", f"MAC {MAC}")
    return peer


class DialectTests(SynchronousTestCase):
    """Who gets KO."""

    def test_undecided(self) -> None:
        """Until a client shows its age its failures are those of v1, which v2 can read too."""
        peer = connect()
        self.assertEqual(peer.asks("HELLO", "PASS x", "USER"), [
            "101 KO unknown command", "101 KO send USER first", "101 KO no user name given",
        ])  # fmt: skip

    def test_v2_words(self) -> None:
        """From the reply to the first word that only v2 knows there is no KO, whether or not it was granted."""
        for word in V2_WORDS:
            peer = connect(compression_level=0)
            self.assertNotIn("KO", " ".join(peer.asks(word)), word)
            self.assertEqual(peer.asks("HELLO"), ["101 unknown command"], word)

    def test_no_v2_words(self) -> None:
        """The words that both know decide nothing."""
        peer = connect()
        peer.asks("NOOP", "USER x", "PASS x", "MAC x")
        self.assertEqual(peer.asks("HELLO"), ["101 KO unknown command"])

    def test_becoming_v1(self) -> None:
        """A client at work that said no word of v2 is a v1 client, until it says one."""
        peer = seated()
        peer.session.queue_changed("astcti", True)
        peer.session.queue_changed("astcti", False)
        self.assertEqual(peer.hears(), ["200 astcti"])
        self.assertEqual(peer.asks("HELLO"), ["101 KO unknown command"])
        self.assertEqual(peer.asks("KEEP", "HELLO"), ["104 15000", "101 unknown command"])
        peer.session.queue_changed("astcti", True)
        peer.session.queue_changed("astcti", False)
        self.assertEqual(peer.hears(), ["202 astcti", "202 astcti unavailable"])

    def test_empty_data(self) -> None:
        """Only a v1 client gets an empty entry for a call without variables."""
        for peer, wanted in ((seated(), True), (seated("KEEP"), False)):
            peer.hears()
            peer.session.notify(a_notice(variables=()), ())
            self.assertEqual('<data key=""></data>' in peer.hears()[0], wanted)

    def test_pinned(self) -> None:
        """A listener can say what its clients are."""
        peer = seated("KEEP", "CAPS errcodes", dialect="v1")
        peer.session.queue_changed("astcti", True)
        self.assertEqual(peer.hears()[-1], "200 astcti")
        self.assertEqual(peer.asks("HELLO"), ["101 KO 900 unknown command"])
        self.assertEqual(connect(dialect="v2").asks("HELLO"), ["101 unknown command"])

    def test_refused_at_the_door(self) -> None:
        """Who is not taken hears why, and that is all."""
        desk = FakeDesk()
        desk.refuse_all = Refused(905, "no link to the PBX")
        peer = Peer(desk)
        self.assertEqual((peer.hears(), peer.closed, desk.detached), (["101 KO no link to the PBX"], True, []))


class CharsetTests(SynchronousTestCase):
    """Clients that do not speak UTF-8."""

    def test_refused(self) -> None:
        """By default their lines are malformed."""
        peer = connect()
        peer.sends("USER José\n".encode("latin-1"))
        self.assertEqual(peer.hears(), ["101 KO malformed line"])

    def test_legacy(self) -> None:
        """With a legacy charset set they are understood, and answered in it."""
        peer = connect(legacy_charset="latin-1")
        peer.desk.accounts["José"] = OPER1
        peer.sends(f"USER José\nPASS {OPER1}\nMAC {MAC}\n".encode("latin-1"))
        peer.session.queue_changed("Recepción 北", True)
        peer.session.notify(a_notice(name="Łukasz é"), ())
        peer.flush()
        lines = peer.received.split(b"\n")
        self.assertEqual(lines[3], "200 Recepción ?".encode("latin-1"))
        self.assertIn(b"<calleridname>&#321;ukasz &#233;</calleridname>", peer.received)

    def test_utf8_stays(self) -> None:
        """A client that speaks UTF-8 is answered in it, whatever the legacy charset is."""
        peer = seated(legacy_charset="latin-1")
        peer.session.queue_changed("北", True)
        self.assertEqual(peer.hears()[-1], "200 北")

    def test_control_bytes(self) -> None:
        """They are malformed in any charset."""
        for settings in ({}, {"legacy_charset": "latin-1"}):
            peer = connect(**settings)
            peer.sends(b"NOOP\x00\nNO\rOP\nNOOP\x7f\n")
            self.assertEqual(peer.hears(), ["101 KO malformed line"] * 3)


class CapabilityTests(SynchronousTestCase):
    """What only those hear who asked."""

    def test_events2(self) -> None:
        """Further events and the PBX's state go to clients with events2."""
        for lines, wanted in (((), []), (("CAPS events2",), ["Hold", "Pbx", "Pbx"])):
            peer = seated(*lines)
            peer.hears()
            peer.session.notify(a_notice("Hold"), ())
            peer.session.pbx_changed(False)
            peer.session.pbx_changed(True)
            heard = peer.hears()
            self.assertEqual([h.split('"')[1] for h in heard], wanted)
            if wanted:
                self.assertEqual(heard[1], '<event id="Pbx"><pbx state="down"></pbx></event>')

    def test_events2_at_work(self) -> None:
        """Who asks for them only when seated is told then, behind the answer, what others were told at the seat."""
        for lines, first, again in (((), 1, 1), (("CAPS events2",), 0, 0)):
            peer = seated(*lines)
            self.assertEqual(peer.desk.hearing, [])
            peer.asks("CAPS errcodes")
            told = peer.asks("CAPS events2")
            self.assertEqual(told[0], "106 errcodes events2")
            self.assertEqual(
                (told[1:], len(peer.desk.hearing)), (['<event id="Config"><operator/></event>'] * first, first)
            )
            peer.asks("CAPS events2", "CAPS")
            self.assertEqual(len(peer.desk.hearing), again)

    def test_disconnect(self) -> None:
        """They are told in XML why they are dismissed, before the line that everybody gets."""
        for lines, wanted in (
            ((), ["101 KO server shutting down"]),
            (("CAPS events2 errcodes",), ['<event id="Disconnect"><reason>shutdown</reason></event>',
                                          "101 990 server shutting down"]),
        ):  # fmt: skip
            peer = seated(*lines)
            peer.hears()
            peer.session.dismiss(990, "server shutting down", "shutdown")
            self.assertEqual((peer.hears(), peer.closed), (wanted, True))
            peer.session.dismiss(990, "server shutting down", "shutdown")
            peer.session.notify(a_notice(), ())
            self.assertEqual((peer.asks("NOOP"), len(peer.desk.detached)), ([], 1))

    def test_trace(self) -> None:
        """Lines can be shown to an administrator, both ways and without digests."""
        peer = seated("KEEP")
        shown: list[tuple[str, str, str]] = []
        peer.context.trace = lambda *line: shown.append(line)
        peer.hears()
        peer.asks("SERVICES", f"CHPW {OPER1} x")
        self.assertEqual(
            [f"{way}: {text}" for _, way, text in shown],
            ["C: SERVICES", "C: CHPW ***", "S: 200 astctidemo astctidemo inbound", "S: 200 outgoing outgoing outbound",
             "S: 201 eof", "S: 101 malformed digest"],
        )  # fmt: skip
