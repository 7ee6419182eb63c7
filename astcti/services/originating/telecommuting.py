"""Telecommuters (``TELE``): their calls go to a number elsewhere, as if that were the phone of their seat."""

from __future__ import annotations

from collections.abc import Mapping

from twisted.internet.interfaces import IReactorTime
from twisted.logger import Logger

from astcti.errors import Refused
from astcti.model.channels import normalise_interface
from astcti.model.commands import Command, Done, Reply, Telecommute
from astcti.services.books import Books
from astcti.services.duty import Answer, Duty
from astcti.services.floor import Attendance
from astcti.services.originating.rate import Rate
from astcti.services.originating.rules import check_number, check_range, outbound_service

PER_MINUTE = 30  # numbers of one operator: each takes the old phone out of all queues, and puts the new one there


class Telecommuting(Duty):
    """Moves people to another phone and back.

    The other phone is a Local channel, ``Local/NUMBER@CONTEXT/n``, through the default outbound service: the PBX dials
    the number as it does for ``ORIG``. What the desk and the tracker believe to be the phone is its first half.
    """

    _log = Logger()

    def __init__(self, clock: IReactorTime) -> None:
        self._clock = clock
        self._rate = Rate()

    def answers(self) -> Mapping[type[Command], Answer]:
        """``TELE``."""
        return {Telecommute: self._telecommute}

    def _telecommute(self, attendance: Attendance, command: Telecommute) -> Reply:
        operator = attendance.known_operator()
        if attendance.seat is None:
            raise Refused(919, "seat not set")
        if not self.desk.link_up:
            raise Refused(905, "no link to the PBX")
        if attendance.heard:  # or they would never hear its end
            raise Refused(903, "not while you are in a call")
        remote = self._interface(self.desk.books, attendance, command.number) if command.number else ""
        if remote == attendance.remote:
            return Done()
        if remote and self.desk.floor.at(normalise_interface(remote)) not in (None, attendance):
            raise Refused(914, "somebody else's calls go there")
        if remote and not self._rate.allows(operator.id, PER_MINUTE, self._clock.seconds()):
            raise Refused(908, f"not more than {PER_MINUTE} numbers a minute")
        self.desk.move(attendance, remote)
        where = remote or attendance.channels[0]
        self._log.info("Calls of {username} go to {where}", username=operator.username, where=where)
        return Done()

    @staticmethod
    def _interface(books: Books, attendance: Attendance, number: str) -> str:
        """The Local channel that rings that number.

        :raises Refused: 901, 922, 923.
        """
        check_number(number)
        service = outbound_service(books.audience, attendance.known_operator())
        check_range(service, number)
        return f"Local/{number}@{service.name}/n"

    def configured(self, attendance: Attendance, before: Books) -> None:
        """Whoever may not dial that number any more is back at their seat."""
        if attendance.remote and not self._may_stay(attendance):
            self._log.info("Calls of {peer} go to the seat again", peer=attendance.client.peer)
            self.desk.move(attendance, "")

    def _may_stay(self, attendance: Attendance) -> bool:
        number = attendance.remote.partition("/")[2].partition("@")[0]
        try:
            return self._interface(self.desk.books, attendance, number) == attendance.remote
        except Refused:
            return False
