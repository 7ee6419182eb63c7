"""A few threads for password hashing, with a queue that ends somewhere."""

from __future__ import annotations

import os
import threading
from collections import deque
from collections.abc import Callable
from typing import Any, TypeVar

from twisted.application.service import Service
from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorFromThreads
from twisted.internet.threads import deferToThreadPool
from twisted.python.threadpool import ThreadPool

from astcti.errors import Refused

T = TypeVar("T")

JOBS = 2  # at a time: each takes 19 MiB and a core
MAX_WAITING = 2_000  # a whole shift logging in at once; at 20 ms and two jobs the last waits 20 s
MAX_SPARE = 20_000  # that nobody waits for: one for each operator of a large house
NICENESS = 10  # of the threads: whoever waits for a screen pop goes first


class HashPool(Service):
    """Runs slow, pure functions off the reactor's thread."""

    def __init__(self, reactor: IReactorFromThreads, jobs: int = JOBS, name: str = "hashing") -> None:
        self._reactor = reactor
        self.name = name
        self._pool = ThreadPool(0, jobs, name)
        self._local = threading.local()
        self._spare: deque[tuple[Callable[[], Any], Deferred[Any]]] = deque()
        self.waiting = 0

    def startService(self) -> None:
        """Let work begin."""
        Service.startService(self)
        self._pool.start()

    def stopService(self) -> None:
        """Wait for the jobs begun, a few hundredths of a second; those still queued are refused."""
        Service.stopService(self)
        spare, self._spare = self._spare, deque()
        for _, done in spare:
            done.errback(Refused(990, "server shutting down"))
        self._pool.stop()

    def run(self, work: Callable[[], T]) -> Deferred[T]:
        """Call ``work`` in a thread.

        :raises Refused: 917, when too many wait already.
        """
        if self.waiting >= MAX_WAITING:
            raise Refused(917, "too many logins at once, try later")
        self.waiting += 1
        done: Deferred[T] = deferToThreadPool(self._reactor, self._pool, self._work, work)
        return done.addBoth(self._count)

    def spare(self, work: Callable[[], T]) -> Deferred[T]:
        """Call ``work`` in a thread when nothing else is to be done: nobody waits for it.

        :raises Refused: 917, when too much is left for then already.
        """
        if len(self._spare) >= MAX_SPARE:
            raise Refused(917, "too much is left to be done")
        done: Deferred[T] = Deferred()
        self._spare.append((work, done))
        self._use_time()
        return done

    def _use_time(self) -> None:
        if self._spare and not self.waiting:  # one at a time, so that the next who waits finds a thread
            work, done = self._spare.popleft()
            self.run(work).chainDeferred(done)

    def _work(self, work: Callable[[], T]) -> T:
        if not self.running:
            raise Refused(990, "server shutting down")
        if not getattr(self._local, "nice", False):
            self._local.nice = True
            if hasattr(os, "setpriority"):
                # On Linux a thread has a priority of its own, by its kernel id; elsewhere this may be refused.
                try:
                    os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), NICENESS)
                except OSError:
                    pass
        return work()

    def _count(self, result: T) -> T:
        self.waiting -= 1
        self._use_time()
        return result
