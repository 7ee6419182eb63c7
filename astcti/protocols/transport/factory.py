"""Clients' listeners on Twisted, with one timer and one flush a turn for all connections."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import (
    IAddress,
    IDelayedCall,
    IOpenSSLServerConnectionCreator,
    IProtocolFactory,
    IReactorTime,
    ITransport,
)
from twisted.logger import Logger
from zope.interface import implementer

from astcti.interfaces import IDesk
from astcti.protocols.context import SessionContext
from astcti.protocols.gate import Gate
from astcti.protocols.settings import ProtocolSettings
from astcti.protocols.transport.connection import ServerProtocol
from astcti.protocols.transport.descriptors import raise_file_limit
from astcti.protocols.wheel import GRANULARITY, Wheel

_log = Logger()

SPARE_FILES: Final = 256  # descriptors beside the clients': the PBX, data bases, logs, action connections
BREATH_SECONDS: Final = 0.005
ACCEPTS: Final = 16  # connections in one turn of the reactor, at a third of a millisecond each


class _Listener:
    """A listening port that may have been closed by the time it is to pause or go on."""

    def __init__(self, port: Any) -> None:
        self._port = port

    def stopReading(self) -> None:
        """Stop accepting."""
        if self._port.connected and not self._port.disconnecting:
            self._port.stopReading()

    def startReading(self) -> None:
        """Accept again, a few in a turn: Twisted itself would take ever more of them, the more there are."""
        if self._port.connected and not self._port.disconnecting:
            self._port.numberAccepts = ACCEPTS
            self._port.startReading()


@implementer(IProtocolFactory)
class ServerFactory:
    """Serves clients on any number of listeners.

    Give it to ``tcp:`` endpoints, and for TLS from the first byte what :meth:`.tls.ServerTLS.wrap` makes of it. The
    endpoints' backlog should be 1024 or more: newcomers wait there.

    :param desk: whom the clients' commands go to.
    :param tls: with it ``STLS`` is offered.
    :param trace: told ``(peer, "C" or "S", line)`` of every line, credentials masked.
    :ivar on_breath: called between two connections, every :data:`BREATH_SECONDS` while the reactor is at many of them
        in one turn: for what must not wait until it has been at all of them.
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
        self._leaving: set[ServerProtocol] = set()
        self._dirty: list[ServerProtocol] = []
        self._timer: IDelayedCall | None = None
        self._when_empty: list[Deferred[None]] = []
        self._closing = False
        self._listening = 0
        self._breath = 0.0
        self.on_breath: Callable[[], object] = lambda: None

    def doStart(self) -> None:
        """A listener opens: with the first, see that as many files may be open as clients are allowed."""
        self._closing = False
        if not self._listening:
            raise_file_limit(self.context.settings.max_clients + SPARE_FILES)
        self._listening += 1

    def doStop(self) -> None:
        """A listener is closed."""
        self._listening -= 1

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
            try:
                protocol.flush_turn()
            except Exception:
                _log.failure("writing to {peer}", peer=protocol.address)
                protocol.abort()

    # -- what protocols call

    def breathe(self) -> None:
        """A connection has had its turn."""
        now = self._reactor.seconds()
        if not 0 <= now - self._breath < BREATH_SECONDS:
            self._breath = now
            self.on_breath()

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

    def leaving(self, protocol: ServerProtocol) -> None:
        """A client was told its last line: it takes nobody's place any more, however long its connection lingers."""
        if protocol in self._protocols:
            self._leaving.add(protocol)
        self.gate.leave(protocol)

    def gone(self, protocol: ServerProtocol) -> None:
        """A connection is over."""
        self._protocols.discard(protocol)
        self._leaving.discard(protocol)
        self.gate.leave(protocol)
        if not self._protocols and self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self._check_empty()

    def refusal(self) -> tuple[int, str] | None:
        """Say why the latest connection cannot be served, None when it can."""
        if self._closing:
            return 990, "server shutting down"
        if len(self._protocols) - len(self._leaving) > self.context.settings.max_clients:
            return 908, "too many connections"
        return None

    def flush_later(self, protocol: ServerProtocol) -> None:
        """Have ``protocol`` write at the end of this turn."""
        if not self._dirty:
            self._reactor.callLater(0, self.flush)
        self._dirty.append(protocol)

    def _turn(self) -> None:
        self._timer = self._reactor.callLater(GRANULARITY, self._turn)
        if self.context.wheel.turn(self._reactor.seconds()):
            self.gate.hurry()

    def _check_empty(self) -> None:
        if not self._protocols:
            waiting, self._when_empty = self._when_empty, []
            for done in waiting:
                done.callback(None)
