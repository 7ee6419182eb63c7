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
        :param running: the value in force until now; of ``SCRAM`` the ``PASS_WORD`` in force, which it belongs to. With
            another ``PASS_WORD`` the verifier of the old one goes.
        :returns: false if ``running`` is no longer in force, because somebody was quicker; nothing has changed then.
        :raises ConfigError: it cannot be stored; nothing has changed then.
        """
        if column not in COLUMNS:
            raise ConfigError(f"{column} cannot be changed by operators")
        with writing(self._source.engine, self._address) as connection:
            first, *others = self._tables(connection)
            if not self._replace(connection, *first, username, column, running, value):
                return False
            for table, schema in others:
                self._replace(connection, table, schema, username, column, running, value)
        return True

    def try_out(self) -> None:
        """See whether credentials could be written, by changing those of nobody.

        :raises ConfigError: they could not.
        """
        with writing(self._source.engine, self._address) as connection:
            for table, schema in self._tables(connection):
                names = [str(c["name"]) for c in sa.inspect(connection).get_columns(table, schema=schema)]
                credential = next((name for name in names if name.upper() == "PASS_WORD"), "PASS_WORD")
                shape = sa.table(table, sa.column(credential), schema=schema)
                connection.execute(sa.select(shape.c[credential]).where(sa.false()).with_for_update())
                connection.execute(shape.update().where(sa.false()).values({credential: ""}))

    def _tables(self, connection: sa.Connection) -> list[tuple[str, str | None]]:
        """Name and schema of the operators in use, then of those that are edited, if there are any."""
        tables = {name.lower(): name for name in sa.inspect(connection).get_table_names()}
        if "operators" not in tables:
            raise SourceUnavailable(f"{self._address}: there is no table operators")
        found: list[tuple[str, str | None]] = [(tables["operators"], None)]
        if self._address.dialect == MYSQL and self._staging and self._staging != self._address.database:
            staged = connection.execute(_STAGED, {"schema": self._staging}).scalar()
            found += [(str(staged), self._staging)] if staged is not None else []
        return found

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
        guard, scram = there.get("pass_word") if column == "SCRAM" else found, there.get("scram")
        if guard is None:
            raise SourceUnavailable(f"{self._address}: {table}: there is no column PASS_WORD")
        names = dict.fromkeys(str(c["name"]) for c in (found, name, guard, scram) if c is not None)
        shape = sa.table(table, *map(sa.column, names), schema=schema)
        credential, user, compared = (shape.c[str(c["name"])] for c in (found, name, guard))
        # Compared here: the data base may take upper and lower case for the same.
        rows = connection.execute(sa.select(user, compared).where(user == username).with_for_update()).all()
        if [(row[0], row[1] or "") for row in rows] != [(username, running)]:
            return False
        kept = value if value or not found["nullable"] else None
        changed: dict[str, Any] = {credential.name: kept}
        if column == "PASS_WORD" and scram is not None:
            changed[str(scram["name"])] = None if scram["nullable"] else ""
        connection.execute(shape.update().where(user == username).values(changed))
        return True
