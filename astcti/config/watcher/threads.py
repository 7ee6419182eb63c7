"""A few threads for what may hang: a data base that is stopped, a disk of the network.

The reactor's own threads and those for hashing are never used for it, so that nobody else waits; nor does the end of
the process: the threads are daemons.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from typing import Any, TypeVar

from twisted.application.service import Service
from twisted.internet.defer import Deferred
from twisted.python.failure import Failure

from astcti.errors import AstctiError

T = TypeVar("T")

STOP_SECONDS = 1.0  # that stopping waits for what is under way; a data base that answers is done long before


class Overloaded(AstctiError):
    """Too much waits already, or the threads are stopped."""


class Threads(Service):
    """Runs functions that block, a bounded number at a time, with a queue that ends somewhere.

    :param reactor: ``IReactorTime`` and ``IReactorFromThreads``.
    :param limit: threads at most.
    :param most: functions that may wait for a thread.
    """

    def __init__(self, reactor: Any, name: str, limit: int = 1, most: int = 100) -> None:
        self.name = name
        self._reactor = reactor
        self._limit, self._most = limit, most
        self._condition = threading.Condition()
        self._waiting: deque[tuple[Callable[[], Any], Deferred[Any]]] = deque()
        self._threads = 0
        self._busy = 0
        self._idle: list[Deferred[None]] = []
        self._over = False

    def startService(self) -> None:
        """Let work begin; it may have been given before."""
        Service.startService(self)
        self._over = False

    def stopService(self) -> Deferred[None] | None:
        """Take no more work. Fires when what is under way has ended, or after :data:`STOP_SECONDS`."""
        Service.stopService(self)
        with self._condition:
            self._over = True
            dropped = list(self._waiting)
            self._waiting.clear()
            self._condition.notify_all()
        for _, done in dropped:
            done.errback(Overloaded("the server is shutting down"))
        if not self._busy:
            return None
        idle: Deferred[None] = Deferred()
        self._idle.append(idle)
        late = self._reactor.callLater(STOP_SECONDS, self._tell_idle)
        return idle.addBoth(lambda _: late.cancel() if late.active() else None)

    def run(self, work: Callable[[], T]) -> Deferred[T]:
        """Call ``work`` in a thread; fires with what it returns, or fails with what it raises.

        Call it on the reactor's thread.

        :raises Overloaded: through the Deferred.
        """
        done: Deferred[T] = Deferred()
        with self._condition:
            if self._over or len(self._waiting) >= self._most:
                done.errback(
                    Overloaded("too much is waiting already" if not self._over else "the server is shutting down")
                )
                return done
            self._waiting.append((work, done))
            self._busy += 1
            if self._busy > self._threads and self._threads < self._limit:
                self._threads += 1
                threading.Thread(target=self._work, name=self.name, daemon=True).start()
            self._condition.notify()
        return done.addBoth(self._count)

    def _work(self) -> None:
        """The life of a thread."""
        while True:
            with self._condition:
                while not self._waiting and not self._over:
                    self._condition.wait()
                if not self._waiting:
                    self._threads -= 1
                    return
                work, done = self._waiting.popleft()
            try:
                result: Any = work()
            except BaseException:
                result = Failure()
            self._reactor.callFromThread(self._answer, done, result)

    def _answer(self, done: Deferred[Any], result: Any) -> None:
        done.callback(result)  # a Failure starts the errbacks

    def _count(self, result: T) -> T:
        self._busy -= 1
        if not self._busy:
            self._tell_idle()
        return result

    def _tell_idle(self) -> None:
        idle, self._idle = self._idle, []
        for deferred in idle:
            deferred.callback(None)
