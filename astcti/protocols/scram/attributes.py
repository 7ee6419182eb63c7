"""SCRAM's messages as attributes: ``n=user,r=nonce``."""

from __future__ import annotations

import re
from base64 import b64decode, b64encode
from binascii import Error as Base64Error
from typing import Final

from astcti.errors import PeerError

MAX_MESSAGE: Final = 1024  # bytes; names of 100 characters and nonces of any client we know fit several times
MAX_NONCE: Final = 256  # characters
BINDING: Final = "tls-exporter"

_NONCE = re.compile(r"[\x21-\x2b\x2d-\x7e]+")


class ScramError(PeerError):
    """The other half broke the rules; the text says which, and quotes nothing secret."""


def text_of(message: bytes) -> str:
    """A message as text.

    :raises ScramError: it is too long, or not UTF-8.
    """
    if len(message) > MAX_MESSAGE:
        raise ScramError("message too long")
    try:
        return message.decode()
    except UnicodeDecodeError as e:
        raise ScramError("not UTF-8") from e


def split(text: str, *wanted: str) -> dict[str, str]:
    """The attributes of a message, which begin with the ``wanted`` ones in this order; further ones may follow.

    :raises ScramError: one is missing, in another order, twice there, or a mandatory extension (``m``).
    """
    found: dict[str, str] = {}
    parts = text.split(",")
    for place, part in enumerate(parts):
        name, equals, value = part.partition("=")
        if not equals or len(name) != 1 or not name.isalpha() or name in found:
            raise ScramError("malformed attribute")
        if name == "m":
            raise ScramError("an extension is asked for that is not known")
        if place < len(wanted) and name != wanted[place]:
            raise ScramError(f"attribute {wanted[place]} expected")
        found[name] = value
    if len(parts) < len(wanted):
        raise ScramError(f"attribute {wanted[len(parts)]} expected")
    return found


def nonce_of(value: str) -> str:
    """A nonce.

    :raises ScramError: it is none.
    """
    if len(value) > MAX_NONCE or not _NONCE.fullmatch(value):
        raise ScramError("malformed nonce")
    return value


def quote(name: str) -> str:
    """A user name as attributes have it."""
    return name.replace("=", "=3D").replace(",", "=2C")


def unquote(value: str) -> str:
    """The user name behind what :func:`quote` makes.

    :raises ScramError: it is empty, or has an ``=`` of another kind.
    """
    if not value or re.search("=(?!2C|3D)", value) or "\0" in value:
        raise ScramError("malformed user name")
    return value.replace("=2C", ",").replace("=3D", "=")


def encode(data: bytes) -> str:
    """Bytes as base64."""
    return b64encode(data).decode("ascii")


def decode(value: str) -> bytes:
    """Bytes from base64.

    :raises ScramError: it is no base64.
    """
    try:
        return b64decode(value, validate=True)
    except (Base64Error, ValueError) as e:
        raise ScramError("malformed base64") from e
