"""The system's notification of changes in a directory, as far as there is one."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from twisted.internet.interfaces import IReactorFDSet
from twisted.python.failure import Failure
from twisted.python.filepath import FilePath


class Notifier:
    """Tells of changes in one directory, by inotify; a directory that is replaced is found again at next start."""

    def __init__(self, reactor: Any, folder: Path, changed: Callable[[], None]) -> None:
        self._reactor = reactor
        self._folder = FilePath(str(folder))
        self._changed = changed
        self._inotify: Any = None
        self._gone = 0

    def start(self) -> bool:
        """Begin, unless it has begun already.

        :returns: whether notifications will come.
        """
        if self._inotify is not None and self._inotify.connected:
            return True
        if not IReactorFDSet.providedBy(self._reactor):
            return False
        try:
            from twisted.internet import inotify
        except (ImportError, AttributeError, OSError):  # no Linux, or a C library without it
            return False
        mask = inotify.IN_CLOSE_WRITE | inotify.IN_MOVED_TO | inotify.IN_MOVED_FROM | inotify.IN_DELETE
        self._gone = inotify.IN_DELETE_SELF | inotify.IN_MOVE_SELF
        try:
            self._inotify = inotify.INotify(self._reactor)
            self._inotify.startReading()
            self._inotify.watch(self._folder, mask | self._gone, callbacks=[self._notified])
        except (inotify.INotifyError, OSError):  # the directory is not there, or there are too many watches
            self.stop()
            return False
        return True

    def stop(self) -> None:
        """End; may be called at any time."""
        watching, self._inotify = self._inotify, None
        if watching is not None and watching.connected:
            watching.stopReading()
            watching.connectionLost(Failure(ConnectionAbortedError()))

    def _notified(self, _: object, path: object, mask: int) -> None:
        if mask & self._gone:
            self._reactor.callLater(0, self.stop)
        self._changed()
