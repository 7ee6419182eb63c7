"""What must outlive the process: one SQLite file that a thread of its own writes, in the order in which it is told."""

from __future__ import annotations

import sqlite3
import threading
from collections import deque
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from twisted.application.service import Service
from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorFromThreads
from twisted.logger import Logger

from astcti.services.storefile import CORRUPT, connected, set_aside
from astcti.services.storejobs import Job, Query, Rows, Write, perform

MAX_WAITING = 50_000  # jobs: minutes of a busy call centre while the disk is full
MAX_CHARACTERS = 32 * 1024 * 1024  # of texts in them: an action has 2,000 or so, and many more if a caller likes
BATCH_SECONDS = 0.02  # what comes within is written at once
RETRY_SECONDS = 1.0  # after the disk refused to take something


class Store(Service):
    """One file of tables. Whatever happens to the file or the disk, nobody who writes is held up or fails.

    What is written is safe from a death of this process once :meth:`flush` has fired (about 20 ms later), from a
    power failure some seconds later: the file is in WAL mode with ``synchronous = NORMAL``.

    :param path: of the file; its directory is made if need be. Only the user we run as can read it.
    :param schema: SQL scripts, each of which leads from one version of the tables to the next. Once released, a script
        never changes; another is added.
    :ivar on_lost: called in the reactor's turn when something written before is not in the file any more: it was
        corrupt and is begun anew, or was full for so long that something was dropped. Whoever has the truth in memory
        writes it again.
    """

    name = "store"
    _log = Logger()

    def __init__(
        self, reactor: IReactorFromThreads, path: Path, schema: Sequence[str], ceiling: int = MAX_WAITING
    ) -> None:
        self.path = path
        self.on_lost: Callable[[], None] = lambda: None
        self.written = 0
        self.dropped = 0
        self.failing = ""
        self._reactor = reactor
        self._schema = schema
        self._ceiling = ceiling
        self._jobs: deque[Job] = deque()
        self._wake = threading.Event()
        self._closing = threading.Event()
        self._hurry = threading.Event()
        self._lock = threading.Lock()  # of the connection
        self._connection: sqlite3.Connection | None = None
        self._thread: threading.Thread | None = None
        self._ended: Deferred[None] | None = None
        self._told_dropped = 0
        self._come = self._gone = 0  # characters; the one is the reactor's to count, the other the thread's

    # -- the reactor's side

    def startService(self) -> None:
        """Open the file, which blocks for a moment, and begin to write."""
        Service.startService(self)
        try:
            self._connection, aside = connected(self.path, self._schema)
            if aside is not None:
                self._log.error("{path} could not be used: it is {aside} now, a new one is begun",
                                path=self.path, aside=aside)  # fmt: skip
        except (sqlite3.Error, OSError) as e:
            self._trouble(str(e))
            self._wake.set()  # so that it is tried again, also when there is nothing to write
        self._closing.clear()
        self._thread = threading.Thread(target=self._work, name=f"store {self.path.name}", daemon=True)
        self._thread.start()

    def stopService(self) -> Deferred[None] | None:
        """Write what waits and close the file; fires when that is done."""
        Service.stopService(self)
        if self._thread is None:
            return None
        self._ended = Deferred()
        self._closing.set()
        self._wake.set()
        self._hurry.set()
        return self._ended

    def write(self, sql: str, parameters: Sequence[Any] = ()) -> None:
        """Have one statement executed, after all that were written before; never blocks, never raises."""
        self._add(Write(sql, tuple(parameters)))

    def query(self, sql: str, parameters: Sequence[Any] = ()) -> Deferred[Rows]:
        """Ask; everything written before is seen. Fails with ``sqlite3.Error`` when the file cannot be read."""
        answer: Deferred[Rows] = Deferred()
        if self._thread is None or not self._add(Query(sql, tuple(parameters), answer)):
            answer.errback(sqlite3.OperationalError(f"{self.path} cannot be asked now: {self.failing or 'not open'}"))
        return answer

    def read(self, sql: str, parameters: Sequence[Any] = ()) -> Rows:
        """Ask and wait for the answer: for the start of the server only. Nothing, when there is no file to ask."""
        with self._lock:
            if self._connection is None:
                return []
            return self._connection.execute(sql, tuple(parameters)).fetchall()

    def flush(self) -> Deferred[None]:
        """Fires when all that was written before is safe from a death of this process, or has been given up."""
        self._hurry.set()
        return self.query("SELECT 1").addCallbacks(lambda rows: None, lambda failure: None)

    def status(self) -> dict[str, Any]:
        """For ``astcti ctl status``: ``failing`` is empty or says why nothing can be written."""
        return {
            "file": str(self.path), "waiting": len(self._jobs), "written": self.written, "dropped": self.dropped,
            "failing": self.failing,
        }  # fmt: skip

    def _add(self, job: Job) -> bool:
        size = _size(job)
        if len(self._jobs) >= self._ceiling or self._come - self._gone + size > MAX_CHARACTERS:
            if not self.dropped:
                self._log.error("{path} cannot keep up; what is written is dropped and counted", path=self.path)
            self.dropped += 1
            return False
        self._come += size
        self._jobs.append(job)
        if not self._wake.is_set():
            self._wake.set()
        return True

    def _trouble(self, reason: str) -> None:
        if not self.failing:
            self._log.error("{path} cannot be written: {reason}; trying again", path=self.path, reason=reason)
        self.failing = reason

    def _well_again(self) -> None:
        if self.failing:
            self._log.warn("{path} can be written again", path=self.path)
        self.failing = ""
        if self.dropped > self._told_dropped:
            self._log.error("{count} statements for {path} were dropped in all", count=self.dropped, path=self.path)
            self._told_dropped = self.dropped
            self.on_lost()
            self._told_dropped = self.dropped  # what finds no room now would find none the next time either

    def _begun_anew(self, aside: Path | None, reason: str) -> None:
        self._log.error("{path} broke ({reason}): it is {aside} now, a new one is begun",
                        path=self.path, reason=reason, aside=aside)  # fmt: skip
        self.on_lost()

    # -- the thread's side

    def _tell(self, what: Callable[..., None], *about: Any) -> None:
        self._reactor.callFromThread(what, *about)

    def _work(self) -> None:
        try:
            while not self._closing.is_set() or self._jobs:
                self._wake.wait()
                if not self._hurry.is_set():
                    self._hurry.wait(BATCH_SECONDS)
                self._hurry.clear()
                self._wake.clear()
                if not self._round():
                    if self._closing.wait(RETRY_SECONDS):
                        break  # it is not going to get better now
                    self._wake.set()
        finally:
            with self._lock:
                connection, self._connection = self._connection, None
            if connection is not None:
                connection.close()
            self._tell(self._end)

    def _round(self) -> bool:
        """Write all that waits at this moment; whether the disk took it."""
        batch = [self._jobs.popleft() for _ in range(len(self._jobs))]
        try:
            with self._lock:
                if self._connection is None:
                    self._connection, _ = connected(self.path, self._schema)
                answers = perform(self._connection, batch, self._fault)
        except (sqlite3.Error, OSError) as e:
            self._jobs.extendleft(job for job in reversed(batch) if isinstance(job, Write))
            if isinstance(e, sqlite3.DatabaseError) and getattr(e, "sqlite_errorcode", 0) & 0xFF in CORRUPT:
                self._replace(str(e))
            else:
                self._tell(self._trouble, str(e))
            for job in batch:
                if isinstance(job, Query):
                    self._gone += _size(job)
                    self._tell(_fail, job.answer, e)
            return False
        self._gone += sum(map(_size, batch))
        self.written += sum(isinstance(job, Write) for job in batch)
        if self.failing or self.dropped > self._told_dropped:
            self._tell(self._well_again)
        for answer, rows in answers:
            self._tell(_fire, answer, rows)
        return True

    def _replace(self, reason: str) -> None:
        with self._lock:
            connection, self._connection = self._connection, None
            if connection is not None:
                connection.close()
            try:
                aside = set_aside(self.path)
            except OSError as e:
                self._tell(self._trouble, str(e))
                return
        self._tell(self._begun_anew, aside, reason)

    def _fault(self, job: Job, error: Exception) -> None:
        """One statement is wrong: ours is the fault, and the others are not to suffer."""
        if isinstance(job, Query):
            self._tell(_fail, job.answer, error)
        else:
            self._tell(self._tell_fault, job.sql, str(error))

    def _tell_fault(self, sql: str, error: str) -> None:
        self._log.error("{path} refused {sql}: {error}", path=self.path, sql=sql, error=error)

    def _end(self) -> None:
        self._thread = None
        ended, self._ended = self._ended, None
        for job in self._jobs:
            if isinstance(job, Query):
                _fail(job.answer, sqlite3.OperationalError(f"{self.path} is closed"))
        self._jobs.clear()
        self._come = self._gone = 0
        if ended is not None:
            ended.callback(None)


def _size(job: Job) -> int:
    return sum([len(value) for value in job.parameters if isinstance(value, str)])


def _fire(answer: Deferred[Rows], rows: Rows) -> None:
    if not answer.called:
        answer.callback(rows)


def _fail(answer: Deferred[Rows], error: Exception) -> None:
    if not answer.called:
        answer.errback(error)


__all__ = ["MAX_WAITING", "Rows", "Store"]
