"""Supervisors hear of everybody's state."""

from __future__ import annotations

from twisted.logger import Logger

from astcti.model.node import Node
from astcti.services.floor import Attendance
from astcti.services.pausing.agentstate import KIND


class Supervisors:
    """Those at work."""

    _log = Logger()

    def __init__(self) -> None:
        self._all: set[Attendance] = set()

    def come(self, attendance: Attendance) -> None:
        """Somebody sat down, who may be one."""
        if attendance.operator is not None and attendance.operator.is_supervisor:
            self._all.add(attendance)

    def go(self, attendance: Attendance) -> None:
        """Somebody is gone."""
        self._all.discard(attendance)

    def overhear(self, attendance: Attendance | None, node: Node) -> None:
        """Somebody's state is different now; they were told already."""
        for supervisor in self._all:
            if supervisor is not attendance and supervisor.client.has("events2"):
                try:
                    supervisor.client.tell(KIND, node)
                except Exception:
                    self._log.failure("Telling {peer} of an agent's state", peer=supervisor.client.peer)
