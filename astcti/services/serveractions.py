"""Actions that the server performs itself: messages to other programs, in the background, each with an outcome."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from twisted.application.service import Service
from twisted.internet.defer import CancelledError, Deferred
from twisted.logger import Logger
from twisted.python.failure import Failure

from astcti.actions.performer import Performer
from astcti.actions.places import ServerPlace
from astcti.model.actions import Outcome, RenderedAction
from astcti.services.counters import Counters

SECONDS = 5.0  # for one action


class ServerActions(Service):
    """Begins actions and sees to their end; whoever tells a client about a call never waits for them.

    The performer bounds how many run and wait, and logs those that fail.

    :ivar wanted: whether an action is to be performed at all; asked once for each.
    :ivar on_begun: called when it is an action's turn, ``on_ended`` with what became of it.
    """

    name = "server actions"
    _log = Logger()

    def __init__(self, reactor: Any, counters: Counters, performer: Performer | None = None) -> None:
        self._performer = performer or Performer(ServerPlace(reactor, SECONDS), "SERVER")
        self._counters = counters
        self._running: set[Deferred[None]] = set()
        self.wanted: Callable[[RenderedAction], bool] = lambda action: True
        self.on_begun: Callable[[RenderedAction], object] = lambda action: None
        self.on_ended: Callable[[RenderedAction, Outcome], object] = lambda action, outcome: None

    def start(self, actions: Sequence[RenderedAction]) -> None:
        """Begin the actions of one call, one after the other."""
        wanted = [action for action in actions if self.wanted(action)]
        if wanted:
            running = Deferred.fromCoroutine(self._perform(wanted))
            self._running.add(running)
            running.addErrback(self._stumbled)
            running.addBoth(lambda _: self._running.discard(running))

    async def _perform(self, actions: Sequence[RenderedAction]) -> None:
        for action in actions:
            self.on_begun(action)
            outcome = await self._performer.perform(action)
            self._counters.act(outcome.status)
            self.on_ended(action, outcome)

    def _stumbled(self, failure: Failure) -> None:
        if not failure.check(CancelledError):
            self._counters.faults += 1
            self._log.failure("Performing actions", failure)

    def stopService(self) -> None:
        """Whatever still runs is not waited for."""
        Service.stopService(self)
        for running in list(self._running):
            running.cancel()
