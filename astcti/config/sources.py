"""From what a bootstrap file says to the source it means."""

from __future__ import annotations

from typing import Any

from astcti.config.bootstrap import Bootstrap
from astcti.config.filesource import FileSource
from astcti.config.foldersource import FolderSource
from astcti.config.source import Source


def source_of(bootstrap: Bootstrap) -> Source[Any]:
    """The source of the runtime configuration.

    :raises ConfigError: what it needs is not installed.
    """
    database = bootstrap.database
    if database.folder is not None:
        return FolderSource(database.folder)
    if database.file is not None:
        return FileSource(database.file, bootstrap.ctiserver.state / "rejected")
    assert database.address is not None, "the reader of bootstrap files sees to it"
    from astcti.config.database.source import DatabaseSource  # here, so that the others do without its packages

    return DatabaseSource(database.address)
