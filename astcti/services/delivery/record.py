"""One action on its way to whoever performs it, and what became of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

QUEUED, SENT, STARTED = OPEN = ("queued", "sent", "started")
OK, FAILED, TIMEOUT, LOST, DROPPED, UNREPORTED = ENDS = ("ok", "failed", "timeout", "lost", "dropped", "unreported")
"""How it can end: as its client or the server says (``ok failed``); the client could have said something and did not
(``timeout``), was gone before it did (``lost``), was never sent it (``dropped``); or is one that never says anything
(``unreported``)."""

BAD = frozenset({FAILED, TIMEOUT, LOST, DROPPED})
"""Ends that somebody should look at."""

CLIENT, SERVER = "client", "server"


@dataclass(slots=True, eq=False)
class Delivery:
    """One action of one call at one seat. All times are seconds since the epoch, 0 for what has not happened.

    :ivar id: as the client knows it; ``call`` is the unique id of the call, ``moment`` is ``RINGING LINK HANGUP``.
    :ivar operator: whose screen it is; ``seat`` names the workplace as tracking does, ``phone`` the interface.
    :ivar place: ``client`` or ``server``: who performs it.
    :ivar reports: whether whoever performs it says what became of it.
    :ivar sent: handed to the network, or for the server: ``started``.
    :ivar times: how often it was sent.
    :ivar replay_of: the id of the action that this one repeats.
    """

    id: str
    type: str
    call: str
    caller: str
    service: str
    moment: str
    operator: str
    seat: str
    phone: str
    peer: str
    place: str
    reports: bool
    queued: float
    sent: float = 0.0
    started: float = 0.0
    ended: float = 0.0
    status: str = QUEUED
    reason: str = ""
    times: int = 1
    replay_of: str = ""

    @property
    def is_open(self) -> bool:
        """Whether it is not known yet what becomes of it."""
        return self.status in OPEN

    @property
    def milliseconds(self) -> float | None:
        """From the sending to the end; None while there is none."""
        if not self.ended:
            return None
        return round((self.ended - (self.started or self.sent or self.queued)) * 1000, 3)

    def shown(self) -> dict[str, Any]:
        """As JSON can say it: what there is, times in seconds since the epoch, and how long each part took."""
        values: dict[str, Any] = {name: getattr(self, name) for name in self.__slots__}
        begun = self.sent or self.started
        values["configured"] = self.id.partition("-")[0]
        values["sent_milliseconds"] = round((begun - self.queued) * 1000, 3) if begun else None
        values["milliseconds"] = self.milliseconds
        return values
