"""Figures with what they should be, for people."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class Row:
    """One figure.

    :ivar floor: what it must reach; ``None`` for a figure that is there for comparison only.
    :ivar goal: what we want.
    :ivar better: whether more is better, or less.
    :ivar note: under which conditions.
    """

    quantity: str
    value: float | None
    unit: str
    floor: float | None = None
    goal: float | None = None
    better: Literal["higher", "lower"] = "higher"
    note: str = ""

    @property
    def verdict(self) -> str:
        """``goal``, ``floor`` or ``below``; ``missing`` without a value, empty where nothing is asked for."""
        if self.value is None:
            return "missing"
        for name, limit in (("goal", self.goal), ("floor", self.floor)):
            if limit is not None and self._reaches(limit):
                return name
        return "" if self.floor is None and self.goal is None else "below"

    def _reaches(self, limit: float) -> bool:
        assert self.value is not None
        return self.value >= limit if self.better == "higher" else self.value <= limit

    def cells(self) -> tuple[str, ...]:
        """The row as texts."""
        return (
            self.quantity,
            "missing" if self.value is None else f"{number(self.value)} {self.unit}".strip(),
            "" if self.floor is None else number(self.floor),
            "" if self.goal is None else number(self.goal),
            self.verdict,
            self.note,
        )


HEADINGS = ("quantity", "value", "floor", "goal", "reached", "note")


def number(value: float) -> str:
    """Three digits, or all there are before the point."""
    return f"{value:,.0f}" if abs(value) >= 100 or value == int(value) else f"{value:.3g}"


def text_table(rows: Iterable[Row]) -> str:
    """For a terminal."""
    lines = [HEADINGS, *(row.cells() for row in rows)]
    widths = [max(len(line[at]) for line in lines) for at in range(len(HEADINGS) - 1)]
    return "\n".join("  ".join((*map(str.ljust, line, widths), line[-1])).rstrip() for line in lines)


def markdown_table(rows: Iterable[Row]) -> str:
    """For a document."""
    lines = [HEADINGS, ("---", "---:", "---:", "---:", "---", "---"), *(row.cells() for row in rows)]
    return "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines)
