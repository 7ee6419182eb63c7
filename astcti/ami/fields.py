"""Single header values as the rest of the program wants them."""

from __future__ import annotations

import re

#: How Asterisk writes an absent number or name.
_ABSENT = frozenset({"<unknown>", "unknown", "(null)", "(NULL)", "<Unknown>", "Unknown"})

_ESCAPE = re.compile(r"\\(.)", re.DOTALL)
_PLAIN = {"n": "\n", "r": "\r", "t": "\t", "a": "\a", "b": "\b", "f": "\f", "v": "\v"}


def party(value: str) -> str:
    """A caller's number or name: empty when Asterisk says it has none."""
    return "" if value in _ABSENT else value


def shown(name: str, linkedid: str) -> str:
    """The name of a caller or a connected party, empty when there is none.

    :param linkedid: of the same event. Where there is one (12 and later), names have C escapes as VarSet's values
        have: ``O\\'Brien`` (seen on 16 and 22); in older versions and in lists of a queue they are as they are.
    """
    if "\\" in name and linkedid:
        name = unescape(name)
    return "" if name in _ABSENT else name


def unescape(value: str) -> str:
    """Undo the C escapes of VarSet's ``Value`` and of names, which alone among AMI's values have them."""
    return _ESCAPE.sub(lambda m: _PLAIN.get(m[1], m[1]), value) if "\\" in value else value


def number(value: str) -> int:
    """A count or a code; 0 for what is none."""
    try:
        return int(value)
    except ValueError:
        return 0


def truth(value: str) -> bool:
    """``1``, ``true``, ``yes``, ``on``."""
    return value.lower() in {"1", "true", "yes", "on"}
