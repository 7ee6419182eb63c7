"""What breaks, on Asterisk 16 and 22."""

from __future__ import annotations

from tests.pbx import recovery


class Recovery16Tests(recovery.RecoveryTests):
    """Asterisk 16."""

    major = 16


class Recovery22Tests(recovery.RecoveryTests):
    """Asterisk 22."""

    major = 22
