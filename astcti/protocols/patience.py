"""How long a client may be silent, slow, unknown or incomprehensible, and how fast it may talk."""

from __future__ import annotations

from enum import Enum

from astcti.protocols.limits import (
    COMMAND_BURST,
    COMMANDS_PER_SECOND,
    DAWDLE_SECONDS,
    DRAIN_SECONDS,
    MALFORMED_LINES,
    MALFORMED_SECONDS,
)
from astcti.protocols.settings import ProtocolSettings
from astcti.protocols.wheel import GRANULARITY

_COMMAND_SECONDS = 1 / COMMANDS_PER_SECOND
_BURST_SECONDS = COMMAND_BURST * _COMMAND_SECONDS
_BUSY_LOOK_SECONDS = 1.0  # how often a client whose command is being worked on is looked at


class Due(Enum):
    """What has lasted too long."""

    DRAIN = "nothing read"
    LOGIN = "login timeout"
    IDLE = "idle timeout"


class Patience:
    """The time limits of one client. All times are of the wheel's clock, most are the wheel's own float objects."""

    __slots__ = ("_allowance", "_blocked_since", "_heard", "_idle", "_login_by", "_malformed")

    def __init__(self, now: float, settings: ProtocolSettings) -> None:
        self._heard = now
        self._login_by: float | None = now + settings.login_seconds
        self._idle: float | None = None
        self._blocked_since: float | None = None
        self._allowance = 0.0
        self._malformed: tuple[float, ...] = ()
        self.set_keepalive(settings.keepalive_ms)

    def set_keepalive(self, milliseconds: int) -> None:
        """Allow so long a silence from here on; 0: any."""
        self._idle = milliseconds / 1000 + GRANULARITY if milliseconds else None

    def heard(self, now: float) -> None:
        """The client said something, or was answered."""
        self._heard = now

    def logged_in(self) -> None:
        """There is no hurry any more."""
        self._login_by = None

    def blocked(self, now: float) -> None:
        """The client does not read as fast as it is sent to."""
        if self._blocked_since is None:
            self._blocked_since = now

    def unblocked(self) -> None:
        """It has read everything."""
        self._blocked_since = None

    def may_talk(self, now: float) -> bool:
        """Whether the next line may be taken now: 50 a second, 100 at once after a pause."""
        return self._allowance - now < _BURST_SECONDS - _COMMAND_SECONDS / 2

    def talked(self, now: float) -> None:
        """A line was taken."""
        self._allowance = max(self._allowance, now) + _COMMAND_SECONDS

    def forgives(self, now: float) -> bool:
        """Whether a line that was not understood may pass once more; nobody sends many of these by accident."""
        self._malformed = (*(t for t in self._malformed if now - t < MALFORMED_SECONDS), now)
        return len(self._malformed) <= MALFORMED_LINES

    def dawdles(self, now: float) -> bool:
        """Whether the client has not logged in, and has said nothing for longer than others should wait for that."""
        return self._login_by is not None and now >= self._heard + DAWDLE_SECONDS

    def due(self, now: float, busy: bool) -> Due | None:
        """Say what has lasted too long.

        :param busy: whether the client waits for us; then its silence is our fault.
        """
        if self._blocked_since is not None and now >= self._blocked_since + DRAIN_SECONDS:
            return Due.DRAIN
        if busy:
            return None
        if self._login_by is not None and now >= self._login_by:
            return Due.LOGIN
        if self._idle is not None and now >= self._heard + self._idle:
            return Due.IDLE
        return None

    def deadline(self, now: float, busy: bool) -> float | None:
        """Say when to ask again, None when never."""
        deadlines = []
        if self._blocked_since is not None:
            deadlines.append(self._blocked_since + DRAIN_SECONDS)
        if busy:
            deadlines.append(now + _BUSY_LOOK_SECONDS)
        elif self._login_by is not None:
            deadlines.append(self._login_by)
        if not busy and self._idle is not None:
            deadlines.append(self._heard + self._idle)
        return min(deadlines) if deadlines else None
