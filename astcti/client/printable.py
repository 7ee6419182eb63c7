"""Text from a phone line, made fit for a terminal."""

from __future__ import annotations

import unicodedata

MAX_SHOWN = 500  # characters of one text; a line longer than some screens is read by nobody
MAX_LINE = 2000  # characters of one line of ours that has such texts in it

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


def printable_lines(text: str, limit: int = MAX_LINE) -> str:
    """Each line of a text as :func:`printable` makes it."""
    return "\n".join(printable(line, limit) for line in text.splitlines())


def printable_json(text: str) -> str:
    """JSON of several lines that means the same, with nothing in it that a terminal obeys.

    :param text: as ``json.dumps`` makes it: nothing below a blank but line ends.
    """
    return text if text.isascii() and "\x7f" not in text else "".join(map(_in_json, text))


def _in_json(char: str) -> str:
    if char == "\n" or _is_seen(char):
        return char
    pair = char.encode("utf-16-be", "surrogatepass").hex()
    return "".join(f"\\u{pair[at : at + 4]}" for at in range(0, len(pair), 4))


def _is_seen(char: str) -> bool:
    return char in _JOINERS or unicodedata.category(char) not in _HIDDEN


def _visible(char: str) -> str:
    if _is_seen(char):
        return char
    code = ord(char)
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"
