"""From what a person types to a way to the server: its address, and how the connection is encrypted."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from twisted.internet.endpoints import HostnameEndpoint, clientFromString
from twisted.internet.interfaces import IOpenSSLClientConnectionCreator, IStreamClientEndpoint

from astcti.config.addresses import split_address
from astcti.errors import UserError
from astcti.protocols.client import client_tls

DEFAULT_PORT = 5000
TLS_RULES = ("no", "try", "yes")

_BARE_HOST = re.compile(r"[^:\[\]/\s]+|\[[^\]]*\]")
_OVER_TLS = re.compile(r"tls:(.*:\d+)", re.IGNORECASE)
_ENDPOINT = re.compile(r"[A-Za-z][A-Za-z0-9]*:(?=.*\D)")  # tcp:host:5000, unix:/run/x; but not host:5000


@dataclass(frozen=True)
class Server:
    """A way to the server.

    :ivar name: for people.
    :ivar host: for the name in the server's certificate.
    :ivar over_tls: whether TLS begins with the first byte.
    """

    name: str
    host: str
    endpoint: Callable[[Any], IStreamClientEndpoint]
    over_tls: bool = False


@dataclass(frozen=True)
class Encryption:
    """How the way is encrypted.

    :ivar tls: rules for the certificate where TLS begins with the first byte.
    :ivar stls: rules for it where ``STLS`` begins it.
    :ivar required: whether a server that does not know ``STLS`` is left.
    """

    tls: IOpenSSLClientConnectionCreator | None = None
    stls: IOpenSSLClientConnectionCreator | None = None
    required: bool = False


def find_server(text: str) -> Server:
    """The server by ``host``, ``host:port``, ``[v6]:port``, ``tls:host:port``, or an endpoint string of Twisted.

    :raises UserError: it is none of them.
    """
    over_tls = _OVER_TLS.fullmatch(text)
    if over_tls is None and _ENDPOINT.match(text):
        host = text.split(":")[1].partition("=")[2] or text.split(":")[1]
        return Server(text, host, lambda reactor: _endpoint(reactor, text))
    address = over_tls[1] if over_tls else f"{text}:{DEFAULT_PORT}" if _BARE_HOST.fullmatch(text) else text
    try:
        host, port = split_address(address)
    except ValueError as e:
        raise UserError(f"the server: {e}, nor an endpoint such as tcp:cti.example:5000") from e
    return Server(address, host, lambda reactor: HostnameEndpoint(reactor, host, port), over_tls is not None)


def _endpoint(reactor: Any, text: str) -> IStreamClientEndpoint:
    try:
        endpoint: IStreamClientEndpoint = clientFromString(reactor, text)
    except (ValueError, TypeError, KeyError, IndexError) as e:
        raise UserError(f"{text!r} is no endpoint: {e}") from e
    return endpoint


def encryption(server: Server, rule: str, ca_file: Path | None) -> Encryption:
    """How to encrypt.

    ``try`` without ``ca_file`` takes any certificate: it protects from listeners, and nobody who only tries expects
    more. ``yes``, ``try`` with a ``ca_file``, and TLS from the first byte want one that is right.

    :param rule: for ``STLS``: one of :data:`TLS_RULES`.
    :raises UserError: the file is of no use.
    """
    if rule == "no" and not server.over_tls:
        return Encryption()
    try:
        creator = client_tls(server.host, ca_file, server.over_tls or rule == "yes" or ca_file is not None)
    except Exception as e:
        why = e.strerror if isinstance(e, OSError) and e.strerror else e
        raise UserError(f"TLS with {ca_file or 'the certificates of this system'}: {why}") from e
    return Encryption(tls=creator) if server.over_tls else Encryption(stls=creator, required=rule == "yes")
