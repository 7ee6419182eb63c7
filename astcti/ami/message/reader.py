"""Cutting a stream of bytes into AMI messages: linear, whatever the cut, bounded."""

from __future__ import annotations

from collections.abc import Callable

from astcti.ami.message.ceilings import MAX_HEADERS, MAX_LINE, MAX_MESSAGE, BadMessage, Ceilings
from astcti.ami.message.filter import HEAD, LOOK, VARIABLE, Filter
from astcti.ami.message.interest import Interest
from astcti.ami.message.opening import LineEnds, Opening
from astcti.ami.message.value import END_OF_OUTPUT, FOLLOWS, Message

_BLANK_LINE = b"\r\n\r\n"
_END_OF_FOLLOWS = END_OF_OUTPUT + _BLANK_LINE
_CR = 13

#: A rest of up to so many bytes is simply put before the next chunk; a longer one waits in a bytearray
#: which is searched from where the last search ended, so that a huge message costs its length once.
_SHORT_REST = 4096


class MessageReader:
    """Frames AMI.

    The stream may be cut anywhere. Of a busy PBX's events most are not wanted: they cost one look at a
    25-byte slice here, ``VarSet`` and ``Newexten`` one more at the variable or the application.

    :param interest: what to hand on; ``None``: everything.
    :param banner: whether the stream begins with a greeting line (from a PBX it does, from a client not).
    :ivar messages: how many were handed on.
    :ivar marker: while it is set, events that contain it are handed on whatever their name. The session
        sets it to the beginning of its ActionID header while a list is awaited.
    """

    def __init__(
        self,
        interest: Interest | None = None,
        *,
        banner: bool = True,
        max_line: int = MAX_LINE,
        max_headers: int = MAX_HEADERS,
        max_message: int = MAX_MESSAGE,
    ) -> None:
        self.messages = 0
        self._seen = 0
        self.marker: bytes | None = None
        self._ceilings = Ceilings(max_line, max_headers, max_message)
        self._rest = b""
        self._buffer = bytearray()
        self._searched = 0
        self._opening = Opening(banner)
        self._line_ends: LineEnds | None = None
        #: Where the next bytes go first while more than a short rest is awaited; returns what is now complete.
        self._wait: Callable[[bytes], bytes] | None = self._first_line
        self.interest = interest

    @property
    def banner(self) -> str | None:
        """The greeting, ``Asterisk Call Manager/5.0.4``; ``None`` until it came, empty if there is none."""
        return self._opening.banner

    @property
    def skipped(self) -> int:
        """How many were not handed on."""
        return self._seen - self.messages

    @property
    def interest(self) -> Interest | None:
        """What is handed on. A new one holds from the next message on."""
        return self._interest

    @interest.setter
    def interest(self, interest: Interest | None) -> None:
        self._interest = interest
        self._filter = Filter(interest)

    def feed(self, data: bytes) -> list[Message]:
        """Take what came, return the messages that are complete now.

        :raises BadMessage: a ceiling is passed; what came before the fault is in its ``messages``.
        """
        found: list[Message] = []
        if self._line_ends is not None:
            data = self._line_ends.with_crlf(data)
        try:
            while data:
                data = self._frame(data, found) if self._wait is None else self._wait(data)
        except BadMessage as e:
            self._wait = self._refuse
            e.messages = found
            self.messages += len(found)
            raise
        self.messages += len(found)
        return found

    def _frame(self, data: bytes, found: list[Message]) -> bytes:  # noqa: PLR0912 - the one hot loop, called per read
        """Cut ``data`` at its blank lines, append what is wanted; return what must be framed again."""
        heads, variables, marker = self._filter.heads, self._filter.variables, self.marker
        surely_fine, rest = self._ceilings.surely_fine, self._rest
        size = len(rest) + len(data)
        if rest and rest[-1] <= _CR:  # the blank line itself may be cut in two
            data = rest + data
            rest = b""
        parts = data.split(_BLANK_LINE)
        if rest:
            parts[0] = rest + parts[0]
        self._rest = rest = parts.pop()
        oversize = size > self._ceilings.message and self._drop_oversize(parts, rest)
        self._seen += len(parts)
        for part in parts:
            event = heads[part[:HEAD]]
            if event is None:
                if marker is not None and marker in part:
                    found.append(Message(part))
                continue
            if event == "VarSet":  # two of five events: spelled out here, as in Filter.passes
                if variables is not None and not variables[part.rpartition(VARIABLE)[2].partition(b"\r")[0]]:
                    continue
            elif event == "Newexten":
                if not self._filter.passes(part, event):
                    continue
            elif event == LOOK:
                if part.startswith(FOLLOWS) and not part.endswith(END_OF_OUTPUT):
                    at = parts.index(part)
                    self._seen += at - len(parts)
                    return self._follows(_BLANK_LINE.join((*parts[at:], rest)), found)
                self._look(part, found)
                continue
            if len(part) > surely_fine:
                self._ceilings.check(part)
            found.append(Message(part, event))
        if oversize:
            raise BadMessage(f"a message of more than {self._ceilings.message} bytes")
        if len(rest) > _SHORT_REST:
            self._await(rest, self._blank_line)
        return b""

    def _look(self, part: bytes, found: list[Message]) -> None:
        """Decide on what one slice cannot tell: responses, very long names, unusual spelling, a second blank line."""
        if len(part) > self._ceilings.surely_fine:
            self._ceilings.check(part)
        if part.startswith(b"Response: "):
            found.append(Message(part, ""))
            return
        part = part.lstrip(b"\r\n")
        if not part:
            self._seen -= 1  # a blank line alone is no message that could be skipped
            return
        event = self._filter.heads[part[:HEAD]]
        if event == LOOK:
            event = Message(part).event
            if event:
                event = self._filter.verdict(part, event)
        elif event is not None and not self._filter.passes(part, event):
            event = None
        if event is not None or (self.marker is not None and self.marker in part):
            found.append(Message(part, event))

    def _drop_oversize(self, parts: list[bytes], rest: bytes) -> bool:
        """Cut ``parts`` before the first message that is too long; say whether there is one."""
        limit = self._ceilings.message
        for at, part in enumerate(parts):
            if len(part) > limit:
                del parts[at:]
                return True
        return len(rest) > limit + len(_BLANK_LINE) - 1

    def _await(self, rest: bytes, wait: Callable[[bytes], bytes]) -> None:
        """Keep a long rest aside until ``wait`` finds its end."""
        self._rest = b""
        self._buffer = bytearray(rest)
        self._searched = 0
        self._wait = wait

    def _until(self, end: bytes, data: bytes) -> int:
        """Collect until ``end`` is there; return where it begins, -1 before it came."""
        buffer = self._buffer
        buffer += data
        at = buffer.find(end, self._searched)
        if at < 0:
            self._searched = max(0, len(buffer) - len(end) + 1)
            if len(buffer) > self._ceilings.message + len(end) - 1:
                raise BadMessage(f"a message of more than {self._ceilings.message} bytes")
        return at

    def _blank_line(self, data: bytes) -> bytes:
        at = self._until(_BLANK_LINE, data)
        if at < 0:
            return b""
        buffer, self._buffer, self._wait = self._buffer, bytearray(), None
        with memoryview(buffer) as view:  # so that a huge message is copied once
            self._rest = bytes(view[:at])
            return bytes(view[at:])

    def _end_of_follows(self, data: bytes) -> bytes:
        if self._until(_END_OF_FOLLOWS, data) < 0:
            return b""
        buffer, self._buffer, self._wait = self._buffer, bytearray(), None
        return bytes(buffer)

    def _follows(self, data: bytes, found: list[Message]) -> bytes:
        """Take a ``Response: Follows`` whose output has blank lines; return what comes after it."""
        self._rest = b""
        end = data.find(_END_OF_FOLLOWS)
        if end < 0:
            self._await(data, self._end_of_follows)
            return self._end_of_follows(b"")  # for its ceiling
        part = data[: end + len(END_OF_OUTPUT)]
        self._ceilings.check(part)
        self._seen += 1
        found.append(Message(part, ""))
        return data[end + len(_END_OF_FOLLOWS) :]

    def _first_line(self, data: bytes) -> bytes:
        data = self._opening.feed(data)
        if self._opening.over:
            self._wait = None
            if self._opening.bare_line_feeds:
                self._line_ends = LineEnds()
                return self._line_ends.with_crlf(data)
        return data

    def _refuse(self, data: bytes) -> bytes:
        raise BadMessage("the stream is already known not to be AMI")
