"""AMI messages to facts, whatever the version of Asterisk that wrote them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from astcti.ami import legacy, modern
from astcti.ami.fields import number, party
from astcti.ami.message import Interest, Message
from astcti.ami.modern import Facts
from astcti.model import facts
from astcti.model.facts import Fact
from astcti.model.plan import Plan

#: Every event that means something to us. Names differ between versions where meanings do, so one table serves all.
EVENTS: Mapping[str, Callable[[Message], Facts]] = {**legacy.EVENTS, **modern.EVENTS}

#: Events whose facts change nothing that agents are told: not worth parsing. (How dialling ended is told where agents
#: call out.)
_IDLE = frozenset({"DialEnd", "Pickup"})

#: Applications whose step in the dial plan matters wherever it is made: they may set a watched variable on versions
#: (or for AMI users) without VarSet. All others matter only in the context of a service.
_APPLICATIONS = frozenset({b"set", b"mset"})


def translate(message: Message) -> Facts:
    """The facts in an event; none for what means nothing to us."""
    step = EVENTS.get(message.event)
    return step(message) if step is not None else ()


def interest_for(plan: Plan) -> Interest:
    """Which events are worth parsing under ``plan``.

    A variable set as ``__name`` (inherited by the channels it dials) is reported under that name.
    """
    variables = {prefix + name for name in plan.watched for prefix in ("", "_", "__")}
    idle = _IDLE - {"DialEnd"} if any(s.outbound for s in plan.by_id.values()) else _IDLE
    return Interest(
        events=frozenset(name.encode() for name in EVENTS if name not in idle),
        variables=frozenset(name.encode() for name in variables),
        # Where any context may be a service, every step matters: the context is told by the last one.
        applications=None if plan.anywhere else _APPLICATIONS if plan.watched else frozenset(),
        contexts=frozenset(name.encode() for name in plan.by_context_lower),
    )


def channels_of(listed: Iterable[Message], bridges: Iterable[Message] = ()) -> tuple[list[Fact], set[str]]:
    """The facts in a list of CoreShowChannels (or Status), and the unique ids of all channels in it.

    ``BridgeId`` there is ``BridgeUniqueid`` of the events; Asterisk before 12 names the other side instead.

    :param bridges: the list of BridgeList: which bridges are conversations, and which are parking lots or conferences.
    """
    kinds = {m.get("BridgeUniqueid"): m.get("BridgeType") for m in bridges if m.event == "BridgeListItem"}
    found: list[Fact] = []
    together: list[Fact] = []
    present: set[str] = set()
    for m in listed:
        if m.event not in {"CoreShowChannel", "Status"}:
            continue
        get = m.get
        uniqueid, channel = get("Uniqueid"), get("Channel")
        if not uniqueid or not channel:
            continue
        present.add(uniqueid)
        found.extend(modern.new_channel(m))
        application = get("Application")
        if application:
            found.append(
                facts.ChannelExten(
                    uniqueid,
                    get("Linkedid"),
                    channel,
                    get("Context"),
                    get("Exten") or get("Extension"),
                    application,
                    get("ApplicationData"),
                )
            )
        bridge = get("BridgeId") or get("BridgeID")
        other = get("BridgedUniqueid") or get("BridgedUniqueID")
        if not bridge and party(other):
            bridge = "+".join(sorted((uniqueid, other)))
        if bridge:
            kind = kinds.get(bridge, "")
            together.append(facts.BridgeEnter(bridge, kind, uniqueid, get("Linkedid"), channel, ""))
    return found + together, present


def members_of(listed: Iterable[Message]) -> list[facts.MemberAdded]:
    """The members in a list of QueueStatus."""
    return [
        fact
        for m in listed
        if m.event == "QueueMember"
        for fact in modern.member_added(m)
        if isinstance(fact, facts.MemberAdded)
    ]


def callers_of(listed: Iterable[Message]) -> list[facts.QueueJoin]:
    """The waiting callers in a list of QueueStatus."""
    return [
        fact._replace(waited=number(m.get("Wait")))
        for m in listed
        if m.event == "QueueEntry"
        for fact in modern.queue_join(m)
        if isinstance(fact, facts.QueueJoin)
    ]
