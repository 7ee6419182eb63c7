"""The XML file as a source: one file, replaced or rewritten whenever its owner likes."""

from __future__ import annotations

import hashlib
from contextlib import suppress
from pathlib import Path

from astcti.config import xmlsource
from astcti.config.document import Document
from astcti.config.files import make_folder, write_file
from astcti.config.source import Sighting, Signature, Stability, signature_of
from astcti.config.xmlfile import read_bytes
from astcti.errors import ConfigError

KEPT = 50  # rejected copies


class FileSource:
    """One XML file. It is its owner's: nothing here changes it; a rejected one is copied with its reasons.

    :param rejected: folder for those copies.
    """

    poll_seconds: float | None = None
    may_vanish = False

    def __init__(self, path: Path, rejected: Path) -> None:
        self.path = path
        self.folder = path.parent
        self._rejected_folder = rejected
        self._stability = Stability()
        self._current: Signature | None = None
        self._rejected: Signature | None = None
        self._read: tuple[bytes, Signature | None] = (b"", None)

    def describe(self) -> str:
        """``XML file /etc/astcti/runtime.xml``."""
        return f"XML file {self.path}"

    def first(self) -> list[Path]:
        """The file."""
        return [self.path]

    def look(self, now: float) -> Sighting[Path]:
        """Whether the file is another one than that in use, and than that rejected."""
        try:
            signature = signature_of(self.path)
        except OSError as e:
            return Sighting(trouble=f"{self.path}: {e.strerror or e}")
        if signature in (self._current, self._rejected):
            return Sighting()
        wait = self._stability.wait(self.path, signature, now)
        return Sighting(wait=wait) if wait else Sighting(self.path)

    def read(self, path: Path) -> Document:
        """Parse the file."""
        signature = None
        with suppress(OSError):
            signature = signature_of(path)  # before: a change while we read makes it new again
        data = b""
        try:
            data = read_bytes(path)
        finally:
            self._read = (data, signature)
        return xmlsource.parse_xml(data, str(path))

    def accept(self, path: Path, keep: int) -> None:
        """Remember which file is in use."""
        self._current, self._rejected = self._read[1], None

    def reject(self, path: Path, problems: tuple[str, ...]) -> None:
        """Copy the file and the reasons to the folder of rejected ones."""
        data, self._rejected = self._read
        if not data:
            return
        name = f"{path.stem}-{hashlib.sha256(data).hexdigest()[:8]}"
        with suppress(ConfigError, OSError):  # a full disk must not hide why the file was rejected
            make_folder(self._rejected_folder)
            write_file(self._rejected_folder / f"{name}.xml", data)
            write_file(self._rejected_folder / f"{name}.log", ("\n".join(problems) + "\n").encode("utf-8", "replace"))
            copies = sorted(self._rejected_folder.glob("*.xml"), key=lambda p: p.stat().st_mtime_ns)
            for old in copies[:-KEPT]:
                old.unlink()
                old.with_suffix(".log").unlink(missing_ok=True)

    def forget(self) -> None:
        """Name a rejected file again."""
        self._rejected = None
