"""What happens to a call that goes on: hold, parking, transfer. Told to seats whose clients asked for ``events2``."""

from __future__ import annotations

from astcti.model import facts
from astcti.model.board import Board
from astcti.model.channels import normalise_interface
from astcti.model.legs import Leg, view_of
from astcti.model.notices import Notice


def held(board: Board, fact: facts.Hold) -> None:
    """A phone put its peer on hold, or took it back; told to the seats on both sides."""
    leg = board.legs.get(fact.uniqueid)
    if leg is None:
        return
    kind = "Hold" if fact.on else "Unhold"
    board.tell_state(kind, leg)
    if leg.peer is not None:
        board.tell_state(kind, leg.peer)


def parked(board: Board, fact: facts.Parked) -> None:
    """A party waits in a parking space: the seat that parked it is told, with the space as ``exten``."""
    leg = board.leg(fact.uniqueid, fact.channel)
    if leg is None:
        return
    story = leg.story
    if story.space == fact.space:
        return  # told twice after a transfer into parking (seen on 16 and 22)
    story.parker, story.space = normalise_interface(fact.parker), fact.space
    _tell_parker(board, "Park", leg, fact.space)


def unparked(board: Board, fact: facts.Unparked) -> None:
    """A party left its parking space, by being fetched, by giving up or because its time was over."""
    leg = board.legs.get(fact.uniqueid)
    if leg is not None:
        _tell_parker(board, "Unpark", leg, fact.space, fact.how)
        leg.story.parker = leg.story.space = ""


def _tell_parker(board: Board, kind: str, leg: Leg, space: str, how: str = "") -> None:
    story = leg.story
    if board.quiet or story.parker not in board.listeners:
        return
    view = view_of(story, leg.channel, leg.state, leg.linkedid, reason_text=how)._replace(exten=space)
    service = story.service.id if story.service else 0
    board.notices.append(Notice(kind, story.parker, view, service, False, board.now))


def transferred(board: Board, fact: facts.Transfer) -> None:
    """A phone passed its peer on: the seat that did it is told."""
    replaced = board.legs.get(fact.replaced_uniqueid)
    if replaced is not None:
        replaced.heir = fact.transferee_uniqueid
    leg = board.legs.get(fact.transferer_uniqueid)
    if leg is not None:
        view = leg.view(reason_text=fact.kind)
        board.tell("Transfer", leg, view._replace(exten=fact.exten) if fact.exten else view)
