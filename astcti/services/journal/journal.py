"""The journal: tables of the store, mirrored in memory, read back at the start."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import Any, Protocol

from twisted.application.service import Service
from twisted.internet.defer import Deferred
from twisted.logger import Logger

from astcti.model.restoring import Recalled
from astcti.services.journal.agentlog import AgentLog
from astcti.services.journal.records import Membership, OperatorRecord, Pop, Sitter

MAX_POPS = 50_000  # running calls that popped; above, the oldest are forgotten
MAX_STORIES = 20_000  # running calls of services

_PUT_MEMBERSHIP = "INSERT OR REPLACE INTO memberships VALUES (?, ?, ?, ?, ?, ?)"
_PUT_OPERATOR = "INSERT OR REPLACE INTO operators VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
_PUT_POP = "INSERT OR REPLACE INTO pops VALUES (?, ?, ?, ?)"
_PUT_SITTER = "INSERT OR REPLACE INTO seats VALUES (?, ?, ?)"
_PUT_STORY = "INSERT OR REPLACE INTO stories VALUES (?, ?, ?, ?, ?, ?)"


class IStore(Protocol):
    """Where it is written (:class:`astcti.services.store.Store`)."""

    on_lost: Callable[[], None]

    def write(self, sql: str, parameters: Sequence[Any] = ()) -> None:
        """Have a statement executed, in order; never blocks, never raises."""

    def query(self, sql: str, parameters: Sequence[Any] = ()) -> Deferred[list[tuple[Any, ...]]]:
        """Ask."""

    def read(self, sql: str, parameters: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """Ask and wait."""

    def flush(self) -> Deferred[None]:
        """Fires when what was written is safe."""


class Journal(Service):
    """What a restart must not forget. Reading it costs nothing: all of it but the log is in memory.

    Started after its store and before everything that goes by it.

    :param store: made with :data:`astcti.services.journal.SCHEMA`.
    :param time: seconds since the epoch.
    :ivar log: who did what when.
    """

    name = "journal"
    _log = Logger()

    def __init__(self, store: IStore, time: Callable[[], float]) -> None:
        self._store = store
        self._time = time
        self.log = AgentLog(store, time)
        self._memberships: dict[tuple[str, str], Membership] = {}
        self._operators: dict[str, OperatorRecord] = {}
        self._pops: dict[tuple[str, str], Pop] = {}
        self._seats_of: dict[str, set[str]] = {}
        self._calls_at: dict[str, set[str]] = {}
        self._sitters: dict[str, Sitter] = {}
        self._stories: dict[str, Recalled] = {}
        store.on_lost = self._write_all

    def startService(self) -> None:
        """Read what was written before."""
        Service.startService(self)
        read = self._store.read
        for queue, interface, username, penalty, foreign, since in read("SELECT * FROM memberships"):
            self._memberships[queue, interface] = Membership(queue, interface, username, penalty, bool(foreign), since)
        for row in read("SELECT * FROM operators"):
            try:
                record = OperatorRecord.of(row)
            except (TypeError, ValueError):
                self._log.failure("What the journal has of {username} cannot be read", username=row[0])
                continue
            self._operators[record.username] = record
        for uniqueid, seat, when, reported in read("SELECT * FROM pops ORDER BY time"):
            self._keep(Pop(uniqueid, seat, when, bool(reported)))
        now = self._time()
        for seat, username, left in read("SELECT * FROM seats"):
            self._sitters[seat] = Sitter(seat, username, left or now)  # whoever was there when we died left then
        for uniqueid, service, queue, number, name, variables in read("SELECT * FROM stories"):
            try:
                self._stories[uniqueid] = Recalled((), service, queue, number, name, json.loads(variables))
            except (TypeError, ValueError):
                self._log.failure("What the journal has of call {uniqueid} cannot be read", uniqueid=uniqueid)
        self._log.info(
            "The journal has {memberships} memberships of queues, {operators} operators and {pops} calls that popped",
            memberships=len(self._memberships), operators=len(self._operators), pops=len(self._pops),
        )  # fmt: skip

    def flush(self) -> Deferred[None]:
        """Fires when all that was written before would survive us; never fails."""
        return self._store.flush()

    # -- memberships

    @property
    def memberships(self) -> Mapping[tuple[str, str], Membership]:
        """Those written down, by queue and interface."""
        return MappingProxyType(self._memberships)

    def memberships_of(self, username: str) -> list[Membership]:
        """Those of one operator; looks at all of them, so not for the path of an event."""
        return [m for m in self._memberships.values() if m.username == username]

    def put_membership(self, membership: Membership) -> None:
        """Write down a membership, or how it is now; to be done before the PBX is asked for it."""
        if not membership.since:
            membership = Membership(
                membership.queue, membership.interface, membership.username, membership.penalty, membership.foreign,
                self._time(),
            )  # fmt: skip
        self._memberships[membership.queue, membership.interface] = membership
        self._store.write(_PUT_MEMBERSHIP, _membership_row(membership))

    def remove_membership(self, queue: str, interface: str) -> Membership | None:
        """It is over, as the PBX said; what was written of it."""
        gone = self._memberships.pop((queue, interface), None)
        if gone is not None:
            self._store.write("DELETE FROM memberships WHERE queue = ? AND interface = ?", (queue, interface))
        return gone

    # -- operators

    @property
    def operators(self) -> Mapping[str, OperatorRecord]:
        """Operators of whom there is anything to remember, by username."""
        return MappingProxyType(self._operators)

    def operator(self, username: str) -> OperatorRecord:
        """What is remembered of an operator; nothing in particular if there is nothing."""
        return self._operators.get(username) or OperatorRecord(username)

    def put_operator(self, record: OperatorRecord) -> None:
        """Write down how an operator is now; ``dataclasses.replace(journal.operator(name), paused=True)`` makes it."""
        if record == OperatorRecord(record.username):
            self.forget_operator(record.username)
        elif self._operators.get(record.username) != record:
            self._operators[record.username] = record
            self._store.write(_PUT_OPERATOR, record.row())

    def forget_operator(self, username: str) -> None:
        """There is no such operator any more."""
        if self._operators.pop(username, None) is not None:
            self._store.write("DELETE FROM operators WHERE username = ?", (username,))

    # -- calls that popped

    @property
    def pops(self) -> Mapping[tuple[str, str], Pop]:
        """Running calls that popped, by the call's unique id and the seat."""
        return MappingProxyType(self._pops)

    def pops_of(self, uniqueid: str) -> Collection[str]:
        """Seats where a call popped."""
        return self._seats_of.get(uniqueid, ())

    def pops_at(self, seat: str) -> list[Pop]:
        """Calls that popped at a seat."""
        return [self._pops[uniqueid, seat] for uniqueid in self._calls_at.get(seat, ())]

    def put_pop(self, uniqueid: str, seat: str, *, reported: bool = False) -> None:
        """A call pops at a seat (again written when its client ``reported`` what became of it)."""
        before = self._pops.get((uniqueid, seat))
        if before is not None and before.reported >= reported:
            return
        pop = Pop(uniqueid, seat, before.time if before else self._time(), reported)
        self._keep(pop)
        self._store.write(_PUT_POP, _pop_row(pop))
        if len(self._pops) > MAX_POPS:
            self._forget(next(iter(self._pops)))

    def forget_pops(self, keys: Iterable[tuple[str, str]]) -> None:
        """These calls are over."""
        for key in keys:
            if key in self._pops:
                self._forget(key)

    def _keep(self, pop: Pop) -> None:
        self._pops[pop.uniqueid, pop.seat] = pop
        self._seats_of.setdefault(pop.uniqueid, set()).add(pop.seat)
        self._calls_at.setdefault(pop.seat, set()).add(pop.uniqueid)

    def _forget(self, key: tuple[str, str]) -> None:
        del self._pops[key]
        uniqueid, seat = key
        _discard(self._seats_of, uniqueid, seat)
        _discard(self._calls_at, seat, uniqueid)
        self._store.write("DELETE FROM pops WHERE uniqueid = ? AND seat = ?", key)

    # -- who sits where

    def sitter(self, seat: str) -> Sitter | None:
        """Who sits at a seat, or sat there last."""
        return self._sitters.get(seat)

    def put_sitter(self, sitter: Sitter) -> None:
        """Somebody sat down there, or left."""
        self._sitters[sitter.seat] = sitter
        self._store.write(_PUT_SITTER, (sitter.seat, sitter.username, sitter.left))

    def forget_sitters(self, then: float) -> None:
        """Whoever has been away since before that (seconds since the epoch) does not come back, but is newly there."""
        for seat in [sitter.seat for sitter in self._sitters.values() if sitter.left and sitter.left < then]:
            del self._sitters[seat]
            self._store.write("DELETE FROM seats WHERE seat = ?", (seat,))

    # -- what is known of running calls

    @property
    def stories(self) -> Mapping[str, Recalled]:
        """What is known of running calls of services, by unique id."""
        return MappingProxyType(self._stories)

    def put_story(self, uniqueid: str, story: Recalled) -> None:
        """What is known of a call now."""
        if self._stories.get(uniqueid) != story:
            self._stories[uniqueid] = story
            self._store.write(_PUT_STORY, _story_row(uniqueid, story))
            if len(self._stories) > MAX_STORIES:
                self.forget_story(next(iter(self._stories)))

    def forget_story(self, uniqueid: str) -> None:
        """The call is over."""
        if self._stories.pop(uniqueid, None) is not None:
            self._store.write("DELETE FROM stories WHERE uniqueid = ?", (uniqueid,))

    # -- the file

    def _write_all(self) -> None:
        """The file is not what it should be: what is in memory is the truth."""
        self._log.warn("The journal is written anew")
        write = self._store.write
        for table in ("memberships", "operators", "pops", "seats", "stories"):
            write(f"DELETE FROM {table}")  # noqa: S608 names of ours
        for membership in self._memberships.values():
            write(_PUT_MEMBERSHIP, _membership_row(membership))
        for record in self._operators.values():
            write(_PUT_OPERATOR, record.row())
        for pop in self._pops.values():
            write(_PUT_POP, _pop_row(pop))
        for sitter in self._sitters.values():
            write(_PUT_SITTER, (sitter.seat, sitter.username, sitter.left))
        for uniqueid, story in self._stories.items():
            write(_PUT_STORY, _story_row(uniqueid, story))


def _discard(table: dict[str, set[str]], one: str, other: str) -> None:
    table[one].discard(other)
    if not table[one]:
        del table[one]


def _membership_row(m: Membership) -> tuple[Any, ...]:
    return (m.queue, m.interface, m.username, m.penalty, int(m.foreign), m.since)


def _pop_row(pop: Pop) -> tuple[Any, ...]:
    return (pop.uniqueid, pop.seat, pop.time, int(pop.reported))


def _story_row(uniqueid: str, story: Recalled) -> tuple[Any, ...]:
    return (uniqueid, story.service_id, story.queue, story.number, story.name, json.dumps(dict(story.variables)))
