"""From the rows of a data base, whichever it is, to a configuration.

Tables and columns count whatever their case; columns that are missing have their defaults; older layouts are brought
into today's form. What the data base is, and how it is asked, is the caller's business.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from types import MappingProxyType
from typing import Any

from astcti.config import kinds, older
from astcti.config.document import Document
from astcti.config.model import Configuration
from astcti.config.schema import SETTINGS_TABLE, TABLES, Column, Table, canonical
from astcti.config.settings import NO_SETTINGS
from astcti.errors import ConfigError

VERSION_TABLE, APPLICATIONS_TABLE = "dbversion", "applications"
SUPPORTED = (1, 2)  # versions of the layout
_NEEDED = ("services", "seats", "operators")

Row = dict[str, Any]  # column in lower case to value, as the data base has it
Fetch = Callable[[str], list[Row] | None]
"""Gives every row of a table, named in lower case; ``None`` where there is no such table."""


def read_rows(fetch: Fetch, name: str) -> Document:
    """The configuration in a data base, not yet validated, with notes on what was converted from an older form.

    :param name: what messages call the data base.
    :raises ConfigError: each problem with name, table, id and column.
    """
    return _Reader(fetch, name).read()


class _Reader:
    """Reads one data base."""

    def __init__(self, fetch: Fetch, name: str) -> None:
        self._fetch, self._name = fetch, name
        self._problems: list[str] = []

    def read(self) -> Document:
        settings = {str(row.get("name")): row.get("val") for row in self._rows(SETTINGS_TABLE)}
        raw = {table.name: self._fetch(table.name) for table in TABLES}
        self._problems.extend(f"{self._name}: there is no table {n}" for n in _NEEDED if raw[n] is None)
        has_actions = raw["actions"] is not None
        rows = {name: found or [] for name, found in raw.items()}
        applications = self._fetch(APPLICATIONS_TABLE)
        is_older = older.is_older(rows["services"], has_actions, applications is not None)
        timestamp = self._check_version(settings, is_older)
        notes: tuple[str, ...] = ()
        if is_older:
            try:
                rows["actions"], rows["services_actions"], notes = older.convert_actions(
                    rows["services"], applications or []
                )
            except ValueError as e:
                self._problems.append(f"{self._name}: {e}")
        older.convert_queues(rows["services"])
        values: dict[str, Any] = {t.rows: tuple(self._read_table(t, rows[t.name])) for t in TABLES}
        texts = dict(self._read_settings(settings))
        if self._problems:
            raise ConfigError(*self._problems)
        configuration = Configuration(timestamp=timestamp, settings=MappingProxyType(texts), **values)
        return Document(canonical(configuration), self._name, notes=notes)

    def _rows(self, table: str) -> list[Row]:
        return self._fetch(table) or []

    def _check_version(self, settings: Row, is_older: bool) -> float:
        """Rule 1; returns the larger of the two possible timestamps."""
        version, stamps = settings.get("db_version"), [settings.get("last_update")]
        for row in self._rows(VERSION_TABLE):
            version = row.get("version") if version is None else version
            stamps.append(row.get("last_update"))
        try:
            number = kinds.TIMESTAMP.read(version)
            supported = int(number) in SUPPORTED or (is_older and version is None)
            if not supported:
                what = "is missing" if version is None else f"{version!r} is not supported"
                raise ValueError(f"the schema version {what}")
            return float(max(kinds.TIMESTAMP.read(stamp) for stamp in stamps))
        except ValueError as e:
            self._problems.append(f"{self._name}: {VERSION_TABLE}: {e}")
            return 0.0

    def _read_settings(self, settings: Row) -> Iterable[tuple[str, str]]:
        for name, value in settings.items():
            try:
                if name not in NO_SETTINGS:
                    yield name, kinds.TEXT.read(value)
            except ValueError as e:
                self._problems.append(f"{self._name}: {SETTINGS_TABLE} {name}, val: {e}")

    def _read_table(self, table: Table, rows: list[Row]) -> Iterable[Any]:
        for number, row in enumerate(rows, 1):
            values = self._read_row(table, row, number)
            if values is not None:
                yield table.row(**values)

    def _read_row(self, table: Table, row: Row, number: int) -> dict[str, Any] | None:
        values, row_id = {}, _id_of(table, row) or f"(row {number})"
        sound = True
        for column in table.columns:
            value = next((row[n] for n in names_of(column) if row.get(n) is not None), None)
            if value is None and column.attribute in table.defaults:
                continue
            try:
                values[column.attribute] = column.kind.read(value)
            except ValueError as e:
                self._problems.append(f"{self._name}: {table.name} {row_id}, {column.name}: {e}")
                sound = False
        return values if sound else None


def names_of(column: Column) -> list[str]:
    """The names a column may have, in lower case, today's first."""
    return [name.lower() for name in (column.name, *column.aliases)]


def _id_of(table: Table, row: Row) -> str:
    parts = [row.get(table.column(attribute).name.lower()) for attribute in table.key]
    return "" if None in parts else "/".join(str(part) for part in parts)
