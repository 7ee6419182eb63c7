"""How long the reactor waits for the interpreter while another thread is at work."""

from __future__ import annotations

import sys

from twisted.application.service import Service

SECONDS = 0.0005  # Python's own is ten times that


class Switching(Service):
    """Has threads take turns more often.

    While another thread reads a configuration, the reactor waits for the interpreter after every system call: with
    Python's own interval, a turn of ten of them takes a twentieth of a second.
    """

    name = "switching"

    def __init__(self) -> None:
        self._before = sys.getswitchinterval()

    def startService(self) -> None:
        """Switch sooner."""
        Service.startService(self)
        self._before = sys.getswitchinterval()
        sys.setswitchinterval(SECONDS)

    def stopService(self) -> None:
        """Switch as before."""
        Service.stopService(self)
        sys.setswitchinterval(self._before)
