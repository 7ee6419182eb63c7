"""One client's connection on Twisted."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from twisted.internet.interfaces import IProtocol, IPushProducer, ISSLTransport, ITCPTransport, ITransport
from twisted.internet.tcp import Server
from twisted.python.failure import Failure
from zope.interface import implementer

from astcti.protocols.session import ServerSession
from astcti.protocols.transport.binding import channel_binding

if TYPE_CHECKING:
    from astcti.protocols.transport.factory import ServerFactory


def write_now(transport: Any, data: bytes) -> None:
    """Write, at once if nothing waits, which saves two system calls and a turn of the reactor.

    Twisted itself would only note the data and ask to be told when the socket takes it. This looks at buffers of
    Twisted's TCP transport that are not public; any other transport, and any that waits, is written to the usual way.
    """
    if type(transport) is Server and not (
        transport.TLS
        or transport.disconnecting
        or getattr(transport, "dataBuffer", True)
        or getattr(transport, "_tempDataBuffer", True)
    ):
        sent = transport.writeSomeData(data) if transport.connected else 0
        if isinstance(sent, int) and sent > 0:
            data = data[sent:]
    if data:
        transport.write(data)


@implementer(IProtocol, IPushProducer)
class ServerProtocol:
    """One client's connection: it hands bytes to the session and writes what the session has, and decides nothing."""

    __slots__ = ("_blocked", "_dirty", "_feeding", "_over", "_transport", "address", "factory", "session")

    def __init__(self, factory: ServerFactory) -> None:
        self.factory = factory
        self.address = ""
        self.session: ServerSession | None = None
        self._transport: Any = None
        self._blocked = False
        self._dirty = False
        self._feeding = False
        self._over = False

    # -- what Twisted calls

    def makeConnection(self, transport: ITransport) -> None:
        """Wait at the gate; the session begins when it is this client's turn."""
        self._transport = transport
        self.address = getattr(transport.getPeer(), "host", "")
        if ITCPTransport.providedBy(transport):
            transport.setTcpKeepAlive(True)
            transport.setTcpNoDelay(True)
        self.factory.connected(self, transport)

    def connectionMade(self) -> None:
        """Nothing more to do than :meth:`makeConnection` did."""

    def dataReceived(self, data: bytes) -> None:
        """Hand on what arrived and write what it led to, together."""
        if self.session is None:
            return
        self._feeding = True
        try:
            self.session.feed(data)
        finally:
            self._feeding = False
            if not self._blocked:
                self.flush()
        self.factory.breathe()

    def connectionLost(self, reason: Failure) -> None:
        """Let go of everything."""
        self._over = True
        self._transport = None
        session, self.session = self.session, None
        if session is not None:
            session.lost()
        self.factory.gone(self)
        self.factory.breathe()

    def pauseProducing(self) -> None:
        """The socket takes no more for now."""
        self._blocked = True
        if self.session is not None:
            self.session.blocked()

    def resumeProducing(self) -> None:
        """The socket has taken everything."""
        self._blocked = False
        if self.session is not None:
            self.session.unblocked()
            self.flush()

    def stopProducing(self) -> None:
        """Nobody will read any more; the loss of the connection follows."""

    # -- what the gate and the factory call

    def admit(self) -> None:
        """Greet the client."""
        if self._over or self._transport is None:
            return
        secure = ISSLTransport.providedBy(self._transport)
        self.session = ServerSession(self.factory.context, self, self.address, secure)
        self._transport.registerProducer(self, True)
        self._transport.resumeProducing()
        refusal = self.factory.refusal()
        self._feeding = True
        if refusal is None:
            self.session.start()
        else:
            self.session.send_away(*refusal)
        self._feeding = False
        self.flush()

    def make_way(self) -> None:
        """Others wait."""
        if self.session is not None:
            self.session.make_way()

    def hold(self) -> None:
        """Do not read before the client's turn has come."""
        self._transport.pauseProducing()

    def flush_turn(self) -> None:
        """Write what the turn has brought."""
        self._dirty = False
        if not self._blocked:
            self.flush()

    # -- what the session calls

    def wake(self) -> None:
        """Write at the end of this turn."""
        if not self._dirty and not self._feeding and not self._blocked:
            self._dirty = True
            self.factory.flush_later(self)

    def hurry(self) -> None:
        """Write now, unless the socket takes no more."""
        if not self._feeding and not self._blocked:
            self.flush()

    def flush(self) -> None:
        """Write now."""
        if self.session is not None and self._transport is not None:
            data = self.session.take()
            if data:
                write_now(self._transport, data)

    def pause(self) -> None:
        """Read nothing until :meth:`resume`."""
        self._transport.pauseProducing()

    def resume(self) -> None:
        """Read on."""
        self._transport.resumeProducing()

    def start_tls(self) -> None:
        """Begin the handshake."""
        self._transport.startTLS(self.factory.tls)
        if self.session is not None:
            self.session.secured()

    def channel_binding(self) -> bytes | None:
        """What only the two ends of this connection know, None where there is no TLS 1.3."""
        return channel_binding(self._transport)

    def logged_in(self) -> None:
        """Make room at the gate."""
        self.factory.gate.leave(self)

    def close(self) -> None:
        """Write what there is, then close.

        With plain TCP half of the connection is closed, and the other half read and thrown away until the client
        closes too or the session's patience ends: a socket closed on bytes that nobody read would reset the
        connection, and the client might never see our last line.
        """
        if self._over or self._transport is None:
            return
        self._over = True
        self.flush()
        self._transport.unregisterProducer()
        self.factory.leaving(self)
        if type(self._transport) is Server and not self._transport.TLS:
            self._transport.loseWriteConnection()
            self._transport.resumeProducing()
        else:
            self._transport.loseConnection()

    def abort(self) -> None:
        """Close whatever there is."""
        self._over = True
        if self._transport is not None:
            self._transport.abortConnection()
