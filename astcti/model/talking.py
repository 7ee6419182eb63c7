"""Who hears whom: bridges, the halves of Local channels, and telling seats when they are connected and when no more."""

from __future__ import annotations

from astcti.model import facts
from astcti.model.board import UNLINK_SECONDS, Board
from astcti.model.legs import Bridge, Leg, Story, view_of
from astcti.model.notices import CallView

#: Legs looked at in one conversation: a bound for chains of Local channels that point at each other.
MAX_CONVERSATION = 32


def conversation(bridge: Bridge) -> list[Leg]:
    """All legs that hear each other, across the halves of Local channels."""
    if not bridge.conversation:
        return []
    legs = list(bridge.members.values())
    seen = {bridge.id}
    for leg in legs:  # grows while it is walked
        other = leg.pair.bridge if leg.pair is not None else None
        if other is not None and other.conversation and other.id not in seen:
            seen.add(other.id)
            legs.extend(other.members.values())
        if len(legs) >= MAX_CONVERSATION:
            break
    return legs


def parties(board: Board, legs: list[Leg]) -> list[Leg]:
    """Those of a conversation who talk, as seats see it.

    Where somebody has a Local channel for a phone, its far half and whoever that has called are that phone, and no
    party of their own: though the far half runs the dial plan, through a service perhaps, it is nobody who calls.
    """
    phones = _phones_behind(board, legs)
    return [leg for leg in legs if leg.bridge is None or leg.bridge.id not in phones] if phones else legs


def _phones_behind(board: Board, legs: list[Leg]) -> dict[str, str]:
    """Ids of the bridges in which the far halves of Local channels talk that are phones, and the seats of these."""
    return {
        leg.pair.bridge.id: board.listeners[leg.interface]
        for leg in legs
        if leg.pair is not None and leg.pair.bridge is not None and board.hears(leg)
    }


def owner_of(legs: list[Leg]) -> Leg:
    """Whose story it is: the oldest leg with a service, else the oldest real one, else the oldest."""
    return min(legs, key=lambda leg: (leg.story.service is None, leg.pair is not None, leg.serial))


def connect(board: Board, bridge: Bridge) -> None:
    """Somebody came into this bridge: tell every seat that is newly connected with a story."""
    legs = conversation(bridge)
    talking = parties(board, legs)
    if len(talking) < 2 or board.owing:
        return
    owner = owner_of(talking)
    story = owner.story
    if story.service is None and board.settling:
        return  # what was kept meanwhile, and follows now, may say which service it is
    if story.service is None and sum(leg.pair is None or board.hears(leg) for leg in talking) < 2:
        return  # half a Local channel is nobody: who is behind it comes with the next bridge event
    behind = _phones_behind(board, legs) if len(talking) < len(legs) else {}
    for leg in legs:
        if not board.hears(leg):
            if board.quiet:  # whoever sits down there in the middle of this call is not surprised by it either
                story.told.add(leg.interface)
            continue
        if behind and leg.bridge is not None and behind.get(leg.bridge.id) == board.listeners[leg.interface]:
            continue  # the seat is told by the Local channel that leads to this phone
        board.promote(leg)
        peer = owner if leg is not owner else _other_party(talking, owner)
        if leg.linked is story and (leg is not owner or leg.peer is peer):
            leg.unlink_due = 0.0
            leg.peer = peer
        else:
            if leg.linked is not None:
                tell_unlink(board, leg)
            _tell_link(board, leg, owner, peer)


def _other_party(legs: list[Leg], owner: Leg) -> Leg:
    others = [leg for leg in legs if leg is not owner and leg is not owner.pair]
    return min(others or legs, key=lambda leg: (leg.pair is not None, leg.serial))


def _tell_link(board: Board, leg: Leg, owner: Leg, peer: Leg) -> None:
    story = owner.story
    calls = leg is owner
    leg.linked, leg.peer, leg.unlink_due = story, peer, 0.0
    if leg.rings_for is not None:
        leg.rings_for.ringing.discard(leg.uniqueid)
    pop = repeated = False
    if story.service is not None and story.service.outbound == calls:
        seat = board.listeners[leg.interface]
        pop = seat not in story.told and leg.interface not in story.told
        repeated = board.recovered and not pop
        story.told.add(seat)
    direction = "internal" if peer.interface in board.listeners else ""
    board.tell("Link", leg, _pair_view(leg, story, peer, "Up", direction), pop, repeated)


def link_again(board: Board, leg: Leg) -> None:
    """Tell the leg's seat once more what it was told to be connected with."""
    story, peer = leg.linked, leg.peer
    owner = leg if leg.story is story else peer
    if peer is not None and owner is not None and owner.story is story:
        _tell_link(board, leg, owner, peer)


def _pair_view(leg: Leg, story: Story, peer: Leg, state: str, direction: str = "") -> CallView:
    """A connection as a seat sees it: the story's channel first, then the other one."""
    first, second = (leg, peer) if leg.story is story else (peer, leg)
    return view_of(story, first.channel, state, second.linkedid, second.channel, second.uniqueid, direction=direction)


