"""Telling systemd how the server is: that it is ready, reloads, stops, and that it lives.

The protocol is one datagram of ``NAME=value`` lines: sd_notify(3). The watchdog: sd_watchdog_enabled(3).
"""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Callable, Mapping
from typing import Any, Final

from twisted.application.service import Service
from twisted.internet.defer import Deferred, maybeDeferred
from twisted.internet.task import LoopingCall
from twisted.logger import Logger

STATUS_SECONDS: Final = 5.0


class Systemd(Service):
    """Does nothing where no systemd has asked for it.

    The watchdog is fed by the reactor: a server that does not get round to anything is restarted.

    :param environ: ``NOTIFY_SOCKET``, ``WATCHDOG_USEC`` and ``WATCHDOG_PID`` are read from it, and taken out, so that
        programs that the server starts do not speak for it.
    :param sentence: says how the server is.
    :ivar watchdog: seconds between signs of life, 0 for none.
    """

    name = "systemd"
    _log = Logger()

    def __init__(self, clock: Any, ready: Deferred[None], sentence: Callable[[], str], environ: Any = None) -> None:
        environ = os.environ if environ is None else environ
        self._address = _address(environ)
        self.watchdog = _watchdog(environ) if self._address else 0.0
        for name in ("NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID"):
            environ.pop(name, None)
        self._ready = ready
        self._sentence = sentence
        self._told = ""
        self._socket: socket.socket | None = None
        self._living = LoopingCall(self.notify, WATCHDOG="1")
        self._telling = LoopingCall(self._tell)
        self._living.clock = self._telling.clock = clock

    def startService(self) -> None:
        """Tell of the start, and of everything that follows."""
        Service.startService(self)
        if not self._address:
            return
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC)
        self._socket.setblocking(False)
        self._ready.addCallback(self._begun)
        if self.watchdog:
            self._living.start(self.watchdog)
        self._telling.start(STATUS_SECONDS)

    def _begun(self, result: None) -> None:
        self.notify(READY="1", STATUS=self._sentence())
        return result

    def stopping(self) -> None:
        """The server has begun to stop."""
        self.notify(STOPPING="1", STATUS="stopping")

    def stopService(self) -> None:
        """Say nothing more."""
        Service.stopService(self)
        for going in (self._living, self._telling):
            if going.running:
                going.stop()
        if self._socket is not None:
            self._socket.close()
            self._socket = None

    def reloading(self, reload: Callable[[], Any]) -> Deferred[Any]:
        """Run a reload and tell of its beginning and end."""
        microseconds = time.clock_gettime_ns(time.CLOCK_MONOTONIC) // 1000
        self.notify(RELOADING="1", MONOTONIC_USEC=str(microseconds), STATUS="looking for another configuration")

        def ended(result: Any) -> Any:
            self.notify(READY="1", STATUS=self._sentence())
            return result

        return maybeDeferred(reload).addBoth(ended)

    def _tell(self) -> None:
        sentence = self._sentence()
        if sentence != self._told:
            self._told = sentence
            self.notify(STATUS=sentence)

    def notify(self, **values: str) -> None:
        """Send some values; what cannot be sent is noted once in a while and forgotten."""
        if self._socket is None:
            return
        text = "\n".join(f"{name}={' '.join(value.split())}" for name, value in values.items())
        try:
            self._socket.sendto(text.encode(), self._address)
        except OSError as e:
            self._log.warn("systemd cannot be told: {reason}", reason=str(e))


def _address(environ: Mapping[str, str]) -> str:
    name = environ.get("NOTIFY_SOCKET", "")
    if name.startswith("@"):
        return "\0" + name[1:]
    return name if name.startswith("/") else ""


def _watchdog(environ: Mapping[str, str]) -> float:
    """Half of the time that systemd waits, as it advises; 0 when it does not wait for this process."""
    try:
        microseconds = int(environ.get("WATCHDOG_USEC", "0"))
        who = int(environ.get("WATCHDOG_PID", os.getpid()))
    except ValueError:
        return 0.0
    return microseconds / 2e6 if microseconds > 0 and who == os.getpid() else 0.0
