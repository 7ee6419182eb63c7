"""Data bases at the command line: found by a URL or a bootstrap file, prepared, read and written."""

from __future__ import annotations

import getpass
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from astcti.config.bootstrap import read_bootstrap
from astcti.config.ctijoining import numbered, with_people
from astcti.config.database.address import SQLITE, Address, is_url, parse_url, split_table
from astcti.config.databasesection import LEGACY_TABLE
from astcti.config.document import Document
from astcti.config.model import Configuration
from astcti.errors import ConfigError

if TYPE_CHECKING:
    import sqlalchemy as sa

    from astcti.config.database.layout import Changes

PASSWORD = "ASTCTI_DATABASE_PASSWORD"  # noqa: S105 the name of a variable, so that the word is on no command line


def address_of(where: str) -> Address:
    """The data base of a URL, or the one a bootstrap file names.

    :raises ConfigError: there is none.
    """
    if not is_url(where):
        database = read_bootstrap(Path(where)).database
        if database.address is None or database.source not in ("mysql", "postgresql"):
            raise ConfigError(f"{where}: the configuration of this server is in no data base with tables of ours")
        return database.address
    where, table = split_table(where)
    address = parse_url(where)
    if table:
        raise ConfigError(f"{address}: {table} is a table of its owner's: it is only read, by `astcti config convert` "
                          "and `diff`")  # fmt: skip
    return _with_password(address)


def _with_password(address: Address) -> Address:
    """An address with the password that is not on the command line."""
    if address.dialect == SQLITE or address.password:
        return address
    word = os.environ.get(PASSWORD, "")
    if not word and sys.stdin.isatty():
        word = getpass.getpass(f"Password of {address.username} for the {address}: ")
    return replace(address, password=word)


@contextmanager
def _engine(address: Address) -> Iterator[sa.Engine]:
    from astcti.config.database.engine import make_engine  # here, so that other commands begin without its packages

    engine = make_engine(address)
    try:
        yield engine
    finally:
        engine.dispose()


def prepare(where: str) -> tuple[Address, Changes]:
    """Make the tables, or bring them up to date.

    :raises ConfigError: it cannot be done.
    """
    from astcti.config.database.layout import bring_up_to_date

    address = address_of(where)
    with _engine(address) as engine:
        return address, bring_up_to_date(engine, address)


def read(where: str) -> Document:
    """The configuration in a data base, not yet validated; or operators of a table ``cti``, if the URL names one, or
    there is nothing else in the data base that is ours.

    :raises ConfigError: it cannot be read.
    """
    from astcti.config.database.reading import read_snapshot

    where, table = split_table(where)
    address = _with_password(parse_url(where))
    with _engine(address) as engine:
        if table or not _has_ours(engine, address):
            return _read_people(engine, address, table or LEGACY_TABLE)
        return read_snapshot(engine, address).document


def _has_ours(engine: sa.Engine, address: Address) -> bool:
    """Whether it is a data base with tables of ours, or at least one without a table ``cti``."""
    from astcti.config.database.engine import reading
    from astcti.config.database.tables import Tables

    with reading(engine, address) as connection:
        names = Tables(connection).names
    return LEGACY_TABLE not in names or bool({"operators", "services", "seats"} & names.keys())


def _read_people(engine: sa.Engine, address: Address, table: str) -> Document:
    from astcti.config.database.ctitable import CtiTable

    people = CtiTable(address, table, lambda address: engine).read().people
    whole = with_people(Document(Configuration(), people.name), people)
    return Document(numbered(whole.configuration), people.name, notes=whole.notes)


def write(where: str, configuration: Configuration, now: int, *, force: bool) -> Address:
    """Replace the configuration in a data base.

    :param now: the new timestamp, seconds since 1970.
    :param force: even if there is one.
    :raises ConfigError: it cannot be written, or there is one.
    """
    from astcti.config.database.writing import is_empty, write_configuration

    address = address_of(where)
    with _engine(address) as engine:
        if not force and not is_empty(engine, address):
            raise ConfigError(f"{address}: there is a configuration already; --force replaces it")
        write_configuration(engine, address, configuration, now)
    return address
