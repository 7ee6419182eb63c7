"""Events of Asterisk 12 to 22, and those that have always been the same, as facts.

Field names and orders of events are those seen in recordings of 16.28 and 22.10; one code path serves both.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from astcti.ami.fields import number, party, shown, truth, unescape
from astcti.ami.message import Headers, Message
from astcti.model import facts
from astcti.model.channels import interface_of
from astcti.model.facts import Fact

Facts = tuple[Fact, ...]


_NEW_CHANNEL = Headers(
    "Uniqueid", "Linkedid", "Channel", "ChannelStateDesc", "CallerIDNum", "CallerIDName", "Context", "Exten",
    "AccountCode",
)  # fmt: skip


def new_channel(m: Message) -> Facts:
    """``State`` is 1.4's word for ``ChannelStateDesc``."""
    uniqueid, linkedid, channel, state, num, name, context, exten, account = _NEW_CHANNEL.of(m)
    return (
        facts.ChannelNew(
            uniqueid,
            linkedid or uniqueid,
            channel,
            state or m.get("State"),
            party(num or m.get("CallerID")),
            shown(name, linkedid),
            context,
            exten,
            account,
        ),
    )


_NEW_STATE = Headers("Uniqueid", "Linkedid", "Channel", "ChannelStateDesc", "CallerIDNum", "ConnectedLineNum")


def new_state(m: Message) -> Facts:
    """1.4 has the caller's number in ``CallerID`` and nothing about the other side."""
    uniqueid, linkedid, channel, state, num, connected = _NEW_STATE.of(m)
    if not state:
        state, num = m.get("State"), num or m.get("CallerID")
    return (facts.ChannelState(uniqueid, linkedid, channel, state, party(num), party(connected)),)


_NEW_EXTEN = Headers("Uniqueid", "Linkedid", "Channel", "Context", "Extension", "Application", "AppData")


def new_exten(m: Message) -> Facts:
    """The event comes before the application runs."""
    uniqueid, linkedid, channel, context, exten, application, data = _NEW_EXTEN.of(m)
    exten = exten or m.get("Exten")
    return (facts.ChannelExten(uniqueid, linkedid, channel, context, exten, application, data),)


_VAR_SET = Headers("Uniqueid", "Linkedid", "Channel", "Context", "Variable", "Value")


def var_set(m: Message) -> Facts:
    """Globals come with ``Channel: none`` and mean nothing to a call."""
    uniqueid, linkedid, channel, context, variable, value = _VAR_SET.of(m)
    if channel == "none":
        return ()
    return (facts.VariableSet(uniqueid, linkedid, channel, context, variable, unescape(value)),)


_NEW_CALLER_ID = Headers("Uniqueid", "Linkedid", "CallerIDNum", "CallerIDName")


def new_caller_id(m: Message) -> Facts:
    """``CallerID`` is the number in 1.4."""
    uniqueid, linkedid, num, name = _NEW_CALLER_ID.of(m)
    return (facts.CallerId(uniqueid, party(num or m.get("CallerID")), shown(name, linkedid)),)


_DIAL_BEGIN = Headers(
    "Uniqueid", "Channel", "DestUniqueid", "DestChannel", "DestLinkedid", "CallerIDNum", "CallerIDName"
)


def dial_begin(m: Message) -> Facts:
    """The caller's block is absent when an Originate dials."""
    uniqueid, channel, dest_uniqueid, dest_channel, linkedid, num, name = _DIAL_BEGIN.of(m)
    return (
        facts.DialBegin(uniqueid, channel, dest_uniqueid, dest_channel, linkedid, party(num), shown(name, linkedid)),
    )


def dial_end(m: Message) -> Facts:
    """More than one may come for a leg."""
    return (facts.DialEnd(m.get("Uniqueid"), m.get("DestUniqueid"), m.get("DialStatus")),)


_SWAP = b"SwapUniqueid: "
_BRIDGE_ENTER = Headers("BridgeUniqueid", "BridgeType", "Uniqueid", "Linkedid", "Channel")


def bridge_enter(m: Message) -> Facts:
    """One for each channel."""
    bridge, kind, uniqueid, linkedid, channel = _BRIDGE_ENTER.of(m)
    last = m.raw[m.raw.rfind(b"\r\n") + 2 :]  # where it is, if it takes another's place
    swap = last[len(_SWAP) :].decode("utf-8", "replace") if last.startswith(_SWAP) else ""
    return (facts.BridgeEnter(bridge, kind, uniqueid, linkedid, channel, swap),)


