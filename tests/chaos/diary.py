"""Diaries: what a process saw or did, written line by line so that its death loses nothing."""

from __future__ import annotations

import json
import os
import time
from pathlib import Path
from typing import Any

Entry = dict[str, Any]


class Diary:
    """A file that grows by one JSON object a line: ``t``, the time, ``what`` happened, and more."""

    def __init__(self, path: Path) -> None:
        self._file = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)

    def note(self, what: str, **more: Any) -> None:
        """Write down that something happened now; with the end of this call it is in the file."""
        os.write(self._file, json.dumps({"t": time.time(), "what": what, **more}).encode() + b"\n")


def entries(path: Path) -> list[Entry]:
    """What was written, in order."""
    return [json.loads(line) for line in path.read_bytes().splitlines()] if path.exists() else []
