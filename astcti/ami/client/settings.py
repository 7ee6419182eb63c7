"""How a client keeps its link."""

from __future__ import annotations

from dataclasses import dataclass

from astcti.ami.session import SessionSettings

MIN_PAUSE = 5.0  # seconds; Asterisk holds a link with a wrong secret for one, and logs each try


@dataclass(frozen=True, slots=True)
class AMISettings(SessionSettings):
    """A session's settings, and when to connect. Times are seconds.

    :ivar connect_timeout: for the connection to be made.
    :ivar retry_pause: before the next try; less than :data:`MIN_PAUSE` is raised to it, with a warning.
    :ivar retries: how many tries in a row after the first; -1: for ever.
    """

    connect_timeout: float = 1.5
    retry_pause: float = 30.0
    retries: int = -1
