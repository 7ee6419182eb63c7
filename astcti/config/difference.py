"""What a new configuration changes, as values; only what is enabled counts.

What each change means for those who are logged in is decided by the services.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields
from typing import Any

from astcti.config.model import Configuration, Operator, Seat, Service, ServiceOperator


@dataclass(frozen=True, slots=True)
class OperatorAdded:
    """An operator is new or enabled again."""

    operator: Operator


@dataclass(frozen=True, slots=True)
class OperatorRemoved:
    """An operator is deleted, disabled, or goes by another user name (then also :class:`OperatorAdded`)."""

    operator: Operator


@dataclass(frozen=True, slots=True)
class OperatorChanged:
    """``fields`` of an operator differ, e.g. ``password``, ``seat_id``, ``full_name``."""

    old: Operator
    new: Operator
    fields: frozenset[str]


@dataclass(frozen=True, slots=True)
class SpeedDialsChanged:
    """The speed dials of an operator differ."""

    operator: Operator


@dataclass(frozen=True, slots=True)
class AccountCodesChanged:
    """The account codes that an operator may use differ."""

    operator: Operator


@dataclass(frozen=True, slots=True)
class SeatAdded:
    """A seat is new or enabled again."""

    seat: Seat


@dataclass(frozen=True, slots=True)
class SeatRemoved:
    """A seat is deleted, disabled, or has no phone any more."""

    seat: Seat


@dataclass(frozen=True, slots=True)
class SeatChanged:
    """``fields`` of a seat differ, e.g. ``mac``, ``exten``, ``host``."""

    old: Seat
    new: Seat
    fields: frozenset[str]


@dataclass(frozen=True, slots=True)
class PhonesChanged:
    """Further phones of a seat came or went; its main one is a field of the seat."""

    seat: Seat
    added: tuple[str, ...]
    removed: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ServiceAdded:
    """A service is new or enabled again."""

    service: Service


@dataclass(frozen=True, slots=True)
class ServiceRemoved:
    """A service is deleted or disabled."""

    service: Service


@dataclass(frozen=True, slots=True)
class ServiceChanged:
    """``fields`` of a service differ; ``variables`` and ``actions`` stand for those of its own."""

    old: Service
    new: Service
    fields: frozenset[str]


@dataclass(frozen=True, slots=True)
class AssignmentAdded:
    """An operator is now active on a service."""

    assignment: ServiceOperator


@dataclass(frozen=True, slots=True)
class AssignmentRemoved:
    """An operator is no longer active on a service."""

    assignment: ServiceOperator


@dataclass(frozen=True, slots=True)
class PenaltyChanged:
    """An operator's penalty on a service differs."""

    old: ServiceOperator
    new: ServiceOperator


@dataclass(frozen=True, slots=True)
class PauseReasonsChanged:
    """The reasons of pauses with these codes differ, were added or removed; they are everybody's."""

    codes: frozenset[str]


@dataclass(frozen=True, slots=True)
class SettingsChanged:
    """The settings of these names differ, were added or removed."""

    names: frozenset[str]


Change = (
    OperatorAdded
    | OperatorRemoved
    | OperatorChanged
    | SpeedDialsChanged
    | AccountCodesChanged
    | SeatAdded
    | SeatRemoved
    | SeatChanged
    | PhonesChanged
    | ServiceAdded
    | ServiceRemoved
    | ServiceChanged
    | AssignmentAdded
    | AssignmentRemoved
    | PenaltyChanged
    | PauseReasonsChanged
    | SettingsChanged
)


def difference(old: Configuration, new: Configuration) -> tuple[Change, ...]:
    """What changes from ``old`` to ``new``; empty when the server would do the same by both.

    Removals come before additions, so that whoever applies them in order frees what is then taken.
    """
    changes: list[Change] = [*_operators(old, new), *_seats(old, new), *_services(old, new), *_assignments(old, new)]
    reasons = [{r.code: r for r in each.pause_reason_by_code.values()} for each in (old, new)]
    if codes := _differing(*reasons):
        changes.append(PauseReasonsChanged(codes))
    if names := _differing(old.settings, new.settings):
        changes.append(SettingsChanged(names))
    return tuple(sorted(changes, key=lambda change: not type(change).__name__.endswith("Removed")))


