"""A data base as a source: its rows count from the moment its timestamp is another one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import sqlalchemy as sa

from astcti.config.database.address import Address
from astcti.config.database.engine import make_engine
from astcti.config.database.reading import read_snapshot, read_stamps
from astcti.config.database.tables import Stamps
from astcti.config.document import Document
from astcti.config.source import Sighting, SourceUnavailable


@dataclass(frozen=True, slots=True)
class Edition:
    """What a data base said while its timestamps were these."""

    name: str
    stamps: Stamps

    def __str__(self) -> str:
        return self.name


class DatabaseSource:
    """The tables of one data base. They are their owner's: only credentials are ever written, elsewhere."""

    folder: Path | None = None
    poll_seconds: float | None = None
    may_vanish = True

    def __init__(self, address: Address, make: Callable[[Address], sa.Engine] = make_engine) -> None:
        self.address = address
        self._make = make
        self._read: Stamps | None = None
        self._current: Stamps | None = None
        self._rejected: Stamps | None = None

    @cached_property
    def engine(self) -> sa.Engine:
        """Its connections, made at first use."""
        return self._make(self.address)

    def describe(self) -> str:
        """``MySQL data base asteriskcti on localhost``."""
        return str(self.address)

    def first(self) -> list[Edition]:
        """What the data base says now."""
        return [self._edition(read_stamps(self.engine, self.address))]

    def look(self, now: float) -> Sighting[Edition]:
        """Whether the timestamp is another one than that in use, and than that rejected. An older one counts too:
        somebody has gone back."""
        try:
            stamps = read_stamps(self.engine, self.address)
        except SourceUnavailable as e:
            return Sighting(trouble=str(e))
        return Sighting() if stamps in (self._current, self._rejected) else Sighting(self._edition(stamps))

    def read(self, path: Edition) -> Document:
        """Read all tables; if the timestamp changed again since, the newer rows."""
        self._read = None
        snapshot = read_snapshot(self.engine, self.address)
        self._read = snapshot.stamps
        return snapshot.document

    def accept(self, path: Edition, keep: int) -> None:
        """Remember which one is in use."""
        self._current, self._rejected = self._read, None

    def reject(self, path: Edition, problems: tuple[str, ...]) -> None:
        """Remember not to try that one again. The reasons are in the log, and with ``astcti config check``."""
        self._rejected = self._read or path.stamps

    def forget(self) -> None:
        """Read everything anew, also where no timestamp has changed: somebody asks for it."""
        self._current = self._rejected = None

    def _edition(self, stamps: Stamps) -> Edition:
        return Edition(str(self.address), stamps)
