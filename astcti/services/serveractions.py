"""Actions that the server performs itself: messages to other programs, in the background, each with an outcome."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from twisted.application.service import Service
from twisted.internet.defer import Deferred

from astcti.actions.performer import Performed, Performer
from astcti.actions.places import ServerPlace
from astcti.model.actions import RenderedAction
from astcti.services.counters import Counters

SECONDS = 5.0  # for one action


class ServerActions(Service):
    """Begins actions and sees to their end; whoever tells a client about a call never waits for them.

    The performer bounds how many run and wait, and logs those that fail.
    """

    name = "server actions"

    def __init__(self, reactor: Any, counters: Counters, performer: Performer | None = None) -> None:
        self._performer = performer or Performer(ServerPlace(reactor, SECONDS), "SERVER")
        self._counters = counters
        self._running: set[Deferred[Performed]] = set()

    def start(self, actions: Sequence[RenderedAction]) -> None:
        """Begin the actions of one call, one after the other."""
        if not actions:
            return
        running = self._performer.perform_all(actions)
        self._running.add(running)
        running.addBoth(self._ended, running)

    def stopService(self) -> None:
        """Whatever still runs is not waited for."""
        Service.stopService(self)
        for running in list(self._running):
            running.cancel()

    def _ended(self, result: Any, running: Deferred[Performed]) -> None:
        self._running.discard(running)
        if isinstance(result, list):
            for _, outcome in result:
                self._counters.act(outcome.status)
