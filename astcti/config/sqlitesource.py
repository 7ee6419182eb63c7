"""The SQLite form of a runtime configuration: one data base file with the tables of the schema."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path
from urllib.parse import quote

from astcti.config.document import Document
from astcti.config.files import replace_file
from astcti.config.model import Configuration
from astcti.config.rows import Row, read_rows
from astcti.config.schema import SETTINGS_TABLE, TABLES
from astcti.errors import ConfigError

MAGIC = b"SQLite format 3\0"
MAX_BYTES = 64 * 1024 * 1024  # a configuration of 20,000 operators is a tenth of it
_STEPS, _MAX_CALLS = 1_000_000, 2_000  # instructions of SQLite's machine: some ten seconds, then it is no configuration


def read_sqlite(path: Path) -> Configuration:
    """The configuration in a data base file, not yet validated.

    :raises ConfigError: each problem with file, table, id and column.
    """
    return read_document(path).configuration


def read_document(path: Path) -> Document:
    """As :func:`read_sqlite`, with notes on what was converted from an older form."""
    _check_file(path)
    try:
        # Immutable: no journal, no lock, nothing beside the file is read or written.
        with closing(sqlite3.connect(f"file:{quote(str(path.absolute()))}?mode=ro&immutable=1", uri=True)) as db:
            return read_rows(_Tables(db, str(path)).fetch, str(path))
    except (sqlite3.Error, ValueError) as e:  # ValueError: a text that is not UTF-8
        raise ConfigError(f"{path}: {e}") from e


def write_sqlite(configuration: Configuration, path: Path) -> None:
    """Write a data base file, whole or not at all; an existing one is replaced.

    :raises ConfigError: the configuration does not fit, or the file cannot be written.
    """
    with replace_file(path) as unfinished:
        try:
            with closing(sqlite3.connect(unfinished)) as db, db:
                _write_tables(db, configuration)
        except (sqlite3.Error, UnicodeEncodeError, OverflowError) as e:
            raise ConfigError(f"{path}: {e}") from e


def _check_file(path: Path) -> None:
    try:
        with path.open("rb") as f:
            head, size = f.read(len(MAGIC)), path.stat().st_size
    except OSError as e:
        raise ConfigError(f"{path}: {e.strerror or e}") from e
    if head != MAGIC:
        raise ConfigError(f"{path}: not a SQLite data base")
    if size > MAX_BYTES:
        raise ConfigError(f"{path}: larger than {MAX_BYTES // 2**20} MiB")


class _Tables:
    """The tables of one open data base."""

    def __init__(self, db: sqlite3.Connection, name: str) -> None:
        calls = iter(range(_MAX_CALLS))
        db.set_progress_handler(lambda: next(calls, None) is None, _STEPS)
        db.execute("PRAGMA trusted_schema=OFF")
        for (fault,) in db.execute("PRAGMA integrity_check(5)"):
            if fault != "ok":
                raise ConfigError(f"{name}: the data base is damaged: {fault}")
        self._db = db
        self._names: dict[str, str] = {}
        # Only plain tables: a view or virtual table would run what the file's author wrote.
        for table, sql in db.execute("SELECT name, sql FROM sqlite_master WHERE type = 'table'"):
            if str(sql).upper().startswith("CREATE TABLE"):
                self._names[str(table).lower()] = str(table)

    def fetch(self, table: str) -> list[Row] | None:
        """Every row of a table; ``None`` where it is missing."""
        if table not in self._names:
            return None
        quoted = self._names[table].replace('"', '""')
        cursor = self._db.execute(f'SELECT * FROM "{quoted}"')  # noqa: S608 the name is the file's own, quoted
        names = [column[0].lower() for column in cursor.description]
        return [dict(zip(names, row, strict=True)) for row in cursor]


def _write_tables(db: sqlite3.Connection, configuration: Configuration) -> None:
    db.execute("CREATE TABLE dbversion (VERSION REAL NOT NULL, LAST_UPDATE NUMERIC NOT NULL)")
    stamp = configuration.timestamp
    db.execute("INSERT INTO dbversion VALUES (2.0, ?)", (int(stamp) if stamp.is_integer() else stamp,))
    db.execute(f"CREATE TABLE {SETTINGS_TABLE} (name TEXT PRIMARY KEY, val TEXT)")
    db.executemany(f"INSERT INTO {SETTINGS_TABLE} VALUES (?, ?)", configuration.settings.items())  # noqa: S608
    for table in TABLES:
        keys = ", ".join(table.column(attribute).name for attribute in table.key)
        columns = ", ".join(f"{c.name} {c.kind.sql}" for c in table.columns)
        db.execute(f"CREATE TABLE {table.name} ({columns}, PRIMARY KEY ({keys}))")
        marks = ", ".join("?" for _ in table.columns)
        rows = getattr(configuration, table.rows)
        values = ([c.kind.write(getattr(row, c.attribute)) for c in table.columns] for row in rows)
        db.executemany(f"INSERT INTO {table.name} VALUES ({marks})", values)  # noqa: S608
