"""How a membership is shown to others."""

from __future__ import annotations

from astcti.model.roster import Roster
from astcti.services.membership.values import IN, LEAVING, LEFTOVER, OUT, REFUSED, WAITING, Place, View


def view_of(place: Place, roster: Roster) -> View:
    """A membership as others may see it."""
    record, want = place.record, place.want
    interface = record.interface if record is not None else want.interface if want is not None else place.key.phone
    penalty = record.penalty if record is not None else want.penalty if want is not None else 0
    foreign = record is not None and record.foreign
    return View(
        place.key.queue, interface, username_of(place), penalty, _state_of(place, roster), foreign, place.problem
    )  # fmt: skip


def _state_of(place: Place, roster: Roster) -> str:
    if place.taken_out:
        return OUT
    if place.spared:
        return LEFTOVER
    if place.problem:
        return REFUSED
    if place.want is None:
        return LEAVING
    return IN if roster.member(*place.key) is not None and place.record is not None else WAITING


def username_of(place: Place) -> str:
    """Whose it is."""
    if place.want is not None:
        return place.want.username
    return place.record.username if place.record is not None else ""
