"""How a stream begins: the greeting, and which line ends the other side uses."""

from __future__ import annotations

from astcti.ami.message.ceilings import BadMessage

MAX_FIRST_LINE = 1024  # bytes; a greeting has some 30

_FIRST_NAMES = (b"event:", b"response:", b"action:")


class Opening:
    """Takes the first bytes of a stream.

    :param banner: whether a greeting line is expected; a stream that begins with a message has none all the same.
    :ivar banner: the greeting without its line end; ``None`` until it came, empty if there is none.
    :ivar over: whether enough came; ``feed`` has then returned all that belongs to messages.
    :ivar bare_line_feeds: whether lines end with LF alone.
    """

    def __init__(self, banner: bool) -> None:
        self.banner: str | None = None if banner else ""
        self.over = False
        self.bare_line_feeds = False
        self._buffer = bytearray()
        self._searched = 0

    def feed(self, data: bytes) -> bytes:
        """Take more; return what is to be framed, nothing before the first line of the first message is whole.

        :raises BadMessage: no line end within :data:`MAX_FIRST_LINE` bytes.
        """
        self._buffer += data
        while (end := self._buffer.find(b"\n", self._searched)) >= 0:
            line = bytes(self._buffer[:end])
            if self.banner is None and not line.lower().startswith(_FIRST_NAMES):
                self.banner = line.decode("utf-8", "replace").strip()
                del self._buffer[: end + 1]
                self._searched = 0
                continue
            self.banner = self.banner or ""
            self.over = True
            self.bare_line_feeds = not line.endswith(b"\r")
            data, self._buffer = bytes(self._buffer), bytearray()
            return data
        self._searched = len(self._buffer)
        if self._searched > MAX_FIRST_LINE:
            raise BadMessage(f"no line end in the first {self._searched} bytes")
        return b""


class LineEnds:
    """Makes a stream whose lines end with LF alone, or now with this and now with that, a regular one."""

    def __init__(self) -> None:
        self._held = b""  # a CR at the end of a chunk, whose LF may follow in the next

    def with_crlf(self, data: bytes) -> bytes:
        """The same bytes with CR LF at the end of each line."""
        data = self._held + data
        self._held = b"\r" if data.endswith(b"\r") else b""
        return data.removesuffix(b"\r").replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")
