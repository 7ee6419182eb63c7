"""Whether everybody is of one mind: the PBX, the server, the clients, and the data base that says how it is to be."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tests.chaos.company import interface, username
from tests.chaos.database import Members

SHOWN = 10


@dataclass(frozen=True)
class Pauses:
    """How agents should be paused.

    :ivar asked: what they asked for and was confirmed; ``None`` where that is not known.
    :ivar told: what they were told last: ``all``, ``partly``, ``none``.
    """

    asked: Mapping[int, bool | None]
    told: Mapping[int, str]


@dataclass(frozen=True)
class Found:
    """What everybody has.

    :ivar members: the PBX's, by queue and interface, with the headers of ``QueueMember``.
    :ivar calls: what ``astcti ctl calls`` shows of the server; ``clients`` and ``status`` likewise.
    """

    members: Mapping[tuple[str, str], Mapping[str, str]]
    calls: Mapping[str, Any]
    clients: list[Mapping[str, Any]]
    status: Mapping[str, Any]


def differences(found: Found, wanted: Members, pauses: Pauses) -> list[str]:
    """What is not as it should be.

    :param wanted: who is to be in which queue with which penalty; nobody else is to be there.
    """
    here = {agent for _, agent in wanted}
    should = {(queue, interface(agent)): penalty for (queue, agent), penalty in wanted.items()}
    theirs = {key: (m["Paused"] == "1", m["PausedReason"]) for key, m in found.members.items()}
    ours = {(m["queue"], m["interface"]): (bool(m["paused"]), m["reason"]) for m in found.calls["members"]}
    penalties = {key: int(m["Penalty"]) for key, m in found.members.items() if key in should}
    problems = [
        *_lines("orphans in queues", theirs.keys() - should.keys()),
        *_lines("not in their queues", should.keys() - theirs.keys()),
        *_lines("other penalties", {(key, p, should[key]) for key, p in penalties.items() if p != should[key]}),
        *_lines("members believed otherwise", ours.items() ^ theirs.items()),
        *_lines("channels believed", {c["uniqueid"] for c in found.calls["channels"]}),
    ]
    clients = {c["operator"]: c for c in found.clients}
    problems += _lines("still there", clients.keys() - {username(agent) for agent in here})
    for agent in sorted(here):
        at_pbx = {state for (_, phone), state in theirs.items() if phone == interface(agent)}
        if text := _paused(clients.get(username(agent)), at_pbx, pauses.asked.get(agent), pauses.told.get(agent)):
            problems.append(f"{agent} {text}")
    return problems + _server(found.status)


def _paused(
    client: Mapping[str, Any] | None, at_pbx: set[tuple[bool, str]], asked: bool | None, told: str | None
) -> str:
    """How an agent's pause is not the same everywhere: asked for, told, believed, and at the PBX in every queue."""
    if client is None:
        return "is not there"
    paused = client["state"] == "paused"
    idle = paused or client["state"] == "ready"
    known = idle and told == ("all" if paused else "none") and asked in (None, paused)
    if known and at_pbx == {(paused, client["reason"])}:
        return ""
    said = f"{client['state']} {client['reason']}".strip()
    return f"asked for a pause: {asked}, was told {told}; the server has {said}, the PBX {sorted(at_pbx)}"


def _server(status: Mapping[str, Any]) -> list[str]:
    """What the server itself says is wrong."""
    problems = []
    counters, calls = status["counters"], status["calls"]
    if counters["faults"] or counters["events"]["faults"]:
        problems.append(f"the server counts faults: {counters}")
    if calls["channels"] or calls["bridges"] or calls["waiting"]:
        problems.append(f"the server counts calls: {calls}")
    for name, store in status["stores"].items():
        if store["failing"] or store["dropped"] or store["waiting"]:
            problems.append(f"store {name}: {store}")
    if status["configuration"]["state"] != "active":
        problems.append(f"the configuration is {status['configuration']}")
    return problems


def _lines(what: str, things: set[Any]) -> list[str]:
    return [f"{what} ({len(things)}): {sorted(things)[:SHOWN]}"] if things else []
