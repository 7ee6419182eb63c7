"""What phones do at this moment, as far as their queues and their calls tell."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Protocol

from astcti.model.channels import normalise_interface
from astcti.model.roster import Roster

# Asterisk's states of devices (AST_DEVICE_..., its devicestate.h), as members of queues show them; 0 is "unknown".
_DEVICES = {
    1: "idle", 2: "inuse", 3: "busy", 4: "unavailable", 5: "unavailable", 6: "ringing", 7: "ringing", 8: "hold",
}  # fmt: skip

PhoneState = Callable[[str], str]
"""Gives the state of a phone: ``idle inuse busy unavailable ringing hold``, or nothing where it is not known."""


class ICalls(Protocol):
    """What goes on at phones (:class:`astcti.model.calls.Tracker`)."""

    def states_at(self, interface: str) -> Iterable[str]:
        """The states of the channels of a phone."""


def phone_state(roster: Roster, calls: ICalls) -> PhoneState:
    """The states of phones by what is followed anyway; the PBX is not asked.

    The device state of a queue's member says most. A phone in no queue is known by its calls alone, so without one it
    may be idle or out of reach.
    """

    def state(channel: str) -> str:
        phone = normalise_interface(channel)
        members = (roster.member(queue, phone) for queue in sorted(roster.queues_of(phone)))
        devices = [_DEVICES[m.status] for m in members if m is not None and m.status in _DEVICES]
        if devices:
            return devices[0]
        states = set(calls.states_at(phone))
        if not states:
            return ""
        return "ringing" if states <= {"Ringing", "Down"} else "inuse"

    return state
