"""Telling an agent's state to them and to their supervisors, each state once."""

from __future__ import annotations

from collections.abc import Callable

from astcti.model.node import Node
from astcti.services.floor import Attendance
from astcti.services.pausing import agentstate
from astcti.services.pausing.standing import Standing
from astcti.services.pausing.values import Stance

Overhear = Callable[[Attendance | None, Node], object]
"""Called with an agent's state that ``attendance`` was told already."""


class Announcer:
    """Of one shift."""

    def __init__(self, username: str, standing: Standing, overhear: Overhear) -> None:
        self._username = username
        self._standing = standing
        self._overhear = overhear
        self._told: Node | None = None
        self._told_queues: dict[str, Stance] = {}

    def begin(self) -> None:
        """Whoever listens from here on has heard nothing yet."""
        self._told, self._told_queues = None, {}

    def tell(self, attendance: Attendance, seat: str, activity: str, *, awaited: bool) -> None:
        """Tell how somebody is, where it is not what was told before.

        :param activity: what their phones do.
        :param awaited: whether a pause is asked for that begins after the call.
        """
        summary = self._standing.summary()
        wrapup = self._standing.wrapup
        until = wrapup.until if wrapup is not None else None
        queues: dict[str, Stance] = dict(summary.queues)
        node = agentstate.overall(self._username, seat, summary, activity, until, awaited=awaited)
        if node != self._told:
            self._told = node
            self._speak(attendance, node)
        for queue in sorted(queues.keys() | self._told_queues.keys()):
            # Where all are paused, or none, the event without a queue has said so for each of them.
            if summary.paused == "partly" and queues.get(queue) != self._told_queues.get(queue):
                self._speak(attendance, agentstate.in_queue(self._username, seat, queue, queues.get(queue)))
        self._told_queues = queues

    def repeat(self, attendance: Attendance, seat: str) -> None:
        """Tell a client what was told while it did not listen; all others have heard it."""
        if self._told is not None:
            attendance.client.tell(agentstate.KIND, self._told)
            for queue, cause in sorted(self._told_queues.items()):
                attendance.client.tell(agentstate.KIND, agentstate.in_queue(self._username, seat, queue, cause))

    def farewell(self, attendance: Attendance | None, seat: str) -> None:
        """They are gone."""
        self._overhear(attendance, agentstate.logged_out(self._username, seat))

    def _speak(self, attendance: Attendance, node: Node) -> None:
        if attendance.client.has("events2"):
            attendance.client.tell(agentstate.KIND, node)
        self._overhear(attendance, node)
