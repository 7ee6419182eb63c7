"""Opening a SQLite file that may be of an earlier version, or broken."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

CORRUPT = frozenset({sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_FORMAT})  # codes of a broken file
MAX_ASIDE = 5  # broken files kept for whoever wants to look; older ones go
_COMPANIONS = ("", "-wal", "-shm")  # what SQLite calls its files


class Unusable(sqlite3.DatabaseError):
    """The file is broken, or of a later version of this program."""


def connected(path: Path, schema: Sequence[str]) -> tuple[sqlite3.Connection, Path | None]:
    """Open the file and bring its tables to the newest version; what cannot be used is set aside.

    :returns: the connection, and where a file that could not be used is now.
    :raises sqlite3.Error: it cannot be opened nor begun anew, for instance because the disk is full.
    """
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    try:
        return _open(path, schema), None
    except Unusable:
        pass
    except sqlite3.DatabaseError as e:
        if getattr(e, "sqlite_errorcode", 0) & 0xFF not in CORRUPT:
            raise
    aside = set_aside(path)
    return _open(path, schema), aside


def set_aside(path: Path) -> Path:
    """Give the file another name, with the date; the newest few of such are kept."""
    now = datetime.now(UTC).strftime("%Y%m%d-%H%M%S-%f")
    aside = path.with_name(f"{path.name}.broken-{now}")
    for companion in _COMPANIONS:
        if Path(f"{path}{companion}").exists():
            Path(f"{path}{companion}").rename(f"{aside}{companion}")
    earlier = sorted(p for p in path.parent.glob(f"{path.name}.broken-*") if not p.name.endswith(_COMPANIONS[1:]))
    for old in earlier[:-MAX_ASIDE]:
        for companion in _COMPANIONS:
            Path(f"{old}{companion}").unlink(missing_ok=True)
    return aside


def _open(path: Path, schema: Sequence[str]) -> sqlite3.Connection:
    os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))  # SQLite gives its companions the same mode
    path.chmod(0o600)
    connection = sqlite3.connect(path, timeout=1.0, isolation_level=None, check_same_thread=False)
    try:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = NORMAL")
        connection.execute("PRAGMA journal_size_limit = 4194304")
        found = connection.execute("PRAGMA quick_check(1)").fetchone()[0]
        if found != "ok":
            raise Unusable(found)
        _migrate(connection, schema)
    except BaseException:
        connection.close()
        raise
    return connection


def _migrate(connection: sqlite3.Connection, schema: Sequence[str]) -> None:
    """Each step is done whole or not at all."""
    version = connection.execute("PRAGMA user_version").fetchone()[0]
    if version > len(schema):
        raise Unusable(f"version {version} of the tables is later than {len(schema)}, which we know")
    for number, script in enumerate(schema[version:], version + 1):
        try:
            connection.executescript(f"BEGIN IMMEDIATE;\n{script};\nPRAGMA user_version = {number};\nCOMMIT;")
        except BaseException:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            raise
