"""The zlib transport, in both directions."""

from __future__ import annotations

import random
import zlib
from collections.abc import Callable

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from astcti.protocols.compression import Deflater, PrimedDeflater, StreamDeflater
from astcti.protocols.inflation import InflateError, Inflater, RatioGuard
from astcti.protocols.limits import INFLATE_STEP
from astcti.protocols.outflow import Outflow
from astcti.protocols.replies import Code, Dialect

CLIENT_VECTOR = bytes.fromhex(
    "58 c3 0a 0d 76 0d 52 c8 2f 48 2d 32 e4 02 00 00 00 ff ff"
    "0a 70 0c 0e 56 30 4c 34 4c 49 b6 34 4c b6 34 30 37 36 32 4d"
    "36 b3 34 32 37 4c 49 49 33 48 b6 34 31 49 4a 36 37 e2 02 00"
    "00 00 ff ff"
)
SERVER_VECTOR = bytes.fromhex(
    "58 c3 32 34 30 50 f0 f7 e6 02 00 00 00 ff ff32 34 30 02 51 00 00 00 00 ff ff03 00 14 53 02 ad"
)
MESSAGES = [b"100 OK\n", b"102 OK\n", b'<event id="Link"><call><uniqueid>1.2</uniqueid></call></event>\n'] * 30


def inflate(inflater: Inflater, data: bytes) -> bytes:
    """Push and step until nothing waits."""
    inflater.push(data)
    plain = b""
    while inflater.waits:
        plain += inflater.step()
    return plain


class VectorTests(SynchronousTestCase):
    """The streams printed in the specification."""

    def test_client(self) -> None:
        """A client's stream of two commands."""
        plain = inflate(Inflater(), CLIENT_VECTOR)
        self.assertEqual(plain, b"USER oper1\nPASS 1a1dc91c907325c69271ddf0c944bc72\n")

    def test_client_flush_by_flush(self) -> None:
        """After each flush the command before it is there."""
        inflater = Inflater()
        self.assertEqual(inflate(inflater, CLIENT_VECTOR[:19]), b"USER oper1\n")
        self.assertEqual(inflate(inflater, CLIENT_VECTOR[19:]), b"PASS 1a1dc91c907325c69271ddf0c944bc72\n")

    def test_server(self) -> None:
        """A server's stream of two replies and its end, and nothing may follow."""
        inflater = Inflater()
        self.assertEqual(inflate(inflater, SERVER_VECTOR), b"100 OK\n102 OK\n")
        with self.assertRaises(InflateError):
            inflater.push(b"\0")

    def test_ours_is_theirs(self) -> None:
        """What we send for the same replies begins and ends as printed."""
        deflater = PrimedDeflater(7)
        data = deflater.compress(b"100 OK\n") + deflater.compress(b"102 OK\n") + deflater.finish()
        self.assertEqual(data[:2], SERVER_VECTOR[:2])
        self.assertEqual(data[-6:], SERVER_VECTOR[-6:])


class DeflaterTests(SynchronousTestCase):
    """Any peer that knows zlib reads what we send."""

    makers: tuple[Callable[[], Deflater], ...] = (
        *(lambda level=level: PrimedDeflater(level) for level in range(1, 10)),
        *(lambda history=history: PrimedDeflater(7, history) for history in (1, 100, 700, 32_768)),
        *(lambda bits=bits: StreamDeflater(7, bits) for bits in (10, 13, 15)),
    )

    def test_every_message_can_be_read_when_it_is_there(self) -> None:
        """After each message an ordinary zlib object has all of it; the end of the stream checks."""
        for make in self.makers:
            deflater, reader = make(), zlib.decompressobj()
            for message in MESSAGES:
                data = deflater.compress(message)
                self.assertTrue(data.endswith(b"\0\0\xff\xff"))
                self.assertEqual(reader.decompress(data), message)
            self.assertEqual(reader.decompress(deflater.finish()), b"")
            self.assertTrue(reader.eof)
            self.assertEqual(reader.unused_data, b"")

    def test_finish_at_once(self) -> None:
        """A stream that ends before it began is a stream."""
        for make in self.makers:
            self.assertEqual(zlib.decompress(make().finish()), b"")

    def test_primed_is_as_small_as_streaming(self) -> None:
        """Keeping 4 KiB instead of a zlib object costs no bandwidth worth speaking of."""
        random.seed(1)
        messages = [b'<event id="Newstate"><call><uniqueid>%d.5</uniqueid></call></event>\n' % random.randrange(10**9)
                    for _ in range(300)]  # fmt: skip
        sizes = []
        for deflater in (PrimedDeflater(7), StreamDeflater(7)):
            sizes.append(sum(len(deflater.compress(m)) for m in messages))
        self.assertLess(sizes[0], sizes[1] * 1.1)

    @given(st.lists(st.binary(max_size=9000), max_size=8), st.sampled_from([1, 50, 4096, 32_768]))
    @settings(deadline=None)
    def test_any_messages(self, messages: list[bytes], history: int) -> None:
        """Any bytes come back, whatever history is kept."""
        deflater = PrimedDeflater(6, history)
        data = b"".join([deflater.compress(m) for m in messages]) + deflater.finish()
        self.assertEqual(zlib.decompress(data), b"".join(messages))


