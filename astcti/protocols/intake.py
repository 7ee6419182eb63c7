"""What a client sends: from the bytes of its socket, inflated or not, to one line at a time."""

from __future__ import annotations

from astcti.protocols.framing import LineReader
from astcti.protocols.inflation import InflateError, Inflater, RatioGuard
from astcti.protocols.limits import INFLATE_BEFORE_LOGIN, LINE_AFTER_LOGIN, LINE_BEFORE_LOGIN


class Intake:
    """Lines of one client, made only as they are asked for.

    At most one read of the socket is kept, plus, with compression, one step of the inflater.
    """

    __slots__ = ("_guard", "_inflater", "_lines")

    def __init__(self) -> None:
        self._lines = LineReader()
        self._inflater: Inflater | None = None
        self._guard: RatioGuard | None = None

    def push(self, data: bytes) -> None:
        """Take what arrived.

        :raises InflateError: the client's zlib stream is broken.
        """
        if self._inflater is None:
            self._lines.push(data)
        else:
            self._inflater.push(data)

    def inflate(self) -> None:
        """Take everything from here on, what was read already included, as a zlib stream."""
        self._inflater = Inflater()
        self._guard = RatioGuard()
        self._inflater.push(self._lines.take_rest())

    def next_line(self, logged_in: bool) -> bytes | None:
        """Give the next line, None when there is none yet.

        :raises LineTooLong: it has no end within the limit.
        :raises InflateError: the zlib stream is broken, or a bomb.
        """
        limit = LINE_AFTER_LOGIN if logged_in else LINE_BEFORE_LOGIN
        while True:
            line = self._lines.pop(limit)
            if line is not None or self._inflater is None or self._guard is None or not self._inflater.waits:
                return line
            self._guard.check(self._inflater)
            self._lines.push(self._inflater.step())
            if not logged_in and self._inflater.plain > INFLATE_BEFORE_LOGIN:
                raise InflateError(f"more than {INFLATE_BEFORE_LOGIN} bytes before the login")

    def useful(self) -> None:
        """A command was accepted: this client is not padding its stream."""
        if self._guard is not None:
            self._guard.useful = True

    @property
    def is_empty(self) -> bool:
        """Whether nothing at all is kept."""
        return not self._lines.size and (self._inflater is None or not self._inflater.waits)

    def is_full(self, lines: int) -> bool:
        """Say whether enough waits for reading to pause: ``lines`` lines, half of an over-long one, or a zlib read."""
        if self._inflater is not None and self._inflater.waits:
            return True
        return self._lines.is_full(lines, LINE_AFTER_LOGIN)
