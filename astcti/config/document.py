"""What a source yields: a configuration, and where in the file each of its rows stands."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from astcti.config.model import Configuration


@dataclass(frozen=True, slots=True)
class Document:
    """A configuration that was read and not yet validated.

    :ivar name: the file's name, for messages.
    :ivar lines: (table, id as messages show it) to line; empty for what has no lines.
    :ivar notes: what was found odd while reading, and read nevertheless.
    :ivar places: (table, id) to what messages call a row that is from elsewhere than the rest.
    """

    configuration: Configuration
    name: str = ""
    lines: Mapping[tuple[str, str], int] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    places: Mapping[tuple[str, str], str] = field(default_factory=dict)

    def place(self, table: str, row_id: str) -> str:
        """``file:line`` of a row, or just the file."""
        if (table, row_id) in self.places:
            return self.places[table, row_id]
        line = self.lines.get((table, row_id))
        return f"{self.name}:{line}" if line else self.name
