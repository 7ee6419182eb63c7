"""Storing credentials: new passwords, and better forms of old ones."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, Protocol, TypeVar

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorTime
from twisted.logger import Logger

from astcti.config.model import Operator
from astcti.errors import AstctiError, Refused
from astcti.services.credentialbook import CredentialBook
from astcti.services.credentials import EMPTY_DIGEST, protect, verifier_of, verify

T = TypeVar("T")


class IWork(Protocol):
    """Runs a slow, pure function elsewhere (:class:`astcti.services.hashpool.HashPool`)."""

    def run(self, work: Callable[[], T], /) -> Deferred[T]:
        """Fires with what ``work`` returns; raises :class:`Refused` when too much waits already."""

    def spare(self, work: Callable[[], T], /) -> Deferred[T]:
        """The same for what nobody waits for, when there is time."""


class IKeeping(Protocol):
    """Runs what may block for long (:class:`astcti.config.watcher.threads.Threads`)."""

    def run(self, work: Callable[[], T], /) -> Deferred[T]:
        """Fires with what ``work`` returns, or fails when too much waits already."""


class IVerifierStore(Protocol):
    """A writable place for changed credentials (:class:`astcti.config.overrides.OverrideStore`). May block."""

    def put(self, username: str, column: str, running: str, value: str, now: float, /) -> bool:
        """Keep the new value of an operator's ``PASS_WORD`` or ``PASS_ALT`` in place of ``running``.

        :returns: false, and nothing has changed, if ``running`` is no longer in force.
        """


class CredentialKeeper:
    """Makes and stores what the book then goes by.

    :param store: where changed credentials go; without one nobody can change a password, and bare MD5 credentials
        stay as they are.
    :param keeping: has the store asked, which may hang: elsewhere than passwords are checked, so that logins go on.
    :ivar upgrade: whether better forms of old credentials are stored.
    :ivar on_stored: called with the id of an operator whose stored credential is another from here on.
    """

    _log = Logger()

    def __init__(
        self, clock: IReactorTime, work: IWork, keeping: IKeeping, book: CredentialBook, store: IVerifierStore | None,
        upgrade: bool,
    ) -> None:  # fmt: skip
        self._clock = clock
        self._work = work
        self._keeping = keeping
        self._book = book
        self._store = store
        self._changing: set[int] = set()  # ids of those whose new password is on its way to the store
        self.upgrade = upgrade
        self.on_stored: Callable[[int], object] = lambda operator_id: None

    async def change(self, operator: Operator, old: str, new: str) -> None:
        """Replace a password, of which the digest is known to be right, by another.

        :raises Refused: 915, it is not possible.
        """
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

    def improve(self, operator: Operator, digest: str) -> None:
        """Somebody has logged in with this digest: keep better forms of it, if they are wanted and missing."""
        stored = self._book.stored(operator)
        if self.upgrade and self._store is not None and stored.lower() == digest:
            self._begin(operator, digest, self._keep)
        elif not self._book.scram(operator) and stored:
            self._begin(operator, digest, self._keep_verifier)

    def _begin(self, operator: Operator, digest: str, keep: Callable[[Operator, str, str], Any]) -> None:
        """Store a better form of a credential, while the client goes on; at the next login if it fails."""

        def failed(failure: Any) -> None:
            if failure.check(Refused) is not None:
                return  # said already
            if failure.check(AstctiError) is not None:
                self._log.warn("A better credential of {username} is not stored: {why}", username=operator.username,
                               why=failure.getErrorMessage())  # fmt: skip
            else:
                self._log.failure("Upgrading the stored credential of {username}", failure, username=operator.username)

        Deferred.fromCoroutine(keep(operator, digest, self._book.stored(operator))).addErrback(failed)

    async def _keep_verifier(self, operator: Operator, digest: str, belongs_to: str) -> None:
        """Make the verifier for SCRAM that belongs to a stored credential, and store it if that is possible."""
        if self._book.alternative(operator) and not await self._work.spare(partial(verify, belongs_to, digest)):
            return  # it is the digest that older clients make of the same password
        scram = await self._work.spare(partial(verifier_of, digest))
        if self._book.stored(operator) != belongs_to:
            return
        self._book.made(operator, belongs_to, scram)
        if self._store is not None and self.upgrade:
            put, now = self._store.put, self._clock.seconds()
            await self._keeping.run(partial(put, operator.username, "SCRAM", belongs_to, scram, now))

    async def _keep(self, operator: Operator, digest: str, only_if: str | None = None) -> None:
        """Store the slow form of a digest and remember it. With ``only_if`` it is the same password in another form,
        stored only if the credential is still that one."""
        run = self._work.run if only_if is None else self._work.spare
        verifier = await run(partial(protect, digest))
        running = self._book.stored(operator)
        if self._store is None or (only_if is not None and (running != only_if or operator.id in self._changing)):
            return
        await self._put(self._store, operator, running, verifier, another=only_if is None)
        self._book.changed(operator, verifier, replaced=only_if is None)
        self._book.remember(operator, digest)
        self.on_stored(operator.id)
        self._begin(operator, digest, self._keep_verifier)

    async def _put(self, store: IVerifierStore, operator: Operator, running: str, verifier: str, another: bool) -> None:
        now, alternative = self._clock.seconds(), self._book.alternative(operator)
        try:
            put = partial(store.put, operator.username)
            if not await self._keeping.run(partial(put, "PASS_WORD", running, verifier, now)):
                raise Refused(915, "the password was changed by somebody else just now")
            if another and alternative:
                await self._keeping.run(partial(put, "PASS_ALT", alternative, "", now))
        except Refused:
            raise
        except AstctiError as e:
            self._log.warn("The credential of {username} is not stored: {why}", username=operator.username, why=str(e))
            raise Refused(915, "the new password could not be stored") from e
        except Exception as e:
            self._log.failure("Storing the credential of {username}", username=operator.username)
            raise Refused(915, "the new password could not be stored") from e
