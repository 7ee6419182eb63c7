"""What the PBX itself says: an AMI link apart from ours, parsed in the simplest way, with every byte kept."""

from __future__ import annotations

import itertools
from collections.abc import Callable

from twisted.internet import reactor
from twisted.internet.endpoints import HostnameEndpoint, connectProtocol
from twisted.internet.protocol import Protocol

from tests.pbx.waiting import sleep, until

Event = dict[str, str]
ACTION_SECONDS = 10


class Witness(Protocol):
    """An AMI session that only looks on, and now and then acts as the hand of fate.

    :ivar events: every event and response since the log-in, as dictionaries; of a repeated header the first counts.
    :ivar raw: every byte received.
    """

    def __init__(self) -> None:
        self.events: list[Event] = []
        self.raw = bytearray()
        self._read = 0
        self._ids = itertools.count(1)

    @classmethod
    async def connect(cls, port: int, username: str = "witness", secret: str = "witness-secret") -> Witness:
        """A witness that has logged in."""
        self = await connectProtocol(HostnameEndpoint(reactor, "127.0.0.1", port), cls())
        reply = await self.act("Login", Username=username, Secret=secret)
        assert reply["Response"] == "Success", reply
        return self

    def close(self) -> None:
        """Go."""
        if self.transport is not None:
            self.transport.loseConnection()

    def dataReceived(self, data: bytes) -> None:
        self.raw += data
        if not self._read:
            self._read = self.raw.find(b"\r\n") + 2  # the greeting has no blank line
        while (end := self.raw.find(b"\r\n\r\n", self._read)) >= 0:
            block = self.raw[self._read : end].decode("utf-8", "replace")
            self._read = end + 4
            event: Event = {}
            for line in block.split("\r\n"):
                name, _, value = line.partition(": ")
                event.setdefault(name, value)
            self.events.append(event)

    def excerpt(self, since: int = 0) -> str:
        """What it has heard since it had ``since`` bytes: evidence."""
        return self.raw[since:].decode("utf-8", "replace").replace("\r\n", "\n")

    # -- asking

    def send(self, action: str, **headers: object) -> str:
        """Send an action; its ``ActionID``."""
        action_id = f"w{next(self._ids)}"
        lines = [f"Action: {action}", f"ActionID: {action_id}", *(f"{k}: {v}" for k, v in headers.items())]
        self.transport.write("\r\n".join(lines).encode() + b"\r\n\r\n")
        return action_id

    async def act(self, action: str, **headers: object) -> Event:
        """Send an action and return the response."""
        since = len(self.events)
        action_id = self.send(action, **headers)
        return await self.hear(lambda e: e.get("ActionID") == action_id and "Response" in e, since=since, what=action)

    async def list(self, action: str, **headers: object) -> list[Event]:
        """Send an action whose answer is a list; its events, without the one that ends it."""
        since = len(self.events)
        action_id = self.send(action, **headers)
        await self.hear(
            lambda e: e.get("ActionID") == action_id and e.get("EventList") == "Complete",
            since=since,
            what=f"end of {action}",
        )
        return [e for e in self.events[since:] if e.get("ActionID") == action_id and "Event" in e][:-1]

    async def hear(
        self,
        what_about: Callable[[Event], bool] | str,
        *,
        since: int = 0,
        seconds: float = ACTION_SECONDS,
        what: str = "",
    ) -> Event:
        """The first event from the ``since``-th on that is of that name, or of which that is true; waits for it."""
        told = what or str(what_about)
        if isinstance(what_about, str):
            name = what_about
            fits: Callable[[Event], bool] = lambda e: e.get("Event") == name  # noqa: E731
        else:
            fits = what_about
        return await until(lambda: next((e for e in self.events[since:] if fits(e)), None), seconds, told)

    # -- what there is now

    async def channels(self) -> dict[str, Event]:
        """The channels that exist, by uniqueid."""
        return {e["Uniqueid"]: e for e in await self.list("CoreShowChannels") if e["Event"] == "CoreShowChannel"}

    async def bridges(self) -> dict[str, Event]:
        """The bridges that exist, by id."""
        return {e["BridgeUniqueid"]: e for e in await self.list("BridgeList") if "BridgeUniqueid" in e}

    async def members(self, queue: str = "") -> dict[tuple[str, str], Event]:
        """Queue members, by queue and interface."""
        found = await self.list("QueueStatus", **({"Queue": queue} if queue else {}))
        return {(e["Queue"], e["Location"]): e for e in found if e["Event"] == "QueueMember"}

    async def quiet(self, seconds: float = 20) -> None:
        """Return when no channel is left."""
        for _ in range(round(seconds / 0.1)):
            if not await self.channels():
                return
            await sleep(0.1)
        raise AssertionError(f"channels left: {list(await self.channels())}")
