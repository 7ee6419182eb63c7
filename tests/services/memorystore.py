"""A store that does everything at once, for tests of whoever writes to one."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Sequence
from typing import Any

from twisted.internet.defer import Deferred, succeed


class MemoryStore:
    """As :class:`astcti.services.store.Store`, without a file and a thread.

    :ivar connection: hand it to another one and what is in it has survived.
    """

    def __init__(self, schema: Sequence[str] = (), connection: sqlite3.Connection | None = None) -> None:
        self.on_lost: Callable[[], None] = lambda: None
        self.connection = connection or sqlite3.connect(":memory:", isolation_level=None)
        if connection is None:
            for script in schema:
                self.connection.executescript(script)

    def write(self, sql: str, parameters: Sequence[Any] = ()) -> None:
        """Do it now; unlike the real one this raises when the statement is wrong."""
        self.connection.execute(sql, tuple(parameters))

    def read(self, sql: str, parameters: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """Ask."""
        return self.connection.execute(sql, tuple(parameters)).fetchall()

    def query(self, sql: str, parameters: Sequence[Any] = ()) -> Deferred[list[tuple[Any, ...]]]:
        """Ask, with a promise that is kept already."""
        return succeed(self.read(sql, parameters))

    def flush(self) -> Deferred[None]:
        """Nothing waits."""
        return succeed(None)
