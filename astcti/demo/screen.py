"""What the demonstration shows: a banner, a line for each thing that happens, and a summary."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable

from astcti.client.printable import printable
from astcti.demo.verification import Verification

Write = Callable[[str], object]

_COLUMNS = (
    ("time", 6), ("agent", 14), ("phone", 9), ("service", 7), ("caller", 20), ("number", 10), ("digits", 6),
    ("after", 7),
)  # fmt: skip


def width(text: str) -> int:
    """How many columns of a terminal a text takes."""
    wide = sum(unicodedata.east_asian_width(c) in "WF" for c in text)
    return len(text) + wide - sum(unicodedata.combining(c) != 0 for c in text)


def fitted(text: str, columns: int) -> str:
    """Text for a column: cut, or filled up with blanks."""
    shown = printable(text)
    while width(shown) > columns:
        shown = shown[:-2] + "…"
    return shown + " " * (columns - width(shown))


class Screen:
    """Writes it.

    :param seconds: since the demonstration began.
    """

    def __init__(self, write: Write, seconds: Callable[[], float]) -> None:
        self._write = write
        self._seconds = seconds

    def banner(self, agents: int, ami: str, cti: str, guest: str, phone: str, password: str) -> None:
        """Say what this is, what to look at, and how to take part."""
        self._write(
            f"""astcti demo: a simulated Asterisk 22, the CTI server and {agents} agents in one process, joined by TCP.
Callers key in digits, agents answer, and the right page pops at the right agent. The pages are only named
here: nothing is opened, no program is started (a dry run).

  the PBX     AMI on {ami}, user astcti, secret astcti-secret
  the server  CTI on {cti}; take part, and calls come to you as well:
              astcti agent --server {cti} --user {guest} --password {password} --extension {phone} --dry-run

  orders      two phones ring at once: only who answers gets the page
  support     a queue: one agent after the other
  sales       a queue that rings every free agent at once

  pop         a call was answered, so many milliseconds ago, and this page opens at that agent
  move        the agent sends the caller on to a colleague, where the page pops as well
  miss        nobody answered in time: no pop

Ctrl-C ends it.

"""
        )
        self._write("      " + "  ".join(f"{name:<{columns}}" for name, columns in _COLUMNS) + "  page\n")

    def line(self, word: str, *cells: str, last: str) -> None:
        """One thing that happened: a word, what stands in the columns after the time, and a rest of any length."""
        minutes, seconds = divmod(max(0.0, self._seconds()), 60)
        columns = [f"{int(minutes)}:{seconds:04.1f}", *cells]
        filled = (fitted(cell, columns) for cell, (_, columns) in zip(columns, _COLUMNS, strict=True))
        self._write(f"{word:<4}  {'  '.join(filled)}  {printable(last)}".rstrip() + "\n")

    def note(self, text: str) -> None:
        """Something that does not fit the columns."""
        self._write(f"      {printable(text)}\n")

    def summary(self, calls: int, answered: int, missed: int, moved: int, found: Verification) -> None:
        """Say what there was, and whether it was as it should be."""
        waiting = calls - answered - missed
        still = f", {waiting} still waiting" if waiting else ""
        verdict = "as it should be" if found.perfect else "NOT as it should be"
        self._write(
            f"\n{calls} calls, {answered} answered, {missed} not{still}, {moved} sent on to a colleague; "
            f"{found.pops} pops: {found.lost} lost, {found.doubled} doubled, {found.misdelivered} misdelivered, "
            f"{verdict}.\n"
        )
        if found.pops:
            self._write(f"The slowest pop came {found.slowest * 1000:.1f} ms after the answer.\n")
