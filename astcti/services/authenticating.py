"""Logins by ``AUTH``: SCRAM and the password itself; tickets are looked at by :mod:`astcti.services.resuming`."""

from __future__ import annotations

import hashlib
import os
from base64 import b64encode
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from twisted.internet.defer import Deferred
from twisted.logger import Logger

from astcti.config.model import Operator
from astcti.errors import Refused
from astcti.interfaces import IClient
from astcti.model.commands import Authenticate, Challenge, Command, ContinueAuthentication, LoggedIn, Reply
from astcti.protocols.scram import PLAIN_BINDING, WITH_BINDING, ScramError, ServerExchange, Verifier
from astcti.services.accounts import Accounts
from astcti.services.duty import Answer, Duty
from astcti.services.floor import Attendance
from astcti.services.reception import Reception
from astcti.services.resuming import Resuming

PLAIN, RESUME = "PLAIN", "RESUME"
MAX_PASSWORD = 1024  # bytes
_log = Logger()


@dataclass(slots=True)
class _Going:
    """A SCRAM login that waits for the client."""

    exchange: ServerExchange
    secure: bool
    operator: Operator | None
    making: Deferred[Verifier | None] | None


class Authenticating(Duty):
    """Lets people in by other ways than ``PASS``.

    :param resuming: lets those in who come back with a ticket.
    """

    def __init__(
        self,
        reception: Reception,
        accounts: Accounts,
        resuming: Resuming,
        random: Callable[[int], bytes] = os.urandom,
    ) -> None:
        self._reception = reception
        self._accounts = accounts
        self._resuming = resuming
        self._random = random
        self._going: dict[IClient, _Going] = {}

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
            return self._resuming.resume(attendance, command.data.decode("ascii", "replace"))
        if mechanism == PLAIN:
            return Deferred.fromCoroutine(self._plain(attendance, command.data))
        return self._challenge(client, mechanism, command.data)

    def _challenge(self, client: IClient, mechanism: str, first: bytes) -> Reply:
        try:
            exchange = ServerExchange(first, plus=mechanism == WITH_BINDING, binding=client.channel_binding())
        except ScramError as e:
            raise Refused(901, str(e)) from None  # which the client's session logs
        username = exchange.username
        self._accounts.may_try(username, client.peer)
        verifier = self._accounts.verifier(username)
        making = self._accounts.being_made(username) if verifier is None else None
        self._going[client] = _Going(exchange, client.secure, self._accounts.by_name(username), making)
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
        client = attendance.client
        self._accounts.may_try(going.exchange.username, client.peer)
        verifier = await going.making if going.making is not None else None
        if going.making is not None and verifier is None:
            raise Refused(907, "passwords cannot be checked at the moment, try later")
        try:
            signature = going.exchange.finish(final, verifier)
        except ScramError as e:
            _log.debug("{peer}: {reason}", peer=client.peer, reason=str(e))
            signature = b""
        try:
            operator = await self._accounts.proved(client, going.exchange, bool(signature))
        except Refused:
            if self._reception.attendance(client) is None:
                self._accounts.doubts.settle(client)  # gone meanwhile: nothing follows
            raise
        admitted = self._reception.admit(attendance, going.operator or operator)
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
        operator = await self._accounts.enter(attendance.client, username, digest, password)
        return self._reception.admit(attendance, operator)

    def left(self, attendance: Attendance) -> None:
        """A login that they had begun is none any more."""
        self._going.pop(attendance.client, None)
        self._accounts.doubts.settle(attendance.client)
