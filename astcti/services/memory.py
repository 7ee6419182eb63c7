"""Keeping the garbage collector away from what stays: thousands of sessions are no garbage."""

from __future__ import annotations

import gc
from collections.abc import Callable

from twisted.application.service import Service
from twisted.internet.interfaces import IReactorTime
from twisted.internet.task import LoopingCall

SECONDS = 5.0  # between looks
GROWTH = 200  # clients more than last time
THRESHOLD = 10_000  # objects more than were freed, before the collector looks; 700 is a few calls coming in at once


class Memory(Service):
    """Freezes what has grown: the collector looks at it no more.

    A full collection walks over everything that is tracked: 30 ms for 5,000 agents, in which no call is followed.
    Sessions are freed by their reference counts when they end (nothing of ours refers back in a circle), frozen or
    not; what circles there are at the moment of a freeze, a few kilobytes of Twisted's failures, stay. Calls, too, go
    as they come: the number of objects goes up and down, which is no reason to look for garbage.

    :param clients: how many there are.
    """

    name = "memory"

    def __init__(self, clock: IReactorTime, clients: Callable[[], int]) -> None:
        self._clients = clients
        self._settled = 0
        self._before = gc.get_threshold()
        self._looking = LoopingCall(self._look)
        self._looking.clock = clock

    def settle(self) -> None:
        """Everything needed from now on is there."""
        gc.collect()
        gc.freeze()

    def startService(self) -> None:
        """Look from time to time."""
        Service.startService(self)
        self._before = gc.get_threshold()
        gc.set_threshold(THRESHOLD, *self._before[1:])
        self._looking.start(SECONDS, now=False)

    def stopService(self) -> None:
        """Look no more; the collector may have everything again."""
        Service.stopService(self)
        if self._looking.running:
            self._looking.stop()
        gc.set_threshold(*self._before)
        gc.unfreeze()

    def _look(self) -> None:
        clients = self._clients()
        if clients >= self._settled + GROWTH:
            self._settled = clients
            gc.freeze()
        elif clients < self._settled // 2:
            self._settled = clients
