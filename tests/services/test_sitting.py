"""The rules of seats, as clients meet them: by MAC, by phone, by address, fixed; one operator, one seat."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from twisted.logger import formatEvent, globalLogPublisher
from twisted.trial.unittest import SynchronousTestCase

from astcti.config.model import Extension, Seat
from astcti.errors import Refused
from astcti.model.commands import ClaimExtension, ClaimMac, Done, Identify, LoggedIn, Login
from tests.services.fakes import FakeClient, Office, call_centre, digest

ANNAS, BRUNOS = "00:1c:bf:37:53:ba", "00:1c:bf:37:53:bb"
LOOPBACK = "00:00:00:00:00:00"


class SittingTestCase(SynchronousTestCase):
    """An office, whose people and seats a test may change."""

    def setUp(self) -> None:
        self.office = Office()

    def log_in(self, username: str, peer: str = "192.0.2.10") -> FakeClient:
        """Somebody who has logged in."""
        client = self.office.client(peer)
        self.assertIsInstance(self.office.ask(client, Login(username, digest(username[0]))), LoggedIn)
        return client

    def refused(self, client: FakeClient, command: Any) -> tuple[int, str]:
        """How it is refused; nobody sits elsewhere than before."""
        before = dict(self.office.phones.heard)
        answer = self.office.ask(client, command)
        assert isinstance(answer, Refused), answer
        self.assertEqual(self.office.phones.heard, before)
        return answer.number, answer.reason

    def with_seats(self, *seats: Seat, **settings: Any) -> None:
        """The office, with these seats as well."""
        usual = call_centre()
        self.office = Office(replace(usual, seats=(*usual.seats, *seats)), **settings)


class MacTests(SittingTestCase):
    """``MAC``."""

    def test_all_phones(self) -> None:
        """All phones of a seat are named, the main one first, and by IDEN again."""
        client = self.log_in("anna")
        self.assertEqual(self.office.ask(client, ClaimMac(ANNAS)), Done("PJSIP/201 Local/251@phones/n"))
        self.assertEqual(self.office.ask(client, Identify()), Done("PJSIP/201 Local/251@phones/n"))

    def test_refusals(self) -> None:
        """Unknown and disabled addresses look alike; a seat in use, another one than one's own, a second one."""
        self.with_seats(Seat(id=9, exten="PJSIP/209", mac="00:1c:bf:37:53:09", enabled=False))
        self.assertEqual(self.refused(self.office.client(), ClaimMac(ANNAS)), (902, "not authenticated"))
        anna, bruno = self.log_in("anna"), self.log_in("bruno")
        self.office.ask(anna, ClaimMac(ANNAS))
        for mac in ("00:1c:bf:37:53:09", "00:1c:bf:37:53:ff"):
            self.assertEqual(self.refused(bruno, ClaimMac(mac)), (913, "unknown MAC address"))
        self.assertEqual(self.refused(bruno, ClaimMac(ANNAS)), (914, "seat in use"))
        self.assertEqual(self.refused(bruno, Identify()), (919, "seat not set"))
        self.assertIsInstance(self.office.ask(bruno, ClaimMac(BRUNOS)), Done)  # a refusal is not the end
        for command in (ClaimMac(BRUNOS), ClaimMac("00:1c:bf:37:53:ff"), ClaimExtension("PJSIP/202")):
            self.assertEqual(self.refused(bruno, command), (903, "seat already set"))

    def test_servers_own_machine(self) -> None:
        """The address of zeros is the seat beside the server, and of nobody who comes from elsewhere."""
        self.with_seats(Seat(id=9, exten="PJSIP/209", mac=LOOPBACK))
        for peer in ("192.0.2.10", "2001:db8::1", "::ffff:192.0.2.10"):
            self.assertEqual(self.refused(self.log_in("anna", peer), ClaimMac(LOOPBACK))[0], 913)
            self.office.desk.dismiss_all(999, "", "")
        for peer in ("127.0.0.1", "::1", "::ffff:127.0.0.1"):
            self.assertEqual(self.office.ask(self.log_in("anna", peer), ClaimMac(LOOPBACK)), Done("PJSIP/209"))
            self.office.desk.dismiss_all(999, "", "")

    def test_no_such_seat(self) -> None:
        """Where no seat has that address it is unknown, also beside the server."""
        self.assertEqual(self.refused(self.log_in("anna", "127.0.0.1"), ClaimMac(LOOPBACK))[0], 913)

    def test_without_the_pbx(self) -> None:
        """Nobody sits down while the PBX is away."""
        client = self.log_in("anna")
        self.office.desk.link_changed(False)
        self.assertEqual(self.refused(client, ClaimMac(ANNAS)), (905, "no link to the PBX"))
        self.assertEqual(self.refused(client, ClaimExtension("PJSIP/201")), (905, "no link to the PBX"))


