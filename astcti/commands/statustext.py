"""What the server says of itself, for people: aligned, in words, nothing that is not there."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

from astcti.client.printable import MAX_LINE, printable
from astcti.protocols.replies import ERRORS

#: What the states of a configuration mean for whoever reads them.
_STATES = {
    "active": "active,",
    "rejected": "a newer one was rejected; active is that",
    "stale": "active, but its source cannot be seen;",
}

_Lines = Iterable[tuple[str, str]]


def duration(seconds: float) -> str:
    """``3 d 04:05:06``, without the days when there are none."""
    minutes, second = divmod(int(seconds), 60)
    hours, minute = divmod(minutes, 60)
    days, hour = divmod(hours, 24)
    clock = f"{hour:02}:{minute:02}:{second:02}"
    return f"{days} d {clock}" if days else clock


def moment(timestamp: float) -> str:
    """Seconds since 1970 as local date and time."""
    if not timestamp:
        return "none"
    return datetime.fromtimestamp(timestamp, UTC).astimezone().strftime("%Y-%m-%d %H:%M:%S")


def plural(number: int, word: str) -> str:
    """``1 call``, ``2 calls``."""
    return f"{number:,} {word}{'' if number == 1 else 's'}"


def listed(numbers: Mapping[str, int], nothing: str = "none") -> str:
    """``ok: 3, failed: 1``, leaving out what did not happen."""
    return ", ".join(f"{name}: {count:,}" for name, count in numbers.items() if count) or nothing


def status_text(status: Mapping[str, Any]) -> str:
    """What ``astcti ctl status`` prints."""
    parts = (
        [("astcti", f"{status['version']}, pid {status['pid']}, up {duration(status['uptime'])}")],
        _pbx(status["pbx"]),
        _calls(status["calls"]),
        _clients(status["clients"]),
        _configuration(status["configuration"]),
        _actions(status.get("actions", {})),
        _stores(status.get("stores", {})),
        _counters(status["counters"]),
    )
    rows = [row for part in parts for row in part]
    width = max(len(name) for name, _ in rows)
    return _written(rows, width)


def _written(rows: _Lines, width: int) -> str:
    """Names and texts; the texts come from a PBX, a data base, a disk, and drive no terminal."""
    return "".join(f"{name:{width}}  {printable(text, MAX_LINE)}\n" for name, text in rows)


def _pbx(pbx: Mapping[str, Any]) -> _Lines:
    state = "up" if pbx["up"] else pbx["state"]
    since = "" if pbx["since"] is None else f" for {duration(pbx['since'])}" if pbx["up"] else \
        f", lost {duration(pbx['since'])} ago"  # fmt: skip
    yield "PBX", f"{state}{since}, {pbx['address']}" + (f" ({pbx['banner']})" if pbx["banner"] else "")
    if pbx["reconnections"]:
        yield "", f"came back {plural(pbx['reconnections'], 'time')}"


def _calls(calls: Mapping[str, int]) -> _Lines:
    yield (
        "calls",
        (
            f"{plural(calls['channels'], 'channel')}, {plural(calls['bridges'], 'bridge')}, "
            f"{calls['waiting']:,} waiting in queues"
        ),
    )


def _clients(clients: Mapping[str, Any]) -> _Lines:
    yield (
        "clients",
        (
            f"{clients['connected']:,} connected, {clients['logged_in']:,} logged in, {clients['seated']:,} at a seat"
            + (f", {clients['waiting']:,} waiting to be let in" if clients["waiting"] else "")
        ),
    )
    yield "", "listening on " + (", ".join(clients["listening"]) or "nothing: there is no link to the PBX")
    if clients.get("trouble"):
        yield "trouble", clients["trouble"]


def _configuration(configuration: Mapping[str, Any]) -> _Lines:
    yield "configuration", f"{_STATES.get(configuration['state'], '')} of {moment(configuration['timestamp'])}"
    yield "", ", ".join(plural(configuration[n], n[:-1]) for n in ("operators", "seats", "services", "actions"))
    if configuration.get("path"):
        loaded = moment(configuration["loaded_at"])
        yield "", f"{configuration['path']}, loaded {loaded} in {configuration['load_seconds']:.2f} s"
    if configuration.get("warnings"):
        yield "", f"{plural(len(configuration['warnings']), 'warning')} (see the log)"
    if configuration.get("rejected_path"):
        yield "rejected", f"{configuration['rejected_path']}, {moment(configuration['rejected_at'])}"
        for error in configuration.get("errors", ()):
            yield "", f"- {error}"
    for name in ("trouble", "complaint"):
        if configuration.get(name):
            yield name, configuration[name]


def _actions(actions: Mapping[str, Any]) -> _Lines:
    if actions:
        yield "actions", f"of the last {actions['hours']} h: {listed(actions['remembered'])}"


def _stores(stores: Mapping[str, Mapping[str, Any]]) -> _Lines:
    """The server's own files, where something is wrong with them."""
    heading = "not written"
    for store in stores.values():
        lost = [f"{plural(store['dropped'], 'statement')} dropped"] if store["dropped"] else []
        if store["failing"]:
            lost = [store["failing"], f"{plural(store['waiting'], 'statement')} waiting", *lost]
        if lost:
            yield heading, f"{store['file']}: {', '.join(lost)}"
            heading = ""


def _counters(counters: Mapping[str, Any]) -> _Lines:
    events, protocol = counters["events"], counters["protocol"]
    yield (
        "events",
        (
            f"{events.get('events', 0) + events.get('skipped', 0):,} in, {events.get('skipped', 0):,} skipped, "
            f"{events['used']:,} used" + (f", {events['dropped']:,} dropped" if events["dropped"] else "")
        ),
    )
    yield (
        "notices",
        (
            f"{counters['notices']:,} sent, {counters['withheld']:,} withheld, "
            f"{protocol.get('dropped', 0):,} dropped for slow clients"
        ),
    )
    yield "pops", f"{counters['pops']:,}"
    yield "actions here", listed(counters["actions"])
    yield "logins", f"{counters['logins']:,}"
    yield "refused", listed({ERRORS.get(int(n), f"no. {n}"): count for n, count in counters["refused"].items()})
    if counters["faults"] or events["faults"]:
        yield "our faults", f"{counters['faults'] + events['faults']:,} (see the log)"


def reload_text(status: Mapping[str, Any]) -> str:
    """What ``astcti ctl reload`` prints."""
    return _written(_reloaded(status), 13)


def _reloaded(status: Mapping[str, Any]) -> _Lines:
    state = _STATES.get(status["state"], status["state"])
    yield "configuration", f"{state} of {moment(status['timestamp'])}, loaded {moment(status['loaded_at'])}"
    for error in status["errors"]:
        yield "", f"- {error}"
    for warning in status["warnings"]:
        yield "", f"- warning: {warning}"
    if status["trouble"]:
        yield "trouble", status["trouble"]


def lockouts_text(locks: Iterable[Mapping[str, Any]]) -> str:
    """What ``astcti ctl lockouts`` prints. Anybody may have tried anything as a user name."""
    lines = [
        f"{printable(k['user']) or '(everybody)':20} at {k['address']:40} {k['seconds']:5} s left\n" for k in locks
    ]
    return "".join(lines) or "nobody has to wait\n"
