"""The last configuration that was in use, kept here for a start at which its source cannot be asked."""

from __future__ import annotations

from pathlib import Path

from astcti.config.document import Document
from astcti.config.files import make_folder, write_file
from astcti.config.model import Configuration
from astcti.config.xmlsource import read_document, write_xml


class LastGood:
    """One XML file, for its owner only: there are credentials in it."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._stored: Configuration | None = None

    def store(self, configuration: Configuration) -> None:
        """Keep a configuration, unless it is the one kept already.

        :raises ConfigError: it cannot be written; the one kept before stays.
        """
        if configuration != self._stored:
            make_folder(self.path.parent)
            write_file(self.path, write_xml(configuration))
            self._stored = configuration

    def read(self) -> Document | None:
        """The configuration kept, not yet validated; ``None`` if there is none.

        :raises ConfigError: it cannot be read.
        """
        return read_document(self.path) if self.path.exists() else None
