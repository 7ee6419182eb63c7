"""The three pages, and a web server that does as little as it can."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any, Final

from prometheus_client import CollectorRegistry
from prometheus_client.exposition import choose_encoder
from twisted.protocols.policies import ThrottlingFactory
from twisted.web.http import OK, SERVICE_UNAVAILABLE
from twisted.web.resource import Resource
from twisted.web.server import Request, Site

from astcti.services.monitoring.readiness import not_ready

MAX_CONNECTIONS: Final = 16
IDLE_SECONDS: Final = 10.0
TEXT, JSON = b"text/plain; charset=utf-8", b"application/json"


class SmallRequest(Request):
    """A request without a body."""

    def gotLength(self, length: int | None) -> None:
        """Hang up on whoever brings one: nobody has to, and it could be of any size."""
        if length is None or length > 0:
            self.loseConnection()  # type: ignore[no-untyped-call]
        Request.gotLength(self, 0)


class Page(Resource):
    """One page; ``write`` gives status, kind and content for what the client accepts."""

    isLeaf = True

    def __init__(self, write: Callable[[str], tuple[int, bytes, bytes]]) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self._write = write

    def render_GET(self, request: Request) -> bytes:
        """Answer; HEAD, too."""
        accepted: bytes = request.getHeader(b"accept") or b""
        status, kind, content = self._write(accepted.decode("ascii", "replace"))
        request.setResponseCode(status)
        request.setHeader(b"Content-Type", kind)
        request.setHeader(b"Cache-Control", b"no-store")
        return content


def make_site(registry: CollectorRegistry, status: Callable[[], Mapping[str, Any]]) -> Any:
    """The factory of connections to ``/metrics``, ``/healthz`` and ``/readyz``."""

    def metrics(accepted: str) -> tuple[int, bytes, bytes]:
        try:
            encode, kind = choose_encoder(accepted)
        except (TypeError, ValueError):  # a version that is none
            encode, kind = choose_encoder("")
        return OK, kind.encode(), encode(registry)

    def healthz(_: str) -> tuple[int, bytes, bytes]:
        return OK, TEXT, b"ok\n"

    def readyz(_: str) -> tuple[int, bytes, bytes]:
        reasons = not_ready(status())
        answer = {"ready": not reasons, "reasons": reasons}
        return (SERVICE_UNAVAILABLE if reasons else OK), JSON, json.dumps(answer).encode() + b"\n"

    root = Resource()
    for name, write in ((b"metrics", metrics), (b"healthz", healthz), (b"readyz", readyz)):
        root.putChild(name, Page(write))
    site = Site(root, requestFactory=SmallRequest, timeout=IDLE_SECONDS)
    site.displayTracebacks = False
    site.noisy = False
    site.log = lambda request: None  # type: ignore[method-assign]
    return ThrottlingFactory(site, MAX_CONNECTIONS)
