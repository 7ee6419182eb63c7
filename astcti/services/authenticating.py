"""Logins by ``AUTH``: SCRAM, the password itself, and the tickets with which clients come back."""

from __future__ import annotations

import hashlib
import os
from base64 import b64encode
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from twisted.internet.defer import Deferred
from twisted.logger import Logger

from astcti.config.model import Operator, Seat
from astcti.errors import Refused
from astcti.interfaces import IClient
from astcti.model.commands import Authenticate, Challenge, Command, ContinueAuthentication, LoggedIn, Reply
from astcti.protocols.scram import PLAIN_BINDING, WITH_BINDING, ScramError, ServerExchange
from astcti.services.accounts import Accounts
from astcti.services.duty import Answer, Duty
from astcti.services.floor import Attendance
from astcti.services.reception import Reception
from astcti.services.tickets import SERIAL_BYTES, Forged, TicketOffice

if TYPE_CHECKING:
    from astcti.services.books import Books

PLAIN, RESUME = "PLAIN", "RESUME"
MAX_PASSWORD = 1024  # bytes
REMEMBERED = 20_000  # tickets of those who left by QUIT; older ones are forgotten and end by their age
_log = Logger()


@dataclass(slots=True)
class _Going:
    """A SCRAM login that waits for the client."""

    exchange: ServerExchange
    secure: bool
    known: bool


@dataclass(slots=True)
class _Held:
    """What is known of the tickets of one client that is there.

    :ivar proved: when the password was proved.
    :ivar serials: of the ticket given last, and of the one before, because the last may not have arrived.
    """

    proved: float
    serials: tuple[bytes, ...] = field(default=())


