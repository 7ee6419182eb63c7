"""Operators of a table ``cti``, alone or in addition to another source, as one source."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from astcti.config.ctijoining import with_people
from astcti.config.database.ctitable import Contents, CtiTable
from astcti.config.document import Document
from astcti.config.identifiers import is_stable_id
from astcti.config.model import Configuration
from astcti.config.source import Sighting, Source, SourceUnavailable


@dataclass(frozen=True, slots=True)
class Edition:
    """One state of the table with one of the other source.

    :ivar base: what the other source named; ``None`` where it has nothing new, or there is none.
    """

    name: str
    base: Any
    contents: Contents

    def __str__(self) -> str:
        return self.name


class CtiSource:
    """A table and, for everything else, another source.

    :param base: the other source.
    :param given: settings of the bootstrap file, which are not given other values for the table's sake.
    :param alone: the table is where operators come from, and not only some of them.
    :ivar owned: user names of those in use who are from the table.
    """

    may_vanish = True

    def __init__(
        self, table: CtiTable, base: Source[Any] | None = None, *, given: Collection[str] = (), alone: bool = True
    ) -> None:
        self.table = table
        self.base = base
        self._given = frozenset(given)
        self._alone = alone
        self.owned: frozenset[str] = frozenset()
        self._read: tuple[Document | None, frozenset[str]] = (None, frozenset())  # of the other source, last; the owned
        self._document: Document | None = None  # of the other source, in use
        self._current: str | None = None
        self._rejected: str | None = None

    @property
    def folder(self) -> Path | None:
        """That of the other source."""
        return self.base.folder if self.base is not None else None

    @property
    def poll_seconds(self) -> float | None:
        """Those of the other source."""
        return self.base.poll_seconds if self.base is not None else None

    def describe(self) -> str:
        """``table cti of MySQL data base asterisk on localhost, with XML file /etc/astcti/runtime.xml``."""
        return self.table.describe() + (f", with {self.base.describe()}" if self.base is not None else "")

    def first(self) -> list[Edition]:
        """Each that the other source names, with the table as it is now."""
        contents = self.table.read()
        paths = [None] if self.base is None else self.base.first()
        return [self._edition(path, contents) for path in paths]

    def look(self, now: float) -> Sighting[Edition]:
        """Whether the other source names something, or the table is another one than that in use, or rejected."""
        seen: Sighting[Any] = Sighting() if self.base is None else self.base.look(now)
        if seen.wait is not None:
            return Sighting(wait=seen.wait, trouble=seen.trouble)
        try:
            return Sighting(self._news(seen.path, self.table.read()), trouble=seen.trouble)
        except SourceUnavailable as e:
            return Sighting(trouble="; ".join(filter(None, (seen.trouble, str(e)))))

    def _news(self, path: Any, contents: Contents) -> Edition | None:
        """What is to be loaded now, if anything.

        :param path: what the other source names.
        """
        if path is None:
            if contents.mark in (self._current, self._rejected):
                return None
            if self.base is not None and self.base.may_vanish:  # its rows may have other credentials by now
                path = self.base.first()[0]
            elif self.base is not None and self._document is None:
                return None
        return self._edition(path, contents)

    def read(self, path: Edition) -> Document:
        """Put the people of the table into what the other source says."""
        if self.base is None:
            base = Document(Configuration(), str(self.table.address))
        elif path.base is not None:
            base = self.base.read(path.base)
        else:
            assert self._document is not None, "there is nothing new in it, so it was in use"
            base = self._document
        whole = with_people(base, path.contents.people, given=self._given, alone=self._alone)
        self._read = base, frozenset(o.username for o in whole.configuration.operators if is_stable_id(o.id))
        return whole

    def accept(self, path: Edition, keep: int) -> None:
        """Remember which ones are in use."""
        self._document, self.owned = self._read
        self._current, self._rejected = path.contents.mark, None
        if self.base is not None and path.base is not None:
            self.base.accept(path.base, keep)

    def reject(self, path: Edition, problems: tuple[str, ...]) -> None:
        """No row of the table is a reason for it: what the other source says is rejected there, if it is new."""
        if self.base is None or path.base is None or self.base.may_vanish:
            self._rejected = path.contents.mark
        if self.base is not None and path.base is not None:
            self.base.reject(path.base, problems)

    def forget(self) -> None:
        """Read both anew."""
        self._current = self._rejected = None
        if self.base is not None:
            self.base.forget()

    def _edition(self, base: Any, contents: Contents) -> Edition:
        name = self.table.describe() + (f", with {base}" if base is not None else "")
        return Edition(name, base, contents)
