"""Logins other than by ``PASS``."""

from __future__ import annotations

import re
from base64 import b64decode
from binascii import Error as Base64Error
from collections.abc import Sequence
from typing import TYPE_CHECKING

from astcti.errors import Refused
from astcti.model.commands import Authenticate, Command, ContinueAuthentication
from astcti.protocols.states import UNKNOWN
from astcti.protocols.words.entry import Entry

if TYPE_CHECKING:
    from astcti.protocols.conversation import Conversation

_MECHANISM = re.compile("[A-Z0-9_-]{1,20}")  # RFC 4422
_TICKET = re.compile("[A-Za-z0-9_-]+")


def _auth(session: Conversation, parameters: Sequence[str]) -> Command | None:
    if parameters[0] == "?":
        session.tell_mechanisms()
        return None
    if len(parameters) == 1:
        session.check_encryption(readable=False)
        return ContinueAuthentication(None if parameters[0] == "*" else _decoded(parameters[0]))
    mechanism, data = parameters[0].upper(), parameters[1]
    if not _MECHANISM.fullmatch(mechanism):
        raise Refused(901, "malformed mechanism")
    session.check_encryption(readable=not mechanism.startswith("SCRAM-"))
    if mechanism.startswith("SCRAM-") or mechanism == "PLAIN":
        return Authenticate(mechanism, _decoded(data))
    if mechanism == "RESUME" and not _TICKET.fullmatch(data):
        raise Refused(901, "malformed ticket")
    return Authenticate(mechanism, data.encode())  # of a mechanism that is not known nobody knows how to read it


def _decoded(text: str) -> bytes:
    try:
        return b64decode(text, validate=True)
    except (Base64Error, ValueError):
        raise Refused(901, "malformed base64") from None


ENTRIES: tuple[Entry, ...] = (Entry("AUTH", _auth, UNKNOWN, 1, 2, "already authenticated", secret=True),)
