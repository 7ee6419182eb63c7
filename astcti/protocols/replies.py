"""The server's numeric lines: codes, error numbers, and how a failure is written in each dialect."""

from __future__ import annotations

import re
from enum import Enum, IntEnum
from types import MappingProxyType

from astcti.protocols.limits import NUMERIC_LINE


class Code(IntEnum):
    """What a numeric line begins with; the hundreds say what it is about (1 general, 2 lists, 3 pause, 9 closing)."""

    OK = 100
    FAILED = 101
    AUTHENTICATED = 102
    LEVEL = 103
    KEEPALIVE = 104
    CHALLENGE = 105
    CAPABILITIES = 106
    TICKET = 107
    SERVICE = 200
    SERVICES_END = 201
    QUEUE = 202
    QUEUES_END = 203
    QUEUE_STATE = 204
    QUEUE_STATES_END = 205
    ITEM = 210
    ITEMS_END = 211
    PAUSED = 300
    PAUSE_PENDING = 301
    PAUSE_FAILED = 302
    GOODBYE = 900


class Dialect(Enum):
    """Which generation of clients a connection belongs to: only failures and queue notices differ."""

    UNDECIDED = "undecided"
    V1 = "v1"
    V2 = "v2"


_ERRORS = {
    900: "unknown command",
    901: "wrong number or form of parameters",
    902: "not authenticated",
    903: "not valid in this state",
    904: "line too long / malformed",
    905: "no link to the PBX",
    906: "refused by the PBX",
    907: "timed out",
    908: "too many connections / rate",
    910: "operator already logged in",
    911: "wrong credentials",
    912: "unknown operating system",
    913: "MAC unknown",
    914: "seat in use",
    915: "password not changed",
    916: "extension unknown or not allowed",
    917: "locked out, try later",
    918: "TLS required",
    919: "seat not set",
    920: "unknown channel",
    921: "unknown queue",
    922: "unknown or unusable service",
    923: "number not allowed",
    924: "unknown call",
    925: "permission denied",
    926: "pause request already pending",
    930: "feature not available",
    931: "not found",
    990: "server shutting down",
    999: "internal error",
}
ERRORS = MappingProxyType(_ERRORS)
"""Error numbers, sent with the capability ``errcodes``."""

_BREAKS = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029]+")  # also what only some readers take for a line end


def line(code: int, text: str = "", charset: str = "utf-8") -> bytes:
    """Write one numeric line, LF included: no text can add a second line, or make it longer than allowed."""
    if not text.isprintable():
        text = _BREAKS.sub(" ", text)
    data = f"{code:d} {text}".encode(charset, "replace") if text else b"%d" % code
    if len(data) >= NUMERIC_LINE:
        data = data[: NUMERIC_LINE - 1].decode(charset, "ignore").encode(charset)
    return data + b"\n"


def failure_text(number: int, reason: str, dialect: Dialect, errcodes: bool) -> str:
    """Write what follows ``101`` or ``302``: with ``KO`` unless the client is known to be of v2."""
    if errcodes:
        reason = f"{number} {reason}"
    return reason if dialect is Dialect.V2 else f"KO {reason}"


def queue_text(queue: str, member: bool) -> str:
    """Write a queue as in ``202``."""
    return queue if member else f"{queue} unavailable"
