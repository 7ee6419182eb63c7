"""How late the reactor is: whatever holds it, makes this late."""

from __future__ import annotations

from typing import Any, Final

from prometheus_client import CollectorRegistry, Histogram
from twisted.application.service import Service
from twisted.internet.task import LoopingCall

BEAT_SECONDS: Final = 0.1
BUCKETS: Final = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 5.0)


class Heartbeat(Service):
    """Beats ten times a second, and notes how much later than that it was."""

    name = "heartbeat"

    def __init__(self, clock: Any, registry: CollectorRegistry) -> None:
        self._clock = clock
        self._due = 0.0
        self._delay = Histogram(
            "astcti_reactor_delay_seconds", "How late the server is with what it wants to do ten times a second",
            buckets=BUCKETS, registry=registry,
        )  # fmt: skip
        self._beating = LoopingCall(self._beat)
        self._beating.clock = clock

    def startService(self) -> None:
        """Begin."""
        Service.startService(self)
        self._due = self._clock.seconds() + BEAT_SECONDS
        self._beating.start(BEAT_SECONDS, now=False)

    def stopService(self) -> None:
        """End."""
        Service.stopService(self)
        if self._beating.running:
            self._beating.stop()

    def _beat(self) -> None:
        now = self._clock.seconds()
        self._delay.observe(max(0.0, now - self._due))
        missed = max(0.0, now - self._due) // BEAT_SECONDS  # a LoopingCall leaves out the beats that it has missed
        self._due += BEAT_SECONDS * (missed + 1)
