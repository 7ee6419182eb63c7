"""``astcti config``: check a configuration, bring it into another form, make a credential for it."""

from __future__ import annotations

import getpass
import hashlib
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from twisted.python import usage

from astcti.actions.registry import action_types
from astcti.commands import configchanges, databases
from astcti.commands.configwords import SQLITE_ENDINGS, Options
from astcti.commands.options import complain
from astcti.config import sqlitesource
from astcti.config.bootstrap import read_bootstrap
from astcti.config.ctijoining import numbered
from astcti.config.database.address import is_url, parse_url, split_table
from astcti.config.document import Document
from astcti.config.files import write_file
from astcti.config.foldersource import publish
from astcti.config.load import Loader
from astcti.config.recognise import BOOTSTRAP, kind_of, read_runtime
from astcti.config.schema import TABLES
from astcti.config.validation import validate
from astcti.config.xmlsource import write_xml
from astcti.errors import ConfigError
from astcti.services.changeover import check_connections
from astcti.services.credentials import protect, verifier_of

SUMMARY = "check a configuration, bring it into another form, make a credential"


def main(argv: Sequence[str]) -> int:
    """Run one of them."""
    options: Any = Options()
    try:
        if "" in argv:
            raise usage.UsageError("one of the words is empty")  # a variable of a script; it is not the current folder
        options.parseOptions(argv)
    except usage.UsageError as e:
        named = options.subCommand if getattr(options, "subOptions", None) is not None else ""
        return complain(f"config {named}".rstrip(), e)
    except SystemExit as e:  # --help
        return int(e.code or 0)
    try:
        return _COMMANDS[options.subCommand](options.subOptions)
    except ConfigError as e:
        _print_problems("error", e.problems)
        return 1


def check(options: Mapping[str, Any]) -> int:
    """``astcti config check``."""
    failed = False
    for name in options["files"]:
        try:
            warnings = _check(name)
        except ConfigError as e:
            _print_problems("error", e.problems)
            failed = True
            continue
        _print_problems("warning", warnings)
        failed = failed or (bool(warnings) and bool(options["strict"]))
        if not options["quiet"]:
            sys.stdout.write(f"{_shown(name)}: fine, with {_count(len(warnings), 'warning')}\n")
    return int(failed)


def _check(name: str) -> tuple[str, ...]:
    """Check what a word of the command line names; returns the warnings.

    :raises ConfigError: it cannot be used.
    """
    if is_url(name):
        return _check_runtime(databases.read(name))
    path = Path(name)
    return _check_bootstrap(path) if kind_of(path) == BOOTSTRAP else _check_runtime(read_runtime(path))


def _check_bootstrap(path: Path) -> tuple[str, ...]:
    """Check a bootstrap file and where it leads; returns the warnings.

    :raises ConfigError: it cannot be used, or nothing it leads to can.
    """
    bootstrap = read_bootstrap(path)
    try:
        loaded = Loader.of(bootstrap, action_types()).first()
        check_connections(loaded.settings)
    except ConfigError:
        _print_problems("warning", bootstrap.warnings)
        raise
    return (*bootstrap.warnings, *loaded.warnings)


def _check_runtime(document: Document) -> tuple[str, ...]:
    """Check a runtime configuration; returns the warnings.

    :raises ConfigError: it cannot be used.
    """
    report = validate(document.configuration, action_types())
    warnings = (*document.notes, *(f"{document.place(p.table, p.id)}: {p}" for p in report.warnings))
    if not report.ok:
        _print_problems("warning", warnings)
        raise ConfigError(*(f"{document.place(p.table, p.id)}: {p}" for p in report.errors))
    return warnings


