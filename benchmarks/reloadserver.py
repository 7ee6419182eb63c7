"""The whole server in a process that watches its own reactor: ``python -m benchmarks.reloadserver FOLDER``.

Prints the port for clients. For each line that it reads it prints, as JSON, what was longest since the line before.
"""

from __future__ import annotations

import json
import sys
import time
from typing import Any

from twisted.internet import stdio
from twisted.internet.interfaces import IReactorTime
from twisted.protocols.basic import LineOnlyReceiver

TICK = 0.001


class Turns:
    """Stands in for the reactor's epoll, and so sees where each turn begins and ends.

    :ivar longest: seconds of one turn; ``cpu``: of these, those in which the reactor's thread itself was at work.
    """

    def __init__(self, poller: Any) -> None:
        self._poller = poller
        self._began = self._cpu_began = 0.0
        self.longest = self.cpu = 0.0

    def poll(self, *arguments: Any) -> Any:
        """The end of one turn, and the beginning of the next."""
        if self._began:
            took = time.perf_counter() - self._began
            if took > self.longest:
                self.longest, self.cpu = took, time.thread_time() - self._cpu_began
        found = self._poller.poll(*arguments)
        self._cpu_began = time.thread_time()
        self._began = time.perf_counter()
        return found

    def __getattr__(self, name: str) -> Any:
        return getattr(self._poller, name)


class Ticker:
    """Asks to be called every millisecond, and notes how long it was not.

    :ivar longest: seconds between two calls, the millisecond left out.
    :ivar at: when that was, in seconds since the last mark.
    """

    def __init__(self, clock: IReactorTime) -> None:
        self._clock = clock
        self._last = self._mark = time.perf_counter()
        self.longest = self.at = 0.0
        self._tick()

    def _tick(self) -> None:
        now = time.perf_counter()
        held = now - self._last - TICK
        if held > self.longest:
            self.longest, self.at = held, now - self._mark
        self._last = now
        self._clock.callLater(TICK, self._tick)

    def mark(self) -> None:
        """Begin anew."""
        self.longest = self.at = 0.0
        self._mark = time.perf_counter()


class Reports(LineOnlyReceiver):
    """Answers each line by what was longest since the last."""

    delimiter = b"\n"

    def __init__(self, ticker: Ticker, turns: Turns) -> None:
        self._ticker = ticker
        self._turns = turns

    def lineReceived(self, line: bytes) -> None:
        """Say how it was."""
        found = {
            "held": self._ticker.longest,
            "at": self._ticker.at,
            "turn": self._turns.longest,
            "cpu": self._turns.cpu,
        }
        self._ticker.mark()
        self._turns.longest = self._turns.cpu = 0.0
        self.sendLine(json.dumps(found).encode())


def serve(folder: str) -> None:
    """Run until the other end closes."""
    from twisted.internet import reactor
    from twisted.python.failure import Failure

    from astcti.tap import build_tree, logs_of, prepare

    prepared = prepare(f"{folder}/astcti.xml")
    server = build_tree(
        reactor, prepared.bootstrap, prepared.loaded.configuration, loader=prepared.loader, loaded=prepared.loaded,
        logs=logs_of(prepared.bootstrap),
    )  # fmt: skip
    turns = Turns(reactor._poller)  # type: ignore[attr-defined]
    reactor._poller = turns  # type: ignore[attr-defined]

    def ready(_: object) -> None:
        reports = Reports(Ticker(reactor), turns)  # type: ignore[arg-type]
        reports.connectionLost = lambda reason: server.stopService().addBoth(  # type: ignore[method-assign]
            lambda _: reactor.stop()  # type: ignore[attr-defined]
        )
        stdio.StandardIO(reports)
        print(server.door.addresses[0].rpartition(" ")[2], flush=True)

    def failed(failure: Failure) -> None:
        failure.printTraceback()
        reactor.stop()  # type: ignore[attr-defined]

    server.ready.addCallbacks(ready, failed)
    server.startService()
    reactor.run()  # type: ignore[attr-defined]


if __name__ == "__main__":
    serve(sys.argv[1])
