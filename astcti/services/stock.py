"""Taking stock after a (re)connection: what channels, bridges, queue members and callers the PBX says it has."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from twisted.internet.defer import Deferred, DeferredList
from twisted.logger import Logger
from twisted.python.failure import Failure

from astcti.ami.actions import Action, BridgeList, CoreShowChannels, Getvar, QueueStatus, Status
from astcti.ami.dialect import callers_of, channels_of, members_of
from astcti.ami.message import Message
from astcti.errors import AMIError, AMILost, AMIRefused
from astcti.model.facts import Fact, MemberAdded, VariableSet
from astcti.model.legs import Leg
from astcti.services.asking import IAsk

MAX_ASKED = 5_000  # callers whose variables are asked for; the largest PBXs have some thousands of calls
AT_A_TIME = 100  # of them: as much as is surely read before the PBX has answered
MAX_NAMES_BYTES = 900  # of the names of variables in one action: a header has 1024 bytes

_log = Logger()


@dataclass(frozen=True, slots=True)
class Stock:
    """What there is.

    :ivar found: facts to begin with: channels, who talks to whom, who waits.
    :ivar present: unique ids of all channels; none when the PBX did not say, which is not the same as no channels.
    :ivar queues: names of the queues it has; none when it did not say.
    :ivar late: lists that did not come in time, or made no sense: to be asked for again.
    """

    found: tuple[Fact, ...] = ()
    present: frozenset[str] | None = None
    members: tuple[MemberAdded, ...] | None = None
    queues: frozenset[str] | None = None
    late: frozenset[str] = frozenset()


async def take_stock(pbx: IAsk) -> Stock:
    """Ask for everything, one list after the other.

    A list that is refused or late is left out, and the log says what is missing.

    :raises AMILost: the link went down meanwhile.
    """
    late: set[str] = set()
    channels = await _listed(pbx, CoreShowChannels(), late)
    if channels is None and not late:
        channels = await _listed(pbx, Status(), late)
    bridges = await _listed(pbx, BridgeList(), late) if channels else []
    queues = await _listed(pbx, QueueStatus(), late)
    found, present = channels_of(channels or (), bridges or ())
    return Stock(
        found=(*found, *callers_of(queues or ())),
        present=None if channels is None else frozenset(present),
        members=None if queues is None else tuple(members_of(queues)),
        queues=None if queues is None else frozenset(m.get("Queue") for m in queues if m.event == "QueueParams"),
        late=frozenset(late),
    )


async def present_channels(pbx: IAsk) -> frozenset[str] | None:
    """Unique ids of all channels there are; none when the PBX does not say.

    :raises AMILost: the link went down meanwhile.
    """
    channels = await _listed(pbx, CoreShowChannels(), set())
    return None if channels is None else frozenset(channels_of(channels)[1])


async def _listed(pbx: IAsk, action: Action, late: set[str]) -> list[Message] | None:
    try:
        return await pbx.collectAction(action)
    except AMILost:
        raise
    except AMIRefused as e:  # if a right is missing, the client has said which
        _log.info("The PBX has no {action} for us: {reason}", action=action.NAME, reason=str(e))
    except AMIError as e:
        late.add(action.NAME)
        _log.warn("The PBX did not tell all of {action}: {reason}; running calls or members may be missing",
                  action=action.NAME, reason=str(e))  # fmt: skip
    return None


async def ask_variables(pbx: IAsk, wanted: Sequence[tuple[Leg, tuple[str, ...]]]) -> list[VariableSet]:
    """The values of variables at this moment, some callers at a time; what cannot be had is left out.

    :raises AMILost: the link went down meanwhile.
    """
    if len(wanted) > MAX_ASKED:
        _log.warn("Of {count} callers only {most} are asked for their variables", count=len(wanted), most=MAX_ASKED)
        wanted = wanted[:MAX_ASKED]
    found: list[VariableSet] = []
    for start in range(0, len(wanted), AT_A_TIME):
        asked = [Deferred.fromCoroutine(_values(pbx, *each)) for each in wanted[start : start + AT_A_TIME]]
        for _, answer in await DeferredList(asked, consumeErrors=True):
            if isinstance(answer, Failure):
                answer.raiseException()
            found.extend(answer)
    return found


async def _values(pbx: IAsk, leg: Leg, names: tuple[str, ...]) -> Iterable[VariableSet]:
    try:
        listed = await pbx.collectAction(Status(leg.channel, _joined(names)))
    except AMILost:
        raise
    except AMIRefused as e:
        return () if "no such channel" in str(e).lower() else await _one_by_one(pbx, leg, names)
    except AMIError:
        return ()
    values: dict[str, str] = {}
    for message in listed:
        if message.get("Uniqueid") == leg.uniqueid:
            for pair in message.get_all("Variable"):
                name, equals, value = pair.partition("=")
                if equals:
                    values.setdefault(name, value)
    return _facts(leg, {name: values[name] for name in names if name in values})


async def _one_by_one(pbx: IAsk, leg: Leg, names: tuple[str, ...]) -> Iterable[VariableSet]:
    """As a manager user without the right to see channels, or one of Asterisk 1.4, has to ask."""
    values: dict[str, str] = {}
    for name in names:
        try:
            values[name] = (await pbx.sendAction(Getvar(name, leg.channel))).get("Value")
        except AMILost:
            raise
        except AMIError:
            break
    return _facts(leg, values)


def _facts(leg: Leg, values: dict[str, str]) -> list[VariableSet]:
    who = (leg.uniqueid, leg.linkedid, leg.channel, "")
    return [VariableSet(*who, name, value) for name, value in values.items() if value]


def _joined(names: tuple[str, ...]) -> str:
    joined = ",".join(names)
    while len(joined.encode()) > MAX_NAMES_BYTES:
        joined = joined.rpartition(",")[0]
    return joined
