"""The server's numeric lines."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from astcti.protocols.limits import NUMERIC_LINE
from astcti.protocols.replies import ERRORS, Code, Dialect, failure_text, line, queue_text


class LineTests(SynchronousTestCase):
    """A line is one line."""

    def test_line(self) -> None:
        """Code, blank, text, LF; no blank behind a code without text."""
        self.assertEqual(line(Code.OK, "OK SIP/201"), b"100 OK SIP/201\n")
        self.assertEqual(line(Code.CAPABILITIES), b"106\n")

    def test_long_text_is_cut_between_characters(self) -> None:
        """A text that is too long loses its end, never half a character."""
        data = line(Code.FAILED, "é" * 2000)
        self.assertLessEqual(len(data), NUMERIC_LINE)
        self.assertEqual(data.decode(), "101 " + "é" * 509 + "\n")

    def test_legacy_charset(self) -> None:
        """What does not fit an old client's charset is a question mark."""
        self.assertEqual(line(Code.QUEUE, "Ventas é 北", "latin-1"), b"202 Ventas \xe9 ?\n")

    @given(st.sampled_from(list(Code)), st.text(), st.sampled_from(["utf-8", "latin-1", "cp1252", "ascii"]))
    def test_no_text_makes_a_second_line(self, code: Code, text: str, charset: str) -> None:
        """Whatever a queue or a reason is called, the client sees one line of bounded length."""
        data = line(code, text, charset)
        self.assertEqual(data.count(b"\n"), 1)
        self.assertTrue(data.endswith(b"\n") and data.startswith(b"%d" % code))
        self.assertNotIn(b"\r", data)
        self.assertEqual(len(data.decode(charset, "replace").splitlines()), 1)
        self.assertLessEqual(len(data), NUMERIC_LINE)


class FailureTests(SynchronousTestCase):
    """Failures in both dialects."""

    def test_dialects(self) -> None:
        """Only clients known to be of v2 get failures without KO; numbers come when asked for."""
        said = [failure_text(911, "wrong", d, e) for d in Dialect for e in (False, True)]
        self.assertEqual(said, ["KO wrong", "KO 911 wrong", "KO wrong", "KO 911 wrong", "wrong", "911 wrong"])

    def test_numbers(self) -> None:
        """The error numbers are those of the specification."""
        self.assertEqual(
            sorted(ERRORS), [*range(900, 909), *range(910, 927), 930, 931, 990, 999]
        )  # fmt: skip

    def test_queue(self) -> None:
        """A queue that does not have the client says so."""
        self.assertEqual([queue_text("astcti", m) for m in (True, False)], ["astcti", "astcti unavailable"])
