"""The sending half of the zlib transport: one continuous stream per direction, decodable after every message.

Two ways to the same bytes on the wire. :class:`StreamDeflater` keeps a zlib object. :class:`PrimedDeflater` keeps
only the last few KiB that were sent and the running Adler-32: every message is made by a fresh raw deflate object
primed with that history, so its blocks refer back to what the peer has, exactly as in one long stream. A server
with thousands of clients saves some 60 KiB for each.
"""

from __future__ import annotations

import zlib
from typing import Protocol

_DEFLATE = 8  # the compression method in the zlib header (RFC 1950, 2.2)


class Deflater(Protocol):
    """Compresses one direction of one connection."""

    def compress(self, plain: bytes) -> bytes:
        """Give the bytes with which the peer can decode all of ``plain``, sync-flushed."""

    def apart(self, plain: bytes) -> bytes:
        """The same for what nobody may guess by how well it compresses: it refers to nothing, nothing refers to it."""

    def finish(self) -> bytes:
        """Give the end of the stream; nothing may follow."""


class StreamDeflater:
    """An ordinary zlib stream.

    :param window_bits: how far back it may refer, 9 to 15; the receiver must keep as much.
    """

    __slots__ = ("_z",)

    def __init__(self, level: int, window_bits: int = 13, mem_level: int = 6) -> None:
        self._z = zlib.compressobj(level, zlib.DEFLATED, window_bits, mem_level)

    def compress(self, plain: bytes) -> bytes:
        """Compress and sync-flush."""
        return self._z.compress(plain) + self._z.flush(zlib.Z_SYNC_FLUSH)

    def apart(self, plain: bytes) -> bytes:
        """Compress between two full flushes."""
        before = self._z.flush(zlib.Z_FULL_FLUSH)
        return before + self._z.compress(plain) + self._z.flush(zlib.Z_FULL_FLUSH)

    def finish(self) -> bytes:
        """Write the last block and the check sum."""
        return self._z.flush(zlib.Z_FINISH)


class PrimedDeflater:
    """A zlib stream of which only ``history`` bytes and a check sum are kept between messages."""

    __slots__ = ("_adler", "_begun", "_history", "_level", "_limit", "_mem_level")

    def __init__(self, level: int, history: int = 4096, mem_level: int = 6) -> None:
        self._level = level
        self._limit = history
        self._mem_level = mem_level
        self._history = b""
        self._adler = 1
        self._begun = False

    @property
    def _window_bits(self) -> int:
        # deflate looks back over its window less 262 bytes (MIN_LOOKAHEAD in zlib's deflate.h).
        return min(15, max(10, (self._limit + 262).bit_length()))

    def _header(self) -> bytes:
        if self._begun:
            return b""
        self._begun = True
        method = (self._window_bits - 8) << 4 | _DEFLATE
        flags = (0 if self._level < 2 else 1 if self._level < 6 else 2 if self._level == 6 else 3) << 6
        return bytes((method, flags + 31 - (method << 8 | flags) % 31))

    def compress(self, plain: bytes) -> bytes:
        """Compress against what was sent before and sync-flush."""
        z = zlib.compressobj(
            self._level, zlib.DEFLATED, -self._window_bits, self._mem_level, zlib.Z_DEFAULT_STRATEGY, self._history
        )
        data = self._header() + z.compress(plain) + z.flush(zlib.Z_SYNC_FLUSH)
        self._adler = zlib.adler32(plain, self._adler)
        if len(plain) >= self._limit:
            self._history = plain[-self._limit :]
        else:
            self._history = self._history[len(plain) - self._limit :] + plain
        return data

    def apart(self, plain: bytes) -> bytes:
        """Write as it is, and begin with an empty history."""
        self._adler = zlib.adler32(plain, self._adler)
        self._history = b""
        size = len(plain)
        return self._header() + b"\x00" + size.to_bytes(2, "little") + (size ^ 0xFFFF).to_bytes(2, "little") + plain

    def finish(self) -> bytes:
        """Write an empty last block and the check sum."""
        return self._header() + b"\x03\x00" + self._adler.to_bytes(4, "big")
