"""Calls that an operator begins."""

from __future__ import annotations

from astcti.protocols.words.entry import Entry

ENTRIES: tuple[Entry, ...] = ()
