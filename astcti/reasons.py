"""Why a connection ended, in words for people."""

from __future__ import annotations

from OpenSSL import SSL
from service_identity import VerificationError
from twisted.python.failure import Failure


def in_words(failure: Failure) -> str:
    """Why there is no connection."""
    error = failure.value
    if isinstance(error, SSL.Error) and error.args and isinstance(error.args[0], list):
        return "TLS: " + "; ".join(str(reason) for *_, reason in error.args[0])
    if isinstance(error, VerificationError):
        return "TLS: the certificate is not made out to that name"
    return failure.getErrorMessage() or type(error).__name__
