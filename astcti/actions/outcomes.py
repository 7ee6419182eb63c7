"""From what an action's work came to, to the :class:`~astcti.model.actions.Outcome` that people see."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from twisted.internet import error
from twisted.internet.defer import Deferred, TimeoutError

from astcti.errors import UserError
from astcti.model.actions import Outcome


def outcome_of(work: Callable[[], Awaitable[object]]) -> Deferred[Outcome]:
    """Do ``work`` and say how it ended.

    :returns: fires with ``ok`` when the work ends, ``failed`` with the sentence of a :class:`UserError` or an
        ``OSError``, ``timeout`` for a Twisted ``TimeoutError``. Any other error is a bug, and fails the Deferred;
        cancelling cancels the work.
    """

    async def ended() -> Outcome:
        try:
            await work()
        except (TimeoutError, error.TimeoutError) as e:
            return Outcome("timeout", str(e.args[0]) if e.args else "it took too long")
        except (UserError, OSError) as e:
            return Outcome("failed", sentence(e))
        return Outcome("ok")

    return Deferred.fromCoroutine(ended())


def sentence(problem: Exception) -> str:
    """An error in words, on one line, without a number in front."""
    text = (problem.strerror if isinstance(problem, OSError) else None) or str(problem) or type(problem).__name__
    return " ".join(text.split()).rstrip(".")
