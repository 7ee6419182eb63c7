"""Which actions the manager user may use."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from astcti.ami.actions import ListCommands
from astcti.doctor.advice import WRITE, manager_lines
from astcti.doctor.case import Case
from astcti.doctor.finding import Level, Notes


@dataclass(frozen=True, slots=True)
class Right:
    """A write class that the server needs.

    :ivar actions: those that need it; each may be had by another class as well.
    :ivar wanted: what for.
    """

    name: str
    actions: tuple[str, ...]
    wanted: str


RIGHTS = (
    Right("reporting", ("CoreShowChannels", "Status", "Getvar"), "after a reconnection running calls stay unknown"),
    Right("originate", ("Originate",), "operators cannot dial"),
    Right("agent", ("QueueAdd", "QueueRemove", "QueuePause"), "operators are put into no queue and cannot be paused"),
)

#: Write classes that the server has no use for, and what somebody else could do with them.
DANGEROUS: Mapping[str, str] = {
    "command": "run any command of the PBX's console",
    "config": "rewrite the PBX's configuration",
    "system": "load modules and change the PBX's data base",
    "agi": "run programs on the PBX",
}


async def examine_rights(case: Case, notes: Notes) -> None:
    """Ask which actions there are: the PBX lists those that the user may use."""
    answer = await case.pbx.sendAction(ListCommands())
    listed = {name: value for name, value in answer.headers if name not in ("", "Response", "ActionID", "Message")}
    case.allowed = frozenset(listed)
    lacking = [(right, level) for right in RIGHTS if (level := _lacking(case, right)) is not None]
    for right, level in lacking:
        missing = ", ".join(a for a in right.actions if a not in listed)
        said = f"the write class {right.name} is missing ({missing}): {right.wanted}"
        note = notes.fault if level is Level.FAULT else notes.warn
        note(said, *manager_lines(case, f"write = {WRITE}"))
    classes = classes_of(listed)
    for name in sorted(classes & DANGEROUS.keys()):
        notes.warn(f"the write class {name} is not needed: whoever gets hold of the secret can {DANGEROUS[name]}",
                   *manager_lines(case, f"write = {WRITE}"))  # fmt: skip
    if not lacking:
        notes.fine(f"write: {', '.join(sorted({right.name for right in RIGHTS} | classes))}")


def _lacking(case: Case, right: Right) -> Level | None:
    """How bad it is that a right is missing; None when it is there."""
    assert case.allowed is not None
    if case.allowed.issuperset(right.actions):
        return None
    services = case.configuration.service_by_id.values()
    needed = {
        "agent": any(s.queue_name for s in services),
        "originate": any(s.kind == "outbound" for s in services),
    }
    return Level.FAULT if needed.get(right.name, True) else Level.WARNING


def classes_of(listed: Mapping[str, str]) -> set[str]:
    """The write classes that a user has for certain: of actions that need that one and no other."""
    found = set()
    for about in listed.values():
        match = re.search(r"\(Priv: ([\w,]+)\)\s*$", about)
        names = set(match[1].split(",")) - {"all"} if match else set()
        if len(names) == 1:
            found |= names
    return found
