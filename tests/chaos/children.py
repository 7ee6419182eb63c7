"""Processes of ours that can be ended, held, and begun again."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from tests.pbx.fetch import PROJECT

END_WITH_PARENT = ("setpriv", "--pdeathsig", "KILL")  # also those that are held
END_SECONDS = 20
PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")


class Child:
    """A process that is to run all the time.

    :ivar output: what it prints, in all of its lives.
    :ivar since: when this life began, in seconds since the epoch.
    :ivar deaths: how it ended when nobody wanted it to.
    """

    def __init__(self, name: str, command: Sequence[str], folder: Path) -> None:
        self.name = name
        self.output = folder / f"{name}.output"
        self.since = 0.0
        self.wanted = False
        self.deaths: list[str] = []
        self._begins = 0
        self._command = [*END_WITH_PARENT, sys.executable, *command]
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Begin a life."""
        with open(self.output, "ab") as output:
            self._begins = output.tell()
            self._process = subprocess.Popen(
                self._command, cwd=PROJECT, stdin=subprocess.DEVNULL, stdout=output, stderr=output,
            )  # fmt: skip
        self.since = time.time()
        self.wanted = True

    @property
    def pid(self) -> int:
        """Its process id."""
        assert self._process is not None
        return self._process.pid

    def send(self, number: int) -> None:
        """Send it a signal."""
        assert self._process is not None
        self._process.send_signal(number)

    def kill(self) -> None:
        """End it without a word."""
        self.look()
        self.wanted = False
        if self._process is not None:
            self._process.kill()
            self._process.wait()

    def ask_to_end(self) -> None:
        """Ask it to end, as a system does."""
        self.look()
        self.wanted = False
        self.send(signal.SIGCONT)
        self.send(signal.SIGTERM)

    def ended(self) -> str:
        """Wait, blocking, until it has ended that was asked to, and say what is wrong with how it did.

        It is to end with 0, or by the signal when it had not even read its own program: it does nothing before.
        """
        assert self._process is not None
        try:
            status = self._process.wait(END_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            status = self._process.wait()
        if not status or (status == -signal.SIGTERM and not self.said()):
            return ""
        return f"{self.name} was asked to end, and ended with status {status}"

    def end(self) -> str:
        """Ask it to end, and wait; what is wrong with how it did."""
        self.ask_to_end()
        return self.ended()

    def look(self) -> None:
        """Note a death that nobody wanted."""
        if self.wanted and self._process is not None and self._process.poll() is not None:
            self.wanted = False
            self.deaths.append(f"{self.name} ended by itself with status {self._process.returncode}: {self.says()}")

    def said(self) -> str:
        """What it has printed in this life."""
        return self.output.read_bytes()[self._begins :].decode(errors="replace")

    def says(self) -> str:
        """The end of what it printed."""
        return self.output.read_text(errors="replace")[-1500:] if self.output.exists() else ""

    def memory(self) -> int:
        """Resident bytes; 0 when it is not there."""
        try:
            return int(Path(f"/proc/{self.pid}/statm").read_text().split()[1]) * PAGE_BYTES
        except (OSError, IndexError):
            return 0


def accepts(port: int) -> bool:
    """Whether somebody listens there."""
    try:
        socket.create_connection(("127.0.0.1", port), 1).close()
    except OSError:
        return False
    return True
