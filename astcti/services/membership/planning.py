"""What is to be done about a membership next, by what is wanted, written and told by the PBX. Pure."""

from __future__ import annotations

from enum import Enum

from astcti.config.model import Configuration, Operator
from astcti.model.channels import normalise_interface
from astcti.model.roster import Member
from astcti.services.audience import Audience
from astcti.services.membership.values import Key, Place, Want

DYNAMIC = frozenset({"dynamic", ""})  # kinds of membership that can be ended; others are in the PBX's own configuration


class Step(Enum):
    """One thing to do."""

    ADD = "add"
    REMOVE = "remove"
    ADOPT = "adopt"  # it is there, and was not written down
    PENALTY = "penalty"
    FORGET = "forget"  # it is not there, or not ours, and no longer wanted


COMES_OR_GOES = frozenset({Step.ADD, Step.REMOVE})  # after which what is told of a membership is our own doing


def next_step(place: Place, member: Member | None) -> Step | None:
    """The next thing to do, or None when all is as it should be, or has to wait."""
    if place.problem or place.spared:
        return None
    if place.want is None or place.taken_out:
        return _towards_the_end(place, member)
    return _towards(place.want, place, member)


def _towards_the_end(place: Place, member: Member | None) -> Step | None:
    if place.record is None:
        return None
    # What is doubtful may be done yet; what is asked of the PBX comes behind it.
    over = not place.doubtful if member is None else _is_static(member)
    return Step.FORGET if over or place.record.foreign else Step.REMOVE


def _towards(want: Want, place: Place, member: Member | None) -> Step | None:
    record = place.record
    if member is None:
        late = place.doubtful and record is not None and record.username != want.username  # somebody else's, perhaps
        return Step.REMOVE if late else Step.ADD
    if record is None:
        return Step.ADOPT
    if _is_static(member) and not record.foreign:  # it came before ours, which was written down already
        return Step.ADOPT
    if record.username != want.username:  # somebody else's, under their name
        return Step.ADOPT if record.foreign else Step.REMOVE
    return Step.PENALTY if record.penalty != want.penalty else None


def _is_static(member: Member) -> bool:
    return member.membership not in DYNAMIC


def penalties_of(operator: Operator, configuration: Configuration, audience: Audience) -> dict[str, int]:
    """The queues an operator works on, with the lowest penalty of the services that share each.

    A queue that they are in for their language only has the penalty 0.
    """
    assigned = {ref.service_id: ref.penalty for ref in configuration.services_of.get(operator.id, ())}
    found: dict[str, int] = {}
    for service in audience.services_of(operator):
        if service.kind == "queue-inbound":
            penalty = assigned.get(service.id, 0)
            found[service.queue_name] = min(penalty, found.get(service.queue_name, penalty))
    return found


def wants_of(operator: Operator, channels: tuple[str, ...], penalties: dict[str, int]) -> dict[Key, Want]:
    """Every phone in every queue."""
    phones: dict[str, str] = {}
    for channel in channels:
        phones.setdefault(normalise_interface(channel), channel)
    name = operator.full_name or operator.username
    return {
        Key(queue, phone): Want(operator.username, channel, penalty, name)
        for phone, channel in phones.items()
        for queue, penalty in penalties.items()
    }
