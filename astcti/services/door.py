"""The door clients come in by: listeners that open, close and move with the configuration."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from OpenSSL.SSL import Error as TLSError
from twisted.application.service import Service
from twisted.internet.defer import Deferred, DeferredList
from twisted.internet.endpoints import quoteStringArgument, serverFromString
from twisted.internet.interfaces import IListeningPort, IOpenSSLServerConnectionCreator, IProtocolFactory
from twisted.logger import Logger
from twisted.protocols.tls import TLSMemoryBIOFactory, TLSMemoryBIOProtocol
from zope.interface import implementer

from astcti.config.addresses import split_address
from astcti.config.settings import Settings
from astcti.errors import ConfigError
from astcti.protocols.settings import ProtocolSettings
from astcti.protocols.transport import ServerFactory, ServerTLS

BACKLOG = 4096  # a whole floor that reconnects at once waits here; the kernel may have a lower limit of its own


class Listener(NamedTuple):
    """Where clients can come in: an endpoint string, and whether it speaks TLS from the first byte."""

    endpoint: str
    tls: bool = False


def protocol_settings(settings: Settings) -> ProtocolSettings:
    """The protocol's part of the settings."""
    return ProtocolSettings(
        compression_level=settings.cti_socket_compression_level,
        zlib_history=settings.zlib_history,
        window_bits=settings.zlib_window_bits,
        mem_level=settings.zlib_mem_level,
        keepalive_ms=settings.cti_read_timeout,
        login_seconds=settings.cti_connect_timeout / 1000,
        dialect=settings.dialect,
        legacy_charset=settings.legacy_charset,
        require_tls=settings.require_tls,
        max_clients=settings.max_clients,
        max_unauthenticated=settings.max_unauthenticated,
        max_unauthenticated_per_address=settings.max_unauthenticated_per_address,
    )


def read_tls(settings: Settings) -> ServerTLS | None:
    """The certificate of the settings, if there is one.

    :raises ConfigError: it cannot be used.
    """
    if settings.tls_address and len({listener.endpoint for listener in listeners(settings)}) == 1:
        raise ConfigError("server_settings tls_address: it is cti_server_address and cti_server_port already")
    if not settings.tls_cert:
        if settings.tls_address:
            raise ConfigError("server_settings tls_address: a TLS listener needs tls_cert")
        return None
    try:
        return ServerTLS.from_files(Path(settings.tls_cert), Path(settings.tls_key) if settings.tls_key else None)
    except (OSError, ValueError, TLSError) as e:
        raise ConfigError(f"server_settings tls_cert: {settings.tls_cert} cannot be used: {e or 'no key'}") from e


@implementer(IOpenSSLServerConnectionCreator)
class CurrentTLS:
    """TLS with whatever certificate is the current one: it can be renewed while the listener stays."""

    def __init__(self) -> None:
        self.current: ServerTLS | None = None

    def serverConnectionForTLS(self, protocol: TLSMemoryBIOProtocol) -> Any:
        """Make the TLS state of one connection; called by Twisted."""
        if self.current is None:
            raise ConfigError("there is no certificate any more")
        return self.current.serverConnectionForTLS(protocol)


