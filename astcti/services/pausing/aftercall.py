"""After-call work: begins when a queue's call is over, ends after a time or when the operator is ready."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IDelayedCall, IReactorTime

from astcti.services.pausing.operator import Job, OperatorPauses
from astcti.services.pausing.request import SUCCESS, Outcome
from astcti.services.pausing.standing import Standing, WrapUp, alike
from astcti.services.pausing.values import SERVER, WRAPUP, Cause, Key, Stance

AGAIN_SECONDS: Final = 5.0  # after the PBX did not end it


class AfterCall:
    """One operator's after-call work. The PBX shows it as a pause with the reason ``wrapup``.

    :param goes: whether a membership is ended for the time of after-call work, instead of being paused.
    :param usual: how many seconds it takes where nobody knows any more; 0: it has no end.
    """

    def __init__(
        self,
        pauses: OperatorPauses,
        clock: IReactorTime,
        goes: Callable[[Key], bool] = lambda key: False,
        usual: Callable[[], float] = lambda: 0,
    ) -> None:
        self._pauses = pauses
        self._standing = pauses.standing
        self._clock = clock
        self._goes = goes
        self._usual = usual
        self._timer: IDelayedCall | None = None
        self._talking = False

    def begin(self, seconds: float | None, *, by: str, asked: bool = False) -> Deferred[Outcome]:
        """Take the operator out where they are not paused already; fires when that is confirmed.

        :param seconds: how long; None until they say that they are ready.
        :param asked: whether a client waits for it.
        """
        over: Deferred[Outcome] = Deferred()
        now = self._clock.seconds()
        self._talking = False
        summary = self._standing.summary()
        if summary.paused == "all" and not summary.wraps_up:
            over.callback(SUCCESS)  # paused anyway, and stays so
            return over
        wrapup = self._standing.wrapup
        if wrapup is not None and wrapup.until is None:
            seconds = None  # asked for without an end
        since = now if wrapup is None else wrapup.since
        cause = Cause(WRAPUP, by, since, True)

        def aim(standing: Standing) -> dict[Key, Stance]:
            return alike(cause, [key for key in standing.free() if not self._goes(key)])

        def commit(standing: Standing) -> None:
            if standing.default is not None and not standing.default.after_call:
                return  # so they are since they asked for it meanwhile
            for key in filter(self._goes, standing.keys()):
                standing.leave(key)
                standing.out = True
            standing.wrapup = WrapUp(since, None if seconds is None else now + seconds)
            if standing.default is None:
                standing.default = cause
            standing.settle()

        self._pauses.change(
            Job(
                aim,
                by,
                commit=commit,
                done=over.callback,
                stance=cause,
                whole=True,
                asked=asked,
            )
        )
        return over

    def end(self, by: str, *, asked: bool = False) -> Deferred[Outcome]:
        """They are ready; fires when that is confirmed. Pauses that are not after-call work stay."""
        over: Deferred[Outcome] = Deferred()

        def commit(standing: Standing) -> None:
            standing.wrapup = None
            if standing.default is not None and standing.default.after_call:
                standing.default = None
            for key in standing.of_wrapup():
                standing.stances[key] = None
            standing.settle()

        self._pauses.change(
            Job(lambda s: alike(None, s.of_wrapup()), by, commit=commit, done=over.callback, asked=asked)
        )
        return over

    def talking(self) -> None:
        """Another call is answered: the time begins anew when that is over."""
        self._talking = True
        self.look()

    def resume(self) -> None:
        """A call is over that asks for no after-call work of its own."""
        self._talking = False
        self.look()

    def look(self) -> None:
        """Have the timer run exactly while there is after-call work with an end."""
        self._find()
        if self._timer is not None and self._timer.active():
            self._timer.cancel()
        self._timer = None
        wrapup = self._standing.wrapup
        if wrapup is not None and wrapup.until is not None and not self._talking:
            self._timer = self._clock.callLater(max(0.0, wrapup.until - self._clock.seconds()), self._over)

    def _over(self) -> None:
        self._timer = None
        if self._standing.wrapup is None:
            return
        self.end(SERVER).addCallback(self._ended)

    def _find(self) -> None:
        """What the PBX shows as after-call work is that, also where its beginning was lost with a link or a server."""
        standing = self._standing
        if standing.wrapup is None and not self._pauses.busy and (standing.wraps_up or standing.of_wrapup()):
            now, seconds = self._clock.seconds(), self._usual()
            standing.wrapup = WrapUp(now, now + seconds if seconds else None)

    def _ended(self, outcome: Outcome) -> None:
        """Nobody is to stay out because the PBX was slow."""
        if outcome != SUCCESS and self._standing.wrapup is not None:
            if self._timer is not None and self._timer.active():
                self._timer.cancel()
            self._timer = self._clock.callLater(AGAIN_SECONDS, self._over)

    def stop(self) -> None:
        """Nothing more is awaited; it goes on from what is written down."""
        if self._timer is not None and self._timer.active():
            self._timer.cancel()
        self._timer = None
