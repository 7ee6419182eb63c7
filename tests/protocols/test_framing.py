"""Bytes to lines."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from astcti.protocols.framing import LineReader, LineTooLong, Unreadable, to_text

LIMIT = 16


def lines_of(reader: LineReader, *pieces: bytes) -> list[bytes]:
    """Feed pieces and collect lines."""
    found = []
    for piece in pieces:
        reader.push(piece)
        while (line := reader.pop(LIMIT)) is not None:
            found.append(line)
    return found


class LineReaderTests(SynchronousTestCase):
    """What arrives in pieces leaves in lines."""

    def test_lines(self) -> None:
        """Lines end with LF; a CR before it is dropped; the rest waits for its end."""
        reader = LineReader()
        self.assertEqual(lines_of(reader, b"NOOP\nKEEP\r\n\n\r\nQU"), [b"NOOP", b"KEEP", b"", b""])
        self.assertEqual(reader.size, 2)
        self.assertEqual(lines_of(reader, b"IT\n"), [b"QUIT"])
        self.assertEqual(reader.size, 0)

    def test_only_one_cr_goes(self) -> None:
        """Of two CRs before the LF one is dropped; the other is a control byte for the grammar to refuse."""
        self.assertEqual(lines_of(LineReader(), b"NOOP\r\r\n"), [b"NOOP\r"])

    def test_longest_line(self) -> None:
        """A line of exactly the limit, LF included, is taken; one byte more is not."""
        self.assertEqual(lines_of(LineReader(), b"x" * (LIMIT - 1) + b"\n"), [b"x" * (LIMIT - 1)])
        with self.assertRaises(LineTooLong):
            lines_of(LineReader(), b"x" * LIMIT + b"\n")

    def test_endless_line_is_noticed_at_once(self) -> None:
        """A line without end is refused as soon as the limit is passed, not when memory is."""
        reader = LineReader()
        self.assertEqual(lines_of(reader, *[b"x"] * (LIMIT - 1)), [])
        with self.assertRaises(LineTooLong):
            lines_of(reader, b"x")

    def test_rest(self) -> None:
        """What was not handed out can be taken for something else than lines."""
        reader = LineReader()
        reader.push(b"CMPR\nx\x9c\x00")
        self.assertEqual(reader.pop(LIMIT), b"CMPR")
        self.assertEqual((reader.take_rest(), reader.size), (b"x\x9c\x00", 0))

    def test_full(self) -> None:
        """Sixteen waiting lines are enough, and so is the beginning of one that is too long."""
        reader = LineReader()
        reader.push(b"N\n" * 15)
        self.assertFalse(reader.is_full(16, LIMIT))
        reader.push(b"N\n")
        self.assertTrue(reader.is_full(16, LIMIT))
        reader = LineReader()
        reader.push(b"N\n" + b"x" * LIMIT)
        self.assertTrue(reader.is_full(16, LIMIT))

    @given(st.lists(st.binary(max_size=LIMIT - 1).map(lambda b: b.replace(b"\n", b"").replace(b"\r", b""))), st.data())
    def test_any_cut(self, lines: list[bytes], data: st.DataObject) -> None:
        """Wherever the stream is cut, the lines are the same."""
        stream = b"".join(line + b"\n" for line in lines)
        cuts = sorted(data.draw(st.lists(st.integers(0, len(stream)), max_size=20)))
        pieces = [stream[a:b] for a, b in zip([0, *cuts], [*cuts, len(stream)], strict=True)]
        self.assertEqual(lines_of(LineReader(), *pieces), lines)


class TextTests(SynchronousTestCase):
    """Lines to text."""

    def test_utf8(self) -> None:
        """Names of all the world are text; TAB counts as a blank."""
        self.assertEqual(to_text("USER\tŁukasz 北京 😀".encode()), "USER Łukasz 北京 😀")

    def test_not_utf8(self) -> None:
        """What is not strict UTF-8 is refused: overlong forms, surrogates and Latin-1 alike."""
        for wrong in (b"\xff", b"\xc0\x80", b"\xed\xa0\x80", "é".encode("latin-1"), b"\xf5\x80\x80\x80", b"\xe2\x82"):
            with self.assertRaises(Unreadable):
                to_text(b"USER " + wrong)

    def test_legacy_charset(self) -> None:
        """Old clients' bytes are read in their own charset when that is set."""
        self.assertEqual(to_text("USER José".encode("latin-1"), "latin-1"), "USER José")

    def test_control_bytes(self) -> None:
        """No control byte but TAB is text."""
        for byte in [*range(9), *range(10, 32), 127]:
            with self.assertRaises(Unreadable):
                to_text(b"NOOP " + bytes([byte]))