_BRIDGE_LEAVE = Headers("BridgeUniqueid", "Uniqueid")


def bridge_leave(m: Message) -> Facts:
    """One for each channel."""
    return (facts.BridgeLeave(*_BRIDGE_LEAVE.of(m)),)


def bridge_destroy(m: Message) -> Facts:
    """Nobody is in it any more."""
    return (facts.BridgeDestroy(m.get("BridgeUniqueid")),)


def local_bridge(m: Message) -> Facts:
    """1.8 to 11 write ``Uniqueid1`` where later ones write ``LocalOneUniqueid``."""
    get = m.get
    return (
        facts.LocalPair(
            get("LocalOneUniqueid") or get("Uniqueid1"),
            get("LocalOneChannel") or get("Channel1"),
            get("LocalTwoUniqueid") or get("Uniqueid2"),
            get("LocalTwoChannel") or get("Channel2"),
        ),
    )


def queue_join(m: Message) -> Facts:
    """``Join`` before 12; ``CallerID`` is the number in 1.4."""
    get = m.get
    return (
        facts.QueueJoin(
            get("Uniqueid"),
            get("Linkedid"),
            get("Channel"),
            get("Queue"),
            number(get("Position")),
            party(get("CallerIDNum") or get("CallerID")),
            shown(get("CallerIDName"), get("Linkedid")),
        ),
    )


def queue_leave(m: Message) -> Facts:
    """``Leave`` before 12; 1.4 names no unique id there but the one of the channel."""
    return (facts.QueueLeave(m.get("Uniqueid"), m.get("Channel"), m.get("Queue")),)


def queue_abandon(m: Message) -> Facts:
    """A leave follows (on 12 and later)."""
    return (facts.QueueAbandon(m.get("Uniqueid"), m.get("Queue"), number(m.get("HoldTime"))),)


def agent_called(m: Message) -> Facts:
    """1.6 to 11 name the agent's channel ``DestinationChannel``; 1.4 names neither it nor the caller's unique id."""
    get = m.get
    channel = get("DestChannel") or get("DestinationChannel")
    if not channel:
        return ()
    interface = get("Interface") or get("AgentCalled")
    return (facts.AgentRing(get("Uniqueid"), get("Queue"), interface, get("DestUniqueid"), channel),)


def agent_connect(m: Message) -> Facts:
    """On 12 and later the first channel is the caller's; before, only ``Uniqueid`` is; ``Channel`` is the agent's."""
    get = m.get
    modern = bool(get("DestChannel"))
    return (
        facts.AgentConnect(
            get("Uniqueid"),
            get("Queue"),
            get("Interface") or get("Member"),
            get("DestUniqueid"),
            get("DestChannel") if modern else get("Channel"),
            number(get("HoldTime") or get("Holdtime")),
        ),
    )


def agent_complete(m: Message) -> Facts:
    """The times are seconds."""
    get = m.get
    return (
        facts.AgentComplete(
            get("Uniqueid"),
            get("Queue"),
            get("Interface") or get("Member"),
            number(get("HoldTime")),
            number(get("TalkTime")),
            get("Reason"),
        ),
    )


def member_added(m: Message) -> Facts:
    """``Location`` before 12, and in the list of QueueStatus on every version, where the name is in ``Name``."""
    get = m.get
    return (
        facts.MemberAdded(
            get("Queue"),
            get("Interface") or get("Location"),
            get("MemberName") or get("Name"),
            get("Membership"),
            number(get("Penalty")),
            truth(get("Paused")),
            get("PausedReason"),
            number(get("Status")),
        ),
    )


def member_removed(m: Message) -> Facts:
    """``Location`` before 12."""
    return (facts.MemberRemoved(m.get("Queue"), m.get("Interface") or m.get("Location")),)


def member_paused(m: Message) -> Facts:
    """``QueueMemberPaused`` with ``Location`` before 12; 16 repeats the reason as ``Reason``."""
    get = m.get
    return (
        facts.MemberPaused(
            get("Queue"),
            get("Interface") or get("Location"),
            truth(get("Paused")),
            get("PausedReason") or get("Reason"),
        ),
    )


