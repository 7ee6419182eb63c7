"""Everything tracked at one moment, and the one door through which seats are told."""

from __future__ import annotations

from collections import OrderedDict, deque
from collections.abc import Callable

from astcti.model.channels import interface_of, local_pair_of
from astcti.model.legs import Bridge, Leg, Story
from astcti.model.notices import CallView, Notice
from astcti.model.plan import Plan, ServicePlan

#: Channels that mean nothing to any service or seat are kept up to this many; the oldest go first.
MAX_STUBS = 20_000

#: Unique ids of ended channels, remembered so that a late event does not bring one back to life.
MAX_ENDED = 4096

#: A pair that is together again within this time (seconds) was never apart: bridges are left and entered again for
#: DTMF, native bridging and the optimisation of Local channels.
UNLINK_SECONDS = 0.3


class Board:
    """Legs, bridges and stories by every name they are looked up by.

    :ivar listeners: interface of a phone to the name of the seat it stands on, for seats that somebody sits at.
    :ivar quiet: true while the state is rebuilt from lists: nobody is told anything.
    :ivar owing: true while what would be told is owed: it is told by :func:`astcti.model.restoring.settle`.
    :ivar settling: true while that is done; ``recovered`` then and while a seat is told what its client missed.
    :ivar remember: whether somebody writes down what is known of services' calls: ``news`` are those of which there is
        something new, ``ended_stories`` the unique ids of those that are over; both to be taken now and then.
    :ivar complete: whether all calls there are have been taken over, at least once.
    :ivar callers: unique ids of the channels that were in the dial plan when the lists were made.
    :ivar now: seconds, of the event being looked at.
    """

    def __init__(self, plan: Plan, is_member: Callable[[str, str], bool] | None = None) -> None:
        self.plan = plan
        self.is_member = is_member
        self.now = 0.0
        self.quiet = False
        self.owing = False
        self.settling = False
        self.recovered = False
        self.complete = False
        self.callers: set[str] = set()
        self.remember = False
        self.news: dict[str, Leg] = {}
        self.ended_stories: list[str] = []
        self.legs: dict[str, Leg] = {}
        self.by_channel: dict[str, Leg] = {}
        self.at_phone: dict[str, set[Leg]] = {}
        self.bridges: dict[str, Bridge] = {}
        self.listeners: dict[str, str] = {}
        self.notices: list[Notice] = []
        self.unlinks: deque[tuple[float, Leg]] = deque()
        self.waiting: dict[str, dict[str, Leg]] = {}
        self.stubs: OrderedDict[str, None] = OrderedDict()
        self.dropped_stubs = 0
        self._halves: dict[str, Leg] = {}
        self._ended: OrderedDict[str, None] = OrderedDict()  # a dict is slow to drop its oldest again and again
        self._serial = 0

    # -- legs

    def leg(self, uniqueid: str, channel: str, linkedid: str = "") -> Leg | None:
        """The leg of an event, made if the PBX speaks of one we have not seen begin; none once it has ended."""
        leg = self.legs.get(uniqueid)
        if leg is None:
            if not uniqueid or not channel or uniqueid in self._ended:
                return None
            leg = self._add(uniqueid, channel)
        elif leg.channel != channel and channel:
            self.rename(leg, channel)
        if linkedid:
            leg.linkedid = linkedid  # it may change silently: the newest event is right
        leg.seen = self.now
        return leg

    def find(self, uniqueid: str, channel: str) -> Leg | None:
        """A leg we know, by its unique id or, where Asterisk 1.4 does not give one, by its channel."""
        return self.legs.get(uniqueid) or self.by_channel.get(channel)

    def _add(self, uniqueid: str, channel: str) -> Leg:
        self._serial += 1
        leg = Leg(uniqueid, channel, interface_of(channel), self._serial, self.now)
        self.legs[uniqueid] = leg
        self.by_channel[channel] = leg
        self.at_phone.setdefault(leg.interface, set()).add(leg)
        half = local_pair_of(channel)
        if half:
            other = self._halves.pop(half, None)
            if other is None:
                self._halves[half] = leg
            else:
                self.join_halves(leg, other)
        if leg.interface not in self.listeners:
            self.stubs[uniqueid] = None
            if len(self.stubs) > MAX_STUBS:
                self._drop_oldest_stub()
        return leg

    def _drop_oldest_stub(self) -> None:
        oldest = self.legs.get(next(iter(self.stubs)))
        if oldest is not None:
            self.dropped_stubs += 1
            self.forget(oldest)

    def promote(self, leg: Leg) -> None:
        """This leg matters to a service or a seat: it is no stub any more."""
        self.stubs.pop(leg.uniqueid, None)

    def join_halves(self, one: Leg, two: Leg) -> None:
        """``one`` and ``two`` are the halves of a Local channel."""
        one.pair, two.pair = two, one
        self._halves.pop(local_pair_of(one.channel), None)

    def rename(self, leg: Leg, channel: str) -> None:
        """The leg is known by another name from now on; its seat follows the name."""
        if self.by_channel.get(leg.channel) is leg:
            del self.by_channel[leg.channel]
        leg.channel = channel
        self.by_channel[channel] = leg
        self._leave_phone(leg)
        leg.interface = interface_of(channel)
        self.at_phone.setdefault(leg.interface, set()).add(leg)
        if leg.interface:
            leg.story.channel = channel
        if leg.interface in self.listeners:
            self.promote(leg)

    def forget(self, leg: Leg) -> None:
        """The channel is gone: so is every trace of it."""
        self.legs.pop(leg.uniqueid, None)
        self.stubs.pop(leg.uniqueid, None)
        if self.by_channel.get(leg.channel) is leg:
            del self.by_channel[leg.channel]
        self._leave_phone(leg)
        if leg.pair is not None:
            leg.pair.pair = None
            leg.pair = None
        half = local_pair_of(leg.channel)
        if half and self._halves.get(half) is leg:
            del self._halves[half]
        self._leave_bridge(leg)
        if leg.rings_for is not None:
            leg.rings_for.ringing.discard(leg.uniqueid)
        self.stop_waiting(leg)
        if self.remember and leg.story.service is not None:
            self.news.pop(leg.uniqueid, None)
            self.ended_stories.append(leg.uniqueid)
        leg.unlink_due = 0.0
        leg.peer = leg.linked = leg.rings_for = leg.withheld = None
        self._ended[leg.uniqueid] = None
        if len(self._ended) > MAX_ENDED:
            self._ended.popitem(last=False)

    def born(self, uniqueid: str) -> None:
        """A channel begins: if one of this id has ended, it was another, before the PBX was begun anew."""
        self._ended.pop(uniqueid, None)

    def forget_ended(self) -> None:
        """No late event can come: the link that told of them is gone."""
        self._ended.clear()

    def _leave_phone(self, leg: Leg) -> None:
        there = self.at_phone.get(leg.interface)
        if there is not None:
            there.discard(leg)
            if not there:
                del self.at_phone[leg.interface]

    def _leave_bridge(self, leg: Leg) -> None:
        """Nobody is told: whoever has to be was told before."""
        bridge, leg.bridge = leg.bridge, None
        if bridge is not None:
            bridge.members.pop(leg.uniqueid, None)
            if not bridge.members:
                self.bridges.pop(bridge.id, None)

    # -- stories

    def set_service(self, leg: Leg, service: ServicePlan) -> bool:
        """The party on this leg calls for ``service``; whether that is news."""
        story = leg.story
        if story.service is service:
            return False
        story.service = service
        self.promote(leg)
        self.changed(leg)
        return True

    def begin_at_large(self, leg: Leg) -> None:
        """Where no service is configured: the caller on this leg has the one variable, so this context is a service.

        A phone that is rung inherits variables of its caller, and is none.
        """
        if leg.story.service is None and leg.linkedid in (leg.uniqueid, "") and leg.rings_for is None:
            self.set_service(leg, self.plan.at_large(leg.story.context))

    def changed(self, leg: Leg) -> None:
        """Something is known of a service's call that another life of this program would want to know."""
        if self.remember and leg.story.service is not None:
            self.news[leg.uniqueid] = leg

    def rings(self, leg: Leg, story: Story) -> None:
        """This phone rings (or will) for ``story``."""
        if leg.rings_for is not story:
            if leg.rings_for is not None:
                leg.rings_for.ringing.discard(leg.uniqueid)
            leg.rings_for = story
        if leg.interface in self.listeners:
            story.ringing.add(leg.uniqueid)
        self.promote(leg)

    def start_waiting(self, leg: Leg) -> None:
        """The party waits in a queue."""
        leg.story.waiting = True
        self.waiting.setdefault(leg.story.number, {})[leg.uniqueid] = leg

    def stop_waiting(self, leg: Leg) -> None:
        """The party waits no more."""
        if leg.story.waiting:
            leg.story.waiting = False
            same_number = self.waiting.get(leg.story.number, {})
            same_number.pop(leg.uniqueid, None)
            if not same_number:
                self.waiting.pop(leg.story.number, None)

    def set_number(self, leg: Leg, number: str, name: str) -> None:
        """Who the party is; an absent number or name never replaces a known one."""
        story = leg.story
        if number and number != story.number:
            waits = story.waiting
            self.stop_waiting(leg)
            story.number = number
            if waits:
                self.start_waiting(leg)
        if name:
            story.name = name

    # -- telling

    def hears(self, leg: Leg) -> bool:
        """Whether anybody sits at the seat of this leg's phone."""
        return leg.interface in self.listeners

    def tell(self, kind: str, leg: Leg, view: CallView, pop: bool = False, repeated: bool = False) -> None:
        """Tell the seat of this leg's phone, if anybody sits there."""
        if leg.interface not in self.listeners:
            return
        leg.known = True
        if self.quiet:
            return
        service = (leg.linked or leg.rings_for or leg.story).service
        self.notices.append(
            Notice(kind, leg.interface, view, service.id if service else 0, pop, self.now, self.recovered, repeated)
        )

    def tell_state(self, kind: str, leg: Leg, state: str = "", repeated: bool = False) -> None:
        """Tell the leg's seat about its own channel."""
        if leg.interface not in self.listeners:
            return
        if self.quiet:
            leg.known = True
        else:  # or the view would be made for nobody
            self.tell(kind, leg, leg.view(state), repeated=repeated)

    def bridge(self, id: str, kind: str) -> Bridge:
        """The bridge of that id, made if it is new."""
        bridge = self.bridges.get(id)
        if bridge is None:
            bridge = self.bridges[id] = Bridge(id, kind)
        return bridge
