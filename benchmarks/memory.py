"""What one connected client costs in memory: all of a server's process that grows with their number.

Each kind is measured in a process of its own, with the real desk behind the sessions; a second process plays the
clients, which log in, take a seat and are then still.
"""

from __future__ import annotations

import gc
import os
import select
import socket
import ssl
import subprocess
import sys
import zlib
from hashlib import md5
from typing import IO, Any

from benchmarks.table import Row

MESSAGES = 100  # that each client is sent, and as many that it sends, before it is measured
CLIENTS = {"plain": (5000, 500), "zlib": (1000, 200), "tls": (1000, 200)}  # for good, quickly
WARMING = 50  # clients that are there before the first figure, with all that is made once
KIB = 1024
LOOPBACK = "127.0.0.1"
DIGEST = md5(b"x", usedforsecurity=False).hexdigest()


def run(quick: bool) -> list[Row]:
    """Measure plain, compressed and encrypted clients."""
    rows = []
    for kind, floor, goal, note in (
        ("plain", 8, 4, "{} clients at work"),
        ("zlib", 40, 20, "{} clients, after 100 messages each way; they use zlib's defaults"),
        ("tls", 60, 32, "{} clients, TLS 1.3"),
    ):
        count = CLIENTS[kind][quick]
        bytes_each = measure(kind, count)
        rows.append(
            Row(f"memory per idle agent, {kind}", bytes_each / KIB, "KiB", floor, goal, "lower", note.format(count))
        )
    return rows


def measure(kind: str, count: int) -> float:
    """Bytes of resident memory per client."""
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-m", "benchmarks.memory", kind, str(count)],
        stdout=subprocess.PIPE,
        text=True,
        check=True,
        timeout=300,
    )
    return float(done.stdout.split()[-1])


# -- the process that is measured


def serve(kind: str, count: int, orders: IO[bytes], reports: IO[bytes]) -> None:
    """Serve the clients that the other end of the pipes plays, and print what each costs."""
    from twisted.internet import reactor, threads
    from twisted.internet.defer import Deferred

    from astcti.model.notices import CallView, Notice
    from astcti.protocols.settings import ProtocolSettings
    from astcti.protocols.transport import ServerFactory

    desk = make_desk(reactor, count + WARMING)
    settings = ProtocolSettings(keepalive_ms=0, login_seconds=300.0, require_tls="no")
    factory: Any = ServerFactory(reactor, desk, settings)
    port = reactor.listenTCP(  # type: ignore[attr-defined]
        0, _certificate().wrap(factory) if kind == "tls" else factory, backlog=1024, interface=LOOPBACK
    )

    def tell(order: str) -> Any:
        def told() -> None:
            orders.write(order.encode() + b"\n")
            orders.flush()
            if not reports.readline():
                raise RuntimeError("the clients are gone")

        return threads.deferToThread(told)

    async def measured() -> None:
        await tell(f"connect {port.getHost().port} {WARMING}")
        await tell("talk")
        before = resident()
        await tell(f"connect {port.getHost().port} {count}")
        for turn in range(MESSAGES if kind == "zlib" else 0):
            for client in list(desk.floor.at_phone.values()):
                view = CallView(f"17637140{turn}.7", "PJSIP/1-0000002a", str(turn), "Demo", state="Ringing")
                client.client.notify(Notice("Newstate", "", view), ())
            await tell("talk")
        print((resident() - before) / count, flush=True)

    done: Deferred[None] = Deferred.fromCoroutine(measured())
    done.addErrback(lambda failure: failure.printTraceback())
    done.addBoth(lambda _: reactor.stop())  # type: ignore[attr-defined]
    reactor.run()  # type: ignore[attr-defined]


