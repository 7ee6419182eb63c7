"""Actions on calls: begin them, move them, end them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from astcti.ami.actions.base import Action


@dataclass(frozen=True, slots=True)
class Originate(Action):
    """Ring ``channel``; when it answers, continue at an extension or in an application.

    The answer says only that it was understood; ``OriginateResponse`` tells what became of it. Not
    asynchronous, the link answers nothing else until then (seen on 16 and 22), so that there is no such choice.

    :ivar timeout: milliseconds for ``channel`` to answer.
    :ivar caller_id: see :func:`caller_id`; it becomes the *called* leg's connected line as well.
    :ivar channel_id: the ``Uniqueid`` the new channel is to have.
    """

    NAME = "Originate"
    RIGHT = "originate"
    channel: str
    context: str | None = None
    exten: str | None = None
    priority: int | None = None
    application: str | None = None
    data: str | None = None
    timeout: int | None = None
    caller_id: str | None = None
    account: str | None = None
    channel_id: str | None = None
    variables: Mapping[str, str] = field(default_factory=dict)
    async_: bool = field(default=True, init=False)


def caller_id(name: str, number: str) -> str:
    """``"Name" <number>``; characters that would end the name or the number early are dropped."""
    name = name.translate(dict.fromkeys(map(ord, '"\\')))
    number = number.translate(dict.fromkeys(map(ord, '"\\<> ')))
    return f'"{name}" <{number}>' if name else number


@dataclass(frozen=True, slots=True)
class Redirect(Action):
    """Send a channel (and, as ``extra``, the one it talks with) elsewhere in the dial plan."""

    NAME = "Redirect"
    RIGHT = "call"
    channel: str
    context: str
    exten: str
    priority: int = 1
    extra_channel: str | None = None
    extra_context: str | None = None
    extra_exten: str | None = None
    extra_priority: int | None = None


@dataclass(frozen=True, slots=True)
class BlindTransfer(Action):
    """Send whoever talks with ``channel`` to an extension (Asterisk 12 and later)."""

    NAME = "BlindTransfer"
    RIGHT = "call"
    channel: str
    context: str
    exten: str


@dataclass(frozen=True, slots=True)
class Atxfer(Action):
    """Begin a transfer with consultation on behalf of ``channel``."""

    NAME = "Atxfer"
    RIGHT = "call"
    channel: str
    exten: str
    context: str | None = None


@dataclass(frozen=True, slots=True)
class CancelAtxfer(Action):
    """Go back to the caller."""

    NAME = "CancelAtxfer"
    RIGHT = "call"
    channel: str


@dataclass(frozen=True, slots=True)
class Hangup(Action):
    """Hang up a channel; ``cause`` is a Q.850 number."""

    NAME = "Hangup"
    RIGHT = "system or call"
    channel: str
    cause: int | None = None


@dataclass(frozen=True, slots=True)
class Park(Action):
    """Park a channel. ``timeout`` is in milliseconds; the call comes back to ``timeout_channel``."""

    NAME = "Park"
    RIGHT = "call"
    channel: str
    timeout_channel: str | None = None
    announce_channel: str | None = None
    timeout: int | None = None
    parking_lot: str | None = None


@dataclass(frozen=True, slots=True)
class MixMonitor(Action):
    """Record both sides of a call into a file below the PBX's monitor folder."""

    NAME = "MixMonitor"
    RIGHT = "system"
    channel: str
    file: str | None = None
    options: str | None = None


@dataclass(frozen=True, slots=True)
class StopMixMonitor(Action):
    """Stop a recording, or all of a channel."""

    NAME = "StopMixMonitor"
    RIGHT = "system or call"
    channel: str
    mix_monitor_id: str | None = None


@dataclass(frozen=True, slots=True)
class Monitor(Action):
    """Record a call on Asterisk 1.4 to 20."""

    NAME = "Monitor"
    RIGHT = "call"
    channel: str
    file: str | None = None
    format: str | None = None
    mix: bool | None = None


@dataclass(frozen=True, slots=True)
class StopMonitor(Action):
    """Stop what :class:`Monitor` began."""

    NAME = "StopMonitor"
    RIGHT = "call"
    channel: str


@dataclass(frozen=True, slots=True)
class PJSIPNotify(Action):
    """Send a phone a SIP NOTIFY: ``{"Event": "talk"}`` lets it answer, ``hold`` holds, if it knows how."""

    NAME = "PJSIPNotify"
    RIGHT = "system"
    endpoint: str | None = None
    channel: str | None = None
    variables: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class SIPnotify(Action):
    """The same with chan_sip (until Asterisk 20)."""

    NAME = "SIPnotify"
    RIGHT = "system"
    channel: str
    variables: Mapping[str, str] = field(default_factory=dict)
