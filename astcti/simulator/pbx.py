"""The simulated PBX: channels, bridges, phones, queues and the dial plan, and the events they cause.

A pure model: time comes from an :class:`~astcti.simulator.agenda.Agenda`, chance from a seeded generator, and events
go to a function. What happens on one channel is a script of its own (``applications``), as Asterisk has a thread.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from astcti.simulator import cdr, events
from astcti.simulator.agenda import Actor, Agenda, Interruption, Script
from astcti.simulator.channel import CAUSES, Bridge, Channel, Shown, escaped
from astcti.simulator.dialplan import Dialplan
from astcti.simulator.events import Event, Layout
from astcti.simulator.phones import LAMPS, MEMBER_STATUS, REFUSALS, Phone, Trunk

if TYPE_CHECKING:
    from random import Random

    from astcti.simulator.queues import Queue

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


class PBX:
    """The whole of it.

    :param sink: takes every event, in order.
    :param applications: the dial plan's applications by name, as it writes them.
    :ivar on_conversation: called with the caller's and the other's channel whenever two people begin to talk.
    """

    def __init__(
        self, agenda: Agenda, chance: Random, sink: Callable[[Event], None], applications: Mapping[str, Application],
        asterisk: int = 22,
    ) -> None:  # fmt: skip
        self.agenda = agenda
        self.chance = chance
        self.sink = sink
        self.applications = applications
        self.modern = asterisk >= 22
        self.dialplan = Dialplan()
        self.started = agenda.now
        self.channels: dict[str, Channel] = {}
        self.bridges: dict[str, Bridge] = {}
        self.phones: dict[str, Phone] = {}
        self._numbers: dict[str, Phone] = {}
        self.queues: dict[str, Queue] = {}
        self.globals: dict[str, str] = {}
        self.trunk = Trunk("PJSIP/trunk", "trunk")
        self.processed = 0
        self.on_conversation: list[Callable[[Channel, Channel], None]] = []
        self._channel_count = 0
        self._unique_count = 0

    # ---------------------------------------------------------------- telling

    def tell(self, layout: Layout, channel: Channel, *more: str) -> None:
        """Send an event about a channel."""
        self.sink(Event(layout, channel.values + more))

    def set(self, channel: Channel, variable: str, value: str) -> None:
        """Set a dial-plan variable."""
        variable = variable.lstrip("_")
        channel.variables[variable] = value
        self.sink(Event(events.VARSET, (*channel.values, variable, escaped(value))))

    def set_global(self, variable: str, value: str) -> None:
        """Set a variable that belongs to no channel."""
        self.globals[variable] = value
        self.sink(Event(events.VARSET_GLOBAL, ("none", "none", variable, escaped(value))))

    def device_changed(self, phone: Phone, before: str) -> None:
        """Tell of a phone's device state, if it is another one than before."""
        device = phone.device
        if device == before:
            return
        self.sink(Event(events.DEVICE_STATE, (phone.interface, device)))
        if phone is not self.trunk:
            lamp = (phone.number, "inside", phone.interface, *LAMPS[device])
            self.sink(Event(events.EXTENSION_STATUS, lamp))
        for member in tuple(phone.memberships):
            member.status = MEMBER_STATUS[device]
            self.sink(Event(events.MEMBER_STATUS, member.values))
            member.queue.changed(member)

    # ---------------------------------------------------------------- channels

    def channel(self, phone: Phone, shown: Shown, linkedid: str = "", uniqueid: str = "") -> Channel:
        """Make a channel of a phone or trunk."""
        number, self._channel_count = self._channel_count, self._channel_count + 1
        if not uniqueid:
            uniqueid = f"{int(self.agenda.now)}.{self._unique_count}"
            self._unique_count += 1
        channel = Channel(f"{phone.interface}-{number:08x}", uniqueid, linkedid, self.agenda.now, shown)
        channel.phone = phone
        self.channels[channel.name] = channel
        self.tell(events.NEWCHANNEL, channel)
        return channel

    def add_phone(self, phone: Phone) -> None:
        """Put a telephone on a desk."""
        self.phones[phone.interface] = phone
        self._numbers[phone.number] = phone

    def phone_of(self, number: str) -> Phone | None:
        """The phone of an inside number."""
        return self._numbers.get(number)

    def phone(self, interface: str) -> Phone | None:
        """The phone of an interface; numbers ``@trunk`` are the world's."""
        return self.trunk if interface.endswith("@trunk") else self.phones.get(interface)

    def find(self, name: str) -> Channel | None:
        """A channel by its name or unique id."""
        found = self.channels.get(name)
        return found or next((c for c in self.channels.values() if c.uniqueid == name), None)

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

    def occupy(self, channel: Channel) -> None:
        """The phone is in use by the channel."""
        phone = channel.phone
        assert phone is not None
        before = phone.device
        phone.calls[channel] = None
        phone.passed("", channel.shown.state)
        self.device_changed(phone, before)

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
        self._state(leg, "Ringing")
        if leg.dialler is not None:
            leg.dialler.tell(("ringing", leg))

    def pick_up(self, leg: Channel) -> None:
        """A called phone answers."""
        leg.answered = self.agenda.now
        self._state(leg, "Up")
        if leg.dialler is not None:
            leg.dialler.tell(("answered", leg))

    def refuse(self, leg: Channel, how: str) -> None:
        """A called phone refuses; ``how`` is one of ``phones.REFUSALS``."""
        leg.cause, leg.tech_cause, _ = REFUSALS[how]
        self._request_hangup(leg)
        if leg.dialler is not None:
            leg.dialler.tell(("refused", leg, REFUSALS[how][2]))

    def _state(self, channel: Channel, state: str) -> None:
        phone = channel.phone
        assert phone is not None
        before = phone.device
        phone.passed(channel.shown.state, state)
        channel.change(state=state)
        self.tell(events.NEWSTATE, channel)
        self.device_changed(phone, before)

    def answer(self, channel: Channel) -> None:
        """The PBX answers a caller."""
        if channel.shown.state != "Up":
            channel.answered = self.agenda.now
            self._state(channel, "Up")

    # ---------------------------------------------------------------- bridges

    def bridge(self) -> Bridge:
        """Make an empty bridge."""
        bridge = Bridge(str(uuid.UUID(int=self.chance.getrandbits(128), version=4)))
        self.bridges[bridge.uniqueid] = bridge
        self.sink(Event(events.BRIDGE_CREATE, bridge.values))
        return bridge

    def enter(self, bridge: Bridge, channel: Channel) -> None:
        """A channel can hear who is in the bridge from now on."""
        bridge.channels.append(channel)
        channel.bridge = bridge
        self.sink(Event(events.BRIDGE_ENTER, bridge.values + channel.values))

    def leave(self, channel: Channel) -> None:
        """A channel leaves its bridge; the last one closes the door."""
        bridge = channel.bridge
        if bridge is None:
            return
        bridge.channels.remove(channel)
        channel.bridge = None
        self.sink(Event(events.BRIDGE_LEAVE, bridge.values + channel.values))
        if not bridge.channels:
            del self.bridges[bridge.uniqueid]
            self.sink(Event(events.BRIDGE_DESTROY, bridge.values))

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
