"""SIGHUP: read the configuration again."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable
from typing import Any

from twisted.application.service import Service
from twisted.internet.interfaces import IReactorFromThreads
from twisted.logger import Logger


class HangupSignal(Service):
    """Calls a function, on the reactor's thread, whenever the process gets SIGHUP."""

    name = "SIGHUP"
    _log = Logger()

    def __init__(self, reactor: IReactorFromThreads, called: Callable[[], object]) -> None:
        self._reactor = reactor
        self._called = called
        self._before: Any = None

    def startService(self) -> None:
        """Listen to the signal, where there is such a thing."""
        Service.startService(self)
        if hasattr(signal, "SIGHUP") and threading.current_thread() is threading.main_thread():
            self._before = signal.signal(signal.SIGHUP, self._signalled)

    def stopService(self) -> None:
        """Leave the signal as it was."""
        if self._before is not None:
            signal.signal(signal.SIGHUP, self._before)
            self._before = None
        Service.stopService(self)

    def _signalled(self, *_: object) -> None:
        self._reactor.callFromThread(self._hear)

    def _hear(self) -> None:
        self._log.info("SIGHUP: looking for another configuration")
        self._called()
