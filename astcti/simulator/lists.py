"""The list actions of the manager."""

from __future__ import annotations

from collections.abc import Iterator

from astcti.simulator.accounts import true
from astcti.simulator.channel import UNKNOWN, Bridge, Channel
from astcti.simulator.events import BRIDGE, CHANNEL
from astcti.simulator.links import Link, Pair, Verb
from astcti.simulator.membership import Denied
from astcti.simulator.phones import LAMPS
from astcti.simulator.queues import Queue
from astcti.simulator.requests import Request


def _id(request: Request) -> tuple[Pair, ...]:
    action_id = request.get("ActionID")
    return (("ActionID", action_id),) if action_id else ()


def _of(channel: Channel) -> Iterator[Pair]:
    return zip(CHANNEL, channel.values, strict=True)


def _clock(seconds: float) -> str:
    whole = int(seconds)
    return f"{whole // 3600:02d}:{whole // 60 % 60:02d}:{whole % 60:02d}"


def show_channels(link: Link, request: Request) -> None:
    """``CoreShowChannels``."""
    now, ident = link.board.pbx.agenda.now, _id(request)
    items = [
        (
            ("Event", "CoreShowChannel"), *ident, *_of(c), ("Application", c.application), ("ApplicationData", c.data),
            ("Duration", _clock(now - c.created)), ("BridgeId", c.bridge.uniqueid if c.bridge else ""),
        )
        for c in link.board.pbx.channels.values()
    ]  # fmt: skip
    link.listing(request, "Channels will follow", "CoreShowChannelsComplete", items)


def status(link: Link, request: Request) -> None:
    """``Status`` of one channel or all, with the variables asked for."""
    pbx, name = link.board.pbx, request.get("Channel")
    channels = list(pbx.channels.values())
    if name:
        channel = pbx.find(name)
        if channel is None:
            raise Denied("No such channel")
        channels = [channel]
    wanted = [v for v in request.get("Variables").split(",") if v]
    everything = true(request.get("AllVariables"))
    items = []
    for c in channels:
        pairs = c.variables.items() if everything else [(v, c.value_of(v)) for v in wanted]
        variables = [("Variable", f"{variable}={value}") for variable, value in pairs]
        shown = c.shown
        items.append(
            (
                ("Event", "Status"), ("Privilege", "Call"), *_of(c), ("Type", c.name.partition("/")[0]),
                ("DNID", shown.exten if c.actor else ""),
                ("EffectiveConnectedLineNum", shown.connected_number or UNKNOWN),
                ("EffectiveConnectedLineName", shown.connected_name or UNKNOWN), ("TimeToHangup", "0"),
                ("BridgeID", c.bridge.uniqueid if c.bridge else ""), ("Application", c.application), ("Data", c.data),
                ("Nativeformats", "(ulaw)"), ("Readformat", "ulaw"), ("Readtrans", ""), ("Writeformat", "ulaw"),
                ("Writetrans", ""), ("Callgroup", "0"), ("Pickupgroup", "0"),
                ("Seconds", str(int(pbx.agenda.now - c.created))), *variables, *_id(request),
            )
        )  # fmt: skip
    link.listing(request, "Channel status will follow", "StatusComplete", items, ("Items", str(len(items))))


def bridges(link: Link, request: Request) -> None:
    """``BridgeList``."""
    ident = _id(request)
    items = [(("Event", "BridgeListItem"), *ident, *_bridge(b)) for b in link.board.pbx.bridges.values()]
    link.listing(request, "Bridge listing will follow", "BridgeListComplete", items)


def _bridge(bridge: Bridge) -> Iterator[Pair]:
    return zip(BRIDGE, bridge.values, strict=True)


def bridge(link: Link, request: Request) -> None:
    """``BridgeInfo``: who is in a bridge."""
    name = request.get("BridgeUniqueid")
    if not name:
        raise Denied("BridgeUniqueid must be provided")
    found = link.board.pbx.bridges.get(name)
    if found is None:
        raise Denied("Specified BridgeUniqueid not found")
    items = [(("Event", "BridgeInfoChannel"), *_id(request), *_of(c)) for c in found.channels]
    link.listing(request, "Bridge channel listing will follow", "BridgeInfoComplete", items, *_bridge(found))


def _queues(link: Link, request: Request) -> list[Queue]:
    name = request.get("Queue")
    return [queue for queue in link.board.pbx.queues.values() if not name or queue.name == name]