def tell_unlink(board: Board, leg: Leg) -> None:
    """Tell the leg's seat that its connection is over, now."""
    story, peer = leg.linked, leg.peer
    if story is not None and peer is not None:
        board.tell("Unlink", leg, _pair_view(leg, story, peer, leg.state))
        leg.rings_for = story if story is not leg.story else leg.rings_for
    leg.linked = leg.peer = None
    leg.unlink_due = 0.0


def _part(board: Board, leg: Leg) -> None:
    """The connection looks over; it is, unless they are together again in time."""
    if leg.linked is not None and not leg.unlink_due:
        leg.unlink_due = board.now + UNLINK_SECONDS
        board.unlinks.append((leg.unlink_due, leg))


def leave(board: Board, leg: Leg) -> None:
    """The leg leaves the bridge it is in, if any."""
    bridge, leg.bridge = leg.bridge, None
    if bridge is None:
        return
    bridge.members.pop(leg.uniqueid, None)
    if not bridge.conversation:
        if not bridge.members:
            board.bridges.pop(bridge.id, None)
        return
    _part(board, leg)
    rest = conversation(bridge)
    present = {other.story.uniqueid for other in rest}
    for other in rest:
        if other.linked is None:
            continue
        alone = other.peer not in rest if other.linked is other.story else other.linked.uniqueid not in present
        if alone:
            _part(board, other)
    if not bridge.members:
        board.bridges.pop(bridge.id, None)


def inherited(board: Board, leg: Leg) -> None:
    """A leg that somebody was to take the place of is gone.

    Where it was in a bridge until its end, the other has been put there in its stead without a word: so it goes when
    an attended transfer is completed while the target is picking up (seen on 16 and 22).
    """
    heir, bridge = board.legs.get(leg.heir), leg.bridge
    if heir is not None and heir.bridge is None and bridge is not None:
        entered(board, facts.BridgeEnter(bridge.id, "basic", heir.uniqueid, heir.linkedid, heir.channel, leg.uniqueid))


def entered(board: Board, fact: facts.BridgeEnter) -> None:
    """A channel entered a bridge."""
    leg = board.leg(fact.uniqueid, fact.channel, fact.linkedid)
    if leg is None:
        return
    bridge = board.bridge(fact.bridge, fact.kind)
    if leg.bridge is not bridge:
        leave(board, leg)
        bridge = board.bridge(fact.bridge, fact.kind)
        leg.bridge = bridge
        bridge.members[leg.uniqueid] = leg
    if fact.swap_uniqueid:
        swapped = board.legs.get(fact.swap_uniqueid)
        if swapped is not None and swapped.bridge is bridge:
            leave(board, swapped)
    connect(board, bridge)


def left(board: Board, fact: facts.BridgeLeave) -> None:
    """A channel left a bridge."""
    leg = board.legs.get(fact.uniqueid)
    if leg is not None and leg.bridge is not None and leg.bridge.id == fact.bridge:
        leave(board, leg)


def destroyed(board: Board, fact: facts.BridgeDestroy) -> None:
    """A bridge is gone: whoever was still in it left."""
    bridge = board.bridges.get(fact.bridge)
    if bridge is not None:
        for leg in list(bridge.members.values()):
            leave(board, leg)
        board.bridges.pop(fact.bridge, None)


def halves_joined(board: Board, fact: facts.LocalPair) -> None:
    """Two halves of a Local channel are joined."""
    one = board.leg(fact.one_uniqueid, fact.one_channel)
    two = board.leg(fact.two_uniqueid, fact.two_channel)
    if one is None or two is None:
        return
    if one.pair is not two:
        board.join_halves(one, two)
    for leg in (one, two):
        if leg.bridge is not None:
            connect(board, leg.bridge)


def renamed(board: Board, fact: facts.Rename) -> None:
    """A channel has another name (before Asterisk 12): its seat follows the name.

    A masquerade is three renames: the clone becomes ``X<MASQ>``, the original becomes ``X``, the clone becomes
    a zombie. With the second one the party on the clone's channel lives on the original.
    """
    leg = board.legs.get(fact.uniqueid)
    if leg is None or leg.channel == fact.new:
        return
    old = leg.interface
    if leg.known:
        if leg.linked is not None:
            tell_unlink(board, leg)
        board.tell("Hangup", leg, leg.view())
        leg.known = False
    board.rename(leg, fact.new)
    if fact.new.endswith(("<MASQ>", "<ZOMBIE>")):
        leave(board, leg)  # nobody is on it any more
    clone = board.by_channel.get(fact.new + "<MASQ>")
    if clone is not None and clone is not leg:
        _move_party(board, clone, leg)
    if leg.interface != old and board.hears(leg):
        board.tell_state("Newchannel", leg)
    if leg.bridge is not None:
        connect(board, leg.bridge)


def _move_party(board: Board, clone: Leg, original: Leg) -> None:
    board.stop_waiting(original)
    original.story, clone.story = clone.story, Story(clone.uniqueid, clone.channel, board.now)
    if original.story.service is not None:
        board.promote(original)
