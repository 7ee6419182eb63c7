"""What clients may ask, and what they are answered: login, seat, operating system, password, lists."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, Protocol

from twisted.internet.defer import Deferred
from twisted.logger import Logger

from astcti.config.model import Operator, Seat
from astcti.errors import Refused
from astcti.interfaces import IClient
from astcti.model.commands import (
    ChangePassword,
    ClaimExtension,
    ClaimMac,
    Command,
    Done,
    Identify,
    ListQueues,
    ListServices,
    LoggedIn,
    Login,
    QueueList,
    Reply,
    ServiceList,
    SetSystem,
)
from astcti.services.accounts import Accounts
from astcti.services.books import Books
from astcti.services.counters import Counters
from astcti.services.duty import Answer
from astcti.services.floor import Attendance, Floor
from astcti.services.seating import MAX_MADE


class IMembership(Protocol):
    """Who sits in which queue, as the PBX says (:class:`astcti.model.roster.Roster`)."""

    def is_member(self, queue: str, interface: str) -> bool:
        """Whether that phone is a member of that queue."""


class Reception:
    """Answers commands.

    :ivar books: what it goes by.
    :ivar link_up: whether the PBX can be asked anything.
    """

    _log = Logger()

    def __init__(
        self, books: Books, floor: Floor, accounts: Accounts, membership: IMembership, counters: Counters
    ) -> None:
        self.books = books
        self.link_up = False
        self._floor = floor
        self._accounts = accounts
        self._membership = membership
        self._counters = counters
        self._answers: dict[type[Command], Answer] = {
            command: partial(answer, self) for command, answer in _ANSWERS.items()
        }

    def answer(self, attendance: Attendance, command: Command) -> Deferred[Reply] | Reply:
        """Do what a client asks.

        :raises Refused: directly or through the Deferred.
        """
        answer = self._answers.get(type(command))
        if answer is None:
            raise Refused(930, "not available on this server")
        return answer(attendance, command)

    def learn(self, answers: Mapping[type[Command], Answer]) -> None:
        """Commands that others answer."""
        self._answers.update(answers)

    def need_link(self) -> None:
        """Nothing goes on without the PBX.

        :raises Refused: 905.
        """
        if not self.link_up:
            raise Refused(905, "no link to the PBX")

    def need_encryption(self, attendance: Attendance) -> None:
        """Passwords may have to be encrypted on their way.

        :raises Refused: 918.
        """
        if self.books.settings.require_tls == "yes" and not attendance.client.secure:
            raise Refused(918, "TLS required")

    def dismiss(self, attendance: Attendance, number: int, reason: str, cause: str) -> None:
        """Send a client away; its operator and seat are free at once."""
        client = attendance.client
        self._floor.leave(client)
        self._log.info("{peer} is sent away: {reason}", peer=client.peer, reason=reason)
        try:
            client.dismiss(number, reason, cause)
        except Exception:
            self._counters.faults += 1
            self._log.failure("Sending {peer} away", peer=client.peer)

    # -- one for each command

    def _login(self, attendance: Attendance, command: Login) -> Deferred[Reply]:
        if attendance.operator is not None:
            raise Refused(903, "already authenticated")
        self.need_link()
        self.need_encryption(attendance)
        return Deferred.fromCoroutine(self._log_in(attendance, command))

    async def _log_in(self, attendance: Attendance, command: Login) -> Reply:
        checked = await self._accounts.enter(attendance.client, command.username, command.digest)
        return self.admit(attendance, checked)

    def present(self, operator: Operator) -> Attendance | None:
        """Where an operator is logged in, if anywhere."""
        return self._floor.present(operator)

    def attendance(self, client: IClient) -> Attendance | None:
        """The attendance of a client that is still there."""
        try:
            return self._floor.of(client)
        except Refused:
            return None

    def admit(
        self, attendance: Attendance, checked: Operator, seat: Seat | None = None, *, replaces: bool = False
    ) -> LoggedIn:
        """Log somebody in who has proved who they are.

        :param checked: who they are, as configured when that began.
        :param seat: where they have to sit; None: at their own, if they have one.
        :param replaces: whether they take the place of their own earlier connection, whatever the settings say.
        :raises Refused: all the same.
        """
        client = attendance.client
        # Checking took a while: the client may be gone by now, so may the operator, and the password may be another.
        if self._floor.of(client).operator is not None:
            raise Refused(903, "already authenticated")
        self.need_link()
        operator = self.books.operators.get(checked.id)
        still = operator is not None and operator.username == checked.username
        if operator is None or not still or not self._accounts.book.still_valid(checked, operator):
            raise Refused(911, "wrong user name or password")
        if not self._accounts.admits(operator, client.peer):
            raise Refused(911, "wrong user name or password")
        first = self._floor.present(operator)
        if first is not None and not (replaces or self.books.settings.takeover):
            raise Refused(910, "operator already logged in")
        if seat is None:
            seat = self._own_seat(operator, client.peer, first)
        elif not self._floor.is_free(seat) and (first is None or first.seat != seat):
            raise Refused(914, "seat in use")
        if first is not None:
            self.dismiss(first, 910, "logged in elsewhere", "replaced")
        self._floor.sign_in(attendance, operator)
        if seat is not None:
            self._sit(attendance, seat)
        self._counters.logins += 1
        where = f" at {attendance.channels[0]}" if attendance.channels else ""
        self._log.info(
            "{username} logged in from {peer}{where}", username=operator.username, peer=client.peer, where=where
        )
        return LoggedIn(operator.username, attendance.channels)

    def _own_seat(self, operator: Operator, peer: str, replaced: Attendance | None) -> Seat | None:
        """The seat an operator sits at without asking: a fixed one, or a free one of the client's address."""

        def free(seat: Seat) -> bool:
            return self._floor.is_free(seat) or (replaced is not None and replaced.seat == seat)

        if operator.seat_id is None:
            return next((seat for seat in self.books.seats.at_address(peer) if free(seat)), None)
        seat = self.books.seats.by_id.get(operator.seat_id)
        if seat is None:
            raise Refused(925, "the seat of this operator is disabled")
        if not free(seat):
            raise Refused(914, "seat in use")
        return seat

    def _claim_mac(self, attendance: Attendance, command: ClaimMac) -> Reply:
        operator = self._may_claim(attendance)
        seat = self.books.seats.at_mac(command.mac, attendance.client.peer)
        self.books.seats.check_mac(operator, seat)
        return self._claimed(attendance, operator, seat)

    def _claim_extension(self, attendance: Attendance, command: ClaimExtension) -> Reply:
        operator = self._may_claim(attendance)
        seats = self.books.seats
        if seats.any_phone and seats.roaming and operator.seat_id is None and not operator.is_call_center:
            seat = seats.of_phone(command.extension) or self._make_seat(command.extension)
        else:
            seat = seats.at_extension(command.extension)
        seats.check_extension(operator, seat)
        return self._claimed(attendance, operator, seat)

    def _claimed(self, attendance: Attendance, operator: Operator, seat: Seat) -> Reply:
        reply = self._sit(attendance, seat)
        self._log.info("{username} sits at {phone}", username=operator.username, phone=attendance.channels[0])
        return reply

    def _make_seat(self, extension: str) -> Seat:
        """A seat for a phone that has none, instead of one that nobody sits at."""
        seats = self.books.seats
        if "/" not in extension:
            return seats.at_extension(extension)
        if len(seats.made) >= MAX_MADE:
            for seat in [seat for seat in seats.made.values() if self._floor.is_free(seat)]:
                seats.forget(seat)
        return seats.make(extension)

    def _may_claim(self, attendance: Attendance) -> Operator:
        operator = attendance.known_operator()
        if attendance.seat is not None:
            raise Refused(903, "seat already set")
        self.need_link()
        return operator

    def _sit(self, attendance: Attendance, seat: Seat) -> Reply:
        self._floor.sit(attendance, seat, self.books.seats.channels[seat.id], self.books.seats.phones(seat))
        return Done(" ".join(attendance.channels))

    def _set_system(self, attendance: Attendance, command: SetSystem) -> Reply:
        attendance.known_operator()
        attendance.system = command.system
        return Done()

    def _change_password(self, attendance: Attendance, command: ChangePassword) -> Deferred[Reply]:
        operator = attendance.known_operator()
        self.need_encryption(attendance)
        changed = self._accounts.change_password(operator, command.old, command.new, attendance.client.peer)
        return changed.addCallback(lambda _: Done())

    def _identify(self, attendance: Attendance, command: Identify) -> Reply:
        attendance.known_operator()
        if attendance.seat is None:
            raise Refused(919, "seat not set")
        return Done(" ".join(attendance.channels))

    def _list_services(self, attendance: Attendance, command: ListServices) -> Reply:
        services = self.books.audience.services_of(attendance.known_operator())
        return ServiceList(tuple((s.name, s.name, s.context_type.lower()) for s in services))

    def _list_queues(self, attendance: Attendance, command: ListQueues) -> Reply:
        queues = self.books.audience.queues_of(attendance.known_operator())
        is_member = self._membership.is_member
        return QueueList(tuple((q, any(is_member(q, p) for p in attendance.phones)) for q in queues))


_ANSWERS: Mapping[type[Command], Callable[[Reception, Attendance, Any], Deferred[Reply] | Reply]] = {
    Login: Reception._login,
    ClaimMac: Reception._claim_mac,
    ClaimExtension: Reception._claim_extension,
    SetSystem: Reception._set_system,
    ChangePassword: Reception._change_password,
    Identify: Reception._identify,
    ListServices: Reception._list_services,
    ListQueues: Reception._list_queues,
}
