"""Who is there and what they do, and how the queues are, for the administrator."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from twisted.internet.interfaces import IReactorTime

from astcti.interfaces import IClient
from astcti.model.channels import normalise_interface
from astcti.services.control import Command
from astcti.services.desk import Desk
from astcti.services.floor import Attendance
from astcti.services.following import Follower
from astcti.services.membership.figures import figures_of
from astcti.services.pausing import Pausing
from astcti.services.pausing.agentstate import state_of

CAPABILITIES = ("errcodes", "events2", "queues", "actr", "resume")


class Overview:
    """Looks at everybody when asked; nothing here is on the way of an event."""

    def __init__(self, clock: IReactorTime, desk: Desk, follower: Follower, pausing: Pausing) -> None:
        self._clock = clock
        self._desk = desk
        self._follower = follower
        self._pausing = pausing

    def table(self) -> Mapping[str, Command]:
        """What is answered."""
        return {"clients": lambda request: self.clients(), "queues": lambda request: self.queues()}

    def clients(self) -> list[dict[str, Any]]:
        """Everybody who is connected, operators by name, then those who have not logged in."""
        shown = [self._client(attendance) for attendance in self._desk.floor.attendances]
        return sorted(shown, key=lambda c: (not c["operator"], c["operator"], c["peer"]))

    def _client(self, attendance: Attendance) -> dict[str, Any]:
        operator, client = attendance.operator, attendance.client
        return {
            "operator": operator.username if operator is not None else "",
            "name": operator.full_name if operator is not None else "",
            "supervisor": operator is not None and operator.is_supervisor,
            "seat": attendance.seat.id if attendance.seat is not None else None,
            "phones": [normalise_interface(channel) for channel in attendance.channels],
            "peer": client.peer,
            "secure": client.secure,
            "system": attendance.system,
            "seconds": round(self._clock.seconds() - attendance.since, 1),
            "backlog": client.backlog,
            "capabilities": _capabilities(client),
            **self._state(operator.username if operator is not None else ""),
        }

    def _state(self, username: str) -> dict[str, Any]:
        shift = self._pausing.shift_of(username)
        if shift is None:
            return {"state": "", "reason": "", "by": "", "who": "", "paused_queues": []}
        summary = shift.standing.summary()
        return {
            "state": state_of(summary, shift.activity),
            "reason": summary.cause.reason if summary.cause is not None else "",
            "by": summary.cause.by if summary.cause is not None else "",
            "who": summary.cause.who if summary.cause is not None else "",
            "paused_queues": [queue for queue, _ in summary.queues],
        }

    def queues(self) -> list[dict[str, Any]]:
        """Every queue of a service or with a member: who waits, who is there to answer."""
        services = self._desk.books.configuration.services
        names = {s.queue_name for s in services if s.enabled and s.queue_name}
        names |= {member.queue for member in self._follower.roster.members}
        now = self._clock.seconds()
        return [asdict(figures_of(name, self._follower.roster, self._follower.callers, now)) for name in sorted(names)]


def _capabilities(client: IClient) -> list[str]:
    return [name for name in CAPABILITIES if client.has(name)]
