"""Coming back by ticket."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from astcti.model.commands import Authenticate, ChangePassword, ClaimMac, LoggedIn, Login
from astcti.services.books import Books
from astcti.services.renewing import SECONDS, Renewal
from astcti.services.resuming import AT_A_TIME, RENEW_SECONDS
from astcti.services.tickets import LIFE_SECONDS, TicketOffice
from tests.services.fakes import FakeClient, Office, call_centre, digest

MACS = ("00:1c:bf:37:53:ba", "00:1c:bf:37:53:bb")


class TicketTests(SynchronousTestCase):
    """Coming back."""

    def setUp(self) -> None:
        self.office = Office()

    def at_work(self, username: str = "anna", password: str = "a", mac: str = MACS[0]) -> tuple[FakeClient, str]:
        """Somebody at the first seat, and their ticket."""
        client = self.office.client()
        self.office.ask(client, Login(username, digest(password)))
        self.office.ask(client, ClaimMac(mac))
        self.assertGreaterEqual(client.tickets, 1)
        return client, self.office.desk.ticket(client)

    def resume(self, ticket: str, client: FakeClient | None = None) -> Any:
        return self.office.ask(client or self.office.client(), Authenticate("RESUME", ticket.encode()))

    def test_back_at_the_seat(self) -> None:
        """A ticket gives operator and seat, and a new ticket, without a password being checked."""
        client, ticket = self.at_work()
        self.office.desk.detach(client)
        new = self.office.client()
        self.assertEqual(self.resume(ticket, new), LoggedIn("anna", ("PJSIP/201", "Local/251@phones/n")))
        self.assertEqual(new.tickets, 1)

    def test_dead_connection_is_replaced(self) -> None:
        """Who comes back before the server noticed gets in at once; the old connection ends."""
        old, ticket = self.at_work()
        new = self.office.client()
        self.assertIsInstance(self.resume(ticket, new), LoggedIn)
        self.assertEqual(old.dismissed, [(910, "logged in elsewhere", "replaced")])
        # ... and once more with the same one, when the new ticket was lost on the way.
        self.office.desk.ticket(new)
        self.assertIsInstance(self.resume(ticket), LoggedIn)

    def test_old_tickets_do_not_replace(self) -> None:
        """A ticket from before does not throw out who is there."""
        client, ticket = self.at_work()
        for _ in range(3):
            self.office.desk.ticket(client)
        self.assertEqual(self.resume(ticket).number, 910)
        self.assertEqual(client.dismissed, [])

    def test_seat_taken_meanwhile(self) -> None:
        """Somebody else at the seat stays there."""
        client, ticket = self.at_work()
        self.office.desk.detach(client)
        self.at_work("bruno", "b")
        self.assertEqual(self.resume(ticket).number, 914)

    def test_void(self) -> None:
        """Another password, another seat, a disabled operator, other rights: the ticket is worth nothing."""
        client, ticket = self.at_work()
        self.office.desk.detach(client)
        good = call_centre()
        first, rest = good.operators[0], good.operators[1:]
        for changes in ({"password": digest("z")}, {"enabled": False}, {"seat_id": 2}, {"is_call_center": False},
                        {"ldap_dn": "cn=x"}, {"password_alt": digest("z")}):  # fmt: skip
            configuration = replace(good, operators=(replace(first, **changes), *rest))
            self.office.desk.configure(Books.of(configuration, self.office.settings))
            self.assertEqual(self.resume(ticket).number, 902, changes)
        seats = (replace(good.seats[0], exten="PJSIP/999"), *good.seats[1:])
        self.office.desk.configure(Books.of(replace(good, seats=seats), self.office.settings))
        self.assertEqual(self.resume(ticket).number, 902)
        self.office.desk.configure(Books.of(good, self.office.settings))
        self.assertIsInstance(self.resume(ticket), LoggedIn)

    def test_own_change_renews(self) -> None:
        """Who changes the password gets a ticket for the new one; the one before is void."""
        client, ticket = self.at_work()
        before = client.tickets
        self.office.ask(client, ChangePassword(digest("a"), digest("new")))
        self.assertGreater(client.tickets, before)
        new = self.office.desk.ticket(client)
        self.office.desk.detach(client)
        self.assertEqual(self.resume(ticket).number, 902)
        self.assertIsInstance(self.resume(new), LoggedIn)

    def test_twelve_hours(self) -> None:
        """A ticket is good for twelve hours; whoever comes back has a new one for twelve more."""
        _, ticket = self.at_work()
        self.office.clock.advance(LIFE_SECONDS - 1)
        new = self.office.client()
        self.assertIsInstance(self.resume(ticket, new), LoggedIn)
        renewed = self.office.desk.ticket(new)
        self.office.clock.advance(2)
        self.assertEqual(self.resume(ticket).number, 902)
        self.office.clock.advance(LIFE_SECONDS - 2)
        new = self.office.client()
        self.assertIsInstance(self.resume(renewed, new), LoggedIn)

    def test_a_week(self) -> None:
        """However often the ticket was replaced, a week after the proof of the password it is asked for again."""
        client, ticket = self.at_work()
        for _ in range(13):
            self.office.clock.advance(LIFE_SECONDS)
            client = self.office.client()
            self.assertIsInstance(self.resume(ticket, client), LoggedIn)
            ticket = self.office.desk.ticket(client)
        self.office.clock.advance(LIFE_SECONDS - 1)
        self.assertIsInstance(self.resume(ticket), LoggedIn)
        self.office.clock.advance(2)
        self.assertEqual(self.resume(ticket).number, 902)
        _, ticket = self.at_work("bruno", "b", MACS[1])
        self.assertIsInstance(self.resume(ticket), LoggedIn)

    def test_clock_set_back(self) -> None:
        """A ticket of the future counts for a minute only."""
        for back, number in ((59, None), (61, 902)):
            self.office = Office()
            self.office.clock.advance(1000)
            _, ticket = self.at_work()
            self.office.clock.rightNow -= back
            self.assertEqual(getattr(self.resume(ticket), "number", None), number)

    def test_goodbye(self) -> None:
        """After QUIT it is over."""
        client, ticket = self.at_work()
        client.said_goodbye = True
        self.office.desk.detach(client)
        self.assertEqual(self.resume(ticket).number, 902)

    def test_forged(self) -> None:
        """Guesses count like wrong passwords; tickets of a key that was lost are no guesses."""
        _, ticket = self.at_work()
        other = TicketOffice(b"another").issue(1, 1, 0, 0, b"x" * 12, ())
        for _ in range(40):
            self.assertEqual(self.resume(other).number, 902)
        wrong = ticket[:-2] + ("AA" if ticket[-2:] != "AA" else "BB")
        for _ in range(5):
            self.assertEqual(self.resume(wrong).number, 911)
        self.assertEqual(self.resume(ticket).number, 917)

    def test_survives_a_restart(self) -> None:
        """Another server with the same key takes it."""
        _, ticket = self.at_work()
        key = self.office.desk.resuming.office
        self.office = Office()
        self.office.desk.resuming.office = key
        self.assertIsInstance(self.resume(ticket), LoggedIn)

    def test_no_seat_no_ticket(self) -> None:
        """Before the seat is taken there is none."""
        client = self.office.client()
        self.assertEqual(self.office.desk.ticket(client), "")
        self.office.ask(client, Login("anna", digest("a")))
        self.assertEqual(self.office.desk.ticket(client), "")


class RenewalTests(SynchronousTestCase):
    """Whoever is connected for long always has a ticket that counts."""

    def setUp(self) -> None:
        self.office = Office()
        self.renewal = Renewal(self.office.clock, self.office.desk.resuming.renew)
        self.renewal.startService()
        self.addCleanup(self.renewal.stopService)

    def sit(self, username: str, mac: str) -> FakeClient:
        """Somebody at work, whose client takes every ticket it is told of."""
        client = self.office.client()
        self.office.ask(client, Login(username, digest(username[0])))
        self.office.ask(client, ClaimMac(mac))
        return client

    def test_replaced_in_time(self) -> None:
        """After six hours there is a new ticket, and not before; the old one counts for another six."""
        anna = self.sit("anna", MACS[0])
        first = self.office.desk.ticket(anna)
        self.office.clock.pump([SECONDS] * int(RENEW_SECONDS / SECONDS - 1))
        self.assertEqual(anna.tickets, 1)
        self.office.clock.pump([SECONDS] * 2)
        self.assertEqual(anna.tickets, 2)
        second = self.office.desk.ticket(anna)
        self.office.clock.pump([SECONDS] * int(RENEW_SECONDS / SECONDS - 2))
        self.assertEqual(anna.tickets, 2)
        for ticket in (first, second):
            for attendance in list(self.office.desk.floor.attendances):
                self.office.desk.detach(attendance.client)
            self.assertIsInstance(self.resume(ticket), LoggedIn)

    def resume(self, ticket: str) -> Any:
        return self.office.ask(self.office.client(), Authenticate("RESUME", ticket.encode()))

    def test_each_in_its_time(self) -> None:
        """Whoever sat down later, or had a new ticket since, is not disturbed; who has left is none of it."""
        anna = self.sit("anna", MACS[0])
        self.office.clock.advance(1000)
        bruno = self.sit("bruno", MACS[1])
        self.office.clock.advance(1000)
        self.office.desk.ticket(anna)
        self.office.clock.advance(RENEW_SECONDS - 999)
        self.assertEqual((anna.tickets, bruno.tickets), (1, 2))
        self.office.desk.detach(anna)
        self.office.clock.advance(RENEW_SECONDS)
        self.assertEqual((anna.tickets, bruno.tickets), (1, 3))

    def test_some_at_a_time(self) -> None:
        """A floor that sat down at the same moment is done in several turns; each costs the same."""
        count = AT_A_TIME * 2 + 50
        centre = call_centre()
        seats = tuple(replace(centre.seats[0], id=i, mac="", exten=f"PJSIP/{i}") for i in range(1, count + 1))
        operators = tuple(replace(centre.operators[0], id=i, username=f"a{i}", seat_id=i) for i in range(1, count + 1))
        self.office = Office(replace(centre, seats=seats, operators=operators, extensions=(), service_operators=()))
        clients = [self.office.client() for _ in range(count)]
        for i, client in enumerate(clients, 1):
            self.assertIsInstance(self.office.ask(client, Login(f"a{i}", digest("a"))), LoggedIn)
        self.office.clock.advance(RENEW_SECONDS)
        for done in (AT_A_TIME, AT_A_TIME * 2, count, count):
            self.office.desk.resuming.renew()
            self.assertEqual(sum(client.tickets - 1 for client in clients), done)

    def test_broken_client(self) -> None:
        """One that cannot be told costs nobody else anything."""
        anna, bruno = self.sit("anna", MACS[0]), self.sit("bruno", MACS[1])
        anna.tell_ticket = lambda: 1 / 0  # type: ignore[method-assign,assignment,return-value]
        self.office.clock.advance(RENEW_SECONDS + SECONDS)
        self.assertEqual(len(self.flushLoggedErrors(ZeroDivisionError)), 1)
        self.assertEqual((bruno.tickets, anna.dismissed[0][0]), (2, 999))

    def test_gone_client(self) -> None:
        """Nor does one that has left in this very turn."""
        anna, bruno = self.sit("anna", MACS[0]), self.sit("bruno", MACS[1])
        self.office.clock.advance(RENEW_SECONDS - 1)
        anna.tell_ticket = lambda: 1 / 0  # type: ignore[method-assign,assignment,return-value]
        self.office.desk.floor.on_left = lambda attendance: None
        self.office.desk.detach(anna)
        self.office.clock.advance(SECONDS + 1)
        self.assertEqual((bruno.tickets, anna.dismissed), (2, []))

    def test_ends(self) -> None:
        """After the end nothing is looked at any more."""
        clock = Clock()
        renewal = Renewal(clock, lambda: None)
        renewal.startService()
        renewal.stopService()
        self.assertEqual(clock.getDelayedCalls(), [])
