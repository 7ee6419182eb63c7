"""A private MariaDB on a socket of its own: one for a run of tests, one data base for each test."""

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

import pymysql
from twisted.trial.unittest import TestCase

from astcti.config.database.address import Address
from tests.outside import skip_without

START_SECONDS = 60.0
_ROOT = "root"


class MariaDb:
    """A server with a directory of its own; everything in it is gone at the end."""

    def __init__(self) -> None:
        # Short, for the socket's name, and not below a directory that only root may enter.
        self.folder = Path(tempfile.mkdtemp(prefix="astcti-db-", dir="/tmp"))
        self.folder.chmod(0o755)
        self.socket = self.folder / "s.sock"
        self._user = _somebody() if os.getuid() == 0 else getpass.getuser()
        # Temporary tables of two servers may have the same name.
        self._environ = {**os.environ, "TMPDIR": str(self.folder)}
        self._process: subprocess.Popen[bytes] | None = None
        self._names = count(1)
        if os.getuid() == 0:
            owner = pwd.getpwnam(self._user)
            os.chown(self.folder, owner.pw_uid, owner.pw_gid)
        self._run(
            "mariadb-install-db", "--no-defaults", f"--user={self._user}", f"--datadir={self.folder}/data",
            "--auth-root-authentication-method=normal", "--skip-test-db",
        )  # fmt: skip

    def _run(self, program: str, *words: str) -> None:
        done = subprocess.run(
            [_found(program), *words],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
            env=self._environ,
        )
        if done.returncode:
            raise RuntimeError(f"{program}: {done.stdout[-2000:]}{done.stderr[-2000:]}")

    def start(self) -> None:
        """Start it, and wait until it answers."""
        with open(self.folder / "log", "ab") as log:
            self._process = subprocess.Popen(
                [
                    _found("mariadbd"), "--no-defaults", f"--user={self._user}", f"--datadir={self.folder}/data",
                    f"--socket={self.socket}", "--skip-networking", f"--pid-file={self.folder}/pid", "--skip-log-bin",
                    "--innodb-buffer-pool-size=32M", "--innodb-log-file-size=8M",
                    "--innodb-flush-log-at-trx-commit=0", "--skip-name-resolve", "--character-set-server=utf8mb4",
                ],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=self._environ,
            )  # fmt: skip
        end = time.monotonic() + START_SECONDS
        while True:
            try:
                self.sql("SELECT 1")
                return
            except pymysql.Error:
                if time.monotonic() > end or self._process.poll() is not None:
                    raise RuntimeError((self.folder / "log").read_text(errors="replace")[-3000:]) from None
                time.sleep(0.05)

    def send(self, number: int) -> None:
        """Send it a signal: SIGSTOP hangs it, SIGCONT lets it go on."""
        assert self._process is not None
        self._process.send_signal(number)

    def kill(self, number: int = signal.SIGKILL) -> None:
        """End it, and wait for that."""
        if self._process is not None and self._process.poll() is None:
            self._process.send_signal(signal.SIGCONT)
            self._process.send_signal(number)
            self._process.wait(30)

    def remove(self) -> None:
        """End it and everything of it."""
        self.kill()
        shutil.rmtree(self.folder, ignore_errors=True)

    def sql(self, *statements: str, database: str | None = None) -> list[tuple[Any, ...]]:
        """Run statements as root, in one transaction; the rows of the last."""
        connection = pymysql.connect(
            unix_socket=str(self.socket), user=_ROOT, database=database, charset="utf8mb4", read_timeout=20
        )
        with connection, connection.cursor() as cursor:
            for statement in statements:
                cursor.execute(statement)
            connection.commit()
            return list(cursor.fetchall())

    def database(self) -> Address:
        """A new, empty data base, with a user of its own who may do anything in it."""
        name = f"cti{next(self._names)}"
        self.sql(
            f"CREATE DATABASE {name} CHARACTER SET utf8mb4",
            f"CREATE USER {name}@localhost IDENTIFIED BY 'se:cret@1'",
            f"GRANT ALL ON {name}.* TO {name}@localhost",
        )
        return Address(username=name, password="se:cret@1", database=name, socket=str(self.socket))


def _somebody() -> str:
    """A user with no rights, for a server that will not run as root; the full package brings ``mysql``."""
    names = {entry.pw_name for entry in pwd.getpwall()}
    return next(name for name in ("mysql", "nobody") if name in names)


def _found(program: str) -> str:
    path = shutil.which(program, path=f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/sbin")
    if path is None:
        raise RuntimeError(f"{program} is not installed: tools/setup test")
    return path


@cache
def the_server() -> MariaDb:
    """The server of this run of tests."""
    server = MariaDb()
    atexit.register(server.remove)
    server.start()
    return server


class MariaDbCase(TestCase):
    """A test with a data base of its own."""

    skip = skip_without("ASTCTI_TEST_MARIADB")

    def setUp(self) -> None:
        self.server = the_server()
        self.address = self.server.database()

    def sql(self, *statements: str) -> list[tuple[Any, ...]]:
        """Run statements in the test's data base."""
        return self.server.sql(*statements, database=self.address.database)
