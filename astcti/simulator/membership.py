"""Who sits in which queue: adding, removing, pausing members, and telling of it, word for word as Asterisk does."""

from __future__ import annotations

from typing import TYPE_CHECKING

from astcti.errors import UserError
from astcti.simulator import events
from astcti.simulator.events import Event
from astcti.simulator.phones import INVALID, MEMBER_STATUS

if TYPE_CHECKING:
    from astcti.simulator.pbx import PBX
    from astcti.simulator.queues import Member


class Denied(UserError):
    """The PBX will not do it; the text is the ``Message`` of its answer."""


def add(
    pbx: PBX, queue_name: str, interface: str, *, name: str = "", penalty: int = 0, paused: bool = False,
    reason: str = "", state_interface: str = "", membership: str = "dynamic",
) -> Member:  # fmt: skip
    """Add a member to a queue.

    :raises Denied: no such queue, or it is there already.
    """
    queue = pbx.queues.get(queue_name)
    if queue is None:
        raise Denied("Unable to add interface to queue: No such queue")
    if interface in queue.members:
        raise Denied("Unable to add interface: Already there")
    watched = state_interface or interface
    phone = pbx.phones.get(watched)
    member = queue.add(interface, name or interface, watched, phone)
    member.membership = membership
    member.penalty = max(0, penalty)
    member.paused = paused
    member.last_pause = pbx.agenda.now if paused else 0.0
    member.reason = reason if paused and pbx.modern else ""
    member.status = MEMBER_STATUS[phone.device if phone is not None else INVALID]
    if membership == "dynamic":
        pbx.sink(Event(events.MEMBER_ADDED, member.values))
    queue.changed(member)
    return member


def remove(pbx: PBX, queue_name: str, interface: str) -> None:
    """Take a member out of a queue; a call it has goes on.

    :raises Denied: no such queue, or no such member in it.
    """
    queue = pbx.queues.get(queue_name)
    if queue is None:
        raise Denied("Unable to remove interface from queue: No such queue")
    member = queue.members.get(interface)
    if member is None:
        raise Denied("Unable to remove interface: Not there")
    queue.remove(member)
    pbx.sink(Event(events.MEMBER_REMOVED, member.values))


def _members(pbx: PBX, queue_name: str, interface: str) -> list[Member]:
    queues = [queue for queue in pbx.queues.values() if queue_name in ("", queue.name)]
    return [queue.members[interface] for queue in queues if interface in queue.members]


def pause(pbx: PBX, queue_name: str, interface: str, paused: bool, reason: str = "") -> None:
    """Pause or unpause a member in one queue, or with an empty name in all of its queues.

    :raises Denied: it is a member of none of them.
    """
    members = _members(pbx, queue_name, interface)
    if not members:
        raise Denied("Interface not found")
    for member in members:
        member.paused = paused
        member.reason = reason if paused else ""
        if paused:
            member.last_pause = pbx.agenda.now
        if reason and not pbx.modern:
            pbx.sink(Event(events.MEMBER_PAUSE_16, (*member.values, reason)))
        else:
            pbx.sink(Event(events.MEMBER_PAUSE, member.values))
        member.queue.changed(member)


def set_penalty(pbx: PBX, queue_name: str, interface: str, penalty: int) -> None:
    """Change a member's penalty in one queue or all.

    :raises Denied: it is a member of none of them.
    """
    members = _members(pbx, queue_name, interface)
    if not members or penalty < 0:
        raise Denied("Invalid interface, queuename or penalty")
    for member in members:
        member.penalty = penalty
        pbx.sink(Event(events.MEMBER_PENALTY, member.values))


def set_ringinuse(pbx: PBX, queue_name: str, interface: str, ringinuse: bool) -> None:
    """Change whether a member rings while its phone is in use.

    :raises Denied: it is a member of none of the queues named.
    """
    members = _members(pbx, queue_name, interface)
    if not members:
        raise Denied("Invalid interface, queuename or ringinuse value")
    for member in members:
        member.ringinuse = ringinuse
        pbx.sink(Event(events.MEMBER_RINGINUSE, member.values))
        member.queue.changed(member)
