"""Reasons of pauses: any text, or one of those that are configured."""

from __future__ import annotations

from typing import Any

from astcti.errors import Refused

MAX_BYTES = 79  # Asterisk keeps so much (reason_paused of a member in its apps/app_queue.c)


def known_reason(configuration: Any, reason: str) -> str:
    """A reason as it is sent to the PBX: as configured, whatever the case in which it was typed. None is always fine.

    :raises Refused: 901, it is too long or has what cannot be shown; 931, others are configured.
    """
    if len(reason.encode()) > MAX_BYTES:
        raise Refused(901, f"reason longer than {MAX_BYTES} bytes")
    if not reason.isprintable():
        raise Refused(901, "reason with characters that cannot be shown")
    codes: dict[str, str] = {
        entry.code.lower(): entry.code for entry in getattr(configuration, "pause_reasons", ()) if entry.enabled
    }
    if not reason or not codes:
        return reason
    if reason.lower() not in codes:
        raise Refused(931, "unknown pause reason")
    return codes[reason.lower()]
