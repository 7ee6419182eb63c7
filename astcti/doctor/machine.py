"""The machine and the user the doctor runs as, which should be the server's."""

from __future__ import annotations

import os
import pwd
import time
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from astcti.doctor.case import Case
from astcti.doctor.finding import Notes

LONG_AGO = 1_735_689_600  # 2025-01-01: this program is younger
SLACK = 120.0  # seconds that a file may be from the future: disks of the network have clocks of their own


async def examine_user(case: Case, notes: Notes) -> None:
    """Whether what we can read and write is what the server can."""
    assert case.bootstrap is not None
    own, me = _owner(case.bootstrap.ctiserver.control), os.geteuid()
    owner = own if own is not None else _owner(case.bootstrap.ctiserver.state)
    if owner is not None and owner != me:
        notes.warn(f"this is {_name(me)}, but the server's own files belong to {_name(owner)}",
                   "What one of them may read and write, the other perhaps may not. Run it as the server's user:",
                   f"    sudo -u {_name(owner)} astcti doctor --config {case.bootstrap.path}")  # fmt: skip
    elif me == 0:
        notes.warn("this is root, who may read and write everything",
                   "Run it, and the server, as a user of its own:",
                   f"    sudo -u astcti astcti doctor --config {case.bootstrap.path}")  # fmt: skip
    else:
        notes.fine(_name(me))


async def examine_clock(case: Case, notes: Notes) -> None:
    """Whether this machine knows what time it is, and where."""
    now = case.now()
    zone = os.environ.get("TZ", "").removeprefix(":")
    if now < LONG_AGO:
        notes.fault(f"the clock says {_moment(now)}", "Set it, and have it kept right:", "    timedatectl set-ntp true")
        return
    if case.bootstrap is not None:
        newest = max((p.stat().st_mtime for p in (case.bootstrap.path,) if p.exists()), default=now)
        if newest > now + SLACK:
            notes.warn(f"{case.bootstrap.path} was changed at {_moment(newest)}, which is yet to come",
                       "The clock of this machine is wrong, or was:", "    timedatectl set-ntp true")  # fmt: skip
    if zone and not _is_zone(zone):
        notes.warn(f"TZ={zone} is no time zone that is known here: times are shown in UTC",
                   "Correct the variable, such as TZ=Europe/Rome, or leave it out.")  # fmt: skip
    notes.fine(f"{_moment(now)} UTC, shown in {time.strftime('%Z (%z)', time.localtime(now))}")


def _is_zone(name: str) -> bool:
    if any(c.isdigit() or c == "," for c in name):
        return True  # a rule of POSIX, such as CET-1CEST
    try:
        ZoneInfo(name)
    except (OSError, ValueError, KeyError):
        return False
    return True


def _moment(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d %H:%M:%S")


def _owner(path: Path) -> int | None:
    try:
        return path.lstat().st_uid
    except OSError:
        return None


def _name(uid: int) -> str:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return f"user {uid}"
