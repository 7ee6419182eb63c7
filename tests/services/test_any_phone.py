"""Phones that no seat has."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from astcti.config.identifiers import FIRST, LAST, stable_id
from astcti.config.model import Seat
from astcti.model.commands import Authenticate, ClaimExtension, Done, Identify, LoggedIn, Login
from astcti.services import reception, seating
from astcti.services.books import Books
from tests.services.fakes import Office, call_centre, digest
from tests.services.test_desk import DeskTestCase


class IdTests(DeskTestCase):
    """Ids that are always the same."""

    @given(st.text(), st.sets(st.text(), max_size=5))
    def test_stable(self, name: str, others: set[str]) -> None:
        """The same name has the same id, whatever else there is; one that is taken is left to whoever has it."""
        plain = stable_id("seat", name)
        taken = {stable_id("seat", other) for other in others - {name}}
        self.assertEqual(stable_id("seat", name, taken), plain)
        self.assertNotEqual(stable_id("seat", name, {plain}), plain)
        self.assertNotEqual(stable_id("operator", name), plain)
        self.assertTrue(FIRST <= plain <= LAST)
        self.assertEqual(stable_id("seat", name, {*range(LAST - 3, LAST)} | {plain}) == plain, False)


class AnyPhoneTests(DeskTestCase):
    """Operators who name a phone."""

    def setUp(self) -> None:
        self.office = Office(allow_any_extension=True)

    def sit(self, username: str, phone: str) -> object:
        """Somebody logs in and names a phone; what they are answered."""
        self.client = self.login(username)
        return self.office.ask(self.client, ClaimExtension(phone))

    def test_named(self) -> None:
        """It gets a seat of its own, technology as Asterisk spells it; calls are listened for; the next is refused."""
        self.assertEqual(self.sit("carla", "sip/777"), Done("SIP/777"))
        self.assertIn("SIP/777", self.office.phones.heard)
        self.assertEqual(self.office.ask(self.client, Identify()), Done("SIP/777"))
        operators = (*self.office.configuration.operators, replace(self.office.configuration.operators[2],
                                                                   id=9, username="cesare"))  # fmt: skip
        self.configure(operators=operators)
        second = self.login("cesare")
        for phone in ("SIP/777", "777"):
            self.assertEqual(self.refusal(second, ClaimExtension(phone)), (914, "seat in use"))
        self.office.desk.detach(self.client)
        self.assertEqual(self.office.ask(second, ClaimExtension("777")), Done("SIP/777"))

    def configure(self, **changes: object) -> None:
        """Another configuration."""
        self.office.desk.configure(Books.of(call_centre(**changes), self.office.settings))
        self.office.clock.advance(1)

    def test_configured(self) -> None:
        """A phone that a seat has is that seat's."""
        self.assertEqual(self.sit("carla", "SIP/303"), Done("SIP/303"))
        self.assertEqual(self.office.desk.books.seats.made, {})

    def test_not_everything(self) -> None:
        """Whatever would have the PBX call something else than one phone is refused."""
        client = self.login("carla")
        for phone in ("Local/1@world", "SIP/0551@trunk", "DAHDI/g1/0551", "PJSIP/201/sip:x@evil", "SIP/201&SIP/202",
                      "PJSIP/", "Agent/1", "SIP/2 01", "SIP/201-00000a1b/x", "SIP/" + "1" * 50, "999", ""):  # fmt: skip
            self.assertEqual(self.refusal(client, ClaimExtension(phone))[0], 916, phone)
        self.assertEqual(self.office.desk.books.seats.made, {})

    def test_who_may_not(self) -> None:
        """Operators of a call centre and those with a seat may not; nor anybody unless it is switched on."""
        self.assertEqual(self.refusal(self.login("anna"), ClaimExtension("SIP/777"))[0], 916)
        for settings in ({"allow_any_extension": False}, {"allow_roaming_extension": False}):
            self.office = Office(**{"allow_any_extension": True, **settings})
            self.assertEqual(self.refusal(self.login("carla"), ClaimExtension("SIP/777"))[0], 916, settings)
            self.assertEqual(self.office.desk.books.seats.made, {})

    def test_reload(self) -> None:
        """They stay through a new configuration, also by ticket, unless a seat has the phone now."""
        self.sit("carla", "SIP/777")
        self.configure(services=())
        self.assertEqual((self.client.dismissed, self.office.ask(self.client, Identify())), ([], Done("SIP/777")))
        ticket = self.office.desk.ticket(self.client).encode()
        self.office.desk.detach(self.client)
        client = self.office.client()
        self.assertEqual(self.office.ask(client, Authenticate("RESUME", ticket)), LoggedIn("carla", ("SIP/777",)))
        self.configure(seats=(*call_centre().seats, Seat(id=9, exten="SIP/777")))
        self.assertEqual([number for number, *_ in client.dismissed], [902])
        self.assertEqual(self.sit("carla", "SIP/777"), Done("SIP/777"))
        self.assertEqual(self.client.dismissed, [])

    def test_ceiling(self) -> None:
        """Seats that nobody sits at give way; when all are taken there is no more room."""
        for module in (reception, seating):
            self.patch(module, "MAX_MADE", 2)
        self.sit("carla", "SIP/1")
        for number in range(2, 9):
            self.office.desk.detach(self.client)
            self.assertEqual(self.sit("carla", f"SIP/{number}"), Done(f"SIP/{number}"))
        seats = self.office.desk.books.seats
        self.assertLessEqual(len(seats.made), 2)
        self.assertEqual(seats.by_number.get("1", ()), ())
        usual = call_centre()
        self.configure(operators=(*usual.operators, *(replace(usual.operators[2], id=i, username=f"c{i}")
                                                      for i in (7, 8))))  # fmt: skip
        others = [self.office.client(), self.office.client()]
        for i, client in zip((7, 8), others, strict=True):
            self.assertIsInstance(self.office.ask(client, Login(f"c{i}", digest("c"))), LoggedIn)
        self.assertEqual(self.office.ask(others[0], ClaimExtension("SIP/21")), Done("SIP/21"))
        self.assertEqual(self.refusal(others[1], ClaimExtension("SIP/22"))[0], 908)
