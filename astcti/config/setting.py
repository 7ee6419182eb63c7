"""One runtime setting: how it is declared, and how its text is read."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from astcti.config.spellings import parse_bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """One line of the table :data:`astcti.config.settings.SETTINGS`."""

    name: str
    default: Any
    type: str
    meaning: str
    unit: str
    low: int | None
    high: int | None
    off: int | None
    choices: tuple[str, ...]
    check: Callable[[str], str] | None
    live: str
    path: bool

    def read(self, text: str) -> Any:
        """The value a text means.

        :raises ValueError: wrong type or out of range, with a sentence.
        """
        text = text.strip()
        if self.type == "bool":
            return parse_bool(text)
        if self.type == "int":
            return self._number(text)
        if self.type.startswith("tuple"):
            return tuple(text.lower().replace(",", " ").split())
        if self.choices and text.lower() not in self.choices:
            raise ValueError(f"{text!r} is none of {', '.join(self.choices)}")
        if any(ord(c) < 32 or ord(c) == 127 for c in text):
            raise ValueError("control characters are not possible")
        return self.check(text) if self.check else text.lower() if self.choices else text

    def _number(self, text: str) -> int:
        if not re.fullmatch(r"-?[0-9]{1,18}", text):
            raise ValueError(f"{text!r} is not a whole number")
        number, in_range = int(text), f"{self.low} to {self.high}"
        too_low, too_high = self.low is not None and number < self.low, self.high is not None and number > self.high
        if number == self.off or not (too_low or too_high):
            return number
        possible = in_range if self.off is None else f"{in_range}, or {self.off}"
        raise ValueError(f"{number} is out of range ({possible}{' ' + self.unit if self.unit else ''})")


def declare(
    default: Any,
    meaning: str,
    *,
    unit: str = "",
    low: int | None = None,
    high: int | None = None,
    off: int | None = None,
    choices: tuple[str, ...] = (),
    check: Callable[[str], str] | None = None,
    live: str = "yes",
    path: bool = False,
    secret: bool = False,
) -> Any:
    """Declare a setting.

    :param off: a value outside of the range that is possible too.
    :param live: when a change takes effect.
    :param path: a file or directory, relative to the bootstrap file.
    """
    metadata = {"meaning": meaning, "unit": unit, "low": low, "high": high, "off": off, "choices": choices,
                "check": check, "live": live, "path": path}  # fmt: skip
    return field(default=default, metadata=metadata, repr=not secret)
