"""Bringing a data base to a layout without losing anything in it: an empty one, or that of an older release."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.engine.interfaces import ReflectedColumn

from astcti.config.rows import names_of
from astcti.config.schema import TABLES

_ALIASES = {(t.name, names_of(c)[0]): names_of(c) for t in TABLES for c in t.columns}
#: One of these tables with a timestamp in it is enough.
_STAMPED = "server_settings"


class Adoption:
    """Compares what is there with what is wanted, whatever the case of names."""

    def __init__(self, connection: sa.Connection) -> None:
        self._connection = connection
        self._is_mysql = connection.dialect.name == "mysql"
        inspector = sa.inspect(connection)
        self._tables = {name.lower(): name for name in inspector.get_table_names()}
        self._columns = {
            low: {str(c["name"]).lower(): c for c in inspector.get_columns(name)} for low, name in self._tables.items()
        }

    def adopt(self, wanted: sa.MetaData) -> None:
        """Make the tables and columns that are missing, and widen columns that are too narrow."""
        for table in wanted.sorted_tables:
            if table.name in self._tables:
                self._extend(table)
            else:
                self._create(table)
        self._stamp()

    def _create(self, table: sa.Table) -> None:
        """Make a table; where it refers to an older one, in the type and under the name that one has."""
        copy = sa.MetaData(naming_convention=table.metadata.naming_convention)
        columns, constraints = [], []
        for column in table.columns:
            fresh: sa.Column[Any] = sa.Column(
                column.name, column.type, primary_key=column.primary_key, nullable=column.nullable,
                autoincrement=column.autoincrement, server_default=column.server_default,
            )  # fmt: skip
            for key in column.foreign_keys:
                target, target_column = key.target_fullname.split(".")
                there = self._columns.get(target, {}).get(target_column.lower())
                if there is not None:
                    fresh.type = there["type"]
                name, named = self._tables.get(target, target), there["name"] if there else target_column
                shape = sa.Table(name, copy, sa.Column(named, fresh.type), extend_existing=True)
                constraints.append(
                    sa.ForeignKeyConstraint(
                        [column.name], [shape.c[named]], ondelete=key.ondelete,
                        name=f"fk_{table.name}_{column.name}",
                    )
                )  # fmt: skip
            columns.append(fresh)
        uniques = [c for c in table.constraints if isinstance(c, sa.UniqueConstraint)]
        constraints += [sa.UniqueConstraint(*(c.name for c in u.columns), name=u.name) for u in uniques]  # type: ignore[misc]
        options = {f"mysql_{k}": v for k, v in table.dialect_options["mysql"].items() if v}
        made = op.create_table(table.name, *columns, *constraints, **options)
        self._tables[table.name] = table.name
        self._columns[table.name] = {c.name.lower(): _reflected(c) for c in made.columns}

    def _extend(self, table: sa.Table) -> None:
        name, there = self._tables[table.name], self._columns[table.name]
        if self._is_mysql:
            self._to_innodb(name)
        for column in table.columns:
            low = column.name.lower()
            found = next((there[n] for n in _ALIASES.get((table.name, low), [low]) if n in there), None)
            if found is None:
                self._add(name, column)
            else:
                self._widen(name, column, found)

    def _add(self, table: str, column: sa.Column[Any]) -> None:
        """A column that was not there: empty, or with its default, in the rows that are."""
        nullable = column.nullable or column.server_default is None
        op.add_column(
            table, sa.Column(column.name, column.type, nullable=nullable, server_default=column.server_default)
        )

    def _widen(self, table: str, column: sa.Column[Any], found: Any) -> None:
        wanted, length = column.type, getattr(found["type"], "length", None)
        if not isinstance(wanted, sa.String) or not length or isinstance(found["type"], sa.Enum):
            return
        if not wanted.length or length >= wanted.length or (not self._is_mysql and self._is_sqlite):
            return
        kind = type(found["type"])
        extra = {"collation": found["type"].collation} if getattr(found["type"], "collation", None) else {}
        op.alter_column(
            table, found["name"], type_=kind(wanted.length, **extra), existing_nullable=found["nullable"],
            existing_server_default=sa.text(found["default"]) if found.get("default") else None,
        )  # fmt: skip

    @property
    def _is_sqlite(self) -> bool:
        return self._connection.dialect.name == "sqlite"  # where a length means nothing

    def _to_innodb(self, table: str) -> None:
        """Foreign keys and consistent reading want it."""
        engine = self._connection.execute(
            sa.text("SELECT ENGINE FROM information_schema.TABLES WHERE TABLE_SCHEMA=DATABASE() AND TABLE_NAME=:t"),
            {"t": table},
        ).scalar()
        if engine and str(engine).lower() != "innodb":
            quoted = self._connection.dialect.identifier_preparer.quote(table)
            op.execute(f"ALTER TABLE {quoted} ENGINE=InnoDB")

    def _stamp(self) -> None:
        """A timestamp and a version, unless the data base has them, in one place or the other."""
        names = {low: str(c["name"]) for low, c in self._columns["dbversion"].items()}
        version = sa.table(self._tables["dbversion"], sa.column(names["version"]), sa.column(names["last_update"]))
        settings = sa.table(self._tables[_STAMPED], sa.column("name"), sa.column("val"))
        has_row = self._connection.execute(sa.select(sa.func.count()).select_from(version)).scalar()
        versions: Iterable[Any] = self._connection.execute(
            sa.select(settings.c.val).where(settings.c.name == "db_version")
        ).scalars()
        if not has_row and not list(versions):
            self._connection.execute(version.insert().values({names["version"]: 2.0, names["last_update"]: 0}))


def _reflected(column: sa.Column[Any]) -> ReflectedColumn:
    """A column that was just made, as the data base would describe it."""
    return {"name": column.name, "type": column.type, "nullable": bool(column.nullable), "default": None}
