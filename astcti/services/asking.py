"""Asking the PBX, whichever link there is at the moment."""

from __future__ import annotations

from typing import Protocol

from twisted.internet.defer import Deferred, fail

from astcti.ami.actions import Action
from astcti.ami.message import Message
from astcti.errors import AMILost


class IAsk(Protocol):
    """Asks the PBX (:class:`astcti.ami.client.AMIClient`, and :class:`Asking`)."""

    def sendAction(self, action: Action, /) -> Deferred[Message]:
        """Fires with the response; fails with :class:`~astcti.errors.AMIError`."""

    def collectAction(self, action: Action, /) -> Deferred[list[Message]]:
        """Fires with the events of a list."""


class Asking:
    """Stays the same while links come and go.

    :ivar pbx: the link of the moment; None while there is none that everything may be asked of.
    """

    def __init__(self) -> None:
        self.pbx: IAsk | None = None

    def sendAction(self, action: Action, /) -> Deferred[Message]:
        """Ask; fails with :class:`~astcti.errors.AMILost` while there is no link."""
        return fail(AMILost(f"{action.NAME}: no link to the PBX")) if self.pbx is None else self.pbx.sendAction(action)

    def collectAction(self, action: Action, /) -> Deferred[list[Message]]:
        """Ask for a list; fails with :class:`~astcti.errors.AMILost` while there is no link."""
        if self.pbx is None:
            return fail(AMILost(f"{action.NAME}: no link to the PBX"))
        return self.pbx.collectAction(action)
