"""Agents dial, on Asterisk 16 and 22."""

from __future__ import annotations

from tests.pbx.dialling import outcomes


class Outcomes16Tests(outcomes.OutcomeTests):
    """Asterisk 16."""

    major = 16


class Outcomes22Tests(outcomes.OutcomeTests):
    """Asterisk 22."""

    major = 22


class OutcomesChanSipTests(outcomes.OutcomeTests):
    """Asterisk 16 with the older channel driver."""

    major, technology = 16, "SIP"
