"""Findings for people and for programs."""

from __future__ import annotations

import json
import textwrap
from collections.abc import Sequence
from typing import Any

from astcti import __version__
from astcti.client.printable import printable, printable_json
from astcti.doctor.finding import LITERAL, Finding, Level, counted

MARKS = {Level.OK: "ok", Level.WARNING: "warning", Level.FAULT: "FAULT", Level.SKIPPED: "-"}
MARK_WIDTH, NAME_WIDTH = 9, 16
INDENT = " " * (MARK_WIDTH + NAME_WIDTH)
LONGEST = 2000  # characters of one line
NARROWEST = 60  # columns of a terminal that texts are wrapped for


def finding_text(finding: Finding, width: int = 0) -> str:
    """A line with its mark, and the remedy indented below.

    :param width: columns to wrap at; 0: not at all.
    """
    first = f"{MARKS[finding.level]:{MARK_WIDTH}}{finding.check:{NAME_WIDTH}}"
    lines = _wrapped(first, finding.seen, width)
    for line in finding.remedy:
        if line.startswith(LITERAL):
            lines.append(INDENT + LITERAL + printable(line[len(LITERAL) :], LONGEST))
        else:
            lines += _wrapped(INDENT, line, width)
    return "\n".join(line.rstrip() for line in lines) + "\n"


def _wrapped(first: str, text: str, width: int) -> list[str]:
    text = printable(text, LONGEST)
    if width < NARROWEST:
        return [first + text]
    return textwrap.wrap(text, width, initial_indent=first, subsequent_indent=INDENT, break_long_words=False,
                         break_on_hyphens=False) or [first]  # fmt: skip


def summary_text(findings: Sequence[Finding]) -> str:
    """The last line."""
    count = {level: sum(f.level is level for f in findings) for level in Level}
    parts = [
        f"{count[Level.OK]:,} fine",
        counted(count[Level.WARNING], "warning"),
        counted(count[Level.FAULT], "fault"),
        f"{count[Level.SKIPPED]:,} not looked at",
    ]
    return f"\n{', '.join(parts)}\n"


def as_json(findings: Sequence[Finding], *, ascii_only: bool, interrupted: bool = False) -> str:
    """Everything as one JSON object."""
    said: dict[str, Any] = {
        "version": __version__,
        "interrupted": interrupted,
        **{level.value: sum(f.level is level for f in findings) for level in Level},
        "findings": [
            {"check": f.check, "level": f.level.value, "seen": f.seen, "remedy": list(f.remedy)} for f in findings
        ],
    }
    return printable_json(json.dumps(said, ensure_ascii=ascii_only, indent=2)) + "\n"
