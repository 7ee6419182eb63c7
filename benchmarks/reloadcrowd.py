"""The clients of agents who sit still: what they are told of a new configuration, and when."""

from __future__ import annotations

import select
import socket
import time
from dataclasses import dataclass, field

from benchmarks.crowd import mac
from benchmarks.served import DIGEST

AT_ONCE = 60  # logins under way


@dataclass(slots=True, eq=False)
class Sitter:
    """One client.

    :ivar heard: when each line came since the last look (``perf_counter``), and its first word: the kind of an event,
        or the number of a reply.
    """

    index: int
    socket: socket.socket
    script: list[tuple[bytes, bytes]]
    received: bytes = b""
    step: int = 0
    heard: list[tuple[float, bytes]] = field(default_factory=list)
    gone: bool = False

    def first(self, word: bytes) -> float | None:
        """When it was told that first."""
        return next((when for when, heard in self.heard if heard == word), None)

    def words(self) -> set[bytes]:
        """All that it was told."""
        return {word for _, word in self.heard}


class StillCrowd:
    """All of them, on one epoll."""

    def __init__(self, port: int, agents: int) -> None:
        self._port = port
        self._poll = select.epoll()
        self._by_fileno: dict[int, Sitter] = {}
        self.sitters: list[Sitter] = []
        self.ready = 0
        for index in range(agents):
            self._connect(index)
            while len(self.sitters) - self.ready > AT_ONCE:
                self.turn(0.05)
        began = time.perf_counter()
        while self.ready < agents:
            self.turn(0.05)
            if time.perf_counter() - began > 300:
                raise TimeoutError(f"{self.ready} of {agents} are at work")

    def _connect(self, index: int) -> None:
        link = socket.create_connection(("127.0.0.1", self._port))
        link.setblocking(False)
        script = [
            (b"100", b"CAPS events2\n"),
            (b"106", b"USER agent%d\n" % index),
            (b"100", b"PASS %s\n" % DIGEST.encode()),
            (b"102", b"MAC %s\n" % mac(index).encode()),
            (b"100", b""),
        ]
        sitter = Sitter(index, link, script)
        self.sitters.append(sitter)
        self._by_fileno[link.fileno()] = sitter
        self._poll.register(link, select.EPOLLIN)

    def turn(self, seconds: float) -> bool:
        """Read what comes; whether anything did."""
        found = self._poll.poll(seconds)
        for fileno, _ in found:
            self._read(self._by_fileno[fileno])
        return bool(found)

    def _read(self, sitter: Sitter) -> None:
        try:
            data = sitter.socket.recv(65536)
        except ConnectionError:
            data = b""
        now = time.perf_counter()
        if not data:
            self._poll.unregister(sitter.socket)
            del self._by_fileno[sitter.socket.fileno()]
            sitter.socket.close()
            sitter.gone = True
            return
        *lines, sitter.received = (sitter.received + data).split(b"\n")
        for line in lines:
            word = line.split(b'"', 2)[1] if line[:1] == b"<" else line[:3]
            sitter.heard.append((now, word))
            if sitter.step < len(sitter.script) and line.startswith(sitter.script[sitter.step][0]):
                command = sitter.script[sitter.step][1]
                sitter.step += 1
                if command:
                    sitter.socket.send(command)
                else:
                    self.ready += 1

    def calm(self, quiet: float, most: float) -> None:
        """Return when nothing came for so long."""
        began = last = time.perf_counter()
        while (now := time.perf_counter()) - last < quiet and now - began < most:
            if self.turn(0.02):
                last = time.perf_counter()

    def forget(self) -> None:
        """Begin to listen anew."""
        for sitter in self.sitters:
            sitter.heard.clear()
