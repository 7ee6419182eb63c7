"""Asking the sources of authentication, one after the other: the first that knows somebody decides."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Protocol, TypeVar

from twisted.internet.defer import CancelledError, Deferred, TimeoutError, fail
from twisted.internet.interfaces import IReactorTime
from twisted.logger import Logger
from twisted.python.failure import Failure
from zope.interface import implementer

from astcti.config.settings import Settings
from astcti.config.watcher.threads import Overloaded
from astcti.errors import Refused, SourceUnavailable
from astcti.interfaces import IAuthenticationPlace, IAuthenticationSource
from astcti.model.identity import Attempt, Person, Verdict

T = TypeVar("T")

OWN = "own"  # the one that SCRAM goes by
THREADS = 4  # for sources that block; a directory that hangs costs no more
MAX_WAITING = 2_000  # for one of them: a whole shift that logs in at once


class IRun(Protocol):
    """Runs something that blocks (:class:`astcti.config.watcher.threads.Threads`)."""

    def run(self, work: Callable[[], T], /) -> Deferred[T]:
        """Fires with what ``work`` returns."""


@implementer(IAuthenticationPlace)
class Place:
    """What sources are handed.

    :ivar options: settings as they are written, by name.
    """

    def __init__(
        self, clock: IReactorTime, pool: IRun, check: Callable[[Person, str], Deferred[bool]], settings: Settings
    ) -> None:
        self.settings = settings
        self.options: Mapping[str, str] = {}
        self._clock = clock
        self._pool = pool
        self._check = check

    def verify(self, person: Person, digest: str) -> Deferred[bool]:
        """Whether a digest belongs to the stored credential."""
        return self._check(person, digest)

    def run(self, work: Callable[[], T]) -> Deferred[T]:
        """Call something that blocks, in a thread; not at all, if there is none before whoever asks has given up."""
        answer: Deferred[T] = Deferred()

        def in_time() -> Any:
            return None if answer.called else work()

        try:
            running: Deferred[T] = self._pool.run(in_time)
        except Refused as e:
            return fail(SourceUnavailable(e.reason))
        # The thread cannot be stopped: what it finds out after that is nobody's concern.
        running.addCallbacks(
            lambda found: None if answer.called else answer.callback(found),
            lambda failure: None if answer.called else answer.errback(failure),
        )
        seconds = self.settings.auth_timeout

        def failed(failure: Failure) -> Failure:
            if failure.check(TimeoutError, CancelledError):
                raise SourceUnavailable(f"no answer within {seconds} s")
            if failure.check(Overloaded):
                raise SourceUnavailable(failure.getErrorMessage())
            return failure

        return answer.addTimeout(seconds, self._clock).addErrback(failed)


class Sources:
    """The sources named by the setting ``auth_sources``.

    :param kinds: every source installed.
    :param defaults: settings under those of the configuration.
    """

    _log = Logger()

    def __init__(
        self, kinds: Mapping[str, IAuthenticationSource], place: Place, defaults: Mapping[str, str] | None = None
    ) -> None:
        self._kinds = kinds
        self._place = place
        self._defaults = dict(defaults or {})
        self._chain: tuple[tuple[str, IAuthenticationSource | None], ...] = ()

    def configure(self, settings: Settings, options: Mapping[str, str]) -> None:
        """Go by other settings. What a source finds wrong with them is logged; nobody gets in by it then."""
        place = self._place
        place.settings, place.options = settings, {**self._defaults, **options}
        chain: list[tuple[str, IAuthenticationSource | None]] = []
        for name in dict.fromkeys(settings.auth_sources):
            source = self._kinds.get(name)
            try:
                faults = source.faults(place) if source is not None else ["no plug-in of that name is installed"]
            except Exception:
                self._log.failure("Source of authentication {name}", name=name)
                faults = ["it is broken"]
            for fault in faults:
                self._log.error("auth_sources: {name} lets nobody in: {fault}", name=name, fault=fault)
            chain.append((name, None if faults else source))
        self._chain = tuple(chain)
        known = {option for source in self._kinds.values() for option in source.option_names}
        for name in sorted(place.options):
            if name.startswith("auth_") and name not in known and not hasattr(settings, name):
                self._log.warn("There is no setting {name}", name=name)

    @property
    def wants_password(self) -> bool:
        """Whether any of them needs the password itself."""
        return any(source is not None and source.wants_password for _, source in self._chain)

    @property
    def has_own(self) -> bool:
        """Whether the stored credentials count at all."""
        return any(name == OWN for name, _ in self._chain)

    def own_decides(self, person: Person) -> bool:
        """Whether the stored credential of somebody decides, so that a proof of it is enough."""
        for name, source in self._chain:
            if name == OWN:
                return True
            if source is not None and (source.claims(person, self._place) or not source.wants_password):
                return False
        return False

    async def judge(self, person: Person, attempt: Attempt) -> tuple[Verdict, str]:
        """Whether somebody is who they say, and the name of the source that says so; ``UNKNOWN`` if none knows them.

        :raises SourceUnavailable: the one whose turn it was does not say.
        """
        for name, source in self._chain:
            if source is None:
                if attempt.password is None:
                    continue
                raise SourceUnavailable(f"{name} cannot be used")
            if source.wants_password and attempt.password is None:
                if source.claims(person, self._place):
                    if self.has_own:  # somebody unknown is compared with a credential there, which takes its time
                        await self._place.verify(Person(0, person.username), attempt.digest)
                    return Verdict.WRONG, name
                continue
            try:
                verdict = await source.check(person, attempt, self._place)
            except (SourceUnavailable, Refused):
                raise
            except Exception as e:
                self._log.failure("Source of authentication {name}", name=name)
                raise SourceUnavailable(f"{name} is broken") from e
            if not isinstance(verdict, Verdict):
                raise SourceUnavailable(f"{name} answers nonsense")
            if verdict is not Verdict.UNKNOWN:
                return verdict, name
        return Verdict.UNKNOWN, ""
