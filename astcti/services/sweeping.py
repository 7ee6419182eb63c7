"""Calls whose end was never told: looked for now and then, and ended if the PBX knows them no more."""

from __future__ import annotations

from twisted.application.service import Service
from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorTime
from twisted.internet.task import LoopingCall
from twisted.logger import Logger
from twisted.python.failure import Failure

from astcti.errors import AMIError
from astcti.services.link import LinkService
from astcti.services.stock import present_channels

SECONDS = 3600.0  # between looks
SILENT_SECONDS = 86_400.0  # without a word about a channel, after which the PBX is asked whether it is there


class Sweep(Service):
    """Looks once an hour."""

    name = "sweep"
    _log = Logger()

    def __init__(self, clock: IReactorTime, link: LinkService) -> None:
        self._link = link
        self._looking = LoopingCall(self._look)
        self._looking.clock = clock

    def startService(self) -> None:
        """Begin to look."""
        Service.startService(self)
        self._looking.start(SECONDS, now=False)

    def stopService(self) -> None:
        """Look no more."""
        Service.stopService(self)
        if self._looking.running:
            self._looking.stop()

    def _look(self) -> Deferred[None]:
        return Deferred.fromCoroutine(self._ask()).addErrback(self._failed)

    async def _ask(self) -> None:
        follower = self._link.follower
        silent = follower.silent(SILENT_SECONDS)
        if not silent or not self._link.up:
            return
        present = await present_channels(self._link.pbx)
        if present is not None and self._link.up:
            gone = silent & follower.silent(SILENT_SECONDS) - present
            if gone:
                self._log.warn("{count} channels are gone whose end the PBX never told", count=len(gone))
            follower.end(gone)

    def _failed(self, failure: Failure) -> None:
        if failure.check(AMIError) is None:
            self._log.failure("Looking for calls that never ended", failure)
