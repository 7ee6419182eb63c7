"""Pauses and after-call work on Asterisk 16 and 22."""

from __future__ import annotations

from tests.pbx.pausing import asked, calls


class Asked16Tests(asked.AskedTests):
    """Asterisk 16, which repeats the reason in another header."""

    major = 16


class Asked22Tests(asked.AskedTests):
    """Asterisk 22."""

    major = 22


class Calls16Tests(calls.CallTests):
    """Asterisk 16."""

    major = 16


class Calls22Tests(calls.CallTests):
    """Asterisk 22."""

    major = 22
