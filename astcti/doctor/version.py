"""Which Asterisk it is, and whether its clock and ours agree."""

from __future__ import annotations

import re

from astcti.ami.actions import CoreSettings, Ping
from astcti.doctor.case import Case
from astcti.doctor.finding import Notes
from astcti.errors import AMIRefused

TESTED = (16, 22)  # what the tests are run with
APART = 2.0  # seconds


async def examine_version(case: Case, notes: Notes) -> None:
    """Ask it."""
    banner, pinned = case.pbx.session.banner, case.settings.asterisk_version
    try:
        version = (await case.pbx.sendAction(CoreSettings())).get("AsteriskVersion")
    except AMIRefused:
        version = ""
    if not version:
        notes.skip(f"the PBX does not tell; it greets with {banner}")
        return
    number = re.match(r"(?:\D*?)(\d+)(?:\.(\d+))?", version)
    major = int(number[1]) if number else 0
    if pinned != "auto" and not re.match(rf"\D*{re.escape(pinned)}(?!\d)", version):
        notes.warn(f"asterisk_version is {pinned}, but this is {version}",
                   "Set asterisk_version to auto, or leave it out.")  # fmt: skip
    if TESTED[0] <= major <= TESTED[1]:
        notes.fine(f"Asterisk {version}")
    else:
        notes.warn(f"Asterisk {version}: astcti is tried with {TESTED[0]} to {TESTED[1]}",
                   "Most of it works with others too; upgrade when you can.")  # fmt: skip


async def examine_pbx_clock(case: Case, notes: Notes) -> None:
    """Ask it what time it is."""
    before = case.now()
    answer = await case.pbx.sendAction(Ping())
    after = case.now()
    try:
        there = float(answer.get("Timestamp"))
    except ValueError:
        notes.skip("the PBX does not tell the time")
        return
    apart = there - (before + after) / 2
    if abs(apart) > APART + (after - before) / 2:
        which = "ahead of" if apart > 0 else "behind"
        notes.warn(f"the PBX's clock is {_duration(abs(apart))} {which} ours: times in logs and lists do not agree",
                   "Have both kept right:", "    timedatectl set-ntp true")  # fmt: skip
    else:
        notes.fine(f"agrees with ours to {max(abs(apart), 0.01):.2f} s")


def _duration(seconds: float) -> str:
    if seconds < 120:
        return f"{seconds:.0f} s"
    if seconds < 7200:
        return f"{seconds / 60:.0f} min"
    return f"{seconds / 3600:.1f} h"
