"""A stretch of the line between server and PBX that can be cut, hung or spoilt."""

from __future__ import annotations

from typing import Any

from twisted.internet import reactor
from twisted.internet.endpoints import HostnameEndpoint, connectProtocol
from twisted.internet.protocol import Factory, Protocol


class Cutter(Factory):
    """Hands on what each side says, as long as the line is whole.

    :ivar whole: new connections reach the PBX; otherwise they are cut at once.
    :ivar hung: nothing is handed on and nothing is closed, as if the cable had been pulled.
    """

    noisy = False

    def __init__(self, pbx_port: int) -> None:
        self.pbx_port = pbx_port
        self.whole = True
        self.hung = False
        self.ends: set[End] = set()
        self._listening: Any = reactor.listenTCP(0, self, interface="127.0.0.1")  # type: ignore[attr-defined]

    @property
    def port(self) -> int:
        """Where the server finds the PBX."""
        return int(self._listening.getHost().port)

    def buildProtocol(self, address: object) -> End:
        return End(self)

    def cut(self) -> None:
        """Both sides get a reset, and nobody gets through any more."""
        self.whole = False
        for end in list(self.ends):
            end.abort()

    def hang(self) -> None:
        """Nothing gets through any more, and nobody is told."""
        self.hung = True

    def mend(self) -> None:
        """From here on all is well again; what was said meanwhile is lost."""
        if self.hung:
            self.hung = False
            for end in list(self.ends):
                end.abort()
        self.whole = True

    def passes(self, end: End, data: bytes) -> None:
        """One side said something."""
        end.hand_on(data)

    def spoil(self, data: bytes) -> None:
        """The server reads this between two things that the PBX says."""
        for end in list(self.ends):
            if end.is_server:
                end.transport.write(data)

    async def close(self) -> None:
        """It was only for a test."""
        await self._listening.stopListening()
        for end in list(self.ends):
            end.abort()


class End(Protocol):
    """One side of a connection."""

    def __init__(self, cutter: Cutter, other: End | None = None) -> None:
        self._cutter = cutter
        self._early = b""
        self.other = other
        self.is_server = other is None

    def connectionMade(self) -> None:
        cutter = self._cutter
        cutter.ends.add(self)
        if not self.is_server:
            assert self.other is not None
            self.other.other = self
            self.transport.write(self.other._early)
        elif not cutter.whole:
            self.abort()
        elif not cutter.hung:
            pbx = HostnameEndpoint(reactor, "127.0.0.1", cutter.pbx_port)
            connectProtocol(pbx, End(cutter, self)).addErrback(lambda failure: self.abort())

    def dataReceived(self, data: bytes) -> None:
        if not self._cutter.hung:
            self._cutter.passes(self, data)

    def hand_on(self, data: bytes) -> None:
        """Have the other side read this."""
        if self.other is None:
            self._early += data
        else:
            self.other.transport.write(data)

    def connectionLost(self, reason: Any = None) -> None:
        self._cutter.ends.discard(self)
        if self.other is not None and not self._cutter.hung:
            self.other.abort()

    def abort(self) -> None:
        """Reset."""
        if self.transport is not None:
            self.transport.abortConnection()
