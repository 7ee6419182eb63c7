"""Templates: what ``{NAME}`` becomes, and that a value is only ever a value."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from astcti.actions.template import (
    MAX_VALUE,
    Field,
    Pairs,
    expand,
    names_in,
    parse,
    value_of,
    without_controls,
)
from tests.actions.hostile_names import HOSTILE_NAMES


class ParseTests(SynchronousTestCase):
    """How a template is read."""

    def test_variables_and_text(self) -> None:
        """A name in braces is a variable, everything else is text."""
        self.assertEqual(parse("a={A}&b={B_2}"), ("a=", Field("A"), "&b=", Field("B_2")))
        self.assertEqual(parse("{A}{B}"), (Field("A"), Field("B")))
        self.assertEqual(parse(""), ())

    def test_functions_of_the_dial_plan(self) -> None:
        """A watched dial-plan function can be mentioned as it is configured."""
        self.assertEqual(parse("{CALLERID(num)}"), (Field("CALLERID(num)"),))

    def test_literal_braces(self) -> None:
        """Doubled braces are braces, also around a variable."""
        self.assertEqual(parse("{{A}}"), ("{A}",))
        self.assertEqual(parse("{{{A}}}"), ("{", Field("A"), "}"))

    def test_braces_that_form_no_name_stay(self) -> None:
        """JSON and the like can stand in a message without doubling every brace."""
        for text in ('{"a": 1}', "{ A }", "{}", "{1A}", "{A-B}", "{A", "A}", "{é}"):
            self.assertEqual(parse(text), (text,))

    def test_escapes_only_where_asked_for(self) -> None:
        """Backslash-n is a line end in messages and two characters in URLs and arguments."""
        self.assertEqual(parse(r"a\n\r\t\\n\x", escapes=True), ("a\n\r\t\\n\\x",))
        self.assertEqual(parse(r"a\n"), (r"a\n",))

    def test_names(self) -> None:
        """Whoever checks a configuration learns which variables a template mentions."""
        self.assertEqual(names_in("{B}{A}{B}{{C}}"), ("B", "A"))

    @given(st.text(alphabet="{}A\\n ", max_size=30))
    def test_text_without_variables_is_kept(self, text: str) -> None:
        """Doubling every brace of any text gives that text."""
        doubled = text.replace("{", "{{").replace("}", "}}")
        self.assertEqual(expand(parse(doubled), {}, str), text)


class ValueTests(SynchronousTestCase):
    """Which value a name stands for."""

    def test_exact_name_first_then_any_case(self) -> None:
        """``{CALLDATA}`` finds what the dial plan set as ``calldata``, unless there is a ``CALLDATA``."""
        self.assertEqual(value_of("CALLDATA", {"calldata": "1"}), "1")
        self.assertEqual(value_of("CALLDATA", {"calldata": "1", "CALLDATA": "2"}), "2")

    def test_unknown_is_empty(self) -> None:
        """What nobody knows leaves nothing behind."""
        self.assertEqual(value_of("NOBODY", {"calldata": "1"}), "")

    def test_a_set_but_empty_value_is_not_looked_for_elsewhere(self) -> None:
        """An empty value is a value."""
        self.assertEqual(value_of("A", {"a": "1", "A": ""}), "")

    def test_ceiling(self) -> None:
        """A caller cannot make a template grow without bounds."""
        self.assertEqual(len(value_of("A", {"A": "x" * 100_000})), MAX_VALUE)
        self.assertLess(len(Pairs({"k": "é" * 100_000})), 7 * MAX_VALUE)

    def test_expansion_is_a_single_pass(self) -> None:
        """A caller who is called ``{SECRET}`` reads no other variable."""
        values = {"NAME": "{SECRET}{{NAME}}", "SECRET": "s3cret"}
        self.assertEqual(expand(parse("{NAME}"), values, str), "{SECRET}{{NAME}}")

    def test_every_call_has_its_own_result(self) -> None:
        """The second caller's page does not show the first caller's number."""
        pieces = parse("c={A}")
        self.assertEqual([expand(pieces, {"A": a}, str) for a in ("1", "2", "1")], ["c=1", "c=2", "c=1"])

    def test_lone_surrogates_can_be_written(self) -> None:
        """Bytes that were no UTF-8 on the phone line do not break whoever writes the value."""
        value_of("A", {"A": "J\udcfcrgen"}).encode()

    def test_no_control_character_survives(self) -> None:
        """Whatever the caller is called, what is left has one line and no escape sequence."""
        for name in HOSTILE_NAMES.values():
            self.assertLessEqual(len(f"x{without_controls(name)}".splitlines()), 1)
            self.assertNotIn("\x1b", without_controls(name, keep_tabs=True))
        self.assertEqual(without_controls("a\tb", keep_tabs=True), "a\tb")
