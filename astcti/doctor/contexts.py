"""Whether the PBX has the dial-plan contexts of the configuration."""

from __future__ import annotations

from astcti.ami.actions import AnyAction
from astcti.doctor.case import Case
from astcti.doctor.ear import PLACE
from astcti.doctor.finding import Notes, counted, some
from astcti.errors import AMIRefused

MOST = 5  # said one by one; where more are missing, it is the wrong PBX
SETTINGS = ("auto_answer_context", "park_context", "conference_context")


async def examine_contexts(case: Case, notes: Notes) -> None:
    """Ask for each of them."""
    wanted: dict[str, str] = {}
    for service in case.configuration.service_by_id.values():
        if not service.queue_name:  # else its calls are known by their queue, and the name may be any
            wanted.setdefault(service.name, f"service {service.id}")
    for setting in SETTINGS:
        if name := getattr(case.settings, setting):
            wanted.setdefault(name, f"setting {setting}")
    if not wanted:
        notes.skip("no service is known by its context")
        return
    if case.allowed is not None and "ShowDialPlan" not in case.allowed:
        notes.skip("the PBX does not tell: the write class reporting is missing")
        return
    there: list[str] = []
    missing: dict[str, str] = {}
    for number, name in enumerate(sorted(wanted), 1):
        case.spell(number, len(wanted), "contexts")
        if said := await _missing(case, name):
            missing[name] = said
        else:
            there.append(name)
    for name, said in list(missing.items())[:MOST]:
        notes.fault(f"the PBX has no context {name} ({wanted[name]}): {said}",
                    "Correct the name, which is that of a context, or have the PBX know it, in extensions.conf:",
                    f"    [{name}]", "and then, on the PBX:", "    asterisk -rx 'dialplan reload'",
                    "    asterisk -rx 'dialplan show'")  # fmt: skip
    if more := list(missing)[MOST:]:
        notes.fault(f"nor has the PBX {counted(len(more), 'other context')}: {some(more)}", "As above.")
    if there:
        notes.fine(f"the PBX has {counted(len(there), 'context')}: {some(there)}")


async def _missing(case: Case, name: str) -> str:
    """What the PBX says of a context that it does not have; empty when it has it."""
    try:
        # Of an extension that nobody has, so that a large context is not listed; the words of the refusal differ.
        await case.pbx.collectAction(AnyAction("ShowDialPlan", (("Context", name), ("Extension", PLACE))))
    except AMIRefused as e:
        return "" if "extension" in str(e).lower() else str(e)
    return ""
