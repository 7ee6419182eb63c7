"""Calls that were ordered and of which nobody knows yet what becomes of them, by every name the PBX has for them."""

from __future__ import annotations

from collections import OrderedDict
from typing import TYPE_CHECKING

from astcti.model.facts import OriginateResult
from astcti.services.floor import Attendance
from astcti.services.originating.order import Order
from astcti.services.originating.outcome import Outcome

if TYPE_CHECKING:
    from twisted.internet.interfaces import IDelayedCall

MAX_EARLY = 64  # results that came before the answer they belong to; others that dial through the PBX make some too


class Pending:
    """One of them.

    :ivar action_id: by which the PBX speaks of it; empty until it has accepted the order.
    :ivar exists: whether its first channel has been seen.
    :ivar verdict: what became of it, when that was known before the PBX had accepted the order.
    """

    __slots__ = ("action_id", "attendance", "exists", "guard", "order", "verdict")

    def __init__(self, attendance: Attendance, order: Order) -> None:
        self.attendance = attendance
        self.order = order
        self.action_id = ""
        self.exists = False
        self.verdict: Outcome | None = None
        self.guard: IDelayedCall | None = None


class PendingBook:
    """All of them; one for each phone at the most."""

    def __init__(self) -> None:
        self._at_phone: dict[str, Pending] = {}
        self._by_uniqueid: dict[str, Pending] = {}
        self._by_action: dict[str, Pending] = {}
        self._early: OrderedDict[str, OriginateResult] = OrderedDict()

    def __len__(self) -> int:
        return len(self._at_phone)

    def __contains__(self, pending: Pending) -> bool:
        return self._at_phone.get(pending.order.phone) is pending

    def at_phone(self, phone: str) -> Pending | None:
        """What is pending there."""
        return self._at_phone.get(phone)

    def of(self, uniqueid: str) -> Pending | None:
        """That whose first channel it is."""
        return self._by_uniqueid.get(uniqueid)

    def all(self) -> list[Pending]:
        """Every one."""
        return list(self._at_phone.values())

    def add(self, pending: Pending) -> None:
        """The PBX is asked for it."""
        self._at_phone[pending.order.phone] = pending
        self._by_uniqueid[pending.order.uniqueid] = pending

    def accepted(self, pending: Pending, action_id: str) -> OriginateResult | None:
        """The PBX has accepted it; gives its result if that came even before."""
        pending.action_id = action_id
        self._by_action[action_id] = pending
        return self._early.pop(action_id, None)

    def matched(self, result: OriginateResult) -> Pending | None:
        """Whose result this is; of what is not accepted yet it is kept."""
        pending = self._by_action.get(result.action_id)
        if pending is None and any(not p.action_id for p in self._at_phone.values()):
            self._early[result.action_id] = result
            if len(self._early) > MAX_EARLY:
                self._early.popitem(last=False)
        return pending

    def remove(self, pending: Pending) -> bool:
        """It is known what became of it, or nobody wants to know; whether it was there."""
        if pending not in self:
            return False
        del self._at_phone[pending.order.phone]
        del self._by_uniqueid[pending.order.uniqueid]
        self._by_action.pop(pending.action_id, None)
        if not self._at_phone:
            self._early.clear()
        return True
