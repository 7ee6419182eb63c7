"""What all actions share: fields become header lines, and nothing else can."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterable, Mapping
from typing import ClassVar

from astcti.errors import AMIUnsendable, LineTooLong

MAX_LINE = 1024  # bytes with CR LF; Asterisk 16 and 22 take 1024 and refuse 1025 ("line too long")
MAX_LINES = 128  # of one action; Asterisk refuses more ("Too many lines in message")

_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_-]*", re.ASCII)
_VARIABLE = re.compile(r'[^\s=,|"\\()\[\]\0]+(\([^\r\n="\\()\[\]\0]*\))?')
_FORBIDDEN = re.compile(r"[\r\n\0]")

#: Header names that are not their field's name in camel case.
_SPELLING: Mapping[str, str] = {
    "caller_id": "CallerID",
    "mix_monitor_id": "MixMonitorID",
    "variable_names": "Variables",
    "variables": "Variable",
}


class Action:
    """Something we ask of the PBX. A frozen dataclass whose fields are its headers, in their order.

    ``None`` leaves a header out, truth is written ``true`` or ``false``, and a mapping becomes one
    ``Variable: name=value`` line for each of its items.

    :cvar NAME: as in AMI.
    :cvar ENDS: names of the events that end its list, in lower case; empty: any ``…Complete`` with our ActionID.
    :cvar RIGHT: the write class (``manager.conf``) of which the user needs one, for people who read our log.
    """

    __slots__ = ()
    NAME: ClassVar[str] = ""
    ENDS: ClassVar[frozenset[str]] = frozenset()
    RIGHT: ClassVar[str] = ""

    @property
    def name(self) -> str:
        """Its name in AMI."""
        return self.NAME

    def headers(self) -> list[tuple[str, str]]:
        """The headers after ``Action`` and ``ActionID``, as they are sent."""
        pairs: list[tuple[str, str]] = []
        for field in dataclasses.fields(self):  # type: ignore[arg-type]  # every action is a dataclass
            value = getattr(self, field.name)
            name = _SPELLING.get(field.name) or field.name.title().replace("_", "")
            if isinstance(value, Mapping):
                pairs += [(name, assignment(variable, text)) for variable, text in value.items()]
            elif isinstance(value, bool):
                pairs.append((name, "true" if value else "false"))
            elif value is not None:
                pairs.append((name, str(value)))
        return pairs

    def encode(self, action_id: str) -> bytes:
        """The action as it goes over the wire.

        :raises AMIUnsendable: a name or value could be read as something else; nothing was sent.
        :raises LineTooLong: Asterisk would not take one of the lines.
        """
        return encode((("Action", self.name), ("ActionID", action_id), *self.headers()))


@dataclasses.dataclass(frozen=True, slots=True)
class AnyAction(Action):
    """An action by its name, for tools and tests. The server itself sends only what has a type of its own."""

    verb: str
    pairs: tuple[tuple[str, str], ...] = ()

    @property
    def name(self) -> str:
        """Its name in AMI."""
        return self.verb

    def headers(self) -> list[tuple[str, str]]:
        """The headers, as given."""
        return list(self.pairs)


def encode(headers: Iterable[tuple[str, str]]) -> bytes:
    """Header lines and the blank line after them; see :meth:`Action.encode`."""
    lines = [_line(name, value) for name, value in headers]
    if len(lines) > MAX_LINES:
        raise AMIUnsendable(f"{lines[0].decode().strip()} has {len(lines)} lines; Asterisk takes {MAX_LINES}")
    return b"".join((*lines, b"\r\n"))


def _line(name: str, value: str) -> bytes:
    if not _NAME.fullmatch(name):
        raise AMIUnsendable(f"{name!r} is no header name")
    if _FORBIDDEN.search(value):
        raise AMIUnsendable(f"the value of {name} has a line break or a zero byte in it")
    try:
        line = f"{name}: {value}\r\n".encode()
    except UnicodeEncodeError as e:
        raise AMIUnsendable(f"the value of {name} cannot be written in UTF-8") from e
    if len(line) > MAX_LINE:
        raise LineTooLong(f"the line of {name} has {len(line)} bytes; Asterisk takes {MAX_LINE}")
    return line


def assignment(variable: str, value: str) -> str:
    r"""``name=value`` for a ``Variable`` header that sets this variable to this value and does nothing else.

    Asterisk takes the header for a list (commas, on 1.4 bars) with quotes and brackets; a backslash makes
    whatever follows literal (``__ast_app_separate_args``, its ``main/app.c``; tried on 16 and 22).

    :param variable: a name, or a function with its arguments: ``CDR(accountcode)``.
    :raises AMIUnsendable: the name has more in it than that.
    """
    if not _VARIABLE.fullmatch(variable):
        raise AMIUnsendable(f"{variable!r} is no variable's name")
    return f"{variable}=" + re.sub(r'([\\",|()\[\]])', r"\\\1", value)
