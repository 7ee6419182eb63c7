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
from astcti.errors import Refused
from astcti.services.credentials import EMPTY_DIGEST, is_bare, protect, verify_any
from astcti.services.lockout import Lockout

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
        self.lockout = Lockout() if lockout is None else lockout

    def configure(self, configuration: Configuration, upgrade: bool = True) -> None:
        """Go by another configuration. Credentials changed here stay until the configured ones change."""
        names = configuration.operator_by_username
        by_id = {o.id: o for o in names.values()}
        self._changed = {i: c for i, c in self._changed.items() if i in by_id and by_id[i].password in c}
        self._replaced &= self._changed.keys()
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

    def login(self, username: str, digest: str, address: str) -> Deferred[Operator]:
        """Check a user name and the digest of a password.

        :param digest: 32 lower-case hexadecimal digits.
        :param address: where the client is, for brute-force protection.
        :returns: fires with the operator; fails with :class:`Refused`, which is 911 for a wrong password, an unknown
            and a disabled user alike, and 917 for whoever has to wait.
        """
        return Deferred.fromCoroutine(self._login(username, digest, address))

    def change_password(self, operator: Operator, old: str, new: str, address: str) -> Deferred[None]:
        """Replace an operator's password by another; fires when it is stored, fails with :class:`Refused`."""
        return Deferred.fromCoroutine(self._change(operator, old, new, address))

    async def _login(self, username: str, digest: str, address: str) -> Operator:
        self.may_try(username, address)
        delay = self.lockout.delay(username, self._clock.seconds())
        operator = self._configuration.operator_by_username.get(username)
        good = await self._is_right(operator, digest)
        if delay:
            await deferLater(self._clock, delay)
        if not good or operator is None:
            self._failed(username, address)
            raise Refused(911, "wrong user name or password")
        self.lockout.succeeded(username, address)
        self._remember(operator, digest)
        if self._upgrade and self._store is not None and self.stored(operator).lower() == digest:
            self._begin_upgrade(operator, digest)
        return operator

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
        self.may_try(operator.username, address)
        if not await self._is_right(operator, old):
            self._failed(operator.username, address)
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

    def _begin_upgrade(self, operator: Operator, digest: str) -> None:
        """Store a bare MD5 credential in the slow form, while the client goes on; at the next login if it fails."""
        before = self.stored(operator)

        async def upgrade() -> None:
            await self._keep(operator, digest, before)

        def failed(failure: Any) -> None:
            if failure.check(Refused) is None:
                self._log.failure("Upgrading the stored credential of {username}", failure, username=operator.username)

        Deferred.fromCoroutine(upgrade()).addErrback(failed)

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

    def _remember(self, operator: Operator, digest: str) -> None:
        self._known[operator.username] = self._mark(operator, digest)

    def _mark(self, operator: Operator, digest: str) -> bytes:
        """What a verified login is remembered by; another as soon as the stored credential is another."""
        said = "\0".join((operator.username, self.stored(operator), self._alternative(operator), digest))
        return hmac.new(self._key, said.encode(), hashlib.sha256).digest()

    def _failed(self, username: str, address: str) -> None:
        locked = self.lockout.failed(username, address, self._clock.seconds())
        self._log.info("{username} at {address}: wrong user name or password", username=username, address=address)
        if locked:
            self._log.warn(
                "{username} at {address} failed to log in too often; refused for {seconds} s",
                username=username,
                address=address,
                seconds=math.ceil(locked),
            )
