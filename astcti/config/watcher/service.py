"""The service that watches the source of configurations.

Looking, reading and validating happen in a thread of its own, one at a time; only the swap is the reactor's.
Whatever goes wrong, the configuration that runs goes on.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from operator import attrgetter
from typing import Any

from twisted.application.service import Service
from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IDelayedCall
from twisted.logger import Logger

from astcti.config.load import Examined, Loaded, Loader
from astcti.config.model import Configuration
from astcti.config.status import Status
from astcti.config.uncollected import uncollected
from astcti.config.watcher.notifier import Notifier
from astcti.config.watcher.threads import STOP_SECONDS, Threads
from astcti.errors import ConfigError

DEBOUNCE_SECONDS = 0.5  # of quiet after the last change; editors and copies make several
RESCAN_SECONDS = 30.0  # between looks where changes are notified: network file systems notify nobody
MAX_SAID = 20  # problems of one configuration in the log; all are in the status

_log = Logger()


class ConfigurationWatcher(Service):
    """Watches the source of a loader and hands on every new configuration that is valid.

    :ivar current: the configuration in use.
    :ivar status: for people.
    """

    name = "configuration"

    def __init__(
        self,
        reactor: Any,
        loader: Loader,
        loaded: Loaded,
        on_change: Callable[[Any], Deferred[None] | None],
        *,
        prepare: Callable[[Loaded], Any] = attrgetter("configuration"),
        in_thread: Callable[[Callable[[], Any]], Deferred[Any]] | None = None,
        notify: bool = True,
    ) -> None:
        """Make a watcher.

        :param reactor: ``IReactorTime``, and ``IReactorFromThreads`` unless ``in_thread`` is given. Its clock gives the
            times of status and backups.
        :param loaded: what :meth:`~astcti.config.load.Loader.first` gave; it is in use already.
        :param on_change: called with each new configuration as it was prepared, on the reactor's thread. It is in use
            when this returns; the next is not looked for before what it returns has fired. If it raises, that
            configuration counts as rejected.
        :param prepare: called first, in the thread: gets a configuration ready, or raises, too.
        :param in_thread: runs a function elsewhere; else that is a thread of its own.
        :param notify: whether to use the system's notification of changes.
        """
        self.current = loaded.configuration
        self.status = Status.of(loaded, loader.source.describe(), reactor.seconds()).seen(loaded.trouble)
        self._reactor = reactor
        self._loader = loader
        self._unsettled: Loaded | None = loaded
        self._on_change = on_change
        self._prepare = prepare
        self._threads = Threads(reactor, "configuration")
        self._in_thread = in_thread or self._threads.run
        folder = loader.source.folder
        self._notifier = Notifier(reactor, folder, self._changed) if notify and folder is not None else None
        self._poll: IDelayedCall | None = None
        self._soon: IDelayedCall | None = None
        self._working = False
        self._again = False
        self._forget = False
        self._asked: list[Deferred[Status]] = []
        self._finished: list[Deferred[None]] = []

    def startService(self) -> None:
        """Settle what is in use, then look from time to time."""
        Service.startService(self)
        self._threads.startService()
        self._look()
        self._poll_later()

    def stopService(self) -> Deferred[None] | None:
        """Look no more; fires when the last look has ended, or hangs."""
        Service.stopService(self)
        for call in (self._poll, self._soon):
            if call is not None and call.active():
                call.cancel()
        if self._notifier is not None:
            self._notifier.stop()
        self._answer()
        if not self._working:
            self._threads.stopService()
            return None
        finished: Deferred[None] = Deferred()
        self._finished.append(finished)
        late = self._reactor.callLater(STOP_SECONDS, self._finish)

        def stopped(_: object) -> None:
            if late.active():
                late.cancel()
            self._threads.stopService()

        return finished.addCallback(stopped)

    def reload(self) -> Deferred[Status]:
        """Look now, also at what was rejected; fires when nothing is left to look at or still being written."""
        asked: Deferred[Status] = Deferred()
        self._asked.append(asked)
        self._forget = True
        self._look()
        return asked

    def patch(self, configuration: Configuration) -> None:
        """The configuration in use was changed in place, as an override does."""
        self.current = configuration

    def _look(self) -> None:
        """Look now, or once more after the look that is under way."""
        self._again = True
        if not self._working and self.running:
            self._working = True
            Deferred.fromCoroutine(self._work()).addErrback(self._failed).addBoth(self._rested)

    async def _work(self) -> None:
        """Look until nothing is new."""
        if self._unsettled is not None:
            loaded, self._unsettled = self._unsettled, None
            await self._use(loaded)
        waits = False
        while self._again and self.running:
            self._again = False
            waits = await self._look_once()
        if not waits:
            self._answer()

    async def _look_once(self) -> bool:
        """One look; whether something is still being written."""
        if self._forget:
            self._forget = False
            await self._in_thread(self._loader.forget)
        began = self._reactor.seconds()
        examined: Examined = await self._in_thread(partial(self._loader.examine, began))
        if not self.running:
            return False
        if examined.trouble and examined.trouble != self.status.trouble:
            _log.warn("configuration: {trouble}; the one in use stays", trouble=examined.trouble)
        self.status = self.status.seen(examined.trouble)
        if examined.loaded is not None:
            await self._swap(examined.loaded, began)
        elif examined.problems:
            self._reject(str(examined.path), examined.problems)
        if examined.wait is not None:
            self._soon_later(examined.wait)
        return examined.wait is not None

    async def _swap(self, loaded: Loaded, began: float) -> None:
        """Get the new configuration ready, and hand it on in one turn of the reactor: it is the current one then."""
        self.status = self.status.complaining("")
        following: Deferred[None] | None = None
        if await self._in_thread(partial(_differ, loaded.configuration, self.current)):
            try:
                prepared = await self._in_thread(partial(self._prepared, loaded))
                await self._back_up(loaded)
                if not self.running:
                    return
                following = self._on_change(prepared)
            except Exception as e:  # whoever applies it is not ours, and the watcher must live
                if not isinstance(e, ConfigError):
                    _log.failure("Applying {path}; the old configuration stays", path=str(loaded.path))
                problems = (f"{loaded.path}: could not be applied: {e or type(e).__name__}",)
                self._reject(str(loaded.path), problems)
                await self._in_thread(partial(self._loader.source.reject, loaded.path, problems))
                return
        self.current = loaded.configuration
        now = self._reactor.seconds()
        self.status = self.status.taken(loaded, now, now - began)
        _log.info(
            "{path} is the configuration now, with {count} warnings, after {seconds:.2f} s",
            path=str(loaded.path),
            count=len(loaded.warnings),
            seconds=now - began,
        )
        for warning in loaded.warnings[:MAX_SAID]:
            _log.warn("configuration: {problem}", problem=warning)
        if loaded.warnings[MAX_SAID:]:
            more = len(loaded.warnings) - MAX_SAID
            _log.warn("configuration: {more} more warnings; astcti config check says them all", more=more)
        await self._use(loaded)
        if self._poll is not None and self._poll.active():  # as often as the new one says
            self._poll.reset(self._poll_seconds())
        if following is not None:
            await following
        self._again = True  # something newer may have come meanwhile

    def _prepared(self, loaded: Loaded) -> Any:
        with uncollected():
            return self._prepare(loaded)

    async def _use(self, loaded: Loaded) -> None:
        """Tell the source what is in use."""
        await self._tolerated("Tidying the source of configurations", partial(self._loader.use, loaded))

    async def _back_up(self, loaded: Loaded) -> None:
        now = self._reactor.seconds()
        await self._tolerated("Backing up the configuration in use", partial(self._loader.back_up, loaded, now))

    async def _tolerated(self, what: str, function: Callable[[], object]) -> None:
        """Run something that may fail without harm to what runs."""
        try:
            await self._in_thread(function)
        except Exception as e:  # a full disk, a folder of somebody else: said, and lived with
            _log.failure("{what}; the server goes on", what=what)
            self.status = self.status.complaining(f"{what}: {e}")

    def _reject(self, path: str, problems: tuple[str, ...]) -> None:
        _log.error("{path} is rejected; the configuration in use stays", path=path, count=len(problems))
        for problem in problems[:MAX_SAID]:
            _log.error("configuration: {problem}", problem=problem)
        self.status = self.status.turned_down(path, problems, self._reactor.seconds())
        self._again = True  # behind it there may be a better one

    def _failed(self, failure: Any) -> None:
        _log.failure("Looking for a new configuration; the old one stays", failure=failure)

    def _rested(self, _: object) -> None:
        self._working = False
        self._finish()
        if self._again and self.running:
            self._look()

    def _finish(self) -> None:
        finished, self._finished = self._finished, []
        for deferred in finished:
            deferred.callback(None)

    def _answer(self) -> None:
        """Whoever asked for a look gets the status."""
        asked, self._asked = self._asked, []
        for deferred in asked:
            deferred.callback(self.status)

    def _changed(self) -> None:
        """The system tells of a change: wait until there are no more."""
        self._soon_later(DEBOUNCE_SECONDS)

    def _soon_later(self, seconds: float) -> None:
        if self._soon is not None and self._soon.active():
            self._soon.reset(seconds)
        elif self.running:
            self._soon = self._reactor.callLater(seconds, self._look)

    def _poll_later(self) -> None:
        self._poll = self._reactor.callLater(self._poll_seconds(), self._polled)

    def _poll_seconds(self) -> float:
        if self._notifier is not None and self._notifier.start() and not self._loader.source.may_vanish:
            return RESCAN_SECONDS
        return self._loader.poll_seconds

    def _polled(self) -> None:
        self._look()
        self._poll_later()


def _differ(one: Configuration, other: Configuration) -> bool:
    """Whether two configurations do; of thousands of rows, so that it takes a moment."""
    return one != other
