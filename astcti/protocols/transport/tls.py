"""TLS for clients' connections: which versions, which certificates, and little memory."""

from __future__ import annotations

from pathlib import Path

from OpenSSL import SSL, crypto
from twisted.internet.error import VerifyError
from twisted.internet.interfaces import IOpenSSLServerConnectionCreator, IProtocolFactory
from twisted.internet.ssl import Certificate, CertificateOptions, PrivateCertificate, TLSVersion
from twisted.protocols.tls import TLSMemoryBIOFactory, TLSMemoryBIOProtocol
from zope.interface import implementer


@implementer(IOpenSSLServerConnectionCreator)
class ServerTLS:
    """The server's end of TLS 1.2 and later.

    One context for all connections, which lets go of its buffers while a connection is idle: half the memory.

    :param certificate: PEM: the server's certificate, then those between it and the root, if any.
    :param key: PEM; may be in the same text.
    :raises ValueError: they are no certificate and key, or do not belong together.
    """

    def __init__(self, certificate: bytes, key: bytes = b"") -> None:
        own, *chain = _certificates(certificate)
        try:
            private = PrivateCertificate.loadPEM(own.dumpPEM() + (key or certificate))
            options = CertificateOptions(
                privateKey=private.privateKey.original,
                certificate=private.original,
                extraCertChain=[c.original for c in chain],
                raiseMinimumTo=TLSVersion.TLSv1_2,
            )
            self._context: SSL.Context = options.getContext()
        except (crypto.Error, SSL.Error, VerifyError) as e:
            raise ValueError("no key, or not that of the certificate") from e
        self._context.set_mode(SSL.MODE_RELEASE_BUFFERS)
        self._context.set_options(SSL.OP_NO_RENEGOTIATION | SSL.OP_NO_COMPRESSION)

    @classmethod
    def from_files(cls, certificate: Path, key: Path | None = None) -> ServerTLS:
        """Read the certificate and its key.

        :raises OSError: a file cannot be read.
        :raises ValueError: they are no certificate and key, or do not belong together.
        """
        return cls(certificate.read_bytes(), key.read_bytes() if key else b"")

    def serverConnectionForTLS(self, protocol: TLSMemoryBIOProtocol) -> SSL.Connection:
        """Make the TLS state of one connection; called by Twisted."""
        return SSL.Connection(self._context, None)

    def wrap(self, factory: IProtocolFactory) -> TLSMemoryBIOFactory:
        """Have every connection of ``factory`` begin with TLS; for a listener of its own, on a ``tcp:`` endpoint."""
        return TLSMemoryBIOFactory(self, False, factory)


def _certificates(pem: bytes) -> list[Certificate]:
    end = b"-----END CERTIFICATE-----"
    begin = b"-----BEGIN CERTIFICATE-----"
    found = [begin + part.split(begin, 1)[1] + end for part in pem.split(end) if begin in part]
    if not found:
        raise ValueError("no certificate in the file")
    try:
        return [Certificate.loadPEM(text) for text in found]
    except crypto.Error as e:
        raise ValueError("a certificate in the file cannot be read") from e
