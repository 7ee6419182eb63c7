"""Rules about the reasons of pauses."""

from __future__ import annotations

from astcti.config.schema import PAUSE_REASONS
from astcti.config.validation.report import Findings
from astcti.model.commands.queues import MAX_REASON_BYTES


def codes(findings: Findings) -> None:
    """Rule 4: the PBX takes the code as the reason, and operators have to see and to type it."""
    for reason in findings.configuration.pause_reasons:
        code = reason.code
        if not reason.enabled:
            continue
        if not code or code != code.strip() or not code.isprintable():
            findings.error(
                PAUSE_REASONS, reason, "code", f"{code!r} is empty, or has blanks around or something invisible in it"
            )
        elif len(code.encode()) > MAX_REASON_BYTES:
            findings.error(PAUSE_REASONS, reason, "code", f"longer than the {MAX_REASON_BYTES} bytes the PBX keeps")
