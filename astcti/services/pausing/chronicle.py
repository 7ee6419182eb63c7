"""Writing down what becomes of one operator: how they are, for when we have to know it again, and the agent log."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from twisted.internet.defer import Deferred, TimeoutError
from twisted.internet.interfaces import IReactorTime

from astcti.services.pausing.records import IRecords
from astcti.services.pausing.request import SUCCESS, Outcome
from astcti.services.pausing.standing import Standing
from astcti.services.pausing.values import SELF, Cause, LogEntry, Summary

SAFE_SECONDS: Final = 2.0  # for something to be written down before a client is told of it


class Chronicle:
    """Of one shift.

    :ivar seat: where they sit, or sat last.
    :ivar unsaid: outcomes that are being written down, and told then.
    """

    def __init__(self, username: str, standing: Standing, clock: IReactorTime, records: IRecords) -> None:
        self.seat = ""
        self.unsaid = 0
        self._username = username
        self._standing = standing
        self._clock = clock
        self._records = records
        self._logged = standing.summary()
        self._since = clock.seconds()

    def write(self) -> None:
        """Write down how they are."""
        summary = self._standing.summary()
        if summary != self._logged:
            self._since = self._clock.seconds() if summary.cause is None else summary.cause.since
        self._records.write(self._username, self._standing, self._since)

    def confirmed(self, over: Deferred[Outcome]) -> Deferred[Outcome]:
        """The same outcome, once it is written down: what a client was told must outlive us."""
        safe: Deferred[Outcome] = Deferred()
        over.addCallback(self.confirming(safe))
        return safe

    def confirming(self, safe: Deferred[Outcome]) -> Callable[[Outcome], object]:
        """Gives what takes an outcome and has it fire ``safe``, a success when it is written down."""

        def done(outcome: Outcome) -> None:
            if outcome != SUCCESS:
                safe.callback(outcome)
                return
            self.unsaid += 1
            self.write()
            written = self._records.flush().addTimeout(SAFE_SECONDS, self._clock)
            written.addErrback(lambda failure: failure.trap(TimeoutError))  # a disk that hangs holds nobody up
            written.addCallback(said)

        def said(_: object) -> None:
            self.unsaid -= 1
            safe.callback(SUCCESS)

        return done

    def note(self, by: str, who: str = "") -> bool:
        """Write down how they are, and what has begun and ended since; whether that is news.

        :param by: whose will it was; ``who`` their name, where it is known.
        """
        self.write()
        summary = self._standing.summary()
        news = summary != self._logged
        self._log_changes(summary, by, self._clock.seconds(), who)
        return news

    def log(self, event: str) -> None:
        """An event of the agent log that is about the person, not a pause."""
        self._records.log(LogEntry(self._clock.seconds(), self._username, self.seat, event))

    def end(self, now: float) -> None:
        """They have gone home, at that time."""
        self._log_changes(Summary("none"), SELF, now)
        self._records.log(LogEntry(now, self._username, self.seat, "logout"))
        self._records.forget(self._username)

    def _log_changes(self, summary: Summary, by: str, now: float, who: str = "") -> None:
        """Write down which pauses ended, and which began."""
        before, after = _pauses(self._logged), _pauses(summary)
        self._logged = summary
        for queue, cause in before.items():
            if after.get(queue) != cause:
                event = "ready" if cause.after_call else "unpause"
                entry = LogEntry(now, self._username, self.seat, event, cause.reason, by, queue, cause.since, who)
                self._records.log(entry)
        for queue, cause in after.items():
            if before.get(queue) != cause:
                event = "wrapup" if cause.after_call else "pause"
                entry = LogEntry(now, self._username, self.seat, event, cause.reason, cause.by, queue, who=cause.who)
                self._records.log(entry)


def _pauses(summary: Summary) -> dict[str, Cause]:
    """Queue, or empty for all, to the pause there."""
    return {"": summary.cause} if summary.cause is not None else dict(summary.queues)
