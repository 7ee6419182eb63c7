"""The simulated PBX: what happens on its channels, and who makes it happen.

A pure model: time comes from an :class:`~astcti.simulator.agenda.Agenda`, chance from a seeded generator, and events
go to a function. What happens on one channel is a script of its own (``applications``), as Asterisk has a thread.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from astcti.simulator import cdr, events
from astcti.simulator.agenda import Actor, Agenda, Interruption, Script
from astcti.simulator.channel import CAUSES, Channel, Shown
from astcti.simulator.dialplan import Dialplan
from astcti.simulator.events import Event
from astcti.simulator.phones import REFUSALS, Phone
from astcti.simulator.switch import Switch

if TYPE_CHECKING:
    from random import Random

#: Executes one application of the dial plan on a channel.
Application = Callable[["PBX", Channel, str], Script]


class HungUp(Interruption):
    """The channel hangs up."""


class Moved(Interruption):
    """The channel goes on elsewhere in the dial plan."""

    def __init__(self, context: str, exten: str, priority: int = 1, transfer: bool = False) -> None:
        super().__init__(context, exten, priority)
        self.place = (context, exten, priority)
        self.transfer = transfer


class PBX(Switch):
    """The whole of it.

    :param applications: the dial plan's applications by name, as it writes them.
    :ivar on_conversation: called with the caller's and the other's channel whenever two people begin to talk.
    """

    def __init__(
        self, agenda: Agenda, chance: Random, sink: Callable[[Event], None], applications: Mapping[str, Application],
        asterisk: int = 22,
    ) -> None:  # fmt: skip
        super().__init__(agenda, chance, sink, asterisk)
        self.applications = applications
        self.dialplan = Dialplan()
        self.processed = 0
        self.on_conversation: list[Callable[[Channel, Channel], None]] = []

    # ---------------------------------------------------------------- the dial plan

    def incoming(self, context: str, exten: str, number: str, caller: str) -> Channel:
        """Somebody outside dials: a channel of the trunk begins at a place of the dial plan."""
        channel = self.channel(self.trunk, Shown("Ring", number, caller, context=context, exten=exten))
        self.occupy(channel)
        if self.modern:
            self.set(channel, "SIPDOMAIN", "127.0.0.1")
        self.start(channel)
        return channel

    def dial_from(self, phone: Phone, exten: str) -> Channel:
        """Somebody at one of our phones dials."""
        channel = self.channel(phone, Shown("Ring", phone.number, phone.name, context=phone.context, exten=exten))
        self.occupy(channel)
        self.start(channel)
        return channel

    def start(self, channel: Channel, script: Script | None = None) -> None:
        """Let a channel walk through the dial plan from where it stands, or play a script of its own."""
        self.processed += 1
        channel.actor = Actor(self.agenda, script or self.walk(channel))

    def walk(self, channel: Channel) -> Script:
        """The life of a channel in the dial plan."""
        try:
            while True:
                try:
                    yield from self._steps(channel)
                    break
                except Moved as move:
                    self._place(channel, *move.place)
        except HungUp:
            pass
        self.finish(channel)

    def _place(self, channel: Channel, context: str, exten: str, priority: int) -> None:
        channel.change(context=context, exten=exten, priority=str(priority))

    def _steps(self, channel: Channel) -> Script:
        while True:
            shown = channel.shown
            step = self.dialplan.step(shown.context, shown.exten, int(shown.priority))
            if step is None:
                channel.cause = channel.cause or 16
                return
            data = channel.expand(step.data)
            channel.application, channel.data = step.application, data
            self.tell(events.NEWEXTEN, channel, shown.exten, step.application, data)
            yield from self.applications[step.application](self, channel, data)
            shown = channel.shown
            channel.change(priority=str(int(shown.priority) + 1))

    # ---------------------------------------------------------------- what phones do

    def ring(self, leg: Channel) -> None:
        """A called phone rings."""
        self.enter_state(leg, "Ringing")
        if leg.dialler is not None:
            leg.dialler.tell(("ringing", leg))

    def pick_up(self, leg: Channel) -> None:
        """A called phone answers."""
        leg.answered = self.agenda.now
        self.enter_state(leg, "Up")
        if leg.dialler is not None:
            leg.dialler.tell(("answered", leg))

    def refuse(self, leg: Channel, how: str) -> None:
        """A called phone refuses; ``how`` is one of ``phones.REFUSALS``."""
        leg.cause, leg.tech_cause, _ = REFUSALS[how]
        self._request_hangup(leg)
        if leg.dialler is not None:
            leg.dialler.tell(("refused", leg, REFUSALS[how][2]))

    def answer(self, channel: Channel) -> None:
        """The PBX answers a caller."""
        if channel.shown.state != "Up":
            channel.answered = self.agenda.now
            self.enter_state(channel, "Up")

    def talk(self, caller: Channel, leg: Channel) -> None:
        """Two people talk with each other from now on."""
        for listener in self.on_conversation:
            listener(caller, leg)
        for channel, peer in ((caller, leg), (leg, caller)):
            if channel.person is not None:
                channel.person.connected(channel, peer)

    def move(self, channel: Channel, context: str, exten: str, priority: int = 1, transfer: bool = False) -> None:
        """Send a channel elsewhere in the dial plan: a caller, or a called phone that talks."""
        if channel.actor is not None:
            channel.actor.interrupt(Moved(context, exten, priority, transfer))
            return
        dialler, channel.dialler = channel.dialler, None
        self.leave(channel)
        if dialler is not None:
            dialler.tell(("taken", channel))
        self._place(channel, context, exten, priority)
        self.start(channel)

    def blind_transfer(self, transferer: Channel, context: str, exten: str) -> None:
        """A channel sends the one it talks with elsewhere, and is out of it."""
        bridge = transferer.bridge
        assert bridge is not None
        other = next(c for c in bridge.channels if c is not transferer)
        self.tell(events.UNHOLD, transferer)
        self.set(other, "BLINDTRANSFER", transferer.name)
        self.set(transferer, "BLINDTRANSFER", other.name)
        values = ("Success", *transferer.values, *other.values, *bridge.values, "No", context, exten)
        self.sink(Event(events.BLIND_TRANSFER, values))
        self.move(other, context, exten, transfer=True)

    # ---------------------------------------------------------------- ends

    def hang_up(self, channel: Channel, cause: int | None = None, asked: bool = True) -> None:
        """Somebody hangs up (``asked``: at the phone itself, not by the manager).

        A channel that plays the dial plan stops doing so; a called one leaves its call.
        """
        if channel.name not in self.channels:
            return
        channel.cause = (16 if channel.partner else 0) if cause is None else cause
        if asked:
            self._request_hangup(channel)
        if channel.actor is not None and channel.actor.alive:
            channel.actor.interrupt(HungUp())
        elif channel.dialler is not None:
            channel.dialler.tell(("gone", channel))
        else:
            self.finish(channel)

    def _request_hangup(self, channel: Channel) -> None:
        if channel.tech_cause and self.modern:
            self.tell(events.HANGUP_REQUEST_TECH, channel, str(channel.cause), str(channel.tech_cause))
        else:
            self.tell(events.HANGUP_REQUEST, channel, str(channel.cause))

    def finish(self, channel: Channel) -> None:
        """A channel is gone, with everything that was its own."""
        if self.channels.pop(channel.name, None) is None:
            return
        self.leave(channel)
        if channel.actor is not None:
            self.tell(events.SOFT_HANGUP, channel, "16")
            self.sink(cdr.of(channel, self.agenda.now))
        text = CAUSES.get(channel.cause, CAUSES[0])
        if channel.tech_cause and self.modern:
            self.tell(events.HANGUP_TECH, channel, str(channel.cause), text, str(channel.tech_cause))
        else:
            self.tell(events.HANGUP, channel, str(channel.cause), text)
        phone = channel.phone
        assert phone is not None
        before = phone.device
        phone.left(channel)
        self.device_changed(phone, before)
        if channel.person is not None:
            channel.person.gone(channel)
