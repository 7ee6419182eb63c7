"""Questions about channels, bridges and phones, and single variables."""

from __future__ import annotations

from dataclasses import dataclass

from astcti.ami.actions.base import Action


@dataclass(frozen=True, slots=True)
class CoreShowChannels(Action):
    """List all channels, each with the bridge it is in (Asterisk 1.6 and later)."""

    NAME = "CoreShowChannels"
    RIGHT = "system or reporting"
    ENDS = frozenset({"coreshowchannelscomplete"})


@dataclass(frozen=True, slots=True)
class Status(Action):
    """List channels with their state; ``variable_names``, with commas between them, are told of each as well."""

    NAME = "Status"
    RIGHT = "system, call or reporting"
    ENDS = frozenset({"statuscomplete"})
    channel: str | None = None
    variable_names: str | None = None
    all_variables: bool | None = None


@dataclass(frozen=True, slots=True)
class BridgeList(Action):
    """List all bridges (Asterisk 12 and later). Needs no right at all, as seen on 16 and 22."""

    NAME = "BridgeList"
    ENDS = frozenset({"bridgelistcomplete"})
    bridge_type: str | None = None


@dataclass(frozen=True, slots=True)
class BridgeInfo(Action):
    """List the channels in a bridge (Asterisk 12 and later)."""

    NAME = "BridgeInfo"
    RIGHT = "system"
    ENDS = frozenset({"bridgeinfocomplete"})
    bridge_uniqueid: str


@dataclass(frozen=True, slots=True)
class ParkedCalls(Action):
    """List who is parked."""

    NAME = "ParkedCalls"
    ENDS = frozenset({"parkedcallscomplete"})
    parking_lot: str | None = None


@dataclass(frozen=True, slots=True)
class ExtensionState(Action):
    """The state of a hint."""

    NAME = "ExtensionState"
    RIGHT = "call or reporting"
    exten: str
    context: str


@dataclass(frozen=True, slots=True)
class ExtensionStateList(Action):
    """List the state of all hints (Asterisk 13 and later)."""

    NAME = "ExtensionStateList"
    RIGHT = "call or reporting"
    ENDS = frozenset({"extensionstatelistcomplete"})


@dataclass(frozen=True, slots=True)
class DeviceStateList(Action):
    """List the state of all devices (Asterisk 13 and later)."""

    NAME = "DeviceStateList"
    RIGHT = "call or reporting"
    ENDS = frozenset({"devicestatelistcomplete"})


@dataclass(frozen=True, slots=True)
class MailboxCount(Action):
    """How many messages wait, new and old."""

    NAME = "MailboxCount"
    RIGHT = "call or reporting"
    mailbox: str


@dataclass(frozen=True, slots=True)
class Getvar(Action):
    """A variable of a channel, or a global one; the answer has it in ``Value``."""

    NAME = "Getvar"
    RIGHT = "call or reporting"
    variable: str
    channel: str | None = None


@dataclass(frozen=True, slots=True)
class Setvar(Action):
    """Set a variable of a channel, or a global one. Asterisk drops blanks before the value."""

    NAME = "Setvar"
    RIGHT = "call"
    variable: str
    value: str
    channel: str | None = None
