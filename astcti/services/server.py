"""The whole server as one service: begins in order, and ends in order too."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from twisted.application.service import IService, MultiService
from twisted.internet.defer import Deferred, TimeoutError, maybeDeferred
from twisted.internet.interfaces import IReactorTime
from twisted.internet.task import LoopingCall
from twisted.logger import Logger

from astcti import __version__
from astcti.errors import UserError
from astcti.protocols.transport import ServerFactory
from astcti.services.changeover import Changeover
from astcti.services.desk import Desk
from astcti.services.door import Door
from astcti.services.link import LinkService
from astcti.services.status import StatusBoard

LEAVING_SECONDS = 5.0  # for clients to hear that the server stops, and to go
DUTIES_SECONDS = 20.0  # for thousands to be taken out of their queues, by a PBX that does much else
HURRY_SECONDS = 0.5  # between two tries to reach the PBX meanwhile
PART_SECONDS = 5.0  # for each other part to end


class StartFailed(UserError):
    """The server cannot begin.

    :ivar code: the process's exit code.
    """

    def __init__(self, reason: str, code: int = 1) -> None:
        super().__init__(reason)
        self.code = code


class Start:
    """How the start goes.

    :ivar ready: fires when clients can come in for the first time; fails with :class:`StartFailed`.
    :ivar settle: called right before.
    """

    _log = Logger()

    def __init__(self) -> None:
        self.ready: Deferred[None] = Deferred()
        self.settle: Callable[[], object] = lambda: None

    def succeeded(self) -> None:
        """Clients can come in."""
        if not self.ready.called:
            self.settle()
            self._log.info("Ready")
            self.ready.callback(None)

    def failed(self, reason: str, code: int = 1) -> None:
        """Something needed cannot be had; a server that has begun goes on without."""
        self._log.critical("{reason}", reason=reason)
        if not self.ready.called:
            self.ready.errback(StartFailed(reason, code))

    def gave_up(self, reason: str) -> None:
        """The PBX could not be reached as often as was to be tried."""
        self.failed(f"the PBX cannot be reached: {reason}", 2)


class Server(MultiService):
    """Everything that :func:`astcti.tap.build_tree` puts together.

    :ivar ready: fires when clients can come in for the first time; fails with :class:`StartFailed`.
    :ivar on_stopping: called first of all when it stops.
    """

    name = "astcti"
    _log = Logger()

    def __init__(
        self,
        clock: IReactorTime,
        start: Start,
        *,
        desk: Desk,
        link: LinkService,
        door: Door,
        factory: ServerFactory,
        changeover: Changeover,
        board: StatusBoard,
        warnings: Sequence[str] = (),
    ) -> None:
        MultiService.__init__(self)
        self.desk = desk
        self.link = link
        self.door = door
        self.factory = factory
        self.changeover = changeover
        self.board = board
        self.ready = start.ready
        self.on_stopping: Callable[[], object] = lambda: None
        self._start = start
        self._warnings = warnings
        self._clock = clock

    def startService(self) -> None:
        """Begin."""
        try:
            MultiService.startService(self)
            self._log.info("astcti {version} begins", version=__version__)
            for warning in self._warnings:
                self._log.warn("configuration: {text}", text=warning)
        except UserError as e:
            self._start.failed(str(e))

    def stopService(self) -> Deferred[None]:
        """Nobody is let in; clients are told and go; then the PBX is left, and everything else."""
        return Deferred.fromCoroutine(self._stop())

    async def _stop(self) -> None:
        self._log.info("Stopping")
        self.on_stopping()
        self.running = 0
        parts: Sequence[IService] = list(self)
        await self._within(PART_SECONDS, self.door.stopService)  # for good, also when the PBX comes back meanwhile
        await self._within(LEAVING_SECONDS, self.factory.shut_down)
        hurrying = LoopingCall(self.link.retry)  # a PBX that is away is not waited for as long as usual
        hurrying.clock = self._clock
        hurrying.start(HURRY_SECONDS)
        await self._within(DUTIES_SECONDS, self._stop_duties)
        hurrying.stop()
        for part in reversed(parts):
            await self._within(PART_SECONDS, part.stopService)

    def _stop_duties(self) -> Deferred[None]:
        return Deferred.fromCoroutine(self.desk.stop_duties())

    async def _within(self, seconds: float, stop: Any) -> None:
        """Await the end of one part, but not for ever."""
        try:
            await maybeDeferred(stop).addTimeout(seconds, self._clock)
        except TimeoutError:
            self._log.warn("{part} did not end within {seconds:g} s", part=_named(stop), seconds=seconds)
        except Exception:
            self._log.failure("Stopping {part}", part=_named(stop))


def _named(stop: Any) -> str:
    owner = getattr(stop, "__self__", None)
    return str(getattr(owner, "name", None) or type(owner).__name__)
