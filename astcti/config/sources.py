"""From what a bootstrap file says to the source it means."""

from __future__ import annotations

from typing import Any, Protocol

from astcti.config.bootstrap import Bootstrap
from astcti.config.filesource import FileSource
from astcti.config.foldersource import FolderSource
from astcti.config.overrides import OverrideStore
from astcti.config.source import Source


class CredentialStore(Protocol):
    """Where changed credentials are kept; see :class:`.OverrideStore`. May block."""

    def put(self, username: str, column: str, running: str, value: str, now: float) -> bool:
        """Replace the value in force; false if somebody was quicker."""


def credentials_of(source: Source[Any], staging: str, overrides: OverrideStore) -> CredentialStore | None:
    """The operators' own table, where the source is one that is written to; else ``None``.

    :param overrides: for what has no place in a table.
    """
    if not source.may_vanish:
        return None
    from astcti.config.database.credentials import DatabaseCredentials  # here, as below
    from astcti.config.database.cticredentials import CtiCredentials
    from astcti.config.database.ctisource import CtiSource
    from astcti.config.database.source import DatabaseSource

    if isinstance(source, CtiSource):
        base = None if source.base is None else credentials_of(source.base, staging, overrides)
        return CtiCredentials(source, overrides, base)
    return DatabaseCredentials(source, staging) if isinstance(source, DatabaseSource) else None


def source_of(bootstrap: Bootstrap) -> Source[Any]:
    """The source of the runtime configuration.

    :raises ConfigError: what it needs is not installed.
    """
    database = bootstrap.database
    base = _base_of(bootstrap)
    if not database.legacy_table:
        assert base is not None, "the reader of bootstrap files sees to it"
        return base
    assert database.address is not None, "the reader of bootstrap files sees to it"
    from astcti.config.database.ctisource import CtiSource  # here, so that the others do without its packages
    from astcti.config.database.ctitable import CtiTable
    from astcti.config.database.source import DatabaseSource

    if isinstance(base, DatabaseSource):
        engine = base.engine
        table = CtiTable(database.address, database.legacy_table, lambda address: engine)
    else:
        table = CtiTable(database.address, database.legacy_table)
    return CtiSource(table, base, given=bootstrap.settings, alone=database.source == "legacy")


def _base_of(bootstrap: Bootstrap) -> Source[Any] | None:
    """Where everything is from but the operators of an older table; ``None`` if there is nothing else."""
    database = bootstrap.database
    if database.folder is not None:
        return FolderSource(database.folder)
    if database.file is not None:
        return FileSource(database.file, bootstrap.ctiserver.state / "rejected")
    if database.source == "legacy":
        return None
    assert database.address is not None, "the reader of bootstrap files sees to it"
    from astcti.config.database.source import DatabaseSource  # here, as above

    return DatabaseSource(database.address)
