"""Arguments of programs: as many as the template has, and no option that is not in it."""

from __future__ import annotations

import itertools
import shlex

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from astcti.actions.arguments import compile_arguments, expand_arguments, shown, split_windows
from astcti.errors import ConfigError
from tests.actions.hostile_names import HOSTILE_NAMES

SYSTEMS = st.sampled_from(["ALL", "LINUX", "MACINTOSH", "WINDOWS"])
TEMPLATES = ("{X}", "-n {X}", "--name={X} {X}", '"{X} {X}" last', "a{X} {X}b -- {X}", "{E}{X}", "{X}-{X}", "")


def arguments(template: str, name: str, system: str = "ALL") -> tuple[str, ...]:
    return expand_arguments(compile_arguments(template, system), {"X": name, "E": ""}, system)


class SplittingTests(SynchronousTestCase):
    """The template is split like a command line of the system it is for."""

    def test_posix(self) -> None:
        """Quotes and backslashes mean what they mean in a shell; nothing else does."""
        self.assertEqual(arguments(r"""-a "b c" 'd "e"' f\ g $HOME ;ls""", ""), (
            "-a", "b c", 'd "e"', "f g", "$HOME", ";ls",
        ))  # fmt: skip

    def test_windows(self) -> None:
        """On Windows a backslash is a backslash, unless quotes follow."""
        self.assertEqual(split_windows(r'C:\dir\ "a b" \"c\" "d\\" e\\f'), ["C:\\dir\\", "a b", '"c"', "d\\", r"e\\f"])
        self.assertEqual(split_windows('"a""b" c'), ['a"b c'])
        self.assertEqual(split_windows('"" "x'), ["", "x"])
        self.assertEqual(split_windows("  \t "), [])

    def test_windows_counts_as_windows_does(self) -> None:
        """Every short command line is split as by the counting rules of CommandLineToArgvW."""
        for length in range(7):
            for line in map("".join, itertools.product('a\\" ', repeat=length)):
                self.assertEqual(split_windows(line), _counted(line), line)

    def test_quotes_left_open(self) -> None:
        """A quote nobody closed is a mistake of the administrator, said before any call; Windows does not mind."""
        self.assertIn("no closing quotation", str(self.assertRaises(ConfigError, compile_arguments, "'a")))
        self.assertEqual(arguments('"a {X}', "b", "WINDOWS"), ("a b",))

    def test_a_caller_would_choose_the_option(self) -> None:
        """Dashes right before a variable are refused: the value would be the option."""
        for template in ("-{X}", "--{X}", "a --{X}=b"):
            self.assertIn("choose an option", str(self.assertRaises(ConfigError, compile_arguments, template)))
        compile_arguments("-o{X} --o={X} - {X}")

    def test_nul_and_length(self) -> None:
        """What no program can be given is refused."""
        self.assertRaises(ConfigError, compile_arguments, "a\0b")
        self.assertRaises(ConfigError, compile_arguments, "a" * 9000)

    def test_shown(self) -> None:
        """For people the arguments are written as they would type them."""
        self.assertEqual(shown(("a b", "c")), "'a b' c")
        self.assertEqual(shown(("a b", "c"), "WINDOWS"), '"a b" c')


