"""The client's side of one connection, without its transport: requests and bytes in, bytes and happenings out."""

from __future__ import annotations

import zlib
from collections import deque
from dataclasses import dataclass, field
from typing import Any

from astcti.errors import PeerError, Refused
from astcti.protocols.client.documents import Documents
from astcti.protocols.client.requests import Line, Request, parse_line, parse_queue, parse_refusal
from astcti.protocols.compression import StreamDeflater
from astcti.protocols.framing import LineReader
from astcti.protocols.inflation import Inflater
from astcti.protocols.limits import XML_LINE
from astcti.protocols.replies import Code
from astcti.protocols.xmlreading import CallEvent, ServerEvent, UnreadableEvent, parse

UNNUMBERED = 906  # a failure that the server gave no number: refused by the PBX, which is the usual one
_PAUSE_ENDS = frozenset({Code.PAUSED, Code.PAUSE_FAILED})
_ALREADY = "already pending"
_AT_ONCE = frozenset({901, 919, 921, 926, 931})  # numbers of what is wrong with a command, never of a pause's outcome
_WINDOW_BITS = 10  # what we send is short and alike; the server keeps no more than 1 KiB of it then


@dataclass(frozen=True, slots=True)
class Answered:
    """A request has its answer: ``result`` as its command promises, or ``refusal``."""

    request: Request
    result: Any = None
    refusal: Refused | None = None


@dataclass(frozen=True, slots=True)
class QueueChanged:
    """The seat has become a member of a queue, or is none any more."""

    queue: str
    member: bool


@dataclass(frozen=True, slots=True)
class PauseChanged:
    """A pause that was pending is confirmed (``number`` 0) or failed; or somebody else paused or unpaused.

    ``asked`` is whether it is the outcome of a ``PAUSE IN`` of ours. How things are is in the event ``AgentState``.
    """

    asked: bool
    number: int = 0
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Closing:
    """The server will close: it said why, with the error number if numbers are in force, else 0."""

    number: int
    reason: str


@dataclass(frozen=True, slots=True)
class TicketGiven:
    """Something to log in with the next time, in place of the one before."""

    ticket: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Unknown:
    """Something that this client has no use for: a numeric line, or a text that could not be read."""

    code: int
    text: str


Notification = QueueChanged | PauseChanged | ServerEvent | Closing | TicketGiven | Unknown
Happening = Answered | CallEvent | Notification


