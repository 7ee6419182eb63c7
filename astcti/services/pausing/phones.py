"""What the PBX shows of somebody's phones: in which queues they are, and what they do."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import NamedTuple, Protocol

from astcti.ami.actions.queues import QueuePause
from astcti.model.roster import Roster
from astcti.services.floor import Attendance
from astcti.services.pausing.request import Send
from astcti.services.pausing.values import Key


class ICalls(Protocol):
    """What goes on at phones (:class:`astcti.model.calls.Tracker`)."""

    def states_at(self, interface: str) -> Iterable[str]:
        """The states of the channels of a phone."""


class Shown(NamedTuple):
    """A membership as the PBX shows it."""

    key: Key
    paused: bool
    reason: str


class Phones:
    """Looks; keeps nothing."""

    def __init__(self, roster: Roster, calls: ICalls) -> None:
        self._roster = roster
        self._calls = calls

    def members(self, attendance: Attendance, but: Callable[[Key], bool]) -> list[Shown]:
        """The memberships of somebody's phones, but those of which that is true."""
        found: list[Shown] = []
        for phone in attendance.phones:
            for queue in self._roster.queues_of(phone):
                member, key = self._roster.member(queue, phone), Key(queue, phone)
                if member is not None and not but(key):
                    found.append(Shown(key, member.paused, member.reason))
        return found

    def activity(self, attendance: Attendance) -> str:
        """What they do, taken together: ``idle``, ``ringing`` or ``busy``."""
        states = [state for phone in attendance.phones for state in self._calls.states_at(phone)]
        if not states:
            return "idle"
        return "ringing" if all(state in ("Ringing", "Down") for state in states) else "busy"

    def action_of(self, send: Send) -> QueuePause:
        """What is asked of the PBX, which knows the phone by the name that it has in its queues."""
        member = next((self._roster.member(q, send.phone) for q in self._roster.queues_of(send.phone)), None)
        interface = send.phone if member is None else member.location or send.phone
        reason = send.stance.reason if send.stance is not None else None
        return QueuePause(interface, send.stance is not None, send.queue or None, reason or None)
