"""The table ``cti`` of the first generation: a row is an operator, with password, place and phone.

What is wrong with a row costs that row and is said; it never costs the others the configuration. What the data base is,
and how it is asked, is the caller's business.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field, replace

from astcti.config import credentials, kinds
from astcti.config.addresses import channel_fault, is_anywhere, normal_channel
from astcti.config.rows import Row
from astcti.config.source import SourceUnavailable
from astcti.config.validation.operators import name_fault
from astcti.config.validation.structure import is_possible

NEEDED, OPTIONAL = ("USERNAME", "SECRET"), ("HOST", "EXT")
_NAMED = 5  # operators named in a warning that concerns many


@dataclass(frozen=True, slots=True, order=True)
class Person:
    """One row with a name.

    :ivar secret: an MD5 digest or a better credential; empty for one with which nobody can log in.
    :ivar host: where the client has to be; empty for anywhere.
    :ivar phone: the one phone; empty where the client says which.
    :ivar closed: why nobody can log in, other than that there is no secret.
    """

    username: str
    secret: str = field(default="", repr=False)
    host: str = ""
    phone: str = ""
    closed: str = ""

    @property
    def may_log_in(self) -> bool:
        """Whether anybody can be that operator."""
        return bool(self.secret) and not self.closed


@dataclass(frozen=True, slots=True)
class People:
    """Everybody in the table.

    :ivar name: what messages call the table.
    :ivar persons: by user name.
    :ivar notes: what is odd about the rows.
    """

    name: str = ""
    persons: tuple[Person, ...] = ()
    notes: tuple[str, ...] = ()


def read_people(rows: Iterable[Row], columns: Collection[str], name: str) -> People:
    """Read the rows of the table.

    :param rows: column in lower case to value; ``columns`` are these columns, also where there is no row.
    :raises SourceUnavailable: it is no such table.
    """
    lacking = [column for column in NEEDED if column.lower() not in columns]
    if lacking:
        raise SourceUnavailable(f"{name}: there is no column {', '.join(lacking)}")
    notes = [f"{name}: there is no column {c}; it is empty for everybody" for c in OPTIONAL if c.lower() not in columns]
    nameless, found = 0, dict[str, list[Person]]()
    for row in rows:
        person = _read(row)
        if person is None:
            nameless += 1
        elif fault := name_fault(person.username):  # never two names for one: they are compared exactly
            notes.append(f"{name} {person.username[:120]!r}, USERNAME: {fault}; the row is skipped")
        else:
            found.setdefault(person.username, []).append(person)
    if nameless:
        notes.append(f"{name}: {_counted(nameless)} without USERNAME skipped")
    persons = []
    for username, same in sorted(found.items()):
        person = same[0] if len(same) == 1 else replace(same[0], closed=f"USERNAME: {len(same)} rows have it")
        if person.closed:
            notes.append(f"{name} {username!r}, {person.closed}: nobody can log in")
        persons.append(person)
    if without := [p.username for p in persons if not p.secret and not p.closed]:
        notes.append(f"{name}: no SECRET, so that nobody can log in: {_named(without)}")
    return People(name, tuple(persons), tuple(notes))


def _read(row: Row) -> Person | None:
    texts, closed = {}, ""
    for column in (*NEEDED, *OPTIONAL):
        try:
            texts[column] = kinds.TEXT.read(row.get(column.lower())).strip()
            if not is_possible(texts[column]):
                raise ValueError("it holds characters that are not possible")
        except ValueError as e:
            texts[column], closed = "", f"{column}: {e}"
    username, secret, host, phone = (texts[column] for column in (*NEEDED, *OPTIONAL))
    if not username:
        return None
    if secret and (fault := credentials.credential_fault(secret)):
        secret, closed = "", closed or f"SECRET: {fault}"
    if phone:
        phone = normal_channel(phone)
        if "/" in phone and (fault := channel_fault(phone)):
            closed = closed or f"EXT: {fault}"
    return Person(username, secret, "" if is_anywhere(host) else host, phone, closed)


def _named(names: list[str]) -> str:
    more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    return ", ".join(names[:_NAMED]) + more


def _counted(rows: int) -> str:
    return "1 row" if rows == 1 else f"{rows} rows"
