"""Changed credentials of operators of a table ``cti``: in the table, where it has room for them and we may."""

from __future__ import annotations

from typing import Protocol

from twisted.logger import Logger

from astcti.config.database.ctisource import CtiSource
from astcti.config.overrides import OverrideStore
from astcti.config.source import SourceUnavailable

_log = Logger()


class Store(Protocol):
    """As :class:`astcti.config.sources.CredentialStore`."""

    def put(self, username: str, column: str, running: str, value: str, now: float) -> bool:
        """Replace the value in force; false if somebody was quicker."""


class CtiCredentials:
    """Writes a password to the table if that is possible, and all else to the overrides.

    Every method may block for a data base: call it in a thread that nobody else needs.

    :param base: where credentials of other operators go.
    """

    def __init__(self, source: CtiSource, overrides: OverrideStore, base: Store | None = None) -> None:
        self._source = source
        self._overrides = overrides
        self._base = overrides if base is None else base
        self._said = ""

    def put(self, username: str, column: str, running: str, value: str, now: float) -> bool:
        """Replace the value in force.

        :param column: one of :data:`astcti.config.overrides.COLUMNS`; the table has no place but for ``PASS_WORD``.
        :param running: the value in force until now, as :meth:`.OverrideStore.put` has it.
        :returns: false if ``running`` is no longer in force, because somebody was quicker; nothing has changed then.
        :raises ConfigError: it cannot be stored; nothing has changed then.
        """
        if username not in self._source.owned:
            return self._base.put(username, column, running, value, now)
        if column == "PASS_WORD" and not self._is_override(username, running):
            try:
                return self._source.table.replace(username, running, value)
            except SourceUnavailable as e:
                if str(e) != self._said:
                    _log.info("{reason}; new credentials are kept in {path}", reason=str(e), path=self._overrides.path)
                self._said = str(e)
        return self._overrides.put(username, column, running, value, now)

    def _is_override(self, username: str, running: str) -> bool:
        """Whether what is in force is not what the table has, but what once could not be written there."""
        return any((o.username, o.column, o.value) == (username, "PASS_WORD", running) for o in self._overrides.all())
