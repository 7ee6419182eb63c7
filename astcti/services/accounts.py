"""Operators' passwords: checking, changing and upgrading them, with brute-force protection in front."""

from __future__ import annotations

import hashlib
import hmac
import math
from collections.abc import Callable
from functools import partial
from typing import Any, Protocol, TypeVar

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorTime
from twisted.internet.task import deferLater
from twisted.logger import Logger

from astcti.config.model import Configuration, Operator
from astcti.errors import Refused, SourceUnavailable
from astcti.model.identity import Attempt, Person, Verdict
from astcti.protocols.scram import ITERATIONS, Verifier
from astcti.services.credentials import EMPTY_DIGEST, is_bare, protect, verifier_of, verify_any
from astcti.services.lockout import Lockout
from astcti.services.sources import OWN, Sources

T = TypeVar("T")


class IWork(Protocol):
    """Runs a slow, pure function elsewhere (:class:`astcti.services.hashpool.HashPool`)."""

    def run(self, work: Callable[[], T], /) -> Deferred[T]:
        """Fires with what ``work`` returns; raises :class:`Refused` when too much waits already."""


class IVerifierStore(Protocol):
    """A writable place for changed credentials (:class:`astcti.config.overrides.OverrideStore`). May block."""

    def put(self, username: str, column: str, running: str, value: str, now: float, /) -> bool:
        """Keep the new value of an operator's ``PASS_WORD`` or ``PASS_ALT`` in place of ``running``.

        :returns: false, and nothing has changed, if ``running`` is no longer in force.
        """


