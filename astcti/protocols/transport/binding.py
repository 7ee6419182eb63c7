"""What only the two ends of a TLS connection know: a login bound to it holds on no other (RFC 9266)."""

from __future__ import annotations

from typing import Any

from OpenSSL import SSL
from twisted.internet.interfaces import ISSLTransport

from astcti.protocols.scram import EXPORTER_BYTES, EXPORTER_LABEL


def channel_binding(transport: Any) -> bytes | None:
    """The binding data ``tls-exporter`` of a connection.

    None without TLS, before the handshake is done, and with TLS 1.2, where they are unique only with an extension
    (RFC 7627) that cannot be asked for here.
    """
    if not ISSLTransport.providedBy(transport):
        return None
    connection: Any = transport.getHandle()  # type: ignore[attr-defined] # in the interface, but for its types
    if not isinstance(connection, SSL.Connection) or connection.get_protocol_version_name() != "TLSv1.3":
        return None
    try:
        return connection.export_keying_material(EXPORTER_LABEL, EXPORTER_BYTES, b"")
    except SSL.Error:
        return None
