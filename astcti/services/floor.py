"""The floor: which clients are connected, who they are and at which seat they sit."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from typing import Protocol, TypeVar

from astcti.config.model import Operator, Seat
from astcti.errors import Refused
from astcti.interfaces import IClient
from astcti.model.channels import normalise_interface
from astcti.services.heard import Heard

T = TypeVar("T")


class IListening(Protocol):
    """Whoever wants to know which phones somebody sits at (:class:`astcti.model.calls.Tracker`)."""

    def listen(self, interface: str, seat: str = "") -> None:
        """Somebody sits at this phone, which belongs to that seat."""

    def unlisten(self, interface: str) -> None:
        """Nobody sits at this phone."""


_NO_MOMENTS: dict[str, set[str]] = {}  # shared by all that need none; replaced before anything is put in


class Attendance:
    """One connected client.

    :ivar operator: who it is, once logged in.
    :ivar seat: where they sit, once that is known; ``channels`` are its phones as configured and ``phones`` as channels
        show them.
    :ivar remote: the interface that their calls go by instead of the seat's phones, as configured; usually empty.
    :ivar system: the client's operating system: ``LINUX``, ``WINDOWS``, ``MACINTOSH`` or not said.
    :ivar moments: unique ids of running calls to the moments (``RINGING LINK``) they had here; only kept for services
        with actions that need it.
    :ivar heard: calls they were told of; None while there was none.
    """

    __slots__ = ("channels", "client", "heard", "moments", "operator", "phones", "remote", "seat", "since", "system")

    def __init__(self, client: IClient, since: float) -> None:
        self.client = client
        self.since = since
        self.operator: Operator | None = None
        self.seat: Seat | None = None
        self.channels: tuple[str, ...] = ()
        self.phones: tuple[str, ...] = ()
        self.remote = ""
        self.system = ""
        self.moments: dict[str, set[str]] = _NO_MOMENTS
        self.heard: Heard | None = None

    def known_operator(self) -> Operator:
        """Who it is.

        :raises Refused: 902, when nobody has logged in yet.
        """
        if self.operator is None:
            raise Refused(902, "not authenticated")
        return self.operator


class Floor:
    """Every attendance, by client, operator, seat and phone. One operator has one seat, one seat one operator.

    :ivar behind: who is described by an earlier configuration yet. Nobody is handed out as long as they are.
    :ivar catch_up: called with one of these, to be up to date afterwards, or gone; ``catch_up_at`` with a phone, for
        all who sat or will sit at it.
    :ivar on_coming: called with an operator's id or a seat's, before somebody is there.
    :ivar on_seated: called when somebody took a seat.
    :ivar on_parted: called when phones are not somebody's any more, who stays.
    :ivar on_left: called when somebody is gone; what they had is free already, and still to be seen at them.
    """

    def __init__(self, listening: IListening) -> None:
        self._listening = listening
        self._by_client: dict[IClient, Attendance] = {}
        self._by_operator: dict[int, Attendance] = {}
        self._by_seat: dict[int, Attendance] = {}
        self.at_phone: dict[str, Attendance] = {}
        self.behind: dict[Attendance, None] = {}
        self.catch_up: Callable[[Attendance], object] = lambda attendance: None
        self.catch_up_at: Callable[[str], object] = lambda phone: None
        self.on_coming: Callable[[int, int], object] = lambda operator_id, seat_id: None
        self.on_seated: Callable[[Attendance], object] = lambda attendance: None
        self.on_parted: Callable[[Attendance, Collection[str]], object] = lambda attendance, phones: None
        self.on_left: Callable[[Attendance], object] = lambda attendance: None

    def __len__(self) -> int:
        return len(self._by_client)

    @property
    def attendances(self) -> Collection[Attendance]:
        """Everybody connected, logged in or not."""
        return self._by_client.values()

    @property
    def logged_in(self) -> int:
        """How many operators are logged in."""
        return len(self._by_operator)

    @property
    def seated(self) -> Collection[Attendance]:
        """Everybody at a seat."""
        return self._by_seat.values()

    def enter(self, client: IClient, now: float) -> Attendance:
        """A client connected."""
        attendance = self._by_client[client] = Attendance(client, now)
        return attendance

    def of(self, client: IClient) -> Attendance:
        """The attendance of a client.

        :raises Refused: 902, when the client is gone or was told to go.
        """
        attendance = self._current(self._by_client, client)
        if attendance is None:
            raise Refused(902, "not authenticated")
        return attendance

    def at(self, phone: str) -> Attendance | None:
        """Who sits at a phone."""
        if self.behind:
            self.catch_up_at(phone)
        return self.at_phone.get(phone)

    def sitter(self, seat: Seat) -> Attendance | None:
        """Who sits at a seat, as it is known."""
        return self._by_seat.get(seat.id)

    def _current(self, known: Mapping[T, Attendance], key: T) -> Attendance | None:
        """Somebody, up to date."""
        attendance = known.get(key)
        if self.behind and attendance in self.behind:
            assert attendance is not None
            self.catch_up(attendance)
            attendance = known.get(key)
        return attendance

    def leave(self, client: IClient) -> Attendance | None:
        """A client is gone: operator, seat and phones are free at once. Asked again, nothing happens."""
        attendance = self._by_client.pop(client, None)
        if attendance is None:
            return None
        self.behind.pop(attendance, None)
        if attendance.operator is not None and self._by_operator.get(attendance.operator.id) is attendance:
            del self._by_operator[attendance.operator.id]
        if attendance.seat is not None and self._by_seat.get(attendance.seat.id) is attendance:
            del self._by_seat[attendance.seat.id]
        self._release(attendance, attendance.phones)
        self.on_left(attendance)
        return attendance

    def present(self, operator: Operator) -> Attendance | None:
        """Where an operator is logged in, if anywhere."""
        return self.present_by_id(operator.id)

    def present_by_id(self, operator_id: int) -> Attendance | None:
        """The same, of an operator who may not be configured any more."""
        return self._current(self._by_operator, operator_id)

    def is_free(self, seat: Seat) -> bool:
        """Whether nobody sits there."""
        return self._current(self._by_seat, seat.id) is None

    def sign_in(self, attendance: Attendance, operator: Operator) -> None:
        """Somebody logged in at this client; see :meth:`present` first."""
        self.on_coming(operator.id, 0)
        attendance.operator = operator
        self._by_operator[operator.id] = attendance

    def sit(self, attendance: Attendance, seat: Seat, channels: tuple[str, ...], phones: tuple[str, ...]) -> None:
        """They take a seat.

        :raises Refused: 914, when somebody else sits there.
        """
        if not self.is_free(seat):
            raise Refused(914, "seat in use")
        self.on_coming(0, seat.id)
        self._by_seat[seat.id] = attendance
        attendance.seat = seat
        self.furnish(attendance, seat, channels, phones)
        self.on_seated(attendance)

    def furnish(self, attendance: Attendance, seat: Seat, channels: tuple[str, ...], phones: tuple[str, ...]) -> None:
        """These are the phones of their seat now; those already there are not touched.

        Whose calls go elsewhere has that one phone as long as :attr:`Attendance.remote` says so.
        """
        if attendance.remote:
            channels, phones = (attendance.remote,), (normalise_interface(attendance.remote),)
        gone = set(attendance.phones) - set(phones)
        self._release(attendance, gone)
        for phone in phones:
            if self.at_phone.get(phone) is not attendance:
                self.at_phone[phone] = attendance
                self._listening.listen(phone, f"seat {seat.id}")
        attendance.seat = seat
        attendance.channels = channels
        attendance.phones = phones
        if gone:
            self.on_parted(attendance, gone)

    def _release(self, attendance: Attendance, phones: Iterable[str]) -> None:
        for phone in phones:
            if self.at_phone.get(phone) is attendance:
                del self.at_phone[phone]
                self._listening.unlisten(phone)
