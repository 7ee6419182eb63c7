"""One AMI message: raw bytes that decode themselves when first asked."""

from __future__ import annotations

FOLLOWS = b"Response: Follows"
END_OF_OUTPUT = b"--END COMMAND--"

#: Headers that ``Response: Follows`` puts before a command's output, which itself may look like headers.
_BEFORE_OUTPUT = ("Response: ", "Privilege: ", "ActionID: ")


class _Needles(dict[str, bytes]):
    """What to look for to find a header: its name at the beginning of a line."""

    MAX_KNOWN = 1000  # our own names, a hundred; whoever lets a peer choose them starts again

    def __missing__(self, name: str) -> bytes:
        if len(self) >= self.MAX_KNOWN:
            self.clear()
        needle = self[name] = f"\r\n{name}:".encode("utf-8", "replace")
        return needle


_needles = _Needles()


class Message:
    """A response, an event or (read by a simulated PBX) an action: headers in order, repeated ones kept.

    Header names are matched as written first, then whatever their case. Of a repeated header the first
    value wins: dial-plan values travel unescaped, so whoever controls one can add lines after it.

    :ivar raw: the message as it came, without the blank line.
    :ivar event: the event's name; empty for anything else.
    """

    __slots__ = ("_split", "event", "raw")

    def __init__(self, raw: bytes, event: str | None = None) -> None:
        self.raw = raw
        self._split: list[str] | None = None
        self.event = self._find_event() if event is None else event

    def get(self, name: str, default: str = "") -> str:
        """The first value of a header. For several of one kind of event :class:`Headers` is quicker."""
        raw = self.raw
        needle = _needles[name]
        at = raw.find(needle)
        if at < 0 or raw.startswith((FOLLOWS, needle[2:])):
            return self._search(name, default)
        start = at + len(needle)
        if raw.startswith(b" ", start):
            start += 1
        end = raw.find(b"\r\n", start)
        return (raw[start:] if end < 0 else raw[start:end]).decode("utf-8", "replace")

    def lines(self) -> list[str]:
        """The lines of the headers, split once; not to be changed."""
        lines = self._split
        if lines is None:
            raw = self.raw
            if raw.startswith(FOLLOWS):
                lines = _split_follows(self._text())[0]
            else:
                lines = raw.decode("utf-8", "replace").split("\r\n")
            self._split = lines
        return lines

    def get_all(self, name: str) -> list[str]:
        """All values of a repeated header, in order."""
        headers = self.headers
        return [v for n, v in headers if n == name] or [v for n, v in headers if n.lower() == name.lower()]

    @property
    def headers(self) -> list[tuple[str, str]]:
        """Name and value of every line, in order. A line that is no header has an empty name."""
        return [_header(line) for line in self.lines()]

    @property
    def response(self) -> str:
        """``Success``, ``Error``, ``Follows``, …; empty when this is no response."""
        return "" if self.event else self.get("Response")

    @property
    def action_id(self) -> str:
        """The ActionID of the action this answers, or empty."""
        return self.get("ActionID")

    @property
    def output(self) -> list[str]:
        """What a ``Command`` printed: ``Output:`` lines, or what follows ``Response: Follows`` (1.4 to 13)."""
        if self.raw.startswith(FOLLOWS):
            return _split_follows(self._text())[1]
        return self.get_all("Output")

    def _find_event(self) -> str:
        if self.raw.startswith(b"Event: "):  # as it always is from Asterisk
            return self.raw[7:].partition(b"\r")[0].decode("utf-8", "replace").strip()
        self.event = ""
        return self.get("Event")

    def _text(self) -> str:
        return self.raw.decode("utf-8", "replace")

    def _search(self, name: str, default: str) -> str:
        """Find a header that is the first one, is written in another case, or is not there."""
        if name and name.isascii() and _needles[name].lower() not in b"\r\n" + self.raw.lower():
            return default  # quick, for headers that are not there
        headers = self.headers
        for other, value in headers:
            if other == name:
                return value
        return next((value for other, value in headers if other.lower() == name.lower()), default)

    def __repr__(self) -> str:
        first = self.raw.split(b"\r\n", 1)[0].decode("utf-8", "replace")
        return f"<Message {first!r}, {len(self.raw)} bytes>"


def _header(line: str) -> tuple[str, str]:
    """Name and value of a line: the first colon separates, and the blank after it may be missing."""
    name, separator, value = line.partition(":")
    if separator and name and not name.isspace():
        return name, value.removeprefix(" ")
    return "", line


def _split_follows(text: str) -> tuple[list[str], list[str]]:
    """Headers and output lines of ``Response: Follows … --END COMMAND--``; output ends its lines with LF alone."""
    headers: list[str] = []
    while text.startswith(_BEFORE_OUTPUT):
        line, _, text = text.partition("\r\n")
        headers.append(line)
    output, end, _ = text.rpartition(END_OF_OUTPUT.decode())
    lines = (output if end else text).split("\n")
    if not lines[-1]:
        lines.pop()
    return headers, [line.removesuffix("\r") for line in lines]
