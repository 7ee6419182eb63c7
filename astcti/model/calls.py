"""Call tracking: one fact in, what seats are told out. No clock, no I/O; every step costs the same at any size."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from typing import Any

from astcti.model import dialing, facts, parking, queueing, restoring, talking
from astcti.model.board import UNLINK_SECONDS, Board
from astcti.model.channels import normalise_interface
from astcti.model.facts import Fact
from astcti.model.legs import Leg
from astcti.model.notices import Notice
from astcti.model.plan import Plan
from astcti.model.restoring import Move, Recall

#: What each fact does. To change what an agent is told, find its fact here and follow the function.
STEPS: Mapping[type[Fact], Callable[[Board, Any], None]] = {
    facts.ChannelNew: dialing.appeared,
    facts.ChannelState: dialing.state_changed,
    facts.ChannelExten: dialing.executed,
    facts.VariableSet: dialing.variable_set,
    facts.CallerId: dialing.caller_id_changed,
    facts.DialBegin: dialing.dial_began,
    facts.DialEnd: dialing.dial_ended,
    facts.OriginateResult: dialing.originated,
    facts.Hangup: dialing.hung_up,
    facts.BridgeEnter: talking.entered,
    facts.BridgeLeave: talking.left,
    facts.BridgeDestroy: talking.destroyed,
    facts.LocalPair: talking.halves_joined,
    facts.Rename: talking.renamed,
    facts.QueueJoin: queueing.joined,
    facts.QueueLeave: queueing.left,
    facts.QueueAbandon: queueing.abandoned,
    facts.AgentRing: queueing.ringing,
    facts.AgentConnect: queueing.connected,
    facts.Hold: parking.held,
    facts.Parked: parking.parked,
    facts.Unparked: parking.unparked,
    facts.Transfer: parking.transferred,
}

_NOBODY: Sequence[Notice] = ()


class Tracker:
    """Follows every call and says which seat is to be told what.

    Only the phones named to :meth:`listen` are told anything, and what nobody hears is not put together.

    :param is_member: whether a phone sits in a queue: ``is_member(queue, interface)``. It matters for Asterisk 1.4
        only, which does not say for which caller a queue rings a phone.
    """

    def __init__(
        self, plan: Plan, listening: Iterable[str] = (), is_member: Callable[[str, str], bool] | None = None
    ) -> None:
        self._board = Board(plan, is_member)
        #: Connections whose end is not certain yet; while there are none, :meth:`due` has nothing to say.
        self.unlinks = self._board.unlinks
        self.facts = 0
        for interface in listening:
            self.listen(interface)

    # -- who listens, and to what

    @property
    def plan(self) -> Plan:
        """Services and watched variables. Running calls keep the service they have when it is replaced."""
        return self._board.plan

    @plan.setter
    def plan(self, plan: Plan) -> None:
        self._board.plan = plan

    def listen(self, interface: str, seat: str = "") -> None:
        """Somebody sits at this phone now.

        :param seat: names the workplace, the same for all of its phones: a call pops once at a seat, whichever of its
            phones it comes by. Left out, the phone is a seat of its own.
        """
        interface = normalise_interface(interface)
        self._board.listeners[interface] = seat or interface
        for leg in self._board.at_phone.get(interface, ()):
            leg.known = True
        restoring.withhold(self._board, interface)

    def unlisten(self, interface: str) -> None:
        """Nobody sits at this phone any more."""
        self._board.listeners.pop(normalise_interface(interface), None)

    # -- what the PBX says

    def feed(self, fact: Fact, now: float) -> Sequence[Notice]:
        """Follow one fact.

        :param now: seconds; any origin, as long as it is the same for all calls.
        :returns: what seats are to be told, in order.
        """
        step = STEPS.get(type(fact))
        if step is None:
            return _NOBODY
        self.facts += 1
        board = self._board
        board.now = now
        if board.unlinks and not now < board.unlinks[0][0] <= now + UNLINK_SECONDS:
            self._tell_due(now)
        step(board, fact)
        if not board.notices:
            return _NOBODY
        notices, board.notices = board.notices, []
        return notices

    @property
    def next_due(self) -> float | None:
        """When :meth:`due` has something to say at the earliest, in seconds, or nothing."""
        unlinks = self._board.unlinks
        while unlinks and unlinks[0][1].unlink_due != unlinks[0][0]:
            unlinks.popleft()  # together again, or told at the hang-up
        return unlinks[0][0] if unlinks else None

    def due(self, now: float) -> Sequence[Notice]:
        """Tell the ends of connections that are certain by now."""
        self._board.now = now
        self._tell_due(now)
        notices, self._board.notices = self._board.notices, []
        return notices

    def _tell_due(self, now: float) -> None:
        unlinks = self._board.unlinks
        # What is due later than it can be was noted before the clock was set back.
        while unlinks and not now < unlinks[0][0] <= now + UNLINK_SECONDS:
            due, leg = unlinks.popleft()
            if leg.unlink_due == due:
                talking.tell_unlink(self._board, leg)

    # -- after the link to the PBX was away

    def restore(
        self,
        found: Iterable[Fact],
        present: Collection[str],
        now: float,
        *,
        owed: bool = False,
        recall: Recall | None = None,
        to_come: Collection[Move] = (),
    ) -> Sequence[Notice]:
        """Take over what lists say: ``found`` are facts made of them, ``present`` the unique ids of all channels.

        Calls that are gone end. Those that are there do not pop where they are, but do at a seat they are passed on to;
        unless what is ``owed`` is to be told by :meth:`settle`.

        :param recall: what is known of a call from before this process began; asked for calls that are new to us.
        :param to_come: who enters and leaves which bridge in facts that will be fed after this: lists that know of it
            already must not hide what was between.
        """
        notices = list(self.drop_missing(present, now))
        board = self._board
        board.quiet, board.owing = True, owed
        try:
            restoring.take_over(
                board, found, present, lambda fact: notices.extend(self.feed(fact, now)), recall, to_come
            )
        finally:
            board.quiet = board.owing = False
        return notices

    @property
    def complete(self) -> bool:
        """Whether all calls there are have been taken over, at least once; until then some may be missing."""
        return self._board.complete

    @complete.setter
    def complete(self, complete: bool) -> None:
        self._board.complete = complete

    @property
    def remember(self) -> bool:
        """Whether changes of services' calls are kept for :meth:`take_changes`."""
        return self._board.remember

    @remember.setter
    def remember(self, remember: bool) -> None:
        self._board.remember = remember

    def take_changes(self) -> tuple[list[Leg], list[str]]:
        """Calls of services of which there is something new since the last time, and unique ids of those that ended."""
        board = self._board
        if not board.news and not board.ended_stories:
            return [], []
        changed, board.news = list(board.news.values()), {}
        ended, board.ended_stories = board.ended_stories, []
        return changed, ended

    def unsettled(self) -> list[tuple[Leg, tuple[str, ...]]]:
        """Callers of whom variables have to be known before :meth:`settle`, with the names of those."""
        return restoring.unsettled(self._board)

    def settle(self, now: float) -> Sequence[Notice]:
        """Tell seats what they did not hear while we could not hear it."""
        self._board.now = now
        restoring.settle(self._board)
        notices, self._board.notices = self._board.notices, []
        return notices

    def resume(self, interfaces: Iterable[str], again: Collection[str], now: float) -> Sequence[Notice]:
        """Tell a seat what happened at its phones while those who sit there were away for a moment.

        :param again: unique ids of calls that popped there, but nobody knows whether they were seen.
        """
        board = self._board
        board.now = now
        restoring.resume(board, interfaces, again)
        notices, board.notices = board.notices, []
        return notices

    def newly_there(self, interfaces: Iterable[str]) -> Sequence[str]:
        """Keep from a seat for good the calls in whose middle they sat down; unique ids of those."""
        return restoring.newly_there(self._board, interfaces)

    def link_lost(self) -> None:
        """What comes from here on comes by another link, from another PBX perhaps."""
        self._board.forget_ended()

    def drop_missing(self, present: Collection[str], now: float) -> Sequence[Notice]:
        """End every leg whose channel the PBX does not have."""
        notices: list[Notice] = []
        for leg in [leg for uniqueid, leg in self._board.legs.items() if uniqueid not in present]:
            notices.extend(self.feed(facts.Hangup(leg.uniqueid, leg.linkedid, leg.channel, 0, ""), now))
        return notices

    def silent_since(self, then: float) -> list[str]:
        """Channels (by name) the PBX has said nothing about since ``then``: to be asked for, now and again."""
        return [leg.channel for leg in self._board.legs.values() if leg.seen < then]

    # -- looking in

    @property
    def legs(self) -> Mapping[str, Leg]:
        """All channels followed, by unique id."""
        return self._board.legs

    def states_at(self, interface: str) -> list[str]:
        """The states of the channels of a phone at this moment."""
        return [leg.state for leg in self._board.at_phone.get(interface, ())]

    @property
    def counters(self) -> dict[str, int]:
        """How much is followed and was."""
        board = self._board
        return {
            "facts": self.facts, "channels": len(board.legs), "bridges": len(board.bridges), "stubs": len(board.stubs),
            "dropped_stubs": board.dropped_stubs, "waiting": sum(map(len, board.waiting.values())),
            "listening": len(board.listeners),
        }  # fmt: skip

    def snapshot(self) -> list[dict[str, str]]:
        """Every channel with what is known of it, for people and for comparing with the PBX."""
        return [
            {
                "uniqueid": leg.uniqueid, "linkedid": leg.linkedid, "channel": leg.channel, "state": leg.state,
                "bridge": leg.bridge.id if leg.bridge else "", "number": leg.story.number,
                "service": leg.story.service.name if leg.story.service else "", "queue": leg.story.queue,
            }
            for leg in self._board.legs.values()
        ]  # fmt: skip
