"""Channels and bridges: one leg of a call, and the place where legs hear each other."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple, Protocol

if TYPE_CHECKING:
    from astcti.simulator.agenda import Actor
    from astcti.simulator.phones import Phone

UNKNOWN = "<unknown>"
STATES = {"Down": "0", "Ring": "4", "Ringing": "5", "Up": "6", "Busy": "7"}
CAUSES = {
    0: "Unknown",
    1: "Unallocated (unassigned) number",
    16: "Normal Clearing",
    17: "User busy",
    19: "User alerting, no answer",
    21: "Call Rejected",
    26: "Answered elsewhere",
    34: "Circuit/channel congestion",
}
_VARIABLE = re.compile(r"\$\{([A-Za-z_]\w*)(\([^)]*\))?(?::(\d+))?\}")
_SHOWN = {
    "EXTEN": "exten", "CONTEXT": "context", "PRIORITY": "priority", "CALLERID(num)": "number",
    "CALLERID(name)": "caller", "CONNECTEDLINE(num)": "connected_number", "CONNECTEDLINE(name)": "connected_name",
    "CHANNEL(language)": "language", "CHANNEL(accountcode)": "account", "CHANNEL(state)": "state",
}  # fmt: skip
_ESCAPES = str.maketrans(
    {"\a": "\\a", "\b": "\\b", "\f": "\\f", "\n": "\\n", "\r": "\\r", "\t": "\\t", "\v": "\\v", "\\": "\\\\",
     "'": "\\'", '"': '\\"', "?": "\\?"}
)  # fmt: skip


def escaped(value: str) -> str:
    """A value as ``VarSet`` shows it, and names as every event about a channel does; nothing else is escaped."""
    return value if value.isalnum() else value.translate(_ESCAPES)


class Person(Protocol):
    """Who holds a telephone, as far as the call needs to know."""

    def connected(self, channel: Channel, peer: Channel) -> None:
        """The person on ``channel`` talks with the one on ``peer`` from now on."""

    def gone(self, channel: Channel) -> None:
        """The call of this person is over."""


class Shown(NamedTuple):
    """What the events about a channel show of it, beside its names."""

    state: str = "Down"
    number: str = ""
    caller: str = ""
    connected_number: str = ""
    connected_name: str = ""
    language: str = "en"
    account: str = ""
    context: str = ""
    exten: str = "s"
    priority: str = "1"


class Channel:
    """One leg of a call.

    :ivar shown: what its events show; to be changed by :meth:`change` alone.
    :ivar actor: plays the dial plan on this channel; a called phone's leg has none.
    :ivar dialler: is told what the called phone does, while it is called.
    :ivar keys: what the caller will key when asked for digits.
    :ivar partner: the leg it talks or talked with last.
    """

    __slots__ = (
        "_values", "actor", "answered", "application", "bridge", "cause", "created", "data", "dialler", "keys",
        "linkedid", "name", "partner", "person", "phone", "shown", "tech_cause", "uniqueid", "variables",
    )  # fmt: skip

    def __init__(self, name: str, uniqueid: str, linkedid: str, now: float, shown: Shown) -> None:
        self.name = name
        self.uniqueid = uniqueid
        self.linkedid = linkedid or uniqueid
        self.shown = shown
        self._values: tuple[str, ...] | None = None
        self.created = now
        self.answered = 0.0
        self.application = ""
        self.data = ""
        self.variables: dict[str, str] = {}
        self.keys = ""
        self.bridge: Bridge | None = None
        self.partner: Channel | None = None
        self.actor: Actor | None = None
        self.dialler: Actor | None = None
        self.phone: Phone | None = None
        self.person: Person | None = None
        self.cause = 0
        self.tech_cause = 0

    def change(self, **shown: str) -> None:
        """Change the state, the caller, whom it is connected to, or the place in the dial plan."""
        self.shown = self.shown._replace(**shown)
        self._values = None

    @property
    def values(self) -> tuple[str, ...]:
        """What every event about this channel begins with, in the order of ``events.CHANNEL``."""
        if self._values is None:
            s = self.shown
            self._values = (
                self.name, STATES[s.state], s.state, s.number or UNKNOWN, escaped(s.caller) or UNKNOWN,
                s.connected_number or UNKNOWN, escaped(s.connected_name) or UNKNOWN, s.language, s.account,
                s.context, s.exten, s.priority, self.uniqueid, self.linkedid,
            )  # fmt: skip
        return self._values

    @property
    def interface(self) -> str:
        """The phone or trunk it belongs to, e.g. ``PJSIP/201``."""
        return self.name.rpartition("-")[0]

    def value_of(self, variable: str) -> str:
        """A dial-plan variable or one of the few functions we know, empty when there is none."""
        if (field := _SHOWN.get(variable)) is not None:
            return str(getattr(self.shown, field))
        named = {"UNIQUEID": self.uniqueid, "CHANNEL": self.name, "CHANNEL(name)": self.name,
                 "CHANNEL(linkedid)": self.linkedid}  # fmt: skip
        return named.get(variable) or self.variables.get(variable, "")

    def expand(self, text: str) -> str:
        """Put variables into the data of an application: ``${calldata}``, ``${EXTEN:1}``, ``${CALLERID(num)}``."""
        if "${" not in text:
            return text
        return _VARIABLE.sub(lambda m: self.value_of(m[1] + (m[2] or ""))[int(m[3] or 0) :], text)


class Bridge:
    """Where channels hear each other."""

    __slots__ = ("channels", "uniqueid")

    def __init__(self, uniqueid: str) -> None:
        self.uniqueid = uniqueid
        self.channels: list[Channel] = []

    @property
    def values(self) -> tuple[str, ...]:
        """What every event about this bridge begins with, in the order of ``events.BRIDGE``."""
        return (self.uniqueid, "basic", "simple_bridge", UNKNOWN, UNKNOWN, str(len(self.channels)), "none")