class ExtensionTests(SittingTestCase):
    """``EXTEN``."""

    def test_number_and_name(self) -> None:
        """The phone's name, in any case of its technology, or its number, where only one phone has it."""
        for said in ("PJSIP/201", "pjsip/201", "201", "Local/251@phones/n", "local/251@phones", "251"):
            client = self.log_in("carla")
            self.assertEqual(self.office.ask(client, ClaimExtension(said)), Done("PJSIP/201 Local/251@phones/n"), said)
            self.office.desk.detach(client)

    def test_refusals(self) -> None:
        """Unknown, disabled, ambiguous; a call-centre operator's; one in use."""
        self.with_seats(Seat(id=9, exten="SIP/202"), Seat(id=10, exten="PJSIP/210", enabled=False))
        carla, anna = self.log_in("carla"), self.log_in("anna")
        for said in ("PJSIP/210", "210", "999", "SIP/201"):
            self.assertEqual(self.refused(carla, ClaimExtension(said)), (916, "unknown extension"), said)
        self.assertEqual(
            self.refused(carla, ClaimExtension("202")), (916, "ambiguous extension, send it with its technology")
        )
        self.assertEqual(
            self.refused(anna, ClaimExtension("PJSIP/201")), (916, "call-centre operators must send their MAC address")
        )
        self.office.ask(anna, ClaimMac(ANNAS))
        self.assertEqual(self.refused(carla, ClaimExtension("251")), (914, "seat in use"))
        self.assertEqual(self.office.ask(carla, ClaimExtension("SIP/202")), Done("SIP/202"))

    def test_no_roaming(self) -> None:
        """Without ``allow_roaming_extension`` nobody chooses a phone; MAC addresses and fixed seats count on."""
        self.office = Office(allow_roaming_extension=False)
        carla = self.log_in("carla")
        self.assertEqual(
            self.refused(carla, ClaimExtension("PJSIP/201")), (916, "this operator may not choose an extension")
        )
        self.assertIsInstance(self.office.ask(carla, ClaimMac(ANNAS)), Done)
        dario = self.office.client()
        self.assertEqual(self.office.ask(dario, Login("dario", digest("d"))), LoggedIn("dario", ("PJSIP/202",)))


class AddressTests(SittingTestCase):
    """Seats found by the client's address."""

    def setUp(self) -> None:
        super().setUp()
        self.with_seats(
            Seat(id=8, exten="PJSIP/208", host="203.0.113.8"), Seat(id=9, exten="PJSIP/209", host="203.0.113.0/24"),
            takeover=True,
        )  # fmt: skip

    def seat(self, username: str, peer: str) -> tuple[str, ...]:
        """The phones that somebody has with the login."""
        answer = self.office.ask(self.office.client(peer), Login(username, digest(username[0])))
        return tuple(answer.seat)

    def test_particular_first(self) -> None:
        """The seat with just this address, then that of its network, then none; a fixed seat before all of them."""
        self.assertEqual(self.seat("anna", "203.0.113.8"), ("PJSIP/208",))
        self.assertEqual(self.seat("bruno", "203.0.113.8"), ("PJSIP/209",))
        self.assertEqual(self.seat("carla", "203.0.113.8"), ())
        self.assertEqual(self.seat("dario", "203.0.113.8"), ("PJSIP/202",))

    def test_said_again(self) -> None:
        """Who sits by address has a seat: another one cannot be said."""
        client = self.office.client("203.0.113.8")
        self.office.ask(client, Login("anna", digest("a")))
        self.assertEqual(self.refused(client, ClaimMac(ANNAS)), (903, "seat already set"))

    def test_taken_over(self) -> None:
        """Who logs in again from there has the same seat again."""
        self.assertEqual(self.seat("anna", "203.0.113.8"), ("PJSIP/208",))
        self.assertEqual(self.seat("anna", "203.0.113.8"), ("PJSIP/208",))
        self.assertEqual(self.office.phones.heard, {"PJSIP/208": "seat 8"})


