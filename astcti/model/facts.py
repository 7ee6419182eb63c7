"""What a PBX can tell, in one vocabulary for every Asterisk from 1.4 to 22.

Named tuples: immutable, and three times cheaper to make than frozen dataclasses, of which a busy PBX
would need ten thousand a second. Absent numbers and names are empty strings here, never ``<unknown>``.
"""

from __future__ import annotations

from typing import NamedTuple


class ChannelNew(NamedTuple):
    """A channel exists. ``state`` is a name such as ``Ring`` (protocol, ``state`` element)."""

    uniqueid: str
    linkedid: str
    channel: str
    state: str
    number: str
    name: str
    context: str
    exten: str
    account: str


class ChannelState(NamedTuple):
    """A channel's state changed. ``number`` is its party's, ``connected_number`` the other side's."""

    uniqueid: str
    linkedid: str
    channel: str
    state: str
    number: str
    connected_number: str


class ChannelExten(NamedTuple):
    """A channel is about to run an application of the dial plan; ``data`` has its variables expanded."""

    uniqueid: str
    linkedid: str
    channel: str
    context: str
    exten: str
    application: str
    data: str


class VariableSet(NamedTuple):
    """A variable was set; ``value`` is unescaped."""

    uniqueid: str
    linkedid: str
    channel: str
    context: str
    variable: str
    value: str


class CallerId(NamedTuple):
    """The caller id of a channel changed."""

    uniqueid: str
    number: str
    name: str


class DialBegin(NamedTuple):
    """One channel dials another. The source is empty when an Originate dials."""

    source_uniqueid: str
    source_channel: str
    dest_uniqueid: str
    dest_channel: str
    linkedid: str
    number: str
    name: str


class DialEnd(NamedTuple):
    """A dial attempt ended; ``status`` as ``DIALSTATUS``. Several may come for one leg."""

    source_uniqueid: str
    dest_uniqueid: str
    status: str


class BridgeEnter(NamedTuple):
    """A channel can now hear whoever is in ``bridge``. ``kind``: only ``basic`` is a conversation."""

    bridge: str
    kind: str
    uniqueid: str
    linkedid: str
    channel: str
    swap_uniqueid: str


class BridgeLeave(NamedTuple):
    """A channel left a bridge: not the end of its call."""

    bridge: str
    uniqueid: str


class BridgeDestroy(NamedTuple):
    """A bridge is gone."""

    bridge: str


class LocalPair(NamedTuple):
    """The two halves of a Local channel are joined: what enters one leaves the other."""

    one_uniqueid: str
    one_channel: str
    two_uniqueid: str
    two_channel: str


class QueueJoin(NamedTuple):
    """A caller waits in a queue, and has for so many seconds."""

    uniqueid: str
    linkedid: str
    channel: str
    queue: str
    position: int
    number: str
    name: str
    waited: int = 0


class QueueLeave(NamedTuple):
    """A caller left a queue: served or not."""

    uniqueid: str
    channel: str
    queue: str


class QueueAbandon(NamedTuple):
    """A caller gave up waiting after ``hold_seconds``."""

    uniqueid: str
    queue: str
    hold_seconds: int


class AgentRing(NamedTuple):
    """A queue rings a member for a caller."""

    uniqueid: str
    queue: str
    interface: str
    dest_uniqueid: str
    dest_channel: str


class AgentConnect(NamedTuple):
    """A queue gave the caller to a member."""

    uniqueid: str
    queue: str
    interface: str
    dest_uniqueid: str
    dest_channel: str
    hold_seconds: int


class AgentComplete(NamedTuple):
    """A queue call ended; ``reason`` is ``caller``, ``agent`` or ``transfer``."""

    uniqueid: str
    queue: str
    interface: str
    hold_seconds: int
    talk_seconds: int
    reason: str


class AgentMissed(NamedTuple):
    """A queue rang a member in vain for ``ring_seconds``: not answered, or refused."""

    uniqueid: str
    queue: str
    interface: str
    ring_seconds: float


class MemberAdded(NamedTuple):
    """A member sits in a queue. ``membership`` is ``dynamic``, ``static`` or ``realtime``."""

    queue: str
    interface: str
    name: str
    membership: str
    penalty: int
    paused: bool
    reason: str
    status: int


class MemberRemoved(NamedTuple):
    """A member left a queue."""

    queue: str
    interface: str


class MemberStatus(NamedTuple):
    """The device of a member is in another state: 1 free, 2 in use, 3 busy, 4 invalid, 5 unavailable, 6 ringing, ..."""

    queue: str
    interface: str
    status: int


class MemberPaused(NamedTuple):
    """A member was paused or unpaused in one queue."""

    queue: str
    interface: str
    paused: bool
    reason: str


class Rename(NamedTuple):
    """A channel has another name (masquerade, before Asterisk 12)."""

    uniqueid: str
    old: str
    new: str


class Hold(NamedTuple):
    """A channel put its peer on hold, or took it back."""

    uniqueid: str
    on: bool


class Parked(NamedTuple):
    """A channel waits in a parking space; ``parker`` is the interface that put it there, if known."""

    uniqueid: str
    channel: str
    space: str
    parker: str


class Unparked(NamedTuple):
    """A parked channel left its space: fetched, timed out (``how`` says which) or given up."""

    uniqueid: str
    space: str
    how: str


class Transfer(NamedTuple):
    """``transferee`` moves on, by the will of ``transferer`` (uniqueids); ``kind`` is ``blind`` or ``attended``.

    ``replaced_uniqueid`` is the transferer's second channel when the party takes its place in what that is doing, of
    which the PBX says nothing more if it is answered at the same moment.
    """

    kind: str
    transferer_uniqueid: str
    transferee_uniqueid: str
    exten: str
    replaced_uniqueid: str = ""


class Pickup(NamedTuple):
    """``uniqueid`` answers what rings at ``target_uniqueid``."""

    uniqueid: str
    target_uniqueid: str


class OriginateResult(NamedTuple):
    """What became of an Originate."""

    action_id: str
    success: bool
    reason: int
    uniqueid: str
    channel: str
    context: str
    exten: str


class Hangup(NamedTuple):
    """A channel is gone."""

    uniqueid: str
    linkedid: str
    channel: str
    cause: int
    cause_text: str


class Booted(NamedTuple):
    """The PBX is ready (``FullyBooted``)."""


class Shutdown(NamedTuple):
    """The PBX goes down."""

    restart: bool


Fact = (
    ChannelNew
    | ChannelState
    | ChannelExten
    | VariableSet
    | CallerId
    | DialBegin
    | DialEnd
    | BridgeEnter
    | BridgeLeave
    | BridgeDestroy
    | LocalPair
    | QueueJoin
    | QueueLeave
    | QueueAbandon
    | AgentRing
    | AgentConnect
    | AgentComplete
    | AgentMissed
    | MemberAdded
    | MemberRemoved
    | MemberPaused
    | MemberStatus
    | Rename
    | Hold
    | Parked
    | Unparked
    | Transfer
    | Pickup
    | OriginateResult
    | Hangup
    | Booted
    | Shutdown
)
