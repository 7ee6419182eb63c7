"""The state directory belongs to one server at a time: two would write one journal, and undo each other's work."""

from __future__ import annotations

import fcntl
import os
from errno import EACCES, EAGAIN
from pathlib import Path

from twisted.application.service import Service
from twisted.logger import Logger

from astcti.errors import UserError

LOCK_NAME = "server.lock"
_OCCUPIED = frozenset({EACCES, EAGAIN})


class StateFolder(Service):
    """Holds a lock in the state directory while the server runs; the system lets go of it when the process dies.

    :param path: of the directory; it is made if need be.
    """

    name = "state directory"
    _log = Logger()

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file: int | None = None

    def startService(self) -> None:
        """Take it. Where no lock can be had (a full disk, a file system without locks) the server goes on without.

        :raises UserError: another server has it.
        """
        Service.startService(self)
        try:
            self._path.mkdir(parents=True, exist_ok=True, mode=0o700)
            self._file = _locked(self._path)
        except OSError as e:
            self._log.warn("{path} cannot be kept to this server alone: {reason}", path=self._path, reason=str(e))

    def stopService(self) -> None:
        """Let go of it."""
        Service.stopService(self)
        if self._file is not None:
            os.close(self._file)
            self._file = None


def check_unoccupied(path: Path) -> None:
    """See that no server has that state directory; nothing is made.

    :raises UserError: one has.
    """
    try:
        if (path / LOCK_NAME).exists():
            os.close(_locked(path))
    except OSError:
        pass  # the server itself will say what is wrong there


def _locked(path: Path) -> int:
    """The lock file, open and locked, with our pid in it for people.

    :raises UserError: somebody else has locked it.
    :raises OSError: it cannot be opened, or locked.
    """
    file = os.open(path / LOCK_NAME, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        os.ftruncate(file, 0)
        os.pwrite(file, b"%d\n" % os.getpid(), 0)
    except OSError as e:
        holder = os.pread(file, 20, 0).decode(errors="replace").strip() or "?"
        os.close(file)
        if e.errno in _OCCUPIED:
            raise UserError(f"another astcti runs already: pid {holder} has the state directory {path}") from e
        raise
    return file
