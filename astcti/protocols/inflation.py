"""The receiving half of the zlib transport: bounded steps, and next to no memory between messages.

A zlib object that inflates takes 7 KiB and a window of up to 32 KiB. Peers flush after every message, and at that
point all that matters of the past is the window's content and the check sum: :class:`Inflater` then lets go of the
object, and makes another one, primed with the window, when more arrives.
"""

from __future__ import annotations

import zlib

from astcti.errors import PeerError
from astcti.protocols.limits import GUARD_RATIO, GUARD_WINDOW, INFLATE_STEP

_SYNC_FLUSHED = b"\x00\x00\xff\xff"
_EMPTY_LAST_BLOCK = b"\x01\x00\x00\xff\xff"  # stored, length 0; it is that only at a byte boundary between two blocks


class InflateError(PeerError):
    """The peer's zlib stream is broken, or goes on behind its end."""


class Inflater:
    """Inflates one direction of one connection, at most ``step_size`` bytes a step.

    :ivar wire: compressed bytes used so far.
    :ivar plain: bytes inflated so far.
    """

    __slots__ = (
        "_adler", "_held", "_more", "_primed", "_step_size", "_trailer", "_window", "_window_bits", "_z",
        "plain", "wire",
    )  # fmt: skip

    def __init__(self, step_size: int = INFLATE_STEP) -> None:
        self._step_size = step_size
        self._z: zlib._Decompress | None = zlib.decompressobj(0)  # 0: the window is as large as the header says
        self._primed = False
        self._window = b""
        self._window_bits = 0
        self._adler = 1
        self._held = b""
        self._more = False
        self._trailer: bytes | None = None
        self.wire = 0
        self.plain = 0

    def push(self, data: bytes) -> None:
        """Take what arrived.

        :raises InflateError: the stream has ended already, or ends with a wrong check sum.
        """
        if self._trailer is not None:
            self._check_trailer(data)
            return
        if not self._window_bits and data:
            # CINFO, the high half of the first byte: log2 of the window, minus 8. zlib checks the header itself.
            self._window_bits = min(15, 8 + (data[0] >> 4))
        self._held = self._held + data if self._held else data

    @property
    def waits(self) -> bool:
        """Whether another step may give something."""
        return self._more or bool(self._held)

    def step(self) -> bytes:
        """Inflate what waits, up to the step's size; maybe nothing, if what waits is not enough.

        :raises InflateError: the stream is broken; nothing more can come of it.
        """
        z = self._z or self._unpark()
        before = len(self._held)
        flushed = self._held.endswith(_SYNC_FLUSHED)
        try:
            plain = z.decompress(self._held, self._step_size)
        except zlib.error as e:
            raise InflateError(str(e)) from e
        self._held = z.unconsumed_tail
        # A full step may leave output inside zlib although it has taken all input.
        self._more = len(plain) == self._step_size
        self.wire += before - len(self._held)
        self.plain += len(plain)
        if plain:
            self._adler = zlib.adler32(plain, self._adler)
            self._window = (self._window + plain)[-(1 << self._window_bits) :]
        if z.eof:
            self._end(z)
        elif flushed and not self.waits:
            self._park(z)
        return plain

    def _end(self, z: zlib._Decompress) -> None:
        """The last block was read. A primed object leaves the check sum behind it for us to compare."""
        self._z, self._window, self._more = None, b"", False
        self._trailer = b"" if self._primed else self._adler.to_bytes(4, "big")
        self._check_trailer(z.unused_data)

    def _check_trailer(self, data: bytes) -> None:
        self._trailer = (self._trailer or b"") + data
        if len(self._trailer) > 4:
            raise InflateError("data behind the end of the stream")
        if len(self._trailer) == 4 and self._trailer != self._adler.to_bytes(4, "big"):
            raise InflateError("wrong check sum")

    def _park(self, z: zlib._Decompress) -> None:
        """Let go of the zlib object if it stands between two blocks; a copy of it, told to end here, knows."""
        probe = z.copy()
        trailer = b"" if self._primed else self._adler.to_bytes(4, "big")
        try:
            more = probe.decompress(_EMPTY_LAST_BLOCK + trailer)
        except zlib.error:
            return
        if probe.eof and not more and not probe.unused_data:
            self._z = None

    def _unpark(self) -> zlib._Decompress:
        bits = -self._window_bits
        self._z = zlib.decompressobj(bits, self._window) if self._window else zlib.decompressobj(bits)
        self._primed = True
        return self._z


class RatioGuard:
    """Watches for a peer whose stream is nothing but padding: far more inflated than sent, and to no purpose."""

    __slots__ = ("_plain", "_wire", "useful")

    def __init__(self) -> None:
        self._plain = 0
        self._wire = 0
        self.useful = False

    def check(self, inflater: Inflater) -> None:
        """Look at each window of :data:`GUARD_WINDOW` inflated bytes when it is full.

        :raises InflateError: the last one had no command in it that was accepted, and a ratio over
            :data:`GUARD_RATIO`.
        """
        plain, wire = inflater.plain - self._plain, inflater.wire - self._wire
        if plain < GUARD_WINDOW:
            return
        if not self.useful and plain > wire * GUARD_RATIO:
            raise InflateError(f"{wire} bytes became {plain} to no purpose")
        self._plain, self._wire, self.useful = inflater.plain, inflater.wire, False
