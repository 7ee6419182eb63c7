"""Waiting without blocking, for scenarios written as coroutines."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from twisted.internet import reactor
from twisted.internet.defer import Deferred
from twisted.internet.task import deferLater

T = TypeVar("T")
POLL_SECONDS = 0.02


def sleep(seconds: float) -> Deferred[None]:
    """Fires after that time."""
    return deferLater(reactor, seconds)


async def until(question: Callable[[], T | None], seconds: float, what: str) -> T:
    """Ask again and again until the answer is neither ``None`` nor false; return it.

    :raises AssertionError: it still is after ``seconds``; says ``what`` did not happen.
    """
    for _ in range(round(seconds / POLL_SECONDS) + 1):
        if answer := question():
            return answer
        await sleep(POLL_SECONDS)
    raise AssertionError(f"within {seconds} s: no {what}")