class Door(Service):
    """Listens for clients while it is open.

    :param opened: called each time all listeners are open; ``failed`` with a sentence when one cannot be opened.
    :ivar ports: the ports that listen.
    :ivar trouble: why it is not open where it is to be; empty while it is.
    """

    name = "door"
    _log = Logger()

    def __init__(
        self,
        reactor: Any,
        factory: ServerFactory,
        settings: Settings,
        *,
        opened: Callable[[], None],
        failed: Callable[[str], None],
    ) -> None:
        self._reactor = reactor
        self._factory = factory
        self._tls = CurrentTLS()
        self._opened = opened
        self._failed = failed
        self._wanted: Sequence[Listener] = ()
        self._is_open = False
        self._opening: set[Listener] = set()
        self._making_way = 0
        self.ports: dict[Listener, IListeningPort] = {}
        self.trouble = ""
        self.configure(settings, read_tls(settings))

    @property
    def addresses(self) -> list[str]:
        """Where clients can connect to at this moment, for people."""
        shown = []
        for listener, port in self.ports.items():
            host: Any = port.getHost()
            shown.append(f"{'tls' if listener.tls else 'tcp'} {host.host} port {host.port}")
        return shown

    def configure(self, settings: Settings, tls: ServerTLS | None) -> None:
        """Go by other settings. What has to move is opened anew before the old place is closed."""
        self._tls.current = tls
        self._factory.tls = self._tls if tls is not None else None
        self._factory.context.tls = tls is not None
        self._factory.configure(protocol_settings(settings))
        self._wanted = listeners(settings)
        if self._is_open:
            self._arrange()

    def renew(self, tls: ServerTLS) -> None:
        """Use another certificate for new connections, where there is one in use."""
        if self._tls.current is not None:
            self._tls.current = tls

    def open(self) -> None:
        """Let clients in, if they are not let in already."""
        if not self._is_open and self.running:
            self._is_open = True
            self._arrange()

    def close(self) -> Deferred[Any]:
        """Let nobody else in; those inside stay. Fires when all listeners are closed."""
        self._is_open = False
        closing = [self._close(listener) for listener in list(self.ports)]
        return DeferredList([d for d in closing if d is not None], consumeErrors=True)

    def stopService(self) -> Deferred[Any]:
        """Close."""
        Service.stopService(self)
        return self.close()

    def _arrange(self) -> None:
        missing = [w for w in self._wanted if w not in self.ports and w not in self._opening]
        for wanted in missing:
            self._opening.add(wanted)
            factory: IProtocolFactory = self._factory
            if wanted.tls:
                factory = TLSMemoryBIOFactory(self._tls, False, self._factory)
            listening = serverFromString(self._reactor, wanted.endpoint).listen(factory)
            listening.addCallbacks(self._listens, self._cannot, callbackArgs=(wanted,), errbackArgs=(wanted,))
        if not missing:
            self._tidy()

    def _listens(self, port: IListeningPort, wanted: Listener) -> None:
        self._opening.discard(wanted)
        self.ports[wanted] = port
        if not self._is_open:
            self._close(wanted)
            return
        host: Any = port.getHost()
        self._log.info("Clients can connect to {host} port {port}", host=host.host, port=host.port)
        self._tidy()

    def _cannot(self, failure: Any, wanted: Listener) -> None:
        self._opening.discard(wanted)
        in_the_way = [p for p in self.ports if p not in self._wanted and _port_of(p) == _port_of(wanted)]
        if self._is_open and (in_the_way or self._making_way):
            # The same port at another address, one of them "any", or with TLS: both cannot be open, so there is a gap.
            self._making_way += 1
            closing = [d for d in map(self._close, in_the_way) if d is not None]
            DeferredList(closing, consumeErrors=True).addCallback(self._made_way)
            return
        reason = getattr(failure.value, "socketError", None) or failure.getErrorMessage()
        self.trouble = f"cannot listen for clients at {wanted.endpoint.partition(':backlog')[0]}: {reason}"
        self._failed(self.trouble)

    def _made_way(self, _: object) -> None:
        self._making_way -= 1
        if self._is_open and not self._making_way:
            self._arrange()

    def _tidy(self) -> None:
        """When everything wanted is open, close what is not wanted any more."""
        if all(wanted in self.ports for wanted in self._wanted):
            self.trouble = ""
            for listener in [p for p in self.ports if p not in self._wanted]:
                self._close(listener)
            self._opened()

    def _close(self, listener: Listener) -> Deferred[Any] | None:
        port = self.ports.pop(listener)
        return port.stopListening()


def listeners(settings: Settings) -> Sequence[Listener]:
    """Where clients are to come in by the settings."""
    plain = Listener(_endpoint(settings.cti_server_address, settings.cti_server_port))
    if not settings.tls_address:
        return (plain,)
    return (plain, Listener(_endpoint(*split_address(settings.tls_address)), tls=True))


def _port_of(listener: Listener) -> str:
    return listener.endpoint.split(":")[1]


def _endpoint(host: str, port: int) -> str:
    return f"tcp:{port}:interface={quoteStringArgument(host)}:backlog={BACKLOG}"
