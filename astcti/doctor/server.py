"""Whether a server of ours runs here, and how it is."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any

from astcti import __version__
from astcti.doctor.case import Case
from astcti.doctor.finding import Notes, counted
from astcti.errors import UserError
from astcti.services.control import MAX_PATH, ask, is_answered

ANSWER_SECONDS = 10.0


async def examine_server(case: Case, notes: Notes) -> None:
    """Ask the running server over its control socket."""
    assert case.bootstrap is not None
    path = case.bootstrap.ctiserver.control
    case.running = {}
    if len(bytes(path)) > MAX_PATH:
        notes.fault(f"{path}: over {MAX_PATH} bytes are too long for a socket's name",
                    "Give a shorter <control> in the section ctiserver of the bootstrap file:",
                    "    <control>/run/astcti/control.sock</control>")  # fmt: skip
        return
    if not await case.aside(partial(is_answered, path)):
        _say_nobody_answers(path, notes)
        return
    try:
        status = await case.aside(partial(ask, path, {"command": "status"}, ANSWER_SECONDS))
    except (UserError, ValueError, KeyError, TypeError) as e:
        notes.fault(f"something listens at {path}, but: {e}",
                    "See whether the server hangs, and what its log says last.")  # fmt: skip
        return
    case.running = status
    _judge(status, notes)


def _say_nobody_answers(path: Path, notes: Notes) -> None:
    try:
        there = path.exists()
    except PermissionError:
        there = True
    if there:
        notes.warn(f"nobody answers at {path}: it is left over from a server that was killed, or is not ours",
                   "If a server runs, ask as its user. If none does, the next one tidies up.")  # fmt: skip
    else:
        notes.fine("no server runs by this bootstrap file at the moment")


def _judge(status: Mapping[str, Any], notes: Notes) -> None:
    """What the server itself complains of."""
    pbx, clients = status.get("pbx", {}), status.get("clients", {})
    configuration, counters = status.get("configuration", {}), status.get("counters", {})
    if status.get("version") != __version__:
        notes.warn(f"the server that runs is {status.get('version')}, what is installed here is {__version__}",
                   "Restart it.", "    systemctl restart astcti")  # fmt: skip
    if not pbx.get("up"):
        notes.warn(f"the server has no link to the PBX: {pbx.get('state')}",
                   "See what is said of pbx below; when that is mended:", "    astcti ctl ami-retry")  # fmt: skip
    if clients.get("trouble"):
        notes.fault(str(clients["trouble"]), "See what is said of ports below.")
    if configuration.get("state") == "rejected":
        notes.warn(f"the newest configuration was rejected: {configuration.get('rejected_path')}",
                   *map(str, configuration.get("errors", ())[:10]),
                   "The server goes on with the one before. Mend it, and then:", "    astcti ctl reload")  # fmt: skip
    if configuration.get("trouble"):
        notes.warn(str(configuration["trouble"]), "The server goes on with the configuration it has.")
    for name, store in status.get("stores", {}).items():
        if store.get("failing"):
            notes.fault(f"{name}.sqlite cannot be written: {store['failing']}", "See what is said of folders below.")
    faults = counters.get("faults", 0) + counters.get("events", {}).get("faults", 0)
    if faults:
        notes.warn(f"the server counts {counted(faults, 'fault')} of its own since it was started",
                   "Each has its traceback in the log; please report them.")  # fmt: skip
    notes.fine(f"runs as pid {status.get('pid')}, with {counted(clients.get('connected', 0), 'client')}")
