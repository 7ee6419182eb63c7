"""Agents without screens, logged in to the server under test, and what they have seen."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any
from urllib.parse import parse_qs, urlsplit

from twisted.internet import reactor
from twisted.internet.defer import Deferred

from astcti.model.channels import interface_of
from astcti.protocols.client import CallEvent, CTIClient, CTIClientService, Profile, Welcome, digest_of
from tests.pbx.daemon import Daemon, password_of
from tests.pbx.instance import PHONES
from tests.pbx.scenarios.scenario import Person, Pop
from tests.pbx.witness import Event

LOGIN_SECONDS = 15


class Agent:
    """One agent at the seat of one phone.

    :ivar events: every call event, in order.
    :ivar notices: whatever else the server said.
    :ivar ways: how they have logged in, each time.
    :param password: the tests' own, if none is given.
    """

    def __init__(self, number: int, port: int, *, password: str = "", **profile: Any) -> None:
        self.number = number
        self.ways: list[str] = []
        self.events: list[CallEvent] = []
        self.notices: list[object] = []
        self._up: Deferred[None] = Deferred()
        username = f"op{number}"
        if profile.get("way") == "plain":
            profile["password"] = password
        self.service = CTIClientService(
            reactor,
            f"tcp:127.0.0.1:{port}",
            Profile(username=username, digest=digest_of(password or password_of(username)), system="LINUX", **profile),
            on_event=self.events.append,
            on_notice=self.notices.append,
            on_up=self._logged_in,
        )

    def _logged_in(self, client: CTIClient, welcome: Welcome) -> None:
        assert welcome.seat, f"op{self.number} has no seat"
        self.ways.append(welcome.way)
        if not self._up.called:
            self._up.callback(None)

    async def log_in(self) -> None:
        """Sit down."""
        self.service.startService()
        await self._up.addTimeout(LOGIN_SECONDS, reactor)

    async def leave(self) -> None:
        """Go home."""
        await self.service.stopService()

    def pops(self) -> list[Pop]:
        """The screens that have popped here; what the page's address says must be what the event says."""
        return [self._pop(event) for event in self.events if event.actions]

    def _pop(self, event: CallEvent) -> Pop:
        assert event.id == "Link", f"actions came with {event.id}"
        (action,) = event.actions
        call, calldata = event.call, dict(event.call.variables)["calldata"]
        page = {k: v[0] for k, v in parse_qs(urlsplit(action.parameters).query, keep_blank_values=True).items()}
        told = {
            "number": call.number,
            "name": call.name,
            "data": calldata,
            "queue": call.queue,
            "by": f"op{self.number}",
        }
        assert page == told, f"the page is for {page}, the call is {told}"
        return Pop(self.number, calldata, Person(call.number, call.name), call.queue)

    def stories(self, interface: str) -> dict[str, list[str]]:
        """The kinds of events, in order, of each channel of the phone here; ``interface`` is that phone's."""
        found: dict[str, list[str]] = {}
        for event in self.events:
            ours = [c for c in (event.call.channel, event.call.dest_channel) if interface_of(c) == interface]
            if not ours and event.id in ("Park", "Unpark"):  # tells of the caller who was parked here
                continue
            assert ours, f"{event} does not concern {interface}"
            found.setdefault(ours[0], []).append(event.id)
        return found

    def calls(self) -> dict[str, list[str]]:
        """The kinds of events, in order, of each call; a place in the parking lot is none."""
        found: dict[str, list[str]] = {}
        for event in self.events:
            if event.id not in ("Park", "Unpark"):
                found.setdefault(event.call.uniqueid, []).append(event.id)
        return found


class Floor:
    """All agents, and the server's own view of the PBX."""

    def __init__(self, daemon: Daemon, numbers: Iterable[int] = PHONES) -> None:
        self._daemon = daemon
        self.agents = {number: Agent(number, daemon.port) for number in numbers}

    async def open(self) -> None:
        """Everybody sits down."""
        for agent in self.agents.values():
            await agent.log_in()

    async def close(self) -> None:
        """Everybody goes home."""
        for agent in self.agents.values():
            await agent.leave()

    def pops(self) -> list[Pop]:
        """The screens that have popped so far."""
        return [pop for agent in self.agents.values() for pop in agent.pops()]

    def compare(
        self, channels: dict[str, Event], bridges: dict[str, Event], members: dict[tuple[str, str], Event]
    ) -> str:
        """What the server believes otherwise than the PBX."""
        believed = self._daemon.ask("calls")
        ours = {c["uniqueid"]: c for c in believed["channels"]}
        problems = [f"gone, but still tracked: {ours[u]}" for u in ours.keys() - channels.keys()]
        problems += [f"there, but not tracked: {channels[u]}" for u in channels.keys() - ours.keys()]
        for uniqueid in ours.keys() & channels.keys():
            mine, theirs = ours[uniqueid], channels[uniqueid]
            if mine["channel"] != theirs["Channel"]:
                problems.append(f"{mine} is called {theirs['Channel']}")
            if mine["bridge"] != theirs["BridgeId"]:
                problems.append(f"{mine} is in bridge {theirs['BridgeId']!r}")
        unknown = {c["bridge"] for c in ours.values()} - bridges.keys() - {""}
        problems += [f"bridges believed {unknown}"] if unknown else []
        sit = {(m["queue"], m["interface"].removesuffix("/n"), bool(m["paused"])) for m in believed["members"]}
        should = {(q, i.removesuffix("/n"), m["Paused"] == "1") for (q, i), m in members.items()}
        problems += [f"members believed {sit - should}, missed {should - sit}"] if sit != should else []
        status = self._daemon.ask("status")["calls"]
        if not channels and (status["channels"] or status["bridges"] or status["waiting"]):
            problems.append(f"no call is left, but the server counts {status}")
        return "; ".join(problems)
