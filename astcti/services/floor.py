"""The floor: which clients are connected, who they are and at which seat they sit."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from typing import Protocol

from astcti.config.model import Operator, Seat
from astcti.errors import Refused
from astcti.interfaces import IClient
from astcti.model.channels import normalise_interface
from astcti.services.heard import Heard


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

    :ivar on_seated: called when somebody took a seat, ``on_left`` when somebody is gone, everything still as it was.
    """

    def __init__(self, listening: IListening) -> None:
        self._listening = listening
        self._by_client: dict[IClient, Attendance] = {}
        self._by_operator: dict[int, Attendance] = {}
        self._by_seat: dict[int, Attendance] = {}
        self.at_phone: dict[str, Attendance] = {}
        self.on_seated: Callable[[Attendance], object] = lambda attendance: None
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
        try:
            return self._by_client[client]
        except KeyError:
            raise Refused(902, "not authenticated") from None

    def leave(self, client: IClient) -> Attendance | None:
        """A client is gone: operator, seat and phones are free at once. Asked again, nothing happens."""
        attendance = self._by_client.pop(client, None)
        if attendance is None:
            return None
        if attendance.operator is not None and self._by_operator.get(attendance.operator.id) is attendance:
            del self._by_operator[attendance.operator.id]
        if attendance.seat is not None and self._by_seat.get(attendance.seat.id) is attendance:
            del self._by_seat[attendance.seat.id]
        self.on_left(attendance)
        self._release(attendance, attendance.phones)
        attendance.phones = ()
        return attendance

    def present(self, operator: Operator) -> Attendance | None:
        """Where an operator is logged in, if anywhere."""
        return self._by_operator.get(operator.id)

    def is_free(self, seat: Seat) -> bool:
        """Whether nobody sits there."""
        return seat.id not in self._by_seat

    def sign_in(self, attendance: Attendance, operator: Operator) -> None:
        """Somebody logged in at this client; see :meth:`present` first."""
        attendance.operator = operator
        self._by_operator[operator.id] = attendance

    def sit(self, attendance: Attendance, seat: Seat, channels: tuple[str, ...], phones: tuple[str, ...]) -> None:
        """They take a seat.

        :raises Refused: 914, when somebody else sits there.
        """
        if not self.is_free(seat):
            raise Refused(914, "seat in use")
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
        self._release(attendance, set(attendance.phones) - set(phones))
        for phone in phones:
            if self.at_phone.get(phone) is not attendance:
                self.at_phone[phone] = attendance
                self._listening.listen(phone, f"seat {seat.id}")
        attendance.seat = seat
        attendance.channels = channels
        attendance.phones = phones

    def _release(self, attendance: Attendance, phones: Iterable[str]) -> None:
        for phone in phones:
            if self.at_phone.get(phone) is attendance:
                del self.at_phone[phone]
                self._listening.unlisten(phone)
