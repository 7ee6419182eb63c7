"""Clients' sessions on Twisted: connections, listeners, TLS."""

from astcti.protocols.transport.connection import ServerProtocol
from astcti.protocols.transport.factory import ServerFactory
from astcti.protocols.transport.tls import ServerTLS

__all__ = ["ServerFactory", "ServerProtocol", "ServerTLS"]
