"""Agents dial, on Asterisk 16 and 22."""

from __future__ import annotations

from tests.pbx.dialling import answering, outcomes, telecommuting, trespassing


class Outcomes16Tests(outcomes.OutcomeTests):
    """Asterisk 16."""

    major = 16


class Outcomes22Tests(outcomes.OutcomeTests):
    """Asterisk 22."""

    major = 22


class OutcomesChanSipTests(outcomes.OutcomeTests):
    """Asterisk 16 with the older channel driver."""

    major, technology = 16, "SIP"


class Trespassing16Tests(trespassing.TrespassingTests):
    """Asterisk 16."""

    major = 16


class Trespassing22Tests(trespassing.TrespassingTests):
    """Asterisk 22."""

    major = 22


class Limits22Tests(trespassing.LimitTests):
    """Asterisk 22."""

    major = 22


class Telecommuting16Tests(telecommuting.TelecommutingTests):
    """Asterisk 16."""

    major = 16


class Telecommuting22Tests(telecommuting.TelecommutingTests):
    """Asterisk 22."""

    major = 22


class Answering16Tests(answering.AnsweringTests):
    """Asterisk 16."""

    major = 16


class Answering22Tests(answering.AnsweringTests):
    """Asterisk 22."""

    major = 22


class AnsweringChanSipTests(answering.AnsweringTests):
    """Asterisk 16 with the older channel driver."""

    major, technology = 16, "SIP"
