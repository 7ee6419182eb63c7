"""What became of actions, on Asterisk 16 and 22."""

from __future__ import annotations

from tests.pbx import delivery


class Delivery16Tests(delivery.DeliveryTests):
    """Asterisk 16."""

    major = 16


class Delivery22Tests(delivery.DeliveryTests):
    """Asterisk 22."""

    major = 22