class FixedTests(SittingTestCase):
    """Operators with a seat of their own."""

    def test_disabled(self) -> None:
        """Whose seat is disabled does not get in, and hears why."""
        usual = call_centre()
        self.office = Office(replace(usual, seats=tuple(replace(s, enabled=s.id != 2) for s in usual.seats)))
        client = self.office.client()
        self.assertEqual(
            self.refused(client, Login("dario", digest("d"))), (925, "the seat of this operator is disabled")
        )
        self.assertEqual(self.office.desk.floor.logged_in, 0)

    def test_in_use(self) -> None:
        """Whose seat is in use does not get in, with ``takeover`` neither: it is somebody else who sits there."""
        for takeover in (False, True):
            self.office = Office(takeover=takeover)
            bruno = self.log_in("bruno")
            self.office.ask(bruno, ClaimMac(BRUNOS))
            self.assertEqual(self.refused(self.office.client(), Login("dario", digest("d"))), (914, "seat in use"))
            self.assertEqual((bruno.dismissed, self.office.desk.floor.logged_in), ([], 1))

    def test_other_seats_mac(self) -> None:
        """Whose fixed seat is one, and who is at it by the login, cannot move."""
        dario = self.log_in("dario")
        self.assertEqual(self.refused(dario, ClaimMac(ANNAS)), (903, "seat already set"))


class OneOperatorTests(SittingTestCase):
    """One operator at one seat, one seat for one operator."""

    def test_second_login(self) -> None:
        """Refused, whether or not the first has a seat yet; what the first has stays."""
        first = self.log_in("anna")
        for seated in (False, True):
            if seated:
                self.office.ask(first, ClaimMac(ANNAS))
            self.assertEqual(
                self.refused(self.office.client(), Login("anna", digest("a"))), (910, "operator already logged in")
            )
        self.assertEqual(first.dismissed, [])

    def test_takeover(self) -> None:
        """With ``takeover`` the first is told and its seat is free, for whoever is there first."""
        self.office = Office(takeover=True)
        first = self.log_in("anna")
        self.office.ask(first, ClaimMac(ANNAS))
        self.log_in("anna")
        self.assertEqual(first.dismissed, [(910, "logged in elsewhere", "replaced")])
        self.assertEqual(self.office.phones.heard, {})
        self.assertIsInstance(self.office.ask(self.log_in("bruno"), ClaimMac(ANNAS)), Done)

    def test_wrong_password_takes_nothing_over(self) -> None:
        """Without the right password nobody is thrown out."""
        self.office = Office(takeover=True)
        first = self.log_in("anna")
        self.assertEqual(self.refused(self.office.client(), Login("anna", digest("x")))[0], 911)
        self.assertEqual(first.dismissed, [])

    def test_vanished(self) -> None:
        """A seat is free the moment its client is gone, whether or not it said goodbye."""
        anna = self.log_in("anna")
        self.office.ask(anna, ClaimMac(ANNAS))
        self.office.desk.detach(anna)
        self.assertIsInstance(self.office.ask(self.log_in("bruno"), ClaimMac(ANNAS)), Done)

    def test_phone_of_two_seats(self) -> None:
        """A further phone is one of the seat that has it: it is found, and rings, there."""
        usual = call_centre()
        extensions = (*usual.extensions, Extension(seat_id=2, exten="PJSIP/252"))
        self.office = Office(replace(usual, extensions=extensions))
        carla = self.log_in("carla")
        self.assertEqual(self.office.ask(carla, ClaimExtension("252")), Done("PJSIP/202 PJSIP/252"))
        self.assertEqual(self.office.phones.heard, {"PJSIP/202": "seat 2", "PJSIP/252": "seat 2"})


class LogTests(SittingTestCase):
    """What the log says of it."""

    def test_seat(self) -> None:
        """Who says where they sit is in the log with it."""
        said: list[str] = []
        observer = lambda event: said.append(formatEvent(event))  # noqa: E731
        globalLogPublisher.addObserver(observer)
        self.addCleanup(globalLogPublisher.removeObserver, observer)
        self.office.ask(self.log_in("anna"), ClaimMac(ANNAS))
        self.assertIn("anna sits at PJSIP/201", said)
