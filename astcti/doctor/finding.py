"""What a check saw, and what to do about it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

LITERAL = "    "  # a line of a remedy that begins so is to be copied as it is


class Level(StrEnum):
    """How bad it is."""

    OK = "ok"
    WARNING = "warning"
    FAULT = "fault"
    SKIPPED = "skipped"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing seen.

    :ivar check: the name of the check.
    :ivar seen: one line.
    :ivar remedy: lines of what to do; those that begin with :data:`LITERAL` are for a file or a shell.
    """

    check: str
    level: Level
    seen: str
    remedy: tuple[str, ...] = ()


class Notes:
    """Where one check writes what it sees.

    :param tell: called with each finding at once.
    """

    def __init__(self, check: str, tell: Callable[[Finding], object]) -> None:
        self.check = check
        self._tell = tell

    def fine(self, seen: str) -> None:
        """All is well with something."""
        self._tell(Finding(self.check, Level.OK, seen))

    def warn(self, seen: str, *remedy: str) -> None:
        """It works, but somebody should look at it."""
        self._tell(Finding(self.check, Level.WARNING, seen, remedy))

    def fault(self, seen: str, *remedy: str) -> None:
        """It does not work, or will not."""
        self._tell(Finding(self.check, Level.FAULT, seen, remedy))

    def skip(self, seen: str, *remedy: str) -> None:
        """It could not be looked at, or there is nothing to look at."""
        self._tell(Finding(self.check, Level.SKIPPED, seen, remedy))


def some(names: list[str], most: int = 8) -> str:
    """``a, b, c and 12 more``."""
    shown = ", ".join(names[:most])
    return shown if len(names) <= most else f"{shown} and {len(names) - most:,} more"


def counted(number: int, noun: str, plural: str = "") -> str:
    """``1 queue``, ``1,200 queues``."""
    return f"{number:,} {noun if number == 1 else plural or noun + 's'}"