def hold(m: Message) -> Facts:
    """1.6 to 11 write both directions as ``Hold`` with a ``Status``."""
    return (facts.Hold(m.get("Uniqueid"), m.get("Status", "On").lower() != "off"),)


def unhold(m: Message) -> Facts:
    """One comes with every transfer, too."""
    return (facts.Hold(m.get("Uniqueid"), False),)


def parked(m: Message) -> Facts:
    """``Exten`` is the space and ``From`` the parker's channel before 12."""
    get = m.get
    return (
        facts.Parked(
            get("ParkeeUniqueid") or get("Uniqueid"),
            get("ParkeeChannel") or get("Channel"),
            get("ParkingSpace") or get("Exten"),
            get("ParkerDialString") or interface_of(get("ParkerChannel") or get("From")),
        ),
    )


def _unparked(how: str) -> Callable[[Message], Facts]:
    def translate(m: Message) -> Facts:
        get = m.get
        return (facts.Unparked(get("ParkeeUniqueid") or get("Uniqueid"), get("ParkingSpace") or get("Exten"), how),)

    return translate


def blind_transfer(m: Message) -> Facts:
    """Comes before the channels leave their bridge."""
    get = m.get
    return (facts.Transfer("blind", get("TransfererUniqueid"), get("TransfereeUniqueid"), get("Extension")),)


def attended_transfer(m: Message) -> Facts:
    """Comes after the party has entered its new bridge; when the target still rings (``App``), before."""
    get = m.get
    replaced = get("SecondTransfererUniqueid") if get("DestType") == "App" else ""
    return (facts.Transfer("attended", get("OrigTransfererUniqueid"), get("TransfereeUniqueid"), "", replaced),)


def pickup(m: Message) -> Facts:
    """``Channel`` is who picks up."""
    return (facts.Pickup(m.get("Uniqueid"), m.get("TargetUniqueid")),)


def originate_response(m: Message) -> Facts:
    """``Uniqueid`` is ``<unknown>`` on failure."""
    get = m.get
    return (
        facts.OriginateResult(
            get("ActionID"),
            get("Response") == "Success",
            number(get("Reason")),
            party(get("Uniqueid")),
            get("Channel"),
            get("Context"),
            get("Exten"),
        ),
    )


_HANGUP = Headers("Uniqueid", "Linkedid", "Channel", "Cause", "Cause-txt")


def hangup(m: Message) -> Facts:
    """The last word on a channel."""
    uniqueid, linkedid, channel, cause, text = _HANGUP.of(m)
    return (facts.Hangup(uniqueid, linkedid, channel, number(cause), text),)


def fully_booted(_m: Message) -> Facts:
    """Only users with read class ``system`` get it."""
    return (facts.Booted(),)


def shutdown(m: Message) -> Facts:
    """The hang-ups come before it."""
    return (facts.Shutdown(truth(m.get("Restart"))),)


EVENTS: Mapping[str, Callable[[Message], Facts]] = {
    "Newchannel": new_channel,
    "Newstate": new_state,
    "Newexten": new_exten,
    "VarSet": var_set,
    "NewCallerid": new_caller_id,
    "DialBegin": dial_begin,
    "DialEnd": dial_end,
    "BridgeEnter": bridge_enter,
    "BridgeLeave": bridge_leave,
    "BridgeDestroy": bridge_destroy,
    "LocalBridge": local_bridge,
    "QueueCallerJoin": queue_join,
    "QueueCallerLeave": queue_leave,
    "QueueCallerAbandon": queue_abandon,
    "AgentCalled": agent_called,
    "AgentConnect": agent_connect,
    "AgentComplete": agent_complete,
    "QueueMemberAdded": member_added,
    "QueueMemberRemoved": member_removed,
    "QueueMemberPause": member_paused,
    "Hold": hold,
    "Unhold": unhold,
    "ParkedCall": parked,
    "UnParkedCall": _unparked("fetched"),
    "ParkedCallTimeOut": _unparked("timeout"),
    "ParkedCallGiveUp": _unparked("gave up"),
    "BlindTransfer": blind_transfer,
    "AttendedTransfer": attended_transfer,
    "Pickup": pickup,
    "OriginateResponse": originate_response,
    "Hangup": hangup,
    "FullyBooted": fully_booted,
    "Shutdown": shutdown,
}
