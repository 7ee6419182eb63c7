"""What clients may not do for ever: be silent, slow, hasty, endless or incomprehensible."""

from __future__ import annotations

import zlib

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.internet.defer import Deferred
from twisted.logger import capturedLogs, formatEvent
from twisted.trial.unittest import SynchronousTestCase

from astcti.errors import Refused
from astcti.model.commands import Done, Reply
from astcti.protocols.limits import ABORT_ABOVE, DROP_ABOVE
from astcti.protocols.settings import ProtocolSettings
from tests.protocols.fakes import OPER1, FakeDesk, Peer, ZlibPeer, a_notice

MAC = "00:1c:bf:37:53:ba"


class LimitTests:
    """The suite; the wire is the subclass's."""

    peer_class: type[Peer]

    def connect(self, **changed: object) -> Peer:
        peer = self.peer_class(FakeDesk(), ProtocolSettings(require_tls="no", dialect="v2", **changed))
        peer.hears()
        return peer

    def seated(self, *lines: str, **changed: object) -> Peer:
        peer = self.connect(**changed)
        peer.asks("USER oper1", f"PASS {OPER1}", f"MAC {MAC}", *lines)
        return peer

    # Lines.

    def test_long_line_before_login(self) -> None:
        """512 bytes with the LF are a line before the login, 513 are the end."""
        peer = self.connect()
        self.assertEqual(peer.asks("X" * 511), ["101 unknown command"])
        self.assertEqual((peer.asks("X" * 512), peer.closed), (["101 line too long"], True))

    def test_long_line_after_login(self) -> None:
        """After it, 4096."""
        peer = self.seated()
        self.assertEqual(peer.asks("X" * 4095), ["101 unknown command"])
        self.assertEqual((peer.asks("X" * 4096, "NOOP"), peer.closed), (["101 line too long"], True))

    def test_endless_line(self) -> None:
        """No line end has to come for that."""
        peer = self.connect()
        peer.sends(peer.encoded("X" * 511)[:-1] if self.peer_class is Peer else peer.encoded("X" * 511))
        self.assertFalse(peer.closed)
        peer.sends(peer.encoded("X" * 600))
        self.assertTrue(peer.closed)

    def test_limit_of_the_moment(self) -> None:
        """A long line behind a password in the same packet is judged when it is its turn."""
        peer = self.connect()
        peer.desk.slow = slow = Deferred[Reply]()
        heard = peer.asks("USER oper1", f"PASS {OPER1}", "X" * 2000)
        self.assertEqual((heard, peer.closed), (["100 OK"], False))
        slow.errback(Exception("bug"))
        self.assertEqual((peer.hears(), peer.closed), (["101 internal error", "101 line too long"], True))
        self.flushLoggedErrors()
        peer = self.connect()
        self.assertEqual(peer.asks("USER oper1", f"PASS {OPER1}", "X" * 2000)[1:], ["102 OK", "101 unknown command"])

    def test_log(self) -> None:
        """Whoever breaks the protocol again and again does not fill the log: sixty lines a minute, and one more."""
        peer = self.connect(login_seconds=1000.0)
        peer.desk.crash = Refused(901, "malformed first message")
        for count in (61, 0, 61):
            with capturedLogs() as logs:
                for _ in range(70):
                    self.assertEqual(peer.asks("AUTH SCRAM-SHA-256 eA=="), ["101 malformed first message"])
                    peer.wait(0.1)
            self.assertEqual(len(logs), count)
            if count:
                self.assertIn("192.0.2.7 broke the protocol: malformed first message", formatEvent(logs[0]) or "")
                self.assertIn("no more of it is logged", formatEvent(logs[-1]) or "")
            else:
                for _step in range(4):
                    peer.wait(13)
                    peer.asks("NOOP")
        with capturedLogs() as logs:
            peer.session.break_off("rubbish")
        self.assertEqual((len(logs), peer.closed), (0, True))

    def test_malformed_lines(self) -> None:
        """Ten lines that nobody understands are forgiven in a minute, the next one is the last."""
        peer = self.connect(login_seconds=1000.0)
        for _ in range(2):
            for count in range(10):
                self.assertEqual(peer.asks(f"X{'Y' * count}"), ["101 unknown command"])
            for _step in range(5):
                peer.wait(12.1)
                peer.asks("NOOP")
        for _ in range(10):
            peer.sends(peer.encoded("Z\x01"))
        self.assertEqual((peer.hears(), peer.closed), (["101 malformed line"] * 10, False))
        self.assertEqual((peer.asks("Z"), peer.closed), (["101 too many malformed lines"], True))

    # Speed.

    def test_command_rate(self) -> None:
        """A hundred commands at once, then fifty a second: the rest is read later, and none is lost."""
        peer = self.seated()
        peer.wait(3)
        peer.says(*["NOOP"] * 400)
        self.assertEqual((len(peer.hears()), peer.paused), (100, True))
        peer.wait(1)
        self.assertAlmostEqual(len(peer.hears()), 50, delta=1)
        peer.wait(1)
        self.assertAlmostEqual(len(peer.hears()), 50, delta=1)
        peer.wait(4.5)
        self.assertAlmostEqual(len(peer.hears()), 200, delta=2)
        self.assertFalse(peer.paused)
        self.assertEqual(peer.asks("NOOP"), ["100 OK"])

    def test_empty_lines_are_no_way_around(self) -> None:
        """Lines that are not answered are not free either."""
        peer = self.seated()
        peer.wait(3)
        peer.sends(peer.encoded(*[""] * 200))
        self.assertEqual(peer.asks("NOOP"), [])
        peer.wait(3)
        self.assertEqual(peer.hears(), ["100 OK"])

    def test_queue_of_commands(self) -> None:
        """Behind a command that takes its time sixteen may wait; then nothing more is read for now."""
        peer = self.seated()
        peer.desk.slow = slow = Deferred[Reply]()
        peer.says("IDEN")
        peer.says(*["NOOP"] * 15)
        if self.peer_class is Peer:
            self.assertFalse(peer.paused)
        peer.says("NOOP")
        self.assertTrue(peer.paused)
        slow.callback(Done("SIP/201"))
        self.assertEqual((peer.hears(), peer.paused), (["100 OK SIP/201"] + ["100 OK"] * 16, False))

    # Time.

    def test_login_timeout(self) -> None:
        """Half a minute is enough to log in, however busily it is spent."""
        peer = self.connect()
        for _ in range(5):
            peer.wait(5.9)
            self.assertEqual(peer.asks("NOOP"), ["100 OK"])
        peer.wait(1)
        self.assertEqual((peer.hears(), peer.closed), (["101 login timeout"], True))

    def test_our_slowness_is_not_theirs(self) -> None:
        """While a login or a command waits for us no time-out runs."""
        peer = self.connect()
        peer.desk.slow = slow = Deferred[Reply]()
        peer.asks("USER boss", f"PASS {OPER1}")
        peer.wait(100)
        self.assertFalse(peer.closed)
        slow.callback(Done())
        self.assertEqual(peer.hears(), ["100 OK"])
        peer.wait(2)
        self.assertEqual(peer.hears(), ["101 login timeout"])

    def test_idle(self) -> None:
        """Who says nothing for the keepalive time is told so and closed; whatever is sent to it is no excuse."""
        peer = self.seated()
        peer.wait(14)
        peer.asks("NOOP")
        for _ in range(14):
            peer.wait(1)
            peer.session.notify(a_notice("Newstate"), ())
            peer.sends(peer.encoded("", "\r"))
        peer.hears()
        self.assertFalse(peer.closed)
        peer.wait(1.5)
        self.assertEqual(
            (peer.hears(), peer.closed, peer.desk.detached), (["100 OK idle timeout"], True, [peer.session])
        )

    def test_idle_with_events2(self) -> None:
        """With events2 the reason comes first."""
        peer = self.seated("CAPS events2")
        peer.hears()
        peer.wait(16)
        self.assertEqual(peer.hears(), ['<event id="Disconnect"><reason>idle</reason></event>', "100 OK idle timeout"])

    def test_keepalive_setting(self) -> None:
        """The time that KEEP says is the time that counts, also when the setting changes in between."""
        peer = self.seated("KEEP", keepalive_ms=60_000)
        self.assertEqual(peer.hears()[-1:], [])
        peer.context.settings = ProtocolSettings(keepalive_ms=5000)
        peer.wait(59)
        self.assertEqual((peer.closed, peer.asks("KEEP")), (False, ["104 5000"]))
        peer.wait(5.75)
        self.assertTrue(peer.closed)

    def test_for_ever(self) -> None:
        """Without a keepalive time nobody is closed for silence."""
        peer = self.seated("KEEP", keepalive_ms=0)
        peer.wait(4000)
        self.assertEqual((peer.closed, len(peer.wheel)), (False, 0))

    def test_lingering(self) -> None:
        """A client that does not close after our last line is cut off two seconds later."""
        peer = self.seated()
        peer.asks("QUIT")
        peer.wait(2)
        self.assertFalse(peer.aborted)
        peer.wait(0.5)
        self.assertTrue(peer.aborted)
        peer.session.lost()
        self.assertEqual(len(peer.wheel), 0)

    # Slow readers.

    def test_slow_reader(self) -> None:
        """A client that falls behind misses states of calls, but neither answers nor pops nor hang-ups."""
        peer = self.seated()
        peer.hears()
        peer.takes = False
        name = "x" * 1000
        while peer.context.counters.dropped == 0:
            peer.session.notify(a_notice("Newstate", name=name), ())
        self.assertLess(peer.context.counters.events * 1000, DROP_ABOVE * 1.1)
        for kind in ("Newstate", "Newexten", "Link", "Newstate", "Hangup"):
            peer.session.notify(a_notice(kind, name=name), ())
        peer.says("NOOP")
        peer.takes = True
        heard = peer.hears()
        self.assertEqual([h.split('"')[1] for h in heard[-3:-1]], ["Link", "Hangup"])
        self.assertEqual((heard[-1], peer.context.counters.dropped), ("100 OK", 4))

    def test_too_slow_reader(self) -> None:
        """With a megabyte waiting the connection is given up, and the seat is free."""
        peer = self.seated()
        peer.takes = False
        for _ in range(ABORT_ABOVE // 1000):
            peer.session.notify(a_notice("Link", name="x" * 1000), ())
        self.assertEqual((peer.aborted, peer.desk.detached), (True, [peer.session]))
        self.assertEqual(peer.context.counters.aborted, 1)

    def test_never_drained(self) -> None:
        """A connection whose data does not go away in half a minute is given up, however much it says."""
        peer = self.seated()
        peer.session.blocked()
        for _ in range(3):
            peer.wait(9.5)
            peer.says("NOOP")
        self.assertFalse(peer.aborted)
        peer.wait(2)
        self.assertTrue(peer.aborted)

    def test_drained_in_time(self) -> None:
        """It is not, if it does."""
        peer = self.seated("KEEP", keepalive_ms=0)
        for _ in range(5):
            peer.session.blocked()
            peer.wait(25)
            peer.session.unblocked()
        peer.wait(100)
        self.assertFalse(peer.aborted)


class PlainLimitTests(LimitTests, SynchronousTestCase):
    """On a plain connection."""

    peer_class = Peer

    def test_slow_loris(self) -> None:
        """A login that comes byte by byte does not last longer."""
        peer = self.connect(keepalive_ms=0)
        for _ in range(59):
            peer.wait(0.5)
            peer.sends(b"X")
        self.assertFalse(peer.closed)
        peer.wait(1)
        self.assertEqual((peer.hears(), peer.closed), (["101 login timeout"], True))


class ZlibLimitTests(LimitTests, SynchronousTestCase):
    """On a compressed connection."""

    peer_class = ZlibPeer

    def test_bomb_of_one_line(self) -> None:
        """A megabyte of zeros dies as the line that it is."""
        peer = self.connect()
        peer.sends(zlib.compress(bytes(1 << 20)))
        self.assertEqual((peer.hears(), peer.closed), (["101 line too long"], True))

    def test_bomb_of_lines_before_login(self) -> None:
        """Sixteen KiB of inflated lines are all that anybody has before the login."""
        peer = self.connect(login_seconds=1000.0, keepalive_ms=0)
        peer.sends(zlib.compress(b"\n" * (1 << 20), 9))
        peer.wait(400)
        self.assertEqual((peer.closed, peer.context.counters.broken), (True, 1))

    def test_padding_after_login(self) -> None:
        """Nor does anybody, logged in, get to send 64 KiB of nothing in less than 650 bytes."""
        peer = self.seated(keepalive_ms=0)
        peer.sends(peer._deflate.compress(b"\n" * (1 << 20)) + peer._deflate.flush())
        peer.wait(3000)
        self.assertEqual((peer.closed, peer.context.counters.broken), (True, 1))

    def test_long_honest_day(self) -> None:
        """Short commands, however many and alike, never look like padding."""
        peer = self.seated()
        for _ in range(300):
            self.assertEqual(len(peer.asks(*["NOOP"] * 50)), 50)
            peer.wait(1.25)
        self.assertFalse(peer.closed)

    def test_not_zlib(self) -> None:
        """Plain text where zlib was agreed on is not answered but closed, and so is what follows a stream's end."""
        peer = Peer()
        peer.hears()
        peer.says("CMPR", "USER oper1")
        self.assertEqual((peer.hears(), peer.closed), (["103 7"], True))
        peer = self.seated()
        peer.asks()
        peer.sends(peer._deflate.flush())
        self.assertFalse(peer.closed)
        peer.sends(b"x")
        self.assertEqual((peer.closed, peer.hears(), peer.stream_finished), (True, [], False))

    def test_answers_before_the_break(self) -> None:
        """What was asked properly before the stream broke is answered."""
        peer = self.seated()
        peer.hears()
        peer.sends(peer.encoded("NOOP") + b"\xff\xff\xff")
        self.assertTrue(peer.closed)

    @given(st.lists(st.integers(1, 40), max_size=30), st.sampled_from([0, 1, 9]))
    @settings(deadline=None)
    def test_any_cut(self, cuts: list[int], level: int) -> None:
        """Wherever a compressed conversation is cut, the answers are the same."""
        lines = ("USER oper1", f"PASS {OPER1}", "KEEP", "HELLO", f"MAC {MAC}", "SERVICES", "QUEUES", "QUIT")
        z = zlib.compressobj(level)
        wire = b"CMPR\n"
        streams = b"".join(z.compress(line.encode() + b"\n") + z.flush(zlib.Z_SYNC_FLUSH) for line in lines)
        whole, cut = (Peer(settings=ProtocolSettings(require_tls="no")) for _ in range(2))
        for peer in (whole, cut):
            peer.sends(wire)
            self.assertTrue(peer.received.endswith(b"103 7\n"))
            peer.received = b""
            peer.compress()
        whole.sends(streams)
        at = 0
        for size in cuts:
            cut.sends(streams[at : at + size])
            at += size
        cut.sends(streams[at:])
        self.assertEqual(whole.hears(), cut.hears())
        self.assertTrue(whole.closed and cut.closed)


class CutTests(SynchronousTestCase):
    """The stream has no packets."""

    @given(
        st.lists(
            st.sampled_from(
                [b"USER oper1\n", b"PASS " + OPER1.encode() + b"\r\n", b"NOOP\n", b"\n", b"X\xff\n", b"HELLO\n",
                 b"MAC 001cbf3753ba\n", b"CAPS errcodes\n", b"QUEUES\n", b"CMPR 0\n", b"Y" * 600 + b"\n", b"QUIT\n"]
            ),
            max_size=12,
        ),
        st.lists(st.integers(1, 60), max_size=30),
    )  # fmt: skip
    @settings(deadline=None)
    def test_any_cut(self, lines: list[bytes], cuts: list[int]) -> None:
        """Wherever a conversation is cut, the answers are the same."""
        stream = b"".join(lines)
        whole, cut = Peer(), Peer()
        whole.sends(stream)
        at = 0
        for size in cuts:
            cut.sends(stream[at : at + size])
            at += size
        cut.sends(stream[at:])
        self.assertEqual((whole.hears(), whole.closed), (cut.hears(), cut.closed))

    @given(st.binary(max_size=2000))
    @settings(deadline=None)
    def test_rubbish(self, data: bytes) -> None:
        """Rubbish is answered with failures or a close, never with an exception or silence for ever."""
        for peer in (Peer(), ZlibPeer()):
            peer.sends(data)
            peer.wait(31)
            self.assertTrue(peer.closed)
            self.assertEqual(len(peer.desk.detached), 1)
