"""What became of actions, and messages between people."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING
from urllib.parse import unquote

from astcti.errors import Refused
from astcti.model.commands import Command, ReportAction, SendText
from astcti.protocols.states import SEATED
from astcti.protocols.words.entry import Entry
from astcti.protocols.words.queues import decoded

if TYPE_CHECKING:
    from astcti.protocols.conversation import Conversation

MAX_ID = 100  # characters
MAX_TEXT = 500

_UNPRINTABLE = re.compile("[\\x00-\\x1f\\x7f-\\x9f]")


def _actr(session: Conversation, parameters: Sequence[str]) -> Command:
    id, word = parameters[0], parameters[1].upper()
    if word not in {"OK", "KO"}:
        raise Refused(901, "say OK or KO")
    if len(id) > MAX_ID:
        raise Refused(931, "no such action")
    # Whatever a program said when it failed: never a reason not to hear that it failed.
    text = _UNPRINTABLE.sub(" ", unquote(" ".join(parameters[2:]), errors="replace")).strip()
    return ReportAction(id, word == "OK", text[:MAX_TEXT])


def _text(session: Conversation, parameters: Sequence[str]) -> Command:
    text = decoded(" ".join(parameters[1:])).strip()
    if not text:
        raise Refused(901, "no text")
    if len(text) > MAX_TEXT:
        raise Refused(901, f"text longer than {MAX_TEXT} characters")
    return SendText(decoded(parameters[0]), text)


ENTRIES: tuple[Entry, ...] = (
    Entry("ACTR", _actr, SEATED, 2, None),
    Entry("TEXT", _text, SEATED, 2, None),
)