class ExpansionTests(SynchronousTestCase):
    """What a value looks like as an argument."""

    def test_one_value_is_one_argument(self) -> None:
        """Blanks, quotes and dollars in a name are part of the name."""
        self.assertEqual(arguments("-n {X} end", """a 'b' "c" $(d) \\"""), ("-n", """a 'b' "c" $(d) \\""", "end"))
        self.assertEqual(arguments("{X}", ""), ("",))

    def test_leading_dashes_of_values_go(self) -> None:
        """A caller named -rf is rf to the program; dashes of the template stay."""
        self.assertEqual(arguments("{X}", "-rf"), ("rf",))
        self.assertEqual(arguments("{X}", "--x"), ("x",))
        self.assertEqual(arguments("{X}", " - -x"), ("x",))
        self.assertEqual(arguments("{E}{X}", "-x"), ("x",))
        self.assertEqual(arguments("{X}-y", ""), ("y",))
        self.assertEqual(arguments("-n{X}", "-x"), ("-n-x",))
        self.assertEqual(arguments("a{X}", "-x"), ("a-x",))
        self.assertEqual(arguments("{X}", "Smith-Jones"), ("Smith-Jones",))
        self.assertEqual(arguments("{X}", "/c"), ("/c",))
        self.assertEqual(arguments("{X}", "/c", "WINDOWS"), ("c",))

    def test_leading_dashes_may_stay(self) -> None:
        """An administrator can have them left; everything else is as ever."""
        for template, name, system in (("{X}", "-rf", "ALL"), ("{X}", "/c", "WINDOWS"), ("{E}{X}", "-x y", "ALL")):
            compiled = compile_arguments(template, system)
            values = {"X": f"{name}\n", "E": ""}
            self.assertEqual(expand_arguments(compiled, values, system, keep_dashes=True), (name,))

    def test_controls_go(self) -> None:
        """Line ends, NUL and escape sequences do not reach a program."""
        self.assertEqual(arguments("{X}", "a\r\n\0\x1b[2J\x85b"), ("a[2Jb",))
        self.assertEqual(arguments("{X}", "\x01-rf"), ("rf",))

    def test_no_hostile_name_is_more_than_a_value(self) -> None:
        """None of the hostile names adds anything to any of the templates, on any system."""
        for template, name, system in itertools.product(TEMPLATES, HOSTILE_NAMES.values(), ("ALL", "WINDOWS")):
            self.is_only_a_value(template, name, system)

    @given(st.sampled_from(TEMPLATES), st.text(max_size=60), SYSTEMS)
    def test_a_name_is_never_more_than_a_value(self, template: str, name: str, system: str) -> None:
        """Nor does anything else that a caller may be called."""
        self.is_only_a_value(template, name, system)

    def is_only_a_value(self, template: str, name: str, system: str) -> None:
        """Same number of arguments, no new option, one line, nothing unprintable."""
        tame, wild = arguments(template, "x", system), arguments(template, name, system)
        self.assertEqual(len(wild), len(tame))
        for one, other in zip(tame, wild, strict=True):
            self.assertEqual(other.lstrip().startswith("-"), one.startswith("-"))
            self.assertLessEqual(len(other.splitlines()), 1)
            self.assertNotIn("\0", other)
            other.encode()

    @given(st.lists(st.text(max_size=8), max_size=4), SYSTEMS)
    def test_what_is_shown_can_be_typed(self, words: list[str], system: str) -> None:
        """The text for people splits into the same arguments again."""
        text = shown(words, system)
        self.assertEqual(split_windows(text) if system == "WINDOWS" else shlex.split(text), words)


def _counted(line: str) -> list[str]:
    """The counting rules, one character at a time: quotes since quoting began, backslashes before this character."""
    done: list[str] = []
    word: list[str] | None = None
    quotes = slashes = i = 0
    while i < len(line):
        char = line[i]
        i += 1
        if char == " " and not quotes:
            if word is not None:
                done.append("".join(word))
            word, slashes = None, 0
            continue
        word = [] if word is None else word
        word.append(char)
        if char == "\\":
            slashes += 1
        elif char == '"':
            del word[len(word) - 1 - slashes // 2 - slashes % 2 :]
            if slashes % 2:
                word.append('"')
            else:
                quotes += 1
            slashes = 0
            while line[i : i + 1] == '"':
                i += 1
                quotes += 1
                if quotes == 3:
                    word.append('"')
                    quotes = 0
            quotes %= 2
        else:
            slashes = 0
    return done if word is None else [*done, "".join(word)]
