"""Coming back with a ticket: who gets one, who is let in by it, and when it is replaced by a newer one."""

from __future__ import annotations

import os
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from twisted.logger import Logger

from astcti.config.model import Operator, Seat
from astcti.errors import Refused
from astcti.interfaces import IClient
from astcti.model.commands import Reply
from astcti.services.accounts import Accounts
from astcti.services.duty import Duty
from astcti.services.floor import Attendance
from astcti.services.reception import Reception
from astcti.services.tickets import LIFE_SECONDS, SERIAL_BYTES, Forged, TicketOffice

if TYPE_CHECKING:
    from astcti.services.books import Books

RENEW_SECONDS = LIFE_SECONDS / 2  # after which a ticket is replaced: whoever is at work always has hours to come back
AT_A_TIME = 100  # tickets replaced in one turn of the reactor; about 5 ms
REMEMBERED = 20_000  # tickets of those who left by QUIT; older ones are forgotten and end by their age


@dataclass(slots=True)
class _Held:
    """What is known of the tickets of one client that is there.

    :ivar proved: when the password was proved; ``given`` when the last ticket was due.
    :ivar serials: of the ticket given last, and of the one before, because the last may not have arrived.
    """

    proved: float
    given: float
    serials: tuple[bytes, ...] = field(default=())


class Resuming(Duty):
    """Gives tickets to those at work and lets them in again.

    :param now: seconds since 1970.
    """

    _log = Logger()

    def __init__(
        self,
        reception: Reception,
        accounts: Accounts,
        office: TicketOffice,
        now: Callable[[], float],
        random: Callable[[int], bytes] = os.urandom,
    ) -> None:
        self.office = office
        self._reception = reception
        self._accounts = accounts
        self._now = now
        self._random = random
        self._held: OrderedDict[IClient, _Held] = OrderedDict()  # whose ticket is the oldest stands first
        self._gone: OrderedDict[bytes, None] = OrderedDict()
        accounts.keeper.on_stored = self._stored

    # -- coming back

    def resume(self, attendance: Attendance, text: str) -> Reply:
        """Log somebody in by their ticket, at the seat they had.

        :raises Refused: 902, it does not count any more; 911, nobody gave it; whatever a login is refused for.
        """
        client = attendance.client
        self._accounts.may_try("", client.peer)
        try:
            ticket = self.office.read(text)
        except Forged:
            # One of another key is no attempt to guess: a whole floor brings those when the key was lost.
            self._accounts.failed("", client.peer)
            raise Refused(911, "this is no ticket") from None
        books = self._reception.books
        operator = None if ticket is None else books.operators.get(ticket.operator_id)
        seat = None if ticket is None else books.seats.by_id.get(ticket.seat_id)
        if ticket is None or operator is None or seat is None or ticket.serial in self._gone:
            raise Refused(902, "this ticket is not valid any more")
        if not self.office.still_counts(ticket, self._rests_on(operator, seat), self._now()):
            raise Refused(902, "this ticket is not valid any more")
        self._accounts.may_try(operator.username, client.peer)
        if not self._accounts.admits(operator, client.peer):
            self._log.warn("{username} at {peer}: host mismatch, the ticket does not count there",
                           username=operator.username, peer=client.peer)  # fmt: skip
            raise Refused(902, "this ticket is not valid any more")
        there = self._reception.present(operator)
        held = self._held.get(there.client) if there is not None else None
        # Its own dead connection is replaced, which the server may not know to be dead yet.
        own = held is not None and ticket.serial in held.serials
        admitted = self._reception.admit(attendance, operator, seat, replaces=own)
        self._hold(client, _Held(ticket.proved, self._now(), (ticket.serial,)))
        return admitted

    # -- giving tickets

    def ticket(self, client: IClient) -> str:
        """A new ticket for who is at work at this client; empty where nobody is."""
        attendance = self._reception.attendance(client)
        if attendance is None or attendance.operator is None or attendance.seat is None:
            return ""
        now, serial = self._now(), self._random(SERIAL_BYTES)
        held = self._held.get(client) or _Held(now, now)
        held.given, held.serials = now, (serial, *held.serials[:1])
        self._hold(client, held)
        return self.office.issue(
            attendance.operator.id, attendance.seat.id, held.proved, now, serial,
            self._rests_on(attendance.operator, attendance.seat),
        )  # fmt: skip

    def renew(self) -> None:
        """Replace the oldest tickets, if they are old; some at a time."""
        now = self._now()
        for _ in range(AT_A_TIME):
            client, held = next(iter(self._held.items()), (None, None))
            if client is None or held is None or now - held.given < RENEW_SECONDS:
                return
            held.given = now  # also of those who want no tickets
            self._hold(client, held)
            try:
                client.tell_ticket()
            except Exception:
                there = self._reception.attendance(client)
                if there is not None:
                    self.desk.broken(there)

    def _hold(self, client: IClient, held: _Held) -> None:
        self._held[client] = held
        self._held.move_to_end(client)

    def _rests_on(self, operator: Operator, seat: Seat) -> tuple[str, ...]:
        roaming = self._reception.books.settings.allow_roaming_extension
        rights = (operator.seat_id, operator.is_call_center, roaming, seat.mac, seat.exten)
        sources = " ".join(self._reception.books.settings.auth_sources)
        return (operator.username, *self._accounts.credential(operator), sources, *map(str, rights))

    # -- what happens at the desk

    def _stored(self, operator_id: int) -> None:
        """The stored credential of an operator is another: the ticket they have is void."""
        operator = self._reception.books.operators.get(operator_id)
        there = self._reception.present(operator) if operator is not None else None
        if there is not None:
            there.client.tell_ticket()

    def seated(self, attendance: Attendance) -> None:
        """They get a ticket."""
        if attendance.client not in self._held:
            self._hold(attendance.client, _Held(self._now(), self._now()))
        attendance.client.tell_ticket()

    def left(self, attendance: Attendance) -> None:
        """Who says goodbye does not come back by ticket."""
        held = self._held.pop(attendance.client, None)
        if held is not None and attendance.client.said_goodbye:
            for serial in held.serials:
                self._gone[serial] = None
            while len(self._gone) > REMEMBERED:
                self._gone.popitem(last=False)

    def configured(self, attendance: Attendance, before: Books) -> None:
        """What tickets depend on may be another: they get a new one, if theirs depends on anything new."""
        client, operator = attendance.client, attendance.operator
        if client not in self._held or operator is None:
            return
        old, new = before.settings, self._reception.books.settings
        general = (old.allow_roaming_extension, old.auth_sources) != (new.allow_roaming_extension, new.auth_sources)
        was = before.operators.get(operator.id)
        if general or was is None or was.password != operator.password:
            client.tell_ticket()
