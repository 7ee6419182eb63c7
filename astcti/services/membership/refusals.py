"""What the PBX refuses: said, and tried again."""

from __future__ import annotations

from collections.abc import Callable

from twisted.internet.interfaces import IDelayedCall, IReactorTime
from twisted.logger import Logger

from astcti.model.node import Node
from astcti.services.floor import Attendance
from astcti.services.membership.places import Places
from astcti.services.membership.sittings import Sittings
from astcti.services.membership.values import Key, Place
from astcti.services.membership.views import username_of

RETRY_SECONDS = 5.0  # after the PBX refused something; it is tried again once


class Refusals:
    """Tries again once soon; whatever else may change the PBX's mind is not its business.

    :param look: told of a phone whose memberships are to be looked at.
    :param stuck: called with somebody whom the PBX does not let out of a queue.
    """

    _log = Logger()

    def __init__(
        self,
        clock: IReactorTime,
        places: Places,
        sittings: Sittings,
        look: Callable[[str], object],
        stuck: Callable[[Attendance], object],
    ) -> None:
        self._clock = clock
        self._places = places
        self._sittings = sittings
        self._look = look
        self._stuck = stuck
        self._retries: dict[Key, IDelayedCall] = {}
        self._stopped = False

    def refused(self, place: Place) -> None:
        """The PBX would not: it is tried again once soon, then when the link comes back or another want comes."""
        place.tries += 1
        key, what = place.key, "in" if place.want is not None else "out"
        self._log.warn(
            "The PBX does not let {interface} of {username} {what} of the queue {queue}: {problem}",
            interface=key.phone, username=username_of(place), what=what, queue=key.queue, problem=place.problem,
        )  # fmt: skip
        if place.tries == 1 and key not in self._retries and not self._stopped:
            self._retries[key] = self._clock.callLater(RETRY_SECONDS, self._retry, key)
        holder = place.holder
        if holder is None or holder not in self._sittings:
            return
        if place.want is not None:
            node = Node("queue", (("name", key.queue), ("channel", key.phone), ("problem", place.problem[:200])))
            holder.client.tell("QueueState", node)
        else:
            self._stuck(holder)

    def stop(self) -> None:
        """Nothing is tried again, from here on either."""
        self._stopped = True
        for waiting in self._retries.values():
            if waiting.active():
                waiting.cancel()
        self._retries.clear()

    def _retry(self, key: Key) -> None:
        del self._retries[key]
        place = self._places.get(key)
        if place is not None and place.problem:
            place.problem = ""
            self._look(key.phone)
