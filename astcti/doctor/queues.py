"""Whether the PBX has the queues of the configuration, and who is in them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from astcti.ami.actions import QueueStatus
from astcti.ami.message import Message
from astcti.doctor.case import Case
from astcti.doctor.finding import Notes, counted, some
from astcti.model.channels import normalise_interface

MOST = 5  # said one by one; where more are missing, it is the wrong PBX
FIXED = ("static", "realtime")  # memberships of queues.conf and of a data base


async def examine_queues(case: Case, notes: Notes) -> None:
    """Ask for all queues."""
    wanted = sorted({s.queue_name for s in case.configuration.service_by_id.values() if s.queue_name})
    case.queues = {}
    if not wanted:
        notes.skip("no service has a queue")
        return
    case.queues = queues_of(await case.pbx.collectAction(QueueStatus()))
    there = [queue for queue in wanted if queue in case.queues]
    missing = [queue for queue in wanted if queue not in case.queues]
    for queue in missing[:MOST]:
        _say_unknown(case, notes, queue)
    if more := missing[MOST:]:
        notes.fault(f"nor has the PBX {counted(len(more), 'other queue')}: {some(more)}", "As above.")
    for queue in there:
        _look_for_fixed(case, notes, queue)
    if there:
        notes.fine(f"the PBX has {some(there)}")


def queues_of(events: Iterable[Message]) -> dict[str, dict[str, str]]:
    """Queue to interface to how it got there: ``dynamic``, ``static``, ``realtime``."""
    queues: dict[str, dict[str, str]] = {}
    for event in events:
        if event.event == "QueueParams":
            queues.setdefault(event.get("Queue"), {})
        elif event.event == "QueueMember":
            interface = normalise_interface(event.get("Location") or event.get("Interface"))
            queues.setdefault(event.get("Queue"), {})[interface] = event.get("Membership").lower()
    return queues


def _say_unknown(case: Case, notes: Notes, queue: str) -> None:
    assert case.queues is not None
    services = sorted(s.name for s in case.configuration.service_by_id.values() if s.queue_name == queue)
    alike = [name for name in case.queues if name.casefold() == queue.casefold()]
    if alike:
        notes.fault(f"the PBX has no queue {queue} (service {some(services)}), but it has {alike[0]}",
                    "Write it the same in both: capitals count.")  # fmt: skip
        return
    has = some(sorted(case.queues)) or "none"
    notes.fault(f"the PBX has no queue {queue} (service {some(services)}); it has {has}",
                "Correct the service's queue, or have the PBX make it, in queues.conf:",
                f"    [{queue}]", "    strategy = rrmemory", "and then, on the PBX:",
                "    asterisk -rx 'queue reload all'")  # fmt: skip


def _look_for_fixed(case: Case, notes: Notes, queue: str) -> None:
    """A phone that is always in the queue rings whether an operator sits there or not."""
    assert case.queues is not None
    members: Mapping[str, str] = case.queues[queue]
    seats = case.configuration.seat_by_channel
    fixed = sorted(interface for interface, how in members.items() if how in FIXED and interface in seats)
    if fixed:
        notes.warn(f"{counted(len(fixed), 'phone')} of seats in {queue} for good: {some(fixed)}; they ring when nobody "
                   "is logged in there, and nobody is taken out at the end of the day",
                   "Operators become members when they log in. Remove from queues.conf (or the PBX's data base):",
                   *(f"    member => {interface}" for interface in fixed[:8]))  # fmt: skip
