"""The section ``database`` of a bootstrap file: which source the runtime configuration has, and where that is."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from astcti.config.bootstrapreader import Section
from astcti.config.database.address import MYSQL, POSTGRESQL, Address

SOURCES = ("xml", "sqlite", "mysql", "postgresql", "legacy")
LEGACY_TABLE = "cti"
STAGING = "astcti_edit"
_SERVERS = {"mysql": MYSQL, "postgresql": POSTGRESQL, "legacy": MYSQL}
_CONNECTION = ("host", "port", "username", "password", "database", "socket", "cafile")


@dataclass(frozen=True, slots=True, kw_only=True)
class Database:
    """The source of the runtime configuration.

    :ivar source: ``xml`` (``file``), ``sqlite`` (``folder``), ``mysql`` or ``postgresql`` (``address``), ``legacy``
        (``legacy_table`` at ``address``, with ``file`` for everything but operators).
    :ivar address: the data base server, if one is used for anything.
    :ivar legacy_table: operators of this table come in addition to those of the source; empty for none.
    :ivar staging: the data base in which a configurator edits; changed credentials go there as well.
    :ivar start_from_cache: start with the last good configuration when the data base cannot be asked.
    """

    source: str
    file: Path | None = None
    folder: Path | None = None
    address: Address | None = None
    legacy_table: str = ""
    staging: str = STAGING
    start_from_cache: bool = True


def read_database(section: Section, folder: Path) -> Database:
    """Read the section; problems and warnings are noted with it.

    :param folder: relative paths are relative to it.
    """
    source = {"mariadb": "mysql", "postgres": "postgresql"}.get(word := section.take("source").lower(), word)
    if source not in SOURCES:
        section.problem("source", f"source {source!r} is none of {', '.join(SOURCES)}")
        return _rest(section, source)
    file = section.take("file") if source in ("xml", "legacy") else ""
    directory = section.take("folder") if source == "sqlite" else ""
    legacy_table = section.take("table", LEGACY_TABLE) if source == "legacy" else section.take("legacy_table")
    if source == "xml" and not file:
        section.problem("file", "source xml needs <file>")
    if source == "sqlite" and not directory:
        section.problem("folder", "source sqlite needs <folder>")
    address = _address(section, _SERVERS.get(source, MYSQL), folder) if source in _SERVERS or legacy_table else None
    if address is not None and not address.database:
        section.problem("database", f"source {source} needs <database>, the name of the data base")
    database = Database(
        source=source,
        file=folder / file if file else None,
        folder=folder / directory if directory else None,
        address=address,
        legacy_table=legacy_table,
        staging=section.take("staging", STAGING) if source in _SERVERS else STAGING,
        start_from_cache=section.flag("start_from_cache", True) if address is not None else True,
    )
    _rest(section, source)
    return database


def _address(section: Section, dialect: str, folder: Path) -> Address:
    ca_file = section.take("cafile")
    return Address(
        dialect=dialect,
        host=section.take("host", "localhost"),
        port=section.number("port", 0, 0, 65535),
        username=section.take("username") or section.take("user"),
        password=section.secret("password"),
        database=section.take("database"),
        socket=section.take("socket"),
        ca_file=str(folder / ca_file) if ca_file else "",
    )


def _rest(section: Section, source: str) -> Database:
    """What is known, but not used by this source."""
    for name in ("file", "folder", "table", "legacy_table", "staging", "start_from_cache", *_CONNECTION):
        if section.take(name) and source in SOURCES:
            section.warn(name, f"source {source} does not use it")
    return Database(source=source)