def make_desk(reactor: Any, count: int) -> Any:
    """Make a real desk with that many operators, each with a seat."""
    from astcti.config.model import Configuration, Operator, Seat
    from astcti.config.settings import Settings
    from astcti.model.calls import Tracker
    from astcti.model.plan import Plan
    from astcti.model.roster import Roster
    from astcti.services.accounts import Accounts
    from astcti.services.credentials import verifier_of
    from astcti.services.desk import Desk
    from astcti.services.hashpool import HashPool

    scram = verifier_of(DIGEST)  # as after the first login ever; else one would be made for each while we look
    configuration = Configuration(
        seats=tuple(Seat(id=n, exten=f"PJSIP/{n}") for n in range(1, count + 1)),
        operators=tuple(
            Operator(id=n, username=f"u{n}", full_name=f"User {n}", password=DIGEST, scram=scram, seat_id=n)
            for n in range(1, count + 1)
        ),
    )
    accounts = Accounts(reactor, HashPool(reactor), configuration, key=b"k", store=None, upgrade=False)
    tracker = Tracker(Plan(), set())
    desk = Desk(
        reactor, configuration, Settings(require_tls="no", upgrade_hashes=False), accounts,
        listening=tracker, membership=Roster(), start=lambda actions: None,
    )  # fmt: skip
    desk.link_changed(True)
    return desk


def _certificate() -> Any:
    import trustme

    from astcti.protocols.transport import ServerTLS

    issued = trustme.CA().issue_cert("localhost")
    return ServerTLS(b"".join(c.bytes() for c in issued.cert_chain_pems), issued.private_key_pem.bytes())


def resident() -> int:
    """Bytes of this process that are in memory, when what can be collected is."""
    gc.collect()
    with open("/proc/self/statm") as statm:
        return int(statm.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")


# -- the process that plays the clients


class Client:
    """One client, as simple as can be."""

    def __init__(self, kind: str, port: int, number: int, context: ssl.SSLContext) -> None:
        raw = socket.create_connection((LOOPBACK, port))
        self.socket: socket.socket = context.wrap_socket(raw) if kind == "tls" else raw
        self._deflate: Any = None
        self._inflate: Any = None
        self._text = b""
        self.hear(1)
        if kind == "zlib":
            self.socket.sendall(b"CMPR\n")
            self.hear(1)
            self._deflate, self._inflate = zlib.compressobj(), zlib.decompressobj()
        self.say(f"USER u{number}")
        self.hear(1)
        self.say(f"PASS {DIGEST}")
        self.hear(1)

    def say(self, line: str) -> None:
        """Send a line."""
        data = line.encode() + b"\n"
        if self._deflate is not None:
            data = self._deflate.compress(data) + self._deflate.flush(zlib.Z_SYNC_FLUSH)
        self.socket.sendall(data)

    def has_more(self) -> bool:
        """Whether something waits to be read."""
        ready = select.poll()
        ready.register(self.socket, select.POLLIN)
        return bool(self._text or ready.poll(0))

    def hear(self, lines: int) -> None:
        """Read so many lines."""
        while self._text.count(b"\n") < lines:
            data = self.socket.recv(65536)
            if not data:
                raise EOFError(self._text)
            self._text += self._inflate.decompress(data) if self._inflate is not None else data
        self._text = self._text.split(b"\n", lines)[-1]


def play(kind: str, orders: IO[bytes], reports: IO[bytes]) -> None:
    """Do what is ordered: ``connect PORT COUNT``, or ``talk``: say something and read until it is answered."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    clients: list[Client] = []
    for order in orders:
        word, *numbers = order.decode().split()
        if word == "connect":
            port, count = map(int, numbers)
            clients += [Client(kind, port, len(clients) + n + 1, context) for n in range(count)]
        else:
            for client in clients:
                client.say("NOOP")
            for client in clients:
                client.hear(1)
                while client.has_more():
                    client.hear(1)
        reports.write(b"done\n")
        reports.flush()


def main(kind: str, count: int) -> None:
    """Fork into the two processes."""
    import resource

    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    down, up = os.pipe(), os.pipe()
    child = os.fork()
    if child == 0:
        os.close(down[1])
        play(kind, os.fdopen(down[0], "rb"), os.fdopen(up[1], "wb"))
        os._exit(0)
    os.close(down[0])
    os.close(up[1])
    with os.fdopen(down[1], "wb") as orders, os.fdopen(up[0], "rb") as reports:
        serve(kind, count, orders, reports)
    os.waitpid(child, 0)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