class Accounts:
    """Who is who.

    :param store: where changed credentials go; without one nobody can change a password, and bare MD5 credentials
        stay as they are.
    :param key: any secret bytes of this process; verified logins are remembered under it.
    :ivar sources: who is asked about passwords; None: the stored credentials alone.
    :ivar on_stored: called with the id of an operator whose stored credential is another from here on.
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
    ) -> None:
        self._clock = clock
        self._work = work
        self._configuration = configuration
        self._key = key
        self._store = store
        self._upgrade = upgrade
        self._known: dict[str, bytes] = {}  # user name -> mark of the last verified login
        self._changed: dict[int, tuple[str, str]] = {}  # operator id -> (credential as configured, ours since)
        self._changing: set[int] = set()  # ids of those whose new password is on its way to the store
        self._replaced: set[int] = set()  # ids of those whose password, not only its form, was changed
        self._scrams: dict[int, tuple[str, str]] = {}  # operator id -> (credential it belongs to, SCRAM verifier)
        self.lockout = Lockout() if lockout is None else lockout
        self.sources: Sources | None = None
        self.on_stored: Callable[[int], object] = lambda operator_id: None

    def configure(self, configuration: Configuration, upgrade: bool = True) -> None:
        """Go by another configuration. Credentials changed here stay until the configured ones change."""
        names = configuration.operator_by_username
        by_id = {o.id: o for o in names.values()}
        self._changed = {i: c for i, c in self._changed.items() if i in by_id and by_id[i].password in c}
        self._replaced &= self._changed.keys()
        self._scrams = {i: c for i, c in self._scrams.items() if i in by_id and self.stored(by_id[i]) == c[0]}
        self._known = {name: mark for name, mark in self._known.items() if name in names}
        self._configuration = configuration
        self._upgrade = upgrade

    def stored(self, operator: Operator) -> str:
        """The credential an operator has now: the configured one, or the one it was changed to since."""
        configured, ours = self._changed.get(operator.id, ("", ""))
        return ours if operator.password in (configured, ours) and ours else operator.password

    def still_valid(self, old: Operator, new: Operator) -> bool:
        """Whether a credential is still the one somebody logged in with: the same, or one they chose here."""
        return new.password in {old.password, *self._changed.get(old.id, ())}

    def _alternative(self, operator: Operator) -> str:
        """The second credential: the same password's digest in Latin-1. It is void once the password is another."""
        return "" if operator.id in self._replaced else operator.password_alt

    def may_try(self, username: str, address: str) -> None:
        """Say no to somebody who has to wait.

        :raises Refused: 917.
        """
        wait = self.lockout.wait(username, address, self._clock.seconds())
        if wait > 0:
            raise Refused(917, f"too many attempts, retry in {math.ceil(wait)} s")

    def login(self, username: str, digest: str, address: str, password: str | None = None) -> Deferred[Operator]:
        """Check a user name and the digest of a password.

        :param digest: 32 lower-case hexadecimal digits.
        :param password: itself, where the client has sent it.
        :param address: where the client is, for brute-force protection.
        :returns: fires with the operator; fails with :class:`Refused`, which is 911 for a wrong password, an unknown
            and a disabled user alike, 917 for whoever has to wait, and 907 when it cannot be found out now.
        """
        return Deferred.fromCoroutine(self._login(username, Attempt(digest, password), address))

    def by_name(self, username: str) -> Operator | None:
        """An enabled operator."""
        return self._configuration.operator_by_username.get(username)

    def credential(self, operator: Operator) -> tuple[str, ...]:
        """Everything that decides about an operator's password."""
        return (self.stored(operator), self._alternative(operator), operator.ldap_dn)

    def verifier(self, username: str) -> Verifier | None:
        """The verifier of an operator for SCRAM; None where there is none that counts."""
        operator = self.by_name(username)
        if operator is None or (self.sources is not None and not self.sources.own_decides(_person(operator))):
            return None
        return Verifier.parse(self._scram(operator))

    def no_verifier(self, username: str) -> Verifier:
        """What somebody unknown is challenged with: always the same, and nobody knows a password to it."""

        def of(purpose: str) -> bytes:
            return hmac.new(self._key, f"{purpose}\0{username}".encode(), hashlib.sha256).digest()

        return Verifier(of("salt")[:16], ITERATIONS, of("stored"), of("server"))

    async def proved(self, username: str, address: str, good: bool, known: bool) -> Operator:
        """Somebody has proved that they know the password, or has failed to; counted as by :meth:`login`.

        :param known: whether there was a verifier; without one nothing was guessed, and the address may go on.
        :raises Refused: 911.
        """
        delay = self.lockout.delay(username, self._clock.seconds())
        if delay:
            await deferLater(self._clock, delay)
        operator = self.by_name(username)
        if not good or operator is None:
            self.failed(username, address, whole=known or operator is None)
            raise Refused(911, "wrong user name or password")
        self.lockout.succeeded(username, address)
        return operator

    def _scram(self, operator: Operator) -> str:
        stored = self.stored(operator)
        belongs_to, scram = self._scrams.get(operator.id, ("", ""))
        if scram and belongs_to == stored:
            return scram
        return operator.scram if stored == operator.password else ""

    def change_password(self, operator: Operator, old: str, new: str, address: str) -> Deferred[None]:
        """Replace an operator's password by another; fires when it is stored, fails with :class:`Refused`."""
        return Deferred.fromCoroutine(self._change(operator, old, new, address))

    async def _login(self, username: str, attempt: Attempt, address: str) -> Operator:
        self.may_try(username, address)
        delay = self.lockout.delay(username, self._clock.seconds())
        operator = self._configuration.operator_by_username.get(username)
        good, is_own = await self._judge(username, operator, attempt)
        if delay:
            await deferLater(self._clock, delay)
        if not good or operator is None:
            self.failed(username, address)
            raise Refused(911, "wrong user name or password")
        self.lockout.succeeded(username, address)
        digest = attempt.digest
        if not is_own:
            return operator  # the password is one of elsewhere, and says nothing of the stored credential
        self._remember(operator, digest)
        if self._upgrade and self._store is not None and self.stored(operator).lower() == digest:
            self._begin(operator, digest, self._keep)
        elif not self._scram(operator) and self.stored(operator) and not self._alternative(operator):
            self._begin(operator, digest, self._keep_verifier)
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
        stored = () if operator is None else (self.stored(operator), self._alternative(operator))
        if operator is not None:
            known = self._known.get(operator.username)
            if known is not None and hmac.compare_digest(known, self._mark(operator, digest)):
                return True
        if any(is_bare(s) and hmac.compare_digest(s.lower(), digest) for s in stored):
            return True
        return await self._work.run(partial(verify_any, stored, digest))

    async def _change(self, operator: Operator, old: str, new: str, address: str) -> None:
        if self.sources is not None and not self.sources.own_decides(_person(operator)):
            raise Refused(915, "this password is not kept here")
        self.may_try(operator.username, address)
        if not await self._is_right(operator, old):
            self.failed(operator.username, address)
            raise Refused(911, "wrong password")
        if new == old:
            raise Refused(915, "the new password equals the old one")
        if new == EMPTY_DIGEST:
            raise Refused(915, "the new password is empty")
        if self._store is None:
            raise Refused(915, "passwords cannot be changed here")
        if operator.id in self._changing:
            raise Refused(915, "the password is being changed already")
        self._changing.add(operator.id)
        try:
            await self._keep(operator, new)
        finally:
            self._changing.discard(operator.id)
        self._log.info("{username} changed the password", username=operator.username)

    def _begin(self, operator: Operator, digest: str, keep: Callable[[Operator, str, str], Any]) -> None:
        """Store a better form of a credential, while the client goes on; at the next login if it fails."""

        def failed(failure: Any) -> None:
            if failure.check(Refused) is None:
                self._log.failure("Upgrading the stored credential of {username}", failure, username=operator.username)

        Deferred.fromCoroutine(keep(operator, digest, self.stored(operator))).addErrback(failed)

    async def _keep_verifier(self, operator: Operator, digest: str, belongs_to: str) -> None:
        """Make the verifier for SCRAM that belongs to a stored credential, and store it if that is possible."""
        scram = await self._work.run(partial(verifier_of, digest))
        if self.stored(operator) != belongs_to:
            return
        self._scrams[operator.id] = (belongs_to, scram)
        if self._store is not None and self._upgrade:
            put, now = self._store.put, self._clock.seconds()
            await self._work.run(partial(put, operator.username, "SCRAM", belongs_to, scram, now))

    async def _keep(self, operator: Operator, digest: str, only_if: str | None = None) -> None:
        """Store the slow form of a digest and remember it. With ``only_if`` it is the same password in another form,
        stored only if the credential is still that one."""
        verifier = await self._work.run(partial(protect, digest))
        running, alternative = self.stored(operator), self._alternative(operator)
        if self._store is None or (only_if is not None and (running != only_if or operator.id in self._changing)):
            return
        now, put = self._clock.seconds(), self._store.put
        try:
            if not await self._work.run(partial(put, operator.username, "PASS_WORD", running, verifier, now)):
                raise Refused(915, "the password was changed by somebody else just now")
            if only_if is None and alternative:
                await self._work.run(partial(put, operator.username, "PASS_ALT", alternative, "", now))
        except Refused:
            raise
        except Exception as e:
            self._log.failure("Storing the credential of {username}", username=operator.username)
            raise Refused(915, "the new password could not be stored") from e
        self._changed[operator.id] = (operator.password, verifier)
        if only_if is None:
            self._replaced.add(operator.id)
        self._remember(operator, digest)
        self.on_stored(operator.id)
        if not self._alternative(operator):
            self._begin(operator, digest, self._keep_verifier)

    def _remember(self, operator: Operator, digest: str) -> None:
        self._known[operator.username] = self._mark(operator, digest)

    def _mark(self, operator: Operator, digest: str) -> bytes:
        """What a verified login is remembered by; another as soon as the stored credential is another."""
        said = "\0".join((operator.username, self.stored(operator), self._alternative(operator), digest))
        return hmac.new(self._key, said.encode(), hashlib.sha256).digest()

    def failed(self, username: str, address: str, whole: bool = True) -> None:
        """Note a failed login.

        :param whole: whether it counts against everybody at the address.
        """
        locked = self.lockout.failed(username, address, self._clock.seconds(), whole=whole)
        self._log.info("{username} at {address}: wrong user name or password", username=username, address=address)
        if locked:
            self._log.warn(
                "{username} at {address} failed to log in too often; refused for {seconds} s",
                username=username,
                address=address,
                seconds=math.ceil(locked),
            )


def _person(operator: Operator) -> Person:
    return Person(operator.id, operator.username, operator.ldap_dn, bool(operator.password or operator.password_alt))
