"""From the people of a table ``cti`` to operators of a configuration, and back.

Their ids are always the same for the same name, whatever else there is, and say where an operator is from.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Any

from astcti.config.cti import People, Person
from astcti.config.document import Document
from astcti.config.identifiers import is_stable_id, stable_id
from astcti.config.model import Configuration, Operator, Seat, ServiceOperator
from astcti.config.schema import OPERATORS, SEATS, canonical
from astcti.config.source import SourceUnavailable
from astcti.model.channels import normalise_interface

#: Each operator has every service; more than so many pairs want the tables that say who has which.
MAX_PAIRS = 400_000

#: Settings by which a server does what the first generation did, unless somebody has set them.
ANY_EXTENSION, ANY_CONTEXT = ("allow_any_extension", "yes"), ("any_context_variable", "calldata")


def with_people(document: Document, people: People, *, given: Collection[str] = (), alone: bool = True) -> Document:
    """The configuration with everybody of the table in it; an operator whom it has already stays as they are.

    :param given: settings that are set elsewhere.
    :param alone: the table is where operators come from, and not only some of them.
    :raises SourceUnavailable: there are too many for what this table is.
    """
    base = document.configuration
    if len(people.persons) * len(base.services) > MAX_PAIRS:
        what = (
            f"{len(people.persons)} operators with {len(base.services)} services each are more than {MAX_PAIRS} pairs"
        )
        raise SourceUnavailable(f"{people.name}: {what}: give operators their services in a data base or a file")
    joining = _Joining(base, people.name)
    for person in people.persons:
        joining.join(person)
    wanted = dict([ANY_EXTENSION]) if alone else {}
    wanted |= dict([ANY_CONTEXT]) if not base.services else {}
    settings = {name: value for name, value in wanted.items() if name not in given} | dict(base.settings)
    configuration = canonical(
        replace(
            base,
            settings=MappingProxyType(settings),
            operators=(*base.operators, *joining.operators),
            seats=(*base.seats, *joining.seats),
            service_operators=(*base.service_operators, *joining.assignments),
        )
    )
    notes = (*document.notes, *people.notes, *joining.notes)
    return replace(document, configuration=configuration, notes=notes, places=joining.places)


class _Joining:
    """Makes operators of people, beside those who are there."""

    def __init__(self, base: Configuration, name: str) -> None:
        self.operators: list[Operator] = []
        self.seats: list[Seat] = []
        self.assignments: list[ServiceOperator] = []
        self.notes: list[str] = []
        self.places: dict[tuple[str, str], str] = {}
        self._name = name
        self._services = [service.id for service in base.services]
        self._known = {operator.username for operator in base.operators}
        self._operator_ids = {operator.id for operator in base.operators}
        self._seat_ids = {seat.id for seat in base.seats}
        self._seat_of = _seats_by_phone(base)

    def join(self, person: Person) -> None:
        """Make an operator of somebody, unless there is one of that name."""
        place = f"{self._name} {person.username!r}"
        if person.username in self._known:
            self.notes.append(f"{place}: there is an operator of that name already, who stays; the row does not count")
            return
        closed, seat_id = person.closed, None
        if person.phone and not closed:
            seat_id = self._seat(person.phone, place)
            if seat_id is None:
                closed = f"EXT: {person.phone!r} is not a phone: technology/resource such as PJSIP/201"
                self.notes.append(f"{place}, {closed}: nobody can log in")
        operator = Operator(
            id=stable_id("operator", person.username, self._operator_ids), username=person.username,
            full_name=person.username, password=person.secret, enabled=person.may_log_in and not closed,
            seat_id=seat_id, login_host=person.host,
        )  # fmt: skip
        self._operator_ids.add(operator.id)
        self.operators.append(operator)
        self.places[OPERATORS.name, str(operator.id)] = place
        self.assignments += [ServiceOperator(service_id=i, operator_id=operator.id) for i in self._services]

    def _seat(self, phone: str, place: str) -> int | None:
        """The seat of a phone, made if there is none; ``None`` for a bare number that no one phone has."""
        found = self._seat_of.get(_key(phone))
        if found is not None or "/" not in phone:
            return found
        seat = Seat(id=stable_id("seat", _key(phone), self._seat_ids), exten=phone)
        self._seat_ids.add(seat.id)
        self._seat_of[_key(phone)] = seat.id
        self.seats.append(seat)
        self.places[SEATS.name, str(seat.id)] = place
        return seat.id


def _seats_by_phone(base: Configuration) -> dict[str, int]:
    """Phone, and bare number where it is that of one phone only, to the seat; an enabled one if there is any."""
    phones = [(s.exten, s.id, s.enabled) for s in base.seats if s.exten]
    enabled = {s.id for s in base.seats if s.enabled}
    phones += [(e.exten, e.seat_id, e.enabled and e.seat_id in enabled) for e in base.extensions]
    found = {_key(phone): seat for phone, seat, _ in sorted(phones, key=lambda each: each[2])}
    numbers: dict[str, set[str]] = {}
    for key in found:
        numbers.setdefault(key.partition("/")[2].partition("@")[0], set()).add(key)
    return found | {number: found[keys.pop()] for number, keys in numbers.items() if len(keys) == 1 and number}


def _key(phone: str) -> str:
    technology, slash, resource = normalise_interface(phone).partition("/")
    return technology.lower() + slash + resource if slash else phone


def without_people(configuration: Configuration) -> Configuration:
    """A configuration without what :func:`with_people` has put into it: to be written where the rest came from."""
    gone = {o.id for o in configuration.operators if is_stable_id(o.id)}
    injected = {ANY_EXTENSION, ANY_CONTEXT}
    return replace(
        configuration,
        settings=MappingProxyType({n: v for n, v in configuration.settings.items() if (n, v) not in injected}),
        operators=tuple(o for o in configuration.operators if o.id not in gone),
        seats=tuple(s for s in configuration.seats if not is_stable_id(s.id)),
        service_operators=tuple(a for a in configuration.service_operators if a.operator_id not in gone),
    )


def numbered(configuration: Configuration) -> Configuration:
    """The same with ids such as people count up, in order of names: for a place of its own, where nothing has to find
    them again."""
    operators = _counted_up((o.username, o.id) for o in configuration.operators)
    seats = _counted_up((s.exten, s.id) for s in configuration.seats)
    changed: dict[str, Any] = {
        "operators": tuple(
            replace(o, id=operators[o.id], seat_id=seats.get(o.seat_id, o.seat_id) if o.seat_id else None)
            for o in configuration.operators
        ),
        "seats": tuple(replace(s, id=seats[s.id]) for s in configuration.seats),
        "service_operators": tuple(
            replace(a, operator_id=operators.get(a.operator_id, a.operator_id)) for a in configuration.service_operators
        ),
    }
    return canonical(replace(configuration, **changed))


def _counted_up(ids: Iterable[tuple[str, int]]) -> Mapping[int, int]:
    kept: list[int] = []
    large: list[int] = []
    for _, i in sorted(ids):
        (large if is_stable_id(i) else kept).append(i)
    first = max(kept, default=0) + 1
    return {i: i for i in kept} | {i: number for number, i in enumerate(large, first)}
