"""What a PBX has and shows: channels, bridges, phones, queues, variables, and the events that tell of them."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import TYPE_CHECKING

from astcti.simulator import events
from astcti.simulator.agenda import Agenda
from astcti.simulator.channel import Bridge, Channel, Shown, escaped
from astcti.simulator.events import Event, Layout
from astcti.simulator.phones import LAMPS, MEMBER_STATUS, Phone, Trunk

if TYPE_CHECKING:
    from random import Random

    from astcti.simulator.queues import Queue


class Switch:
    """Everything that is there at one moment. Whatever changes here is told by an event.

    :param sink: takes every event, in order.
    """

    def __init__(self, agenda: Agenda, chance: Random, sink: Callable[[Event], None], asterisk: int) -> None:
        self.agenda = agenda
        self.chance = chance
        self.sink = sink
        self.modern = asterisk >= 22
        self.started = agenda.now
        self.channels: dict[str, Channel] = {}
        self.bridges: dict[str, Bridge] = {}
        self.phones: dict[str, Phone] = {}
        self.queues: dict[str, Queue] = {}
        self.globals: dict[str, str] = {}
        self.trunk = Trunk("PJSIP/trunk", "trunk")
        self._numbers: dict[str, Phone] = {}
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

    def occupy(self, channel: Channel) -> None:
        """The phone is in use by the channel."""
        phone = channel.phone
        assert phone is not None
        before = phone.device
        phone.calls[channel] = None
        phone.passed("", channel.shown.state)
        self.device_changed(phone, before)

    def enter_state(self, channel: Channel, state: str) -> None:
        """A channel is in another state now, and so may its phone be."""
        phone = channel.phone
        assert phone is not None
        before = phone.device
        phone.passed(channel.shown.state, state)
        channel.change(state=state)
        self.tell(events.NEWSTATE, channel)
        self.device_changed(phone, before)

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
