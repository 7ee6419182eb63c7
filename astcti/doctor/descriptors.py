"""Whether as many files may be open as operators want to connect."""

from __future__ import annotations

import resource
from pathlib import Path

from astcti.doctor.case import Case
from astcti.doctor.finding import Notes, counted
from astcti.protocols.transport.factory import SPARE_FILES

_NAME = "Max open files"


async def examine_descriptors(case: Case, notes: Notes) -> None:
    """The limit of the server that runs, or of who would start it here."""
    pid = (case.running or {}).get("pid")
    limit = _of_process(pid) if pid else None
    whose = f"the server (pid {pid})"
    if limit is None:  # the server raises its soft limit up to the hard one
        limit, whose = resource.getrlimit(resource.RLIMIT_NOFILE)[1], "whoever is started from here"
        limit = 2**63 if limit == resource.RLIM_INFINITY else limit
    operators = len(case.configuration.operator_by_username)
    clients = case.settings.max_clients
    shown = "any number of" if limit >= 2**62 else f"{limit:,}"
    remedy = ("Raise it, in the section [Service] of the unit (or ulimit -n where there is none):",
              f"    LimitNOFILE={max(65536, clients + SPARE_FILES)}")  # fmt: skip
    if limit < operators + SPARE_FILES:
        notes.fault(f"{whose} may have {shown} files open: too few for {counted(operators, 'operator')} at once, "
                    f"with {SPARE_FILES} to spare", *remedy)  # fmt: skip
    elif limit < clients + SPARE_FILES:
        notes.warn(f"{whose} may have {shown} files open: enough for {counted(operators, 'operator')}, but not for "
                   f"max_clients, {clients:,}", *remedy)  # fmt: skip
    else:
        notes.fine(f"{whose} may have {shown} files open, for {counted(operators, 'operator')}")


def _of_process(pid: int) -> int | None:
    """The limit of another process; None where the system does not say."""
    try:
        lines = Path(f"/proc/{pid}/limits").read_text().splitlines()
    except (OSError, ValueError):
        return None
    for line in lines:
        if line.startswith(_NAME):
            soft = line[len(_NAME) :].split()[0]
            return 2**63 if soft == "unlimited" else int(soft)
    return None
