"""Calls that an operator begins."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

from astcti.errors import Refused
from astcti.model.commands import Command, Originate, Telecommute
from astcti.protocols.states import SEATED
from astcti.protocols.words.entry import Entry

if TYPE_CHECKING:
    from astcti.protocols.conversation import Conversation

_PRIORITY = re.compile("[0-9]{1,5}", re.ASCII)


def _orig(session: Conversation, parameters: Sequence[str]) -> Command:
    first, *rest = parameters
    if "/" in first:
        if not rest:
            raise Refused(901, "no number to call from that phone")
        return Originate(rest[0], "".join(rest[1:]), first)
    if len(rest) > 1:
        raise Refused(901, "wrong number of parameters")
    if "|" not in first:
        return Originate(first, "".join(rest))
    number, _, where = first.partition("|")
    context, _, priority = where.partition("|")
    if rest or not number or not context or not _PRIORITY.fullmatch(priority):
        raise Refused(901, "with | it is number|context|priority, and nothing else")
    return Originate(number, context, "", int(priority))


def _tele(session: Conversation, parameters: Sequence[str]) -> Command:
    return Telecommute("" if parameters[0].upper() == "OFF" else parameters[0])


ENTRIES: tuple[Entry, ...] = (
    Entry("ORIG", _orig, SEATED, 1, 3),
    Entry("TELE", _tele, SEATED, 1, 1),
)
