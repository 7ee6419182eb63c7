"""The table ``cti`` in a data base: read as a whole, and noticed to be another one by what is in it, for it has no
timestamp."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from hashlib import blake2b
from typing import Any

import sqlalchemy as sa

from astcti.config.cti import NEEDED, OPTIONAL, People, read_people
from astcti.config.database.address import Address
from astcti.config.database.engine import make_engine, reading, writing
from astcti.config.database.tables import MAX_ROWS
from astcti.config.rows import Row
from astcti.config.source import SourceUnavailable

_COLUMNS = tuple(name.lower() for name in (*NEEDED, *OPTIONAL))


class NoRoom(SourceUnavailable):
    """The column is too narrow for what is to be kept in it."""


@dataclass(frozen=True, slots=True)
class Contents:
    """What was in the table at one moment.

    :ivar mark: another one as soon as anything is that an administrator has changed.
    """

    people: People
    mark: str


class CtiTable:
    """One table, or view, whatever the case of its name and of its columns. Every method may block for a data base.

    :ivar table: its name as configured.
    """

    def __init__(self, address: Address, table: str, make: Callable[[Address], sa.Engine] = make_engine) -> None:
        self.address = address
        self.table = table
        self._make = make
        # User name -> (secret before we wrote one, as we wrote it last). Credentials are written by other threads than
        # that which looks: an entry is put there whole, or copied with all others, in one step.
        self._ours: dict[str, tuple[str, str]] = {}
        self._last: tuple[tuple[str, tuple[str, ...]], People] | None = None

    @cached_property
    def engine(self) -> sa.Engine:
        """Its connections, made at first use."""
        return self._make(self.address)

    def describe(self) -> str:
        """``table cti of MySQL data base asterisk on localhost``."""
        return f"table {self.table} of {self.address}"

    def read(self) -> Contents:
        """Everybody in it now.

        :raises SourceUnavailable: it cannot be asked, is not there, or is no such table.
        """
        ours = self._ours.copy()
        with reading(self.engine, self.address) as connection:
            query: Any = sa.select(sa.text("*")).select_from(sa.table(self._found(connection))).limit(MAX_ROWS + 1)
            result = connection.execute(query)
            columns = [str(name).lower() for name in result.keys()]  # noqa: SIM118 not a mapping
            rows: list[Row] = [dict(zip(columns, row, strict=True)) for row in result]
        if len(rows) > MAX_ROWS:
            raise SourceUnavailable(f"{self.address}: {self.table} has more than {MAX_ROWS} rows")
        plain = _mark(rows, {})
        seen = (plain, tuple(columns))
        if self._last is None or self._last[0] != seen:  # most looks find what was there before
            self._last = seen, read_people(rows, columns, f"{self.address}: {self.table}")
        return Contents(self._last[1], _mark(rows, ours) if ours else plain)

    def replace(self, username: str, running: str, value: str) -> bool:
        """Put a credential in the place of another. It does not count as a change of the table.

        :returns: false if the row has another credential, or there is not exactly one; nothing has changed then.
        :raises NoRoom: the column is too narrow; nothing has changed then.
        :raises SourceUnavailable: it cannot be written; nothing has changed then.
        """
        with writing(self.engine, self.address) as connection:
            table, user, secret = self._shape(connection, len(value))
            rows = connection.execute(sa.select(user, secret).where(user == username).with_for_update()).all()
            # Compared here: the data base may take upper and lower case for the same, and ignore blanks at the end.
            if [(str(row[0]).strip(), str(row[1] or "").strip()) for row in rows] != [(username, running)]:
                return False
            connection.execute(table.update().where(user == username).values({secret.name: value}))
        before, _ = self._ours.get(username, (running, ""))
        self._ours[username] = (before, value)  # a look before this loads what is known already, and nobody notices
        return True

    def try_out(self, length: int) -> None:
        """See whether credentials of a length could be written, by changing that of nobody.

        :raises SourceUnavailable: they could not.
        """
        with writing(self.engine, self.address) as connection:
            table, _, secret = self._shape(connection, length)
            connection.execute(sa.select(secret).where(sa.false()).with_for_update())
            connection.execute(table.update().where(sa.false()).values({secret.name: ""}))

    def _shape(self, connection: sa.Connection, length: int) -> tuple[Any, Any, Any]:
        """The table, and its columns of names and credentials, which have room for so many characters."""
        name = self._found(connection)
        there: dict[str, Any] = {str(c["name"]).lower(): c for c in sa.inspect(connection).get_columns(name)}
        if not {"username", "secret"} <= there.keys():
            raise SourceUnavailable(f"{self.address}: {name}: there is no column USERNAME, or none SECRET")
        room = getattr(there["secret"]["type"], "length", None)
        if room and room < length:
            raise NoRoom(f"{self.address}: {name}: column SECRET has room for {room} characters, not for {length}")
        user: Any = sa.column(str(there["username"]["name"]))
        secret: Any = sa.column(str(there["secret"]["name"]))
        return sa.table(name, user, secret), user, secret

    def _found(self, connection: sa.Connection) -> str:
        """The name that the table has there; exactly the configured one, if there are two."""
        inspector = sa.inspect(connection)
        names = [*inspector.get_table_names(), *inspector.get_view_names()]
        found = [self.table] if self.table in names else [n for n in names if n.lower() == self.table.lower()]
        if not found:
            raise SourceUnavailable(f"{self.address}: there is no table {self.table}")
        return found[0]


def _mark(rows: list[Row], ours: dict[str, tuple[str, str]]) -> str:
    """A digest of what counts in the rows, in whichever order; what we wrote counts as what was there before."""
    said = []
    for row in rows:
        values = [row.get(column) for column in _COLUMNS]
        before, since = ours.get(str(values[0] or "").strip(), ("", ""))
        secret = str(values[1] or "").strip()
        if since and secret == since:
            values[1] = before
        elif since and secret == before:
            values.append("set back")  # by somebody else, after us
        said.append(repr(values))
    digest = blake2b(digest_size=16)
    for text in sorted(said):
        digest.update(f"{text}\n".encode("utf-8", "surrogatepass"))
    return digest.hexdigest()
