"""Nothing a caller is called does anything to the terminal of whoever reads it."""

from __future__ import annotations

import json
import unicodedata

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from astcti.client.printable import MAX_SHOWN, printable, printable_json, printable_lines
from tests.actions.hostile_names import HOSTILE_NAMES


class PrintableTests(SynchronousTestCase):
    """Texts for people."""

    def test_ordinary_names_stay(self) -> None:
        """Names in any script are shown as they are written."""
        for name in (
            "Jane Doe",
            "Jürgen Groß",
            "Владимир",
            "עבד",
            "王小明",
            "Zoe\u0308",
            "👩🏽\u200d💻",
            "می\u200cخواهم",
        ):
            self.assertEqual(printable(name), name)

    def test_escape_sequences_become_visible(self) -> None:
        """Colours, titles and line ends are seen and not obeyed."""
        self.assertEqual(printable("\x1b[2J\r\n\x9b1m\u202e\U000e0001"), r"\x1b[2J\x0d\x0a\x9b1m\u202e\U000e0001")

    def test_lines(self) -> None:
        """Of a text of several lines each is shown on its own."""
        self.assertEqual(printable_lines("one\ntwo\x1b\r\n\u2028three"), "one\ntwo\\x1b\n\nthree")

    @given(st.text())
    def test_json(self, text: str) -> None:
        """JSON in which a terminal finds nothing to obey means the same as before."""
        shown = printable_json(json.dumps({"text": text}, ensure_ascii=False))
        self.assertEqual(json.loads(shown), {"text": text})
        self.assertEqual(printable(shown, len(shown)), shown)

    def test_length(self) -> None:
        """A very long name does not fill the screen."""
        self.assertEqual(len(printable("x" * 70_000)), MAX_SHOWN + 1)
        self.assertEqual(printable("abcdef", 3), "abc…")

    @given(st.sampled_from(sorted(HOSTILE_NAMES.values())) | st.text(st.characters(), max_size=50))
    def test_one_harmless_line(self, name: str) -> None:
        """Whatever it is, it stays on its line and can be written."""
        shown = printable(name)
        self.assertLessEqual(len(f"x{shown}".splitlines()), 1)
        self.assertFalse({unicodedata.category(c) for c in shown} & {"Cc", "Cs", "Zl", "Zp"})
        self.assertFalse(set(shown) & set("\u202a\u202b\u202d\u202e\u2066\u2067\u2068"))
        shown.encode()
