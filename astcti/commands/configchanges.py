"""``astcti config diff`` and ``rollback``: what differs, and going back to what was in use before."""

from __future__ import annotations

import sys
import time
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from twisted.python import usage

from astcti.actions.registry import action_types
from astcti.client.printable import MAX_LINE, printable
from astcti.commands import databases
from astcti.commands.options import Options as BaseOptions
from astcti.config.backups import Backups
from astcti.config.bootstrap import Bootstrap, read_bootstrap
from astcti.config.comparison import compare
from astcti.config.ctijoining import without_people
from astcti.config.database.address import is_url
from astcti.config.files import write_file
from astcti.config.foldersource import publish
from astcti.config.load import Loader
from astcti.config.model import Configuration
from astcti.config.recognise import BOOTSTRAP, kind_of, read_runtime
from astcti.config.validation import validate
from astcti.config.xmlsource import read_xml, write_xml
from astcti.errors import ConfigError

MOST = 200  # lines of differences, unless all are wanted


class Diff(BaseOptions):
    """Options of ``astcti config diff``."""

    synopsis = "[options] FROM TO"
    longdesc = (
        "Says row by row how two configurations differ. Each may be XML, SQLite, a data base such as "
        "mysql://user@host/database, or a server's bootstrap file, which stands for what the server would load now. "
        "mysql://user@host/database?table=cti stands for a table of the first generation. "
        "Passwords are not shown. Exit code 0, or 1 when they cannot be read."
    )
    optFlags = [
        ["exit-code", "e", "exit code 3 when they differ"],
        ["all", "a", f"all lines, not just the first {MOST}"],
    ]

    def parseArgs(self, *words: str) -> None:
        """Which two."""
        if len(words) != 2:
            raise usage.UsageError("name two configurations")
        self["from"], self["to"] = words


class Rollback(BaseOptions):
    """Options of ``astcti config rollback``."""

    synopsis = "[options] FILE [N]"
    longdesc = (
        "Brings back a configuration that the server has replaced. FILE is the server's bootstrap file. Without N the "
        "backups are listed, 1 being the newest: what was in use before the last change. With N, that one is put where "
        "the server reads its configuration; it takes it within seconds, and backs up what it had, so that a rollback "
        "can be rolled back as well."
    )
    optFlags = [["dry-run", "n", "only say what would change"], ["all", "a", f"all lines, not just the first {MOST}"]]

    def parseArgs(self, *words: str) -> None:
        """Which server, and how far back."""
        if not 1 <= len(words) <= 2:
            raise usage.UsageError("name the bootstrap file, and which backup")
        if len(words) == 2 and not (words[1].isascii() and words[1].isdigit() and int(words[1][:9]) > 0):
            raise usage.UsageError(f"{words[1]!r} is no number of a backup: 1 is the newest")
        self["file"], self["number"] = Path(words[0]), int(words[1][:9]) if len(words) == 2 else 0


def diff(options: Mapping[str, Any]) -> int:
    """``astcti config diff``."""
    count = _tell(_read(options["from"]), _read(options["to"]), everything=bool(options["all"]))
    if not count:
        sys.stdout.write("no difference\n")
    return 3 if count and options["exit-code"] else 0


def rollback(options: Mapping[str, Any]) -> int:
    """``astcti config rollback``."""
    bootstrap = read_bootstrap(options["file"])
    files = Backups(bootstrap.ctiserver.state / "backup").files()[::-1]
    present = _current(bootstrap)
    if not files:
        raise ConfigError(f"{bootstrap.ctiserver.state / 'backup'}: the server has not replaced a configuration yet")
    if not options["number"]:
        _list(files, present)
        return 0
    if options["number"] > len(files):
        raise ConfigError(f"there {'is only 1 backup' if len(files) == 1 else f'are only {len(files)} backups'}")
    path = files[options["number"] - 1]
    former = read_xml(path)
    if problems := validate(former, action_types()).errors:
        raise ConfigError(*(f"{path}: {problem}" for problem in problems))
    if bootstrap.database.legacy_table:
        sys.stdout.write(f"operators of table {bootstrap.database.legacy_table} stay as they are there\n")
        present, former = without_people(present), without_people(former)
    if not _tell(present, former, everything=bool(options["all"])):
        sys.stdout.write(f"no difference: {path} is what is there already\n")
    elif not options["dry-run"]:
        sys.stdout.write(f"{_put(bootstrap, former, path)}: is now what {path} was\n")
    return 0


def _read(where: str) -> Configuration:
    if is_url(where):
        return databases.read(where).configuration
    path = Path(where)
    if kind_of(path) == BOOTSTRAP:
        return _current(read_bootstrap(path))
    return read_runtime(path).configuration


def _current(bootstrap: Bootstrap) -> Configuration:
    """What the server would load now."""
    return Loader.of(bootstrap, action_types()).first().configuration


def _tell(old: Configuration, new: Configuration, *, everything: bool) -> int:
    """Print the differences; how many there are."""
    changes = compare(old, new)
    for change in changes if everything else changes[:MOST]:
        sys.stdout.write("".join(c if c.isprintable() else " " for c in str(change)) + "\n")
    if len(changes) > MOST and not everything:
        sys.stdout.write(f"... and {len(changes) - MOST} more (--all)\n")
    return len(changes)


def _list(files: list[Path], present: Configuration) -> None:
    for number, path in enumerate(files, 1):
        moment = datetime.fromtimestamp(path.stat().st_mtime, UTC).astimezone()
        try:
            count = len(compare(present, read_xml(path)))
            said = f"{count} difference{'' if count == 1 else 's'} to the present one"
        except ConfigError as e:
            said = f"cannot be read: {e}"
        sys.stdout.write(f"{number:3}  replaced {moment:%Y-%m-%d %H:%M:%S}  {printable(said, MAX_LINE)}\n")


def _put(bootstrap: Bootstrap, configuration: Configuration, backup: Path) -> str:
    """Put a configuration, that of a backup, where the server looks for it; where that is."""
    database, now = bootstrap.database, time.time()
    configuration = replace(configuration, timestamp=int(now))
    if database.source in ("xml", "legacy") and database.file is not None:
        write_file(database.file, write_xml(configuration), keep_rights=True)
        return str(database.file)
    if database.source == "sqlite" and database.folder is not None:
        return str(publish(configuration, database.folder, now))
    if database.address is not None and database.source != "legacy":
        try:
            return str(databases.write(str(bootstrap.path), configuration, int(now), force=True))
        except ConfigError as e:
            other = f"as somebody who may write there: astcti config convert --force {backup} {database.source}://USER@HOST/DATABASE"
            raise ConfigError(*e.problems, other) from e
    raise ConfigError(f"there is nothing but the table {database.legacy_table}, which is only read")
