"""What a client is told, in its dialect, charset and compression, and what of it waits to be sent."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import groupby

from astcti.model.actions import RenderedAction
from astcti.model.node import Node
from astcti.model.notices import Notice
from astcti.protocols.compression import Deflater
from astcti.protocols.limits import DROP_ABOVE, XML_LINE
from astcti.protocols.replies import Code, Dialect, failure_text, line, queue_text
from astcti.protocols.xmlevents import render, render_node_event, render_server_event

BASE_KINDS = frozenset(
    {"Newchannel", "Newstate", "Newexten", "Callerid", "Dial", "Join", "Leave", "Link", "Unlink", "Hangup"}
    | {"OriginateResponse"}
)
"""Events of calls that every client hears of; all others are for the capability ``events2``."""

DROPPABLE = frozenset({"Newstate", "Newexten", "ExtensionState"})
"""Events that a slow client misses first."""

_RECOVERED = b' recovered="yes"><call>'


class Secret(bytes):
    """A line that is compressed apart from all others."""


class Outflow:
    """Lines for one client, written as it wants them and compressed only when they go.

    :ivar dialect: of this connection.
    :ivar capabilities: what the client asked for with ``CAPS``.
    :ivar charset: only clients that sent lines in the legacy charset have another than UTF-8.
    :ivar lines: what waits; None when nothing does: thousands of clients have nothing, and no list for it.
    :ivar size: its bytes, before compression.
    :ivar level: of the zlib stream that has begun, 0 when none has.
    """

    __slots__ = ("_deflater", "capabilities", "charset", "dialect", "level", "lines", "size")

    def __init__(self, dialect: Dialect, capabilities: frozenset[str]) -> None:
        self.dialect = dialect
        self.capabilities = capabilities
        self.charset = "utf-8"
        self.lines: list[bytes] | None = None
        self.size = 0
        self.level = 0
        self._deflater: Deflater | None = None

    def reply(self, answer: Iterable[tuple[int, str]]) -> None:
        """Say numeric lines that stay together."""
        self._add(b"".join([line(code, text, self.charset) for code, text in answer]))

    def secret(self, code: int, text: str) -> None:
        """Say something that only the client may know."""
        self._add(Secret(line(code, text, self.charset)))

    def fail(self, number: int, reason: str, code: int = Code.FAILED) -> None:
        """Say that something failed."""
        text = failure_text(number, reason, self.dialect, "errcodes" in self.capabilities)
        self._add(line(code, text, self.charset))

    def queue(self, name: str, member: bool) -> None:
        """Say that a queue has the client now, or not any more: v1 hears of joining only, by a code it knows."""
        if self.dialect is not Dialect.V1:
            self._add(line(Code.QUEUE, queue_text(name, member), self.charset))
        elif member:
            self._add(line(Code.SERVICE, name, self.charset))

    def hears_of(self, kind: str) -> bool:
        """Whether events of a kind are for this client."""
        return kind in BASE_KINDS or "events2" in self.capabilities

    def has_room_for(self, kind: str) -> bool:
        """Whether so little waits that the client should not miss an event of this kind."""
        return self.size <= DROP_ABOVE or kind not in DROPPABLE

    def event(self, notice: Notice, actions: Sequence[RenderedAction]) -> None:
        """Tell an event of a call."""
        document = render(notice, actions, self.dialect is Dialect.V1)
        if notice.recovered and "events2" in self.capabilities and len(document) + len(_RECOVERED) < XML_LINE:
            document = document.replace(b"><call>", _RECOVERED, 1)
        self._add_document(document)

    def server_event(self, kind: str, element: str, text: str = "", **attributes: str) -> None:
        """Tell another event, if the client wants such."""
        if "events2" in self.capabilities:
            self._add_document(render_server_event(kind, element, text, **attributes))

    def node_event(self, kind: str, node: Node) -> None:
        """Tell an event with a whole document, if the client wants such."""
        if "events2" in self.capabilities:
            self._add_document(render_node_event(kind, node))

    def compress(self, deflater: Deflater, level: int) -> None:
        """Compress whatever is taken from here on."""
        self._deflater = deflater
        self.level = level

    def break_off(self) -> None:
        """Forget the zlib stream without finishing it."""
        self._deflater = None

    def take(self, last: bool = False) -> bytes:
        """Give what goes on the wire now, as one message.

        :param last: whether nothing will follow: the zlib stream is finished.
        """
        lines, self.lines = self.lines, None
        self.size = 0
        if self._deflater is None:
            return b"".join(lines or ())
        data = b""
        for is_secret, some in groupby(lines or (), lambda one: isinstance(one, Secret)):
            plain = b"".join(some)
            data += self._deflater.apart(plain) if is_secret else self._deflater.compress(plain)
        if last:
            data += self._deflater.finish()
            self._deflater = None
        return data

    def _add(self, data: bytes) -> None:
        if self.lines is None:
            self.lines = [data]
        else:
            self.lines.append(data)
        self.size += len(data)

    def _add_document(self, document: bytes) -> None:
        if self.charset != "utf-8":
            document = document.decode().encode("ascii", "xmlcharrefreplace")
        self._add(document + b"\n")
