"""A PBX small enough for a test: it lets anybody in, has no calls of its own, and says what a recording says."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from twisted.internet import reactor
from twisted.internet.defer import Deferred
from twisted.internet.endpoints import serverFromString
from twisted.internet.interfaces import IListeningPort
from twisted.internet.protocol import Factory, Protocol
from twisted.internet.task import deferLater

RECORDINGS = Path(__file__).parent.parent / "recordings"


def events_of(major: int, name: str) -> list[bytes]:
    """The events of a recorded conversation, each as it was sent."""
    said = (RECORDINGS / str(major) / f"{name}.ami").read_bytes().partition(b"\r\n")[2]
    return [m + b"\r\n\r\n" for m in said.split(b"\r\n\r\n") if m.startswith(b"Event: ") and b"\r\nActionID: " not in m]


class FakeAMI(Protocol):
    """One manager link."""

    def __init__(self, pbx: FakePBX) -> None:
        self.pbx = pbx
        self._received = b""

    def connectionMade(self) -> None:
        self.transport.write(b"Asterisk Call Manager/11.0.0\r\n")

    def dataReceived(self, data: bytes) -> None:
        *actions, self._received = (self._received + data).split(b"\r\n\r\n")
        for action in actions:
            headers = dict(line.split(": ", 1) for line in action.decode().split("\r\n") if ": " in line)
            self._answer({name.lower(): value for name, value in headers.items()})

    def _answer(self, headers: dict[str, str]) -> None:
        name, action_id = headers["action"].lower(), headers.get("actionid", "")
        if name == "challenge":
            self._respond(action_id, Challenge="399635751")
        elif name == "login":
            if self.pbx.refuses:
                self._respond(action_id, "Error", Message="Authentication failed")
                self.transport.loseConnection()
                return
            self._respond(action_id, Message="Authentication accepted")
            self.say(b"Event: FullyBooted\r\nPrivilege: system,all\r\nStatus: Fully Booted\r\n\r\n")
            self.pbx.came_in(self)
        elif name in ("coreshowchannels", "bridgelist", "queuestatus"):
            self._respond(action_id, EventList="start", Message="follows")
            end = {"coreshowchannels": "CoreShowChannelsComplete", "bridgelist": "BridgeListComplete",
                   "queuestatus": "QueueStatusComplete"}[name]  # fmt: skip
            self.say(f"Event: {end}\r\nActionID: {action_id}\r\nEventList: Complete\r\nListItems: 0\r\n\r\n".encode())
        elif name in ("queueadd", "queueremove"):
            self._respond(action_id)
            self._tell_member(name == "queueadd", headers)
        elif name == "logoff":
            self.pbx.logoffs += 1
            self._respond(action_id, "Goodbye", Message="Thanks for all the fish.")
            self.transport.loseConnection()
        else:
            self._respond(action_id)

    def _tell_member(self, added: bool, headers: dict[str, str]) -> None:
        """Somebody is a member of a queue, or none any more."""
        queue, interface = headers["queue"], headers["interface"]
        member = (headers.get("penalty", "0"), "1" if headers.get("paused") in ("true", "1") else "0")
        if added:
            self.pbx.members[queue, interface] = member
        else:
            member = self.pbx.members.pop((queue, interface), member)
        event = "QueueMemberAdded" if added else "QueueMemberRemoved"
        name = headers.get("membername", interface)
        said = {
            "Event": event, "Privilege": "agent,all", "Queue": queue, "MemberName": name, "Interface": interface,
            "StateInterface": interface, "Membership": "dynamic", "Penalty": member[0], "Status": "1",
            "Paused": member[1],
        }  # fmt: skip
        self.say("".join(f"{name}: {value}\r\n" for name, value in said.items()).encode() + b"\r\n")

    def _respond(self, action_id: str, response: str = "Success", **headers: str) -> None:
        lines = [f"Response: {response}", f"ActionID: {action_id}", *(f"{n}: {v}" for n, v in headers.items())]
        self.say("\r\n".join(lines).encode() + b"\r\n\r\n")

    def say(self, data: bytes) -> None:
        """Send bytes as they are."""
        self.transport.write(data)

    def connectionLost(self, reason: Any = None) -> None:
        self.pbx.links.discard(self)


class FakePBX(Factory):
    """The PBX.

    :ivar links: manager links that logged in.
    :ivar refuses: whether logins are refused.
    :ivar members: queue and interface to penalty and paused, as they were asked for.
    """

    noisy = False

    def __init__(self) -> None:
        self.links: set[FakeAMI] = set()
        self.logins = 0
        self.logoffs = 0
        self.refuses = False
        self.members: dict[tuple[str, str], tuple[str, str]] = {}
        self._port: IListeningPort | None = None
        self._waiting: list[Deferred[FakeAMI]] = []

    def buildProtocol(self, addr: object) -> FakeAMI:
        return FakeAMI(self)

    def came_in(self, link: FakeAMI) -> None:
        """A link logged in."""
        self.logins += 1
        self.links.add(link)
        waiting, self._waiting = self._waiting, []
        for each in waiting:
            each.callback(link)

    def next_login(self) -> Deferred[FakeAMI]:
        """Fires when a link logs in."""
        waiting: Deferred[FakeAMI] = Deferred()
        self._waiting.append(waiting)
        return waiting

    async def listen(self, port: int = 0) -> int:
        """Begin; the port."""
        self._port = await serverFromString(reactor, f"tcp:{port}:interface=127.0.0.1").listen(self)
        return int(self._port.getHost().port)

    def say(self, events: list[bytes]) -> None:
        """Send events to every link, as one burst."""
        for link in self.links:
            link.say(b"".join(events))

    async def close(self) -> None:
        """End."""
        if self._port is not None:
            await self._port.stopListening()
            self._port = None
        for link in list(self.links):
            link.transport.abortConnection()
        await deferLater(reactor, 0.01)
