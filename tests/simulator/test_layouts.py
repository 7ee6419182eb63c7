"""The simulated PBX says what the real ones say, header by header."""

from __future__ import annotations

from functools import cache

from twisted.trial.unittest import SynchronousTestCase

from astcti.simulator.people import Somebody
from astcti.simulator.phones import Habit
from astcti.simulator.traffic import Conduct, call
from tests.simulator.company import ANSWERS, RECORDINGS, Company, Message, first, messages

MARIO = Somebody("3331234567", "Mario Rossi", "12345")


@cache
def recorded(asterisk: int) -> dict[str, set[tuple[str, ...]]]:
    """Event names to every list of header names a real Asterisk was seen to send."""
    found: dict[str, set[tuple[str, ...]]] = {}
    paths = [*(RECORDINGS / str(asterisk)).glob("*.ami"), ANSWERS / f"{asterisk}.ami"]
    for path in paths:
        for message in messages(path.read_bytes()):
            if message[0][0] == "Event":
                found.setdefault(message[0][1], set()).add(tuple(name for name, _ in message))
    return found


def everything(asterisk: int) -> list[Message]:
    """All a client hears on a day on which everything happens at least once."""
    company = Company(asterisk)
    client = company.client()
    heard: list[Message] = []

    def act(name: str, **headers: str) -> None:
        lines = "".join(f"{header}: {value}\r\n" for header, value in headers.items())
        heard.extend(client.send(f"Action: {name}\r\nActionID: x\r\n{lines}\r\n"))

    def later(seconds: float) -> None:
        company.run(seconds)
        heard.extend(client.read())

    call(company.pbx, "astctidemo", "101", MARIO, Conduct(talk=9))
    later(3)
    act("QueueStatus")
    for number in ("201", "202", "203"):
        act("QueueAdd", Queue="astcti-queue", Interface=f"PJSIP/{number}", MemberName=number)
        act("QueueAdd", Queue="astcti-ringall", Interface=f"PJSIP/{number}", MemberName=number)
    act("QueuePause", Interface="PJSIP/203", Paused="1", Reason="lunch")
    act("QueuePause", Interface="PJSIP/203", Paused="0")
    act("QueuePenalty", Queue="astcti-queue", Interface="PJSIP/203", Penalty="3")
    act("QueueMemberRingInUse", Queue="astcti-queue", Interface="PJSIP/203", RingInUse="yes")
    later(3)
    channel = next(iter(company.pbx.channels))
    for name in ("QueueStatus", "QueueSummary", "CoreShowChannels", "Status", "BridgeList", "ExtensionStateList"):
        act(name)
    act("DeviceStateList")
    act("Status", Channel=channel, Variables="calldata,DIGITS")
    act("BridgeInfo", BridgeUniqueid=next(iter(company.pbx.bridges)))
    act("Setvar", Variable="global", Value="1")
    act("Setvar", Variable="local", Channel=channel, Value="1")
    later(30)
    for mode, exten in (("busy", "101"), ("noanswer", "103"), ("congestion", "100"), ("reject", "100")):
        for phone in company.pbx.phones.values():
            phone.habit = Habit(mode)
        call(company.pbx, "astctidemo", exten, MARIO, Conduct(patience=17))
        later(40)
    for phone in company.pbx.phones.values():
        phone.habit = Habit()
    call(company.pbx, "astctidemo", "103", MARIO, Conduct(talk=2, transfer_to="204"))
    later(40)
    act("Originate", Channel="PJSIP/201", Context="agents", Exten="202", Async="true", CallerID="X <5>", Account="a1")
    later(20)
    company.pbx.hang_up(next(iter(company.pbx.channels.values())))
    act("Originate", Channel="PJSIP/201", Application="Wait", Data="2", Async="true")
    act("Originate", Channel="PJSIP/999", Context="agents", Exten="202", Async="true")
    act("NoSuchAction")
    act("UserEvent", UserEvent="Hello", Header1="a", Header2="b")
    later(90)
    company.office.board.shut_down()
    later(1)
    heard.extend(messages(b"".join(e.encode() for e in company.events)))
    return [m for m in heard if m[0][0] == "Event"]


class LayoutTests(SynchronousTestCase):
    """A client that understands Asterisk's events understands ours."""

    def check(self, asterisk: int) -> None:
        """Compare every event of such a day with the recordings."""
        real = recorded(asterisk)
        heard = everything(asterisk)
        for message in heard:
            names = tuple(name for name, _ in message)
            self.assertIn(names, real.get(message[0][1], set()), f"{message[0][1]} of Asterisk {asterisk}")
        kinds = {first(m, "Event") for m in heard}
        self.assertGreater(len(kinds), 50)

    def test_16(self) -> None:
        """Every event has the headers Asterisk 16 was recorded with, in that order."""
        self.check(16)

    def test_22(self) -> None:
        """Every event has the headers Asterisk 22 was recorded with, in that order."""
        self.check(22)

    def test_classes(self) -> None:
        """Every event has the class (``Privilege``) it has in the recordings, or none at all."""
        for asterisk in (16, 22):
            classes: dict[str, set[str]] = {}
            for path in (RECORDINGS / str(asterisk)).glob("*.ami"):
                for message in messages(path.read_bytes()):
                    if message[0][0] == "Event":
                        classes.setdefault(message[0][1], set()).add(first(message, "Privilege"))
            for message in everything(asterisk):
                if message[0][1] != "QueueEntry":
                    self.assertIn(first(message, "Privilege"), classes[message[0][1]], message[0][1])

    def test_values(self) -> None:
        """Numbers are where the recordings have numbers, so that nobody's ``int()`` fails."""
        for asterisk in (16, 22):
            numeric: dict[tuple[str, str], bool] = {}
            for path in (RECORDINGS / str(asterisk)).glob("*.ami"):
                for message in messages(path.read_bytes()):
                    for name, value in message[1:]:
                        key = (message[0][1], name)
                        numeric[key] = numeric.get(key, True) and value.lstrip("-").isdigit()
            for message in everything(asterisk):
                for name, value in message[1:]:
                    free = name in ("Extension", "Value", "ActionID", "Exten") or value == "<unknown>"
                    if numeric.get((message[0][1], name)) and not free:
                        self.assertTrue(value.lstrip("-").isdigit(), f"{message[0][1]} {name}: {value!r}")
