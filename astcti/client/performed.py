"""Which actions were begun here, also before this program was started anew: each is performed once."""

from __future__ import annotations

import hashlib
import os
import sys
from pathlib import Path
from typing import Final

from twisted.logger import Logger

KEPT: Final = 10_000  # ids
MAX_FILE: Final = 8 << 20  # bytes that are read; what is longer is not ours
INTERRUPTED: Final = "the program ended before it was known what became of it"

Report = tuple[bool, str]
_log = Logger()


class Performed:
    """Ids and outcomes, the newest so many.

    A line of the file is an id, when the action begins; or an id, ``OK`` or ``KO`` and a text, when it has ended. A
    line is handed to the system before the action begins: a program that dies does not begin it again, a machine that
    dies may. Without a file, or where it cannot be written, ids are known as long as the program runs.

    :param path: the file; its folder is made.
    """

    def __init__(self, path: Path | None = None, keep: int = KEPT) -> None:
        self._keep = keep
        self._path = path
        self._file: int | None = None
        self._reports: dict[str, Report | None] = {}
        self._lines = 0
        if path is not None:
            self._open(path)

    def begin(self, id: str) -> bool:
        """Note that an action begins; False if it was begun before."""
        if id in self._reports:
            return False
        self._reports[id] = None
        self._write(id)
        while len(self._reports) > self._keep:
            del self._reports[next(iter(self._reports))]
        return True

    def end(self, id: str, ok: bool, text: str) -> None:
        """Note what became of it."""
        self._reports[id] = ok, text
        words = "".join(c if c.isprintable() else " " for c in text)
        self._write(f"{id}\t{'OK' if ok else 'KO'}\t{words}")

    def report(self, id: str) -> Report | None:
        """What became of it; ``None`` while that is not known."""
        return self._reports.get(id)

    def close(self) -> None:
        """Write no more."""
        if self._file is not None:
            os.close(self._file)
            self._file = None

    def _open(self, path: Path) -> None:
        try:
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            data = path.read_bytes()[-MAX_FILE:] if path.exists() else b""
            self._read(data.decode("utf-8", "replace"))
            self._file = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
            if data and not data.endswith(b"\n"):
                os.write(self._file, b"\n")
        except OSError as e:
            self._give_up(e)

    def _read(self, text: str) -> None:
        lines = text.split("\n")
        for line in lines[:-1]:  # one that is not complete was never acted upon
            id, _, rest = line.partition("\t")
            word, _, said = rest.partition("\t")
            if id:
                self._reports[id] = (word == "OK", said) if rest else (False, INTERRUPTED)
        self._lines = len(lines)
        for id in list(self._reports)[: -self._keep]:
            del self._reports[id]

    def _write(self, line: str) -> None:
        if self._file is None:
            return
        try:
            if self._lines >= 4 * self._keep:
                self._shorten()
            os.write(self._file, f"{line}\n".encode())
            self._lines += 1
        except OSError as e:
            self._give_up(e)

    def _shorten(self) -> None:
        """Write the file anew, with what is known."""
        assert self._path is not None
        new = self._path.with_suffix(".new")
        lines = [f"{id}\t{'OK' if r[0] else 'KO'}\t{r[1]}" if r else id for id, r in self._reports.items()]
        new.unlink(missing_ok=True)
        with open(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as f:
            f.write("".join(f"{' '.join(line.splitlines())}\n" for line in lines).encode(errors="replace"))
        new.replace(self._path)
        self.close()
        self._file = os.open(self._path, os.O_WRONLY | os.O_APPEND)
        self._lines = len(lines)

    def _give_up(self, e: OSError) -> None:
        _log.warn(
            "{path}: {reason}; after a restart an action may be performed again",
            path=str(self._path), reason=e.strerror or str(e),
        )  # fmt: skip
        self.close()


def file_of(username: str, server: str, environ: dict[str, str] | None = None) -> Path:
    """Where the actions of an operator at a server are noted: in the state folder of whoever runs the program."""
    environ = dict(os.environ) if environ is None else environ
    where = environ.get("LOCALAPPDATA") if sys.platform == "win32" else environ.get("XDG_STATE_HOME")
    folder = Path(where) if where and Path(where).is_absolute() else Path.home() / ".local" / "state"
    return folder / "astcti" / f"performed-{hashlib.sha256(f'{username} {server}'.encode()).hexdigest()[:16]}"
