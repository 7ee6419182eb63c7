"""The commands of the protocol: one table, an entry per word.

A command that a later version adds is one entry in a module of :mod:`astcti.protocols.words`: its word, the states in
which it is heard, how many parameters it takes, and a reader that turns them into a value for the desk (or answers by
itself and gives None). Whatever is not in the table is ``101 unknown command``.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from astcti.protocols.words import auth, base, calls, outcomes, queues
from astcti.protocols.words.entry import Entry

V2_WORDS = frozenset(
    ("CMPR", "KEEP", "EXTEN", "CHPW", "IDEN", "OSTYPE", "SERVICES", "QUEUES", "QSTAT", "CAPS", "AUTH", "STLS")
)
"""Words that only clients of the second generation say, whether or not this server knows the command."""

COMMANDS: Mapping[str, Entry] = MappingProxyType(
    {entry.word: entry for group in (base, auth, queues, calls, outcomes) for entry in group.ENTRIES}
)
"""Every command there is."""


def masked(line: str) -> str:
    """Give a client's line as it may be shown: without digests, also when the command is misspelt or unknown."""
    word, blank, _ = line.strip(" ").partition(" ")
    entry = COMMANDS.get(word.upper())
    return line if not blank or (entry and not entry.secret) else f"{word} ***"
