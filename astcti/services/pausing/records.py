"""What of pauses must not be forgotten: written down at every change, read when an operator sits down."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from typing import Protocol

from twisted.internet.defer import Deferred, succeed

from astcti.services.journal import Journal, OperatorRecord, Pauser
from astcti.services.pausing.standing import Standing, WrapUp
from astcti.services.pausing.values import SELF, Cause, LogEntry


class IRecords(Protocol):
    """Where it is written down."""

    def names(self) -> list[str]:
        """Operators of whom a standing is written down."""

    def read(self, username: str) -> Standing | None:
        """How an operator was; None if they were not at work."""

    def write(self, username: str, standing: Standing, since: float) -> None:
        """Write down how they are, since when; never blocks, never fails."""

    def flush(self) -> Deferred[None]:
        """Fires when what was written is safe from a death of ours; never fails."""

    def forget(self, username: str) -> None:
        """They have gone home."""

    def log(self, entry: LogEntry) -> None:
        """Add to the agent log."""


class MemoryRecords:
    """Outlives connections, not the process; for tests, and for servers without a place to write.

    :ivar entries: the agent log.
    """

    def __init__(self) -> None:
        self._kept: dict[str, OperatorRecord] = {}
        self.entries: list[LogEntry] = []

    def names(self) -> list[str]:
        """Those written down."""
        return list(self._kept)

    def read(self, username: str) -> Standing | None:
        """As it was written."""
        found = self._kept.get(username)
        return standing_of(found) if found is not None else None

    def write(self, username: str, standing: Standing, since: float) -> None:
        """Keep it."""
        self._kept[username] = record_of(OperatorRecord(username), standing, since)

    def flush(self) -> Deferred[None]:
        """Nothing waits."""
        return succeed(None)

    def forget(self, username: str) -> None:
        """Let go of it."""
        self._kept.pop(username, None)

    def log(self, entry: LogEntry) -> None:
        """Keep it."""
        self.entries.append(entry)


class JournalRecords:
    """In the journal, which outlives the process.

    :param log: told of each entry as well.
    """

    def __init__(self, journal: Journal, log: Callable[[LogEntry], object] = lambda entry: None) -> None:
        self._journal = journal
        self._log = log

    def names(self) -> list[str]:
        """Those who were at work when it was written."""
        return [name for name, record in self._journal.operators.items() if record.since]

    def read(self, username: str) -> Standing | None:
        """As it was written."""
        record = self._journal.operators.get(username)
        return standing_of(record) if record is not None and record.since else None

    def write(self, username: str, standing: Standing, since: float) -> None:
        """Write it down."""
        self._journal.put_operator(record_of(self._journal.operator(username), standing, since))

    def flush(self) -> Deferred[None]:
        """A moment later."""
        return self._journal.flush()

    def forget(self, username: str) -> None:
        """They are not at work; whatever else is written of them stays."""
        if username in self._journal.operators:
            self._journal.put_operator(record_of(self._journal.operator(username), Standing(), 0.0))

    def log(self, entry: LogEntry) -> None:
        """Append to the log."""
        self._journal.log.append(
            entry.username, entry.event, queue=entry.queue, seat=entry.seat, detail=entry.detail
        )  # fmt: skip
        self._log(entry)


def record_of(record: OperatorRecord, standing: Standing, since: float) -> OperatorRecord:
    """Put pauses into a record; ``since`` 0 means not at work. After-call work without an end ends at infinity."""
    cause, wrapup = standing.default, standing.wrapup
    singles = standing.singles()
    until = 0.0
    if wrapup is not None:
        until = math.inf if wrapup.until is None else wrapup.until
    return replace(
        record,
        paused=cause is not None,
        reason=cause.reason if cause else "",
        since=since,
        queue_pauses={queue: single.reason for queue, single in singles.items()},
        wrapup_until=until,
        paused_by=cause.by if cause else SELF,
        paused_who=cause.who if cause else "",
        queue_pausers={queue: Pauser(single.by, single.since, single.who) for queue, single in singles.items()},
    )


def standing_of(record: OperatorRecord) -> Standing:
    """Take pauses out of a record."""
    wrapup = None
    if record.wrapup_until and record.paused:
        wrapup = WrapUp(record.since, None if math.isinf(record.wrapup_until) else record.wrapup_until)
    unknown = Pauser(SELF, record.since)
    singles = {
        queue: _cause_of(reason, record.queue_pausers.get(queue, unknown))
        for queue, reason in record.queue_pauses.items()
    }
    default = None
    if record.paused:
        default = Cause(record.reason, record.paused_by, record.since, wrapup is not None, record.paused_who)
    standing = Standing(default, singles)
    standing.wrapup = wrapup
    return standing


def _cause_of(reason: str, pauser: Pauser) -> Cause:
    return Cause(reason, pauser.by, pauser.since, who=pauser.who)
