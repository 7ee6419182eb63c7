"""A recorded AMI conversation: what the PBX sent, and when."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from astcti.errors import UserError

#: Bytes read at once where nothing says how the conversation was cut.
_CHUNK = 1 << 16


class Recording:
    """The bytes of one AMI link, as ``NAME.ami``; ``NAME.times`` beside it says when they came.

    :ivar path: of the file with the bytes. They are the PBX's side of the link exactly as received, with or without
        the greeting.
    """

    def __init__(self, path: Path) -> None:
        self.path = path

    @property
    def name(self) -> str:
        """What to call it in a report."""
        return self.path.name

    def chunks(self) -> Iterator[tuple[float, bytes]]:
        """``(seconds since the beginning, bytes)`` in order; all at 0.0 seconds where no times were recorded.

        :raises UserError: it cannot be read.
        """
        try:
            content = self.path.read_bytes()
            times = self._times()
        except OSError as e:
            raise UserError(f"{self.path}: {e.strerror}") from e
        if not content:
            raise UserError(f"{self.path}: there is nothing in it")
        if not times:
            times = [(0.0, offset) for offset in range(0, len(content), _CHUNK)]
        for (seconds, start), (_, end) in zip(times, [*times[1:], (0.0, len(content))], strict=True):
            yield seconds, content[start:end]

    def _times(self) -> list[tuple[float, int]]:
        path = self.path.with_suffix(".times")
        if path == self.path or not path.exists():
            return []
        times = []
        for number, line in enumerate(path.read_text().splitlines(), 1):
            if not line or line.startswith("#"):
                continue
            try:
                seconds, offset = line.split()
                times.append((float(seconds), int(offset)))
            except ValueError:
                raise UserError(f"{path}:{number}: seconds and an offset are wanted, not {line!r}") from None
        return times
