"""Who has left and is still to be seen off: at once, or in the next turns where hundreds leave at a time."""

from __future__ import annotations

from collections.abc import Callable

from astcti.services.floor import Attendance
from astcti.services.slicing import Backlog, Slices


class Departures:
    """A cut network takes a whole floor in one turn of the reactor.

    Their operators, seats and phones are free at once. What else is to be done for each may come a moment later, but
    never after somebody is back: whoever takes a place has those seen off first who were there.

    :param see_off: does it, for one of them.
    """

    def __init__(self, slices: Slices, see_off: Callable[[Attendance], object]) -> None:
        self._slices = slices
        self._see_off = see_off
        self._due: Backlog[Attendance] = Backlog(slices, self._see)
        self._operators: dict[int, Attendance] = {}
        self._seats: dict[int, Attendance] = {}

    def __len__(self) -> int:
        return len(self._due)

    def add(self, attendance: Attendance) -> None:
        """Somebody has left just now."""
        if not self._due and self._slices.has_time():
            with self._slices.spending():
                self._see_off(attendance)
            return
        if attendance.operator is not None:
            self._operators[attendance.operator.id] = attendance
        if attendance.seat is not None:
            self._seats[attendance.seat.id] = attendance
        self._due.add(attendance)

    def settle(self, *, operator_id: int = 0, seat_id: int = 0) -> None:
        """Somebody comes to where another may just have left."""
        for gone in (self._operators.get(operator_id), self._seats.get(seat_id)):
            if gone is not None and gone in self._due:
                self._due.discard(gone)
                self._see(gone)

    def finish(self) -> None:
        """See off all of them now."""
        for gone in list(self._due):
            self._due.discard(gone)
            self._see(gone)

    def _see(self, attendance: Attendance) -> None:
        operator, seat = attendance.operator, attendance.seat
        if operator is not None and self._operators.get(operator.id) is attendance:
            del self._operators[operator.id]
        if seat is not None and self._seats.get(seat.id) is attendance:
            del self._seats[seat.id]
        self._see_off(attendance)
