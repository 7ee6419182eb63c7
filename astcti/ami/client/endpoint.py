"""Where the PBX is, and how its certificate is checked."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from OpenSSL import crypto
from twisted.internet.defer import CancelledError
from twisted.internet.endpoints import HostnameEndpoint, wrapClientTLS
from twisted.internet.error import ConnectingCancelledError
from twisted.internet.interfaces import IStreamClientEndpoint
from twisted.internet.ssl import Certificate, optionsForClientTLS, platformTrust, trustRootFromCertificates

from astcti.errors import ConfigError

_PEM = re.compile(rb"-----BEGIN CERTIFICATE-----.*?-----END CERTIFICATE-----", re.DOTALL)

#: How connecting ends when we do not want to any more; what it is, depends on the kind of endpoint.
CANCELLED = (CancelledError, ConnectingCancelledError)


def ami_endpoint(
    reactor: object, host: str, port: int, *, tls: bool = False, ca_file: str = "", tls_name: str = ""
) -> IStreamClientEndpoint:
    """An endpoint for :class:`~astcti.ami.client.AMIClient`.

    :param host: a name or an address.
    :param tls: whether to talk TLS; the certificate is always checked, its validity and its name.
    :param ca_file: PEM certificates to trust instead of the system's: of an authority, or the PBX's own.
    :param tls_name: the name or address that the certificate must have, if it is not ``host``.
    :raises ConfigError: as :func:`ami_tls`.
    """
    plain = HostnameEndpoint(reactor, host, port)
    return wrapClientTLS(ami_tls(tls_name or host, ca_file), plain) if tls else plain


def ami_tls(name: str, ca_file: str = "") -> Any:
    """How certificates are checked.

    :raises ConfigError: no certificate can be made out to that name; ``ca_file`` cannot be read or has none in it.
    """
    trust = _trust(ca_file) if ca_file else platformTrust()
    try:
        return optionsForClientTLS(name, trustRoot=trust)
    except ValueError as e:  # of idna
        raise ConfigError(f"{name!r} is no name that a certificate can have: {e}") from e


def _trust(ca_file: str) -> Any:
    try:
        pems = _PEM.findall(Path(ca_file).read_bytes())
        if not pems:
            raise ConfigError(f"{ca_file}: no PEM certificate in it")
        return trustRootFromCertificates([Certificate.loadPEM(pem) for pem in pems])
    except OSError as e:
        raise ConfigError(f"{ca_file}: {e.strerror}") from e
    except crypto.Error as e:
        raise ConfigError(f"{ca_file}: a certificate in it cannot be read") from e
