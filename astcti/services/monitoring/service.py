"""The listener of the monitoring pages."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from prometheus_client import GC_COLLECTOR, PROCESS_COLLECTOR, CollectorRegistry
from twisted.application.service import MultiService
from twisted.internet.defer import Deferred, maybeDeferred
from twisted.internet.error import CannotListenError
from twisted.internet.interfaces import IListeningPort
from twisted.logger import Logger

from astcti.services.monitoring.collector import Collector
from astcti.services.monitoring.heartbeat import Heartbeat
from astcti.services.monitoring.pages import make_site


class Monitoring(MultiService):
    """Serves the pages at one address, which does not change while the server runs.

    :param address: host and port.
    :param status: as :meth:`.StatusBoard.status`.
    :ivar port: where it listens, once it does.
    """

    name = "monitoring"
    _log = Logger()

    def __init__(self, reactor: Any, address: tuple[str, int], status: Callable[[], Mapping[str, Any]]) -> None:
        MultiService.__init__(self)
        self._reactor = reactor
        self._address = address
        self.port: IListeningPort | None = None
        registry = CollectorRegistry()
        for collector in (Collector(status), PROCESS_COLLECTOR, GC_COLLECTOR):
            registry.register(collector)
        Heartbeat(reactor, registry).setServiceParent(self)  # type: ignore[no-untyped-call]
        self._site = make_site(registry, status)

    def startService(self) -> None:
        """Listen. A port that cannot be had is said in the log; calls go on without it."""
        MultiService.startService(self)
        host, port = self._address
        try:
            self.port = self._reactor.listenTCP(port, self._site, interface=host)
        except CannotListenError as e:
            self._log.error(
                "No metrics: cannot listen at {host} port {port}: {reason}", host=host, port=port, reason=e.socketError
            )
        else:
            here: Any = self.port.getHost()
            self._log.info("Metrics are at http://{host}:{port}/metrics", host=host, port=here.port)

    async def _stop(self) -> None:
        if self.port is not None:
            await maybeDeferred(self.port.stopListening)
            self.port = None
        await maybeDeferred(MultiService.stopService, self)

    def stopService(self) -> Deferred[None]:
        """Listen no more."""
        return Deferred.fromCoroutine(self._stop())
