"""The server as a place where actions run."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from twisted.internet.defer import Deferred, fail
from zope.interface import implementer

from astcti.errors import UserError
from astcti.interfaces import IPlace


@implementer(IPlace)
@dataclass(frozen=True)
class ServerPlace:
    """The server: it sends messages; nobody sits in front of it."""

    reactor: Any
    seconds: float = 5.0

    def open_url(self, url: str, window: str, internal: bool) -> Deferred[None]:
        """Refuse."""
        return fail(UserError("the server has no screen to show a page on"))

    def start_program(self, argv: Sequence[str]) -> Deferred[None]:
        """Refuse: no configuration makes the server run programs."""
        return fail(UserError("the server starts no programs"))
