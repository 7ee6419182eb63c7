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


_CALLED = ("DestUniqueid", "DestChannel", "DestLinkedid")
_DIAL_BEGIN = Headers(*_CALLED, "Uniqueid", "Channel", "CallerIDNum", "CallerIDName")
_ORIGINATE_DIALS = Headers(*_CALLED)
_UNIQUEID = b"\r\nUniqueid: "


def dial_begin(m: Message) -> Facts:
    """The caller's block is absent when an Originate dials."""
    if _UNIQUEID not in m.raw:
        dest_uniqueid, dest_channel, linkedid = _ORIGINATE_DIALS.of(m)
        return (facts.DialBegin("", "", dest_uniqueid, dest_channel, linkedid, "", ""),)
    dest_uniqueid, dest_channel, linkedid, uniqueid, channel, num, name = _DIAL_BEGIN.of(m)
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


_LOCAL_BRIDGE = Headers("LocalOneUniqueid", "LocalOneChannel", "LocalTwoUniqueid", "LocalTwoChannel")
_LOCAL_BRIDGE_BEFORE_12 = Headers("Uniqueid1", "Channel1", "Uniqueid2", "Channel2")


def local_bridge(m: Message) -> Facts:
    """1.8 to 11 write ``Uniqueid1`` where later ones write ``LocalOneUniqueid``."""
    halves = _LOCAL_BRIDGE.of(m)
    return (facts.LocalPair(*(halves if halves[0] else _LOCAL_BRIDGE_BEFORE_12.of(m))),)


_QUEUE_JOIN = Headers("Uniqueid", "Linkedid", "Channel", "Queue", "Position", "CallerIDNum", "CallerIDName")


def queue_join(m: Message) -> Facts:
    """``Join`` before 12; ``CallerID`` is the number in 1.4."""
    uniqueid, linkedid, channel, queue, position, num, name = _QUEUE_JOIN.of(m)
    num = party(num or m.get("CallerID"))
    return (facts.QueueJoin(uniqueid, linkedid, channel, queue, number(position), num, shown(name, linkedid)),)


_QUEUE_LEAVE = Headers("Uniqueid", "Channel", "Queue")


def queue_leave(m: Message) -> Facts:
    """``Leave`` before 12; 1.4 names no unique id there but the one of the channel."""
    return (facts.QueueLeave(*_QUEUE_LEAVE.of(m)),)


def queue_abandon(m: Message) -> Facts:
    """A leave follows (on 12 and later)."""
    return (facts.QueueAbandon(m.get("Uniqueid"), m.get("Queue"), number(m.get("HoldTime"))),)


_AGENT_CALLED = Headers("Uniqueid", "Queue", "Interface", "DestUniqueid", "DestChannel")


def agent_called(m: Message) -> Facts:
    """1.6 to 11 name the agent's channel ``DestinationChannel``; 1.4 names neither it nor the caller's unique id."""
    uniqueid, queue, interface, dest_uniqueid, channel = _AGENT_CALLED.of(m)
    channel = channel or m.get("DestinationChannel")
    if not channel:
        return ()
    return (facts.AgentRing(uniqueid, queue, interface or m.get("AgentCalled"), dest_uniqueid, channel),)


_AGENT_CONNECT = Headers("Uniqueid", "Queue", "Interface", "DestUniqueid", "DestChannel", "HoldTime")


def agent_connect(m: Message) -> Facts:
    """On 12 and later the first channel is the caller's; before, only ``Uniqueid`` is; ``Channel`` is the agent's."""
    uniqueid, queue, interface, dest_uniqueid, channel, held = _AGENT_CONNECT.of(m)
    interface = interface or m.get("Member")
    channel = channel or m.get("Channel")
    return (facts.AgentConnect(uniqueid, queue, interface, dest_uniqueid, channel, number(held)),)


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


def agent_missed(m: Message) -> Facts:
    """From 1.6 on. ``RingTime`` is milliseconds here, unlike in ``AgentConnect``."""
    get = m.get
    interface = get("Interface") or get("Member")
    return (facts.AgentMissed(get("Uniqueid"), get("Queue"), interface, number(get("RingTime")) / 1000),)


_MEMBER_ADDED = Headers(
    "Queue", "Interface", "MemberName", "Membership", "Penalty", "Paused", "PausedReason", "Status"
)  # fmt: skip


def member_added(m: Message) -> Facts:
    """``Location`` before 12, and in the list of QueueStatus on every version, where the name is in ``Name``."""
    queue, interface, name, membership, penalty, paused, reason, status = _MEMBER_ADDED.of(m)
    return (
        facts.MemberAdded(
            queue,
            interface or m.get("Location"),
            name or m.get("Name"),
            membership,
            number(penalty),
            truth(paused),
            reason,
            number(status),
        ),
    )


def member_removed(m: Message) -> Facts:
    """``Location`` before 12."""
    return (facts.MemberRemoved(m.get("Queue"), m.get("Interface") or m.get("Location")),)


_MEMBER_STATUS = Headers("Queue", "Interface", "Status")


def member_status(m: Message) -> Facts:
    """One for each queue of the phone. ``Location`` before 12."""
    queue, interface, status = _MEMBER_STATUS.of(m)
    return (facts.MemberStatus(queue, interface or m.get("Location"), number(status)),)


_MEMBER_PAUSED = Headers("Queue", "Interface", "Paused", "PausedReason")


def member_paused(m: Message) -> Facts:
    """``QueueMemberPaused`` with ``Location`` before 12; 16 repeats the reason as ``Reason``."""
    queue, interface, paused, reason = _MEMBER_PAUSED.of(m)
    interface = interface or m.get("Location")
    return (facts.MemberPaused(queue, interface, truth(paused), reason or m.get("Reason")),)


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


_ORIGINATE_RESPONSE = Headers("ActionID", "Response", "Reason", "Uniqueid", "Channel", "Context", "Exten")


def originate_response(m: Message) -> Facts:
    """``Uniqueid`` is ``<unknown>`` on failure."""
    action_id, response, reason, uniqueid, channel, context, exten = _ORIGINATE_RESPONSE.of(m)
    success = response == "Success"
    return (facts.OriginateResult(action_id, success, number(reason), party(uniqueid), channel, context, exten),)


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
    "AgentRingNoAnswer": agent_missed,
    "QueueMemberAdded": member_added,
    "QueueMemberRemoved": member_removed,
    "QueueMemberPause": member_paused,
    "QueueMemberStatus": member_status,
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
