"""A few commands of Asterisk's own console, as ``Command`` runs them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from astcti.simulator.pbx import PBX


def _count(pbx: PBX) -> list[str]:
    def many(number: int, what: str) -> str:
        return f"{number} active {what}{'' if number == 1 else 's'}"

    calls = sum(1 for channel in pbx.channels.values() if channel.actor is not None)
    processed = f"{pbx.processed} call{'' if pbx.processed == 1 else 's'} processed"
    return [many(len(pbx.channels), "channel"), many(calls, "call"), processed]


def _channels(pbx: PBX) -> list[str]:
    wide, place = (64, 32) if pbx.modern else (20, 20)
    lines = [f"{'Channel':<{wide}} {'Location':<{place}} {'State':<7} {'Application(Data)':<30}"]
    for channel in pbx.channels.values():
        shown = channel.shown
        where = f"{shown.exten}@{shown.context}:{shown.priority}"
        what = f"{channel.application}({channel.data})" if channel.application else "(None)"
        lines.append(f"{channel.name[:wide]:<{wide}} {where[:place]:<{place}} {shown.state:<7} {what:<30}")
    return lines + _count(pbx)


def _concise(pbx: PBX) -> list[str]:
    lines = []
    for c in pbx.channels.values():
        s = c.shown
        bridge = c.bridge.uniqueid if c.bridge else ""
        fields = (c.name, s.context, s.exten, s.priority, s.state, c.application, c.data, s.number, s.account, "", "3",
                  str(int(pbx.agenda.now - c.created)), bridge, c.uniqueid)  # fmt: skip
        lines.append("!".join(fields))
    return lines


def _uptime(pbx: PBX) -> list[str]:
    seconds = int(pbx.agenda.now - pbx.started)
    return [f"System uptime: {seconds} seconds", f"Last reload: {seconds} seconds"]


def _queues(pbx: PBX) -> list[str]:
    lines = []
    for queue in pbx.queues.values():
        options, level = queue.options, queue.performance()
        lines.append(
            f"{queue.name} has {len(queue.waiting)} calls (max unlimited) in '{options.strategy}' strategy "
            f"({queue.hold_time}s holdtime, {queue.talk_time}s talktime), W:0, C:{queue.completed}, "
            f"A:{queue.abandoned}, SL:{level}%, SL2:{level}% within {options.service_level}s"
        )
        lines.append("   Members: " if queue.members else "   No Members")
        for m in queue.members.values():
            taken = f"{m.calls_taken} calls" if m.calls_taken else "no calls yet"
            flags = (" (dynamic)" if m.membership == "dynamic" else "") + (" (paused)" if m.paused else "")
            lines.append(f"      {m.name} ({m.interface}){flags} has taken {taken}")
        lines.append("   Callers: " if queue.waiting else "   No Callers")
        for position, waiting in enumerate(queue.waiting, 1):
            lines.append(f"      {position}. {waiting.channel.name} (wait: {int(pbx.agenda.now - waiting.joined)}s)")
        lines.append("")
    return lines


#: Commands and what they print.
COMMANDS: Mapping[str, Callable[[PBX], list[str]]] = MappingProxyType(
    {
        "core show channels": _channels,
        "core show channels concise": _concise,
        "core show channels count": _count,
        "core show uptime": _uptime,
        "queue show": _queues,
    }
)


def console(pbx: PBX, command: str, version: str) -> list[str] | None:
    """Run a command; nothing for one we do not know."""
    words = " ".join(command.split())
    if words == "core show version":
        return [f"Asterisk {version} simulated by astcti"]
    run = COMMANDS.get(words)
    return None if run is None else run(pbx)
