"""Send one message: over a connection of its own, or as a datagram."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from twisted.internet import error
from twisted.internet.abstract import isIPAddress, isIPv6Address
from twisted.internet.address import IPv4Address, IPv6Address
from twisted.internet.defer import Deferred, TimeoutError, maybeDeferred, succeed
from twisted.internet.endpoints import HostnameEndpoint
from twisted.internet.interfaces import (
    IAddress,
    IHalfCloseableProtocol,
    IHostResolution,
    IResolutionReceiver,
    ITCPTransport,
)
from twisted.internet.protocol import ConnectedDatagramProtocol, Factory, Protocol
from twisted.python.failure import Failure
from zope.interface import implementer

from astcti.errors import UserError

CONNECT_SECONDS = 5.0
CLOSE_SECONDS = 5.0  # for the other end to close after it was told that nothing follows
MAX_ADDRESSES = 4  # of one host, tried in turn
REFUSAL_SECONDS = 0.05  # in which a machine nearby says that nobody listens at its port


async def send_stream(reactor: Any, host: str, port: int, message: bytes, seconds: float) -> None:
    """Connect, send, half-close, and wait until the other end closes too.

    It is sent when all bytes left and the other end either closed or kept silent until its time was over: not every
    receiver cares to close.

    :raises UserError: nobody is there, or the connection broke.
    :raises TimeoutError: of Twisted: no connection within :data:`CONNECT_SECONDS`, or the message was not taken.
    """
    factory = Factory.forProtocol(_OneMessage)
    factory.noisy = False
    started = reactor.seconds()
    connecting = HostnameEndpoint(reactor, host, port).connect(factory)
    try:
        protocol = await connecting.addTimeout(min(CONNECT_SECONDS, seconds), reactor)
    except (TimeoutError, error.TimeoutError):
        raise TimeoutError(f"{_address(host, port)} did not answer") from None
    except (error.ConnectError, error.DNSLookupError) as e:
        raise UserError(_no_connection(e, host, port)) from e
    assert isinstance(protocol, _OneMessage)
    left = max(0.0, min(CLOSE_SECONDS, seconds - (reactor.seconds() - started)))
    try:
        await protocol.send(message).addTimeout(left, reactor)
    except TimeoutError:
        if not protocol.sent:
            protocol.wire.abortConnection()
            raise TimeoutError(f"{_address(host, port)} does not read what it is sent") from None
        protocol.wire.loseConnection()
    except error.ConnectionClosed as e:
        raise UserError(f"{_address(host, port)} broke the connection") from e


@implementer(IHalfCloseableProtocol)
class _OneMessage(Protocol):
    """Our end of the connection; what the other end may answer is not for us."""

    sent = False

    def connectionMade(self) -> None:
        assert ITCPTransport.providedBy(self.transport)
        self.wire: ITCPTransport = self.transport
        self._done: Deferred[None] = Deferred()

    def send(self, message: bytes) -> Deferred[None]:
        """Write and half-close; fires when both ends are closed."""
        self.wire.write(message)
        self.wire.loseWriteConnection()
        return self._done

    def writeConnectionLost(self) -> None:
        self.sent = True

    def readConnectionLost(self) -> None:
        self.wire.loseConnection()

    def connectionLost(self, reason: Failure = error.ConnectionDone) -> None:  # type: ignore[assignment]
        if self._done.called:
            return
        if reason.check(error.ConnectionDone):
            self._done.callback(None)
        else:
            self._done.errback(reason)


async def send_datagram(reactor: Any, host: str, port: int, message: bytes, seconds: float) -> None:
    """Send one datagram; to the next address of the host where one says at once that nobody listens.

    :raises UserError: there is no such host, no way to it, or nobody listens there.
    :raises TimeoutError: of Twisted: the name was not resolved in time.
    """
    addresses = await _addresses_of(reactor, host, port).addTimeout(min(CONNECT_SECONDS, seconds), reactor)
    for address in addresses:
        try:
            if await _taken(reactor, address, port, message):
                return
        except OSError as e:
            raise UserError(f"{_address(host, port)}: {e.strerror or e}") from e
    raise UserError(f"nobody listens at {_address(host, port)}")


async def _taken(reactor: Any, address: str, port: int, message: bytes) -> bool:
    """Send to one address; whether nobody objected."""
    protocol = _OneDatagram()
    udp = reactor.listenUDP(0, protocol, interface="::" if isIPv6Address(address) else "")
    try:
        protocol.transport.connect(address, port)
        protocol.transport.write(message)
        await protocol.refused.addTimeout(REFUSAL_SECONDS, reactor)
    except TimeoutError:
        return True
    finally:
        await maybeDeferred(udp.stopListening)
    return False


class _OneDatagram(ConnectedDatagramProtocol):
    transport: Any

    def __init__(self) -> None:
        self.refused: Deferred[None] = Deferred()

    def connectionRefused(self) -> None:
        if not self.refused.called:
            self.refused.callback(None)

    # A refusal makes epoll report an error and nothing to read, upon which Twisted closes the port unread.
    stopProtocol = connectionRefused

    def connectionFailed(self, failure: Failure) -> None:
        """Never called: the address is a number already."""


@implementer(IResolutionReceiver)
class _Addresses:
    """Collects the addresses of a name."""

    def __init__(self, host: str) -> None:
        self._host = host
        self._found: list[str] = []
        self.result: Deferred[list[str]] = Deferred()

    def resolutionBegan(self, resolutionInProgress: IHostResolution) -> None:
        """Nothing to do yet."""

    def addressResolved(self, address: IAddress) -> None:
        if isinstance(address, IPv4Address | IPv6Address) and len(self._found) < MAX_ADDRESSES:
            self._found.append(address.host)

    def resolutionComplete(self) -> None:
        if self.result.called:
            return
        if self._found:
            self.result.callback(self._found)
        else:
            self.result.errback(UserError(f"there is no host {self._host}"))


def _addresses_of(reactor: Any, host: str, port: int) -> Deferred[list[str]]:
    if isIPAddress(host) or isIPv6Address(host):
        return succeed([host])
    receiver = _Addresses(host)
    reactor.nameResolver.resolveHostName(receiver, host, port, transportSemantics="UDP")
    return receiver.result


def _no_connection(problem: Exception, host: str, port: int) -> str:
    if isinstance(problem, error.DNSLookupError):
        return f"there is no host {host}"
    if isinstance(problem, error.ConnectionRefusedError):
        return f"nobody listens at {_address(host, port)}"
    return f"no connection to {_address(host, port)}: {problem}"


def _address(host: str, port: int) -> str:
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


__all__: Sequence[str] = ("CLOSE_SECONDS", "CONNECT_SECONDS", "send_datagram", "send_stream")
