"""Loading: read, put overrides over it, validate; and what follows when it is used or not.

A server makes a :class:`Loader`, takes its :meth:`~Loader.first` configuration and hands both to the watcher.
Everything here may block for a disk or a data base, and takes as long as the configuration is large.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from types import MappingProxyType
from typing import Any

from twisted.logger import Logger

from astcti.config.backups import Backups
from astcti.config.bootstrap import Bootstrap
from astcti.config.document import Document
from astcti.config.lastgood import LastGood
from astcti.config.model import Configuration
from astcti.config.overrides import Override, OverrideStore, apply_overrides
from astcti.config.resolving import Answers, resolve
from astcti.config.settings import Settings
from astcti.config.source import Source, SourceUnavailable
from astcti.config.sources import CredentialStore, credentials_of, source_of
from astcti.config.uncollected import uncollected
from astcti.config.validation import validate
from astcti.errors import ConfigError
from astcti.interfaces import IAction

_log = Logger()


@dataclass(frozen=True, slots=True)
class Loaded:
    """A valid configuration.

    :ivar configuration: with the overrides put over it: what the server runs by.
    :ivar configured: as it is in the file.
    :ivar settings: the settings in force with it.
    :ivar path: what it was read from: a path, or an edition of a data base.
    :ivar warnings: each with file and line, or table, id and column; ``notes`` are those that reading it brought.
    :ivar trouble: why this is only the last good one, of which a copy is kept here; empty when it is the source's.
    :ivar nowhere: host names in it that have no address, so that nobody can log in from there.
    """

    configuration: Configuration
    configured: Configuration
    settings: Settings
    path: Any
    warnings: tuple[str, ...] = ()
    trouble: str = ""
    nowhere: frozenset[str] = frozenset()
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Examined:
    """What one look at the source led to: something ``loaded``, something rejected (``problems``), or neither.

    :ivar wait: look again after so many seconds.
    :ivar trouble: why the source cannot be seen.
    """

    loaded: Loaded | None = None
    path: Any = None
    problems: tuple[str, ...] = ()
    wait: float | None = None
    trouble: str = ""


MAX_NAMED = 5  # operators in a warning about a host name
RETRY_SECONDS = 60.0  # between questions for host names that have no address
FIRST_PAUSE = Settings().config_poll_interval  # seconds, where no configuration has said it yet
LONGEST_PAUSE = 30.0  # seconds between looks at a source that cannot be asked


class Loader:
    """Loads from one source. One thread at a time."""

    def __init__(
        self,
        source: Source[Any],
        action_types: Mapping[str, IAction],
        *,
        bootstrap: Bootstrap | None = None,
        overrides: OverrideStore | None = None,
        credentials: CredentialStore | None = None,
        backups: Backups | None = None,
        last_good: LastGood | None = None,
        resolve: Callable[[Collection[str]], Answers] = resolve,
    ) -> None:
        """Make a loader.

        :param overrides: for sources that are not written to.
        :param credentials: where changed credentials go instead.
        :param last_good: for sources that may be out of reach when the server starts.
        :param resolve: finds the addresses of host names.
        """
        self.source = source
        self.credentials = credentials or overrides
        self.overrides = overrides
        self.backups = backups
        self.current: Loaded | None = None
        self._begun: Loaded | None = None  # to be in use soon
        self._last_good = last_good
        self._action_types = action_types
        self._bootstrap = bootstrap
        self._troubles = 0  # looks in a row that met one
        self._resolve = resolve
        self._retried: float | None = None  # when host names were asked for again
        self._ask_again = False

    @classmethod
    def of(cls, bootstrap: Bootstrap, action_types: Mapping[str, IAction]) -> Loader:
        """The loader a bootstrap file describes; its own files are in the state directory."""
        state = bootstrap.ctiserver.state
        source, overrides = source_of(bootstrap), OverrideStore(state / "overrides.db3")
        keeps = source.may_vanish and bootstrap.database.start_from_cache
        return cls(
            source,
            action_types,
            bootstrap=bootstrap,
            overrides=overrides if bootstrap.database.legacy_table or not bootstrap.database.address else None,
            credentials=credentials_of(source, bootstrap.database.staging, overrides),
            backups=Backups(state / "backup"),
            last_good=LastGood(state / "last-good.xml") if keeps else None,
        )

    @property
    def poll_seconds(self) -> float:
        """Between looks, where changes are not notified; the longer the source cannot be asked, the longer."""
        loaded = self.current or self._begun
        usual = self.source.poll_seconds or float(loaded.settings.config_poll_interval if loaded else FIRST_PAUSE)
        if not self.source.may_vanish:
            return usual
        return max(usual, min(usual * 2.0 ** min(self._troubles, 16), LONGEST_PAUSE))

    def first(self) -> Loaded:
        """The configuration to start with; nothing is written yet (see :meth:`use`).

        :raises ConfigError: none can be used; the problems of each.
        """
        self._begun = self._first()
        return self._begun

    def _first(self) -> Loaded:
        problems: list[str] = []
        try:
            for path in self.source.first():
                try:
                    return self.attempt(path)
                except ConfigError as e:
                    problems.extend(e.problems)
        except SourceUnavailable as e:
            problems.extend(e.problems)
        if self._last_good is None:
            raise ConfigError(*problems)
        try:
            copy = self._last_good.read()
            if copy is None:
                raise ConfigError(*problems)
            return self._checked(copy, self._last_good.path, self._overrides(), "; ".join(problems))
        except ConfigError as e:
            raise ConfigError(*dict.fromkeys((*problems, *e.problems))) from e

    def attempt(self, path: Any) -> Loaded:
        """Load one configuration.

        :raises ConfigError: it cannot be used; each problem with file and line, or table, id and column.
        """
        return self._attempt(path, self._overrides())

    def _overrides(self) -> tuple[Override, ...]:
        return () if self.overrides is None else self.overrides.all()

    def _attempt(self, path: Any, overrides: tuple[Override, ...]) -> Loaded:
        return self._checked(self.source.read(path), path, overrides)

    def _checked(self, document: Document, path: Any, overrides: tuple[Override, ...], trouble: str = "") -> Loaded:
        configuration = apply_overrides(document.configuration, overrides)
        report = validate(configuration, self._action_types)
        if not report.ok:
            raise ConfigError(*(f"{document.place(p.table, p.id)}: {p}" for p in report.errors))
        warnings = [f"{document.place(p.table, p.id)}: {p}" for p in report.warnings]
        if trouble:
            warnings.insert(0, f"{trouble}: the last good configuration is used, {path}")
        settings = Settings.of(configuration, self._bootstrap)
        answers = self._resolve(configuration.host_names)
        if answers.found:
            configuration = replace(configuration, resolved=MappingProxyType(dict(answers.found)))
        warnings += [_nowhere(configuration, name, why) for name, why in sorted(answers.failed.items())]
        return Loaded(
            configuration, document.configuration, settings, path, (*document.notes, *warnings), trouble,
            frozenset(answers.failed), document.notes,
        )  # fmt: skip

    def examine(self, now: float) -> Examined:
        """Look whether there is something new, and load it; what cannot be used is rejected at the source.

        :param now: seconds; see :meth:`astcti.config.source.Source.look`.
        """
        sighting = self.source.look(now)
        self._troubles = self._troubles + 1 if sighting.trouble else 0
        if sighting.path is None:
            return Examined(self._found_since(now), wait=sighting.wait, trouble=sighting.trouble)
        try:
            overrides = self._overrides()
        except ConfigError as e:  # no fault of the configuration: without them old passwords would count again
            return Examined(trouble=str(e))
        try:
            with uncollected():
                return Examined(self._attempt(sighting.path, overrides), sighting.path)
        except SourceUnavailable as e:
            self._troubles += 1
            return Examined(trouble=str(e))
        except ConfigError as e:
            problems = e.problems
        except Exception as e:  # a fault of ours or of a plug-in must not be tried again and again
            _log.failure("Loading {path}; the old configuration stays", path=str(sighting.path))
            problems = (f"{sighting.path}: internal error: {type(e).__name__}: {e}",)
        self.source.reject(sighting.path, problems)
        return Examined(path=sighting.path, problems=problems)

    def _found_since(self, now: float) -> Loaded | None:
        """The configuration in use with host names that had no address and have one now, or have another if somebody
        asks for all; if there are any."""
        current = self.current
        if current is None or not current.configuration.host_names:
            return None
        in_time = self._retried is not None and 0 <= now - self._retried < RETRY_SECONDS
        names = current.configuration.host_names if self._ask_again else current.nowhere
        if not self._ask_again and (in_time or not names or self._retried is None):
            self._retried = now if self._retried is None else self._retried
            return None
        self._ask_again, self._retried = False, now
        resolved = {**current.configuration.resolved, **self._resolve(names).found}
        if resolved == current.configuration.resolved:
            return None
        return replace(
            current,
            configuration=replace(current.configuration, resolved=MappingProxyType(resolved)),
            nowhere=current.nowhere - resolved.keys(),
            warnings=tuple(w for w in current.warnings if not any(_about(name) in w for name in resolved)),
        )

    def forget(self) -> None:
        """Somebody asks for another look: also at what was rejected, and for all host names."""
        self.source.forget()
        self._ask_again = True

    def back_up(self, loaded: Loaded, now: float) -> Path | None:
        """Keep the configuration in use, which ``loaded`` is about to replace.

        :param now: seconds since 1970.
        :raises ConfigError: it cannot be written.
        """
        if self.backups is None or self.current is None or self.current.configured == loaded.configured:
            return None
        return self.backups.store(self.current.configured, now)

    def use(self, loaded: Loaded) -> None:
        """That one is in use now.

        :raises ConfigError, OSError: something could not be tidied; the configuration is in use all the same.
        """
        is_same = self.current is not None and self.current.configured is loaded.configured
        self.current = loaded
        if is_same:
            return  # only host names have other addresses
        self._retried = None
        if loaded.trouble:
            return  # the source has not said yet what it wants
        if self.overrides is not None:
            self.overrides.settle(loaded.configured)
        self.source.accept(loaded.path, loaded.settings.keep_configurations)
        if self._last_good is not None:
            self._last_good.store(loaded.configured)


def _about(name: str) -> str:
    return f"host {name}: "


def _nowhere(configuration: Configuration, name: str, why: str) -> str:
    whom = [o.username for o in configuration.operators if o.enabled and o.login_host == name]
    more = f" and {len(whom) - MAX_NAMED} more" if len(whom) > MAX_NAMED else ""
    return f"{_about(name)}{why}: {', '.join(whom[:MAX_NAMED])}{more} cannot log in; it is asked for again"


def load(bootstrap: Bootstrap, action_types: Mapping[str, IAction]) -> Configuration:
    """The configuration a bootstrap file leads to, validated, with overrides.

    :raises ConfigError: there is none that can be used.
    """
    return Loader.of(bootstrap, action_types).first().configuration
