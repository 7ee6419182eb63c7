"""Operators' passwords: who knows the right one, with brute-force protection in front."""

from __future__ import annotations

import hashlib
import hmac
import math
from collections.abc import Callable, Generator
from functools import partial

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorTime
from twisted.internet.task import deferLater
from twisted.logger import Logger
from twisted.python.failure import Failure

from astcti.config.model import Configuration, Operator
from astcti.errors import Refused, SourceUnavailable
from astcti.interfaces import IClient
from astcti.model.identity import Attempt, Person, Verdict
from astcti.protocols.scram import ITERATIONS, ServerExchange, Verifier
from astcti.services.credentialbook import CredentialBook
from astcti.services.credentialkeeper import CredentialKeeper, IKeeping, IVerifierStore, IWork
from astcti.services.credentials import is_bare, verify_any
from astcti.services.doubts import Doubt, Doubts
from astcti.services.lockout import Lockout
from astcti.services.origin import may_come_from
from astcti.services.sources import OWN, Sources

# What the log says of a failed login.
_WRONG = "wrong user name or password"
_NO_SCRAM = "nothing is stored yet to check SCRAM by; the client may try otherwise"


class Accounts:
    """Who is who.

    :param store: where changed credentials go; ``keeping`` has it asked.
    :param key: any secret bytes of this process; verified logins are remembered under it.
    :param salts: gives secret bytes that outlive this process, at the first need: what unknown users are challenged
        with is made of them; without them, of ``key``.
    :ivar doubts: proofs that failed and may be followed by the right password.
    :ivar sources: who is asked about passwords; None: the stored credentials alone.
    :ivar book: the credentials that count.
    :ivar keeper: stores those that are changed.
    """

    _log = Logger()

    def __init__(
        self,
        clock: IReactorTime,
        work: IWork,
        configuration: Configuration,
        *,
        key: bytes,
        lockout: Lockout | None = None,
        store: IVerifierStore | None = None,
        upgrade: bool = True,
        salts: Callable[[], bytes] | None = None,
        keeping: IKeeping | None = None,
    ) -> None:
        self._clock = clock
        self._work = work
        self._configuration = configuration
        self._salts = salts or (lambda: key)
        self.book = CredentialBook(configuration, key)
        self.keeper = CredentialKeeper(clock, work, keeping or work, self.book, store, upgrade)
        self.lockout = Lockout() if lockout is None else lockout
        self.doubts = Doubts(self._failed_at)
        self.sources: Sources | None = None

    def configure(self, configuration: Configuration, upgrade: bool = True) -> None:
        """Go by another configuration. Credentials changed here stay until the configured ones change."""
        self._configuration = configuration
        self.book.configure(configuration)
        self.keeper.upgrade = upgrade

    def tidy(self) -> Generator[None, None, None]:
        """Forget, in steps, what does not count by the configuration in use."""
        return self.book.tidy()

    def may_try(self, username: str, address: str, after: Doubt | None = None) -> None:
        """Say no to somebody who has to wait.

        :param after: a failed proof that they may make good.
        :raises Refused: 917.
        """
        wait = self.lockout.wait(username, address, self._clock.seconds(), after.at if after else None)
        if wait > 0:
            raise Refused(917, f"too many attempts, retry in {math.ceil(wait)} s")

    async def enter(self, client: IClient, username: str, digest: str, password: str | None = None) -> Operator:
        """The same as :meth:`login`, of a client that may have tried SCRAM before."""
        doubt = self.doubts.of(client, username)
        if doubt is None:
            self.doubts.settle(client)
        try:
            operator = await self.login(username, digest, client.peer, password, doubt)
        except Refused as e:
            if e.number == 911:
                self.doubts.settle(client)
            raise
        self.doubts.settle(client, forgiven=True)
        return operator

    def login(
        self, username: str, digest: str, address: str, password: str | None = None, after: Doubt | None = None
    ) -> Deferred[Operator]:
        """Check a user name and the digest of a password.

        :param digest: 32 lower-case hexadecimal digits.
        :param password: itself, where the client has sent it.
        :param address: where the client is, for brute-force protection.
        :param after: a failed proof of this user on the same connection: forgiven if this is right, and not counted
            twice if it was one of the same password.
        :returns: fires with the operator; fails with :class:`Refused`, which is 911 for a wrong password, an unknown
            and a disabled user alike, 917 for whoever has to wait, and 907 when it cannot be found out now.
        """
        return Deferred.fromCoroutine(self._login(username, Attempt(digest, password), address, after))

    def by_name(self, username: str) -> Operator | None:
        """An enabled operator."""
        return self._configuration.operator_by_username.get(username)

    def admits(self, operator: Operator, address: str) -> bool:
        """Whether an operator may log in from that address at all."""
        return may_come_from(self._configuration, operator, address)

    def credential(self, operator: Operator) -> tuple[str, ...]:
        """Everything that decides about an operator's password."""
        return (self.book.stored(operator), self.book.alternative(operator), operator.ldap_dn)

    def verifier(self, username: str) -> Verifier | None:
        """The verifier of an operator for SCRAM; None where there is none that counts."""
        operator = self.by_name(username)
        if operator is None or (self.sources is not None and not self.sources.own_decides(_person(operator))):
            return None
        return Verifier.parse(self.book.scram(operator))

    def no_verifier(self, username: str) -> Verifier:
        """What somebody unknown is challenged with: always the same, and nobody knows a password to it."""

        def of(purpose: str) -> bytes:
            return hmac.new(self._salts(), f"{purpose}\0{username}".encode(), hashlib.sha256).digest()

        return Verifier(of("salt")[:16], ITERATIONS, of("stored"), of("server"))

    def being_made(self, username: str) -> Deferred[Verifier | None] | None:
        """The verifier of an operator who has none, whose stored credential is the digest itself; None for others.

        Fires with None when too much waits to be made. It has the salt of :meth:`no_verifier`, so that the challenge
        need not wait for it, nor tells them apart.
        """
        operator = self.by_name(username)
        if operator is None or not is_bare(self.book.stored(operator)) or self.verifier(username) is not None:
            return None
        if self.sources is not None and not self.sources.own_decides(_person(operator)):
            return None
        stored, salt = self.book.stored(operator), self.no_verifier(username).salt

        def made(verifier: Verifier) -> Verifier | None:
            if self.book.stored(operator) == stored:
                self.book.made(operator, stored, str(verifier), again=False)
            return verifier

        def failed(failure: Failure) -> None:
            if failure.check(Refused) is None:
                self._log.failure("Making a verifier for {username}", failure, username=username)

        making = self._work.run(partial(Verifier.derive, stored.lower().encode("ascii"), salt))
        return making.addCallbacks(made, failed)

    async def proved(self, client: IClient, exchange: ServerExchange, good: bool) -> Operator:
        """Somebody has proved that they know the password, or has failed to; counted as by :meth:`login`.

        :raises Refused: 911.
        """
        username, address = exchange.username, client.peer
        delay = self.lockout.delay(username, self._clock.seconds())
        if delay:
            await deferLater(self._clock, delay)
        operator = self.by_name(username)
        why = "" if operator is None or self.admits(operator, address) else _mismatch(operator)
        if not good or operator is None or why:
            self.doubts.note(client, Doubt(username, self._clock.seconds(), exchange))
            unknown = operator is not None and not self.book.scram(operator)
            self.failed(username, address, whole=False, why=why, note=_NO_SCRAM if unknown else _WRONG)
            raise Refused(911, "wrong user name or password")
        self.doubts.settle(client)
        self.lockout.succeeded(username, address)
        if is_bare(self.book.stored(operator)):
            self.keeper.improve(operator, self.book.stored(operator).lower())
        return operator

    def change_password(self, operator: Operator, old: str, new: str, address: str) -> Deferred[None]:
        """Replace an operator's password by another; fires when it is stored, fails with :class:`Refused`."""
        return Deferred.fromCoroutine(self._change(operator, old, new, address))

    async def _login(self, username: str, attempt: Attempt, address: str, after: Doubt | None) -> Operator:
        self.may_try(username, address, after)
        delay = self.lockout.delay(username, self._clock.seconds())
        operator = self._configuration.operator_by_username.get(username)
        why = ""
        if operator is not None and not self.admits(operator, address):
            # Like somebody unknown, from the first step on: how long it takes must not say that the password is right.
            why, operator = _mismatch(operator), None
        good, is_own = await self._judge(username, operator, attempt)
        if delay:
            await deferLater(self._clock, delay)
        digest = attempt.digest
        if not good or operator is None:
            if after is None or not await self._work.run(partial(after.exchange.tried, digest.encode("ascii"))):
                self.failed(username, address, why=why)
            raise Refused(911, "wrong user name or password")
        self.lockout.succeeded(username, address, after.at if after else None)
        if not is_own:
            return operator  # the password is one of elsewhere, and says nothing of the stored credential
        self.book.remember(operator, digest)
        self.keeper.improve(operator, digest)
        return operator

    async def _judge(self, username: str, operator: Operator | None, attempt: Attempt) -> tuple[bool, bool]:
        """Whether it is the right password, and whether the stored credential is what it was compared with.

        :raises Refused: 907, it cannot be found out.
        """
        if self.sources is None:
            return await self._is_right(operator, attempt.digest), True
        # Who is unknown is asked about like everybody, so that it takes as long.
        person = Person(0, username) if operator is None else _person(operator)
        try:
            verdict, source = await self.sources.judge(person, attempt)
            return verdict is Verdict.RIGHT and operator is not None, source == OWN
        except SourceUnavailable as e:
            self._log.error("{username} cannot log in: {reason}", username=username, reason=str(e))
            raise Refused(907, "passwords cannot be checked at the moment, try later") from None

    def check_digest(self, person: Person, digest: str) -> Deferred[bool]:
        """Whether a digest belongs to the stored credential of somebody, who may be unknown."""
        operator = self.by_name(person.username) if person.id else None
        return Deferred.fromCoroutine(self._is_right(operator, digest))

    async def _is_right(self, operator: Operator | None, digest: str) -> bool:
        stored = () if operator is None else (self.book.stored(operator), self.book.alternative(operator))
        if operator is not None and self.book.remembers(operator, digest):
            return True
        if any(is_bare(s) and hmac.compare_digest(s.lower(), digest) for s in stored):
            return True
        least = 2 if self._configuration.has_alternatives else 1
        return await self._work.run(partial(verify_any, stored, digest, least))

    async def _change(self, operator: Operator, old: str, new: str, address: str) -> None:
        if self.sources is not None and not self.sources.own_decides(_person(operator)):
            raise Refused(915, "this password is not kept here")
        self.may_try(operator.username, address)
        if not await self._is_right(operator, old):
            self.failed(operator.username, address)
            raise Refused(911, "wrong password")
        await self.keeper.change(operator, old, new)
        self._log.info("{username} changed the password", username=operator.username)

    def _failed_at(self, address: str) -> None:
        self.lockout.failed_at(address, self._clock.seconds())

    def failed(self, username: str, address: str, whole: bool = True, why: str = "", note: str = _WRONG) -> None:
        """Note a failed login.

        :param whole: whether it counts against everybody at the address.
        :param why: for the log, where it is not what the client is told, and worth a warning.
        :param note: for the log otherwise.
        """
        locked = self.lockout.failed(username, address, self._clock.seconds(), whole=whole)
        if why:
            self._log.warn("{username} at {address}: {why}", username=username, address=address, why=why)
        else:
            self._log.info("{username} at {address}: {note}", username=username, address=address, note=note)
        if locked:
            self._log.warn(
                "{username} at {address} failed to log in too often; refused for {seconds} s",
                username=username,
                address=address,
                seconds=math.ceil(locked),
            )


def _mismatch(operator: Operator) -> str:
    return f"host mismatch, this operator may log in from {operator.login_host} only; refused as a wrong password is"


def _person(operator: Operator) -> Person:
    return Person(operator.id, operator.username, operator.ldap_dn, bool(operator.password or operator.password_alt))
