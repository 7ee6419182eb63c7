"""A call centre of any size, and the changes of its configuration that a reload is measured with. Values only."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

from astcti.config.model import (
    Action,
    Configuration,
    Operator,
    Seat,
    Service,
    ServiceAction,
    ServiceOperator,
    Variable,
)
from benchmarks.crowd import mac, phone
from benchmarks.served import DIGEST

SETTINGS = {"upgrade_hashes": "no", "cti_connect_timeout": "120000", "max_clients": "12000"}
EVERYBODY, OUTSIDE = 1, 2  # services: one that everybody dials out through, one without a queue that some are on
FIRST_QUEUE = 11  # id of the first service with a queue; the queue of a service is ``q`` and its id
OTHER_DIGEST = DIGEST[::-1]


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of change.

    :ivar change: makes the next configuration of one, with the indexes of the agents it concerns.
    :ivar told: what these are told first: the kind of an event, or a reply.
    """

    name: str
    change: Callable[[Configuration], tuple[Configuration, range]]
    told: bytes


def centre(agents: int, services: int) -> Configuration:
    """Everybody dials out and answers two queues out of many; all have the same password."""
    queues = range(FIRST_QUEUE, services + 1)
    others = [
        Service(id=i, name=f"s{i}", queue_name=f"q{i}" if i in queues else "", display_name=f"Service {i}")
        for i in range(OUTSIDE, services + 1)
    ]
    return Configuration(
        timestamp=1.0,
        settings=SETTINGS,
        actions=tuple(Action(id=i, type="BROWSER", parameters="http://crm.example/?c={CALLERID}") for i in (1, 2)),
        services=(Service(id=EVERYBODY, name="s1", context_type="OUTBOUND"), *others),
        variables=tuple(Variable(id=i, service_id=i, name="calldata") for i in range(OUTSIDE, services + 1)),
        service_actions=tuple(
            ServiceAction(service_id=i, action_id=a, order=a) for i in range(OUTSIDE, services + 1) for a in (1, 2)
        ),
        seats=tuple(Seat(id=i + 1, mac=mac(i), exten=phone(i)) for i in range(agents)),
        operators=tuple(
            Operator(id=i + 1, username=f"agent{i}", full_name=f"Agent {i}", is_call_center=True, password=DIGEST)
            for i in range(agents)
        ),
        service_operators=tuple(
            sorted(_assignments(agents, queues), key=lambda each: (each.service_id, each.operator_id))
        ),
    )


def _assignments(agents: int, queues: range) -> Iterator[ServiceOperator]:
    for i in range(agents):
        yield ServiceOperator(service_id=EVERYBODY, operator_id=i + 1)
        for at in {i % len(queues), (i * 7 + 3) % len(queues)}:
            yield ServiceOperator(service_id=queues[at], operator_id=i + 1, penalty=i % 3)


def stamped(now: Configuration) -> tuple[Configuration, range]:
    """Nothing but another timestamp."""
    return replace(now, timestamp=now.timestamp + 1), range(0)


def renamed(now: Configuration) -> tuple[Configuration, range]:
    """The service that everybody dials out through has another name."""
    services = tuple(replace(s, name=f"{s.name}x") if s.id == EVERYBODY else s for s in now.services)
    return stamped(replace(now, services=services))[0], range(len(now.operators))


def moved(agents: range) -> Callable[[Configuration], tuple[Configuration, range]]:
    """Some agents come to a service, or leave it if they are on it."""

    def change(now: Configuration) -> tuple[Configuration, range]:
        there = {r.operator_id for r in now.service_operators if r.service_id == OUTSIDE}
        kept = [r for r in now.service_operators if r.service_id != OUTSIDE]
        new = there ^ {i + 1 for i in agents}
        assignments = (*kept, *(ServiceOperator(service_id=OUTSIDE, operator_id=i) for i in new))
        return stamped(replace(now, service_operators=assignments))[0], agents

    return change


def renewed(agents: range) -> Callable[[Configuration], tuple[Configuration, range]]:
    """Some agents have another password, and have to log in again."""

    def change(now: Configuration) -> tuple[Configuration, range]:
        ids = {i + 1 for i in agents}
        operators = tuple(replace(o, password=OTHER_DIGEST) if o.id in ids else o for o in now.operators)
        return stamped(replace(now, operators=operators))[0], agents

    return change


def penalised(now: Configuration) -> tuple[Configuration, range]:
    """Everybody has another penalty in every queue."""
    assignments = tuple(
        replace(r, penalty=r.penalty + 1) if r.service_id >= FIRST_QUEUE else r for r in now.service_operators
    )
    return stamped(replace(now, service_operators=assignments))[0], range(len(now.operators))


def colleagues(now: Configuration, concerned: range) -> set[int]:
    """The indexes of all who share a queue with one of these: they see its figures change when these leave."""
    ids = {i + 1 for i in concerned}
    queues = {r.service_id for r in now.service_operators if r.operator_id in ids and r.service_id >= FIRST_QUEUE}
    return {r.operator_id - 1 for r in now.service_operators if r.service_id in queues}


def kinds(agents: int) -> tuple[Kind, ...]:
    """What is measured, in this order; those whom the last but one sends away do not come back."""
    some = max(1, agents // 100)
    return (
        Kind("nothing but the timestamp", stamped, b""),
        Kind("one operator on another service", moved(range(1)), b"Services"),
        Kind(f"{some} operators on another service", moved(range(some)), b"Services"),
        Kind("a service renamed for everybody", renamed, b"Services"),
        Kind("another penalty for everybody", penalised, b"Services"),
        Kind(f"another password for {some} operators", renewed(range(agents - some, agents)), b"101"),
        Kind("another password for everybody else", renewed(range(agents - some)), b"101"),
    )
