"""TLS from the client's side."""

from __future__ import annotations

from pathlib import Path

from OpenSSL import SSL
from twisted.internet.interfaces import IOpenSSLClientConnectionCreator
from twisted.internet.ssl import (
    Certificate,
    CertificateOptions,
    TLSVersion,
    optionsForClientTLS,
    platformTrust,
    trustRootFromCertificates,
)
from twisted.protocols.tls import TLSMemoryBIOProtocol
from zope.interface import implementer


@implementer(IOpenSSLClientConnectionCreator)
class _Anybody:
    """Encrypts towards whoever answers."""

    def __init__(self, context: SSL.Context) -> None:
        self._context = context

    def clientConnectionForTLS(self, protocol: TLSMemoryBIOProtocol) -> SSL.Connection:
        """Make the TLS state of one connection; called by Twisted."""
        return SSL.Connection(self._context, None)


def client_tls(server: str, ca_file: Path | None = None, verify: bool = True) -> IOpenSSLClientConnectionCreator:
    """Say what a server's certificate must be.

    :param server: the name or address that it is for.
    :param ca_file: PEM; those who may have issued it, or the certificate itself. None: whom the system trusts.
    :param verify: False accepts anybody, which protects from listeners only.
    """
    versions = {"raiseMinimumTo": TLSVersion.TLSv1_2}
    if not verify:
        return _Anybody(CertificateOptions(verify=False, **versions).getContext())
    trust = platformTrust()
    if ca_file is not None:
        end = b"-----END CERTIFICATE-----"
        parts = [part + end for part in ca_file.read_bytes().split(end) if b"-----BEGIN CERTIFICATE-----" in part]
        trust = trustRootFromCertificates([Certificate.loadPEM(part) for part in parts])
    return optionsForClientTLS(server, trust, extraCertificateOptions=versions)
