"""What happens to an agent, told in lines: for people, or as one JSON object each."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

from astcti.client.happenings import (
    ActionDone,
    Answered,
    CallEvent,
    Happening,
    LoggedIn,
    Lost,
    PauseChanged,
    QueueChanged,
    Rejected,
    ServerEvent,
)
from astcti.client.printable import printable
from astcti.model.actions import RenderedAction
from astcti.model.notices import CallView

KIND_WIDTH = 17  # OriginateResponse
CALLER_WIDTH = 24
WHERE_WIDTH = 26


def line_of(happening: Happening, when: float) -> str:
    """A line for people: local time, what, who, where, and whatever else is known. Nothing in it drives a terminal.

    :param when: seconds since the epoch.
    """
    kind, text = _TELLERS[type(happening)](happening)
    clock = datetime.fromtimestamp(when).astimezone().strftime("%H:%M:%S")
    return f"{clock}  {printable(kind):{KIND_WIDTH}}  {text}".rstrip()


def json_of(happening: Happening, when: float) -> str:
    """One JSON object in ASCII: ``time``, ``event``, and what belongs to it."""
    time = datetime.fromtimestamp(when, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    return json.dumps({"time": time, **_object(happening)})


def caller(call: CallView) -> str:
    """Number and name of who calls, for people."""
    number, name = printable(call.number), printable(call.name)
    return f"{number} {name}" if number and name else number or name or "(unknown)"


def action_text(action: RenderedAction) -> str:
    """What an action does, for people: its type and where it leads."""
    return " ".join(printable(text) for text in (action.type, action.destination, action.parameters) if text)


def _call(event: CallEvent) -> tuple[str, str]:
    call = event.call
    where = printable(call.service or call.context)
    if call.queue:
        where += f" ({printable(call.queue)})"
    rest = [f"{printable(name)}={printable(value)}" for name, value in call.variables if value]
    rest.append(printable(call.state))
    rest.append(printable(call.reason_text))
    if event.actions:
        rest.append(f"{len(event.actions)} action{'s' * (len(event.actions) != 1)}")
    columns = f"{caller(call):{CALLER_WIDTH}}  {where:{WHERE_WIDTH}}  {printable(call.channel)}"
    return event.id, "  ".join([columns, *filter(None, rest)])


def _action(done: ActionDone) -> tuple[str, str]:
    if done.outcome is None:
        return "  would do", action_text(done.action)
    took = f"{done.outcome.milliseconds:.0f} ms"
    reason = f"  ({printable(done.outcome.reason)})" if done.outcome.reason else ""
    return f"  {done.outcome.status}", f"{action_text(done.action)}  {took}{reason}"


def _logged_in(login: LoggedIn) -> tuple[str, str]:
    how = [*(["TLS"] if login.secure else []), *(["compressed"] if login.compression else [])]
    seat = " ".join(map(printable, login.seat)) or "no seat"
    return "logged in", "  ".join([f"{printable(login.username)} at {seat}", login.server, *how])


def _lost(lost: Lost) -> tuple[str, str]:
    again = f"trying again in {lost.retry_seconds:.0f} s"
    return "not connected", f"{lost.server}: {printable(lost.reason).rstrip('.')}; {again}"


def _server_event(event: ServerEvent) -> tuple[str, str]:
    parts = [f"{name}={value}" for name, value in event.attributes.items()]
    return event.id, printable("  ".join([event.text.strip(), *parts]).strip())


def _answered(answer: Answered) -> tuple[str, str]:
    word, _, rest = printable(answer.order).partition(" ")
    said = printable(answer.text) if answer.ok else f"refused: {printable(answer.text)}"
    return f"> {word}", "  ".join(filter(None, [rest, said]))


_TELLERS: dict[type, Callable[[Any], tuple[str, str]]] = {
    CallEvent: _call,
    ActionDone: _action,
    LoggedIn: _logged_in,
    Lost: _lost,
    Rejected: lambda no: ("refused", f"{no.server}: {printable(no.reason)}"),
    PauseChanged: lambda p: ("pause", f"refused: {printable(p.reason)}" if p.number else "confirmed"),
    QueueChanged: lambda q: ("queue", f"{printable(q.queue)} {'joined' if q.member else 'left'}"),
    ServerEvent: _server_event,
    Answered: _answered,
}


_EVENTS = {
    LoggedIn: "login", Rejected: "refused", Lost: "disconnected", QueueChanged: "queue", PauseChanged: "pause",
    Answered: "answer",
}  # fmt: skip


def _object(happening: Happening) -> dict[str, Any]:
    match happening:
        case CallEvent(kind, call, actions):
            return {"event": kind, "call": _call_object(call), "actions": [_action_object(a) for a in actions]}
        case ActionDone(call, action, outcome):
            result = asdict(outcome) if outcome else {"status": "dry-run"}
            return {"event": "action", "uniqueid": call.uniqueid, **_action_object(action), **result}
        case ServerEvent(kind, _, text, attributes):
            return {"event": kind, "text": text.strip(), "attributes": dict(attributes)}
    return {"event": _EVENTS[type(happening)], **asdict(happening)}


# Fields of a call that have other names outside: those of the variables in templates.
_OUTSIDE = {"number": "callerid", "name": "calleridname", "account": "accountcode"}


def _call_object(call: CallView) -> dict[str, Any]:
    known = {_OUTSIDE.get(name, name): v for name, v in call._asdict().items() if v not in ("", None, 0.0)}
    return {**known, "variables": dict(call.variables)}


def _action_object(action: RenderedAction) -> dict[str, Any]:
    return {name: value for name, value in asdict(action).items() if value}
