"""Call events as XML documents of one line: written from notices, read back into values.

Written as text rather than through lxml: 3 µs against 26 µs for a ``Link`` with one action, and it is the price of
every event of every seat. The tests build the same documents with lxml and compare, and validate them all against
``events.rng``. Reading is lxml's, hardened, and in :mod:`astcti.protocols.xmlreading`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from twisted.logger import Logger

from astcti.model.actions import RenderedAction
from astcti.model.node import Node
from astcti.model.notices import CallView, Notice
from astcti.protocols.limits import PARAMETERS_BYTES, VALUE_BYTES, XML_LINE
from astcti.protocols.xmlreading import CallEvent, ServerEvent, parse

__all__ = ["CallEvent", "ServerEvent", "element_of", "parse", "render", "render_server_event"]

_log = Logger()

ELEMENTS = {
    "APPLICATION": "application",
    "BROWSER": "browser",
    "INTERNAL_BROWSER": "internalbrowser",
    "TCP_MESSAGE": "tcpmessage",
    "UDP_MESSAGE": "udpmessage",
}
"""Action types that have an element of their own; all others are ``action`` with an attribute ``type``."""

_WITH_ARGUMENTS = ("application", "action")
_SPECIAL = re.compile("[^ !#-%'-;=?-~\u00a0-\u2027\u202a-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_NAMED = {"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;"}


def _special(match: re.Match[str]) -> str:
    """Write one character that may not stand as it is: by name, by number, or replaced if XML has no place for it."""
    char = match[0]
    if char in _NAMED:
        return _NAMED[char]
    code = ord(char)
    if char in "\t\n\r" or 0x7F <= code <= 0xD7FF:  # the latter: what some readers take for a line end
        return f"&#{code};"
    return "\ufffd"


def _is_plain(text: str) -> bool:
    """Whether text surely may stand as it is: ten times quicker to say than what the expression finds."""
    return (
        text.isascii()
        and text.isprintable()
        and "<" not in text
        and "&" not in text
        and ">" not in text
        and '"' not in text
    )


def escape(text: str) -> str:
    """Write text for element content or a double-quoted attribute; no line end survives as such."""
    return text if _is_plain(text) else _SPECIAL.sub(_special, text)


def element_of(action_type: str) -> str:
    """Name the element of an action type."""
    return ELEMENTS.get(action_type, "action")


def render(notice: Notice, actions: Sequence[RenderedAction], v1: bool = False) -> bytes:
    """Write a notice as one line without its LF, of at most :data:`XML_LINE` bytes with it.

    :param v1: whether a call without variables gets the one empty entry that old clients expect.
    """
    document = _render(notice.kind, notice.call, actions, v1)
    return document if len(document) < XML_LINE else _shortened(notice, actions, v1)


def render_server_event(kind: str, element: str, text: str = "", **attributes: str) -> bytes:
    """Write an event of ``events2`` that is not about a call: one element with text or attributes."""
    written = "".join(f' {name}="{escape(value)}"' for name, value in attributes.items())
    return f'<event id="{escape(kind)}"><{element}{written}>{escape(text)}</{element}></event>'.encode()


def render_node_event(kind: str, node: Node) -> bytes:
    """Write an event of ``events2`` with a whole document inside."""
    return f'<event id="{escape(kind)}">{_node(node)}</event>'.encode()


def _node(node: Node) -> str:
    written = "".join(f' {name}="{escape(value)}"' for name, value in node.attributes)
    inside = escape(node.text) + "".join(map(_node, node.children))
    return f"<{node.name}{written}>{inside}</{node.name}>" if inside else f"<{node.name}{written}/>"


def _render(kind: str, call: CallView, actions: Sequence[RenderedAction], v1: bool) -> bytes:
    (
        uniqueid, channel, number, name, context, variables, state, dest_channel, dest_uniqueid,
        queue, exten, account, direction, service, language, linkedid, started, reason_code, reason_text,
    ) = call  # fmt: skip
    if not _is_plain(f"{kind}{uniqueid}{channel}{state}{dest_channel}{dest_uniqueid}{reason_text}"):
        # Seldom: with every value plain, which one look tells, seven calls are saved.
        kind, uniqueid, channel, state, dest_channel, dest_uniqueid, reason_text = map(
            escape, (kind, uniqueid, channel, state, dest_channel, dest_uniqueid, reason_text)
        )
    reason = ""
    if reason_code is not None:
        reason = f'<reason code="{reason_code}">{reason_text}</reason>'
    elif reason_text:
        reason = f"<reason>{reason_text}</reason>"
    return (
        f'<event id="{kind}"><call><uniqueid>{uniqueid}</uniqueid><channel>{channel}</channel>'
        f"{_parties[number, name, context, variables, v1]}<state>{state}</state>"
        f"{dest_channel and f'<destchannel>{dest_channel}</destchannel>'}"
        f"{dest_uniqueid and f'<destuniqueid>{dest_uniqueid}</destuniqueid>'}"
        f"{_courses[queue, exten, account, direction, service, language, linkedid, started]}"
        f"{reason}{_render_actions(actions) if actions else ''}</call></event>"
    ).encode()


class _Texts(dict[Any, str]):
    """Parts of documents that stay the same from one event of a call to the next: each written when first asked for.

    :param write: makes the text of what is asked for, a tuple.
    """

    MAX_KNOWN = 4096  # one or two for each call that is busy at the moment; past that they are written again
    MAX_SIZE = 1000  # characters; what is longer, as a caller may make it, is written each time

    def __init__(self, write: Callable[..., str]) -> None:
        super().__init__()
        self._write = write

    def __missing__(self, values: tuple[Any, ...]) -> str:
        text = self._write(*values)
        if len(text) <= self.MAX_SIZE:
            if len(self) >= self.MAX_KNOWN:
                self.clear()
            self[values] = text
        return text


def _party(number: str, name: str, context: str, variables: tuple[tuple[str, str], ...], v1: bool) -> str:
    data = "".join([f'<data key="{escape(key)}">{escape(value)}</data>' for key, value in variables])
    if v1 and not data:
        data = '<data key=""></data>'
    return (
        f"<calleridnum>{escape(number)}</calleridnum><calleridname>{escape(name)}</calleridname>"
        f"<context>{escape(context)}</context><appdata>{data}</appdata>"
    )


def _course(
    queue: str, exten: str, account: str, direction: str, service: str, language: str, linkedid: str, started: float
) -> str:
    return (
        f"{queue and f'<queue>{escape(queue)}</queue>'}"
        f"{exten and f'<exten>{escape(exten)}</exten>'}"
        f"{account and f'<accountcode>{escape(account)}</accountcode>'}"
        f"{direction and f'<direction>{escape(direction)}</direction>'}"
        f"{service and f'<service>{escape(service)}</service>'}"
        f"{language and f'<language>{escape(language)}</language>'}"
        f"{linkedid and f'<linkedid>{escape(linkedid)}</linkedid>'}"
        f"{_iso(started) if started else ''}"
    )


_parties = _Texts(_party)
_courses = _Texts(_course)


def _render_actions(actions: Sequence[RenderedAction]) -> str:
    return f'<actions count="{len(actions)}">{"".join(map(_render_action, actions))}</actions>'


def _render_action(action: RenderedAction) -> str:
    element = element_of(action.type)
    kind = f' type="{escape(action.type)}"' if element == "action" else ""
    encoding = action.encoding or ("UTF-8" if element.endswith("message") else "")
    arguments = action.arguments if element in _WITH_ARGUMENTS else ()
    return (
        f'<{element} id="{escape(action.id)}"{kind}><destination>{escape(action.destination)}</destination>'
        f"<parameters>{escape(action.parameters)}</parameters>"
        f"{encoding and f'<encoding>{escape(encoding)}</encoding>'}"
        f"{''.join([f'<arg>{escape(argument)}</arg>' for argument in arguments])}</{element}>"
    )


def _iso(seconds: float) -> str:
    try:
        moment = datetime.fromtimestamp(seconds, UTC)
    except (ValueError, OverflowError, OSError):
        return ""  # no year of a calendar
    return f"<started>{moment.isoformat(timespec='milliseconds').replace('+00:00', 'Z')}</started>"


def _shortened(notice: Notice, actions: Sequence[RenderedAction], v1: bool) -> bytes:
    """Leave parts out in the protocol's order until the document fits, and say which."""
    kind, call = notice.kind, notice.call
    document = b""
    left_out = []
    for what, leave_out in _OMISSIONS:
        call, actions = leave_out(call, actions, len(document) + 1 - XML_LINE)
        left_out.append(what)
        document = _render(kind, call, actions, v1)
        if len(document) < XML_LINE:
            break
    _log.warn(
        "{kind} of call {uniqueid} was longer than {limit} bytes and went without {what}",
        kind=kind, uniqueid=call.uniqueid[:100], limit=XML_LINE, what=", ".join(left_out),
    )  # fmt: skip
    return document


