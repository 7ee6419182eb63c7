"""Reading what somebody types, without holding anything up."""

from __future__ import annotations

import os
import threading
from collections.abc import Awaitable, Callable

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorFromThreads
from twisted.logger import Logger

MAX_LINE = 4000  # bytes; what a command of the protocol has room for
MAX_AHEAD = 16  # lines that are read before the first of them is done


class Keyboard:
    """Reads lines of a file in a thread of its own, and has them done one after the other.

    A thread, because that works with terminals, pipes, files and on each system, and changes nothing about the file: to
    make the standard input not block would do the same to the output, where both are one terminal. It ends with the
    process.

    :param obey: does what a line says.
    :param fileno: of what is read.
    """

    _log = Logger()

    def __init__(self, reactor: IReactorFromThreads, obey: Callable[[str], Awaitable[None]], fileno: int = 0) -> None:
        self._reactor = reactor
        self._obey = obey
        self._fileno = fileno
        self._room = threading.Semaphore(MAX_AHEAD)
        self._before: Deferred[None] = Deferred()
        self._before.callback(None)

    def start(self) -> None:
        """Begin to read."""
        threading.Thread(target=self._read, name="keyboard", daemon=True).start()

    def _read(self) -> None:
        rest = b""
        while True:
            try:
                data = os.read(self._fileno, MAX_LINE)
            except OSError:
                return
            *lines, rest = (rest + data).split(b"\n")
            if not data and rest:
                lines, rest = [rest], b""
            for line in lines:
                self._room.acquire()
                self._reactor.callFromThread(self._type, line[:MAX_LINE])
            rest = rest[: MAX_LINE + 1]  # of a line that is too long the end is lost
            if not data:
                return

    def _type(self, line: bytes) -> None:
        """Do it when what was typed before is done."""
        text = line.decode("utf-8", "replace").strip()
        done: Deferred[None] = Deferred()
        before, self._before = self._before, done

        async def work() -> None:
            await before
            if text:
                await self._obey(text)

        def over(result: object) -> None:
            self._room.release()
            done.callback(None)

        working = Deferred.fromCoroutine(work())
        working.addErrback(lambda failure: self._log.failure("Doing what was typed", failure))
        working.addBoth(over)
