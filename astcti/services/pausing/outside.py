"""After-call work outside of the queues (``wrapup_mode = remove``): who is to be in none for its time."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from astcti.config.settings import Settings
from astcti.services.floor import Attendance
from astcti.services.pausing.shift import Shift
from astcti.services.pausing.values import Key


class IQueues(Protocol):
    """Whoever puts phones into queues (:class:`astcti.services.membership.Membership`)."""

    def ends(self, queue: str, phone: str) -> bool:
        """Whether a membership is one that it can end."""

    def is_anothers(self, queue: str, phone: str, username: str) -> bool:
        """Whether a membership is somebody else's, and about to end for the one who sits there now."""

    def look_after(self, attendance: Attendance) -> None:
        """See soon whether somebody is where they are to be."""

    def expects(self, attendance: Attendance) -> bool:
        """Whether somebody is in a queue, or on the way into one."""


class Outside:
    """Nothing is kept: it follows from the setting, and from who does after-call work.

    :param settings: gives those in use.
    :ivar queues: who takes operators out of their queues; without anybody nobody is taken out.
    """

    def __init__(self, settings: Callable[[], Settings]) -> None:
        self.queues: IQueues | None = None
        self._settings = settings

    @property
    def possible(self) -> bool:
        """Whether anybody is taken out at all."""
        return self.queues is not None and self._settings().wrapup_mode == "remove"

    def away(self, shift: Shift | None) -> bool:
        """Whether somebody is to be in no queue for the time of their after-call work."""
        return shift is not None and shift.standing.wraps_up and self.possible

    def goes(self, key: Key) -> bool:
        """Whether a membership is ended for the time of after-call work, instead of being paused."""
        return self.possible and self.queues is not None and self.queues.ends(*key)

    def is_anothers(self, key: Key, username: str) -> bool:
        """Whether a membership is left of somebody who sat there before."""
        return self.queues is not None and self.queues.is_anothers(*key, username)

    def in_none(self, attendance: Attendance, shift: Shift) -> bool:
        """Whether somebody is out of all queues, by their own will or the PBX's, and not for a while only."""
        if shift.standing.shown or self.queues is None or self.away(shift):
            return False
        return not self.queues.expects(attendance)