def queue_status(link: Link, request: Request) -> None:
    """``QueueStatus``: each queue, its members, and who waits."""
    ident, only = _id(request), request.get("Member")
    items: list[tuple[Pair, ...]] = []
    for queue in _queues(link, request):
        options, level = queue.options, queue.performance()
        items.append(
            (
                ("Event", "QueueParams"), ("Queue", queue.name), ("Max", "0"), ("Strategy", options.strategy),
                ("Calls", str(len(queue.waiting))), ("Holdtime", str(queue.hold_time)),
                ("TalkTime", str(queue.talk_time)), ("Completed", str(queue.completed)),
                ("Abandoned", str(queue.abandoned)), ("ServiceLevel", str(options.service_level)),
                ("ServicelevelPerf", level), ("ServicelevelPerf2", level), ("Weight", "0"), *ident,
            )
        )  # fmt: skip
        for member in queue.members.values():
            if only in ("", member.interface):
                name, called, interface, *rest = member.values
                rest.pop(-2)  # the list does not tell Ringinuse
                shown = zip(_MEMBER, (name, called, interface, *rest), strict=True)
                items.append((("Event", "QueueMember"), *shown, *ident))
        for position, waiting in enumerate(queue.waiting, 1):
            items.append((("Event", "QueueEntry"), ("Queue", queue.name), ("Position", str(position)),
                          *_entry(waiting.channel, link.board.pbx.agenda.now - waiting.joined), *ident))  # fmt: skip
    link.listing(request, "Queue status will follow", "QueueStatusComplete", items)


_MEMBER = (
    "Queue", "Name", "Location", "StateInterface", "Membership", "Penalty", "CallsTaken", "LastCall", "LastPause",
    "LoginTime", "InCall", "Status", "Paused", "PausedReason", "Wrapuptime",
)  # fmt: skip


def _entry(channel: Channel, waited: float) -> tuple[Pair, ...]:
    shown = channel.shown
    return (
        ("Channel", channel.name), ("Uniqueid", channel.uniqueid), ("CallerIDNum", shown.number or UNKNOWN),
        ("CallerIDName", shown.caller or UNKNOWN), ("ConnectedLineNum", shown.connected_number or UNKNOWN),
        ("ConnectedLineName", shown.connected_name or UNKNOWN), ("Wait", str(int(waited))), ("Priority", "0"),
    )  # fmt: skip


def queue_summary(link: Link, request: Request) -> None:
    """``QueueSummary``."""
    now, items = link.board.pbx.agenda.now, []
    for queue in _queues(link, request):
        longest = int(now - queue.waiting[0].joined) if queue.waiting else 0
        usable = [m for m in queue.members.values() if m.status != 4]
        items.append(
            (
                ("Event", "QueueSummary"), ("Queue", queue.name), ("LoggedIn", str(len(usable))),
                ("Available", str(sum(m.status == 1 and not m.paused for m in usable))),
                ("Callers", str(len(queue.waiting))), ("HoldTime", str(queue.hold_time)),
                ("TalkTime", str(queue.talk_time)), ("LongestHoldTime", str(longest)), *_id(request),
            )
        )  # fmt: skip
    link.listing(request, "Queue summary will follow", "QueueSummaryComplete", items)


def extension_states(link: Link, request: Request) -> None:
    """``ExtensionStateList``: the lamps of our phones."""
    items = [
        (
            ("Event", "ExtensionStatus"), *_id(request), ("Exten", p.number), ("Context", "inside"),
            ("Hint", p.interface), ("Status", LAMPS[p.device][0]), ("StatusText", LAMPS[p.device][1]),
        )
        for p in link.board.pbx.phones.values()
    ]  # fmt: skip
    link.listing(request, "Extension Statuses will follow", "ExtensionStateListComplete", items)


def device_states(link: Link, request: Request) -> None:
    """``DeviceStateList``."""
    phones = (*link.board.pbx.phones.values(), link.board.pbx.trunk)
    items = [
        (("Event", "DeviceStateChange"), *_id(request), ("Device", p.interface), ("State", p.device)) for p in phones
    ]
    link.listing(request, "Device State Changes will follow", "DeviceStateListComplete", items)


LISTS = (
    Verb("BridgeInfo", "Get information about a bridge.", (), bridge),
    Verb("BridgeList", "Get a list of bridges in the system.", (), bridges),
    Verb("CoreShowChannels", "List currently active channels.", ("system", "reporting"), show_channels),
    Verb("DeviceStateList", "List the current known device states.", ("call", "reporting"), device_states),
    Verb("ExtensionStateList", "List the current known extension states.", ("call", "reporting"), extension_states),
    Verb("QueueStatus", "Show queue status.", (), queue_status),
    Verb("QueueSummary", "Show queue summary.", (), queue_summary),
    Verb("Status", "List channel status.", ("system", "call", "reporting"), status),
)
