"""The data base the configuration is in."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial

from astcti.config.cti import People
from astcti.config.database.address import Address
from astcti.doctor.case import Case
from astcti.doctor.finding import Notes, counted
from astcti.errors import ConfigError

SLACK = 120  # seconds a timestamp may be ahead of our clock
MAX_PROBLEMS = 20
CREDENTIAL_LENGTH = 97  # characters of what a digest becomes


@dataclass(frozen=True, slots=True)
class Seen:
    """What a data base says of itself.

    :ivar revision: of its layout; empty for none. ``newest`` is what this release makes, ``known`` whether it knows
        the other one.
    :ivar stamps: its timestamps, seconds since 1970.
    :ivar problems: why its rows cannot be read.
    :ivar closed: why operators cannot change their passwords; empty when they can.
    """

    revision: str
    newest: str
    known: bool
    stamps: tuple[float, ...]
    rows: str
    problems: tuple[str, ...]
    closed: str


async def examine_database(case: Case, notes: Notes) -> None:
    """Reachable, lets us in, has the tables, and rows that can be read."""
    assert case.bootstrap is not None
    database = case.bootstrap.database
    address = database.address
    if address is None:
        notes.skip(f"none is used: the configuration is in {database.source}")
        return
    if database.source in ("mysql", "postgresql"):
        await _examine_ours(case, notes, address)
    if database.legacy_table:
        await _examine_people(case, notes, address)


async def _examine_people(case: Case, notes: Notes, address: Address) -> None:
    """A table of the first generation."""
    assert case.bootstrap is not None
    table = case.bootstrap.database.legacy_table
    try:
        people, closed = await case.aside(partial(look_at_people, address, table))
    except ConfigError as e:
        for problem in e.problems:
            notes.fault(problem, "While it is so, a server goes on with the configuration it has.")
        return
    for note in people.notes[:MAX_PROBLEMS]:
        notes.warn(note, "Correct the row; all others count.")
    if len(people.notes) > MAX_PROBLEMS:
        notes.warn(f"... and {counted(len(people.notes) - MAX_PROBLEMS, 'more oddity', 'more oddities')}",
                   "See all of them:", f"    astcti config check {case.bootstrap.path}")  # fmt: skip
    if closed:
        notes.warn(f"new passwords, and better forms of old ones, do not come into the table: {closed}",
                   f"They are kept in {case.bootstrap.ctiserver.state / 'overrides.db3'}, which nobody else reads. To "
                   "have them in the table:", f"    ALTER TABLE {table} MODIFY SECRET varchar(255);",
                   f"    GRANT UPDATE ON {address.database}.{table} TO '{address.username}'@'...';")  # fmt: skip
    able = sum(person.may_log_in for person in people.persons)
    notes.fine(f"{people.name}: {counted(len(people.persons), 'operator')}, {able} of whom can log in")


def look_at_people(address: Address, table: str) -> tuple[People, str]:
    """Ask a table of the first generation; blocks.

    :returns: who is in it, and why new credentials cannot be written there; empty when they can.
    :raises ConfigError: it cannot be asked; in words that say what to do.
    """
    from astcti.config.database.ctitable import CtiTable  # here, as below

    asked, closed = CtiTable(address, table), ""
    try:
        people = asked.read().people
        try:
            asked.try_out(CREDENTIAL_LENGTH)
        except ConfigError as e:
            closed = "; ".join(e.problems)
    finally:
        asked.engine.dispose()
    return people, closed


async def _examine_ours(case: Case, notes: Notes, address: Address) -> None:
    """Tables of ours."""
    assert case.bootstrap is not None
    database = case.bootstrap.database
    try:
        seen = await case.aside(partial(look, address, database.staging))
    except ConfigError as e:
        for problem in e.problems:
            notes.fault(problem, "While it is so, a server goes on with the configuration it has.")
        return
    _judge_layout(notes, address, seen, str(case.bootstrap.path))
    for stamp in seen.stamps:
        if stamp > case.now() + SLACK:
            notes.warn(f"{address}: last_update is {_moment(stamp)}, which is yet to come",
                       "Set it to seconds since 1970, or see whether one of the two clocks is wrong.")  # fmt: skip
    for problem in seen.problems[:MAX_PROBLEMS]:
        notes.fault(problem, "Correct the row; the server does not take the configuration before.")
    if seen.closed:
        notes.warn(f"operators cannot change their passwords, nor are old forms of them replaced: {seen.closed}",
                   "Let the user write that table, and if there is one, that of the data base for editing:",
                   f"    GRANT UPDATE ON {address.database}.operators TO '{address.username}'@'...';")  # fmt: skip
    if not seen.problems:
        newest = max(seen.stamps, default=0.0)
        since = f"changed {_moment(newest)}" if newest else "without a timestamp"
        notes.fine(f"{address}: {seen.rows}, {since}")


def look(address: Address, staging: str) -> Seen:
    """Ask a data base; blocks.

    :param staging: the data base in which a configurator edits, if there is one.
    :raises ConfigError: it cannot be asked; in words that say what to do.
    """
    # Here, so that whoever has no data base needs none of their packages.
    from astcti.config.database.credentials import DatabaseCredentials
    from astcti.config.database.layout import revision_of
    from astcti.config.database.reading import read_snapshot, read_stamps
    from astcti.config.database.source import DatabaseSource
    from astcti.config.source import SourceUnavailable

    source = DatabaseSource(address)
    problems: tuple[str, ...] = ()
    rows = closed = ""
    try:
        stamps = read_stamps(source.engine, address)
        layout = revision_of(source.engine, address)
        try:
            c = read_snapshot(source.engine, address).document.configuration
            counts = ((len(c.operators), "operator"), (len(c.seats), "seat"), (len(c.services), "service"))
            rows = ", ".join(counted(*count) for count in counts)
        except SourceUnavailable:
            raise
        except ConfigError as e:
            problems = e.problems
        try:
            DatabaseCredentials(source, staging).try_out()
        except ConfigError as e:
            closed = "; ".join(e.problems)
    finally:
        source.engine.dispose()
    seconds = [float(found[0]) for text in stamps if (found := re.search(r"\d+(\.\d+)?$", text))]
    return Seen(*layout, tuple(seconds), rows, problems, closed)


def _judge_layout(notes: Notes, address: Address, seen: Seen, bootstrap: str) -> None:
    init = ("Nothing is ever removed by it:", f"    astcti config init {bootstrap}")
    if seen.revision and not seen.known:
        notes.fault(f"{address}: its layout is of a newer release (revision {seen.revision}, ours is {seen.newest})",
                    "Upgrade astcti here.")  # fmt: skip
    elif not seen.revision:
        notes.warn(f"{address}: its layout is older than astcti's own, which has room for longer passwords and more",
                   "It works as it is. To bring it up to date:", *init)  # fmt: skip
    elif seen.revision != seen.newest:
        notes.warn(f"{address}: its layout is of an older release (revision {seen.revision} instead of {seen.newest})",
                   "Bring it up to date:", *init)  # fmt: skip


def _moment(seconds: float) -> str:
    try:
        return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
    except (OverflowError, ValueError, OSError):
        return f"{seconds:.0f}"
