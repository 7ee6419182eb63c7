"""``TELE``: calls of an operator go to a number elsewhere, and back."""

from __future__ import annotations

from dataclasses import replace

from twisted.trial.unittest import SynchronousTestCase

from astcti.errors import Refused
from astcti.model.commands import Done, Originate, Telecommute
from astcti.services.books import Books
from astcti.services.originating.telecommuting import PER_MINUTE
from tests.services.fakes import FakeClient
from tests.services.originating.switchboard import Switchboard, dialling_centre

REMOTE = "Local/0551@Abroad/n"


class TelecommutingTests(SynchronousTestCase):
    """Bruno, whose default outbound service is ``Abroad``."""

    def setUp(self) -> None:
        self.board = Switchboard()
        self.bruno = self.board.seat("bruno")
        self.attendance = self.board.desk.floor.of(self.bruno)

    def tele(self, number: str = "", client: FakeClient | None = None) -> object:
        """``TELE``; without a number ``TELE OFF``."""
        return self.board.ask(client or self.bruno, Telecommute(number))

    def assert_refused(self, reply: object, number: int) -> None:
        """A refusal with that number."""
        self.assertIsInstance(reply, Refused)
        assert isinstance(reply, Refused)
        self.assertEqual(reply.number, number, reply)

    def test_there_and_back(self) -> None:
        """The number takes the place of the seat's phones, as a Local channel that stays; then they are back."""
        self.assertEqual(self.tele("0551"), Done())
        self.assertEqual((self.attendance.channels, self.attendance.phones), ((REMOTE,), ("Local/0551@Abroad",)))
        self.assertEqual(self.tele("0551"), Done())
        self.assertEqual(self.tele("0552"), Done())
        self.assertEqual(self.attendance.channels, ("Local/0552@Abroad/n",))
        for _ in range(2):
            self.assertEqual(self.tele(), Done())
            self.assertEqual(self.attendance.channels, ("PJSIP/202",))

    def test_rate(self) -> None:
        """Moving to and fro, with all of the operator's queues each time, has an end; going back has none."""
        for number in range(PER_MINUTE):
            self.assertEqual(self.tele(f"055{number}"), Done())
            self.assertEqual(self.tele(), Done())
            self.board.clock.advance(1)
        self.assert_refused(self.tele("0551"), 908)
        self.assertEqual((self.tele(), self.attendance.channels), (Done(), ("PJSIP/202",)))
        self.board.clock.advance(60)
        self.assertEqual(self.tele("0551"), Done())

    def test_dials_from_there(self) -> None:
        """``ORIG`` rings the number elsewhere first."""
        self.tele("0551")
        self.board.ask(self.bruno, Originate("0661"))
        self.assertEqual(self.board.actions[-1].channel, REMOTE)

    def test_not_a_number(self) -> None:
        """Nothing that a dial string could take for anything else is a number."""
        for number in (
            "0551/n",
            "0551@phones",
            "0551&PJSIP/201",
            "${X}",
            "a,b",
            "a|b",
            "x\r\ny",
            "٣",
            "1" * 65,
            "FILE()",
        ):
            self.assert_refused(self.tele(number), 901)
        self.assertEqual(self.attendance.remote, "")

    def test_not_allowed(self) -> None:
        """Only numbers that the default outbound service lets through, and only with such a service."""
        usual = dialling_centre()
        services = tuple(replace(s, allowed_extensions="200-299") if s.id == 6 else s for s in usual.services)
        self.board = Switchboard(replace(usual, services=services))
        self.bruno = self.board.seat("bruno")
        self.attendance = self.board.desk.floor.of(self.bruno)
        self.assert_refused(self.tele("0551"), 923)
        self.assertEqual(self.tele("210"), Done())

    def test_another_service(self) -> None:
        """The same number through another operator's service is another phone, and free."""
        anna = self.board.seat("anna")
        self.tele("0551")
        self.assertEqual(self.tele("0551", anna), Done())
        self.assertEqual(self.board.desk.floor.of(anna).channels, ("Local/0551@outgoing/n",))

    def test_without_link(self) -> None:
        """Nothing moves without the PBX."""
        self.board.desk.link_changed(False)
        self.assert_refused(self.tele("0551"), 905)

    def test_ends_with_the_session(self) -> None:
        """Whoever logs in again is at the seat."""
        self.tele("0551")
        self.board.desk.detach(self.bruno)
        again = self.board.seat("bruno")
        self.assertEqual(self.board.desk.floor.of(again).channels, ("PJSIP/202",))

    def test_no_longer_allowed(self) -> None:
        """A configuration that takes the number away brings the operator back to the seat."""
        self.tele("0551")
        usual = dialling_centre()
        services = tuple(replace(s, allowed_extensions="200-299") if s.id == 6 else s for s in usual.services)
        self.board.desk.configure(Books.of(replace(usual, services=services), self.board.settings))
        self.assertEqual(self.board.desk.floor.of(self.bruno).channels, ("PJSIP/202",))
