"""The kinds of a configuration's columns: how a value is read from a file or data base, and written."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from astcti.config.addresses import normal_channel, normal_mac
from astcti.config.spellings import normal_action_type, normal_os, normal_word, parse_bool

MAX_ID = 2**63 - 1  # what a signed 64-bit column holds


@dataclass(frozen=True, slots=True)
class Kind:
    """How one kind of column is read and written.

    :ivar read: from a data base's value or an XML text to the model's value; ``ValueError`` with a sentence.
    :ivar write: from the model's value to text; ``None`` where it is absent.
    :ivar sql: the column's type in SQLite.
    """

    name: str
    read: Callable[[Any], Any]
    write: Callable[[Any], str | None]
    sql: str


def _text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bytes):
        try:
            return value.decode("utf-8")
        except UnicodeDecodeError as e:
            raise ValueError("the text is not UTF-8") from e
    return value if isinstance(value, str) else f"{value:.15g}" if isinstance(value, float) else str(value)


def _integer(value: Any) -> int:
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    text = _text(value).strip()
    digits = text[1:] if text[:1] in "+-" else text
    if not (digits.isascii() and digits.isdigit() and len(digits) <= 19) or not -MAX_ID <= int(text) <= MAX_ID:
        raise ValueError(f"{text[:40]!r} is not a whole number")
    return int(text)


def _id(value: Any) -> int:
    number = _integer(value)
    if number < 1:
        raise ValueError(f"{number} is not a positive number")
    return number


def _reference(value: Any) -> int | None:
    return None if _text(value).strip() == "" else _id(value)


def _bool(value: Any) -> bool:
    return parse_bool(_text(value))


def _timestamp(value: Any) -> float:
    try:
        number = float(_text(value).strip() or "0") if not isinstance(value, int | float) else float(value)
    except ValueError as e:
        raise ValueError(f"{value!r} is not a time (seconds since 1970)") from e
    if not math.isfinite(number):
        raise ValueError(f"{value!r} is not a time (seconds since 1970)")
    return number


def write_number(value: float) -> str:
    """A number as short as it can be read back exactly; whole ones without a point."""
    return str(int(value)) if float(value).is_integer() and abs(value) < 2**53 else repr(value)


def _languages(value: Any) -> tuple[str, ...]:
    return tuple(word for word in (piece.strip() for piece in _text(value).split(",")) if word)


TEXT = Kind("text", _text, str, "TEXT")
WORD = Kind("word", lambda value: normal_word(_text(value)), str, "TEXT")
OS = Kind("operating system", lambda value: normal_os(_text(value)), str, "TEXT")
ACTION_TYPE = Kind("action type", lambda value: normal_action_type(_text(value)), str, "TEXT")
MAC = Kind("MAC", lambda value: normal_mac(_text(value).strip()), str, "TEXT")
CHANNEL = Kind("phone", lambda value: normal_channel(_text(value)), str, "TEXT")
LANGUAGES = Kind("languages", _languages, ",".join, "TEXT")
INTEGER = Kind("whole number", _integer, str, "INTEGER")
ID = Kind("id", _id, str, "INTEGER")
REFERENCE = Kind("reference", _reference, lambda value: None if value is None else str(value), "INTEGER")
BOOL = Kind("yes or no", _bool, lambda value: "1" if value else "0", "INTEGER")
TIMESTAMP = Kind("time", _timestamp, write_number, "NUMERIC")
