"""Everybody's shifts: of those at work, and of those who were lost and have a while to come back."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from twisted.internet.interfaces import IDelayedCall, IReactorTime

from astcti.config.model import Operator
from astcti.services.floor import Attendance
from astcti.services.pausing.records import IRecords
from astcti.services.pausing.shift import Shift
from astcti.services.pausing.standing import Standing
from astcti.services.pausing.values import SELF, Cause


class Shifts:
    """By user name.

    :param begin: makes the shift of somebody who stands so.
    :param grace: seconds that somebody who was lost has.
    """

    def __init__(
        self,
        clock: IReactorTime,
        records: IRecords,
        begin: Callable[[str, Standing], Shift],
        grace: Callable[[], float],
    ) -> None:
        self._clock = clock
        self._records = records
        self._begin = begin
        self._grace = grace
        self._all: dict[str, Shift] = {}
        self._leaving: dict[str, IDelayedCall] = {}
        self._recalled = False

    def __iter__(self) -> Iterator[Shift]:
        return iter(self._all.values())

    def named(self, username: str) -> Shift | None:
        """An operator's, if they are at work or were lost a moment ago."""
        return self._all.get(username)

    def of(self, attendance: Attendance | None) -> Shift | None:
        """That of somebody who sits there."""
        if attendance is None or attendance.operator is None:
            return None
        shift = self._all.get(attendance.operator.username)
        return shift if shift is not None and shift.attendance is attendance else None

    def recall(self) -> None:
        """Once: those who were at work when this server was there the last time have a while to come back."""
        if not self._recalled:
            self._recalled = True
            for name in self._records.names():
                standing = self._records.read(name)
                if standing is not None and name not in self._all:
                    self._all[name] = self._begin(name, standing)
                    self._wait_for(name)

    def take_up(self, operator: Operator) -> tuple[Shift, bool]:
        """The shift of somebody who sat down, and whether it is a new one."""
        self.recall()
        name = operator.username
        shift = self._all.get(name)
        news = shift is None
        if shift is None:
            default = Cause(by=SELF, since=self._clock.seconds()) if operator.begin_in_pause else None
            shift = self._all[name] = self._begin(name, Standing(default))
        leaving = self._leaving.pop(name, None)
        if leaving is not None:
            leaving.cancel()
        return shift, news

    def leave(self, attendance: Attendance) -> None:
        """Somebody's shift is over if they said so; else they have a while to come back."""
        shift = self.of(attendance)
        if shift is None:
            return
        home = attendance.client.said_goodbye
        shift.go(home=home, now=self._clock.seconds())
        if home:
            del self._all[shift.username]
        else:
            self._wait_for(shift.username)

    def stop(self) -> None:
        """All is written down; nothing more is waited for."""
        for waiting in self._leaving.values():
            waiting.cancel()
        self._leaving.clear()
        for shift in self:
            shift.suspend()

    def _wait_for(self, username: str) -> None:
        self._leaving[username] = self._clock.callLater(self._grace(), self._expire, username)

    def _expire(self, username: str) -> None:
        """They did not come back."""
        del self._leaving[username]
        shift = self._all.pop(username)
        shift.end(self._clock.seconds() if shift.lost is None else shift.lost)
