"""One operator's pauses in the course of time: one change after the other, each until it is confirmed or undone."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final, Protocol

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IDelayedCall, IReactorTime
from twisted.logger import Logger
from twisted.python.failure import Failure

from astcti.errors import AMIError, AMILost, AMITimeout
from astcti.services.pausing.request import NO_LINK, REFUSED, SUCCESS, TIMED_OUT, Outcome, Request, Send
from astcti.services.pausing.standing import Standing
from astcti.services.pausing.values import SUPERVISOR, Key, Stance

CONFIRM_SECONDS: Final = 10.0  # for the PBX to answer and to show a change
SETTLE_SECONDS: Final = 0.05  # a pause of three queues comes as three events: told as one
MAX_JOBS: Final = 8  # changes that wait behind the one under way

Targets = Mapping[Key, Stance]


@dataclass(frozen=True, slots=True, eq=False)
class Job:
    """A change.

    :ivar aim: what is to become of which membership, asked when its turn comes.
    :ivar whole: whether memberships that begin meanwhile are to have that ``stance`` as well.
    :ivar commit: called when it has come true, before anybody is told.
    :ivar done: called when it is over.
    :ivar queue: the one it is about; empty for all.
    :ivar by: whose will it is; ``who`` is their name, where it is known.
    :ivar asked: whether a client waits for the outcome.
    """

    aim: Callable[[Standing], Targets]
    by: str
    commit: Callable[[Standing], object] = lambda standing: None
    done: Callable[[Outcome], object] = lambda outcome: None
    stance: Stance = None
    whole: bool = False
    queue: str = ""
    asked: bool = False
    who: str = ""


class Changed(Protocol):
    """Whoever wants to know that something is different now."""

    def __call__(self, by: str, *, who: str = "", answered: bool = False) -> object:
        """By whose will, with their name where it is known, and whether the client was told by the outcome of its own
        request."""


class OperatorPauses:
    """Changes pauses and follows them.

    :param send: asks the PBX for one change.
    :param changed: called when the standing may be told anew.
    """

    _log = Logger()

    def __init__(
        self,
        username: str,
        standing: Standing,
        clock: IReactorTime,
        send: Callable[[Send], Deferred[Any]],
        changed: Changed,
    ) -> None:
        self.username = username
        self.standing = standing
        self._clock = clock
        self._send = send
        self._changed = changed
        self._jobs: deque[Job] = deque()
        self._job: Job | None = None
        self._request: Request | None = None
        self._timer: IDelayedCall | None = None
        self._patience: dict[Job, IDelayedCall] = {}  # of clients whose change waits for its turn
        self._settling: IDelayedCall | None = None
        self._late: dict[Key, Stance] = {}
        self._joined: set[Key] = set()
        self._conformed: Targets = {}

    # -- changes

    @property
    def asked(self) -> bool:
        """Whether a client waits for the outcome of something."""
        return any(job.asked for job in (self._job, *self._jobs) if job is not None)

    @property
    def busy(self) -> bool:
        """Whether anything is under way."""
        return self._job is not None or bool(self._jobs)

    def change(self, job: Job) -> None:
        """Do this when what was begun before is done."""
        if len(self._jobs) >= MAX_JOBS:
            job.done(Outcome(TIMED_OUT, "too many changes wait"))
            return
        self._jobs.append(job)
        if job.asked:
            self._patience[job] = self._clock.callLater(CONFIRM_SECONDS, self._expired, job)
        self._next()

    def put_right(self) -> None:
        """Have the PBX show what is wanted, where it does not."""
        differing = self.standing.differing()
        news, self._conformed = differing != self._conformed, differing
        if differing and news:
            self.change(Job(Standing.differing, SUPERVISOR))

    def forgive(self) -> None:
        """What the PBX did not do when it was to be put right may be tried again."""
        self._conformed = {}

    def give_up(self, number: int = NO_LINK, reason: str = "no link to the PBX") -> None:
        """Nothing can be asked of the PBX any more: everything begun has failed."""
        jobs, self._jobs = list(self._jobs), deque()
        if self._request is not None:
            self._request.failed(number, reason)
            self._finish(undo=False)
        for job in jobs:
            self._wait_no_more(self._patience.pop(job, None))
            job.done(Outcome(number, reason))
        self._conformed = {}
        self._late = {}

    def stop(self) -> None:
        """Nothing more is awaited."""
        for timer in (self._timer, self._settling, *self._patience.values()):
            self._wait_no_more(timer)
        self._timer = self._settling = None
        self._patience.clear()

    # -- what the PBX tells

    def wanted(self, queue: str) -> Stance:
        """How a membership of that queue is to begin."""
        job = self._job
        if job is not None and (job.whole or (job.asked and job.queue == queue)):
            return job.stance
        return self.standing.wanted(queue)

    def entering(self, key: Key) -> Stance:
        """How this membership is to begin, of which the PBX is asked now."""
        stance = self.standing.entering[key] = self.wanted(key.queue)
        return stance

    def joined(self, key: Key, paused: bool, reason: str) -> None:
        """A membership began."""
        job = self._job
        if job is not None and job.whole:
            self.standing.stances[key] = job.stance
            self._joined.add(key)
        self.standing.join(key, paused, reason, self._clock.seconds(), trust=True)
        self.put_right()
        self._soon()

    def left(self, key: Key) -> None:
        """A membership ended."""
        self.standing.leave(key)
        self._late.pop(key, None)
        self._joined.discard(key)
        if self._request is not None:
            self._request.gone(key)
            self._look()
        self._soon()

    def told(self, key: Key, paused: bool, reason: str) -> None:
        """A membership was paused or unpaused, by us or somebody else."""
        request = self._request
        if key not in self.standing.shown:
            return
        if request is not None and request.seen(key, paused):
            self.standing.told(key, paused, request.targets[key])
            self._look()
            return
        if key in self._late and (self._late[key] is not None) == paused:
            self.standing.told(key, paused, self._late.pop(key))
            self.standing.settle()
        else:
            self.standing.foreign_change(key, paused, reason, self._clock.seconds())
        self._soon()

    # -- inside

    def _next(self) -> None:
        if self._job is not None or not self._jobs:
            return
        job = self._job = self._jobs.popleft()
        standing = self.standing
        request = self._request = Request(job.aim(standing), standing.stances, singly=bool(job.queue))
        for key in request.targets:
            self._late.pop(key, None)
        patience = self._patience.pop(job, None)  # that of a client began when it asked
        self._timer = patience or self._clock.callLater(CONFIRM_SECONDS, self._expired, job)
        for index, send in enumerate(request.sends):
            about = (request, index)
            answer = self._send(send).addCallbacks(self._answered, self._refused, about, {}, about)
            answer.addErrback(lambda failure: self._log.failure("Pausing {name}", failure, name=self.username))
        self._look(request)

    def _answered(self, _: object, request: Request, index: int) -> None:
        request.responded(index)
        self._look(request)

    def _refused(self, failure: Failure, request: Request, index: int) -> None:
        request.responded(index, _error(failure.value))
        self._look(request)

    def _expired(self, job: Job) -> None:
        number, reason = TIMED_OUT, "the PBX did not confirm in time"
        if self._patience.pop(job, None) is not None:
            self._jobs.remove(job)
            job.done(Outcome(number, reason))
        elif self._request is not None:
            self._request.failed(number, reason)
            self._look(self._request)

    @staticmethod
    def _wait_no_more(timer: IDelayedCall | None) -> None:
        if timer is not None and timer.active():
            timer.cancel()

    def _look(self, request: Request | None = None) -> None:
        """See whether the request under way is over."""
        if self._request is not None and request in (None, self._request) and self._request.outcome is not None:
            self._finish()

    def _finish(self, *, undo: bool = True) -> None:
        job, request = self._job, self._request
        if job is None or request is None or request.outcome is None:
            return
        self._job = self._request = None
        self._wait_no_more(self._timer)
        joined, self._joined = self._joined, set()
        outcome = request.outcome
        if outcome == SUCCESS:
            job.commit(self.standing)
        else:
            self._late = {k: t for k, t in request.targets.items() if request.awaits(k)}
            self.standing.settle()
            for key in joined & self.standing.shown.keys():
                self.standing.stances[key] = self.standing.wanted(key.queue)
            back = request.undo() if undo else {}
            if back:
                self._jobs.appendleft(Job(lambda standing: _present(back, standing), job.by))
        job.done(outcome)
        self._changed(job.by, who=job.who, answered=job.asked)
        if undo:  # else there is no link, and all is looked at when it is back
            self.put_right()
        self._next()

    def _soon(self) -> None:
        """Tell it when no more comes for a moment."""
        if self._settling is None or not self._settling.active():
            self._settling = self._clock.callLater(SETTLE_SECONDS, self._settled)

    def _settled(self) -> None:
        if self._job is None:
            self._changed(SUPERVISOR)


def _present(targets: Targets, standing: Standing) -> Targets:
    return {k: t for k, t in targets.items() if k in standing.shown}


def _error(error: BaseException | None) -> Outcome:
    """What became of a send that failed."""
    if isinstance(error, AMITimeout):
        return Outcome(TIMED_OUT, "the PBX did not answer in time")
    if isinstance(error, AMILost):
        return Outcome(NO_LINK, "no link to the PBX")
    if isinstance(error, AMIError):
        return Outcome(REFUSED, str(error) or "refused by the PBX")
    raise TypeError(f"{error!r} is no error of the PBX")
