"""Telling clients which queues they are in: what the desk does not tell by itself when the PBX tells of a member."""

from __future__ import annotations

from collections.abc import Callable

from twisted.logger import Logger

from astcti.model.roster import Roster
from astcti.services.audience import Audience
from astcti.services.floor import Attendance
from astcti.services.membership.sittings import Sittings
from astcti.services.membership.values import Key, Place


class Telling:
    """Says each thing once.

    :param audience: who works on which queues, by the configuration in use.
    """

    _log = Logger()

    def __init__(self, roster: Roster, sittings: Sittings, audience: Callable[[], Audience]) -> None:
        self._roster = roster
        self._sittings = sittings
        self._audience = audience

    def settled(self, place: Place) -> None:
        """A place is as wanted: whoever was there before us, or is there already, has not heard of it."""
        place.tries = 0
        holder, queue = place.holder, place.key.queue
        sitting = self._sittings.get(holder)
        if holder is None or sitting is None or place.want is None or place.taken_out:
            return
        if queue in sitting.untold and self._roster.member(*place.key) is not None:
            sitting.untold.discard(queue)
            self._tell(holder, queue, True)

    def joined(self, place: Place) -> None:
        """The PBX told of a membership; the desk has told the client, if it is their first in that queue."""
        holder, queue = place.holder, place.key.queue
        sitting = self._sittings.get(holder)
        if holder is None or sitting is None or queue not in sitting.untold:
            return
        sitting.untold.discard(queue)
        if any(self._roster.member(queue, phone) for phone in holder.phones if phone != place.key.phone):
            self._tell(holder, queue, True)  # the others are left of who was there before

    def ended(self, place: Place) -> None:
        """A queue that is not theirs any more is gone; of the others the desk tells."""
        holder, queue = place.holder, place.key.queue
        if place.want is None and holder is not None and holder in self._sittings and holder.operator is not None:
            told = queue in self._audience().queues_of(holder.operator) and place.key.phone in holder.phones
            if not told and not self.anywhere(queue, holder):
                self._tell(holder, queue, False)

    def _tell(self, holder: Attendance, queue: str, member: bool) -> None:
        try:
            holder.client.queue_changed(queue, member)
        except Exception:  # what is wrong with one client costs the others nothing
            self._log.failure("Telling {peer} of a queue", peer=holder.client.peer)

    def anywhere(self, queue: str, attendance: Attendance | None) -> bool:
        """Whether any phone of somebody is in a queue."""
        phones = attendance.phones if attendance is not None else ()
        return any(self._roster.member(*Key(queue, phone)) for phone in phones)