class InflaterTests(SynchronousTestCase):
    """We read what any peer that knows zlib sends."""

    @given(
        st.lists(st.binary(max_size=3000) | st.just(b"NOOP\n"), max_size=12),
        st.sampled_from([9, 10, 12, 15]),
        st.sampled_from([0, 1, 9]),
        st.sampled_from([zlib.Z_SYNC_FLUSH, zlib.Z_FULL_FLUSH, zlib.Z_PARTIAL_FLUSH, zlib.Z_BLOCK]),
        st.sampled_from([1, 2, 3, 50, 100_000]),
    )
    @settings(deadline=None)
    def test_any_stream_any_cut(self, messages: list[bytes], bits: int, level: int, flush: int, cut: int) -> None:
        """Whatever the window, level, kind of flush and cuts of the stream, the same bytes come out."""
        z = zlib.compressobj(level, zlib.DEFLATED, bits)
        stream = b"".join([z.compress(m) + z.flush(flush) for m in messages]) + z.flush()
        inflater, plain = Inflater(), b""
        for at in range(0, len(stream), cut):
            plain += inflate(inflater, stream[at : at + cut])
        self.assertEqual(plain, b"".join(messages))
        self.assertEqual((inflater.wire <= len(stream), inflater.plain), (True, len(plain)))
        with self.assertRaises(InflateError):
            inflate(inflater, b"\0")

    def test_nothing_is_kept_between_messages(self) -> None:
        """After a flushed message no zlib object is left, and the next one is read all the same."""
        inflater, z = Inflater(), zlib.compressobj()
        for count in range(200):
            message = b"NOOP %d\n" % count
            self.assertEqual(inflate(inflater, z.compress(message) + z.flush(zlib.Z_SYNC_FLUSH)), message)
            self.assertIsNone(inflater._z)

    def test_an_end_that_only_looks_like_a_flush(self) -> None:
        """A piece of a stored block that ends like a flush is not taken for one."""
        z = zlib.compressobj(0)
        message = b"ab\0\0\xff\xff" + b"cd"
        data = z.compress(message) + z.flush(zlib.Z_SYNC_FLUSH)
        cut = data.index(b"cd")
        inflater = Inflater()
        self.assertEqual(inflate(inflater, data[:cut]) + inflate(inflater, data[cut:]), message)

    def test_steps_are_bounded(self) -> None:
        """A megabyte of zeros in a kilobyte comes out sixteen KiB at a time, and waits inside until asked for."""
        inflater = Inflater()
        inflater.push(zlib.compress(bytes(1 << 20)))
        steps = []
        while inflater.waits:
            steps.append(len(inflater.step()))
        self.assertEqual((sum(steps), max(steps)), (1 << 20, INFLATE_STEP))

    def test_broken(self) -> None:
        """No zlib at all, a preset dictionary, a wrong check sum, a raw stream: all end in the one error."""
        z = zlib.compressobj(zdict=b"NOOP QUIT")
        preset = z.compress(b"NOOP\n") + z.flush()
        good = zlib.compress(b"NOOP\n")
        flushed = zlib.compressobj()
        long_ago = flushed.compress(b"NOOP\n") + flushed.flush(zlib.Z_SYNC_FLUSH)
        end = flushed.flush()
        for pieces in (
            (b"NOOP\n",), (preset,), (good[:-1] + b"x",), (good + b"x",), (good, b"x"), (b"\x78\x9c\xff\xff\xff",),
            (long_ago, end[:-1] + b"x"), (long_ago, end[:-2], b"xx"), (long_ago, end, b"x"), (long_ago, end + b"x"),
            (long_ago, b"\x07"), (b"\x88\x1c",),
        ):  # fmt: skip
            with self.assertRaises(InflateError, msg=repr(pieces)):
                inflater = Inflater()
                for piece in pieces:
                    inflate(inflater, piece)

    def test_padding_is_noticed(self) -> None:
        """A stream that is mostly air is broken off after 64 KiB, unless commands in it were accepted."""
        for useful in (False, True):
            inflater, guard = Inflater(), RatioGuard()
            inflater.push(zlib.compress(b"\n" * (1 << 20), 9))
            try:
                while inflater.waits:
                    guard.useful = useful
                    inflater.step()
                    guard.check(inflater)
            except InflateError:
                self.assertFalse(useful)
                self.assertEqual(inflater.plain, 64 * 1024)
            else:
                self.assertTrue(useful)


