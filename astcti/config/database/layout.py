"""Making the tables of a data base, or bringing them up to date. Forward only; nothing is ever dropped."""

from __future__ import annotations

from dataclasses import dataclass

import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from alembic.util import CommandError

from astcti.config.database.address import Address
from astcti.config.database.engine import reading, writing
from astcti.errors import ConfigError

NEWER = "its layout is of a newer release; upgrade astcti"


@dataclass(frozen=True, slots=True)
class Changes:
    """What bringing a data base up to date did.

    :ivar before: its revision before; empty if it had none.
    :ivar after: the revision now.
    :ivar tables: names of the tables made.
    :ivar columns: ``table.column`` of each column added, or widened (``table.column (wider)``).
    """

    before: str
    after: str
    tables: tuple[str, ...]
    columns: tuple[str, ...]


def bring_up_to_date(engine: sa.Engine, address: Address) -> Changes:
    """Run the migrations that a data base lacks; running it again does nothing.

    :raises SourceUnavailable: the data base cannot be asked, or refuses a change.
    :raises ConfigError: the data base is of a newer release.
    """
    with writing(engine, address) as connection:
        before, old = _revision(connection), _shape(connection)
        try:
            command.upgrade(_config(connection), "head")
        except CommandError as e:
            raise ConfigError(f"{address}: {NEWER} (revision {before})") from e
        new = _shape(connection)
        after = _revision(connection)
    made = tuple(sorted(table for table in new if table not in old and table != "alembic_version"))
    columns = []
    for table in sorted(old.keys() & new.keys()):
        for column, kind in new[table].items():
            if column not in old[table]:
                columns.append(f"{table}.{column}")
            elif old[table][column] != kind:
                columns.append(f"{table}.{column} (now {kind})")
    return Changes(before, after, made, tuple(columns))


def revision_of(engine: sa.Engine, address: Address) -> tuple[str, str, bool]:
    """The revision a data base has (empty for none), the newest one, and whether this release knows the former.

    :raises SourceUnavailable: the data base cannot be asked.
    """
    with reading(engine, address) as connection:
        revision = _revision(connection)
    known = {script.revision for script in ScriptDirectory.from_config(_config(None)).walk_revisions()}
    return revision, newest(), revision in known


def newest() -> str:
    """The revision that this release makes."""
    return str(ScriptDirectory.from_config(_config(None)).get_current_head())


def _config(connection: sa.Connection | None) -> Config:
    config = Config()
    config.set_main_option("script_location", "astcti.config.database:migrations")
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    return config


def _revision(connection: sa.Connection) -> str:
    return MigrationContext.configure(connection).get_current_revision() or ""


def _shape(connection: sa.Connection) -> dict[str, dict[str, str]]:
    """Table to column to type."""
    inspector = sa.inspect(connection)
    return {
        table: {str(c["name"]): str(c["type"]) for c in inspector.get_columns(table)}
        for table in inspector.get_table_names()
    }
