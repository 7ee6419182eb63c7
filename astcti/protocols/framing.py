"""Bytes to lines, without ever keeping more of a line than may be there; lines to text."""

from __future__ import annotations

import re

from astcti.errors import PeerError

_FORBIDDEN = re.compile("[\x00-\x08\x0a-\x1f\x7f]")


class LineTooLong(PeerError):
    """A line passed its limit without an end; there is no way to find the next one."""


class Unreadable(PeerError):
    """A line is not text of the charset, or has control bytes."""


class LineReader:
    """Collects what arrives and hands out one line at a time.

    The limit is given with each call, because it may change with every line. What is kept beyond the complete
    lines of one read is at most a line's limit.
    """

    __slots__ = ("_at", "_held")

    def __init__(self) -> None:
        self._held = b""
        self._at = 0

    def push(self, data: bytes) -> None:
        """Take what arrived."""
        if self._at:
            self._held = self._held[self._at :]
            self._at = 0
        self._held = self._held + data if self._held else data

    def pop(self, limit: int) -> bytes | None:
        """Give the next line without its LF and the CR before it; None when there is none yet.

        :param limit: bytes a line may have, LF included.
        :raises LineTooLong: the line is longer, or will be.
        """
        end = self._held.find(b"\n", self._at, self._at + limit)
        if end < 0:
            if len(self._held) - self._at >= limit:
                raise LineTooLong(f"no line end within {limit} bytes")
            return None
        start, self._at = self._at, end + 1
        if self._at == len(self._held):
            line, self._held, self._at = self._held[start:end], b"", 0
        else:
            line = self._held[start:end]
        return line[:-1] if line.endswith(b"\r") else line

    def take_rest(self) -> bytes:
        """Give everything that is left and forget it: it turned out to be something else than lines."""
        rest, self._held, self._at = self._held[self._at :], b"", 0
        return rest

    @property
    def size(self) -> int:
        """Bytes that were not handed out yet."""
        return len(self._held) - self._at

    def is_full(self, lines: int, limit: int) -> bool:
        """Say whether ``lines`` lines wait, or the beginning of one over ``limit``: time to stop reading."""
        if self._held.count(b"\n", self._at) >= lines:
            return True
        return len(self._held) - (max(self._held.rfind(b"\n") + 1, self._at)) >= limit


def to_text(line: bytes, charset: str = "utf-8") -> str:
    """Decode a line; TABs become blanks.

    :raises Unreadable: not ``charset``, or a control byte other than TAB.
    """
    try:
        text = line.decode(charset)
    except UnicodeDecodeError as e:
        raise Unreadable(f"not {charset}") from e
    if _FORBIDDEN.search(text):
        raise Unreadable("control byte")
    return text.replace("\t", " ")