class Authenticating(Duty):
    """Lets people in by other ways than ``PASS``.

    :param now: seconds since 1970.
    """

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
        self._going: dict[IClient, _Going] = {}
        self._held: dict[IClient, _Held] = {}
        self._gone: OrderedDict[bytes, None] = OrderedDict()
        accounts.on_stored = self._stored

    def answers(self) -> Mapping[type[Command], Answer]:
        """All logins but ``PASS``."""
        return {Authenticate: self._authenticate, ContinueAuthentication: self._go_on}

    def mechanisms(self, client: IClient) -> tuple[str, ...]:
        """What ``AUTH`` can begin with."""
        if self._reception.books.settings.require_tls == "yes" and not client.secure:
            return ()
        sources = self._accounts.sources
        offered = []
        if sources is None or sources.has_own:
            offered = [WITH_BINDING] if client.secure and client.channel_binding() is not None else []
            offered.append(PLAIN_BINDING)
        if client.secure and sources is not None and sources.wants_password:
            offered.append(PLAIN)
        return (*offered, RESUME)

    # -- logins

    def _authenticate(self, attendance: Attendance, command: Authenticate) -> Deferred[Reply] | Reply:
        client, mechanism = attendance.client, command.mechanism
        self._going.pop(client, None)
        if attendance.operator is not None:
            raise Refused(903, "already authenticated")
        self._reception.need_link()
        self._reception.need_encryption(attendance)
        if mechanism not in self.mechanisms(client):
            if mechanism == PLAIN and not client.secure:
                raise Refused(918, "TLS required")
            raise Refused(930, "this mechanism is not available")
        if mechanism == RESUME:
            return self._resume(attendance, command.data.decode("ascii", "replace"))
        if mechanism == PLAIN:
            return Deferred.fromCoroutine(self._plain(attendance, command.data))
        return self._challenge(client, mechanism, command.data)

    def _challenge(self, client: IClient, mechanism: str, first: bytes) -> Reply:
        try:
            exchange = ServerExchange(first, plus=mechanism == WITH_BINDING, binding=client.channel_binding())
        except ScramError as e:
            _log.warn("{peer}: {mechanism}: {reason}", peer=client.peer, mechanism=mechanism, reason=str(e))
            raise Refused(901, str(e)) from None
        username = exchange.username
        self._accounts.may_try(username, client.peer)
        verifier = self._accounts.verifier(username)
        self._going[client] = _Going(exchange, client.secure, verifier is not None)
        nonce = b64encode(self._random(18)).decode("ascii")
        return Challenge(exchange.challenge(nonce, verifier or self._accounts.no_verifier(username)))

    def _go_on(self, attendance: Attendance, command: ContinueAuthentication) -> Deferred[Reply] | Reply:
        going = self._going.pop(attendance.client, None)
        if command.data is None:
            raise Refused(903, "given up")
        # What began before TLS did somebody in between may have said.
        if going is None or going.secure != attendance.client.secure:
            raise Refused(903, "no login has begun")
        self._reception.need_link()
        return Deferred.fromCoroutine(self._prove(attendance, going, command.data))

    async def _prove(self, attendance: Attendance, going: _Going, final: bytes) -> Reply:
        client, username = attendance.client, going.exchange.username
        self._accounts.may_try(username, client.peer)
        try:
            signature = going.exchange.finish(final)
        except ScramError as e:
            _log.debug("{peer}: {reason}", peer=client.peer, reason=str(e))
            signature = b""
        operator = await self._accounts.proved(username, client.peer, bool(signature), going.known)
        admitted = self._reception.admit(attendance, operator)
        return LoggedIn(admitted.username, admitted.seat, signature)

    async def _plain(self, attendance: Attendance, data: bytes) -> Reply:
        """RFC 4616: ``authorization id NUL user NUL password``; the first may be empty or the user."""
        parts = data.split(b"\0")
        try:
            for_whom, username, password = (part.decode() for part in parts)
        except ValueError:
            raise Refused(901, "malformed message") from None
        if not username or not password or len(password) > MAX_PASSWORD or for_whom not in ("", username):
            raise Refused(901, "malformed message")
        digest = hashlib.md5(password.encode(), usedforsecurity=False).hexdigest()
        operator = await self._accounts.login(username, digest, attendance.client.peer, password)
        return self._reception.admit(attendance, operator)

    # -- tickets

    def _resume(self, attendance: Attendance, text: str) -> Reply:
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
        there = self._reception.present(operator)
        held = self._held.get(there.client) if there is not None else None
        # Its own dead connection is replaced, which the server may not know to be dead yet.
        own = held is not None and ticket.serial in held.serials
        admitted = self._reception.admit(attendance, operator, seat, replaces=own)
        self._held[client] = _Held(ticket.proved, (ticket.serial,))
        return admitted

    def ticket(self, client: IClient) -> str:
        """A new ticket for who is at work at this client; empty where nobody is."""
        attendance = self._reception.attendance(client)
        if attendance is None or attendance.operator is None or attendance.seat is None:
            return ""
        serial = self._random(SERIAL_BYTES)
        held = self._held.setdefault(client, _Held(self._now()))
        held.serials = (serial, *held.serials[:1])
        return self.office.issue(
            attendance.operator.id, attendance.seat.id, held.proved, serial,
            self._rests_on(attendance.operator, attendance.seat),
        )  # fmt: skip

    def _rests_on(self, operator: Operator, seat: Seat) -> tuple[str, ...]:
        roaming = self._reception.books.settings.allow_roaming_extension
        rights = (operator.seat_id, operator.is_call_center, roaming, seat.mac, seat.exten)
        sources = " ".join(self._reception.books.settings.auth_sources)
        return (operator.username, *self._accounts.credential(operator), sources, *map(str, rights))

    def _stored(self, operator_id: int) -> None:
        """The stored credential of an operator is another: the ticket they have is void."""
        operator = self._reception.books.operators.get(operator_id)
        there = self._reception.present(operator) if operator is not None else None
        if there is not None:
            there.client.tell_ticket()

    def seated(self, attendance: Attendance) -> None:
        """They get a ticket."""
        self._held.setdefault(attendance.client, _Held(self._now()))
        attendance.client.tell_ticket()

    def left(self, attendance: Attendance) -> None:
        """Who says goodbye does not come back by ticket."""
        self._going.pop(attendance.client, None)
        held = self._held.pop(attendance.client, None)
        if held is not None and attendance.client.said_goodbye:
            for serial in held.serials:
                self._gone[serial] = None
            while len(self._gone) > REMEMBERED:
                self._gone.popitem(last=False)

    def configured(self, before: Books) -> None:
        """What tickets depend on may be another: everybody gets a new one, if they depend on anything new."""
        old, new = before.settings, self._reception.books.settings
        general = (old.allow_roaming_extension, old.auth_sources) != (new.allow_roaming_extension, new.auth_sources)
        for client in list(self._held):
            attendance = self._reception.attendance(client)
            if attendance is None or attendance.operator is None:
                continue
            was = before.operators.get(attendance.operator.id)
            if general or was is None or was.password != attendance.operator.password:
                client.tell_ticket()
