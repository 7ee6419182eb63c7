"""Loading: read, put overrides over it, validate; and what follows when it is used or not.

A server makes a :class:`Loader`, takes its :meth:`~Loader.first` configuration and hands both to the watcher.
Everything here may block for a disk and takes as long as the configuration is large.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from twisted.logger import Logger

from astcti.config.backups import Backups
from astcti.config.bootstrap import Bootstrap
from astcti.config.filesource import FileSource
from astcti.config.foldersource import FolderSource
from astcti.config.model import Configuration
from astcti.config.overrides import Override, OverrideStore, apply_overrides
from astcti.config.settings import Settings
from astcti.config.source import Source
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
    :ivar warnings: each with file and line, or table, id and column.
    """

    configuration: Configuration
    configured: Configuration
    settings: Settings
    path: Path
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Examined:
    """What one look at the source led to: something ``loaded``, something rejected (``problems``), or neither.

    :ivar wait: look again after so many seconds.
    :ivar trouble: why the source cannot be seen.
    """

    loaded: Loaded | None = None
    path: Path | None = None
    problems: tuple[str, ...] = ()
    wait: float | None = None
    trouble: str = ""


class Loader:
    """Loads from one source. One thread at a time."""

    def __init__(
        self,
        source: Source,
        action_types: Mapping[str, IAction],
        *,
        bootstrap: Bootstrap | None = None,
        overrides: OverrideStore | None = None,
        backups: Backups | None = None,
    ) -> None:
        self.source = source
        self.overrides = overrides
        self.backups = backups
        self.current: Loaded | None = None
        self._action_types = action_types
        self._bootstrap = bootstrap

    @classmethod
    def of(cls, bootstrap: Bootstrap, action_types: Mapping[str, IAction]) -> Loader:
        """The loader a bootstrap file describes; its own files are in the state directory."""
        state, database = bootstrap.ctiserver.state, bootstrap.database
        source: Source
        if database.source == "sqlite" and database.folder is not None:
            source = FolderSource(database.folder)
        elif database.source == "xml" and database.file is not None:
            source = FileSource(database.file, state / "rejected")
        else:
            raise ConfigError(f"{bootstrap.path}: source {database.source!r} is not in this version")
        return cls(
            source,
            action_types,
            bootstrap=bootstrap,
            overrides=OverrideStore(state / "overrides.db3"),
            backups=Backups(state / "backup"),
        )

    @property
    def poll_seconds(self) -> float:
        """Between looks, where changes are not notified."""
        return self.source.poll_seconds or (self.current.settings.config_poll_interval if self.current else 5.0)

    def first(self) -> Loaded:
        """The configuration to start with; nothing is written yet (see :meth:`use`).

        :raises ConfigError: none can be used; the problems of each.
        """
        problems: list[str] = []
        for path in self.source.first():
            try:
                return self.attempt(path)
            except ConfigError as e:
                problems.extend(e.problems)
        raise ConfigError(*problems)

    def attempt(self, path: Path) -> Loaded:
        """Load one configuration.

        :raises ConfigError: it cannot be used; each problem with file and line, or table, id and column.
        """
        return self._attempt(path, self._overrides())

    def _overrides(self) -> tuple[Override, ...]:
        return () if self.overrides is None else self.overrides.all()

    def _attempt(self, path: Path, overrides: tuple[Override, ...]) -> Loaded:
        document = self.source.read(path)
        configuration = apply_overrides(document.configuration, overrides)
        report = validate(configuration, self._action_types)
        if not report.ok:
            raise ConfigError(*(f"{document.place(p.table, p.id)}: {p}" for p in report.errors))
        warnings = (f"{document.place(p.table, p.id)}: {p}" for p in report.warnings)
        settings = Settings.of(configuration, self._bootstrap)
        return Loaded(configuration, document.configuration, settings, path, (*document.notes, *warnings))

    def examine(self, now: float) -> Examined:
        """Look whether there is something new, and load it; what cannot be used is rejected at the source.

        :param now: seconds; see :meth:`astcti.config.source.Source.look`.
        """
        sighting = self.source.look(now)
        if sighting.path is None:
            return Examined(wait=sighting.wait, trouble=sighting.trouble)
        try:
            overrides = self._overrides()
        except ConfigError as e:  # no fault of the configuration: without them old passwords would count again
            return Examined(trouble=str(e))
        try:
            return Examined(self._attempt(sighting.path, overrides), sighting.path)
        except ConfigError as e:
            problems = e.problems
        except Exception as e:  # a fault of ours or of a plug-in must not be tried again and again
            _log.failure("Loading {path}; the old configuration stays", path=str(sighting.path))
            problems = (f"{sighting.path}: internal error: {type(e).__name__}: {e}",)
        self.source.reject(sighting.path, problems)
        return Examined(path=sighting.path, problems=problems)

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
        self.current = loaded
        if self.overrides is not None:
            self.overrides.settle(loaded.configured)
        self.source.accept(loaded.path, loaded.settings.keep_configurations)


def load(bootstrap: Bootstrap, action_types: Mapping[str, IAction]) -> Configuration:
    """The configuration a bootstrap file leads to, validated, with overrides.

    :raises ConfigError: there is none that can be used.
    """
    return Loader.of(bootstrap, action_types).first().configuration
