"""How much one AMI message may be, and what is raised when it is more."""

from __future__ import annotations

from typing import TYPE_CHECKING

from astcti.errors import AMIProtocolError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from astcti.ami.message.value import Message

MAX_MESSAGE = 1024 * 1024  # bytes; the longest recorded message, a dial plan listed by Command, has 14 kB
MAX_LINE = 256 * 1024  # bytes; a dial-plan variable may be long, and comes whole in VarSet and Newexten
MAX_HEADERS = 10_000  # lines; ListCommands, the answer with most headers, has some 200


class BadMessage(AMIProtocolError):
    """The stream cannot be AMI any more.

    :ivar messages: what came whole before the fault, in order; nothing of it is lost with the link.
    """

    def __init__(self, text: str, messages: Sequence[Message] = ()) -> None:
        super().__init__(text)
        self.messages = messages


class Ceilings:
    """The three ceilings of one reader.

    :param line: bytes of one line.
    :param headers: lines of one message.
    :param message: bytes of one message.
    """

    __slots__ = ("headers", "line", "message", "surely_fine")

    def __init__(self, line: int = MAX_LINE, headers: int = MAX_HEADERS, message: int = MAX_MESSAGE) -> None:
        self.line = line
        self.headers = headers
        self.message = message
        #: A message of so few bytes needs no look at its lines: the shortest line has one byte and CR LF.
        self.surely_fine = min(line, 3 * headers, message)

    def check(self, raw: bytes) -> None:
        """Look at a whole message, without its blank line.

        :raises BadMessage: one of its lines is too long, or there are too many.
        """
        if len(raw) > self.message:
            raise BadMessage(f"a message of {len(raw)} bytes; {self.message} are the most")
        lines = raw.split(b"\r\n")
        if len(lines) > self.headers:
            raise BadMessage(f"a message of {len(lines)} lines; {self.headers} are the most")
        longest = max(map(len, lines))
        if longest > self.line:
            raise BadMessage(f"a line of {longest} bytes; {self.line} are the most")
