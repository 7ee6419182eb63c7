"""The SQLite form of a runtime configuration: one data base file with the tables of the schema."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from contextlib import closing
from pathlib import Path
from types import MappingProxyType
from typing import Any
from urllib.parse import quote

from astcti.config import kinds, older
from astcti.config.document import Document
from astcti.config.files import replace_file
from astcti.config.model import Configuration
from astcti.config.schema import SETTINGS_TABLE, TABLES, Column, Table, canonical
from astcti.config.settings import NO_SETTINGS
from astcti.errors import ConfigError

MAGIC = b"SQLite format 3\0"
MAX_BYTES = 64 * 1024 * 1024  # a configuration of 20,000 operators is a tenth of it
_STEPS, _MAX_CALLS = 1_000_000, 2_000  # instructions of SQLite's machine: some ten seconds, then it is no configuration
_NEEDED = ("services", "seats", "operators")

Row = dict[str, Any]  # column in lower case to value, as SQLite has it


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
            return _Reader(db, str(path)).read()
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


class _Reader:
    """Reads one open data base; table and column names count whatever their case."""

    def __init__(self, db: sqlite3.Connection, name: str) -> None:
        calls = iter(range(_MAX_CALLS))
        db.set_progress_handler(lambda: next(calls, None) is None, _STEPS)
        db.execute("PRAGMA trusted_schema=OFF")
        self._db, self._name = db, name
        self._problems: list[str] = []
        self._tables: dict[str, str] = {}

    def read(self) -> Document:
        for (fault,) in self._db.execute("PRAGMA integrity_check(5)"):
            if fault != "ok":
                raise ConfigError(f"{self._name}: the data base is damaged: {fault}")
        # Only plain tables: a view or virtual table would run what the file's author wrote.
        for name, sql in self._db.execute("SELECT name, sql FROM sqlite_master WHERE type = 'table'"):
            if str(sql).upper().startswith("CREATE TABLE"):
                self._tables[str(name).lower()] = str(name)
        settings = {str(row.get("name")): row.get("val") for row in self._rows(SETTINGS_TABLE)}
        raw = {table.name: self._rows(table.name) for table in TABLES}
        applications = self._rows("applications")
        is_older = older.is_older(raw["services"], "actions" in self._tables, "applications" in self._tables)
        timestamp = self._check_version(settings, is_older)
        notes: tuple[str, ...] = ()
        if is_older:
            raw["actions"], raw["services_actions"], notes = older.convert_actions(raw["services"], applications)
        older.convert_queues(raw["services"])
        rows: dict[str, Any] = {t.rows: tuple(self._read_table(t, raw[t.name])) for t in TABLES}
        texts = {name: kinds.TEXT.read(value) for name, value in settings.items() if name not in NO_SETTINGS}
        if self._problems:
            raise ConfigError(*self._problems)
        configuration = Configuration(timestamp=timestamp, settings=MappingProxyType(texts), **rows)
        return Document(canonical(configuration), self._name, notes=notes)

    def _rows(self, table: str) -> list[Row]:
        """Every row of a table; none where the table is missing, which is a problem for some."""
        if table not in self._tables:
            if table in _NEEDED:
                self._problems.append(f"{self._name}: there is no table {table}")
            return []
        quoted = self._tables[table].replace('"', '""')
        cursor = self._db.execute(f'SELECT * FROM "{quoted}"')  # noqa: S608 the name is the file's own, quoted
        names = [column[0].lower() for column in cursor.description]
        return [dict(zip(names, row, strict=True)) for row in cursor]

    def _check_version(self, settings: Row, is_older: bool) -> float:
        """Rule 1; returns the larger of the two possible timestamps."""
        version, stamps = settings.get("db_version"), [settings.get("last_update")]
        for row in self._rows("dbversion"):
            version = row.get("version") if version is None else version
            stamps.append(row.get("last_update"))
        try:
            number = kinds.TIMESTAMP.read(version)
            supported = int(number) in (1, 2) or (is_older and version is None)
            if not supported:
                what = "is missing" if version is None else f"{version!r} is not supported"
                raise ValueError(f"the schema version {what}")
            return float(max(kinds.TIMESTAMP.read(stamp) for stamp in stamps))
        except ValueError as e:
            self._problems.append(f"{self._name}: dbversion: {e}")
            return 0.0

    def _read_table(self, table: Table, rows: list[Row]) -> Iterable[Any]:
        for number, row in enumerate(rows, 1):
            values = self._read_row(table, row, number)
            if values is not None:
                yield table.row(**values)

    def _read_row(self, table: Table, row: Row, number: int) -> dict[str, Any] | None:
        values, row_id = {}, _id_of(table, row) or f"(row {number})"
        sound = True
        for column in table.columns:
            value = next((row[n] for n in _names(column) if row.get(n) is not None), None)
            if value is None and column.attribute in table.defaults:
                continue
            try:
                values[column.attribute] = column.kind.read(value)
            except ValueError as e:
                self._problems.append(f"{self._name}: {table.name} {row_id}, {column.name}: {e}")
                sound = False
        return values if sound else None


def _names(column: Column) -> list[str]:
    return [name.lower() for name in (column.name, *column.aliases)]


def _id_of(table: Table, row: Row) -> str:
    parts = [row.get(table.column(attribute).name.lower()) for attribute in table.key]
    return "" if None in parts else "/".join(str(part) for part in parts)


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
