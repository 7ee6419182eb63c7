"""Operators are members of their queues while they are at work, and not a moment longer."""

from astcti.services.membership.duty import Membership
from astcti.services.membership.values import IN, LEAVING, LEFTOVER, OUT, REFUSED, WAITING, View

__all__ = ["IN", "LEAVING", "LEFTOVER", "OUT", "REFUSED", "WAITING", "Membership", "View"]
