"""SCRAM's keys, and the form in which a server keeps them."""

from __future__ import annotations

import hashlib
import hmac
import re
from dataclasses import dataclass, field
from typing import Final

from astcti.protocols.scram.attributes import ScramError, decode, encode

ITERATIONS: Final = 15_000  # RFC 7677 wants 4096 at least; about 5 ms on one core
LEAST_ITERATIONS: Final = 4096  # fewer would help whoever plays the server and guesses passwords afterwards
MOST_ITERATIONS: Final = 200_000  # more would let a server stop its clients for long
SALT_BYTES: Final = 16
MAX_SALT: Final = 128  # bytes

_STORED = re.compile(
    r"\$scram-sha-256\$i=([0-9]{4,6})(?:\$|,s=)([A-Za-z0-9+/]+=*)\$([A-Za-z0-9+/]{43}=)\$([A-Za-z0-9+/]{43}=)"
)


def salted(password: bytes, salt: bytes, iterations: int) -> bytes:
    """What all keys are made of. Slow on purpose."""
    return hashlib.pbkdf2_hmac("sha256", password, salt, iterations)


def mac(key: bytes, *parts: str) -> bytes:
    """HMAC-SHA-256 of a text."""
    return hmac.new(key, ",".join(parts).encode(), hashlib.sha256).digest()


def client_key(salted_password: bytes) -> bytes:
    """The key a client proves to have."""
    return mac(salted_password, "Client Key")


def stored_key(key: bytes) -> bytes:
    """What the server knows of the client's key."""
    return hashlib.sha256(key).digest()


def server_key(salted_password: bytes) -> bytes:
    """The key the server proves to have."""
    return mac(salted_password, "Server Key")


def mixed(one: bytes, other: bytes) -> bytes:
    """Exclusive or, of equal lengths."""
    return bytes(a ^ b for a, b in zip(one, other, strict=True))


def check_cost(salt: bytes, iterations: int) -> None:
    """See that a derivation is neither too cheap nor too dear.

    :raises ScramError: it is.
    """
    if not LEAST_ITERATIONS <= iterations <= MOST_ITERATIONS:
        raise ScramError(f"{iterations} iterations")
    if not 1 <= len(salt) <= MAX_SALT:
        raise ScramError(f"a salt of {len(salt)} bytes")


@dataclass(frozen=True, slots=True)
class Verifier:
    """What a server keeps of a password; ``str()`` gives ``$scram-sha-256$i=15000$salt$StoredKey$ServerKey``."""

    salt: bytes
    iterations: int
    stored_key: bytes = field(repr=False)
    server_key: bytes = field(repr=False)

    @classmethod
    def derive(cls, password: bytes, salt: bytes, iterations: int = ITERATIONS) -> Verifier:
        """Make it from the password. Takes milliseconds."""
        made_of = salted(password, salt, iterations)
        return cls(salt, iterations, stored_key(client_key(made_of)), server_key(made_of))

    @classmethod
    def parse(cls, text: str) -> Verifier | None:
        """Read what ``str()`` gives; None when it is nothing of that kind, or too cheap or too dear."""
        match = _STORED.fullmatch(text)
        if match is None:
            return None
        try:
            verifier = cls(decode(match[2]), int(match[1]), decode(match[3]), decode(match[4]))
            check_cost(verifier.salt, verifier.iterations)
        except ScramError:
            return None
        return verifier

    def __str__(self) -> str:
        keys = f"{encode(self.stored_key)}${encode(self.server_key)}"
        return f"$scram-sha-256$i={self.iterations}${encode(self.salt)}${keys}"
