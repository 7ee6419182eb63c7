"""Templates: text with ``{NAME}`` in it, taken apart once and put together for each call.

What may stand where a value lands is decided by the place: :mod:`~astcti.actions.urls`,
:mod:`~astcti.actions.arguments` and :mod:`~astcti.actions.messages` each hand :func:`expand` their own way to insert
one. Expansion is a single pass: a value is never looked at for variables again.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from urllib.parse import quote

MAX_VALUE = 4096  # characters of one value that are inserted; Asterisk itself cuts variables at about this size
MAX_TEMPLATE = 8192  # characters of a template; the CTI protocol drops parameters that are longer

# A dial-plan variable, or a dial-plan function such as CALLERID(num).
_NAME = r"[A-Za-z_][A-Za-z0-9_]*(?:\([^(){}]*\))?"
_TOKEN = re.compile(r"\{\{|\}\}|\{(" + _NAME + r")\}")
_TOKEN_OR_ESCAPE = re.compile(_TOKEN.pattern + r"|\\[nrt\\]")
_LITERALS = {"{{": "{", "}}": "}", "\\n": "\n", "\\r": "\r", "\\t": "\t", "\\\\": "\\"}

# C0, DEL, C1 (NEL is one of them) and Unicode's own line ends: no part of anybody's name, and each of them the end
# of a line, or the begin of an escape sequence, to some reader.
_CONTROLS = dict.fromkeys([*range(0x20), *range(0x7F, 0xA0), 0x2028, 0x2029])
_CONTROLS_BUT_TAB = {code: None for code in _CONTROLS if code != 0x09}
_SURROGATES = re.compile("[\ud800-\udfff]")


@dataclass(frozen=True, slots=True)
class Field:
    """The place of a value."""

    name: str


Piece = str | Field
Pieces = tuple[Piece, ...]


class Pairs(str):
    """Several ``key=value`` pairs as one text: percent-encoded and joined by ``&``.

    Where a URL has room for whole parameters (``?{APPDATA}``) they are inserted as such, in the URL's own encoding.
    """

    pairs: tuple[tuple[str, str], ...]

    def __new__(cls, pairs: Mapping[str, str], ceiling: int = MAX_VALUE) -> Pairs:
        """Join ``pairs``; of a value that is longer than ``ceiling`` the rest is cut off."""
        short = tuple((key, value[:ceiling]) for key, value in pairs.items())
        self = super().__new__(cls, "&".join(f"{_quoted(key)}={_quoted(value)}" for key, value in short))
        self.pairs = short
        return self


def _quoted(text: str) -> str:
    if text.isalnum() and text.isascii():
        return text
    return quote(text.encode("utf-8", "replace"), safe="")


def parse(template: str, *, escapes: bool = False) -> Pieces:
    r"""Take a template apart. ``{{`` and ``}}`` are literal braces; what does not form ``{NAME}`` stays as it is.

    :param escapes: whether ``\n \r \t \\`` are understood, as in messages.
    :returns: texts and fields, no two texts side by side, no empty text.
    """
    pieces: list[Piece] = []
    literal: list[str] = []
    end = 0
    for match in (_TOKEN_OR_ESCAPE if escapes else _TOKEN).finditer(template):
        literal.append(template[end : match.start()])
        end = match.end()
        if match[1] is None:
            literal.append(_LITERALS[match[0]])
            continue
        if text := "".join(literal):
            pieces.append(text)
        literal.clear()
        pieces.append(Field(match[1]))
    literal.append(template[end:])
    if text := "".join(literal):
        pieces.append(text)
    return tuple(pieces)


def names_in(template: str) -> tuple[str, ...]:
    """The variables a template mentions, each once, in order of appearance."""
    return tuple(dict.fromkeys(piece.name for piece in parse(template) if isinstance(piece, Field)))


def value_of(name: str, values: Mapping[str, str]) -> str:
    """Look a variable up: exactly first, then whatever the case; empty when nobody knows it.

    At most :data:`MAX_VALUE` characters; a lone surrogate, which no encoding can express, becomes U+FFFD.
    """
    value = values.get(name)
    if value is None:
        lower = name.lower()
        value = next((v for key, v in values.items() if key.lower() == lower), "")
    if isinstance(value, Pairs):
        return value
    value = value[:MAX_VALUE]
    return value if value.isascii() else _SURROGATES.sub("\ufffd", value)


def shortened(values: Mapping[str, str], ceiling: int) -> dict[str, str]:
    """The same values, of each at most ``ceiling`` characters."""
    return {
        name: Pairs(dict(value.pairs), ceiling) if isinstance(value, Pairs) else value[:ceiling]
        for name, value in values.items()
    }


def expand(pieces: Pieces, values: Mapping[str, str], insert: Callable[[str], str]) -> str:
    """Put a template together; ``insert`` makes a value fit for the place where it lands."""
    return "".join(piece if isinstance(piece, str) else insert(value_of(piece.name, values)) for piece in pieces)


def without_controls(value: str, *, keep_tabs: bool = False) -> str:
    """The value without NUL, line ends of any kind and all other control characters."""
    return value.translate(_CONTROLS_BUT_TAB if keep_tabs else _CONTROLS)
