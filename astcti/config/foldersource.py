"""A folder into which data base files are dropped as a source: the newest by name counts."""

from __future__ import annotations

import hashlib
import os
import re
from contextlib import suppress
from pathlib import Path

from astcti.config import sqlitesource
from astcti.config.backups import unique_name
from astcti.config.document import Document
from astcti.config.files import give_to_owner_of, make_folder, write_file
from astcti.config.model import Configuration
from astcti.config.source import Sighting, Signature, Stability, signature_of
from astcti.config.xmlwriter import write_xml
from astcti.errors import ConfigError

CURRENT, OLD, REJECTED, SUFFIX = "current", "old", "rejected", ".db3"
_MAX_SIDE_FILE = 4096


class FolderSource:
    """A folder of SQLite files. It is ours to tidy: ``current``, ``old/`` and ``rejected/`` are kept in it."""

    poll_seconds: float | None = 2.0
    may_vanish = False

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._stability = Stability()
        self._current = ""
        self._passed: frozenset[str] = frozenset()
        self._unmovable: dict[str, Signature] = {}

    def describe(self) -> str:
        """``folder of data bases /var/lib/astcti/config``."""
        return f"folder of data bases {self.folder}"

    def first(self) -> list[Path]:
        """The file named in ``current``, then the others, the newest first."""
        names = self._names()
        if not names:
            raise ConfigError(f"{self.folder}: there is no data base file (*{SUFFIX}) in the folder")
        named = ""
        with suppress(OSError, ValueError):
            named = (self.folder / CURRENT).read_text("utf-8").strip()
        newest_first = [name for name in reversed(names) if name != named]
        return [self.folder / name for name in ([named] if named in names else []) + newest_first]

    def look(self, now: float) -> Sighting[Path]:
        """Whether there is a newer file than the one in use; the newest goes first."""
        try:
            names = self._names()
        except ConfigError as e:
            return Sighting(trouble=str(e))
        self._stability.keep_only({self.folder / name for name in names})
        if self._current in names:
            names = [name for name in names if name > self._current]
        else:  # somebody took it away: what arrives from now on is new, whatever its name
            names = [name for name in names if name not in self._passed]
        for name in reversed(names):
            path = self.folder / name
            try:
                signature = signature_of(path)
            except OSError:
                continue  # gone in this very moment
            if self._unmovable.get(name) == signature:
                continue
            wait = self._stability.wait(path, signature, now)
            return Sighting(wait=wait) if wait else Sighting(path)
        return Sighting()

    def read(self, path: Path) -> Document:
        """Read one of the files, which must match its checksum if it has one."""
        check_sum(path)
        return sqlitesource.read_document(path)

    def accept(self, path: Path, keep: int) -> None:
        """Note the file in ``current``, and move what is older than the newest few to ``old/``."""
        self._current = path.name
        names = self._names()
        self._passed = frozenset(name for name in names if name <= path.name)
        write_file(self.folder / CURRENT, f"{path.name}\n".encode())
        outdated = [name for name in names if name < path.name][: -(keep - 1) or None]
        for name in outdated:
            _move(self.folder / name, self.folder / OLD)

    def reject(self, path: Path, problems: tuple[str, ...]) -> None:
        """Move the file to ``rejected/``, with the reasons beside it."""
        target = self.folder / REJECTED
        try:
            _move(path, target)
            write_file(target / f"{path.name}.log", ("\n".join(problems) + "\n").encode("utf-8", "replace"))
        except (ConfigError, OSError):
            with suppress(OSError):  # a folder we may not write to: at least do not try again and again
                self._unmovable[path.name] = signature_of(path)

    def forget(self) -> None:
        """Name again what could not be moved away."""
        self._unmovable.clear()

    def _names(self) -> list[str]:
        """Names of all data base files, the oldest first."""
        try:
            with os.scandir(self.folder) as entries:
                return sorted(e.name for e in entries if e.name.endswith(SUFFIX) and e.name[0] != "." and e.is_file())
        except OSError as e:
            raise ConfigError(f"{self.folder}: {e.strerror or e}") from e


def publish(configuration: Configuration, folder: Path, now: float) -> Path:
    """Drop a configuration into a server's folder under a name of its own, with its checksum.

    :param now: seconds since 1970.
    :raises ConfigError: it cannot be written.
    """
    path = folder / f"{unique_name(write_xml(configuration), now)}{SUFFIX}"
    unfinished = folder / f"{path.name}.new"
    try:
        sqlitesource.write_sqlite(configuration, unfinished)
        write_file(_side_file(path), f"{_digest(unfinished)}  {path.name}\n".encode())
        for file in (unfinished, _side_file(path)):
            give_to_owner_of(folder, file)
        unfinished.replace(path)  # last: whoever sees it sees its checksum
    except OSError as e:
        raise ConfigError(f"{path}: {e.strerror or e}") from e
    finally:
        with suppress(OSError):
            unfinished.unlink()
    return path


def check_sum(path: Path) -> None:
    """Compare a file with its ``.sha256`` side file, if it has one.

    :raises ConfigError: they do not match.
    """
    side_file = _side_file(path)
    try:
        with side_file.open("rb") as f:
            wanted = re.match(rb"\s*([0-9a-fA-F]{64})\b", f.read(_MAX_SIDE_FILE))
        if wanted is None:
            raise ConfigError(f"{side_file}: not a SHA-256 checksum")
        if _digest(path) != wanted[1].decode().lower():
            raise ConfigError(f"{path}: does not match {side_file.name}")
    except FileNotFoundError:
        return
    except OSError as e:
        raise ConfigError(f"{side_file}: {e.strerror or e}") from e


def _side_file(path: Path) -> Path:
    return path.with_name(f"{path.name}.sha256")


def _digest(path: Path) -> str:
    with path.open("rb") as f:
        return hashlib.file_digest(f, "sha256").hexdigest()


def _move(path: Path, folder: Path) -> None:
    """Move a file, and its checksum, into a folder beside it."""
    make_folder(folder)
    path.replace(folder / path.name)
    with suppress(FileNotFoundError):
        _side_file(path).replace(folder / _side_file(path).name)