def convert(options: Mapping[str, Any]) -> int:
    """``astcti config convert``."""
    source, target = options["from"], options["to"]
    document = databases.read(source) if is_url(source) else _read_file(Path(source))
    try:
        _print_problems("warning", _check_runtime(document))
        fine = True
    except ConfigError as e:
        _print_problems("error", e.problems)
        fine = False
    if is_url(target) or Path(target).is_dir():
        if not fine:
            raise ConfigError(f"{_shown(target)}: nothing was written, the server would reject it")
        if is_url(target):
            target = databases.write(target, document.configuration, int(time.time()), force=bool(options["force"]))
        else:
            target = publish(document.configuration, Path(target), time.time())
    else:
        _write(document, Path(target), force=bool(options["force"]))
    rows = ", ".join(f"{len(getattr(document.configuration, t.rows))} {t.name}" for t in TABLES)
    sys.stdout.write(f"{target}: written ({rows})\n")
    if not fine:
        sys.stderr.write(f"error: {target}: the server would reject it until the errors above are mended\n")
    return int(not fine)


def _read_file(path: Path) -> Document:
    """A runtime configuration, or that of a server with such a bootstrap file, as it would load it now.

    :raises ConfigError: it cannot be read; or the server would have to go by a copy of an earlier one.
    """
    if kind_of(path) != BOOTSTRAP:
        return read_runtime(path)
    bootstrap = read_bootstrap(path)
    loaded = Loader.of(bootstrap, action_types()).first()
    if loaded.trouble:
        raise ConfigError(loaded.trouble)
    configuration = loaded.configuration
    if bootstrap.database.legacy_table:
        configuration = numbered(configuration)
    return Document(configuration, str(path), notes=loaded.notes)


def init(options: Mapping[str, Any]) -> int:
    """``astcti config init``."""
    address, changes = databases.prepare(options["where"])
    done = [f"made {', '.join(changes.tables)}"] if changes.tables else []
    done += [f"changed {', '.join(changes.columns)}"] if changes.columns else []
    sys.stdout.write(f"{address}: {'; '.join(done) or 'up to date already'} (revision {changes.after})\n")
    return 0


def _shown(target: str) -> str:
    """Without the password that may be in it."""
    return str(parse_url(split_table(target)[0])) if is_url(target) else target


def _write(document: Document, target: Path, *, force: bool) -> None:
    ending = target.suffix.lower()
    if ending != ".xml" and ending not in SQLITE_ENDINGS:
        raise ConfigError(f"{target}: the ending says nothing; possible are .xml {' '.join(SQLITE_ENDINGS)}")
    if target.exists() and not force:
        raise ConfigError(f"{target}: exists already; --force overwrites it")
    if ending == ".xml":
        write_file(target, write_xml(document.configuration), keep_rights=True)
    else:
        sqlitesource.write_sqlite(document.configuration, target)


def password(options: Mapping[str, Any]) -> int:
    """``astcti config password``."""
    if sys.stdin.isatty():
        word = getpass.getpass("Password: ")
        if getpass.getpass("Once more: ") != word:
            raise ConfigError("the two are not the same")
    else:
        word = sys.stdin.readline().rstrip("\r\n")
    if not word:
        raise ConfigError("the password is empty")
    try:
        data = word.encode()
    except UnicodeEncodeError as e:  # bytes that are none, as Python keeps them
        raise ConfigError("the password is not in UTF-8, as clients take it") from e
    # Clients send this digest; what is stored is a slow hash of it.
    digest = hashlib.md5(data, usedforsecurity=False).hexdigest()
    sys.stdout.write(f"{protect(digest)}\n")
    if options["scram"]:
        sys.stdout.write(f"{verifier_of(digest)}\n")
    return 0


_COMMANDS: Mapping[str, Callable[[Mapping[str, Any]], int]] = {
    "check": check, "convert": convert, "diff": configchanges.diff, "init": init, "password": password,
    "rollback": configchanges.rollback,
}  # fmt: skip


def _print_problems(level: str, problems: Sequence[str]) -> None:
    """One a line; the problems may hold what a file's author wrote, so no control characters reach the terminal."""
    for problem in problems:
        line = "".join(c if c.isprintable() else " " for c in problem)
        sys.stderr.write(f"{level}: {line}\n")


def _count(number: int, noun: str) -> str:
    return f"{number or 'no'} {noun}{'' if number == 1 else 's'}"
