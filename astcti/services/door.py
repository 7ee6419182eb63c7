"""The door clients come in by: listeners that open, close and move with the configuration."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

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
    :ivar ports: endpoint string to the port that listens there.
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
        self._wanted: Mapping[str, bool] = {}
        self._is_open = False
        self._opening: set[str] = set()
        self.ports: dict[str, IListeningPort] = {}
        self.trouble = ""
        self.configure(settings, read_tls(settings))

    @property
    def addresses(self) -> list[str]:
        """Where clients can connect to at this moment, for people."""
        shown = []
        for endpoint, port in self.ports.items():
            host: Any = port.getHost()
            shown.append(f"{'tls' if self._wanted.get(endpoint) else 'tcp'} {host.host} port {host.port}")
        return shown

    def configure(self, settings: Settings, tls: ServerTLS | None) -> None:
        """Go by other settings. What has to move is opened anew before the old place is closed."""
        self._tls.current = tls
        self._factory.tls = self._tls if tls is not None else None
        self._factory.context.tls = tls is not None
        self._factory.configure(protocol_settings(settings))
        self._wanted = endpoints(settings)
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
        closing = [self._close(endpoint) for endpoint in list(self.ports)]
        return DeferredList([d for d in closing if d is not None], consumeErrors=True)

    def stopService(self) -> Deferred[Any]:
        """Close."""
        Service.stopService(self)
        return self.close()

    def _arrange(self) -> None:
        missing = [e for e in self._wanted if e not in self.ports and e not in self._opening]
        for endpoint in missing:
            self._opening.add(endpoint)
            factory: IProtocolFactory = self._factory
            if self._wanted[endpoint]:
                factory = TLSMemoryBIOFactory(self._tls, False, self._factory)
            listening = serverFromString(self._reactor, endpoint).listen(factory)
            listening.addCallbacks(self._listens, self._cannot, callbackArgs=(endpoint,), errbackArgs=(endpoint,))
        if not missing:
            self._tidy()

    def _listens(self, port: IListeningPort, endpoint: str) -> None:
        self._opening.discard(endpoint)
        self.ports[endpoint] = port
        if not self._is_open:
            self._close(endpoint)
            return
        host: Any = port.getHost()
        self._log.info("Clients can connect to {host} port {port}", host=host.host, port=host.port)
        self._tidy()

    def _cannot(self, failure: Any, endpoint: str) -> None:
        self._opening.discard(endpoint)
        in_the_way = [e for e in self.ports if e not in self._wanted and _port_of(e) == _port_of(endpoint)]
        if in_the_way and self._is_open:
            # The same port at another address, one of them "any": both cannot be open, so there is a gap.
            closing = [d for d in map(self._close, in_the_way) if d is not None]
            DeferredList(closing, consumeErrors=True).addCallback(lambda _: self._arrange() if self._is_open else None)
            return
        reason = getattr(failure.value, "socketError", None) or failure.getErrorMessage()
        self.trouble = f"cannot listen for clients at {endpoint.partition(':backlog')[0]}: {reason}"
        self._failed(self.trouble)

    def _tidy(self) -> None:
        """When everything wanted is open, close what is not wanted any more."""
        if all(endpoint in self.ports for endpoint in self._wanted):
            self.trouble = ""
            for endpoint in [e for e in self.ports if e not in self._wanted]:
                self._close(endpoint)
            self._opened()

    def _close(self, endpoint: str) -> Deferred[Any] | None:
        port = self.ports.pop(endpoint)
        return port.stopListening()


def endpoints(settings: Settings) -> dict[str, bool]:
    """The listeners of the settings as endpoint strings, and whether each speaks TLS from the first byte."""
    wanted = {_endpoint(settings.cti_server_address, settings.cti_server_port): False}
    if settings.tls_address:
        wanted[_endpoint(*split_address(settings.tls_address))] = True
    return wanted


def _port_of(endpoint: str) -> str:
    return endpoint.split(":")[1]


def _endpoint(host: str, port: int) -> str:
    return f"tcp:{port}:interface={quoteStringArgument(host)}:backlog={BACKLOG}"
