"""A private PostgreSQL on a socket of its own: one for a run of tests, one data base for each test."""

from __future__ import annotations

import atexit
import getpass
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from functools import cache
from itertools import count
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql
from twisted.trial.unittest import TestCase

from astcti.config.database.address import POSTGRESQL, Address
from tests.outside import skip_without

START_SECONDS = 60.0
PASSWORD = "se:cret@1"
_ROOT = "root"


class PostgreSql:
    """A server with a directory of its own; everything in it is gone at the end."""

    def __init__(self) -> None:
        # Short, for the socket's name, and not below a directory that only root may enter.
        self.folder = Path(tempfile.mkdtemp(prefix="astcti-pg-", dir="/tmp"))
        self._user = "postgres" if os.getuid() == 0 else getpass.getuser()  # it will not run as root
        if os.getuid() == 0:
            owner = pwd.getpwnam(self._user)
            os.chown(self.folder, owner.pw_uid, owner.pw_gid)
        self._process: subprocess.Popen[bytes] | None = None
        self._names = count(1)
        secret = self.folder / "secret"
        secret.write_text(PASSWORD)
        secret.chmod(0o644)
        done = subprocess.run(
            [_found("initdb"), f"--pgdata={self.folder}/data", f"--username={_ROOT}", "--auth=scram-sha-256",
             f"--pwfile={secret}", "--encoding=UTF8", "--locale=C.UTF-8", "--no-sync"],
            capture_output=True, text=True, check=False, **self._as_user(),
        )  # fmt: skip
        if done.returncode:
            raise RuntimeError(f"initdb: {done.stdout[-2000:]}{done.stderr[-2000:]}")

    def _as_user(self) -> dict[str, Any]:
        user = self._user if os.getuid() == 0 else None
        return {"user": user, "group": user, "extra_groups": () if user else None, "cwd": self.folder,
                "stdin": subprocess.DEVNULL}  # fmt: skip

    def start(self) -> None:
        """Start it, and wait until it answers."""
        with open(self.folder / "log", "ab") as log:
            self._process = subprocess.Popen(
                [_found("postgres"), "-D", f"{self.folder}/data", "-k", str(self.folder), "-c", "listen_addresses=",
                 "-c", "fsync=off", "-c", "shared_buffers=16MB"],
                stdout=log, stderr=log, **self._as_user(),
            )  # fmt: skip
        end = time.monotonic() + START_SECONDS
        while True:
            try:
                self.sql("SELECT 1")
                return
            except psycopg.Error:
                if time.monotonic() > end or self._process.poll() is not None:
                    raise RuntimeError((self.folder / "log").read_text(errors="replace")[-3000:]) from None
                time.sleep(0.05)

    def stop(self) -> None:
        """End it, and wait for that."""
        if self._process is not None and self._process.poll() is None:
            self._process.send_signal(signal.SIGQUIT)  # at once, with all its connections
            self._process.wait(30)

    def remove(self) -> None:
        """End it and everything of it."""
        self.stop()
        shutil.rmtree(self.folder, ignore_errors=True)

    def sql(self, *statements: Any, database: str = "postgres") -> list[tuple[Any, ...]]:
        """Run statements as the one who may everything; the rows of the last."""
        with psycopg.connect(
            host=str(self.folder), user=_ROOT, password=PASSWORD, dbname=database, autocommit=True, connect_timeout=20
        ) as connection:
            cursor = connection.cursor()
            for statement in statements:
                cursor.execute(statement)
            return cursor.fetchall() if cursor.description else []

    def database(self) -> Address:
        """A new, empty data base, with a user of its own whom it belongs to."""
        name = f"cti{next(self._names)}"
        owner = sql.Identifier(name)
        self.sql(
            sql.SQL("CREATE USER {} PASSWORD {}").format(owner, PASSWORD),
            sql.SQL("CREATE DATABASE {} OWNER {}").format(owner, owner),
        )
        return Address(
            dialect=POSTGRESQL, username=name, password=PASSWORD, database=name, socket=str(self.folder)
        )  # fmt: skip


def _found(program: str) -> str:
    """Debian keeps these in a folder for each version, which is not among those of programs."""
    for folder in sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True):
        if (folder / program).exists():
            return str(folder / program)
    path = shutil.which(program)
    if path is None:
        raise RuntimeError(f"{program} is not installed: tools/setup test")
    return path


@cache
def the_server() -> PostgreSql:
    """The server of this run of tests."""
    server = PostgreSql()
    atexit.register(server.remove)
    server.start()
    return server


class PostgreSqlCase(TestCase):
    """A test with a data base of its own."""

    skip = skip_without("ASTCTI_TEST_POSTGRESQL")

    def setUp(self) -> None:
        self.server = the_server()
        self.address = self.server.database()

    def sql(self, *statements: str) -> list[tuple[Any, ...]]:
        """Run statements in the test's data base."""
        return self.server.sql(*statements, database=self.address.database)
