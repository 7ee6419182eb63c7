"""Tickets: who logged in comes back with one in microseconds, without a password. Pure; the time is an argument.

A ticket is 73 bytes in base64, all of them public but for what the key has signed: whose it is, when the password was
last proved and when the ticket was given, randomness, and a digest of everything it depends on (credential, seat,
rights). Nothing in it is secret by itself; whoever holds it can log in.
"""

from __future__ import annotations

import hashlib
import hmac
import os
import struct
from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error as Base64Error
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from twisted.logger import Logger

from astcti.config.files import make_folder, write_file
from astcti.errors import ConfigError

LIFE_SECONDS = 12 * 3600  # of a ticket; a shift and its overtime
PROOF_SECONDS = 7 * 86_400  # from the proof of the password, however often the ticket was replaced since
CLOCK_SECONDS = 60  # how far in the future a ticket may be of a server whose clock was set back since
KEY_BYTES = 32
SERIAL_BYTES = 12
_MARK_BYTES = 16  # of the two HMACs; nobody guesses 128 bits by asking
_VERSION = 3
_BODY = struct.Struct(f">B4sQQQQ{SERIAL_BYTES}s{_MARK_BYTES}s")
_SIZE = _BODY.size + _MARK_BYTES

_log = Logger()


class Forged(ValueError):
    """A ticket that this server never gave to anybody."""


@dataclass(frozen=True, slots=True)
class Ticket:
    """What a genuine ticket says; whether it still counts is another matter.

    :ivar proved: when the password was proved, seconds since 1970; ``given`` when the ticket was.
    :ivar serial: differs for each ticket.
    :ivar rests_on: a digest of what it depends on, see :meth:`TicketOffice.issue`.
    """

    operator_id: int
    seat_id: int
    proved: int
    given: int
    serial: bytes = field(repr=False)
    rests_on: bytes = field(repr=False)


class TicketOffice:
    """Issues and reads tickets.

    :param key: secret, whoever has it can be anybody; or what gets it at the first need.
    """

    def __init__(self, key: bytes | Callable[[], bytes]) -> None:
        self._given = key

    @cached_property
    def _key(self) -> bytes:
        return self._given if isinstance(self._given, bytes) else self._given()

    @cached_property
    def _key_id(self) -> bytes:
        return self._digest(b"key", b"")[:4]

    def salts(self) -> bytes:
        """Secret bytes for another purpose, the same as long as the key is."""
        return self._digest(b"salts", b"")

    def issue(
        self, operator_id: int, seat_id: int, proved: float, given: float, serial: bytes, rests_on: tuple[str, ...]
    ) -> str:
        """A new ticket.

        :param rests_on: what it depends on: void as soon as one of these texts is another.
        """
        body = _BODY.pack(
            _VERSION, self._key_id, operator_id, seat_id, int(proved), int(given),
            serial, self._rests_on(rests_on),
        )  # fmt: skip
        return urlsafe_b64encode(body + self._digest(b"ticket", body)).decode("ascii").rstrip("=")

    def read(self, text: str) -> Ticket | None:
        """What a ticket says; None for one of another key or server version, which may have been genuine once.

        :raises Forged: it never was.
        """
        try:
            data = urlsafe_b64decode(text + "=" * (-len(text) % 4))
        except (Base64Error, ValueError) as e:
            raise Forged("malformed") from e
        if data and data[0] != _VERSION:
            return None
        if len(data) != _SIZE:
            raise Forged("malformed")
        body, mark = data[: _BODY.size], data[_BODY.size :]
        _, key_id, operator_id, seat_id, proved, given, serial, rests_on = _BODY.unpack(body)
        if key_id != self._key_id:
            return None
        if not hmac.compare_digest(mark, self._digest(b"ticket", body)):
            raise Forged("wrong signature")
        if urlsafe_b64encode(data).decode("ascii").rstrip("=") != text:
            raise Forged("malformed")  # the last character's spare bits
        return Ticket(operator_id, seat_id, proved, given, serial, rests_on)

    def still_counts(self, ticket: Ticket, rests_on: tuple[str, ...], now: float) -> bool:
        """Whether a ticket is neither too old nor void."""
        in_time = -CLOCK_SECONDS <= now - ticket.given <= LIFE_SECONDS and now - ticket.proved <= PROOF_SECONDS
        return hmac.compare_digest(ticket.rests_on, self._rests_on(rests_on)) and in_time

    def _rests_on(self, texts: tuple[str, ...]) -> bytes:
        return self._digest(b"rests on", "\0".join(texts).encode())

    def _digest(self, purpose: bytes, data: bytes) -> bytes:
        return hmac.new(self._key, purpose + b"\0" + data, hashlib.sha256).digest()[:_MARK_BYTES]


def key_of(path: Path) -> bytes:
    """The key in a file that only we can read; a new one, if there is none or it is no key.

    Without a file to keep it in, tickets end with this process; the log says so.
    """
    try:
        make_folder(path.parent)
        if path.exists():
            if path.stat().st_mode & 0o077:
                _log.warn("{path} could be read by others; whoever has it can log in as anybody, so it is replaced",
                          path=str(path))  # fmt: skip
            elif len(key := path.read_bytes()) == KEY_BYTES:
                return key
            else:
                _log.warn("{path} is no key and is replaced; clients log in with their passwords", path=str(path))
        key = os.urandom(KEY_BYTES)
        write_file(path, key)
    except (OSError, ConfigError) as e:
        _log.warn("{path}: {reason}; tickets of clients end with this process", path=str(path), reason=str(e))
        return os.urandom(KEY_BYTES)
    return key