class ClientSession:
    """One conversation with a server of either generation.

    :meth:`ask` queues commands, :meth:`take` gives what is to be written, :meth:`feed` takes what arrived. Nothing
    is sent before the greeting, between ``CMPR`` or ``STLS`` and their answers, or after ``QUIT``, however early it
    is asked.

    :ivar greeting: the request that the server's first line answers.
    :ivar level: the compression in force, 0 for none.
    :ivar capabilities: what the server has agreed to.
    """

    def __init__(self) -> None:
        self.greeting = Request("")
        self.level = 0
        self.capabilities: frozenset[str] = frozenset()
        self._asked: deque[Request] = deque([self.greeting])
        self._to_ask: deque[Request] = deque()
        self._lines = LineReader()
        self._documents = Documents()
        self._inflater: Inflater | None = None
        self._deflater: StreamDeflater | None = None
        self._out = b""
        self._pausing = False  # an accepted PAUSE IN, whose outcome is still to come
        self._sent_away = False  # what comes now says why

    def ask(self, line: str) -> Request:
        """Have a command sent.

        :raises ValueError: it would be more than one line.
        """
        if "\n" in line or "\r" in line:
            raise ValueError("a command is one line")
        request = Request(line)
        self._to_ask.append(request)
        self._send()
        return request

    @property
    def waits(self) -> bool:
        """Whether any request has no answer yet."""
        return bool(self._asked or self._to_ask)

    @property
    def outstanding(self) -> list[Request]:
        """Requests without an answer, in the order in which they will be answered."""
        return [*self._asked, *self._to_ask]

    def take(self) -> bytes:
        """Give what is to be written."""
        out, self._out = self._out, b""
        return out

    def feed(self, data: bytes) -> list[Happening]:
        """Take what arrived, cut anywhere, and say what happened.

        :raises PeerError: the server broke the protocol; the connection is to be closed.
        """
        happenings: list[Happening] = []
        if self._inflater is None:
            self._lines.push(data)
        else:
            self._inflater.push(data)
        while True:
            line = self._lines.pop(XML_LINE)
            if line is not None:
                self._take_line(line, happenings)
            elif self._inflater is not None and self._inflater.waits:
                self._lines.push(self._inflater.step())
            else:
                return happenings

    # -- requests

    def _send(self) -> None:
        while self._to_ask and not (self._asked and self._asked[-1].expected.barrier):
            request = self._to_ask.popleft()
            self._asked.append(request)
            data = request.line.encode() + b"\n"
            self._out += data if self._deflater is None else self._deflater.compress(data)
            if request.word == "QUIT" and self._deflater is not None:
                self._out += self._deflater.finish()

    def _answer(self, request: Request, line: Line) -> Answered:
        self._asked.popleft()
        if line.code == Code.PAUSE_PENDING:
            self._pausing = True
        if line.code == Code.FAILED or line.code not in request.expected.end:
            return Answered(request, refusal=parse_refusal(line.text, "errcodes" in self.capabilities))
        try:
            result = request.expected.read(line, request.items)
        except ValueError as e:
            raise PeerError(f"{line.code} cannot be read: {e}") from e
        if request.word == "CAPS" and request.line.split()[1:] != ["?"]:
            self.capabilities = result
        elif request.word == "CMPR" and result and not self.level:
            self._compress(result)
        elif request.word == "STLS" and self._lines.size:
            raise PeerError("bytes behind the answer to STLS")
        self._send()
        return Answered(request, result)

    def _compress(self, level: int) -> None:
        self.level = level
        self._deflater = StreamDeflater(min(level, zlib.Z_BEST_COMPRESSION), _WINDOW_BITS)
        self._inflater = Inflater(XML_LINE)
        self._inflater.push(self._lines.take_rest())

    # -- lines

    def _take_line(self, line: bytes, happenings: list[Happening]) -> None:
        if self._documents.open or line.startswith(b"<"):
            document = self._documents.feed(line)
            if document is not None:
                happenings.append(self._event(document))
            return
        text = line.decode("utf-8", "replace")
        numeric = parse_line(text)
        if numeric is None:
            if text.strip():
                happenings.append(Unknown(0, text))
            return
        request = self._asked[0] if self._asked else None
        if numeric.code == Code.TICKET:  # never asked for by a command
            happenings.append(TicketGiven(numeric.text))
        elif request is None or self._sent_away:
            happenings.append(self._notice(numeric))
        elif numeric.code == request.expected.item:
            request.items.append(numeric.text)
        elif self._answers(numeric, request):
            happenings.append(self._answer(request, numeric))
        else:
            happenings.append(self._notice(numeric))

    def _answers(self, line: Line, request: Request) -> bool:
        """Whether a line completes the oldest request; codes that are not known count by their first digit."""
        if request.word == "PAUSE" and line.code in _PAUSE_ENDS:
            # The outcome of the pause before comes first, unless the server says what is wrong with this command.
            if self._pausing:
                return line.code == Code.PAUSE_FAILED and self._refuses(line)
            # To PAUSE IN only the first generation may say so; with events2 it is of somebody else's pause.
            return line.code == Code.PAUSE_FAILED or not ("events2" in self.capabilities and _begins_pause(request))
        return line.code in request.expected.end or 100 <= line.code < 200

    def _refuses(self, line: Line) -> bool:
        """Whether a ``302`` says that a ``PAUSE`` was not even begun."""
        refusal = parse_refusal(line.text, "errcodes" in self.capabilities)
        return refusal.number in _AT_ONCE or _ALREADY in refusal.reason

    def _event(self, document: bytes) -> Happening:
        """Make sense of a document."""
        try:
            event = parse(document)
        except UnreadableEvent as e:
            return Unknown(0, str(e))
        if isinstance(event, ServerEvent) and event.id == "Disconnect":
            self._sent_away = True
        return event

    def _notice(self, line: Line) -> Notification:
        """Make sense of a line that nobody asked for."""
        if line.code in _PAUSE_ENDS:
            return self._pause_changed(line)
        if line.code == Code.QUEUE:
            return QueueChanged(*parse_queue(line.text))
        if line.code == Code.SERVICE and line.text and len(line.text.split()) == 1:
            return QueueChanged(line.text, True)  # how servers of the first generation say 202
        if line.code == Code.FAILED:
            refusal = parse_refusal(line.text, "errcodes" in self.capabilities)
            return Closing(refusal.number, refusal.reason)
        if line.code == Code.OK or line.code >= Code.GOODBYE:
            return Closing(0, line.text)
        return Unknown(line.code, line.text)

    def _pause_changed(self, line: Line) -> PauseChanged:
        asked, self._pausing = self._pausing, False
        if line.code == Code.PAUSED:
            return PauseChanged(asked)
        refusal = parse_refusal(line.text, "errcodes" in self.capabilities)
        return PauseChanged(asked, refusal.number or UNNUMBERED, refusal.reason)


def _begins_pause(request: Request) -> bool:
    return request.line.upper().split()[1:2] == ["IN"]
