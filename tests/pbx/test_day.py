"""The operators' day on Asterisk 16 and 22."""

from __future__ import annotations

from tests.pbx.day import hours


class Day16Tests(hours.DayTests):
    """Asterisk 16."""

    major = 16


class Day22Tests(hours.DayTests):
    """Asterisk 22."""

    major = 22