class ApartTests(SynchronousTestCase):
    """What nobody may guess by its length: a line that refers to nothing and that nothing refers to."""

    secret = b"107 AbCdEfGhIjKlMnOpQrStUvWxYz0123456789-_AbCdEfGhIj\n"
    other = b"107 zYxWvUtSrQpOnMlKjIhGfEdCbA9876543210_-zYxWvUtSrQ\n"

    @settings(max_examples=50, deadline=None)
    @given(st.lists(st.tuples(st.booleans(), st.sampled_from(MESSAGES[:3]) | st.binary(min_size=1, max_size=300))))
    def test_any_order(self, messages: list[tuple[bool, bytes]]) -> None:
        """Between whatever else it is read like everything, at once, and the stream ends as it should."""
        for make in DeflaterTests.makers:
            deflater, z = make(), zlib.decompressobj()
            for is_secret, plain in messages:
                data = deflater.apart(plain) if is_secret else deflater.compress(plain)
                self.assertEqual(z.decompress(data), plain)
            z.decompress(deflater.finish())
            self.assertTrue(z.eof)

    def test_refers_to_nothing(self) -> None:
        """It is as long whether or not the same was sent before."""
        for make in DeflaterTests.makers:
            lengths = set()
            for before in (self.secret, self.other):
                deflater = make()
                deflater.compress(before)
                lengths.add(len(deflater.apart(self.secret)))
            self.assertEqual(len(lengths), 1, lengths)

    def test_nothing_refers_to_it(self) -> None:
        """Who has a guess sent to the client learns nothing from how long that becomes."""
        for make in DeflaterTests.makers:
            lengths = set()
            for secret in (self.secret, self.other):
                deflater = make()
                deflater.compress(MESSAGES[2])
                deflater.apart(secret)
                lengths.add(len(deflater.compress(b"<event>" + self.secret[4:-1] + b"</event>\n")))
            self.assertEqual(len(lengths), 1, lengths)

    def test_as_lines(self) -> None:
        """Tickets keep their place among the lines, and are no longer or shorter by what is around them."""
        sizes = set()
        for ticket, around in ((self.secret, self.secret), (self.secret, self.other), (self.other, self.other)):
            outflow = Outflow(Dialect.V2, frozenset({"resume", "events2"}))
            outflow.compress(PrimedDeflater(9), 9)
            said = around.decode()[4:-1]
            for code, text in ((100, f"OK {said}"), (107, ticket.decode()[4:-1]), (100, f"OK {said}")):
                if code == Code.TICKET:
                    outflow.secret(code, text)
                else:
                    outflow.reply([(code, text)])
            data = outflow.take(last=True)
            self.assertEqual(zlib.decompress(data), b"100 OK %b\n%b100 OK %b\n" % (around[4:-1], ticket, around[4:-1]))
            sizes.add(len(data))
        self.assertEqual(len(sizes), 1, sizes)
