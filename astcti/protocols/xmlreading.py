"""Reading the server's XML documents, without trusting them: no document type, no entities, no network, no bombs."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from types import MappingProxyType

from lxml import etree

from astcti.errors import PeerError
from astcti.model.actions import RenderedAction
from astcti.model.node import Node
from astcti.model.notices import CallView
from astcti.protocols.limits import XML_LINE


class UnreadableEvent(PeerError):
    """A document that is no event; the connection can go on."""


@dataclass(frozen=True, slots=True)
class CallEvent:
    """An event of a call. ``id`` is ``Link`` etc.; ``actions`` are there once, in the event that is to pop a screen.

    :ivar recovered: it happened a while ago, when the server did not see it or could not tell it.
    """

    id: str
    call: CallView
    actions: tuple[RenderedAction, ...] = ()
    recovered: bool = False


@dataclass(frozen=True, slots=True)
class ServerEvent:
    """An event of another kind (``events2``): the name of its element, that one's text, attributes and children."""

    id: str
    element: str = ""
    text: str = ""
    attributes: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    children: tuple[Node, ...] = ()


TYPES = {
    "application": "APPLICATION",
    "browser": "BROWSER",
    "internalbrowser": "INTERNAL_BROWSER",
    "tcpmessage": "TCP_MESSAGE",
    "udpmessage": "UDP_MESSAGE",
}
"""Element to action type; the element ``action`` says its type in an attribute."""

_FIELDS = {
    "uniqueid": "uniqueid",
    "channel": "channel",
    "calleridnum": "number",
    "calleridname": "name",
    "context": "context",
    "state": "state",
    "destchannel": "dest_channel",
    "destuniqueid": "dest_uniqueid",
    "queue": "queue",
    "exten": "exten",
    "accountcode": "account",
    "direction": "direction",
    "service": "service",
    "language": "language",
    "linkedid": "linkedid",
    "reason": "reason_text",
}

_DOCTYPE = re.compile(rb"<!\s*(DOCTYPE|ENTITY)", re.IGNORECASE)


def new_parser() -> etree.XMLParser:
    """Make a parser that reads documents from a stranger."""
    return etree.XMLParser(
        encoding="utf-8",
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        dtd_validation=False,
        huge_tree=False,
        remove_comments=True,
        remove_pis=True,
    )


_parser = new_parser()


def parse(document: bytes) -> CallEvent | ServerEvent:
    """Read one document; elements and attributes that are not known are passed over.

    :raises UnreadableEvent: not well-formed, with a document type, too long, or not an ``event``.
    """
    if len(document) > XML_LINE:
        raise UnreadableEvent(f"longer than {XML_LINE} bytes")
    if _DOCTYPE.search(document):
        raise UnreadableEvent("a document type is not accepted")
    try:
        root = etree.fromstring(document, _parser)
    except (etree.XMLSyntaxError, ValueError) as e:
        raise UnreadableEvent(str(e)) from e
    if root.tag != "event":
        raise UnreadableEvent(f"the root is {root.tag!r}")
    kind = root.get("id", "")
    if len(root) and root[0].tag == "call":
        event = _call_event(kind, root[0])
        return replace(event, recovered=True) if root.get("recovered") == "yes" else event
    if not len(root):
        return ServerEvent(kind)
    child = root[0]
    attributes = {str(name): str(value) for name, value in child.attrib.items()}
    return ServerEvent(kind, str(child.tag), _text(child), MappingProxyType(attributes), tuple(map(_node, child)))


def _node(element: etree._Element) -> Node:
    attributes = tuple((str(name), str(value)) for name, value in element.attrib.items())
    return Node(str(element.tag), attributes, element.text or "", tuple(map(_node, element)))


def _text(element: etree._Element) -> str:
    return "".join(element.itertext()) if len(element) else element.text or ""


def _call_event(kind: str, call: etree._Element) -> CallEvent:
    fields: dict[str, str] = {}
    variables: tuple[tuple[str, str], ...] = ()
    actions: tuple[RenderedAction, ...] = ()
    started = 0.0
    code: int | None = None
    for element in call:
        tag = str(element.tag)
        if tag in _FIELDS:
            fields.setdefault(_FIELDS[tag], _text(element))
            if tag == "reason":
                code = _integer(element.get("code", ""))
        elif tag == "appdata":
            variables = tuple([(d.get("key", ""), _text(d)) for d in element if d.tag == "data" and d.get("key")])
        elif tag == "started":
            started = _seconds(_text(element))
        elif tag == "actions":
            actions = tuple([_action(e) for e in element if e.tag in TYPES or (e.tag == "action" and e.get("type"))])
    fields.setdefault("uniqueid", "")
    fields.setdefault("channel", "")
    return CallEvent(kind, CallView(**fields, variables=variables, started=started, reason_code=code), actions)


def _action(element: etree._Element) -> RenderedAction:
    parts = {str(child.tag): _text(child) for child in element}
    encoding = parts.get("encoding", "")
    return RenderedAction(
        id=element.get("id", ""),
        type=TYPES.get(str(element.tag)) or element.get("type", "").upper(),
        destination=parts.get("destination", ""),
        parameters=parts.get("parameters", ""),
        encoding="" if encoding.upper() == "UTF-8" else encoding,
        arguments=tuple([_text(child) for child in element if child.tag == "arg"]),
    )


def _integer(text: str) -> int | None:
    return int(text) if re.fullmatch(r"-?[0-9]{1,9}", text) else None


def _seconds(text: str) -> float:
    try:
        return datetime.fromisoformat(text).timestamp()
    except (ValueError, OverflowError):
        return 0.0
