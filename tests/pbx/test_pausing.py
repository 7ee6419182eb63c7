"""Pauses and after-call work on Asterisk 16 and 22."""

from __future__ import annotations

from tests.pbx import pausing


class Pausing16Tests(pausing.PausingTests):
    """Asterisk 16, which repeats the reason in another header."""

    major = 16


class Pausing22Tests(pausing.PausingTests):
    """Asterisk 22."""

    major = 22
