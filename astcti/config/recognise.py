"""Telling configuration files apart by what is in them, not by their names."""

from __future__ import annotations

from pathlib import Path

from astcti.config import sqlitesource, xmlfile, xmlsource
from astcti.config.document import Document
from astcti.config.inifile import is_ini
from astcti.errors import ConfigError

BOOTSTRAP, RUNTIME, SQLITE = "bootstrap file", "runtime configuration (XML)", "runtime configuration (SQLite)"


def kind_of(path: Path) -> str:
    """One of :data:`BOOTSTRAP`, :data:`RUNTIME`, :data:`SQLITE`.

    :raises ConfigError: it is none of them, or cannot be read.
    """
    try:
        with path.open("rb") as f:
            head = f.read(len(sqlitesource.MAGIC))
    except OSError as e:
        raise ConfigError(f"{path}: {e.strerror or e}") from e
    if head == sqlitesource.MAGIC:
        return SQLITE
    data = xmlfile.read_bytes(path)
    if is_ini(data):
        return BOOTSTRAP
    root = xmlfile.parse(data, str(path))
    if root.tag == "configuration":
        return BOOTSTRAP
    if root.tag == "astcti":
        return RUNTIME
    raise ConfigError(f"{path}:{root.sourceline or 1}: <{root.tag}> is neither <configuration> nor <astcti>")


def read_runtime(path: Path) -> Document:
    """A runtime configuration from an XML or a SQLite file, not yet validated.

    :raises ConfigError: each problem with its place.
    """
    kind = kind_of(path)
    if kind == BOOTSTRAP:
        raise ConfigError(f"{path}: this is a bootstrap file, not a runtime configuration")
    return sqlitesource.read_document(path) if kind == SQLITE else xmlsource.read_document(path)
