"""Queues, pauses and after-call work."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING
from urllib.parse import unquote

from astcti.errors import Refused
from astcti.model.commands import AskQueues, Command, EndWrapUp, JoinQueue, LeaveQueue, Pause, SetWrapUp
from astcti.protocols.replies import Code
from astcti.protocols.states import LOGGED_IN, SEATED
from astcti.protocols.words.entry import Entry

if TYPE_CHECKING:
    from astcti.protocols.conversation import Conversation


def decoded(text: str) -> str:
    """Undo percent-encoding.

    :raises Refused: 901, it is none, or what comes out is no text that can be shown.
    """
    if re.search("%(?![0-9A-Fa-f]{2})", text):
        raise Refused(901, "a percent sign is written %25")
    try:
        plain = unquote(text, errors="strict")
    except UnicodeDecodeError:
        raise Refused(901, "percent-encoded text is not UTF-8") from None
    if not plain.isprintable():
        raise Refused(901, "characters that cannot be shown")
    return plain


def _pause(session: Conversation, parameters: Sequence[str]) -> Command:
    directions = {"IN": True, "OUT": False}
    paused = directions.get(parameters[0].upper())
    if paused is None:
        raise Refused(901, "say IN or OUT")
    details = {"queue": "", "reason": ""}
    for parameter in parameters[1:]:
        name, equals, value = parameter.partition("=")
        name = name.lower()
        if not equals or name not in details or details[name]:
            raise Refused(901, "behind IN or OUT there may be queue= and reason=, once each")
        details[name] = decoded(value)
    return Pause(paused, details["queue"], details["reason"])


def _redy(session: Conversation, parameters: Sequence[str]) -> Command:
    return EndWrapUp()


def _wrap(session: Conversation, parameters: Sequence[str]) -> Command:
    word = parameters[0].upper()
    if word not in {"ON", "OFF"}:
        raise Refused(901, "say ON or OFF")
    return SetWrapUp(word == "ON")


def _strt(session: Conversation, parameters: Sequence[str]) -> Command:
    return JoinQueue(decoded(parameters[0]))


def _stop(session: Conversation, parameters: Sequence[str]) -> Command:
    return LeaveQueue(decoded(parameters[0]))


def _qstat(session: Conversation, parameters: Sequence[str]) -> Command:
    return AskQueues(decoded(parameters[0]) if parameters else "")


ENTRIES: tuple[Entry, ...] = (
    Entry("PAUSE", _pause, SEATED, 1, 3, failure=Code.PAUSE_FAILED),
    Entry("REDY", _redy, SEATED),
    Entry("WRAP", _wrap, SEATED, 1, 1),
    Entry("STRT", _strt, SEATED, 1, 1),
    Entry("QSTAT", _qstat, LOGGED_IN, 0, 1),
    Entry("STOP", _stop, SEATED, 1, 1),
)
