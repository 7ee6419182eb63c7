"""The events the simulated PBX sends: their classes and header names, in the order of Asterisk 16 and 22.

The tests hold every layout against the recorded conversations with real ones.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

#: The block that tells of one channel.
CHANNEL = (
    "Channel", "ChannelState", "ChannelStateDesc", "CallerIDNum", "CallerIDName", "ConnectedLineNum",
    "ConnectedLineName", "Language", "AccountCode", "Context", "Exten", "Priority", "Uniqueid", "Linkedid",
)  # fmt: skip
#: The block that tells of one bridge.
BRIDGE = (
    "BridgeUniqueid", "BridgeType", "BridgeTechnology", "BridgeCreator", "BridgeName", "BridgeNumChannels",
    "BridgeVideoSourceMode",
)  # fmt: skip
#: The block that tells of one member of a queue.
MEMBER = (
    "Queue", "MemberName", "Interface", "StateInterface", "Membership", "Penalty", "CallsTaken", "LastCall",
    "LastPause", "LoginTime", "InCall", "Status", "Paused", "PausedReason", "Ringinuse", "Wrapuptime",
)  # fmt: skip
DEST = tuple("Dest" + name for name in CHANNEL)


class Layout(NamedTuple):
    """How one kind of event looks; ``body`` is its pre-rendered text, to be filled in with the values."""

    name: str
    category: str
    fields: tuple[str, ...]
    head: str
    body: str


class Event(NamedTuple):
    """One event: ``values`` belong to ``layout.fields``, one each."""

    layout: Layout
    values: tuple[str, ...]

    @property
    def headers(self) -> tuple[tuple[str, str], ...]:
        """Name and value of each header, ``Event`` and ``Privilege`` first."""
        first = (("Event", self.layout.name), ("Privilege", self.layout.category + ",all"))
        return (*first, *zip(self.layout.fields, self.values, strict=True))

    def get(self, field: str) -> str:
        """The value of a field; of a repeated one the first."""
        return self.values[self.layout.fields.index(field)]

    def encode(self, timestamp: str = "") -> bytes:
        """The event as it goes over the wire."""
        layout = self.layout
        text = f"{layout.head}{timestamp}{layout.body}" % self.values
        return text.encode("utf-8", "surrogateescape")


def layout(name: str, category: str, fields: Sequence[str]) -> Layout:
    """Describe a kind of event."""
    body = "".join(f"{field.replace('%', '%%')}: %s\r\n" for field in fields) + "\r\n"
    return Layout(name, category, tuple(fields), f"Event: {name}\r\nPrivilege: {category},all\r\n", body)


def of_channel(name: str, category: str, *more: str) -> Layout:
    """Describe a kind of event about one channel."""
    return layout(name, category, CHANNEL + more)


def of_pair(name: str, category: str, *more: str) -> Layout:
    """Describe a kind of event about a channel and the one it rings."""
    return layout(name, category, CHANNEL + DEST + more)


NEWCHANNEL = of_channel("Newchannel", "call")
NEWSTATE = of_channel("Newstate", "call")
NEWEXTEN = of_channel("Newexten", "dialplan", "Extension", "Application", "AppData")
VARSET = of_channel("VarSet", "dialplan", "Variable", "Value")
VARSET_GLOBAL = layout("VarSet", "dialplan", ("Channel", "Uniqueid", "Variable", "Value"))
NEW_CALLERID = of_channel("NewCallerid", "call", "CID-CallingPres")
NEW_CONNECTED = of_channel("NewConnectedLine", "call")
NEW_ACCOUNT = of_channel("NewAccountCode", "call", "OldAccountCode")
DTMF_BEGIN = of_channel("DTMFBegin", "dtmf", "Digit", "Direction")
DTMF_END = of_channel("DTMFEnd", "dtmf", "Digit", "DurationMs", "Direction")
MUSIC_START = of_channel("MusicOnHoldStart", "call", "Class")
MUSIC_STOP = of_channel("MusicOnHoldStop", "call")
UNHOLD = of_channel("Unhold", "call")
HANGUP_REQUEST = of_channel("HangupRequest", "call", "Cause")
HANGUP_REQUEST_TECH = of_channel("HangupRequest", "call", "Cause", "TechCause")
SOFT_HANGUP = of_channel("SoftHangupRequest", "call", "Cause")
HANGUP = of_channel("Hangup", "call", "Cause", "Cause-txt")
HANGUP_TECH = of_channel("Hangup", "call", "Cause", "Cause-txt", "TechCause")

DIAL_BEGIN = of_pair("DialBegin", "call", "DialString")
DIAL_STATE = of_pair("DialState", "call", "DialStatus")
DIAL_END = of_pair("DialEnd", "call", "DialStatus")
DIAL_BEGIN_ALONE = layout("DialBegin", "call", (*DEST, "DialString"))
DIAL_STATE_ALONE = layout("DialState", "call", (*DEST, "DialStatus"))
DIAL_END_ALONE = layout("DialEnd", "call", (*DEST, "DialStatus"))

BRIDGE_CREATE = layout("BridgeCreate", "call", BRIDGE)
BRIDGE_ENTER = layout("BridgeEnter", "call", BRIDGE + CHANNEL)
BRIDGE_LEAVE = layout("BridgeLeave", "call", BRIDGE + CHANNEL)
BRIDGE_DESTROY = layout("BridgeDestroy", "call", BRIDGE)
BLIND_TRANSFER = layout(
    "BlindTransfer", "call",
    ("Result", *("Transferer" + n for n in CHANNEL), *("Transferee" + n for n in CHANNEL), *BRIDGE,
     "IsExternal", "Context", "Extension"),
)  # fmt: skip

QUEUE_JOIN = of_channel("QueueCallerJoin", "agent", "Queue", "Position", "Count")
QUEUE_LEAVE = of_channel("QueueCallerLeave", "agent", "Queue", "Position", "Count")
QUEUE_ABANDON = of_channel("QueueCallerAbandon", "agent", "Queue", "Position", "OriginalPosition", "HoldTime")
AGENT_CALLED = of_pair("AgentCalled", "agent", "Queue", "Interface", "MemberName")
AGENT_CONNECT = of_pair("AgentConnect", "agent", "Queue", "Interface", "MemberName", "HoldTime", "RingTime")
AGENT_COMPLETE = of_pair(
    "AgentComplete", "agent", "Queue", "Interface", "MemberName", "HoldTime", "TalkTime", "Reason"
)  # fmt: skip
AGENT_NO_ANSWER = of_pair("AgentRingNoAnswer", "agent", "Queue", "Interface", "MemberName", "RingTime")
MEMBER_ADDED = layout("QueueMemberAdded", "agent", MEMBER)
MEMBER_REMOVED = layout("QueueMemberRemoved", "agent", MEMBER)
MEMBER_STATUS = layout("QueueMemberStatus", "agent", MEMBER)
MEMBER_PAUSE = layout("QueueMemberPause", "agent", MEMBER)
MEMBER_PAUSE_16 = layout("QueueMemberPause", "agent", (*MEMBER, "Reason"))
MEMBER_PENALTY = layout("QueueMemberPenalty", "agent", MEMBER)
MEMBER_RINGINUSE = layout("QueueMemberRinginuse", "agent", MEMBER)

DEVICE_STATE = layout("DeviceStateChange", "call", ("Device", "State"))
EXTENSION_STATUS = layout("ExtensionStatus", "call", ("Exten", "Context", "Hint", "Status", "StatusText"))
CDR = layout(
    "Cdr", "cdr",
    ("AccountCode", "Source", "Destination", "DestinationContext", "CallerID", "Channel", "DestinationChannel",
     "LastApplication", "LastData", "StartTime", "AnswerTime", "EndTime", "Duration", "BillableSeconds",
     "Disposition", "AMAFlags", "UniqueID", "UserField", "CallData"),
)  # fmt: skip
ORIGINATE_EXTEN = layout(
    "OriginateResponse", "call",
    ("ActionID", "Response", "Channel", "Context", "Exten", "Reason", "Uniqueid", "CallerIDNum", "CallerIDName"),
)  # fmt: skip
ORIGINATE_APPLICATION = layout(
    "OriginateResponse", "call",
    ("ActionID", "Response", "Channel", "Application", "Data", "Reason", "Uniqueid", "CallerIDNum", "CallerIDName"),
)  # fmt: skip

BOOTED = layout("FullyBooted", "system", ("Uptime", "LastReload", "Status"))
SHUTDOWN = layout("Shutdown", "system", ("Shutdown", "Restart"))
LOGGED_IN = layout(
    "SuccessfulAuth", "security",
    ("EventTV", "Severity", "Service", "EventVersion", "AccountID", "SessionID", "LocalAddress", "RemoteAddress",
     "UsingPassword", "SessionTV"),
)  # fmt: skip
BAD_REQUEST = layout(
    "RequestBadFormat", "security",
    ("EventTV", "Severity", "Service", "EventVersion", "SessionID", "LocalAddress", "RemoteAddress", "RequestType",
     "SessionTV", "AccountID"),
)  # fmt: skip


def user_event(name: str, headers: Sequence[tuple[str, str]]) -> Event:
    """An event somebody made up: ``UserEvent``, its name, and whatever headers they gave."""
    fields = ("UserEvent", *(field for field, _ in headers))
    return Event(layout("UserEvent", "user", fields), (name, *(value for _, value in headers)))
