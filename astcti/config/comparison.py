"""Two configurations row by row, for people: which rows came, went or changed, and in which columns.

What the difference *means* for those at work is :mod:`astcti.config.difference`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from astcti.config.model import Configuration
from astcti.config.schema import SETTINGS_TABLE, TABLES, Table

SECRET_COLUMNS = frozenset({"PASS_WORD", "PASS_ALT", "SCRAM"})
# Of sources of authentication nobody knows the settings' names; tls_key is the name of a file.
_SECRET_SETTING = re.compile("secret|password|passphrase|token|credential|auth_.*key", re.IGNORECASE)
SECRET = "(secret)"  # noqa: S105 instead of one
ADDED, REMOVED, CHANGED = "+", "-", "~"


@dataclass(frozen=True, slots=True)
class RowChange:
    """One row.

    :ivar kind: ``+`` it came, ``-`` it went, ``~`` it changed.
    :ivar columns: name to value before and after; only those that differ, or, of a row that came or went, those that
        are not the default.
    """

    kind: str
    table: str
    key: tuple[Any, ...]
    columns: Mapping[str, tuple[Any, Any]]

    def __str__(self) -> str:
        """One line, without secrets."""
        shown = []
        for name, (before, after) in self.columns.items():
            pair = [SECRET if _is_secret(self, name) and value else _shown(value) for value in (before, after)]
            if pair[0] == pair[1] == SECRET:
                pair = ["", "another secret"]
            shown.append(
                f"{name} {' -> '.join(p for p in pair if p)}" if self.kind == CHANGED else f"{name} {max(pair)}"
            )
        return f"{self.kind} {self.table} {' '.join(map(str, self.key))}{': ' if shown else ''}{', '.join(shown)}"


def compare(old: Configuration, new: Configuration) -> list[RowChange]:
    """All differences but that of the timestamp, table by table."""
    changes = list(_settings(old.settings, new.settings))
    for table in TABLES:
        changes += _rows(table, getattr(old, table.rows), getattr(new, table.rows))
    return changes


def _settings(old: Mapping[str, str], new: Mapping[str, str]) -> Iterator[RowChange]:
    for name in sorted(old.keys() | new.keys()):
        before, after = old.get(name), new.get(name)
        if before != after:
            kind = ADDED if before is None else REMOVED if after is None else CHANGED
            yield RowChange(kind, SETTINGS_TABLE, (name,), {"val": (before, after)})


def _rows(table: Table, old: Any, new: Any) -> Iterator[RowChange]:
    def keyed(rows: Any) -> dict[tuple[Any, ...], Any]:
        return {tuple(getattr(row, name) for name in table.key): row for row in rows}

    before, after = keyed(old), keyed(new)
    for key in sorted(before.keys() | after.keys(), key=lambda key: tuple(map(_sortable, key))):
        columns = {
            column.name: (_value(before.get(key), column.attribute), _value(after.get(key), column.attribute))
            for column in table.columns
            if column.attribute not in table.key
        }
        kind = ADDED if key not in before else REMOVED if key not in after else CHANGED
        differing = {
            column.name: columns[column.name]
            for column in table.columns
            if column.name in columns and _counts(kind, columns[column.name], table.defaults.get(column.attribute))
        }
        if kind != CHANGED or differing:
            yield RowChange(kind, table.name, key, differing)


def _counts(kind: str, pair: tuple[Any, Any], default: Any) -> bool:
    if kind == CHANGED:
        return bool(pair[0] != pair[1])
    return (pair[1] if kind == ADDED else pair[0]) not in (default, None, "")


def _value(row: Any, attribute: str) -> Any:
    return None if row is None else getattr(row, attribute)


def _sortable(value: Any) -> tuple[bool, Any]:
    return isinstance(value, str), value


def _is_secret(change: RowChange, column: str) -> bool:
    if change.table == SETTINGS_TABLE:
        return _SECRET_SETTING.search(str(change.key[0])) is not None
    return column in SECRET_COLUMNS


def _shown(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(int(value))
    text = ",".join(value) if isinstance(value, tuple) else str(value)
    return repr(text) if isinstance(value, str | tuple) else text
