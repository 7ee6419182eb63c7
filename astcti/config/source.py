"""Where configurations come from, as the loader and the watcher see it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from astcti.config.document import Document

STABLE_SECONDS = 1.0  # a file that did not change for so long is taken for whole


@dataclass(frozen=True, slots=True)
class Sighting:
    """What one look at a source showed.

    :ivar path: a new file, whole: load it.
    :ivar wait: something is still being written: look again after so many seconds.
    :ivar trouble: why the source cannot be seen; what runs goes on.
    """

    path: Path | None = None
    wait: float | None = None
    trouble: str = ""


class Source(Protocol):
    """A source of configurations. Every method may block for a disk; one thread at a time."""

    #: The directory whose changes are worth a look.
    folder: Path
    #: Between looks where changes are not notified; ``None`` for the setting ``config_poll_interval``.
    poll_seconds: float | None

    def describe(self) -> str:
        """For people: ``XML file /etc/astcti/runtime.xml``."""

    def first(self) -> list[Path]:
        """What to try at start, the best first.

        :raises ConfigError: there is nothing to try.
        """

    def look(self, now: float) -> Sighting:
        """Whether there is something new.

        :param now: seconds, of any clock that never goes back.
        """

    def read(self, path: Path) -> Document:
        """Read what :meth:`first` or :meth:`look` named.

        :raises ConfigError: it cannot be read.
        """

    def accept(self, path: Path, keep: int) -> None:
        """That one is in use now.

        :param keep: how many configurations may stay in the folder (``keep_configurations``).
        :raises ConfigError, OSError: the source cannot be tidied; the configuration is in use all the same.
        """

    def reject(self, path: Path, problems: tuple[str, ...]) -> None:
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
