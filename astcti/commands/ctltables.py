"""Answers of the server as tables that fit a terminal; nothing in them drives it."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from astcti.client.printable import printable
from astcti.commands.statustext import duration, listed, plural

WIDEST = 60  # characters of a column, except the last
NARROWEST = 8

Answer = Any


def width_of(text: str) -> int:
    """Columns of a terminal that a text takes."""
    if text.isascii():
        return len(text)
    return sum(
        0 if unicodedata.combining(c) or unicodedata.category(c) in ("Mn", "Me", "Cf")
        else 2 if unicodedata.east_asian_width(c) in "WF" else 1
        for c in text
    )  # fmt: skip


def cut(text: str, width: int) -> str:
    """The text, or what of it fits, with an ellipsis."""
    if width_of(text) <= width:
        return text
    kept, used = "", 1
    for char in text:
        used += width_of(char)
        if used > width:
            break
        kept += char
    return kept + "…"


def table(headings: Sequence[str], rows: Sequence[Sequence[str]], width: int = 0) -> str:
    """Aligned columns under headings; columns that are empty everywhere are left out.

    :param width: of the terminal: the last columns are cut until the lines fit. 0 cuts nothing.
    """
    shown = [[printable(cell) for cell in row] for row in rows]
    filled = [n for n in range(len(headings)) if any(row[n] for row in shown)]
    lines = [[headings[n] for n in filled], *([row[n] for n in filled] for row in shown)]
    widths = [max(width_of(line[n]) for line in lines) for n in range(len(filled))]
    if width:
        widths = [min(w, WIDEST) for w in widths[:-1]] + widths[-1:]
        _squeeze(widths, width - 2 * (len(widths) - 1))
    return "".join(_line(line, widths).rstrip() + "\n" for line in lines)


def _squeeze(widths: list[int], room: int) -> None:
    """Make the widest columns narrower until all have room; none below what can be told apart."""
    while sum(widths) > room and max(widths) > NARROWEST:
        widths[max(range(len(widths)), key=lambda n: (widths[n], n))] -= 1


def _line(cells: Sequence[str], widths: Sequence[int]) -> str:
    parts = []
    for cell, width in zip(cells, widths, strict=True):
        text = cut(cell, width)
        parts.append(text + " " * (width - width_of(text)))
    return "  ".join(parts)


def _rest(shown: int, total: int, what: str) -> str:
    return "" if shown >= total else f"… and {total - shown:,} more {what}; --limit 0 shows all\n"


def _limited(rows: Sequence[Answer], limit: int) -> Sequence[Answer]:
    return rows[:limit] if limit else rows


def clients_text(clients: Sequence[Answer], width: int = 0, limit: int = 0) -> str:
    """What ``astcti ctl clients`` prints."""
    if not clients:
        return "nobody is connected\n"
    shown = _limited(clients, limit)
    rows = [
        (
            c["operator"] or "(not logged in)", _state(c), " ".join(c["phones"]), c["peer"],
            "TLS" if c["secure"] else "plain", duration(c["seconds"]), c["system"].lower(), c["name"],
        )
        for c in shown
    ]  # fmt: skip
    headings = ("OPERATOR", "STATE", "PHONES", "ADDRESS", "HOW", "SINCE", "SYSTEM", "NAME")
    return table(headings, rows, width) + _rest(len(shown), len(clients), "clients")


def _state(client: Mapping[str, Any]) -> str:
    state = str(client["state"])
    reason = client["reason"] if client["reason"] != state else ""
    by = f"by {client.get('who') or client['by']}" if client["by"] not in ("", "self") and state != "wrapup" else ""
    if reason or by:
        state += f" ({', '.join(filter(None, (reason, by)))})"
    elif client["paused_queues"]:
        state += f" (paused in {', '.join(client['paused_queues'])})"
    return state


def calls_text(answer: Mapping[str, Any], width: int = 0, limit: int = 0) -> str:
    """What ``astcti ctl calls`` prints: the channels of one call stand together."""
    channels = sorted(answer["channels"], key=lambda c: (c["linkedid"], c["uniqueid"]))
    if not channels:
        return "no calls\n"
    shown = _limited(channels, limit)
    rows = [
        (c["channel"], c["state"], c["number"], c["service"], c["queue"], c["bridge"][:8], c["uniqueid"]) for c in shown
    ]
    headings = ("CHANNEL", "STATE", "CALLER", "SERVICE", "QUEUE", "BRIDGE", "UNIQUEID")
    return table(headings, rows, width) + _rest(len(shown), len(channels), "channels")


def queues_text(queues: Sequence[Answer], width: int = 0, limit: int = 0) -> str:
    """What ``astcti ctl queues`` prints."""
    if not queues:
        return "no queues\n"
    shown = _limited(queues, limit)
    rows = [
        (
            q["queue"], str(q["waiting"]), duration(q["longest"]) if q["waiting"] else "-", str(q["members"]),
            str(q["available"]), str(q["busy"]), str(q["paused"]),
        )
        for q in shown
    ]  # fmt: skip
    headings = ("QUEUE", "WAITING", "LONGEST", "MEMBERS", "AVAILABLE", "BUSY", "PAUSED")
    return table(headings, rows, width) + _rest(len(shown), len(queues), "queues")


def actions_text(answer: Mapping[str, Any], width: int = 0, limit: int = 0) -> str:
    """What ``astcti ctl actions`` prints."""
    actions = answer["actions"]
    if not actions:
        return "no such actions\n"
    rows = [
        (
            clock(a["queued"]), a["status"] + (f" x{a['times']}" if a["times"] > 1 else ""), a["operator"], a["phone"],
            a["type"].lower() + (" (server)" if a["place"] == "server" else ""), _took(a), a["caller"],
            a["service"], a["id"], "" if a["status"] == "ok" else a["reason"],
        )
        for a in actions
    ]  # fmt: skip
    headings = ("WHEN", "STATUS", "AGENT", "PHONE", "ACTION", "TOOK", "CALLER", "SERVICE", "ID", "WHY")
    tally = f"remembered: {listed(answer['tally'])}\n"
    return table(headings, rows, width) + _rest(len(actions), answer["total"], "actions") + tally


def clock(seconds: float, now: float | None = None) -> str:
    """A moment in local time, with the date unless that is today."""
    then = datetime.fromtimestamp(seconds, UTC).astimezone()
    today = datetime.now(UTC).astimezone() if now is None else datetime.fromtimestamp(now, UTC).astimezone()
    return then.strftime("%H:%M:%S" if then.date() == today.date() else "%Y-%m-%d %H:%M:%S")


def _took(action: Mapping[str, Any]) -> str:
    """Nothing where the client does not say when it was done."""
    return "" if action["status"] == "unreported" else took(action["milliseconds"])


def took(milliseconds: float | None) -> str:
    """Milliseconds, or seconds where there are many."""
    if milliseconds is None:
        return ""
    return f"{milliseconds:.0f} ms" if milliseconds < 10_000 else f"{milliseconds / 1000:.0f} s"


def replay_text(again: Mapping[str, Any], width: int = 0, limit: int = 0) -> str:
    """What ``astcti ctl replay`` prints."""
    where = printable(f"{again['operator']} ({again['phone']})")
    outcome = {
        "ok": f"performed at {where}",
        "unreported": f"sent to {where}, whose client does not say what becomes of it",
        "queued": f"waits for {where}, whose client reads slowly",
        "sent": f"sent to {where}, who has not said yet what became of it; see astcti ctl actions",
        "started": "the server is still about it; see astcti ctl actions",
    }.get(again["status"], f"{again['status']} at {where}")
    reason = f": {printable(again['reason'])}" if again["reason"] else ""
    return f"{again['id']}: {outcome}{reason}\n"


def kick_text(gone: Mapping[str, Any], width: int = 0, limit: int = 0) -> str:
    """What ``astcti ctl kick`` prints."""
    return printable(f"{gone['user']} at {gone['peer']} was disconnected") + "\n"


def pause_text(done: Mapping[str, Any], width: int = 0, limit: int = 0) -> str:
    """What ``astcti ctl pause`` and ``unpause`` print."""
    where = f" in {done['queue']}" if done["queue"] else ""
    return printable(f"{done['user']} is {'' if done['paused'] else 'not '}paused{where} now") + "\n"


def text_text(told: Mapping[str, Any], width: int = 0, limit: int = 0) -> str:
    """What ``astcti ctl text`` prints."""
    cannot = f"; {plural(told['cannot'], 'client')} cannot show messages" if told["cannot"] else ""
    return f"shown to {plural(told['told'], 'operator')}{cannot}\n"


def log_text(level: Mapping[str, Any], width: int = 0, limit: int = 0) -> str:
    """What ``astcti ctl log`` prints."""
    which = f" of {printable(level['logger'])}" if level["logger"] else ""
    return f"the level of the log{which} is {level['level']} until the server is started anew\n"
