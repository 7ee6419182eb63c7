"""Queues, pauses and after-call work."""

from __future__ import annotations

from astcti.protocols.words.entry import Entry

ENTRIES: tuple[Entry, ...] = ()
