"""Something that is done again and again: what fails once is logged, and done the next time."""

from __future__ import annotations

from collections.abc import Callable

from twisted.internet.interfaces import IReactorTime
from twisted.internet.task import LoopingCall
from twisted.logger import Logger

_log = Logger()


def repeating(clock: IReactorTime, do: Callable[[], object], what: str) -> LoopingCall:
    """A ``LoopingCall`` that a failure does not end; it is to be started and stopped.

    :param do: what is done, at once.
    :param what: it is, for the log.
    """

    def once() -> None:
        try:
            do()
        except Exception:
            _log.failure("{what} failed; trying again the next time", what=what)

    looping = LoopingCall(once)
    looping.clock = clock
    return looping
