"""The actions on queue members: what each answers, word for word as Asterisk does."""

from __future__ import annotations

from astcti.simulator import membership
from astcti.simulator.accounts import true
from astcti.simulator.links import Link, Verb
from astcti.simulator.membership import Denied
from astcti.simulator.requests import Request


def _penalty(text: str) -> int:
    digits = text.strip()
    return int(digits) if digits.isdigit() else 0


def queue_add(link: Link, request: Request) -> None:
    """``QueueAdd``."""
    queue, interface = request.get("Queue"), request.get("Interface")
    if not queue:
        raise Denied("'Queue' not specified.")
    if not interface:
        raise Denied("'Interface' not specified.")
    with link.answer_first(request, "Added interface to queue"):
        membership.add(
            link.board.pbx, queue, interface, name=request.get("MemberName"), penalty=_penalty(request.get("Penalty")),
            paused=true(request.get("Paused")), reason=request.get("Reason"),
            state_interface=request.get("StateInterface"),
        )  # fmt: skip


def queue_remove(link: Link, request: Request) -> None:
    """``QueueRemove``."""
    queue, interface = request.get("Queue"), request.get("Interface")
    if not queue or not interface:
        raise Denied("Need 'Queue' and 'Interface' parameters.")
    with link.answer_first(request, "Removed interface from queue"):
        membership.remove(link.board.pbx, queue, interface)


def queue_pause(link: Link, request: Request) -> None:
    """``QueuePause``, in one queue or all."""
    interface, paused = request.get("Interface"), request.get("Paused")
    if not interface or not paused:
        raise Denied("Need 'Interface' and 'Paused' parameters.")
    word = "paused" if true(paused) else "unpaused"
    with link.answer_first(request, f"Interface {word} successfully"):
        membership.pause(link.board.pbx, request.get("Queue"), interface, true(paused), request.get("Reason"))


def queue_penalty(link: Link, request: Request) -> None:
    """``QueuePenalty``, in one queue or all."""
    interface, penalty = request.get("Interface"), request.get("Penalty")
    if not interface or not penalty:
        raise Denied("Need 'Interface' and 'Penalty' parameters.")
    with link.answer_first(request, "Interface penalty set successfully"):
        membership.set_penalty(link.board.pbx, request.get("Queue"), interface, _penalty(penalty))


def queue_ringinuse(link: Link, request: Request) -> None:
    """``QueueMemberRingInUse``, in one queue or all."""
    interface, ringinuse = request.get("Interface"), request.get("RingInUse")
    if not interface or not ringinuse:
        raise Denied("Need 'Interface' and 'RingInUse' parameters.")
    with link.answer_first(request, "Interface ringinuse set successfully"):
        membership.set_ringinuse(link.board.pbx, request.get("Queue"), interface, true(ringinuse))


MEMBER_VERBS = (
    Verb("QueueAdd", "Add interface to queue.", ("agent",), queue_add),
    Verb("QueueMemberRingInUse", "Set the ringinuse value for a queue member.", ("agent",), queue_ringinuse),
    Verb("QueuePause", "Makes a queue member temporarily unavailable.", ("agent",), queue_pause),
    Verb("QueuePenalty", "Set the penalty for a queue member.", ("agent",), queue_penalty),
    Verb("QueueRemove", "Remove interface from queue.", ("agent",), queue_remove),
)
