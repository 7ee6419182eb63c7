"""Tickets of those who stay connected for long: replaced in time, by one look now and then for all of them."""

from __future__ import annotations

from collections.abc import Callable

from twisted.application.service import Service
from twisted.internet.interfaces import IReactorTime

from astcti.services.repeating import repeating

SECONDS = 10.0  # between looks: a floor that logged in at once is through in some minutes


class Renewal(Service):
    """Looks for old tickets.

    :param renew: replaces some of them (:meth:`astcti.services.resuming.Resuming.renew`).
    """

    name = "renewal"

    def __init__(self, clock: IReactorTime, renew: Callable[[], object]) -> None:
        self._looking = repeating(clock, renew, "Replacing old tickets")

    def startService(self) -> None:
        """Begin to look."""
        Service.startService(self)
        self._looking.start(SECONDS, now=False)

    def stopService(self) -> None:
        """Look no more."""
        Service.stopService(self)
        if self._looking.running:
            self._looking.stop()