_Parts = tuple[CallView, Sequence[RenderedAction]]


def _without_long_parameters(call: CallView, actions: Sequence[RenderedAction], excess: int) -> _Parts:
    return call, [
        replace(a, parameters="", arguments=()) if _size(a.parameters, *a.arguments) > PARAMETERS_BYTES else a
        for a in actions
    ]


def _without_long_values(call: CallView, actions: Sequence[RenderedAction], excess: int) -> _Parts:
    return call._replace(variables=tuple((k, v if _size(v) <= VALUE_BYTES else "") for k, v in call.variables)), actions


def _without_entries(call: CallView, actions: Sequence[RenderedAction], excess: int) -> _Parts:
    kept = list(call.variables)
    while kept and excess > 0:
        excess -= _size(*kept.pop()) + len('<data key=""></data>')
    return call._replace(variables=tuple(kept)), actions


def _without_actions(call: CallView, actions: Sequence[RenderedAction], excess: int) -> _Parts:
    kept = list(actions)
    while kept and excess > 0:
        excess -= len(_render_action(kept.pop()).encode())
    return call, kept


def _without_long_texts(call: CallView, actions: Sequence[RenderedAction], excess: int) -> _Parts:
    # Seventeen texts of 500 characters of at most 7 bytes fit whatever they are made of.
    return CallView._make(v[:500] if isinstance(v, str) else v for v in call), ()


_OMISSIONS = (
    ("actions' long parameters", _without_long_parameters),
    ("variables' long values", _without_long_values),
    ("some variables", _without_entries),
    ("some actions", _without_actions),
    ("all actions and the ends of long texts", _without_long_texts),
)


def _size(*texts: str) -> int:
    return sum(len(escape(text).encode()) for text in texts)
