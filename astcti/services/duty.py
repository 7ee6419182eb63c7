"""What is done for those who work: the base of queue membership, pauses, calls they begin, delivery of actions."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from twisted.internet.defer import Deferred

from astcti.model.commands import Command, Reply

if TYPE_CHECKING:
    from astcti.model.actions import RenderedAction
    from astcti.model.facts import Fact
    from astcti.model.notices import Notice
    from astcti.services.books import Books
    from astcti.services.desk import Desk
    from astcti.services.floor import Attendance

Answer = Callable[["Attendance", Any], "Deferred[Reply] | Reply"]
"""Does what a client asks; raises :class:`~astcti.errors.Refused` directly or through the Deferred."""


class Duty:
    """Hears of everything that happens at the desk, in order, each within one turn of the reactor.

    What one of them raises is logged, and costs neither the others nor the client anything.

    :ivar desk: whom it serves; set before anything happens.
    """

    desk: Desk

    def answers(self) -> Mapping[type[Command], Answer]:
        """The commands that it answers."""
        return {}

    def seated(self, attendance: Attendance) -> None:
        """Somebody took a seat: they are operational from here on, their reply is not yet sent."""

    def hears_more(self, attendance: Attendance) -> None:
        """Somebody at work has a client that wants to know of more than calls, and has not been told any of it."""

    def left(self, attendance: Attendance) -> None:
        """Somebody is gone, however that came; operator, seat and phones are still as they were."""

    def moved(self, attendance: Attendance, before: tuple[str, ...]) -> None:
        """Their calls go by other phones from here on, without a change of the configuration.

        :param before: the phones until now, as channels show them; ``attendance.phones`` are those from here on.
        """

    def told(self, attendance: Attendance, notice: Notice, actions: Sequence[RenderedAction]) -> None:
        """A call event was handed to a client, with these actions."""

    def missed(self, attendance: Attendance, notice: Notice, actions: Sequence[RenderedAction]) -> None:
        """A call event with these actions could not be handed to a client, which reads too slowly."""

    def serving(self, attendance: Attendance, notice: Notice, actions: Sequence[RenderedAction]) -> None:
        """The server is about to perform these actions itself, because of a call event that a client was told."""

    def happened(self, attendance: Attendance, notice: Notice) -> None:
        """A call at their phones went on, whether or not they may hear of it; if so they have been told."""

    def member_fact(self, fact: Fact) -> None:
        """The PBX said something about a member of a queue: came, went, was paused (the roster knows it already); or
        was connected with a caller, has ended that, was rung in vain."""

    def link_changed(self, up: bool) -> None:
        """The PBX can be asked anything from here on, its state taken over; or it cannot any more."""

    def configured(self, attendance: Attendance, before: Books) -> None:
        """By another configuration something is otherwise for somebody, who stays, and is described by it already.

        It has been in use for a moment: it takes time to see to everybody.

        :param before: what was in use until then.
        """

    def stopping(self) -> Deferred[None] | None:
        """The server stops: everybody has left, the PBX can still be asked. Fires when what is to be done is done."""
