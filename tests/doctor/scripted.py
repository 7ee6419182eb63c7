"""A PBX that answers as a test says."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from tests.services.fakeami import FakeAMI, FakePBX

Headers = Mapping[str, str]
Answer = Callable[[Headers], str]

COMMANDS = {
    "CoreShowChannels": "(Priv: system,reporting,all)", "Status": "(Priv: system,call,reporting,all)",
    "Getvar": "(Priv: call,reporting,all)", "ShowDialPlan": "(Priv: config,reporting,all)",
    "Originate": "(Priv: originate,all)", "QueueAdd": "(Priv: agent,all)", "QueueRemove": "(Priv: agent,all)",
    "QueuePause": "(Priv: agent,all)", "Ping": "(Priv: <none>)",
}  # fmt: skip


class Scripted(FakePBX):
    """A PBX of which a test says what it answers.

    :ivar answers: action in lower case to a function from its headers to what is sent: whole messages, in which
        ``@ID@`` stands for the ActionID.
    :ivar asked: all actions that came.
    """

    def __init__(self) -> None:
        super().__init__()
        self.answers: dict[str, Answer] = {"listcommands": lambda headers: success(**COMMANDS)}
        self.asked: list[Headers] = []

    def buildProtocol(self, addr: object) -> FakeAMI:
        return ScriptedAMI(self)


class ScriptedAMI(FakeAMI):
    """One link to it."""

    pbx: Scripted

    def _answer(self, headers: dict[str, str]) -> None:
        self.pbx.asked.append(headers)
        script = self.pbx.answers.get(headers["action"].lower())
        if script is None:
            super()._answer(headers)
        elif text := script(headers):
            self.say(text.replace("@ID@", headers.get("actionid", "")).encode())


def message(*lines: str) -> str:
    """One message."""
    return "\r\n".join((*lines, "", ""))


def success(**headers: str) -> str:
    """An action done."""
    return message("Response: Success", "ActionID: @ID@", *(f"{n}: {v}" for n, v in headers.items()))


def refusal(said: str) -> str:
    """An action refused."""
    return message("Response: Error", "ActionID: @ID@", f"Message: {said}")


def event(name: str, privilege: str = "", **headers: str) -> str:
    """An event."""
    lines = [f"Event: {name}", *([f"Privilege: {privilege},all"] if privilege else ())]
    return message(*lines, *(f"{n}: {v}" for n, v in headers.items()))


def listed(*events: str, end: str) -> str:
    """A list."""
    items = [e.replace("\r\n", "\r\nActionID: @ID@\r\n", 1) for e in events]
    return (
        success(EventList="start") + "".join(items) + message(f"Event: {end}", "ActionID: @ID@", "EventList: Complete")
    )
