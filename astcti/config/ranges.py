"""Which numbers an outbound service may dial: ``200, 200-299, _0X., *``."""

from __future__ import annotations

import re
from dataclasses import dataclass

_NUMBER = re.compile(r"[0-9*#+A-Za-z]+")
_SPAN = re.compile(r"([0-9]+)\s*[-\u2013]\s*([0-9]+)")  # hyphen or en dash
_PATTERN_PIECE = re.compile(r"\[([0-9*#A-Za-z-]+)\]|([XZNxzn])|([.!])|([0-9*#+A-Za-z-])")
_LETTERS = {"X": "[0-9]", "Z": "[1-9]", "N": "[2-9]"}
MAX_NUMBER = 80  # characters; the longest extension Asterisk keeps (AST_MAX_EXTENSION)


@dataclass(frozen=True, slots=True)
class Ranges:
    """A set of numbers. ``spans`` are (digits, first, last); an empty configuration allows every number."""

    everything: bool = False
    numbers: frozenset[str] = frozenset()
    spans: tuple[tuple[int, int, int], ...] = ()
    patterns: tuple[re.Pattern[str], ...] = ()

    def covers(self, number: str) -> bool:
        """Whether ``number`` may be dialled."""
        if not number or len(number) > MAX_NUMBER:
            return False
        if self.everything or number in self.numbers:
            return True
        if number.isascii() and number.isdigit():
            value = int(number)
            if any(len(number) == digits and first <= value <= last for digits, first, last in self.spans):
                return True
        return any(pattern.fullmatch(number) for pattern in self.patterns)


EVERYTHING = Ranges(everything=True)


def parse_ranges(text: str) -> Ranges:
    """Understand an ``ALLOWED_EXTENSIONS``; empty text allows every number.

    :raises ValueError: with a sentence that quotes the item at fault.
    """
    if not text.strip():
        return EVERYTHING
    everything, numbers, spans, patterns = False, set(), [], []
    for item in (piece.strip() for piece in text.split(",")):
        if item == "*":
            everything = True
        elif span := _SPAN.fullmatch(item):
            spans.append(_span(item, *span.groups()))
        elif item.startswith("_"):
            patterns.append(_pattern(item))
        elif _NUMBER.fullmatch(item) and len(item) <= MAX_NUMBER:
            numbers.add(item)
        else:
            raise ValueError(f"{item!r} is neither a number, a range such as 200-299, a pattern such as _0X. nor *")
    return Ranges(everything, frozenset(numbers), tuple(spans), tuple(patterns))


def _span(item: str, first: str, last: str) -> tuple[int, int, int]:
    """``200-299``: both ends included, the number of digits fixed."""
    if len(first) != len(last):
        raise ValueError(f"range {item!r}: both ends need the same number of digits")
    if len(first) > MAX_NUMBER:
        raise ValueError(f"range {item!r}: more than {MAX_NUMBER} digits")
    if int(first) > int(last):
        raise ValueError(f"range {item!r}: the first number is larger than the last")
    return len(first), int(first), int(last)


def _pattern(item: str) -> re.Pattern[str]:
    """``_0X.`` as in Asterisk's dial plan: X 0-9, Z 1-9, N 2-9, ``[..]`` a set, at the end ``.`` some, ``!`` any."""
    expression, rest = [], item[1:]
    if not rest or len(rest) > MAX_NUMBER:
        raise ValueError(f"pattern {item!r} is empty or longer than {MAX_NUMBER} characters")
    while rest:
        piece = _PATTERN_PIECE.match(rest)
        if piece is None:
            raise ValueError(f"pattern {item!r}: {rest[0]!r} has no meaning there")
        rest = rest[piece.end() :]
        members, letter, tail, plain = piece.groups()
        if tail and rest:
            raise ValueError(f"pattern {item!r}: {tail!r} is only possible at the end")
        if members:
            expression.append(_members(item, members))
        elif letter:
            expression.append(_LETTERS[letter.upper()])
        elif tail:
            expression.append(".+" if tail == "." else ".*")
        elif plain != "-":  # Asterisk skips dashes in patterns
            expression.append(re.escape(plain))
    return re.compile("".join(expression))


def _members(item: str, members: str) -> str:
    """``[1-57]`` as a set of the regular expression."""
    wrong = members.startswith("-") or members.endswith("-") or "--" in members
    if wrong or any(first > last for first, last in re.findall(r"([^-])-([^-])", members)):
        raise ValueError(f"pattern {item!r}: [{members}] is no set")
    return "[" + re.sub(r"[*#]", r"\\\g<0>", members) + "]"
