"""Who did what when: logins, pauses, memberships. Appended only, up to a number of entries and for a number of days."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from twisted.internet.defer import Deferred

if TYPE_CHECKING:
    from astcti.services.journal.journal import IStore

MAX_ENTRIES = 500_000  # some 60 MB; a thousand operators at twenty entries a day for 25 days
RETENTION_DAYS = 90.0
PRUNE_EVERY = 1_000  # entries between looks for what is too old or too much

Entry = tuple[float, str, str, str, str, str]
"""Time (seconds since the epoch), username, event, queue, seat, detail."""


class AgentLog:
    """The log of what operators did.

    :param time: seconds since the epoch.
    """

    def __init__(
        self,
        store: IStore,
        time: Callable[[], float],
        ceiling: int = MAX_ENTRIES,
        retention_days: float = RETENTION_DAYS,
    ) -> None:
        self._store = store
        self._time = time
        self._ceiling = ceiling
        self._retention = retention_days * 86_400.0
        self._until_pruned = 0

    def append(self, username: str, event: str, *, queue: str = "", seat: str = "", detail: str = "") -> None:
        """Write down that something happened now.

        :param event: one word: ``login logout pause unpause wrapup ready queue-in queue-out …``.
        """
        self._store.write(
            "INSERT INTO agent_log (time, username, event, queue, seat, detail) VALUES (?, ?, ?, ?, ?, ?)",
            (self._time(), username, event, queue, seat, detail[:1000]),
        )
        if self._until_pruned <= 0:
            self._until_pruned = PRUNE_EVERY
            self.prune()
        self._until_pruned -= 1

    def prune(self) -> None:
        """Let go of what is too old, or too much."""
        self._store.write("DELETE FROM agent_log WHERE time < ?", (self._time() - self._retention,))
        self._store.write("DELETE FROM agent_log WHERE id <= (SELECT MAX(id) FROM agent_log) - ?", (self._ceiling,))

    def latest(self, username: str = "", limit: int = 100) -> Deferred[list[Entry]]:
        """The newest entries, newest first; of one operator or of all."""
        return self._store.query(
            "SELECT time, username, event, queue, seat, detail FROM agent_log WHERE ? IN ('', username) "
            "ORDER BY id DESC LIMIT ?",
            (username, limit),
        )
