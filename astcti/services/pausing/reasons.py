"""Reasons of pauses: any text, or one of those that are configured."""

from __future__ import annotations

from astcti.config.model import Configuration
from astcti.errors import Refused
from astcti.model.commands.queues import MAX_REASON_BYTES


def known_reason(configuration: Configuration, reason: str) -> str:
    """A reason as it is sent to the PBX: as configured, whatever the case in which it was typed. None is always fine.

    :raises Refused: 901, it is too long or has what cannot be shown; 931, others are configured.
    """
    if len(reason.encode()) > MAX_REASON_BYTES:
        raise Refused(901, f"reason longer than {MAX_REASON_BYTES} bytes")
    if not reason.isprintable():
        raise Refused(901, "reason with characters that cannot be shown")
    configured = configuration.pause_reason_by_code
    if not reason or not configured:
        return reason
    known = configured.get(reason.lower())
    if known is None:
        raise Refused(931, "unknown pause reason")
    return known.code
