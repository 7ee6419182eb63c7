"""Work for thousands, done in slices of a few milliseconds: whoever calls meanwhile does not wait for the end of it."""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable, Generator, Hashable, Iterator
from contextlib import contextmanager
from typing import Any, Generic, TypeVar

from twisted.internet.defer import Deferred, succeed
from twisted.internet.interfaces import IReactorTime
from twisted.internet.task import Cooperator
from twisted.logger import Logger

T = TypeVar("T", bound=Hashable)

SECONDS = 0.002  # of one turn of the reactor; all work that goes on at a time shares them
WINDOW = 10  # slices long is the time in which what is done at once may take one

Work = Generator[None, None, None]
"""Stops after each step, which is short."""


class Slices:
    """Takes steps of all that is to be done, in turns, until the slice is over; goes on in the reactor's next turn.

    :param timer: shows seconds, of any beginning.
    """

    def __init__(
        self, clock: IReactorTime, seconds: float = SECONDS, timer: Callable[[], float] = time.perf_counter
    ) -> None:
        self._seconds = seconds
        self._timer = timer
        self._window = self._spent = 0.0
        self._cooperator = Cooperator(
            terminationPredicateFactory=self._end, scheduler=lambda work: clock.callLater(0, work)
        )

    def begin(self, work: Work) -> Deferred[None]:
        """Take the first slice at once: what is little is done when this returns. Fires when all is done."""
        is_over = self._end()
        for _ in work:
            if is_over():
                return self.later(work)
        return succeed(None)

    def has_time(self) -> bool:
        """Whether something small may be done at once: what was done so of late has not taken a whole slice yet."""
        now = self._timer()
        if now - self._window >= WINDOW * self._seconds:
            self._window, self._spent = now, 0.0
        return self._spent < self._seconds

    @contextmanager
    def spending(self) -> Iterator[None]:
        """Something small is done at once."""
        began = self._timer()
        try:
            yield
        finally:
            self._spent += self._timer() - began

    def later(self, work: Work) -> Deferred[None]:
        """Begin in the next turn. Fires when all is done."""
        return self._cooperator.coiterate(work).addCallback(lambda _: None)

    def _end(self) -> Callable[[], bool]:
        end = self._timer() + self._seconds
        return lambda: self._timer() >= end


class Backlog(Generic[T]):
    """Things to be seen to, each once however often it is named, in the order in which they were named first.

    :param see: sees to one of them.
    :param after: called each time there is none left.
    """

    _log = Logger()

    def __init__(self, slices: Slices, see: Callable[[T], object], after: Callable[[], object] = lambda: None) -> None:
        self._slices = slices
        self._see = see
        self._after = after
        self._due: OrderedDict[T, None] = OrderedDict()
        self._working = False

    def __len__(self) -> int:
        return len(self._due)

    def __contains__(self, thing: object) -> bool:
        return thing in self._due

    def __iter__(self) -> Iterator[T]:
        return iter(self._due)

    def add(self, thing: T) -> None:
        """See to it in one of the next turns."""
        self._due.setdefault(thing)
        self.wake()

    def discard(self, thing: T) -> None:
        """It need not be seen to."""
        self._due.pop(thing, None)

    def clear(self) -> None:
        """Nothing need be."""
        self._due.clear()

    def wake(self) -> None:
        """Have ``after`` called soon, even if there is nothing to see to."""
        if not self._working:
            self._working = True
            self._slices.later(self._work())

    def _work(self) -> Generator[None, Any, None]:
        while self._due:
            thing, _ = self._due.popitem(last=False)
            self._safely(self._see, thing)
            yield
        self._working = False
        self._safely(self._after)

    def _safely(self, do: Callable[..., object], *about: object) -> None:
        try:
            do(*about)
        except Exception:
            self._log.failure("Seeing to {what}", what=about)
