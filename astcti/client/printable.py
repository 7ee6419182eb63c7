"""Text from a phone line, made fit for a terminal."""

from __future__ import annotations

import unicodedata

MAX_SHOWN = 500  # characters of one text; a line longer than some screens is read by nobody

# Controls and line ends; what turns the direction of writing or is not seen; surrogates; what is no character at all.
_HIDDEN = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
_JOINERS = "\u200c\u200d"  # part of Persian words and of emoji, and harmless


def printable(text: str, limit: int = MAX_SHOWN) -> str:
    r"""The text on one line, in the order in which it is written, with nothing in it that a terminal obeys.

    Escape sequences and the like become visible, ``\x1b[2J``; what is too long ends with ``…``.
    """
    if text.isascii() and text.isprintable() and len(text) <= limit:
        return text
    cut = text[:limit] + "…" if len(text) > limit else text
    return "".join(map(_visible, cut))


def _visible(char: str) -> str:
    if char in _JOINERS or unicodedata.category(char) not in _HIDDEN:
        return char
    code = ord(char)
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"
