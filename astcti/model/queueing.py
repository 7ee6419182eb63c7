"""Callers who wait in queues, and the members that are rung for them."""

from __future__ import annotations

from astcti.model import facts
from astcti.model.board import Board


def joined(board: Board, fact: facts.QueueJoin) -> None:
    """A caller waits in a queue: the queue's service is the caller's from here on."""
    leg = board.leg(fact.uniqueid, fact.channel, fact.linkedid) or board.find("", fact.channel)
    if leg is None:
        return
    story = leg.story
    story.queue = fact.queue
    board.set_number(leg, fact.number, fact.name)
    service = board.plan.at_queue(fact.queue, story.service.name if story.service else story.context)
    if service is not None:
        board.set_service(leg, service)
    board.start_waiting(leg)
    board.tell_state("Join", leg)


def left(board: Board, fact: facts.QueueLeave) -> None:
    """A caller left a queue, served or not."""
    leg = board.find(fact.uniqueid, fact.channel)
    if leg is not None and leg.story.waiting:
        board.stop_waiting(leg)
        board.tell_state("Leave", leg)


def abandoned(board: Board, fact: facts.QueueAbandon) -> None:
    """A caller gave up."""
    leg = board.legs.get(fact.uniqueid)
    if leg is not None:
        board.stop_waiting(leg)


def ringing(board: Board, fact: facts.AgentRing) -> None:
    """A queue is about to ring a member for a caller."""
    caller = board.legs.get(fact.uniqueid)
    if caller is None:
        return
    if fact.queue:
        caller.story.queue = fact.queue
    phone = board.leg(fact.dest_uniqueid, fact.dest_channel) or board.find("", fact.dest_channel)
    if phone is not None:
        board.rings(phone, caller.story)


def connected(board: Board, fact: facts.AgentConnect) -> None:
    """A queue gave a caller to a member; their bridge follows."""
    caller = board.legs.get(fact.uniqueid)
    phone = board.find(fact.dest_uniqueid, fact.dest_channel)
    if caller is not None and phone is not None:
        caller.story.queue = fact.queue or caller.story.queue
        board.rings(phone, caller.story)
