"""The fixed words of a configuration, and the other spellings that older files have for them."""

from __future__ import annotations

import re
from collections.abc import Mapping

CONTEXT_TYPES = ("INBOUND", "OUTBOUND")
OS_TYPES = ("ALL", "LINUX", "MACINTOSH", "WINDOWS")
PLACES = ("CLIENT", "SERVER")
TRIGGERS = ("LINK", "RINGING", "HANGUP")

# Keys are upper case without blanks, dashes and underscores.
_OS_SPELLINGS = {"LIN": "LINUX", "LNX": "LINUX", "WIN": "WINDOWS", "OSX": "MACINTOSH", "MAC": "MACINTOSH"}
_ACTION_SPELLINGS = {
    "INTERNALBROWSER": "INTERNAL_BROWSER",
    "EXTERNALBROWSER": "BROWSER",
    "TCPMESSAGE": "TCP_MESSAGE",
    "UDPMESSAGE": "UDP_MESSAGE",
}
_YES, _NO = frozenset({"1", "y", "yes", "true", "on", "t"}), frozenset({"0", "n", "no", "false", "off", "f"})


def parse_bool(text: str) -> bool:
    """``1 Y yes true on`` or ``0 N no false off``, whatever the case.

    :raises ValueError: for anything else.
    """
    word = text.strip().lower()
    if word in _YES:
        return True
    if word in _NO:
        return False
    raise ValueError(f"{text!r} is neither yes nor no (1/0, Y/N, true/false)")


def normal_os(text: str) -> str:
    """The operating system an action is for: ``WIN`` as ``WINDOWS``; an unknown word in upper case."""
    return _spelled(text, _OS_SPELLINGS)


def normal_action_type(text: str) -> str:
    """The type of an action: ``Internal Browser`` as ``INTERNAL_BROWSER``; an unknown word in upper case."""
    return _spelled(text, _ACTION_SPELLINGS)


def normal_word(text: str) -> str:
    """A word of a fixed set, in upper case."""
    return text.strip().upper()


def _spelled(text: str, spellings: Mapping[str, str]) -> str:
    word = text.strip().upper()
    return spellings.get(re.sub(r"[\s_-]", "", word), word)
