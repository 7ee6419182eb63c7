"""Where configurations come from, as the loader and the watcher see it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Generic, Protocol, TypeVar

from astcti.config.document import Document
from astcti.errors import ConfigError

STABLE_SECONDS = 1.0  # a file that did not change for so long is taken for whole

Found = TypeVar("Found")  # names one configuration of a source: a path, or an edition of a data base
Found_co = TypeVar("Found_co", covariant=True)


class SourceUnavailable(ConfigError):
    """A source cannot be asked at the moment; nothing is known about the configuration in it."""


@dataclass(frozen=True, slots=True)
class Sighting(Generic[Found_co]):
    """What one look at a source showed.

    :ivar path: something new, whole: load it.
    :ivar wait: something is still being written: look again after so many seconds.
    :ivar trouble: why the source cannot be seen; what runs goes on.
    """

    path: Found_co | None = None
    wait: float | None = None
    trouble: str = ""


class Source(Protocol[Found]):
    """A source of configurations. Every method may block for a disk or a network; one thread at a time."""

    @property
    def folder(self) -> Path | None:
        """The directory whose changes are worth a look; ``None`` where there is none."""

    @property
    def poll_seconds(self) -> float | None:
        """Between looks where changes are not notified; ``None`` for the setting ``config_poll_interval``."""

    @property
    def may_vanish(self) -> bool:
        """Whether it may be out of reach for long: the last good configuration is then kept here as well."""

    def describe(self) -> str:
        """For people: ``XML file /etc/astcti/runtime.xml``."""

    def first(self) -> list[Found]:
        """What to try at start, the best first.

        :raises ConfigError: there is nothing to try.
        """

    def look(self, now: float) -> Sighting[Found]:
        """Whether there is something new.

        :param now: seconds, of any clock that never goes back.
        """

    def read(self, path: Found) -> Document:
        """Read what :meth:`first` or :meth:`look` named.

        :raises SourceUnavailable: the source cannot be asked.
        :raises ConfigError: it cannot be read.
        """

    def accept(self, path: Found, keep: int) -> None:
        """That one is in use now.

        :param keep: how many configurations may stay in the folder (``keep_configurations``).
        :raises ConfigError, OSError: the source cannot be tidied; the configuration is in use all the same.
        """

    def reject(self, path: Found, problems: tuple[str, ...]) -> None:
        """That one cannot be used: keep it with the reasons, and do not name it again until it changes."""

    def forget(self) -> None:
        """Somebody asks for another look: name again what was rejected and is still there."""


Signature = tuple[int, int, int]  # size, time of change in ns, inode


def signature_of(path: Path) -> Signature:
    """What changes when a file changes.

    :raises OSError: it is not there.
    """
    stat = path.stat()
    return stat.st_size, stat.st_mtime_ns, stat.st_ino


class Stability:
    """Waits until files stay as they are."""

    def __init__(self, seconds: float = STABLE_SECONDS) -> None:
        self._seconds = seconds
        self._seen: dict[Path, tuple[Signature, float]] = {}

    def wait(self, path: Path, signature: Signature, now: float) -> float:
        """How long a file must yet stay as it is; 0 when it is stable."""
        seen, since = self._seen.get(path, (None, now))
        if seen != signature or now < since:  # the second: a clock that was set back
            since = now
            self._seen[path] = (signature, now)
        return max(0.0, since + self._seconds - now)

    def keep_only(self, paths: set[Path]) -> None:
        """Forget every other file."""
        self._seen = {path: seen for path, seen in self._seen.items() if path in paths}
