"""Calls that a phone was rung for in vain: so many in a row pause its operator."""

from __future__ import annotations

from collections.abc import Callable

from twisted.internet.interfaces import IReactorTime

from astcti.services.pausing.operator import Job, OperatorPauses
from astcti.services.pausing.request import SUCCESS, Outcome
from astcti.services.pausing.standing import alike
from astcti.services.pausing.values import MISSED, SERVER, Cause


class MissedCalls:
    """One operator's.

    :param warn: told what to show to them when they have been paused.
    """

    def __init__(self, pauses: OperatorPauses, clock: IReactorTime, warn: Callable[[str], object]) -> None:
        self._pauses = pauses
        self._clock = clock
        self._warn = warn
        self._count = 0

    def answered(self) -> None:
        """A queue's call was answered: the count begins anew."""
        self._count = 0

    def missed(self, allowed: int) -> None:
        """A queue rang in vain; ``allowed`` times in a row are too many (0: never)."""
        self._count += 1
        if not allowed or self._count < allowed or self._pauses.standing.summary().paused == "all":
            return
        count, self._count = self._count, 0
        cause = Cause(MISSED, SERVER, self._clock.seconds())

        def done(outcome: Outcome) -> None:
            if outcome == SUCCESS:
                calls = "a call that was" if count == 1 else f"{count} calls in a row that were"
                self._warn(f"You were paused after {calls} not answered. Unpause when you are back.")

        self._pauses.change(
            Job(
                lambda standing: alike(cause, standing.free()),
                SERVER,
                commit=lambda standing: standing.decide(cause),
                done=done,
                stance=cause,
                whole=True,
            )
        )
