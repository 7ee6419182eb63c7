"""Operators who are bound to the place they log in from."""

from __future__ import annotations

from dataclasses import replace
from types import MappingProxyType

from twisted.logger import capturedLogs, formatEvent

from astcti.config.model import Configuration
from astcti.model.commands import Authenticate, ClaimExtension, ContinueAuthentication, Done, LoggedIn, Login
from astcti.protocols.scram import ClientExchange
from astcti.services.books import Books
from astcti.services.credentials import verifier_of
from tests.services.fakes import FakeClient, Office, call_centre, digest
from tests.services.test_desk import DeskTestCase

INSIDE, OUTSIDE = "10.1.2.3", "192.0.2.10"


def bound(host: str, **resolved: tuple[str, ...]) -> Configuration:
    """A call centre in which carla has to come from a host."""
    usual = call_centre()
    operators = (*usual.operators[:2], replace(usual.operators[2], login_host=host), *usual.operators[3:])
    return replace(usual, operators=operators, resolved=MappingProxyType(resolved))


class OriginTests(DeskTestCase):
    """Who gets in from where."""

    def furnish(self, host: str, **resolved: tuple[str, ...]) -> None:
        """Another office."""
        self.office = Office(bound(host, **resolved))

    def test_places(self) -> None:
        """An address, a network and a name; IPv4 written as IPv6 is IPv4; what is no address is nowhere."""
        for host, peer, allowed in (
            ("10.1.2.3", INSIDE, True), ("10.1.2.3", "10.1.2.4", False), ("10.1.0.0/16", INSIDE, True),
            ("10.1.0.0/16", OUTSIDE, False), ("10.1.0.0/16", f"::ffff:{INSIDE}", True), ("10.1.0.0/16", "::1", False),
            ("2001:db8::/32", "2001:db8::7%eth0", True), ("desk", INSIDE, True), ("desk", OUTSIDE, False),
            ("other", INSIDE, False), ("0.0.0.0", OUTSIDE, True), ("10.1.0.0/16", "somewhere", False),
        ):  # fmt: skip
            self.furnish(host, desk=(INSIDE,))
            client = self.office.client(peer)
            said = self.office.ask(client, Login("carla", digest("c")))
            self.assertEqual(isinstance(said, LoggedIn), allowed, (host, peer, said))

    def test_like_a_wrong_password(self) -> None:
        """The right password from elsewhere is refused in the same words, by the same steps, and counts the same."""
        self.furnish("10.1.0.0/16")
        wrong = self.refusal(self.office.client(OUTSIDE), Login("bruno", digest("x")))
        with capturedLogs() as logs:
            self.assertEqual(self.refusal(self.office.client(OUTSIDE), Login("carla", digest("c"))), wrong)
        self.assertEqual(wrong, (911, "wrong user name or password"))
        (said,) = [formatEvent(e) for e in logs if "carla" in formatEvent(e)]
        self.assertIn("host mismatch", said)
        self.assertIn("10.1.0.0/16", said)
        for _ in range(4):
            self.refusal(self.office.client(OUTSIDE), Login("carla", digest("c")))
        self.office.clock.advance(1)
        self.assertEqual(self.refusal(self.office.client(OUTSIDE), Login("carla", digest("c")))[0], 917)
        self.login("bruno", peer=OUTSIDE)
        self.login("carla", peer=INSIDE)

    def test_proof(self) -> None:
        """A proof from elsewhere is worth nothing."""
        usual = bound("10.1.0.0/16")
        carla = replace(usual.operators[2], scram=verifier_of(digest("c")))
        self.office = Office(replace(usual, operators=(*usual.operators[:2], carla)))
        for peer, kind in ((INSIDE, "LoggedIn"), (OUTSIDE, "Refused")):
            client = self.office.client(peer)
            exchange = ClientExchange("carla", digest("c").encode(), "nonce", binding=None, offered=True)
            challenge = self.office.ask(client, Authenticate("SCRAM-SHA-256", exchange.first()))
            said = self.office.ask(client, ContinueAuthentication(exchange.reply(challenge.data)))
            self.assertEqual(type(said).__name__, kind, said)
        self.assertEqual((said.number, said.reason), (911, "wrong user name or password"))

    def test_ticket(self) -> None:
        """A ticket does not open what the password does not."""
        self.furnish("10.1.0.0/16")
        client = self.login("carla", peer=INSIDE)
        self.assertIsInstance(self.office.ask(client, ClaimExtension("303")), Done)
        ticket = self.office.desk.ticket(client).encode()
        self.office.desk.detach(client)
        self.assertEqual(self.refusal(self.office.client(OUTSIDE), Authenticate("RESUME", ticket))[0], 902)
        said = self.office.ask(self.office.client(INSIDE), Authenticate("RESUME", ticket))
        self.assertIsInstance(said, LoggedIn)

    def configure(self, host: str, client: FakeClient, **resolved: tuple[str, ...]) -> list[tuple[int, str, str]]:
        """Another configuration; whether the client was sent away by it."""
        self.office.desk.configure(Books.of(bound(host, **resolved), self.office.settings))
        self.office.clock.advance(1)
        return client.dismissed

    def test_reload(self) -> None:
        """Whoever is at work in a place that is allowed still stays; in another one they have to go."""
        self.furnish("")
        client = self.login("carla", peer=INSIDE)
        self.assertEqual(self.configure("10.1.0.0/16", client), [])
        self.assertEqual(self.configure("desk", client, desk=(INSIDE,)), [])
        gone = self.configure("desk", client, desk=(OUTSIDE,))
        self.assertEqual([number for number, *_ in gone], [902])
        self.assertEqual(self.refusal(self.office.client(INSIDE), Login("carla", digest("c")))[0], 911)
