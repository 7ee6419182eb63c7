"""SCRAM-SHA-256 and SCRAM-SHA-256-PLUS (RFC 5802, 7677, 9266), both halves without I/O and without chance of their own.

What plays the part of the password is the digest that ``PASS`` would have sent: 32 lower-case hexadecimal digits.
"""

from astcti.protocols.scram.attributes import ScramError
from astcti.protocols.scram.client import ClientExchange
from astcti.protocols.scram.keys import ITERATIONS, Verifier, salted
from astcti.protocols.scram.server import ServerExchange, WrongProof

PLAIN_BINDING = "SCRAM-SHA-256"
WITH_BINDING = "SCRAM-SHA-256-PLUS"
EXPORTER_LABEL = b"EXPORTER-Channel-Binding"  # RFC 9266; 32 bytes with an empty context
EXPORTER_BYTES = 32

__all__ = [
    "EXPORTER_BYTES",
    "EXPORTER_LABEL",
    "ITERATIONS",
    "PLAIN_BINDING",
    "WITH_BINDING",
    "ClientExchange",
    "ScramError",
    "ServerExchange",
    "Verifier",
    "WrongProof",
    "salted",
]
