"""Clients' sessions on Twisted: their connections, their listeners, one timer and one flush a turn for them all."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import (
    IAddress,
    IDelayedCall,
    IOpenSSLServerConnectionCreator,
    IProtocol,
    IProtocolFactory,
    IPushProducer,
    IReactorTime,
    ISSLTransport,
    ITCPTransport,
    ITransport,
)
from twisted.internet.tcp import Server
from twisted.logger import Logger
from twisted.python.failure import Failure
from zope.interface import implementer

from astcti.interfaces import IDesk
from astcti.protocols.context import SessionContext
from astcti.protocols.descriptors import raise_file_limit
from astcti.protocols.gate import Gate
from astcti.protocols.session import ServerSession
from astcti.protocols.settings import ProtocolSettings
from astcti.protocols.wheel import GRANULARITY, Wheel

_log = Logger()


_SPARE_FILES = 256  # descriptors beside the clients': the PBX, data bases, logs, action connections


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

    def connectionLost(self, reason: Failure) -> None:
        """Let go of everything."""
        self._over = True
        self._transport = None
        session, self.session = self.session, None
        if session is not None:
            session.lost()
        self.factory.gone(self)

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
        if refusal is None:
            self.session.start()
        else:
            self.session.send_away(*refusal)
        self.flush()

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
        self.factory.gate.leave(self)
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


class _Listener:
    """A listening port that may have been closed by the time it is to pause or go on."""

    def __init__(self, port: Any) -> None:
        self._port = port

    def stopReading(self) -> None:
        """Stop accepting."""
        if self._port.connected and not self._port.disconnecting:
            self._port.stopReading()

    def startReading(self) -> None:
        """Accept again."""
        if self._port.connected and not self._port.disconnecting:
            self._port.startReading()


@implementer(IProtocolFactory)
class ServerFactory:
    """Serves clients on any number of listeners.

    Give it to ``tcp:`` endpoints, and for TLS from the first byte what :meth:`.tls.ServerTLS.wrap` makes of it. The
    endpoints' backlog should be 1024 or more: newcomers wait there.

    :param desk: whom the clients' commands go to.
    :param tls: with it ``STLS`` is offered.
    :param trace: told ``(peer, "C" or "S", line)`` of every line, credentials masked.
    """

    def __init__(
        self,
        reactor: IReactorTime,
        desk: IDesk,
        settings: ProtocolSettings | None = None,
        tls: IOpenSSLServerConnectionCreator | None = None,
        trace: Callable[[str, str, str], None] | None = None,
    ) -> None:
        settings = settings or ProtocolSettings()
        self.tls = tls
        wheel = Wheel(reactor.seconds())
        self.context = SessionContext(desk, settings, reactor.seconds, wheel, tls is not None, trace=trace)
        self.gate = Gate(settings.max_unauthenticated, settings.max_unauthenticated_per_address)
        self._reactor = reactor
        self._listeners: dict[int, _Listener] = {}
        self._protocols: set[ServerProtocol] = set()
        self._dirty: list[ServerProtocol] = []
        self._timer: IDelayedCall | None = None
        self._when_empty: list[Deferred[None]] = []
        self._closing = False

    def doStart(self) -> None:
        """A listener opens: see that there are file descriptors for as many clients as are allowed."""
        self._closing = False
        raise_file_limit(self.context.settings.max_clients + _SPARE_FILES)

    def doStop(self) -> None:
        """A listener is closed."""

    def buildProtocol(self, addr: IAddress | None) -> ServerProtocol:
        """Make the protocol of a connection."""
        return ServerProtocol(self)

    def configure(self, settings: ProtocolSettings) -> None:
        """Use other settings: for new connections, and for the answer to ``KEEP``."""
        self.context.settings = settings
        self.gate.limit = settings.max_unauthenticated
        self.gate.per_address = settings.max_unauthenticated_per_address

    @property
    def clients(self) -> int:
        """Connections at this moment, those at the gate included."""
        return len(self._protocols)

    def status(self) -> dict[str, int]:
        """Give counts for people to look at."""
        return {
            "clients": self.clients,
            "unauthenticated": self.gate.inside,
            "waiting": self.gate.waiting,
            **self.context.counters.as_dict(),
        }

    def dismiss_all(self, number: int, reason: str, cause: str) -> None:
        """Send everybody away who is connected now."""
        for protocol in list(self._protocols):
            if protocol.session is None:
                self.gate.leave(protocol)
                protocol.admit()
            if protocol.session is not None:
                protocol.session.dismiss(number, reason, cause)

    def shut_down(self) -> Deferred[None]:
        """Tell everybody, newcomers included, that the server goes down.

        :returns: fires when all connections are closed, which takes those that do not close by themselves two seconds.
        """
        self._closing = True
        done: Deferred[None] = Deferred()
        self._when_empty.append(done)
        self.dismiss_all(990, "server shutting down", "shutdown")
        self._check_empty()
        return done

    def flush(self) -> None:
        """Write what this turn has brought to anybody now, instead of at its end."""
        dirty, self._dirty = self._dirty, []
        for protocol in dirty:
            protocol.flush_turn()

    # -- what protocols call

    def connected(self, protocol: ServerProtocol, transport: ITransport) -> None:
        """A connection was accepted."""
        self._protocols.add(protocol)
        if self._timer is None:
            self.context.wheel.turn(self._reactor.seconds())
            self._timer = self._reactor.callLater(GRANULARITY, self._turn)
        port = getattr(transport, "server", None)
        if port is not None and id(port) not in self._listeners:
            self._listeners[id(port)] = _Listener(port)
            self.gate.add_listener(self._listeners[id(port)])
        self.gate.arrive(protocol)
        if protocol.session is None:
            protocol.hold()

    def gone(self, protocol: ServerProtocol) -> None:
        """A connection is over."""
        self._protocols.discard(protocol)
        self.gate.leave(protocol)
        self._check_empty()

    def refusal(self) -> tuple[int, str] | None:
        """Say why the latest connection cannot be served, None when it can."""
        if self._closing:
            return 990, "server shutting down"
        if len(self._protocols) > self.context.settings.max_clients:
            return 908, "too many connections"
        return None

    def flush_later(self, protocol: ServerProtocol) -> None:
        """Have ``protocol`` write at the end of this turn."""
        if not self._dirty:
            self._reactor.callLater(0, self.flush)
        self._dirty.append(protocol)

    def _turn(self) -> None:
        self._timer = self._reactor.callLater(GRANULARITY, self._turn) if self._protocols else None
        self.context.wheel.turn(self._reactor.seconds())

    def _check_empty(self) -> None:
        if not self._protocols:
            waiting, self._when_empty = self._when_empty, []
            for done in waiting:
                done.callback(None)
