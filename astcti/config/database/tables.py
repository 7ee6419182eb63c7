"""The tables of an open data base as rows, whatever the case of their names."""

from __future__ import annotations

from functools import cached_property
from typing import Any

import sqlalchemy as sa

from astcti.config.rows import VERSION_TABLE, Row
from astcti.config.schema import SETTINGS_TABLE
from astcti.config.settings import NO_SETTINGS
from astcti.errors import ConfigError

MAX_ROWS = 2_000_000  # of one table; a configuration of 20,000 operators and 500 services has 100,000 assignments
Stamps = tuple[str, ...]
"""Every timestamp of a data base, as text: a change of any of them is a change."""


class Tables:
    """What is in a data base."""

    def __init__(self, connection: sa.Connection) -> None:
        self.connection = connection

    @cached_property
    def names(self) -> dict[str, str]:
        """Name in lower case to the name, of tables and views; a table goes before a view."""
        inspector = sa.inspect(self.connection)
        return {name.lower(): name for name in (*inspector.get_view_names(), *inspector.get_table_names())}

    def fetch(self, table: str) -> list[Row] | None:
        """Every row of a table; ``None`` where it is missing.

        :raises ConfigError: it has more than :data:`MAX_ROWS`.
        """
        if table not in self.names:
            return None
        query: Any = sa.select(sa.text("*")).select_from(sa.table(self.names[table])).limit(MAX_ROWS + 1)
        result = self.connection.execute(query)
        columns = [name.lower() for name in result.keys()]  # noqa: SIM118 not a mapping
        rows = [dict(zip(columns, row, strict=True)) for row in result]
        if len(rows) > MAX_ROWS:
            raise ConfigError(f"{table}: more than {MAX_ROWS} rows")
        return rows

    def stamps(self) -> Stamps | None:
        """The timestamps; ``None`` where there is no place for any."""
        version, settings = self.fetch(VERSION_TABLE), self.fetch(SETTINGS_TABLE)
        if version is None and settings is None:
            return None
        found = [f"{VERSION_TABLE} {row.get('last_update')}" for row in version or ()]
        found += [f"{row['name']} {row.get('val')}" for row in settings or () if row.get("name") in NO_SETTINGS]
        return tuple(sorted(found))
