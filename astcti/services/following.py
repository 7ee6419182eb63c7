"""From what the PBX says to what clients are told: translate, track, tell. The event path, whole."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from typing import Protocol

from twisted.internet.interfaces import IDelayedCall, IReactorTime
from twisted.logger import Logger

from astcti.ami.dialect import translate
from astcti.ami.message import Message
from astcti.model.board import UNLINK_SECONDS
from astcti.model.callers import Callers
from astcti.model.calls import Tracker
from astcti.model.channels import normalise_interface
from astcti.model.facts import (
    AgentComplete,
    AgentConnect,
    AgentMissed,
    Booted,
    Fact,
    Hangup,
    MemberAdded,
    MemberPaused,
    MemberRemoved,
    MemberStatus,
    QueueAbandon,
    QueueJoin,
    QueueLeave,
    Shutdown,
    VariableSet,
)
from astcti.model.notices import Notice
from astcti.model.restoring import Recall
from astcti.model.roster import Roster
from astcti.services.stock import Stock

MAX_HELD = 200_000  # messages kept while lists are fetched: 10 s of a PBX at its limit, about 200 MB

_log = Logger()


class IAudience(Protocol):
    """Who is told (:class:`astcti.services.desk.Desk`)."""

    def notified(self, notices: Iterable[Notice]) -> None:
        """Seats are to be told this."""

    def member_changed(self, queue: str, interface: str, member: bool) -> None:
        """A phone became a member of a queue, or is none any more."""

    def member_fact(self, fact: Fact) -> None:
        """The PBX said something about a member of a queue."""


class Follower:
    """Follows the PBX's events, each within one call.

    While :meth:`hold` is in force events are kept, until :meth:`release`.

    :ivar used: events that meant something; ``faults`` those that we failed on.
    :ivar overflowed: events lost because too many had to be kept.
    :ivar on_call: called with each fact about a call, before it is tracked, as long as somebody wants to know.
    :ivar callers: who waits in queues.
    :ivar recall: what is known of a call from before this process began.
    :ivar on_rubbish: called with each message that is none: it may be a piece of one that was lost.
    :ivar on_booted: called when the PBX says that it is ready, ``on_shutdown`` that it shuts down.
    """

    def __init__(self, clock: IReactorTime, tracker: Tracker, roster: Roster, audience: IAudience) -> None:
        self.tracker = tracker
        self.roster = roster
        self.callers = Callers()
        self._clock = clock
        self._audience = audience
        self._held: list[Message] | None = None
        self._timer: IDelayedCall | None = None
        self.used = 0
        self.faults = 0
        self.overflowed = 0
        self.on_call: Callable[[Fact], object] | None = None
        self.on_booted: Callable[[], object] = lambda: None
        self.on_shutdown: Callable[[], object] = lambda: None
        self.on_rubbish: Callable[[], object] = lambda: None
        self.recall: Recall | None = None

    def follow(self, message: Message) -> None:
        """Follow one event, or keep it for later."""
        if self._held is not None:
            self._keep(self._held, message)
            return
        try:
            facts = translate(message)
            if facts:
                self.used += 1
                now = self._clock.seconds()
                for fact in facts:
                    kind = type(fact)
                    if kind in _OTHERS:
                        self._take(fact)
                        continue
                    if self.on_call is not None:
                        self.on_call(fact)
                    notices = self.tracker.feed(fact, now)
                    if notices:
                        self._audience.notified(notices)
                    if kind in _AT_MEMBERS:
                        self._audience.member_fact(fact)
                    elif isinstance(fact, _ABOUT_CALLERS):
                        self.callers.feed(fact, now)
                if self._timer is None and self.tracker.unlinks:
                    self._wait()
            elif not message.event:
                self.on_rubbish()
        except Exception:
            # One event we cannot digest must not cost the calls of everybody else.
            self.faults += 1
            _log.failure("Following {event}", event=message.event)

    def _keep(self, held: list[Message], message: Message) -> None:
        if message.event in _AT_ONCE:
            for fact in translate(message):
                self._take(fact)
        elif len(held) < MAX_HELD:
            held.append(message)
        else:
            self.overflowed += 1

    def hold(self) -> None:
        """Keep what comes from now on, and what is kept already."""
        if self._held is None:
            self._held = []

    def release(self) -> None:
        """Follow what was kept, and go on as usual."""
        held, self._held = self._held, None
        for message in held or ():
            self.follow(message)

    def drop(self) -> None:
        """Forget what was kept: the link it came by is gone. What comes by the next one is kept from its beginning."""
        self._held = []
        self.tracker.link_lost()

    def restore(self, stock: Stock) -> None:
        """Take over what the PBX's lists say. Ends of calls that are gone are told; :meth:`settle` tells the rest."""
        if stock.present is not None:
            now = self._clock.seconds()
            # What ended while the lists were made is told by what is kept, with all that went before.
            held = self._held or ()
            present = stock.present | {m.get("Uniqueid") for m in held if m.event == "Hangup"}
            to_come = {
                (m.event, m.get("Uniqueid"), m.get("BridgeUniqueid"))
                for m in held
                if m.event in ("BridgeEnter", "BridgeLeave")
            }
            self._tell(self.tracker.restore(stock.found, present, now, owed=True, recall=self.recall, to_come=to_come))
        elif not stock.late:
            self.tracker.complete = True  # as far as the PBX will ever tell
        if stock.members is not None:
            self.callers.replace((f for f in stock.found if isinstance(f, QueueJoin)), self._clock.seconds())
            queues = {m.queue for m in self.roster.members} | {m.queue for m in stock.members}
            self.roster.replace(stock.members, self._member_changed)
            for queue in queues:
                self.callers.on_change(queue)

    def settle(self, variables: Iterable[VariableSet]) -> None:
        """Tell what nobody heard while the PBX could not be seen: calls answered meanwhile pop."""
        now = self._clock.seconds()
        for fact in variables:
            self._tell(self.tracker.feed(fact, now))
        self._tell(self.tracker.settle(now))

    def resume(self, interfaces: Iterable[str], again: Collection[str]) -> None:
        """As :meth:`settle`, for one seat whose client was away for a moment."""
        self._tell(self.tracker.resume(interfaces, again, self._clock.seconds()))

    def _take(self, fact: Fact) -> None:
        """Follow what is not about a call."""
        if isinstance(fact, Shutdown):
            self.on_shutdown()
        elif isinstance(fact, Booted):
            self.on_booted()
        elif isinstance(fact, MemberAdded | MemberRemoved | MemberPaused):
            if self.roster.feed(fact):
                self._member_changed(fact)
            self._audience.member_fact(fact)
            self.callers.on_change(fact.queue)
        elif isinstance(fact, MemberStatus):
            self.roster.feed(fact)
            self.callers.on_change(fact.queue)

    def _member_changed(self, fact: MemberAdded | MemberRemoved | MemberPaused) -> None:
        added = isinstance(fact, MemberAdded)
        self._audience.member_changed(fact.queue, normalise_interface(fact.interface), added)

    def learn(self, fact: Fact) -> None:
        """Follow what the PBX said of a member when it was asked."""
        self._take(fact)

    def _tell(self, notices: Sequence[Notice]) -> None:
        if notices:
            self._audience.notified(notices)
        if self._timer is None:
            self._wait()

    def _wait(self) -> None:
        """See that ends of connections are told when they are certain."""
        due = self.tracker.next_due
        if due is not None:
            seconds = min(max(0.0, due - self._clock.seconds()), UNLINK_SECONDS)  # more, if the clock was set back
            self._timer = self._clock.callLater(seconds, self._due)

    def _due(self) -> None:
        self._timer = None
        try:
            self._tell(self.tracker.due(self._clock.seconds()))
        except Exception:
            self.faults += 1
            _log.failure("Telling ends of connections")
        if self._timer is None:
            self._wait()

    def silent(self, seconds: float) -> set[str]:
        """Unique ids of the channels that the PBX has said nothing about for so long."""
        then = self._clock.seconds() - seconds
        return {uniqueid for uniqueid, leg in self.tracker.legs.items() if leg.seen < then}

    def end(self, uniqueids: Iterable[str]) -> None:
        """These channels are gone, though their hang-up was never told."""
        now = self._clock.seconds()
        for uniqueid in uniqueids:
            leg = self.tracker.legs.get(uniqueid)
            if leg is not None:
                self._tell(self.tracker.feed(Hangup(uniqueid, leg.linkedid, leg.channel, 0, ""), now))

    def stop(self) -> None:
        """Nothing is waited for any more."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None


_ABOUT_CALLERS = (QueueJoin, QueueLeave, QueueAbandon)  # a union in its place would be built for each fact
_AT_MEMBERS = frozenset({AgentConnect, AgentComplete, AgentMissed})  # told as news of a member too
_AT_ONCE = frozenset({"FullyBooted", "Shutdown"})  # also while events are kept
_OTHERS = frozenset({MemberAdded, MemberRemoved, MemberPaused, MemberStatus, Shutdown, Booted})
