"""Changed credentials, written where they came from. The timestamp stays: the server knows already."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from astcti.config.database.address import MYSQL, Address
from astcti.config.database.engine import writing
from astcti.config.database.source import DatabaseSource
from astcti.config.overrides import COLUMNS
from astcti.config.source import SourceUnavailable
from astcti.errors import ConfigError

_STAGED = sa.text(
    "SELECT TABLE_NAME FROM information_schema.TABLES WHERE TABLE_SCHEMA = :schema AND LOWER(TABLE_NAME) = 'operators'"
)


class DatabaseCredentials:
    """Writes to the operators of a data base, and to those of the one in which a configurator edits.

    Every method may block for a data base: call it in a thread that nobody else needs.

    :param staging: the name of the latter; it need not be there.
    """

    def __init__(self, source: DatabaseSource, staging: str) -> None:
        self._source = source
        self._staging = staging

    @property
    def _address(self) -> Address:
        return self._source.address

    def put(self, username: str, column: str, running: str, value: str, now: float) -> bool:
        """Replace the value in force.

        :param column: one of :data:`astcti.config.overrides.COLUMNS`.
        :param running: the value in force until now.
        :returns: false if ``running`` is no longer in force, because somebody was quicker; nothing has changed then.
        :raises ConfigError: it cannot be stored; nothing has changed then.
        """
        if column not in COLUMNS:
            raise ConfigError(f"{column} cannot be changed by operators")
        with writing(self._source.engine, self._address) as connection:
            tables = {name.lower(): name for name in sa.inspect(connection).get_table_names()}
            if "operators" not in tables:
                raise SourceUnavailable(f"{self._address}: there is no table operators")
            if not self._replace(connection, tables["operators"], None, username, column, running, value):
                return False
            if self._address.dialect == MYSQL and self._staging and self._staging != self._address.database:
                staged = connection.execute(_STAGED, {"schema": self._staging}).scalar()
                if staged is not None:
                    self._replace(connection, str(staged), self._staging, username, column, running, value)
        return True

    def _replace(
        self, connection: sa.Connection, table: str, schema: str | None, username: str, column: str,
        running: str, value: str,
    ) -> bool:  # fmt: skip
        there: dict[str, Any] = {
            str(c["name"]).lower(): c for c in sa.inspect(connection).get_columns(table, schema=schema)
        }
        found, name = there.get(column.lower()), there.get("username")
        if found is None or name is None:
            raise SourceUnavailable(f"{self._address}: {table}: there is no column {column}: run `astcti config init`")
        length = getattr(found["type"], "length", None)
        if length and length < len(value):
            what = f"{table}: column {column} has room for {length} characters only: run `astcti config init`"
            raise SourceUnavailable(f"{self._address}: {what}")
        shape = sa.table(table, sa.column(str(found["name"])), sa.column(str(name["name"])), schema=schema)
        credential, user = shape.c[str(found["name"])], shape.c[str(name["name"])]
        # Compared here: the data base may take upper and lower case for the same.
        rows = connection.execute(sa.select(user, credential).where(user == username).with_for_update()).all()
        if [(row[0], row[1] or "") for row in rows] != [(username, running)]:
            return False
        kept = value if value or not found["nullable"] else None
        connection.execute(shape.update().where(user == username).values({credential.name: kept}))
        return True
