"""Configurations that were replaced, kept as XML files in a folder."""

from __future__ import annotations

import hashlib
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

from astcti.config.files import make_folder, write_file
from astcti.config.model import Configuration
from astcti.config.xmlwriter import write_xml

KEPT = 50


class Backups:
    """A folder of backups; the newest sorts last."""

    def __init__(self, folder: Path, keep: int = KEPT) -> None:
        self.folder = folder
        self._keep = keep

    def store(self, configuration: Configuration, now: float) -> Path:
        """Keep a configuration, and no more than so many.

        :param now: seconds since 1970.
        :raises ConfigError: it cannot be written.
        """
        make_folder(self.folder)
        data = write_xml(configuration)
        path = self.folder / f"{unique_name(data, now)}.xml"
        write_file(path, data)
        for old in self.files()[: -self._keep]:
            with suppress(OSError):
                old.unlink()
        return path

    def files(self) -> list[Path]:
        """Every backup, the oldest first."""
        return sorted(self.folder.glob("astcti-*.xml"))


def unique_name(data: bytes, now: float) -> str:
    """``astcti-20261121T140501-89abcdef``: sorts by time, differs by content."""
    moment = datetime.fromtimestamp(now, UTC)
    return f"astcti-{moment:%Y%m%dT%H%M%S}-{hashlib.sha256(data + str(now).encode()).hexdigest()[:8]}"
