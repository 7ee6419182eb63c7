"""The recorded conversations, as the tests of framing and session want them."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).parent.parent / "recordings"
ALL = sorted(ROOT.glob("*/*.ami"))
MODERN = [path for path in ALL if path.parent.name in {"16", "22"}]


def stream(version: int, name: str) -> bytes:
    """What Asterisk sent on one link, greeting first."""
    return (ROOT / str(version) / f"{name}.ami").read_bytes()


def sent(version: int, name: str) -> bytes:
    """What the client sent on that link."""
    return (ROOT / str(version) / f"{name}.sent").read_bytes()


def plain_messages(data: bytes) -> list[bytes]:
    """The messages of a whole recording, found the simple way: greeting off, cut at blank lines."""
    _, _, body = data.partition(b"\n")
    return [part.lstrip(b"\r\n") for part in re.split(rb"\r\n\r\n", body) if part.strip()]
