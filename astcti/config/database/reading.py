"""One consistent configuration out of a data base that others change meanwhile."""

from __future__ import annotations

from dataclasses import dataclass

import sqlalchemy as sa

from astcti.config.database.address import Address
from astcti.config.database.engine import reading
from astcti.config.database.tables import Stamps, Tables
from astcti.config.document import Document
from astcti.config.rows import read_rows
from astcti.config.source import SourceUnavailable

TRIES = 5  # where a timestamp changes while we read, which only tables without transactions allow


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A configuration with the timestamps it had."""

    document: Document
    stamps: Stamps


def read_stamps(engine: sa.Engine, address: Address) -> Stamps:
    """The timestamps of a data base.

    :raises SourceUnavailable: it cannot be asked, or is none of ours.
    """
    with reading(engine, address) as connection:
        return _need(Tables(connection).stamps(), address)


def read_snapshot(engine: sa.Engine, address: Address) -> Snapshot:
    """The configuration in a data base, not yet validated.

    :raises SourceUnavailable: it cannot be asked, is none of ours, or changes all the time.
    :raises ConfigError: each problem with table, id and column.
    """
    for _ in range(TRIES):
        with reading(engine, address) as connection:
            tables = Tables(connection)
            before = _need(tables.stamps(), address)
            document = read_rows(tables.fetch, str(address))
            if tables.stamps() == before:
                return Snapshot(document, before)
    raise SourceUnavailable(f"{address}: its timestamp changes all the time; set it once, after everything else")


def _need(stamps: Stamps | None, address: Address) -> Stamps:
    if stamps is None:
        what = "has neither a table dbversion nor server_settings"
        raise SourceUnavailable(f"{address}: {what}: run `astcti config init` to make the tables")
    return stamps
