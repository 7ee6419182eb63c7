"""Logins other than by ``PASS``."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Authenticate:
    """``AUTH mechanism data``: begin a login; ``data`` is decoded from base64, but for ``RESUME``'s ticket."""

    mechanism: str
    data: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class ContinueAuthentication:
    """``AUTH data``: go on with it; None for ``*``, which gives up."""

    data: bytes | None = field(repr=False)


@dataclass(frozen=True, slots=True)
class Challenge:
    """The next step of a login (``105``)."""

    data: bytes = field(repr=False)
