"""Pauses, after-call work and queues in words: what is asked, how it is answered, and percents."""

from __future__ import annotations

from twisted.internet.defer import Deferred
from twisted.trial.unittest import SynchronousTestCase

from astcti.errors import Refused
from astcti.model.commands import (
    AskQueues,
    EndWrapUp,
    JoinQueue,
    LeaveQueue,
    Pause,
    PauseConfirmed,
    SetWrapUp,
)
from astcti.protocols.settings import ProtocolSettings
from tests.protocols.fakes import OPER1, Peer

MAC = "00:1c:bf:37:53:ba"
PENDING = "301 PAUSE PENDING"


def seated(*lines: str) -> Peer:
    """A client at work, after having said ``lines``."""
    peer = Peer(settings=ProtocolSettings(require_tls="no"))
    peer.hears()
    peer.asks(*lines, "USER oper1", f"PASS {OPER1}", f"MAC {MAC}")
    peer.desk.asked.clear()
    return peer


class PauseWordTests(SynchronousTestCase):
    """``PAUSE`` of clients of either generation."""

    def test_asked(self) -> None:
        """Direction, queue and reason in any case and order of the words; what is percent-encoded arrives as it was."""
        for line, asked in (
            ("PAUSE IN", Pause(True)),
            ("pause in", Pause(True)),
            ("PAUSE IN reason=lunch", Pause(True, "", "lunch")),
            ("PAUSE IN reason=50%25%20caff%c3%A8%20%26%20co=2", Pause(True, "", "50% caffè & co=2")),
            ("PAUSE IN reason=%ED%95%9C queue=a%20b", Pause(True, "a b", "한")),
            ("PAUSE IN Queue=sales REASON=x", Pause(True, "sales", "x")),
            ("PAUSE IN reason=a+b", Pause(True, "", "a+b")),
            ("PAUSE IN reason=", Pause(True)),
        ):
            peer = seated()
            self.assertEqual((peer.asks(line), peer.desk.asked), ([PENDING], [asked]), line)
        peer = seated()
        self.assertEqual(peer.asks("PAUSE OUT", "PAUSE OUT queue=sales"), ["300 OK", "300 OK"])
        self.assertEqual(peer.desk.asked, [Pause(False), Pause(False, "sales")])

    def test_refused(self) -> None:
        """Every failure is 302: with ``KO`` for the first generation, with a number for whoever wants it."""
        for lines, beginning in (((), "302 KO "), (("KEEP",), "302 "), (("CAPS errcodes",), "302 901 ")):
            for line, reason in (
                ("PAUSE", ""),
                ("PAUSE NOW", "say IN or OUT"),
                ("PAUSE IN lunch", "behind IN or OUT there may be queue= and reason=, once each"),
                ("PAUSE IN reason=a reason=b", "behind IN or OUT there may be queue= and reason=, once each"),
                ("PAUSE IN colour=red", "behind IN or OUT there may be queue= and reason=, once each"),
                ("PAUSE IN a=b c=d e=f", ""),
                ("PAUSE IN reason=50%", "a percent sign is written %25"),
                ("PAUSE IN reason=50%2", "a percent sign is written %25"),
                ("PAUSE IN reason=%zz", "a percent sign is written %25"),
                ("PAUSE IN reason=%ff", "percent-encoded text is not UTF-8"),
                ("PAUSE IN reason=%c3", "percent-encoded text is not UTF-8"),
                ("PAUSE IN reason=%ed%a0%80", "percent-encoded text is not UTF-8"),
                ("PAUSE IN reason=a%0d%0aAction:%20Originate", "characters that cannot be shown"),
                ("PAUSE IN queue=%00", "characters that cannot be shown"),
                ("PAUSE IN reason=%e2%80%ae", "characters that cannot be shown"),
            ):
                peer = seated(*lines)
                (said,) = peer.asks(line)
                self.assertTrue(said.startswith(beginning) and said.endswith(reason), (line, said))
                self.assertEqual(peer.desk.asked, [], line)
                self.assertNotIn("KO", said.removeprefix(beginning))

    def test_refused_by_the_desk(self) -> None:
        """So is what the server cannot do, and asking without a seat; not being logged in is 101, as always."""
        for number, reason in ((905, "no link to the PBX"), (926, "pause request already pending")):
            for lines, said in (((), f"302 KO {reason}"), (("CAPS errcodes",), f"302 {number} {reason}")):
                peer = seated(*lines)
                peer.desk.crash = Refused(number, reason)
                self.assertEqual(peer.asks("PAUSE IN", "PAUSE OUT"), [said, said])
        peer = Peer(settings=ProtocolSettings(require_tls="no"))
        peer.hears()
        self.assertEqual(peer.asks("PAUSE IN", "USER oper1", "PAUSE IN", f"PASS {OPER1}", "PAUSE IN"), [
            "101 KO not authenticated", "100 OK", "101 KO not authenticated", "102 OK", "302 KO seat not set",
        ])  # fmt: skip

    def test_outcome(self) -> None:
        """The outcome is a line of its own, in the client's own generation."""
        for lines, said in (((), "302 KO Permission denied"), (("KEEP",), "302 Permission denied"),
                            (("CAPS errcodes",), "302 906 Permission denied")):  # fmt: skip
            peer = seated(*lines)
            peer.asks("PAUSE IN")
            peer.session.pause_changed(0, "")
            peer.session.pause_changed(906, "Permission denied")
            self.assertEqual(peer.hears(), ["300 OK", said])

    def test_out_waits(self) -> None:
        """Until ``PAUSE OUT`` is answered no later command is, nor is the client idle meanwhile."""
        peer = seated()
        slow: Deferred[object] = Deferred()
        peer.desk.slow = slow  # type: ignore[assignment]
        self.assertEqual(peer.asks("PAUSE OUT", "NOOP"), [])
        peer.wait(60)
        self.assertEqual((peer.hears(), peer.closed), ([], False))
        slow.callback(PauseConfirmed())
        self.assertEqual(peer.hears(), ["300 OK", "100 OK"])


class OtherWordTests(SynchronousTestCase):
    """After-call work and queues."""

    def test_asked(self) -> None:
        """Each word is the command it stands for."""
        for line, asked, said in (
            ("REDY", EndWrapUp(), "100 OK"),
            ("WRAP on", SetWrapUp(True), "100 OK"),
            ("wrap OFF", SetWrapUp(False), "100 OK"),
            ("STRT a%20b", JoinQueue("a b"), "100 OK"),
            ("STOP 50%25", LeaveQueue("50%"), "100 OK"),
            ("QSTAT", AskQueues(), "204 astcti waiting=2 available=1 paused=0 busy=3 members=4 longest=17"),
            ("QSTAT a%2db", AskQueues("a-b"), "204 a-b waiting=2 available=1 paused=0 busy=3 members=4 longest=17"),
        ):
            peer = seated()
            self.assertEqual((peer.asks(line)[0], peer.desk.asked), (said, [asked]), line)

    def test_refused(self) -> None:
        """Wrong words are 101."""
        for line in ("WRAP", "WRAP maybe", "WRAP ON OFF", "REDY now", "STRT", "STRT a b", "STRT 5%", "STOP %ff",
                     "QSTAT a b"):  # fmt: skip
            peer = seated("CAPS errcodes")
            (said,) = peer.asks(line)
            self.assertTrue(said.startswith("101 901 "), (line, said))
            self.assertEqual(peer.desk.asked, [])
