"""Putting a whole configuration into a data base, in one transaction, its timestamp last."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import sqlalchemy as sa

from astcti.config import kinds
from astcti.config.database.address import Address
from astcti.config.database.engine import writing
from astcti.config.database.metadata import make_metadata
from astcti.config.database.tables import Tables
from astcti.config.model import Configuration
from astcti.config.rows import VERSION_TABLE, names_of
from astcti.config.schema import SETTINGS_TABLE, TABLES, Column, Table
from astcti.config.settings import NO_SETTINGS
from astcti.errors import ConfigError

CHUNK = 1000  # rows of one statement
LATEST = 2**53  # seconds: what is later is no time, and hardly a number that the column holds

_NULLABLE = {(t.name, c.name) for t in make_metadata().sorted_tables for c in t.columns if c.nullable}


def is_empty(engine: sa.Engine, address: Address) -> bool:
    """Whether there is no configuration in the tables yet.

    :raises SourceUnavailable: the data base cannot be asked.
    """
    with writing(engine, address) as connection:
        tables = Tables(connection)
        for table in TABLES:
            if (name := tables.names.get(table.name)) is not None:
                some: Any = sa.select(sa.text("1")).select_from(sa.table(name)).limit(1)
                if connection.execute(some).first() is not None:
                    return False
    return True


def write_configuration(engine: sa.Engine, address: Address, configuration: Configuration, now: int) -> None:
    """Replace the configuration in the tables; servers that watch it take it within their poll interval.

    :param now: the new timestamp, seconds since 1970; it is made to differ from the one before.
    :raises SourceUnavailable: it cannot be written; nothing has changed then.
    """
    with writing(engine, address) as connection:
        tables = Tables(connection)
        missing = [t.name for t in TABLES if t.name not in tables.names]
        if missing:
            raise ConfigError(f"{address}: there is no table {', '.join(missing)}: run `astcti config init`")
        for table in reversed(TABLES):
            connection.execute(sa.delete(sa.table(tables.names[table.name])))
        for table in TABLES:
            _insert(connection, tables, table, configuration)
        _settings(connection, tables, configuration)
        _stamp(connection, tables, now)


def _insert(connection: sa.Connection, tables: Tables, table: Table, configuration: Configuration) -> None:
    there = _columns(connection, tables, table.name)
    shape = sa.table(tables.names[table.name], *(sa.column(str(c["name"]), c["type"]) for c in there.values()))
    named = [(c, next((there[n] for n in names_of(c) if n in there), None)) for c in table.columns]
    lost = [c for c, found in named if not found and _says_something(table, c, getattr(configuration, table.rows))]
    if lost:
        raise ConfigError(f"{tables.names[table.name]}: there is no column {lost[0].name}: run `astcti config init`")
    rows = [
        {str(found["name"]): _value(table.name, c.name, getattr(row, c.attribute)) for c, found in named if found}
        for row in getattr(configuration, table.rows)
    ]
    for start in range(0, len(rows), CHUNK):
        connection.execute(shape.insert(), rows[start : start + CHUNK])


def _says_something(table: Table, column: Column, rows: Iterable[Any]) -> bool:
    """Whether any of the rows has in that column what would not be there again without it."""
    missing = object()
    default = table.defaults.get(column.attribute, missing)
    return any(getattr(row, column.attribute) != default for row in rows)


def _value(table: str, column: str, value: Any) -> Any:
    if isinstance(value, tuple):
        value = ",".join(value)
    return None if value == "" and (table, column) in _NULLABLE else value


def _settings(connection: sa.Connection, tables: Tables, configuration: Configuration) -> None:
    if SETTINGS_TABLE not in tables.names:
        return
    shape = sa.table(tables.names[SETTINGS_TABLE], sa.column("name"), sa.column("val"))
    connection.execute(shape.delete().where(shape.c.name.not_in(sorted(NO_SETTINGS))))
    rows = [{"name": name, "val": value} for name, value in configuration.settings.items()]
    if rows:
        connection.execute(shape.insert(), rows)


def _stamp(connection: sa.Connection, tables: Tables, now: int) -> None:
    """Set the timestamp, in every place where there is one, to one that none of them has."""
    stamp = max([now, *(before + 1 for before in map(_moment, tables.stamps() or ()))])
    if VERSION_TABLE in tables.names:
        names = {low: str(c["name"]) for low, c in _columns(connection, tables, VERSION_TABLE).items()}
        column = names["last_update"]
        shape = sa.table(tables.names[VERSION_TABLE], sa.column(column), sa.column(names["version"]))
        if connection.execute(shape.update().values({column: stamp})).rowcount == 0:
            connection.execute(shape.insert().values({column: stamp, names["version"]: 2.0}))
    if SETTINGS_TABLE in tables.names:
        settings = sa.table(tables.names[SETTINGS_TABLE], sa.column("name"), sa.column("val"))
        connection.execute(settings.update().where(settings.c.name == "last_update").values(val=str(stamp)))


def _moment(stamp: str) -> int:
    """Seconds of a timestamp; 0 of what is none, from which each differs."""
    name, _, text = stamp.rpartition(" ")
    try:
        seconds = kinds.TIMESTAMP.read(text) if name in (VERSION_TABLE, "last_update") else 0
    except ValueError:
        return 0
    return int(seconds) if abs(seconds) < LATEST else 0


def _columns(connection: sa.Connection, tables: Tables, table: str) -> dict[str, Any]:
    return {str(c["name"]).lower(): c for c in sa.inspect(connection).get_columns(tables.names[table])}
