"""Messages from person to person: ``TEXT`` of supervisors, and the administrator's."""

from __future__ import annotations

from collections.abc import Mapping

from twisted.internet.interfaces import IReactorTime
from twisted.logger import Logger

from astcti.errors import Refused
from astcti.model.commands import Command, Done, Reply, SendText
from astcti.model.node import Node
from astcti.services.duty import Answer, Duty
from astcti.services.floor import Attendance
from astcti.services.originating.rate import Rate

KIND = "Text"
ADMINISTRATOR = "server"  # whom messages of astcti ctl come from
PER_MINUTE = 30  # messages of one supervisor

TOO_MANY, NOT_ALLOWED, CANNOT, NOT_FOUND = 908, 925, 930, 931


class Texting(Duty):
    """Hands messages to clients that can show them."""

    _log = Logger()

    def __init__(self, clock: IReactorTime) -> None:
        self._clock = clock
        self._rate = Rate()

    def answers(self) -> Mapping[type[Command], Answer]:
        """``TEXT``."""
        return {SendText: self._text}

    def send(self, username: str, text: str, sender: str = ADMINISTRATOR) -> None:
        """Show a text to an operator.

        :raises Refused: 931, they are not at work; 930, their client shows no texts.
        """
        attendance = self._at_work(username)
        if not attendance.client.has("events2"):
            raise Refused(CANNOT, f"the client of {username} shows no messages")
        attendance.client.tell(KIND, Node("text", (("from", sender),), text))
        self._log.info("{sender} sent {username} a message", sender=_shown(sender), username=username)

    def send_all(self, text: str, sender: str = ADMINISTRATOR) -> tuple[int, int]:
        """Show a text to everybody at work; how many see it, and how many have a client that shows none."""
        node = Node("text", (("from", sender),), text)
        told = missed = 0
        for attendance in list(self.desk.floor.seated):
            if attendance.client.has("events2"):
                attendance.client.tell(KIND, node)
                told += 1
            else:
                missed += 1
        self._log.info("{sender} sent {told} operators a message", sender=_shown(sender), told=told)
        return told, missed

    def _text(self, attendance: Attendance, command: SendText) -> Reply:
        operator = attendance.known_operator()
        if not operator.is_supervisor:
            raise Refused(NOT_ALLOWED, "only supervisors send messages")
        if not self._rate.allows(operator.id, PER_MINUTE, self._clock.seconds()):
            raise Refused(TOO_MANY, f"more than {PER_MINUTE} messages a minute")
        self.send(command.username, command.text, operator.username)
        return Done()

    def _at_work(self, username: str) -> Attendance:
        configuration = self.desk.books.configuration
        operator = configuration.operator_by_username.get(username)
        attendance = None if operator is None else self.desk.floor.present(operator)
        if attendance is None or attendance.seat is None:
            raise Refused(NOT_FOUND, "no such operator" if operator is None else f"{username} is not at work")
        return attendance


def _shown(sender: str) -> str:
    """Who that is, for the log."""
    return "The administrator" if sender == ADMINISTRATOR else sender
