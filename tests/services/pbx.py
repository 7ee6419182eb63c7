"""A link to a PBX that says what a test wants it to say."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from twisted.internet.defer import Deferred, fail, succeed

from astcti.ami.actions import Action
from astcti.ami.message import Interest, Message
from astcti.config.settings import Settings
from astcti.errors import AMIRefused


def message(event: str, **headers: Any) -> Message:
    """An event."""
    lines = [f"Event: {event}", *(f"{name}: {value}" for name, value in headers.items())]
    return Message("\r\n".join(lines).encode())


def channel(uniqueid: str, name: str, event: str = "Newchannel", **headers: Any) -> Message:
    """An event about one channel, with the headers that every such event has."""
    block = {"Channel": name, "ChannelState": "0", "ChannelStateDesc": "Down", "CallerIDNum": "<unknown>",
             "CallerIDName": "<unknown>", "ConnectedLineNum": "<unknown>", "ConnectedLineName": "<unknown>",
             "Context": "phones", "Exten": "", "Priority": "1", "Uniqueid": uniqueid, "Linkedid": "1.1"}  # fmt: skip
    return message(event, **{**block, **headers})


def a_call(phone: str = "PJSIP/201", context: str = "direct") -> list[Message]:
    """A caller reaches a service, keys in digits, and a phone rings and answers."""
    caller = {"CallerIDNum": "0551", "CallerIDName": "Mario", "Context": context}
    leg = {"Channel": "PJSIP/out-1", "Uniqueid": "1.1", "Linkedid": "1.1", **caller}
    dest = {"DestChannel": f"{phone}-2", "DestUniqueid": "1.2", "DestLinkedid": "1.1"}
    bridge = {"BridgeUniqueid": "b1", "BridgeType": "basic"}
    return [
        channel("1.1", "PJSIP/out-1", **caller),
        channel("1.1", "PJSIP/out-1", "Newexten", Application="Answer", AppData="", **caller),
        channel("1.1", "PJSIP/out-1", "VarSet", Variable="calldata", Value="12345", **caller),
        channel("1.2", f"{phone}-2"),
        message("DialBegin", **leg, **dest, DialString="201"),
        channel("1.2", f"{phone}-2", "Newstate", ChannelState="5", ChannelStateDesc="Ringing"),
        channel("1.2", f"{phone}-2", "Newstate", ChannelState="6", ChannelStateDesc="Up"),
        channel("1.1", "PJSIP/out-1", "BridgeEnter", **bridge, **caller),
        channel("1.2", f"{phone}-2", "BridgeEnter", **bridge),
    ]


class FakePbx:
    """A link that is up when the test says so.

    :ivar lists: action name to the events of its list, or the error it is refused with.
    :ivar answers: when set, lists are answered only when its Deferreds are fired.
    """

    def __init__(self, settings: Settings, interest: Interest) -> None:
        self.settings = settings
        self.interest = interest
        self.state = "idle"
        self.lists: dict[str, list[Message] | Exception] = {}
        self.asked: list[str] = []
        self.leaving: Deferred[None] | None = None
        self.late: list[tuple[str, Deferred[list[Message]]]] | None = None
        self.on_event: Callable[[Message], None]
        self.on_up: Callable[[], None]
        self.on_down: Callable[[str], None]
        self.on_give_up: Callable[[str], None]

    def startService(self) -> None:
        self.state = "connecting"

    def stopService(self) -> Deferred[None]:
        self.state = "idle"
        return self.leaving or succeed(None)

    def collectAction(self, action: Action, /) -> Deferred[list[Message]]:
        self.asked.append(action.NAME)
        if self.late is not None:
            late: Deferred[list[Message]] = Deferred()
            self.late.append((action.NAME, late))
            return late
        return self._answer(action.NAME)

    def _answer(self, name: str) -> Deferred[list[Message]]:
        listed = self.lists.get(name, [])
        return fail(listed) if isinstance(listed, Exception) else succeed(listed)

    def answer_late(self) -> None:
        """Answer everything that was asked, and what is asked thereupon."""
        while self.late:
            name, late = self.late.pop(0)
            self._answer(name).chainDeferred(late)

    banner = "Asterisk Call Manager/11.0.0"

    def counted(self) -> dict[str, int]:
        return {"events": 7, "skipped": 3}

    def configure(self, settings: Settings) -> None:
        self.settings = settings

    def retry(self) -> None:
        self.state = "connecting"

    def come_up(self) -> None:
        """Log in."""
        self.state = "up"
        self.on_up()

    def go_down(self, reason: str = "connection lost") -> None:
        """Lose the connection."""
        self.state = "waiting"
        self.on_down(reason)

    def say(self, *messages: Message) -> None:
        """Send events."""
        for each in messages:
            self.on_event(each)


class Exchange:
    """Makes links, and keeps them for the test."""

    def __init__(self) -> None:
        self.made: list[FakePbx] = []

    def __call__(self, settings: Settings, interest: Interest, **handlers: Any) -> FakePbx:
        pbx = FakePbx(settings, interest)
        for name, handler in handlers.items():
            setattr(pbx, name, handler)
        self.made.append(pbx)
        return pbx

    @property
    def pbx(self) -> FakePbx:
        """The newest."""
        return self.made[-1]


def denied() -> AMIRefused:
    """What Asterisk says to a manager user without the right."""
    return AMIRefused("Permission denied")
