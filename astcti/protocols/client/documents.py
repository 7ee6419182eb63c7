"""XML documents out of lines: one line each as our server sends them, or pretty-printed over several."""

from __future__ import annotations

import re

from astcti.errors import PeerError
from astcti.protocols.limits import XML_LINE

_ROOT = re.compile(rb"<([A-Za-z_:][^\s/>]*)")


class Documents:
    """Collects the lines of one document at a time."""

    __slots__ = ("_end", "_held")

    def __init__(self) -> None:
        self._held = b""
        self._end = b""

    @property
    def open(self) -> bool:
        """Whether a document has begun and not ended, so that the next line is part of it whatever it looks like."""
        return bool(self._held)

    def feed(self, line: bytes) -> bytes | None:
        """Take a line; give the document when this was its last.

        :raises PeerError: the document has no end within :data:`XML_LINE` bytes.
        """
        held = self._held + b"\n" + line if self._held else line
        if len(held) > XML_LINE:
            raise PeerError(f"an XML document has no end within {XML_LINE} bytes")
        if not self._end:
            root = _ROOT.search(held)
            if root is None:  # the XML declaration on a line of its own
                self._held = held
                return None
            if re.fullmatch(rb"<[^<>]*/>\s*", held[root.start() :]):
                self._held = b""
                return held
            self._end = b"</" + root[1] + b">"
        if held.rstrip().endswith(self._end):
            self._held = self._end = b""
            return held
        self._held = held
        return None
