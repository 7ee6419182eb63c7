"""One client stops reading while everybody else works: what the others feel, and what is kept for it."""

from __future__ import annotations

import os
import select
import socket
import statistics
import subprocess
import sys
from typing import Any

from benchmarks.latency import wrong
from benchmarks.memory import DIGEST, LOOPBACK, make_desk, resident
from benchmarks.served import load, percentile, runtime
from benchmarks.table import Row

MIB = 1 << 20
PEST_RATE = 30  # calls a second at its phone, some 30 kB each


def run(quick: bool) -> list[Row]:
    """Turn by turn without and with the deaf client, so that the machine's moods hit both."""
    agents, rate, seconds, turns = (300, 30, 4, 1) if quick else (5_000, 200, 15, 3)
    p99: dict[bool, list[float]] = {False: [], True: []}
    thrown_out, faults = 0, []
    for deaf in (False, True) * turns:
        result = load(
            runtime(agents + 2, hashed=False),
            {
                "agents": agents, "latecomers": 0, "rate": rate, "seconds": seconds, "warm_up": 3,
                "pest_rate": PEST_RATE, "pest_deaf": deaf,
            },
        )  # fmt: skip
        p99[deaf].append((percentile(result["waits"], 0.99) or 0.0) * 1000)
        thrown_out += result["thrown_out"]
        faults.append(wrong(result))
    heard, deaf_ = (statistics.median(p99[kind]) for kind in (False, True))
    note = (
        f"{agents:,} agents, {rate} calls/s; p99 {deaf_:.2f} ms against {heard:.2f} ms; thrown out {thrown_out} times"
    )
    return [
        Row("answer to pop, p99, with one client that reads nothing", deaf_ / heard, "times", 1.5, 1.2, "lower", note),
        max(faults, key=lambda row: row.value or 0),
        Row("memory held for a client that reads nothing", held() / MIB, "MiB", 1.5, 1, "lower",
            "the most at any time, until it is thrown out"),
    ]  # fmt: skip


def held() -> float:
    """Bytes of resident memory that one deaf client costs at the most."""
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-m", "benchmarks.slow"],
        stdout=subprocess.PIPE, text=True, check=True, timeout=300,
    )  # fmt: skip
    return float(done.stdout.split()[-1])


def serve() -> None:
    """A server whose only client logs in, sits down and reads no more; prints what it grew by at the most."""
    from twisted.internet import reactor, threads
    from twisted.internet.defer import Deferred
    from twisted.internet.task import deferLater

    from astcti.model.notices import CallView, Notice
    from astcti.protocols.settings import ProtocolSettings
    from astcti.protocols.transport import ServerFactory

    desk = make_desk(reactor, 2)
    factory: Any = ServerFactory(reactor, desk, ProtocolSettings(keepalive_ms=0, login_seconds=300.0, require_tls="no"))
    port = reactor.listenTCP(0, factory, interface=LOOPBACK)  # type: ignore[attr-defined]

    def tell(kind: str, number: int) -> bool:
        clients = list(desk.floor.at_phone.values())
        if not clients:
            return False
        view = CallView(f"{number}.7", "PJSIP/1-0000002a", str(number), "Demo " + "x" * 3000, state="Ringing")
        clients[0].client.notify(Notice(kind, "", view), ())
        return True

    async def measured() -> None:
        link = await threads.deferToThread(log_in, port.getHost().port)
        for number in range(50):  # all that is made once, and whatever the socket takes in
            tell("Link", number)
        await deferLater(reactor, 0.1)
        before = most = resident()
        number = 50
        while tell("Link", number := number + 1) and number < 100_000:
            if number % 20 == 0:
                await deferLater(reactor, 0)
                most = max(most, resident())
        link.close()
        print(most - before, flush=True)

    done: Deferred[None] = Deferred.fromCoroutine(measured())
    done.addErrback(lambda failure: failure.printTraceback())
    done.addBoth(lambda _: reactor.stop())  # type: ignore[attr-defined]
    reactor.run()  # type: ignore[attr-defined]


def log_in(port: int) -> socket.socket:
    """A client that has taken its seat; it keeps hardly anything unread."""
    link = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    link.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    link.connect((LOOPBACK, port))
    for said in (b"", b"USER u1\n", b"PASS %s\n" % DIGEST.encode()):
        link.sendall(said)
        select.select([link], [], [], 10)
        if not link.recv(4096):
            raise EOFError(os.strerror(0))
    return link


if __name__ == "__main__":
    serve()
