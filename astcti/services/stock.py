"""Taking stock after a (re)connection: what channels, bridges, queue members and callers the PBX says it has."""

from __future__ import annotations

from dataclasses import dataclass

from twisted.logger import Logger

from astcti.ami.actions import Action, BridgeList, CoreShowChannels, QueueStatus, Status
from astcti.ami.dialect import callers_of, channels_of, members_of
from astcti.ami.message import Message
from astcti.errors import AMIRefused, AMITimeout
from astcti.model.facts import Fact, MemberAdded
from astcti.services.asking import IAsk

_log = Logger()


@dataclass(frozen=True, slots=True)
class Stock:
    """What there is.

    :ivar found: facts to begin with: channels, who talks to whom, who waits.
    :ivar present: unique ids of all channels; none when the PBX did not say, which is not the same as no channels.
    :ivar queues: names of the queues it has; none when it did not say.
    """

    found: tuple[Fact, ...]
    present: frozenset[str] | None
    members: tuple[MemberAdded, ...] | None
    queues: frozenset[str] | None


async def take_stock(pbx: IAsk) -> Stock:
    """Ask for everything, one list after the other.

    A list that is refused or late is left out, and the log says what is missing.

    :raises AMILost: the link went down meanwhile.
    """
    channels = await _listed(pbx, CoreShowChannels())
    if channels is None:
        channels = await _listed(pbx, Status())
    bridges = await _listed(pbx, BridgeList()) if channels else []
    queues = await _listed(pbx, QueueStatus())
    found, present = channels_of(channels or (), bridges or ())
    return Stock(
        found=(*found, *callers_of(queues or ())),
        present=None if channels is None else frozenset(present),
        members=None if queues is None else tuple(members_of(queues)),
        queues=None if queues is None else frozenset(m.get("Queue") for m in queues if m.event == "QueueParams"),
    )


async def present_channels(pbx: IAsk) -> frozenset[str] | None:
    """Unique ids of all channels there are; none when the PBX does not say.

    :raises AMILost: the link went down meanwhile.
    """
    channels = await _listed(pbx, CoreShowChannels())
    return None if channels is None else frozenset(channels_of(channels)[1])


async def _listed(pbx: IAsk, action: Action) -> list[Message] | None:
    try:
        return await pbx.collectAction(action)
    except AMIRefused as e:  # if a right is missing, the client has said which
        _log.info("The PBX has no {action} for us: {reason}", action=action.NAME, reason=str(e))
    except AMITimeout:
        _log.warn("The PBX did not answer {action} in time; running calls may be missing", action=action.NAME)
    return None
