"""One AMI message: raw bytes that decode themselves when first asked."""

from __future__ import annotations

FOLLOWS = b"Response: Follows"
END_OF_OUTPUT = b"--END COMMAND--"

#: Headers that ``Response: Follows`` puts before a command's output, which itself may look like headers.
_BEFORE_OUTPUT = ("Response: ", "Privilege: ", "ActionID: ")


class Layout(dict[str, "tuple[int, str, int]"]):
    """Where each header stood in the last message of one kind: line number, the line's beginning, its length.

    Asterisk writes all events of a kind alike, so the next one has it there, too; the line itself is checked.
    """

    MAX_KNOWN = 200  # kinds of events, each with as many headers; a peer that invents more starts again

    def __missing__(self, name: str) -> tuple[int, str, int]:
        return 0, "\n", 0  # what no line begins with


_layouts: dict[str, Layout] = {}


def _layout_of(event: str) -> Layout:
    layout = _layouts.get(event)
    if layout is None:
        if len(_layouts) >= Layout.MAX_KNOWN:
            _layouts.clear()
        layout = _layouts[event] = Layout()
    return layout


class Message:
    """A response, an event or (read by a simulated PBX) an action: headers in order, repeated ones kept.

    Header names are matched as written first, then whatever their case. Of a repeated header the first
    value wins: dial-plan values travel unescaped, so whoever controls one can add lines after it.

    :ivar raw: the message as it came, without the blank line.
    :ivar event: the event's name; empty for anything else.
    """

    __slots__ = ("_layout", "_split", "event", "raw")

    def __init__(self, raw: bytes, event: str | None = None) -> None:
        self.raw = raw
        self._split: list[str] | None = None
        self.event = self._find_event() if event is None else event

    def get(self, name: str, default: str = "") -> str:
        """The first value of a header."""
        lines = self._split
        if lines is None:
            lines = self._split = self._lines()
            self._layout = _layout_of(self.event)
        index, beginning, size = self._layout[name]
        if index < len(lines) and lines[index].startswith(beginning):
            return lines[index][size:]
        return self._search(lines, name, default)

    def get_all(self, name: str) -> list[str]:
        """All values of a repeated header, in order."""
        headers = self.headers
        return [v for n, v in headers if n == name] or [v for n, v in headers if n.lower() == name.lower()]

    @property
    def headers(self) -> list[tuple[str, str]]:
        """Name and value of every line, in order. A line that is no header has an empty name."""
        return [_header(line) for line in self._lines()]

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

    def _lines(self) -> list[str]:
        if self.raw.startswith(FOLLOWS):
            return _split_follows(self._text())[0]
        return self._text().split("\r\n")

    def _search(self, lines: list[str], name: str, default: str) -> str:
        """Find a header that is not where it was the last time; quick to say that it occurs nowhere."""
        beginning = name + ": "
        if beginning.encode("utf-8", "replace") in self.raw:
            for index, line in enumerate(lines):
                if line.startswith(beginning):
                    if len(self._layout) < Layout.MAX_KNOWN:
                        self._layout[name] = index, beginning, len(beginning)
                    return line[len(beginning) :]
        if name.lower().encode("utf-8", "replace") not in self.raw.lower():
            return default
        headers = [_header(line) for line in lines]
        for other, value in headers:
            if other == name:  # without the blank after the colon
                return value
        return next((value for other, value in headers if other.lower() == name.lower()), default)

    def __repr__(self) -> str:
        first = self.raw.split(b"\r\n", 1)[0].decode("utf-8", "replace")
        return f"<Message {first!r}, {len(self.raw)} bytes>"


def _header(line: str) -> tuple[str, str]:
    """Name and value of a line; the blank after the colon may be missing."""
    name, separator, value = line.partition(": ")
    if separator:
        return name, value
    name, separator, value = line.partition(":")
    if separator and name and not name.isspace():
        return name, value
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
