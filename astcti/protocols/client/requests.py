"""What a client may ask and what it is answered: one table from command word to the reading of its answer."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, NamedTuple

from astcti.errors import Refused
from astcti.protocols.replies import Code


class ServiceEntry(NamedTuple):
    """A service of the operator; ``kind`` is ``inbound`` or ``outbound``."""

    name: str
    context: str
    kind: str


class QueueEntry(NamedTuple):
    """A queue of the operator, and whether the seat is a member of it now."""

    queue: str
    member: bool


class QueueFigures(NamedTuple):
    """How a queue is; ``longest`` is seconds that the first caller has waited."""

    queue: str
    waiting: int
    available: int
    paused: int
    busy: int
    members: int
    longest: int


class Line(NamedTuple):
    """A numeric line as it came."""

    code: int
    text: str


@dataclass(frozen=True, slots=True)
class Expected:
    """How the answer to a command looks.

    :ivar end: codes that complete it.
    :ivar read: makes the result from the completing line and the items before it.
    :ivar item: code of the lines before it, for a list.
    :ivar barrier: whether nothing may be sent before the answer is there.
    """

    end: frozenset[int]
    read: Callable[[Line, Sequence[str]], Any]
    item: int | None = None
    barrier: bool = False


class Request:
    """A command on its way.

    :ivar word: the command, upper case; empty for the greeting, which is awaited like an answer.
    :ivar line: as it is sent.
    :ivar promise: whatever the caller of the session wants to find again with the answer.
    """

    __slots__ = ("expected", "items", "line", "promise", "word")

    def __init__(self, line: str) -> None:
        self.word = line.partition(" ")[0].upper()
        self.line = line
        self.expected = EXPECTED.get(self.word, _ANYTHING)
        self.items: list[str] = []
        self.promise: Any = None

    def __repr__(self) -> str:
        """Say which command it is, not with what password."""
        return f"<Request {self.word or 'greeting'}>"


def parse_line(text: str) -> Line | None:
    """Read a numeric line; None when it is none."""
    match = re.fullmatch(r"([0-9]{3})(?:[ \t]+(.*))?", text, re.DOTALL)
    return Line(int(match[1]), (match[2] or "").strip()) if match else None


def parse_refusal(text: str, errcodes: bool) -> Refused:
    """Read what follows ``101``: in any dialect, with the number where numbers are in force, else 0."""
    reason = re.sub(r"^KO(\s+|$)", "", text)
    match = re.match(r"([0-9]{3})(?:\s+|$)", reason) if errcodes else None
    return Refused(int(match[1]), reason[match.end() :]) if match else Refused(0, reason)


def parse_queue(text: str) -> QueueEntry:
    """Read what follows ``202``."""
    name, _, state = text.rpartition(" ")
    return QueueEntry(name, False) if name and state == "unavailable" else QueueEntry(text, True)


def _nothing(line: Line, items: Sequence[str]) -> None:
    return None


def _text(line: Line, items: Sequence[str]) -> str:
    return line.text


def _whole(line: Line, items: Sequence[str]) -> Line:
    return line


def _last_number(line: Line, items: Sequence[str]) -> int:
    # Historic servers wrote "104 OK 30000".
    numbers = re.findall(r"(?:^|\s)([0-9]{1,9})(?=\s|$)", line.text)
    if not numbers:
        raise ValueError(f"no number in {line.text!r}")
    return int(numbers[-1])


def _names(line: Line, items: Sequence[str]) -> frozenset[str]:
    return frozenset(line.text.split())


def _channels(line: Line, items: Sequence[str]) -> tuple[str, ...]:
    return tuple(line.text.split()[1:])


def _services(line: Line, items: Sequence[str]) -> tuple[ServiceEntry, ...]:
    return tuple(ServiceEntry(*fields[:3]) for fields in (item.split() for item in items) if len(fields) >= 3)


def _queues(line: Line, items: Sequence[str]) -> tuple[QueueEntry, ...]:
    # A notice may have slipped in before the list began; the list's own entry is the later one.
    return tuple({entry.queue: entry for entry in map(parse_queue, items)}.values())


def _figures(line: Line, items: Sequence[str]) -> tuple[QueueFigures, ...]:
    found: list[QueueFigures] = []
    for item in items:
        queue, *pairs = item.split()
        values = dict(pair.split("=", 1) for pair in pairs if "=" in pair)
        found.append(QueueFigures(queue, *(int(values.get(name, 0)) for name in QueueFigures._fields[1:])))
    return tuple(found)


def _confirmed(line: Line, items: Sequence[str]) -> bool:
    return line.code == Code.PAUSED


_OK = Expected(frozenset({Code.OK}), _nothing)
_SEAT = Expected(frozenset({Code.OK}), _channels)
# Of a word that is not in the table: a general reply or the end of a list; items and notices do not complete it.
_ANYTHING = Expected(frozenset(range(100, 200)) | {201, 203, 205, 211, Code.GOODBYE}, _whole)

_EXPECTED: dict[str, Expected] = {
    "": Expected(frozenset({Code.OK}), _text, barrier=True),
    "CMPR": Expected(frozenset({Code.LEVEL}), _last_number, barrier=True),
    "STLS": Expected(frozenset({Code.OK}), _nothing, barrier=True),
    "USER": _OK,
    "PASS": Expected(frozenset({Code.AUTHENTICATED}), _nothing),
    "AUTH": Expected(frozenset({Code.AUTHENTICATED, Code.CHALLENGE, Code.CAPABILITIES}), _whole),
    "KEEP": Expected(frozenset({Code.KEEPALIVE}), _last_number),
    "CAPS": Expected(frozenset({Code.CAPABILITIES}), _names),
    "MAC": _SEAT,
    "EXTEN": _SEAT,
    "IDEN": _SEAT,
    "OSTYPE": _OK,
    "CHPW": _OK,
    "NOOP": _OK,
    "PAUSE": Expected(frozenset({Code.PAUSED, Code.PAUSE_PENDING}), _confirmed),
    "REDY": _OK,
    "WRAP": _OK,
    "ORIG": _OK,
    "TELE": _OK,
    "ACTR": _OK,
    "TEXT": _OK,
    "QUIT": Expected(frozenset({Code.GOODBYE}), _nothing, barrier=True),
    "SERVICES": Expected(frozenset({Code.SERVICES_END}), _services, Code.SERVICE),
    "STRT": _OK,
    "STOP": _OK,
    "QSTAT": Expected(frozenset({Code.QUEUE_STATES_END}), _figures, Code.QUEUE_STATE),
    "QUEUES": Expected(frozenset({Code.QUEUES_END}), _queues, Code.QUEUE),
}
EXPECTED: Mapping[str, Expected] = MappingProxyType(_EXPECTED)
"""The answers of the commands that there are; any other word is answered with a :class:`Line`."""
