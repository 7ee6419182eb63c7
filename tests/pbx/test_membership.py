"""Membership of queues on Asterisk 16 and 22."""

from __future__ import annotations

from tests.pbx import membership


class Membership16Tests(membership.MembershipTests):
    """Asterisk 16."""

    major = 16


class Membership22Tests(membership.MembershipTests):
    """Asterisk 22."""

    major = 22
