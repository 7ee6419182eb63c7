"""Changes that operators make themselves, over a configuration that somebody else owns.

A new password or a better hash cannot be written into the file it came from. It is kept here and put over every
load, as long as the file still has the value that was replaced; once its owner changes it there, the file counts.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from astcti.config.files import PRIVATE_FILE, make_folder
from astcti.config.model import Configuration, Operator
from astcti.errors import ConfigError

#: Columns of operators that can be overridden, and their attributes.
COLUMNS = {"PASS_WORD": "password", "PASS_ALT": "password_alt", "SCRAM": "scram"}
WAIT_SECONDS = 5.0  # for a lock another process holds

_TABLE = """
CREATE TABLE IF NOT EXISTS overrides (
    USERNAME TEXT NOT NULL, COLUMN_NAME TEXT NOT NULL, SEEN TEXT NOT NULL, VALUE TEXT NOT NULL, MADE REAL NOT NULL,
    PRIMARY KEY (USERNAME, COLUMN_NAME)
)
"""


@dataclass(frozen=True, slots=True)
class Override:
    """``value`` stands in for ``seen`` in a column of an operator, since ``made`` (seconds since 1970)."""

    username: str
    column: str
    seen: str
    value: str
    made: float

    def __repr__(self) -> str:  # credentials are never shown
        return f"<Override {self.column} of {self.username!r}>"


def apply_overrides(configuration: Configuration, overrides: Iterable[Override]) -> Configuration:
    """The configuration with the overrides put over it."""
    wanted = {(o.username, COLUMNS[o.column]): o for o in overrides if o.column in COLUMNS}
    if not wanted:
        return configuration
    operators = []
    for operator in configuration.operators:
        changes: dict[str, Any] = {}
        for attribute in ("password", "password_alt"):
            override = wanted.get((operator.username, attribute))
            if override is not None and getattr(operator, attribute) == override.seen:
                changes[attribute] = override.value
        if (scram := _scram(operator, changes.get("password"), wanted)) != operator.scram:
            changes["scram"] = scram
        operators.append(replace(operator, **changes) if changes else operator)
    return replace(configuration, operators=tuple(operators))


def _scram(operator: Operator, replaced: str | None, wanted: Mapping[tuple[str, str], Override]) -> str:
    """The verifier that goes with the password in force: the stored one was made with some ``PASS_WORD``, which it has
    as ``seen``; the configured one is of no use any more once the password is another."""
    override = wanted.get((operator.username, "scram"))
    if override is not None and override.seen == (operator.password if replaced is None else replaced):
        return override.value
    return operator.scram if replaced is None else ""


class OverrideStore:
    """The overrides in one SQLite file. Every method may block for a disk: call it off the reactor's thread."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def put(self, username: str, column: str, running: str, value: str, now: float) -> bool:
        """Replace the value in force.

        :param column: one of :data:`COLUMNS`.
        :param running: the value in force until now: the configured one, or that of an earlier override; of ``SCRAM``
            the ``PASS_WORD`` in force, which it belongs to.
        :param now: seconds since 1970.
        :returns: false if ``running`` is no longer in force, because somebody was quicker; nothing has changed then.
        :raises ConfigError: it cannot be stored; nothing has changed then.
        """
        if column not in COLUMNS:
            raise ConfigError(f"{column} cannot be overridden")
        with self._open() as db:
            key = (username, column)
            row = db.execute("SELECT SEEN, VALUE FROM overrides WHERE USERNAME = ? AND COLUMN_NAME = ?", key).fetchone()
            seen = running
            if row is not None:
                if row[0] == running != row[1]:
                    return False
                if row[1] == running:
                    seen = row[0]  # the configured value stays the one to compare with
            db.execute("INSERT OR REPLACE INTO overrides VALUES (?, ?, ?, ?, ?)", (*key, seen, value, now))
        return True

    def all(self) -> tuple[Override, ...]:
        """Every override, by user name. Nothing is written: a file that somebody else made can be read all the same.

        :raises ConfigError: it cannot be read.
        """
        try:
            if not self.path.stat().st_size:
                return ()
            with closing(sqlite3.connect(self.path, timeout=WAIT_SECONDS)) as db:
                rows = db.execute("SELECT * FROM overrides ORDER BY USERNAME, COLUMN_NAME")
                return tuple(Override(*row) for row in rows)
        except (FileNotFoundError, NotADirectoryError):
            return ()
        except OSError as e:
            raise ConfigError(f"{self.path}: {e.strerror or e}") from e
        except sqlite3.Error as e:
            raise ConfigError(f"{self.path}: {e}") from e

    def settle(self, configuration: Configuration) -> int:
        """Forget overrides that a configuration made meaningless; called with it as configured, once it is in use.

        :returns: how many.
        """
        values = {(o.username, c): getattr(o, a) for o in configuration.operators for c, a in COLUMNS.items()}
        kept = self.all()
        for operator in configuration.operators:  # a SCRAM verifier belongs to the password in force
            values[operator.username, "SCRAM"] = operator.password
        for o in kept:
            if o.column == "PASS_WORD" and values.get((o.username, o.column)) == o.seen:
                values[o.username, "SCRAM"] = o.value
        stale = [o for o in kept if values.get((o.username, o.column)) != o.seen]
        if stale:
            with self._open() as db:
                db.executemany(
                    "DELETE FROM overrides WHERE USERNAME = ? AND COLUMN_NAME = ? AND SEEN = ?",
                    [(o.username, o.column, o.seen) for o in stale],
                )
        return len(stale)

    @contextmanager
    def _open(self) -> Iterator[sqlite3.Connection]:
        """One transaction."""
        db = None
        try:
            make_folder(self.path.parent)
            with suppress(FileExistsError):
                os.close(os.open(self.path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, PRIVATE_FILE))
            db = sqlite3.connect(self.path, timeout=WAIT_SECONDS)
            with db:
                db.execute(_TABLE)
                db.execute("BEGIN IMMEDIATE")
                yield db
        except (sqlite3.Error, OSError) as e:
            raise ConfigError(f"{self.path}: {e}") from e
        finally:
            if db is not None:
                db.close()
