"""Logging in by AUTH, and coming back by ticket."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import scramp
from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from astcti.config.model import Configuration
from astcti.errors import Refused
from astcti.model.commands import (
    Authenticate,
    Challenge,
    ChangePassword,
    ClaimExtension,
    ClaimMac,
    ContinueAuthentication,
    LoggedIn,
    Login,
)
from astcti.protocols.scram import ClientExchange
from astcti.services.credentials import verifier_of
from astcti.services.tickets import LIFE_SECONDS, Forged, TicketOffice
from tests.services.fakes import FakeClient, Office, call_centre, digest

MAC = "00:1c:bf:37:53:ba"
PLUS = "SCRAM-SHA-256-PLUS"
SCRAM = "SCRAM-SHA-256"


def knowing_scram(**changes: Any) -> Configuration:
    """The call centre with verifiers for everybody."""
    configuration = call_centre(**changes)
    operators = tuple(replace(o, scram=verifier_of(digest(o.username[0]))) for o in configuration.operators)
    return replace(configuration, operators=operators)


class ScramTests(SynchronousTestCase):
    """The password is proved without being sent."""

    def setUp(self) -> None:
        self.office = Office(knowing_scram())

    def scram(self, client: FakeClient, username: str, password: str, offered: bool = True) -> Any:
        """Go through with it; the last answer."""
        exchange = ClientExchange(username, digest(password).encode(), "nonce", binding=client.binding, offered=offered)
        challenge = self.office.ask(client, Authenticate(PLUS if exchange.plus else SCRAM, exchange.first()))
        if not isinstance(challenge, Challenge):
            return challenge
        answer = self.office.ask(client, ContinueAuthentication(exchange.reply(challenge.data)))
        if isinstance(answer, LoggedIn):
            exchange.verify(answer.data)
        return answer

    def test_good(self) -> None:
        """The right password logs in, and the server proves that it knows it too."""
        self.assertEqual(self.scram(self.office.client(), "anna", "a").username, "anna")

    def test_independent_peer(self) -> None:
        """A client that somebody else wrote gets in."""
        client = self.office.client()
        peer = scramp.ScramClient([SCRAM], "anna", digest("a"))
        challenge = self.office.ask(client, Authenticate(SCRAM, peer.get_client_first().encode()))
        peer.set_server_first(challenge.data.decode())
        answer = self.office.ask(client, ContinueAuthentication(peer.get_client_final().encode()))
        peer.set_server_final(answer.data.decode())

    def test_bound(self) -> None:
        """Over TLS the login is bound to the connection, and a removed offer is noticed."""
        client = self.office.client(secure=True)
        client.binding = b"x" * 32
        self.assertEqual(self.office.desk.mechanisms(client), (PLUS, SCRAM, "RESUME"))
        self.assertEqual(self.scram(client, "anna", "a", offered=False).number, 901)
        self.assertEqual(self.scram(client, "anna", "a").username, "anna")

    def test_other_channel(self) -> None:
        """A proof made for another connection is worth nothing."""
        client = self.office.client(secure=True)
        client.binding = b"x" * 32
        exchange = ClientExchange("anna", digest("a").encode(), "n", binding=b"y" * 32, offered=True)
        challenge = self.office.ask(client, Authenticate(PLUS, exchange.first()))
        answer = self.office.ask(client, ContinueAuthentication(exchange.reply(challenge.data)))
        self.assertEqual(answer.number, 911)

    def test_unknown_users_look_alike(self) -> None:
        """Unknown and disabled users are challenged like others, the same way each time, and fail the same."""
        for username in ("nobody", "elsa", "anna"):
            self.office.accounts.lockout.unlock(username)
            answers = []
            for nonce in ("one", "two"):
                exchange = ClientExchange(username, digest("x").encode(), nonce)
                client = self.office.client()
                challenge = self.office.ask(client, Authenticate(SCRAM, exchange.first()))
                answers.append(challenge.data.decode().split(",")[1:])
                refused = self.office.ask(client, ContinueAuthentication(exchange.reply(challenge.data)))
                self.assertEqual((refused.number, refused.reason), (911, "wrong user name or password"))
            self.assertEqual(answers[0], answers[1])

    def test_failures_lock_out(self) -> None:
        """Guessing this way is no cheaper than by PASS."""
        for _ in range(5):
            self.assertEqual(self.scram(self.office.client(), "anna", "x").number, 911)
        self.assertEqual(self.scram(self.office.client(), "anna", "a").number, 917)
        self.assertEqual(self.office.ask(self.office.client(), Login("anna", digest("a"))).number, 917)

    def test_given_up(self) -> None:
        """AUTH * ends it, nothing goes on from there, and what began in the clear does not go on in TLS."""
        client = self.office.client()
        exchange = ClientExchange("anna", digest("a").encode(), "n")
        challenge = self.office.ask(client, Authenticate(SCRAM, exchange.first()))
        self.assertEqual(self.office.ask(client, ContinueAuthentication(None)).number, 903)
        final = exchange.reply(challenge.data)
        self.assertEqual(self.office.ask(client, ContinueAuthentication(final)).number, 903)
        exchange = ClientExchange("anna", digest("a").encode(), "n")
        challenge = self.office.ask(client, Authenticate(SCRAM, exchange.first()))
        client.secure = True
        self.assertEqual(self.office.ask(client, ContinueAuthentication(exchange.reply(challenge.data))).number, 903)

    def test_encryption_demanded(self) -> None:
        """With require_tls nothing goes without."""
        office = Office(knowing_scram(), require_tls="yes")
        client = office.client()
        self.assertEqual(office.desk.mechanisms(client), ())
        self.assertEqual(office.ask(client, Authenticate(SCRAM, b"n,,n=anna,r=x")).number, 918)

    def test_not_available(self) -> None:
        """PLAIN without a directory, tokens, and what nobody knows."""
        for mechanism, secure in (("PLAIN", True), ("TOKEN", True), ("CRAM-MD5", True)):
            client = self.office.client(secure=secure)
            self.assertEqual(self.office.ask(client, Authenticate(mechanism, b"\0anna\0a")).number, 930)
        self.assertEqual(self.office.ask(self.office.client(), Authenticate("PLAIN", b"\0anna\0a")).number, 918)

    def test_possible_after_one_login(self) -> None:
        """Where only another hash is stored, the first login by PASS makes SCRAM possible; a new password replaces."""
        self.office = Office(call_centre())
        self.assertEqual(self.scram(self.office.client(), "anna", "a").number, 911)
        client = self.office.client()
        self.office.ask(client, Login("anna", digest("a")))
        self.office.ask(client, ChangePassword(digest("a"), digest("new")))
        self.office.desk.detach(client)
        self.assertEqual(self.scram(self.office.client(), "anna", "a").number, 911)
        self.assertEqual(self.scram(self.office.client(), "anna", "new").username, "anna")

    def test_not_known_does_not_close_the_address(self) -> None:
        """A floor that tries SCRAM before the server can know it is not locked out as a whole."""
        self.office = Office(call_centre())
        for _ in range(30):
            self.scram(self.office.client(), "anna", "a")
            self.office.accounts.lockout.unlock("anna")
        self.assertEqual(self.office.accounts.lockout.wait("bruno", "192.0.2.10", 0), 0)


class TicketTests(SynchronousTestCase):
    """Coming back."""

    def setUp(self) -> None:
        self.office = Office()

    def at_work(self, username: str = "anna", password: str = "a") -> tuple[FakeClient, str]:
        """Somebody at the first seat, and their ticket."""
        client = self.office.client()
        self.office.ask(client, Login(username, digest(password)))
        self.office.ask(client, ClaimMac(MAC))
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
            self.office.desk.configure(configuration, self.office.settings)
            self.assertEqual(self.resume(ticket).number, 902, changes)
        seats = (replace(good.seats[0], exten="PJSIP/999"), *good.seats[1:])
        self.office.desk.configure(replace(good, seats=seats), self.office.settings)
        self.assertEqual(self.resume(ticket).number, 902)
        self.office.desk.configure(good, self.office.settings)
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
        """Renewing does not prolong: after twelve hours the password is asked for."""
        _, ticket = self.at_work()
        self.office.clock.advance(LIFE_SECONDS - 1)
        new = self.office.client()
        self.assertIsInstance(self.resume(ticket, new), LoggedIn)
        renewed = self.office.desk.ticket(new)
        self.office.clock.advance(2)
        self.assertEqual(self.resume(renewed).number, 902)

    def test_goodbye(self) -> None:
        """After QUIT it is over."""
        client, ticket = self.at_work()
        client.said_goodbye = True
        self.office.desk.detach(client)
        self.assertEqual(self.resume(ticket).number, 902)

    def test_forged(self) -> None:
        """Guesses count like wrong passwords; tickets of a key that was lost are no guesses."""
        _, ticket = self.at_work()
        other = TicketOffice(b"another").issue(1, 1, 0, b"x" * 12, ())
        for _ in range(40):
            self.assertEqual(self.resume(other).number, 902)
        wrong = ticket[:-2] + ("AA" if ticket[-2:] != "AA" else "BB")
        for _ in range(5):
            self.assertEqual(self.resume(wrong).number, 911)
        self.assertEqual(self.resume(ticket).number, 917)

    def test_survives_a_restart(self) -> None:
        """Another server with the same key takes it."""
        _, ticket = self.at_work()
        key = self.office.desk.identity.office
        self.office = Office()
        self.office.desk.identity.office = key
        self.assertIsInstance(self.resume(ticket), LoggedIn)

    @settings(max_examples=200, deadline=None)
    @given(st.integers(0, 87), st.sampled_from("ABab01-_"))
    def test_any_tampering(self, place: int, character: str) -> None:
        """Whatever character is another, nobody gets in."""
        office = TicketOffice(b"k")
        ticket = office.issue(1, 2, 3, b"s" * 12, ("a",))
        place %= len(ticket)
        changed = ticket[:place] + character + ticket[place + 1 :]
        if changed == ticket:
            return
        try:
            self.assertIsNone(office.read(changed))
        except Forged:
            pass

    def test_no_seat_no_ticket(self) -> None:
        """Before the seat is taken there is none."""
        client = self.office.client()
        self.assertEqual(self.office.desk.ticket(client), "")
        self.office.ask(client, Login("anna", digest("a")))
        self.assertEqual(self.office.desk.ticket(client), "")


class SeatTests(SynchronousTestCase):
    """The rules of seats, each once."""

    def refused(self, office: Office, client: FakeClient, command: Any) -> int:
        answer = office.ask(client, command)
        assert isinstance(answer, Refused), answer
        return answer.number

    def test_several_phones(self) -> None:
        """All phones of a seat are named, the main one first."""
        office, client = Office(), FakeClient()
        office.desk.attach(client)
        office.ask(client, Login("anna", digest("a")))
        self.assertEqual(office.ask(client, ClaimMac(MAC)).info, "PJSIP/201 Local/251@phones/n")
        self.assertEqual(self.refused(office, client, ClaimExtension("PJSIP/202")), 903)

    def test_rules(self) -> None:
        """Call-centre operators send MAC; without roaming nobody chooses; one seat, one operator."""
        office = Office(allow_roaming_extension=False)
        anna, carla = office.client(), office.client()
        office.ask(anna, Login("anna", digest("a")))
        self.assertEqual(self.refused(office, anna, ClaimExtension("PJSIP/201")), 916)
        office.ask(anna, ClaimMac(MAC))
        office.ask(carla, Login("carla", digest("c")))
        self.assertEqual(self.refused(office, carla, ClaimExtension("PJSIP/202")), 916)
        self.assertEqual(self.refused(office, carla, ClaimMac(MAC)), 914)
        self.assertEqual(self.refused(office, office.client(), Login("anna", digest("a"))), 910)
