"""Whether the server can do its work, as far as it can know."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def not_ready(status: Mapping[str, Any]) -> list[str]:
    """Why the server is not ready, in sentences; empty when it is.

    :param status: what :meth:`.StatusBoard.status` says.
    """
    reasons = []
    if not status["pbx"]["up"]:
        reasons.append(f"no link to the PBX ({status['pbx']['state']})")
    if status["clients"]["trouble"]:
        reasons.append(str(status["clients"]["trouble"]))
    elif not status["clients"]["listening"]:
        reasons.append("no client can connect yet")
    return reasons
