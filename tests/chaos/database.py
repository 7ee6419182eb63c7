"""Where the server's configuration is: a MariaDB of our own, or, where there is none, a folder of SQLite files."""

from __future__ import annotations

import io
import shutil
import signal
import sqlite3
from contextlib import closing, redirect_stderr, redirect_stdout
from pathlib import Path
from typing import Protocol
from xml.sax.saxutils import escape

from astcti.commands.config import main as config
from tests.chaos.company import SPARE
from tests.mariadb.server import MariaDb

#: By queue and number of the agent: the penalty.
Members = dict[tuple[str, int], int]

_MEMBERS = (
    "SELECT s.SERVICE_QUEUE_NAME, o.ID_OPERATOR, o.PENALTY FROM services_operators o "
    "JOIN services s ON s.ID_SERVICE = o.ID_SERVICE WHERE o.ENABLED = 1 AND s.SERVICE_QUEUE_NAME <> ''"
)


def _changes(round: int) -> tuple[str, ...]:
    """Another name for everybody, other penalties for some, and others in the queue that nobody calls."""
    some = f"(ID_OPERATOR + {round}) % 3 = 0"
    spare = f"(SELECT ID_SERVICE FROM services WHERE SERVICE_NAME = '{SPARE}')"
    return (
        f"UPDATE operators SET FULL_NAME = 'Operator in round {round}'",
        f"UPDATE services_operators SET PENALTY = {round % 4} WHERE {some}",
        f"UPDATE services_operators SET ENABLED = ((ID_OPERATOR + {round}) % 8 < 4) WHERE ID_SERVICE = {spare}",
    )


class Base(Protocol):
    """A data base. Everything blocks.

    :ivar hangs: whether :meth:`hang` is possible.
    :ivar dispensable: whether a server begins without it, by what was in use last.
    """

    hangs: bool
    dispensable: bool

    def section(self) -> str:
        """The bootstrap file's section ``database``, without its tag."""

    def fill(self, runtime: Path) -> None:
        """Put a configuration in it."""

    def change(self, round: int) -> None:
        """Change something that disturbs no call."""

    def members(self) -> Members:
        """Who is to be in which queue by it."""

    def kill(self) -> None:
        """End it."""

    def start(self) -> None:
        """Begin it again."""

    def hang(self, hung: bool) -> None:
        """Let it stand still, or go on."""

    def remove(self) -> None:
        """Leave nothing behind."""


def _config(*words: str) -> None:
    with redirect_stdout(io.StringIO()), redirect_stderr(io.StringIO()) as said:
        status = config(list(words))
    if status:
        raise RuntimeError(f"astcti config {words[0]}: {said.getvalue()}")


class MariaDbBase:
    """A server of our own."""

    hangs = True
    dispensable = True

    def __init__(self) -> None:
        self._server = MariaDb()
        self._server.start()
        self._address = self._server.database()

    def section(self) -> str:
        """The bootstrap file's section ``database``, without its tag."""
        a = self._address
        parts = {"source": "mysql", "socket": a.socket, "username": a.username, "password": a.password,
                 "database": a.database}  # fmt: skip
        return "".join(f"<{name}>{escape(value)}</{name}>" for name, value in parts.items())

    def fill(self, runtime: Path) -> None:
        """Put a configuration in it."""
        a = self._address
        secret = a.password.replace(":", "%3A").replace("@", "%40")
        url = f"mysql://{a.username}:{secret}@/{a.database}?socket={a.socket}"
        _config("init", url)
        _config("convert", str(runtime), url)

    def change(self, round: int) -> None:
        """Change something that disturbs no call."""
        stamp = "UPDATE dbversion SET LAST_UPDATE = LAST_UPDATE + 1"
        self._server.sql(*_changes(round), stamp, database=self._address.database)

    def members(self) -> Members:
        """Who is to be in which queue by it."""
        return {(queue, n): p for queue, n, p in self._server.sql(_MEMBERS, database=self._address.database)}

    def kill(self) -> None:
        """End it."""
        self._server.kill()

    def start(self) -> None:
        """Begin it again."""
        self._server.start()

    def hang(self, hung: bool) -> None:
        """Let it stand still, or go on."""
        self._server.send(signal.SIGSTOP if hung else signal.SIGCONT)

    def remove(self) -> None:
        """Leave nothing behind."""
        self._server.remove()


class FolderBase:
    """A folder of SQLite files, which somebody takes away."""

    hangs = False
    dispensable = False

    def __init__(self, folder: Path) -> None:
        self._folder = folder / "config"
        self._away = folder / "config.away"
        self._folder.mkdir()

    def section(self) -> str:
        """The bootstrap file's section ``database``, without its tag."""
        return f"<source>sqlite</source><folder>{self._folder}</folder>"

    def fill(self, runtime: Path) -> None:
        """Put a configuration in it."""
        _config("convert", str(runtime), str(self._folder / "0000.db3"))

    def change(self, round: int) -> None:
        """Change something that disturbs no call."""
        newest = self._newest()
        unfinished = self._folder / "unfinished"
        shutil.copy(newest, unfinished)
        with closing(sqlite3.connect(unfinished)) as db, db:
            for statement in _changes(round):
                db.execute(statement)
        unfinished.rename(self._folder / f"{int(newest.stem) + 1:04}.db3")

    def _newest(self) -> Path:
        return max(self._folder.glob("*.db3"), key=lambda path: path.name)

    def members(self) -> Members:
        """Who is to be in which queue by it."""
        with closing(sqlite3.connect(self._newest())) as db:
            return {(queue, n): p for queue, n, p in db.execute(_MEMBERS)}

    def kill(self) -> None:
        """End it."""
        self._folder.rename(self._away)

    def start(self) -> None:
        """Begin it again."""
        if self._folder.exists():
            shutil.rmtree(self._folder)
        self._away.rename(self._folder)

    def hang(self, hung: bool) -> None:
        """Files do not."""
        raise NotImplementedError

    def remove(self) -> None:
        """Leave nothing behind."""
