"""After a time in which we could not see the PBX: taking over what lists say, and telling seats what they missed.

A call that is found connected with a seat has been answered there. Whether it has popped there already is written in
its story (``told``): then it does not again, else it does now. So it does not matter when exactly it was answered,
before the link was lost, while it was away, or while the lists were on their way.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from typing import NamedTuple

from astcti.model import facts
from astcti.model.board import Board
from astcti.model.dialing import NOT_DIAL_PLAN
from astcti.model.facts import Fact
from astcti.model.legs import Leg, Story
from astcti.model.talking import connect, conversation, leave, link_again, owner_of, parties


class Recalled(NamedTuple):
    """What is known of a call from an earlier life.

    :ivar told: seats where it has popped.
    :ivar service_id: 0 when that is not known.
    """

    told: Collection[str] = ()
    service_id: int = 0
    queue: str = ""
    number: str = ""
    name: str = ""
    variables: Mapping[str, str] = {}


#: Watched variables asked for of a caller who has not reached a service.
MAX_NAMES = 32

Move = tuple[str, str, str]
"""``BridgeEnter`` or ``BridgeLeave``, the channel's unique id, the bridge's."""

Recall = Callable[[str], Recalled | None]
"""What is known of a call, by its unique id."""


def take_over(
    board: Board,
    found: Iterable[Fact],
    present: Collection[str],
    feed: Callable[[Fact], None],
    recall: Recall | None,
    to_come: Collection[Move] = (),
) -> None:
    """Make the board what the lists say; ``feed`` follows a fact without telling anybody.

    :param to_come: what will be followed after this, and is left to that.
    """
    known = set(board.legs) if board.complete else set()  # before, an event is all that we know of a call
    board.complete = True
    found = list(found)
    board.callers = {
        fact.uniqueid
        for fact in found
        if isinstance(fact, facts.ChannelExten) and fact.application.lower() not in NOT_DIAL_PLAN
    }
    together = {fact.uniqueid: fact.bridge for fact in found if isinstance(fact, facts.BridgeEnter)}
    for fact in found:
        if isinstance(fact, facts.BridgeEnter):
            continue
        feed(fact)
        if isinstance(fact, facts.ChannelExten) and fact.application.lower() == "queue":
            _queued(board, fact)
    if recall is not None:
        for uniqueid in board.legs.keys() - known:
            _remember(board, board.legs[uniqueid], recall(uniqueid))
    for uniqueid in present:
        leg = board.legs.get(uniqueid)
        bridge = leg.bridge if leg is not None else None
        if leg is None or bridge is None or bridge.id == together.get(uniqueid):
            continue
        if ("BridgeLeave", uniqueid, bridge.id) not in to_come:
            leave(board, leg)
    for fact in found:
        if isinstance(fact, facts.BridgeEnter) and ("BridgeEnter", fact.uniqueid, fact.bridge) not in to_come:
            feed(fact)


def _queued(board: Board, fact: facts.ChannelExten) -> None:
    """A caller is in a queue, waiting or talking: its name is the first thing handed to ``Queue``."""
    leg = board.legs.get(fact.uniqueid)
    queue = fact.data.replace("|", ",").partition(",")[0].strip()
    if leg is None or not queue:
        return
    leg.story.queue = leg.story.queue or queue
    service = board.plan.at_queue(queue, leg.story.service.name if leg.story.service else leg.story.context)
    if service is not None:
        board.set_service(leg, service)


def _remember(board: Board, leg: Leg, recalled: Recalled | None) -> None:
    if recalled is None:
        return
    story = leg.story
    story.told.update(recalled.told)
    service = board.plan.by_id.get(recalled.service_id)
    if service is not None:
        board.set_service(leg, service)
    story.queue = story.queue or recalled.queue
    for name, value in recalled.variables.items():
        story.variables.setdefault(name, value)
    if board.plan.anywhere in recalled.variables:
        board.begin_at_large(leg)
    board.set_number(leg, story.number or recalled.number, story.name or recalled.name)
    board.changed(leg)


def unsettled(board: Board) -> list[tuple[Leg, tuple[str, ...]]]:
    """Callers whose watched variables we may have missed, with the names of those.

    Of callers of a service those that have not popped anywhere, or of whom nothing is known; of callers who are still
    on their way through the dial plan all, because it may set a variable first and reach the service later.
    """
    plan = board.plan
    all_names = tuple(dict.fromkeys(name for spellings in plan.watched.values() for name in spellings))
    found = []
    for uniqueid in board.callers:
        leg = board.legs.get(uniqueid)
        if leg is None or leg.pair is not None:
            continue
        story = leg.story
        names = story.service.variables if story.service is not None else all_names[:MAX_NAMES]
        if names and (not story.told or not story.variables):
            found.append((leg, names))
    return found


def settle(board: Board) -> None:
    """Tell every seat what it is newly connected with, or rung by."""
    board.recovered = board.settling = True
    try:
        for bridge in list(board.bridges.values()):
            connect(board, bridge)
        for interface in board.listeners:
            for leg in legs_at(board, interface):
                _ring(board, leg)
    finally:
        board.recovered = board.settling = False


def _ring(board: Board, leg: Leg, *, again: bool = False) -> None:
    """A phone that was found ringing: its seat hears for whom.

    :param again: also if it was told so, by another connection.
    """
    repeated = leg.named
    if leg.state != "Ringing" or (repeated and not again):
        return
    root = board.legs.get(leg.linkedid)
    story = leg.rings_for or (root.story if root is not None and root is not leg else None)
    if story is None or story.service is None:
        return
    board.rings(leg, story)
    leg.named = True
    board.tell_state("Callerid", leg, repeated=repeated)
    board.tell_state("Newstate", leg, repeated=repeated)


def withhold(board: Board, interface: str) -> None:
    """Somebody sits down in the middle of a call: it does not surprise them, unless they were only away."""
    seat = board.listeners[interface]
    for leg in legs_at(board, interface):
        story = _talks_with(board, leg)
        if story is not None and seat not in story.told and interface not in story.told:
            story.told.add(seat)
            leg.withheld = story


def newly_there(board: Board, interfaces: Iterable[str]) -> list[str]:
    """They were not only away: what was withheld from them is not told later either; unique ids of those calls."""
    calls = []
    for interface in interfaces:
        for leg in legs_at(board, interface) if interface in board.listeners else ():
            if leg.withheld is not None:
                calls.append(leg.withheld.uniqueid)
                leg.withheld = None
    return calls


def resume(board: Board, interfaces: Iterable[str], again: Collection[str]) -> None:
    """They were only away: what goes on at their phone is told now, whether or not they heard of it before.

    A call pops now if it did not, or if nobody knows whether it did.
    """
    there = [interface for interface in interfaces if interface in board.listeners]
    legs = [(leg, leg.linked) for interface in there for leg in legs_at(board, interface)]
    board.recovered = True
    try:
        for leg, linked in legs:
            seat, story = board.listeners[leg.interface], _talks_with(board, leg)
            board.tell_state("Newchannel", leg)
            if story is not None and (leg.withheld is story or story.uniqueid in again):
                story.told.discard(seat)
            if linked is not None and linked is story:
                link_again(board, leg)
            elif leg.bridge is not None and story is not None:
                connect(board, leg.bridge)
            else:
                _ring(board, leg, again=True)
            leg.withheld = None
    finally:
        board.recovered = False


def legs_at(board: Board, interface: str) -> list[Leg]:
    """The channels of a phone, oldest first."""
    return sorted(board.at_phone.get(interface, ()), key=lambda leg: leg.serial)


def _talks_with(board: Board, leg: Leg) -> Story | None:
    """Whose story a phone is connected with at this moment."""
    if leg.bridge is None:
        return None
    legs = parties(board, conversation(leg.bridge))
    return owner_of(legs).story if len(legs) > 1 else None