def _differing(before: Mapping[str, Any], after: Mapping[str, Any]) -> frozenset[str]:
    return frozenset(name for name in {*before, *after} if before.get(name) != after.get(name))


def _operators(old: Configuration, new: Configuration) -> Iterator[Change]:
    before = {(o.id, o.username): o for o in old.operator_by_username.values()}
    after = {(o.id, o.username): o for o in new.operator_by_username.values()}
    for key, operator, changed in _compared(before, after):
        if key not in after:
            yield OperatorRemoved(operator)
        elif key not in before:
            yield OperatorAdded(operator)
        elif changed:
            yield OperatorChanged(before[key], operator, changed)
    dials_before, dials_after = _grouped(old, "speed_dials", "operator_id"), _grouped(new, "speed_dials", "operator_id")
    for key in sorted(before.keys() & after.keys()):
        if dials_before.get(key[0]) != dials_after.get(key[0]):
            yield SpeedDialsChanged(after[key])
        if old.account_codes_of(key[0]) != new.account_codes_of(key[0]):
            yield AccountCodesChanged(after[key])


def _seats(old: Configuration, new: Configuration) -> Iterator[Change]:
    before, after = old.seat_by_id, new.seat_by_id
    for key, seat, changed in _compared(before, after):
        if key not in after:
            yield SeatRemoved(seat)
        elif key not in before:
            yield SeatAdded(seat)
        elif changed:
            yield SeatChanged(before[key], seat, changed)
    for key in before.keys() & after.keys():
        # The main phone is told by its own field; here it would look like one that went.
        main = {before[key].exten, after[key].exten}
        phones_before = [p for p in old.channels_of[key] if p not in main]
        phones_after = [p for p in new.channels_of[key] if p not in main]
        added = tuple(p for p in phones_after if p not in phones_before)
        removed = tuple(p for p in phones_before if p not in phones_after)
        if added or removed:
            yield PhonesChanged(after[key], added, removed)


def _services(old: Configuration, new: Configuration) -> Iterator[Change]:
    before, after = old.service_by_id, new.service_by_id
    for key, service, changed in _compared(before, after):
        if key not in after:
            yield ServiceRemoved(service)
        elif key not in before:
            yield ServiceAdded(service)
        else:
            own = set(changed)
            if old.variables_of.get(key) != new.variables_of.get(key):
                own.add("variables")
            if old.actions_of.get(key) != new.actions_of.get(key):
                own.add("actions")
            if own:
                yield ServiceChanged(before[key], service, frozenset(own))


def _assignments(old: Configuration, new: Configuration) -> Iterator[Change]:
    before = {(a.service_id, a.operator_id): a for each in old.services_of.values() for a in each}
    after = {(a.service_id, a.operator_id): a for each in new.services_of.values() for a in each}
    for key, assignment, changed in _compared(before, after):
        if key not in after:
            yield AssignmentRemoved(assignment)
        elif key not in before:
            yield AssignmentAdded(assignment)
        elif changed:
            yield PenaltyChanged(before[key], assignment)


def _compared(before: Mapping[Any, Any], after: Mapping[Any, Any]) -> Iterator[tuple[Any, Any, frozenset[str]]]:
    """Every key in order, its row (the new one where there is one), and which of its fields differ."""
    for key in sorted({*before, *after}):
        one, two = before.get(key), after.get(key)
        changed: frozenset[str] = frozenset()
        if one is not None and two is not None and one != two:
            changed = frozenset(f.name for f in fields(two) if getattr(one, f.name) != getattr(two, f.name))
        yield key, one if two is None else two, changed


def _grouped(configuration: Configuration, rows: str, attribute: str) -> dict[int, list[Any]]:
    found: dict[int, list[Any]] = {}
    for row in getattr(configuration, rows):
        found.setdefault(getattr(row, attribute), []).append(row)
    return found
