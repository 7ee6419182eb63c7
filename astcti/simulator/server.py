"""Serves a simulated PBX over TCP, in real time or in that of a test's clock."""

from __future__ import annotations

from typing import TYPE_CHECKING

from twisted.application.service import Service
from twisted.internet.defer import Deferred
from twisted.internet.interfaces import (
    IConsumer,
    IDelayedCall,
    IListeningPort,
    IPullProducer,
    IReactorTime,
    ITCPTransport,
)
from twisted.internet.protocol import Factory, Protocol, connectionDone
from twisted.logger import Logger
from zope.interface import implementer

if TYPE_CHECKING:
    from twisted.internet.interfaces import IStreamServerEndpoint
    from twisted.python.failure import Failure

    from astcti.simulator.links import Link
    from astcti.simulator.office import Office

WRITE_TIMEOUT = 1.0  # seconds a client may leave its socket full; ``writetimeout`` of manager.conf
PIECE = 256 * 1024  # bytes of one write; a client has to take so many within the time above
TURN_SECONDS = 0.001  # events of one moment leave in one write; under load a moment is so long


class TCPTransport(ITCPTransport, IConsumer):
    """What every TCP transport of Twisted provides."""


@implementer(IPullProducer)
class AMIServerProtocol(Protocol):
    """One client's connection: bytes to and from its link.

    What there is to say waits in the link while the client has not taken what was said before; as in Asterisk it may
    wait there long, but not if the client takes nothing at all.
    """

    transport: TCPTransport
    link: Link

    def __init__(self, service: SimulatorService) -> None:
        self._service = service
        self._busy_since: float | None = None
        self._watched = False

    def connectionMade(self) -> None:
        """Greet the client."""
        self.transport.setTcpNoDelay(True)
        peer, host = self.transport.getPeer(), self.transport.getHost()
        self.link = self._service.office.board.connect((peer.host, peer.port), (host.host, host.port), self.close)
        self._service.protocols[self.link] = self
        self.transport.registerProducer(self, False)
        self._service.turn()

    def dataReceived(self, data: bytes) -> None:
        """Actions came, or parts of some."""
        self._service.advance()
        self.link.received(data)
        self._service.turn()

    def flush(self) -> None:
        """Send what the link has to say, in one write, unless the client still has to take the last one."""
        out = self.link.out
        if not out or self._busy_since is not None:
            return
        data = b"".join(out)
        out.clear()
        if len(data) > PIECE:
            out.append(data[PIECE:])
            data = data[:PIECE]
        self._busy_since = self._service.reactor.seconds()
        if not self._watched:
            self._watched = True
            self._service.office.agenda.later(self._service.write_timeout, self._watch)
        self.transport.write(data)

    def resumeProducing(self) -> None:
        """The client has taken everything."""
        self._busy_since = None
        self.flush()

    def close(self) -> None:
        """Say all there is to say, and end."""
        self.transport.unregisterProducer()  # which Twisted would wait for
        self.transport.write(b"".join(self.link.out))
        self.link.out.clear()
        self.transport.loseConnection()

    def stopProducing(self) -> None:
        """Nothing to stop: events stop when the link is lost."""

    def _watch(self) -> None:
        self._watched = False
        if self._busy_since is None:
            return
        left = self._busy_since + self._service.write_timeout - self._service.reactor.seconds()
        if left <= 0:
            self._service.thrown_out += 1
            self.transport.abortConnection()
        else:
            self._watched = True
            self._service.office.agenda.later(left, self._watch)

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        """Forget the client."""
        self._busy_since = None
        self.link.lost()
        self._service.lost(self.link)


class SimulatorService(Service):
    """The running PBX: an office, a place to listen, and time.

    :param offset: the PBX's time when the reactor's clock shows 0.
    :ivar thrown_out: clients that read too slowly.
    """

    _log = Logger()

    def __init__(self, reactor: IReactorTime, endpoint: IStreamServerEndpoint, office: Office) -> None:
        self.reactor = reactor
        self.office = office
        self.write_timeout = WRITE_TIMEOUT
        self.thrown_out = 0
        self.protocols: dict[Link, AMIServerProtocol] = {}
        self.port: IListeningPort | None = None
        self._endpoint = endpoint
        self._call: IDelayedCall | None = None
        self._empty: Deferred[None] | None = None
        self._factory = Factory.forProtocol(lambda: AMIServerProtocol(self))

    def listen(self) -> Deferred[IListeningPort]:
        """Open the port; the deferred fires when clients can come."""

        def listening(port: IListeningPort) -> IListeningPort:
            self.port = port
            return port

        return self._endpoint.listen(self._factory).addCallback(listening)

    def startService(self) -> None:
        """Let the time of the PBX begin to pass."""
        Service.startService(self)
        self.turn()

    async def shut_down(self) -> None:
        """Tell all clients that the PBX stops, and close."""
        self.office.board.shut_down()
        if self._call is not None and self._call.active():
            self._call.cancel()
        self._call = None
        port, self.port = self.port, None
        if port is not None:
            await _done(port)
        for protocol in tuple(self.protocols.values()):
            protocol.close()
        if self.protocols:
            self._empty = Deferred()
            self._empty.addTimeout(self.write_timeout, self.reactor, lambda *_: None)
            await self._empty

    def lost(self, link: Link) -> None:
        """A client is gone."""
        self.protocols.pop(link, None)
        empty = self._empty
        if not self.protocols and empty is not None and not empty.called:
            empty.callback(None)

    def stopService(self) -> Deferred[None]:
        """As :meth:`shut_down`."""
        Service.stopService(self)
        return Deferred.fromCoroutine(self.shut_down())

    def advance(self) -> None:
        """Let everything happen that was to happen by now."""
        try:
            self.office.agenda.run(self.reactor.seconds())
        except Exception:
            self._log.failure("The simulated PBX stumbled; it goes on with the next thing to do")

    def turn(self) -> None:
        """Do what is due, send what there is to say, and wait for what is next."""
        self.advance()
        self._flush()
        self._schedule()

    def _flush(self) -> None:
        for link in self.office.board.links:
            if link.out:
                self.protocols[link].flush()

    def _schedule(self) -> None:
        due = self.office.agenda.next_due
        if due is None or not self.running:
            return
        wait = max(TURN_SECONDS, due - self.reactor.seconds())
        if self._call is not None and self._call.active():
            if self._call.getTime() <= self.reactor.seconds() + wait:
                return
            self._call.reset(wait)
        else:
            self._call = self.reactor.callLater(wait, self.turn)


async def _done(port: IListeningPort) -> None:
    stopped = port.stopListening()
    if stopped is not None:
        await stopped
