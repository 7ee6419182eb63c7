"""A client made of a socket and lines, as somebody would write it from the protocol's description."""

from __future__ import annotations

from hashlib import md5
from typing import Any

from twisted.internet import reactor
from twisted.internet.defer import Deferred
from twisted.internet.endpoints import clientFromString
from twisted.internet.protocol import Factory
from twisted.protocols.basic import LineOnlyReceiver


class LineClient(LineOnlyReceiver):
    """One connection.

    :ivar lines: all that came, in order.
    """

    delimiter = b"\n"
    MAX_LENGTH = 65536

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.closed = False
        self._seen = 0
        self._waiting: list[tuple[str, Deferred[str]]] = []
        self._ended: Deferred[None] = Deferred()

    def lineReceived(self, line: bytes) -> None:
        self.lines.append(line.decode())
        self._look()

    def connectionLost(self, reason: Any = None) -> None:
        self.closed = True
        self._ended.callback(None)
        for _, waiting in self._waiting:
            waiting.errback(ConnectionError(f"closed after {self.lines[-3:]}"))

    def expect(self, beginning: str, seconds: float = 5.0) -> Deferred[str]:
        """Fires with the next line that begins so; what comes before it stays in :attr:`lines`."""
        waiting: Deferred[str] = Deferred(lambda d: self._waiting.clear())
        self._waiting.append((beginning, waiting))
        reactor.callLater(0, self._look)
        return waiting.addTimeout(seconds, reactor)

    def ended(self, seconds: float = 5.0) -> Deferred[None]:
        """Fires when the connection is closed."""
        return self._ended.addTimeout(seconds, reactor)

    def _look(self) -> None:
        while self._waiting and self._seen < len(self.lines):
            line = self.lines[self._seen]
            self._seen += 1
            if line.startswith(self._waiting[0][0]):
                self._waiting.pop(0)[1].callback(line)

    async def ask(self, command: str, answer: str) -> str:
        """Send a command; the line that answers it, which has to begin so."""
        self.sendLine(command.encode())
        return await self.expect(answer)

    async def login(self, username: str, password: str, mac: str = "") -> None:
        """Log in, and take the seat of a MAC."""
        await self.ask(f"USER {username}", "100 OK")
        await self.ask(f"PASS {md5(password.encode(), usedforsecurity=False).hexdigest()}", "102 OK")
        if mac:
            await self.ask(f"MAC {mac}", "100 OK")

    def events(self, kind: str = "") -> list[str]:
        """The call events so far."""
        return [line for line in self.lines if line.startswith(f'<event id="{kind}')]


async def connect(port: int, source: str = "") -> LineClient:
    """A client that has been greeted.

    :param source: the address it comes from; else the system chooses.
    """
    endpoint = clientFromString(reactor, f"tcp:127.0.0.1:{port}{f':bindAddress={source}' if source else ''}")
    client: LineClient = await endpoint.connect(Factory.forProtocol(LineClient))
    await client.expect("100 WELCOME")
    return client
