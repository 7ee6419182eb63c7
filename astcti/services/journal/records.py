"""What is written down, as values."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple


@dataclass(frozen=True, slots=True)
class Membership:
    """A phone that we made a member of a queue, or found there as one.

    :ivar interface: as given to the PBX.
    :ivar foreign: somebody else put it there: it is never removed by us.
    :ivar since: seconds since the epoch.
    """

    queue: str
    interface: str
    username: str
    penalty: int = 0
    foreign: bool = False
    since: float = 0.0


class Pauser(NamedTuple):
    """Who paused an operator in a queue.

    :ivar by: ``self``, ``supervisor``, ``server`` or ``pbx``.
    :ivar since: seconds since the epoch.
    :ivar who: a supervisor's name, where it is known.
    """

    by: str
    since: float
    who: str = ""


@dataclass(frozen=True, slots=True)
class OperatorRecord:
    """How an operator was, to be so again after they reconnect or we restart.

    :ivar paused: in all queues, for ``reason``, ``since`` (seconds since the epoch).
    :ivar queue_pauses: single queues they are paused in, with the reason.
    :ivar wrapup_until: when after-call work ends, in seconds since the epoch; 0 is none.
    :ivar stopped: queues they left themselves (``STOP``).
    :ivar telecommute: the number that stands for their phone, or empty.
    :ivar seat: main channel of the seat they sat at last.
    :ivar paused_by: who paused them in all queues: ``self``, ``supervisor``, ``server`` or ``pbx``; ``paused_who`` is a
        supervisor's name, where it is known.
    :ivar queue_pausers: the same of ``queue_pauses``; without an entry it was themselves, at ``since``.
    """

    username: str
    paused: bool = False
    reason: str = ""
    since: float = 0.0
    queue_pauses: Mapping[str, str] = field(default_factory=dict)
    wrapup_until: float = 0.0
    stopped: frozenset[str] = frozenset()
    telecommute: str = ""
    seat: str = ""
    paused_by: str = "self"
    queue_pausers: Mapping[str, Pauser] = field(default_factory=dict)
    paused_who: str = ""

    def row(self) -> tuple[Any, ...]:
        """As the table has it."""
        return (
            self.username, int(self.paused), self.reason, self.since, json.dumps(dict(self.queue_pauses)),
            self.wrapup_until, json.dumps(sorted(self.stopped)), self.telecommute, self.seat,
            self.paused_by, json.dumps(dict(self.queue_pausers)), self.paused_who,
        )  # fmt: skip

    @classmethod
    def of(cls, row: tuple[Any, ...]) -> OperatorRecord:
        """Of a row of the table."""
        username, paused, reason, since, pauses, until, stopped, telecommute, seat, by, pausers, name = row
        return cls(
            username, bool(paused), reason, since, json.loads(pauses), until, frozenset(json.loads(stopped)),
            telecommute, seat, by, {queue: Pauser(*who) for queue, who in json.loads(pausers).items()},
            name,
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Pop:
    """A call that popped at a seat.

    :ivar uniqueid: of the call, as agents know it; ``seat`` names the seat as tracking does.
    :ivar time: seconds since the epoch.
    :ivar reported: the client said what became of its actions.
    """

    uniqueid: str
    seat: str
    time: float
    reported: bool = False


@dataclass(frozen=True, slots=True)
class Sitter:
    """Who sits or sat last at a seat.

    :ivar left: seconds since the epoch; 0 while they are there.
    """

    seat: str
    username: str
    left: float = 0.0
