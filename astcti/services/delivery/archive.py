"""Deliveries in a file, so that a restart forgets none; with what was sent, so that it can be sent again."""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Iterable
from dataclasses import asdict, fields
from typing import Any, NamedTuple

from twisted.internet.defer import Deferred, succeed
from twisted.logger import Logger

from astcti.model.actions import RenderedAction
from astcti.model.notices import CallView, Notice
from astcti.services.delivery.record import Delivery
from astcti.services.journal import IStore

COLUMNS = tuple(f.name for f in fields(Delivery))
_CHANGING = ("peer", "reports", "sent", "started", "ended", "status", "reason", "times")

MAX_AGAIN = 20_000  # written anew when the file is lost, a tenth of a second's work

SCHEMA: tuple[str, ...] = (
    """
    CREATE TABLE actions (
        id TEXT PRIMARY KEY, type TEXT NOT NULL, call TEXT NOT NULL, caller TEXT NOT NULL, service TEXT NOT NULL,
        moment TEXT NOT NULL, operator TEXT NOT NULL, seat TEXT NOT NULL, phone TEXT NOT NULL, peer TEXT NOT NULL,
        place TEXT NOT NULL, reports INTEGER NOT NULL, queued REAL NOT NULL, sent REAL NOT NULL, started REAL NOT NULL,
        ended REAL NOT NULL, status TEXT NOT NULL, reason TEXT NOT NULL, times INTEGER NOT NULL,
        replay_of TEXT NOT NULL, payload TEXT NOT NULL
    ) WITHOUT ROWID;
    CREATE INDEX actions_by_time ON actions (queued)
    """,
)
"""A script that was released never changes; another is added."""

_PUT = f"INSERT OR REPLACE INTO actions VALUES ({', '.join('?' * (len(COLUMNS) + 1))})"  # noqa: S608 ours
_CHANGE = f"UPDATE actions SET {', '.join(f'{name} = ?' for name in _CHANGING)} WHERE id = ?"  # noqa: S608 ours
_LATEST = f"SELECT {', '.join(COLUMNS)} FROM actions ORDER BY queued DESC LIMIT ?"  # noqa: S608 ours


class Payload(NamedTuple):
    """What was sent: the event, and the one action of it."""

    notice: Notice
    action: RenderedAction


class Archive:
    """Writes deliveries down, many at a time: a pop never waits for it.

    :param store: made with :data:`SCHEMA`.
    """

    _log = Logger()

    def __init__(self, store: IStore) -> None:
        self._store = store
        self._changed: dict[str, Delivery] = {}
        self._payloads: dict[str, Payload] = {}

    def put(self, delivery: Delivery, payload: Payload) -> None:
        """A delivery began."""
        self._changed[delivery.id] = delivery
        self._payloads[delivery.id] = payload

    def change(self, delivery: Delivery) -> None:
        """It is different now."""
        self._changed[delivery.id] = delivery

    def write(self) -> None:
        """Write what is new; to be called a few times a second."""
        changed, self._changed = self._changed, {}
        payloads, self._payloads = self._payloads, {}
        for id, delivery in changed.items():
            payload = payloads.get(id)
            if payload is None:
                values = [getattr(delivery, name) for name in _CHANGING]
                self._store.write(_CHANGE, (*values, id))
            else:
                self._store.write(_PUT, (*_row(delivery), _written(payload)))

    def forget(self, deliveries: Iterable[Delivery]) -> None:
        """These are not remembered any more."""
        for delivery in deliveries:
            self._changed.pop(delivery.id, None)
            self._payloads.pop(delivery.id, None)
            self._store.write("DELETE FROM actions WHERE id = ?", (delivery.id,))

    def read(self, most: int) -> list[Delivery]:
        """The newest that were written by whoever was here before, the oldest of them first."""
        found = []
        for row in reversed(self._store.read(_LATEST, (most,))):
            delivery = Delivery(*row)
            delivery.reports = bool(delivery.reports)
            found.append(delivery)
        return found

    def write_all(self, deliveries: Iterable[Delivery]) -> None:
        """The file is not what it should be; what was sent is lost with it, the rest is written anew.

        :param deliveries: the oldest first; of very many the newest are written.
        """
        self._store.write("DELETE FROM actions")
        for delivery in deque(deliveries, MAX_AGAIN):
            if delivery.id not in self._payloads:
                self._store.write(_PUT, (*_row(delivery), ""))

    def payload(self, id: str) -> Deferred[Payload | None]:
        """What was sent with that id; None when it is not known any more."""
        if id in self._payloads:
            return succeed(self._payloads[id])
        asked = self._store.query("SELECT payload FROM actions WHERE id = ?", (id,))
        return asked.addCallback(lambda rows: _read(rows[0][0]) if rows else None)


def _row(delivery: Delivery) -> tuple[Any, ...]:
    return tuple([getattr(delivery, name) for name in COLUMNS])


def _written(payload: Payload) -> str:
    notice, action = payload
    event = (notice.kind, notice.seat, notice.service_id, notice.pop)
    return json.dumps({"event": event, "call": notice.call, "action": asdict(action)})


def _read(text: str) -> Payload | None:
    if not text:
        return None
    kept = json.loads(text)
    call = CallView(*kept["call"])
    call = call._replace(variables=tuple([(str(name), str(value)) for name, value in call.variables]))
    action = RenderedAction(**{**kept["action"], "arguments": tuple(kept["action"]["arguments"])})
    kind, seat, service_id, pop = kept["event"]
    return Payload(Notice(kind, seat, call, service_id, pop), action)
