"""What a store's thread is to do, and doing it: many statements as one transaction."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any, NamedTuple

from twisted.internet.defer import Deferred

Rows = list[tuple[Any, ...]]

#: Codes (their low byte) that concern the file or the disk, not the one statement.
OF_THE_FILE = frozenset({
    sqlite3.SQLITE_BUSY, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_FULL, sqlite3.SQLITE_FORMAT,
    sqlite3.SQLITE_IOERR, sqlite3.SQLITE_NOMEM, sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_PERM,
    sqlite3.SQLITE_PROTOCOL, sqlite3.SQLITE_READONLY,
})  # fmt: skip


#: What a wrong statement or a value that SQLite cannot hold raises (a number too large, half a surrogate pair).
WRONG = (sqlite3.Error, OverflowError, TypeError, ValueError)


class Write(NamedTuple):
    """A statement whose answer nobody waits for."""

    sql: str
    parameters: tuple[Any, ...]


@dataclass(eq=False, slots=True)
class Query:
    """A question."""

    sql: str
    parameters: tuple[Any, ...]
    answer: Deferred[Rows]


Job = Write | Query


def perform(
    connection: sqlite3.Connection, jobs: Iterable[Job], fault: Callable[[Job, Exception], None]
) -> list[tuple[Deferred[Rows], Rows]]:
    """Do all of it in order, in one transaction.

    :param fault: told of a statement that is wrong in itself; the others are done all the same.
    :returns: answers, to be given now that everything before them is safe.
    :raises sqlite3.Error: the file or the disk does not take it; then nothing is done.
    """
    answers: list[tuple[Deferred[Rows], Rows]] = []
    try:
        connection.execute("BEGIN IMMEDIATE")
        for sql, group in groupby(jobs, key=lambda job: job.sql if isinstance(job, Write) else None):
            same = list(group)
            if sql is None:
                for query in same:
                    _ask(connection, query, answers, fault)
            else:
                _write(connection, sql, same, fault)
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise
    return answers


def _ask(connection: sqlite3.Connection, query: Any, answers: list[Any], fault: Callable[..., None]) -> None:
    try:
        answers.append((query.answer, connection.execute(query.sql, query.parameters).fetchall()))
    except WRONG as e:
        _unless_of_the_file(e)
        fault(query, e)


def _write(connection: sqlite3.Connection, sql: str, same: Sequence[Any], fault: Callable[..., None]) -> None:
    connection.execute("SAVEPOINT one")
    try:
        connection.executemany(sql, [job.parameters for job in same])
    except WRONG as e:
        _unless_of_the_file(e)
        connection.execute("ROLLBACK TO one")
        for job in same:
            try:
                connection.execute(sql, job.parameters)
            except WRONG as wrong:
                _unless_of_the_file(wrong)
                fault(job, wrong)
    connection.execute("RELEASE one")


def _unless_of_the_file(error: Exception) -> None:
    if getattr(error, "sqlite_errorcode", 0) & 0xFF in OF_THE_FILE:
        raise error


__all__ = ["Job", "Query", "Rows", "Write", "perform"]
