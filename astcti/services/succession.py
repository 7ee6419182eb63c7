"""From one configuration to the next, for everybody who is there: those who do something first, the others in turn.

The new books count for everybody from one moment on. What they mean for each client is worked out one client after the
other; whoever does something before it is their turn, or has something happen to them, has their turn first. So nobody
ever acts, or is looked at, by two configurations.
"""

from __future__ import annotations

from collections.abc import Callable
from operator import attrgetter

from twisted.internet.defer import Deferred

from astcti.config.model import Operator, Seat
from astcti.services.books import Books
from astcti.services.floor import Attendance, Floor
from astcti.services.origin import may_come_from
from astcti.services.slicing import Slices, Work

#: Fields of an operator and of a seat with which people have to log in again when they are others.
_OPERATOR = attrgetter("username", "seat_id", "is_call_center")
_SEAT = attrgetter("mac", "exten")


class Succession:
    """Brings clients up to date.

    :param still_valid: whether the credential of an operator is still the one that they logged in with.
    :param send_away: has somebody log in again; ``concerned`` is called with somebody for whom anything is otherwise
        than by the books before; ``broken`` within an exception handler, when something went wrong with one client.
    """

    def __init__(
        self,
        floor: Floor,
        slices: Slices,
        *,
        still_valid: Callable[[Operator, Operator], bool],
        send_away: Callable[[Attendance], object],
        concerned: Callable[[Attendance, Books], object],
        broken: Callable[[Attendance], object],
    ) -> None:
        self._floor = floor
        self._slices = slices
        self._still_valid = still_valid
        self._send_away = send_away
        self._concerned = concerned
        self._broken = broken
        self._books: tuple[Books, Books] | None = None
        self._everybody = False
        floor.catch_up = self.catch_up
        floor.catch_up_at = self._catch_up_at

    def begin(self, before: Books, after: Books, then: Work) -> Deferred[None]:
        """The books have been replaced just now. Fires when everybody is up to date, and ``then`` is done, too."""
        self._books = before, after
        self._everybody = before.settings != after.settings or _for_all(before) != _for_all(after)
        self._floor.behind = dict.fromkeys(self._floor.attendances)
        return self._slices.begin(self._work(then))

    def finish(self) -> None:
        """Bring everybody up to date in this very turn: the books are about to be replaced again."""
        while self._floor.behind:
            self.catch_up(next(reversed(self._floor.behind)))

    def _work(self, then: Work) -> Work:
        while self._floor.behind:
            self.catch_up(next(reversed(self._floor.behind)))
            yield
        self._books = None
        yield from then

    def catch_up(self, attendance: Attendance) -> None:
        """Bring one client up to date; what goes wrong costs that client its connection, and nobody else anything."""
        self._floor.behind.pop(attendance, None)
        if self._books is not None and attendance.operator is not None:
            try:
                self._describe(attendance, attendance.operator, *self._books)
            except Exception:
                self._broken(attendance)

    def _catch_up_at(self, phone: str) -> None:
        """The same of whoever sat at a phone, and of whoever sits at it from now on."""
        assert self._books is not None, "nobody is behind without it"
        seat = self._books[1].seats.of_phone(phone)
        for attendance in (self._floor.at_phone.get(phone), self._floor.sitter(seat) if seat is not None else None):
            if attendance is not None and attendance in self._floor.behind:
                self.catch_up(attendance)

    def _describe(self, attendance: Attendance, old: Operator, before: Books, after: Books) -> None:
        if has_to_leave(attendance, old, after, self._still_valid):
            self._send_away(attendance)
            return
        concerned = self._everybody or is_concerned(old, attendance.seat, before, after)
        attendance.operator = after.operators[old.id]
        if attendance.seat is not None:
            attendance.seat = after.seats.by_id[attendance.seat.id]
            if concerned:
                self._furnish(attendance, attendance.seat, after)
        if concerned:
            self._concerned(attendance, before)

    def _furnish(self, attendance: Attendance, seat: Seat, books: Books) -> None:
        """They sit at the phones of the new configuration; whoever sat at one of them until now leaves it first."""
        phones = books.seats.phones(seat)
        for phone in phones:
            holder = self._floor.at_phone.get(phone)
            if holder is not None and holder in self._floor.behind:
                self.catch_up(holder)
        self._floor.furnish(attendance, seat, books.seats.channels[seat.id], phones)


def has_to_leave(
    attendance: Attendance, old: Operator, books: Books, still_valid: Callable[[Operator, Operator], bool]
) -> bool:
    """Whether a changed configuration takes the ground from under somebody's feet."""
    new, seat = books.operators.get(old.id), attendance.seat
    if new is None or _OPERATOR(new) != _OPERATOR(old) or not still_valid(old, new):
        return True
    if not may_come_from(books.configuration, new, attendance.client.peer):
        return True
    if seat is None:
        return False
    found = books.seats.by_id.get(seat.id)
    return found is None or _SEAT(found) != _SEAT(seat)


def is_concerned(operator: Operator, seat: Seat | None, before: Books, after: Books) -> bool:
    """Whether anything about somebody, their seat or their services is otherwise than before."""
    if _about_operator(before, operator.id) != _about_operator(after, operator.id):
        return True
    return seat is not None and _about_seat(before, seat.id) != _about_seat(after, seat.id)


def _about_operator(books: Books, i: int) -> tuple[object, ...]:
    return (
        books.operators.get(i),
        books.audience.active.get(i, ()),
        books.configuration.services_of.get(i, ()),
        books.speed_dials.get(i, ()),
        books.configuration.account_codes_of(i),
    )


def _about_seat(books: Books, i: int) -> tuple[object, ...]:
    return books.seats.by_id.get(i), books.seats.channels.get(i), books.further_phones.get(i)


def _for_all(books: Books) -> object:
    """What everybody is told of."""
    return books.configuration.pause_reasons
