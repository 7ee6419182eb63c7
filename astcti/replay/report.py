"""Notices as lines: JSON for programs, text for people."""

from __future__ import annotations

import json
from datetime import UTC, datetime

from astcti.actions.registry import action_types
from astcti.actions.render import render_actions, values_of
from astcti.config.model import Configuration
from astcti.config.settings import Settings
from astcti.model import Notice
from astcti.model.actions import RenderedAction

#: From here on a time is one of the calendar, not one since the recording began: 2001-09-09.
_CALENDAR = 1e9

#: Characters of a value that are printed for people.
_SHOWN = 60


def actions_of(notice: Notice, configuration: Configuration) -> list[tuple[str, RenderedAction]]:
    """What would be performed, for every operating system and on the client as well as on the server: pairs of the
    operating system (``ALL`` for any) and the action."""
    values = values_of(notice.call, now=notice.time, seat=notice.seat)
    types = action_types().adjusted(Settings.of(configuration))
    found = []
    for action in configuration.actions_of.get(notice.service_id, ()):
        system = "" if action.os_type == "ALL" else action.os_type
        for rendered in render_actions((action,), values, system, action.execute_on, types=types):
            found.append((action.os_type, rendered))
    return found


def as_json(notice: Notice, configuration: Configuration) -> str:
    """One JSON object: ``{"pop": …}`` for a pop, ``{"notice": …}`` for everything else."""
    call = notice.call
    seat = configuration.seat_by_channel.get(notice.seat)
    body: dict[str, object] = {
        "time": round(notice.time, 4),
        "seat": seat.exten if seat else notice.seat,
        "callerid": call.number,
        "calleridname": call.name,
        "service": call.service,
        "queue": call.queue,
        "uniqueid": call.uniqueid,
        "variables": dict(call.variables),
    }
    if seat and seat.exten != notice.seat:
        body["phone"] = notice.seat
    if notice.pop:
        body["actions"] = [_action(system, action) for system, action in actions_of(notice, configuration)]
        return json.dumps({"pop": body}, ensure_ascii=False)
    body |= {"channel": call.channel, "destchannel": call.dest_channel, "state": call.state}
    return json.dumps({"notice": {"event": notice.kind} | body}, ensure_ascii=False)


def _action(system: str, action: RenderedAction) -> dict[str, object]:
    body: dict[str, object] = {
        "id": action.id,
        "type": action.type,
        "os": system,
        "destination": action.destination,
        "parameters": action.parameters,
    }
    if action.arguments:
        body["arguments"] = list(action.arguments)
    if action.encoding:
        body["encoding"] = action.encoding
    return body


def as_text(notice: Notice, configuration: Configuration) -> list[str]:
    """The same for people: a line for the event, and for a pop one more for each action."""
    call = notice.call
    if notice.time >= _CALENDAR:
        when = datetime.fromtimestamp(notice.time, UTC).strftime("%H:%M:%S.%f")[:-3]
    else:
        when = f"{notice.time:9.3f}"
    caller = shown(" ".join(filter(None, (call.number or "unknown", call.name))))
    where = call.service + (f"/{call.queue}" if call.queue else "")
    kind = "POP" if notice.pop else notice.kind
    if kind == "Newstate":
        kind = f"Newstate {call.state}"
    data = " ".join(f"{shown(name)}={_short(shown(value))}" for name, value in call.variables)
    lines = [f"{when}  {kind:<16} {notice.seat:<18} {caller:<28} {where:<24} {data}".rstrip()]
    if notice.pop:
        for system, action in actions_of(notice, configuration):
            target = shown(" ".join(filter(None, (action.destination, action.parameters))))
            on = "" if system == "ALL" else f"({system.lower()}) "
            lines.append(f"{'':>9}    {action.type.lower():<15} {on}{target}")
    return lines


def _short(text: str) -> str:
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}… ({len(text)} characters)"


def shown(text: str) -> str:
    """Text from a phone line, safe for a terminal: what is not printable is escaped."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode("ascii") for c in text)
