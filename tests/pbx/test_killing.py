"""Who is away, on Asterisk 16 and 22; ``python -m tests.pbx.killing`` kills everything, for as long as you like."""

from __future__ import annotations

from tests.pbx.killing import absence


class Absence16Tests(absence.AbsenceTests):
    """Asterisk 16."""

    major = 16


class Absence22Tests(absence.AbsenceTests):
    """Asterisk 22."""

    major = 22
