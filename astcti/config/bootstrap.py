"""The bootstrap file: where the daemon finds everything else. XML with four sections, or the historic INI form.

``database`` says where the runtime configuration comes from, ``logging`` where logs go. ``manager`` and
``ctiserver`` give runtime settings their defaults, by the historic short names or by the settings' own.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import MappingProxyType

from astcti.config import xmlfile
from astcti.config.addresses import is_loopback, split_address
from astcti.config.bootstrapreader import SECTIONS, Section, SectionReader
from astcti.config.databasesection import Database, read_database
from astcti.config.inifile import ini_elements, is_ini
from astcti.config.settings import Settings
from astcti.errors import ConfigError

__all__ = ["Bootstrap", "CtiServer", "Database", "Logging", "Manager", "parse_bootstrap", "read_bootstrap"]

GRAMMAR = "bootstrap.rng"
LEVELS = ("debug", "info", "warn", "error", "critical")
MAX_SOCKET_PATH = 107  # bytes of a local socket's name on Linux


@dataclass(frozen=True, slots=True, kw_only=True)
class Logging:
    """Logs: a directory, the least level (Twisted's names), bytes after which a file is rotated, files kept."""

    directory: Path
    level: str = "info"
    rotate: int = 10485760
    keep: int = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Manager:
    """The link to the PBX as the bootstrap file has it. ``retries`` -1 is for ever; ``pause`` in seconds."""

    host: str
    port: int
    username: str
    secret: str = field(repr=False)
    retries: int
    pause: int


@dataclass(frozen=True, slots=True, kw_only=True)
class CtiServer:
    """The clients' side as the bootstrap file has it, and where the daemon keeps its own files.

    :ivar timeout: milliseconds of silence.
    :ivar state: directory for overrides, backups, rejected configurations and the control socket.
    :ivar control: the local socket of ``astcti ctl``.
    :ivar metrics: host and port of the monitoring pages; ``None`` for none.
    """

    address: str
    port: int
    timeout: int
    compression: int
    tls_address: str
    tls_cert: str
    tls_key: str
    state: Path
    control: Path
    metrics: tuple[str, int] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Bootstrap:
    """A bootstrap file.

    :ivar settings: the runtime settings it gives, as text; ``Settings.of(configuration, bootstrap)`` puts the
        configuration's own over them.
    :ivar warnings: each with file and line.
    """

    path: Path
    database: Database
    logging: Logging
    manager: Manager
    ctiserver: CtiServer
    settings: Mapping[str, str] = field(repr=False)
    warnings: tuple[str, ...] = ()


def read_bootstrap(path: Path, environ: Mapping[str, str] = os.environ) -> Bootstrap:
    """Read a bootstrap file; relative paths in it are relative to it.

    :param environ: where ``env:NAME`` passwords are looked up.
    :raises ConfigError: each problem with file and line.
    """
    bootstrap = parse_bootstrap(xmlfile.read_bytes(path), path, environ)
    if path.stat().st_mode & 0o077:
        text = f"{path}: others may read this file and the passwords in it: chmod 600 {path}"
        return replace(bootstrap, warnings=(*bootstrap.warnings, text))
    return bootstrap


def parse_bootstrap(data: bytes, path: Path, environ: Mapping[str, str]) -> Bootstrap:
    """As :func:`read_bootstrap`, of a text; ``path`` is for messages and relative paths."""
    if is_ini(data):
        return _of_ini(data, path, environ)
    root = xmlfile.parse(data, str(path))
    folder = path.absolute().parent  # a daemon changes its working directory
    reader = SectionReader(str(path), folder, environ)
    sections = reader.read(root)
    database = read_database(sections["database"], reader.folder)
    logging = _logging(sections["logging"], folder)
    state = folder / sections["ctiserver"].take("state", "var")
    control = state / sections["ctiserver"].take("control", "control.sock")
    if len(os.fsencode(control)) > MAX_SOCKET_PATH:
        reader.warn(None, f"the control socket's path is longer than {MAX_SOCKET_PATH} bytes: give a shorter <control>")
    metrics = _metrics(sections["ctiserver"])
    for section in SECTIONS:
        sections[section].finish()
    if reader.problems:
        raise ConfigError(*reader.problems)
    xmlfile.check_grammar(root, GRAMMAR, str(path))
    bootstrap = _completed(path, database, logging, reader, state, control)
    return replace(bootstrap, ctiserver=replace(bootstrap.ctiserver, metrics=metrics))


def _of_ini(data: bytes, path: Path, environ: Mapping[str, str]) -> Bootstrap:
    """The historic INI form, which describes a MySQL data base; everything else is in its settings, or as usual."""
    folder = path.absolute().parent
    reader = SectionReader(str(path), folder, environ)
    sections = reader.read(ini_elements(data, str(path)))
    database = read_database(sections["database"], folder)
    for section in SECTIONS:
        sections[section].finish()
    if reader.problems:
        raise ConfigError(*reader.problems)
    state = folder / "var"
    return _completed(path, database, _logging(sections["logging"], folder), reader, state, state / "control.sock")


def _completed(
    path: Path, database: Database, logging: Logging, reader: SectionReader, state: Path, control: Path
) -> Bootstrap:
    bootstrap = Bootstrap(
        path=path.absolute(), database=database, logging=logging, settings=MappingProxyType(reader.settings),
        manager=_manager(Settings()), ctiserver=_ctiserver(Settings(), state, control), warnings=tuple(reader.warnings),
    )  # fmt: skip
    settings = Settings.of(None, bootstrap)
    return replace(bootstrap, manager=_manager(settings), ctiserver=_ctiserver(settings, state, control))


def _metrics(section: Section) -> tuple[str, int] | None:
    """``host:port``, or a port alone, which is one of this machine only."""
    text = section.take("metrics")
    exposed = section.flag("metrics_exposed", False)
    if not text:
        return None
    try:
        host, port = split_address(text if ":" in text else f"127.0.0.1:{text}")
    except ValueError as e:
        section.problem("metrics", str(e))
        return None
    if not exposed and not is_loopback(host):
        section.problem(
            "metrics",
            f"{host} can be reached from other machines, and whoever reaches it may read everything there: if that is "
            "wanted, add <metrics_exposed>yes</metrics_exposed>",
        )
    return host, port


def _logging(section: Section, folder: Path) -> Logging:
    level = section.take("level", "info").lower()
    if level not in LEVELS:
        section.problem("level", f"{level!r} is none of {', '.join(LEVELS)}")
    return Logging(
        directory=folder / section.take("directory", "logs"),
        level=level,
        rotate=section.number("rotate", 10485760, 0, 2**40),
        keep=section.number("keep", 5, 0, 10000),
    )


def _manager(settings: Settings) -> Manager:
    return Manager(
        host=settings.ami_host,
        port=settings.ami_port,
        username=settings.ami_user,
        secret=settings.ami_secret,
        retries=settings.ami_connect_retries,
        pause=settings.ami_connect_retry_after,
    )


def _ctiserver(settings: Settings, state: Path, control: Path) -> CtiServer:
    return CtiServer(
        address=settings.cti_server_address,
        port=settings.cti_server_port,
        timeout=settings.cti_read_timeout,
        compression=settings.cti_socket_compression_level,
        tls_address=settings.tls_address,
        tls_cert=settings.tls_cert,
        tls_key=settings.tls_key,
        state=state,
        control=control,
    )
