"""Who talks with whom on a real Asterisk, by what it says itself, written into a diary as the simulator's."""

from __future__ import annotations

from typing import Any

from twisted.internet import reactor
from twisted.internet.endpoints import HostnameEndpoint, connectProtocol

from astcti.model.channels import interface_of
from tests.chaos.diary import Diary
from tests.pbx.witness import Event, Witness

OUTSIDE = "PJSIP/outside"


class Caller:
    """Somebody from outside."""

    def __init__(self, number: str) -> None:
        self.number = number
        self.digits = ""
        self.queue = ""
        self.bridge = ""
        self.talks_with = ""


class Reporter(Witness):
    """Keeps the diary of the PBX: ``begins``, ``talk`` and ``over``, as :mod:`tests.chaos.pbx` has them."""

    def __init__(self, diary: Diary) -> None:
        super().__init__()
        self._diary = diary
        self._callers: dict[str, Caller] = {}
        self._phones: dict[str, dict[str, str]] = {}  # by bridge: the phones in it, by uniqueid
        self.counts = {"callers": 0, "talks": 0}

    @classmethod
    async def begin(cls, port: int, diary: Diary) -> Reporter:
        """One that has logged in at a PBX that has just begun."""
        self = await connectProtocol(HostnameEndpoint(reactor, "127.0.0.1", port), cls(diary))
        diary.note("begins")
        reply = await self.act("Login", Username="witness", Secret="witness-secret")
        assert reply["Response"] == "Success", reply
        return self

    def dataReceived(self, data: bytes) -> None:
        known = len(self.events)
        super().dataReceived(data)
        for event in self.events[known:]:
            if event.get("Uniqueid") and "ActionID" not in event:
                self._hear(event["Event"], event["Uniqueid"], event)

    def _hear(self, kind: str, uniqueid: str, event: Event) -> None:
        caller = self._callers.get(uniqueid)
        if kind == "Newchannel":
            if interface_of(event["Channel"]) == OUTSIDE:
                self._callers[uniqueid] = Caller(event["CallerIDNum"])
                self.counts["callers"] += 1
        elif kind == "VarSet" and caller is not None and event["Variable"] == "calldata":
            caller.digits = event["Value"]
        elif kind == "QueueCallerJoin" and caller is not None:
            caller.queue = event["Queue"]
        elif kind == "BridgeEnter":
            self._enter(event["BridgeUniqueid"], uniqueid, caller, event["Channel"])
        elif kind in ("BridgeLeave", "Hangup"):
            self._leave(uniqueid, caller)
            if kind == "Hangup":
                self._callers.pop(uniqueid, None)

    def _enter(self, bridge: str, uniqueid: str, caller: Caller | None, channel: str) -> None:
        if caller is not None:
            caller.bridge = bridge
        elif interface_of(channel) != OUTSIDE:
            self._phones.setdefault(bridge, {})[uniqueid] = interface_of(channel)
        self._look(bridge)

    def _leave(self, uniqueid: str, caller: Caller | None) -> None:
        if caller is not None:
            caller.bridge = ""
            self._over(uniqueid, caller)
        for bridge in [b for b, phones in self._phones.items() if phones.pop(uniqueid, "")]:
            for other, there in self._callers.items():
                if there.bridge == bridge:
                    self._over(other, there)
            if not self._phones[bridge]:
                del self._phones[bridge]

    def _look(self, bridge: str) -> None:
        phones = list(self._phones.get(bridge, {}).values())
        for uniqueid, caller in self._callers.items():
            if caller.bridge == bridge and phones and caller.talks_with != phones[-1]:
                self._over(uniqueid, caller)
                caller.talks_with = phones[-1]
                self.counts["talks"] += 1
                self._note("talk", uniqueid, caller, number=caller.number, digits=caller.digits, queue=caller.queue)

    def _over(self, uniqueid: str, caller: Caller) -> None:
        if caller.talks_with:
            self._note("over", uniqueid, caller)
            caller.talks_with = ""

    def _note(self, what: str, call: str, caller: Caller, **more: Any) -> None:
        self._diary.note(what, call=call, phone=caller.talks_with, **more)
