"""What became of actions, and messages between people."""

from __future__ import annotations

from astcti.protocols.words.entry import Entry

ENTRIES: tuple[Entry, ...] = ()
