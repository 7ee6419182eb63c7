"""Logging in by AUTH."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import scramp
from twisted.internet.defer import fail
from twisted.trial.unittest import SynchronousTestCase

from astcti.config.model import Configuration, Operator
from astcti.errors import Refused
from astcti.model.commands import (
    Authenticate,
    Challenge,
    ChangePassword,
    ContinueAuthentication,
    LoggedIn,
    Login,
)
from astcti.protocols.scram import ClientExchange
from astcti.services.accounts import Accounts
from astcti.services.books import Books
from astcti.services.credentials import protect, verifier_of
from tests.services.fakes import AtOnce, FakeClient, Office, call_centre, digest

MAC = "00:1c:bf:37:53:ba"
PLUS = "SCRAM-SHA-256-PLUS"
SCRAM = "SCRAM-SHA-256"
HASHED = protect(digest("a"))


class Full:
    """Has too much to do."""

    def run(self, work: Any, /) -> Any:
        return fail(Refused(908, "try later"))

    spare = run


def hashed(**changes: Any) -> Configuration:
    """The call centre, where argon2id hashes alone are stored; everybody's password is ``a``."""
    configuration = call_centre(**changes)
    return replace(configuration, operators=tuple(replace(o, password=HASHED) for o in configuration.operators))


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

    def test_password_replaced_meanwhile(self) -> None:
        """Who is challenged by a password that an administrator then replaces is not let in by it."""
        client, exchange = self.office.client(), ClientExchange("anna", digest("a").encode(), "n")
        challenge = self.office.ask(client, Authenticate(SCRAM, exchange.first()))
        new = tuple(replace(o, password=digest("new"), scram="") for o in self.office.configuration.operators)
        self.office.desk.configure(Books.of(replace(self.office.configuration, operators=new), self.office.settings))
        refused = self.office.ask(client, ContinueAuthentication(exchange.reply(challenge.data)))
        self.assertEqual((refused.number, refused.reason), (911, "wrong user name or password"))

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
        self.office = Office(hashed())
        self.assertEqual(self.scram(self.office.client(), "anna", "a").number, 911)
        client = self.office.client()
        self.office.ask(client, Login("anna", digest("a")))
        self.office.ask(client, ChangePassword(digest("a"), digest("new")))
        self.office.desk.detach(client)
        self.assertEqual(self.scram(self.office.client(), "anna", "a").number, 911)
        self.assertEqual(self.scram(self.office.client(), "anna", "new").username, "anna")

    def test_not_known_does_not_close_the_address(self) -> None:
        """A floor that tries SCRAM before the server can know it is not locked out as a whole."""
        self.office = Office(hashed(operators=tuple(
            Operator(id=i, username=f"n{i}", full_name="", password=HASHED) for i in range(1, 61)
        )))  # fmt: skip
        clients = [self.office.client() for _ in range(60)]
        for i, client in enumerate(clients, 1):
            self.assertEqual(self.scram(client, f"n{i}", "a").number, 911)
        for i, client in enumerate(clients, 1):
            self.assertEqual(self.office.ask(client, Login(f"n{i}", digest("a"))).username, f"n{i}")
            self.office.desk.detach(client)
        self.assertEqual(self.office.accounts.lockout.wait("anna", "192.0.2.10", 0), 0)

    def test_md5_alone(self) -> None:
        """Where the digest itself is stored SCRAM works at once, and challenges as an unknown user is challenged."""
        self.office = Office(call_centre())
        first = [ClientExchange(u, digest("a").encode(), "n").first() for u in ("anna", "anna", "nobody")]
        salts = [self.office.ask(self.office.client(), Authenticate(SCRAM, f)).data.split(b",", 1)[1] for f in first]
        self.assertEqual(salts[0], salts[1])
        self.assertEqual(len(salts[0]), len(salts[2]))
        self.assertEqual(self.scram(self.office.client(), "anna", "x").number, 911)
        self.assertEqual(self.scram(self.office.client(), "anna", "a").username, "anna")

    def test_md5_alone_is_replaced(self) -> None:
        """A login by SCRAM replaces an MD5 credential by better ones, as one by PASS does."""
        self.office = Office(call_centre())
        self.office.accounts.configure(self.office.configuration, upgrade=True)
        self.assertEqual(self.scram(self.office.client(), "anna", "a").username, "anna")
        self.assertTrue(self.office.store.kept["anna"].startswith("$argon2id$"))
        self.assertTrue(self.office.store.scrams["anna"].startswith("$scram-sha-256$"))

    def test_too_busy_to_make(self) -> None:
        """Who cannot be checked because too much waits is told so, and it is no wrong password."""
        self.office = Office(call_centre())

        self.patch(self.office.accounts, "_work", Full())
        self.assertEqual(self.scram(self.office.client(), "anna", "a").number, 907)
        self.assertEqual(self.office.accounts.lockout.delay("anna", 0), 0)


class FirstTryTests(SynchronousTestCase):
    """Clients try SCRAM first and then PASS, where the server has nothing to check SCRAM by: it costs them nothing."""

    def setUp(self) -> None:
        self.office = Office(hashed())

    def try_both(self, username: str, password: str, then: str | None = None) -> Any:
        """As our client does; the last answer."""
        client = self.office.client()
        self.office.clock.advance(1)
        exchange = ClientExchange(username, digest(password).encode(), "nonce")
        challenge = self.office.ask(client, Authenticate(SCRAM, exchange.first()))
        if not isinstance(challenge, Challenge):
            return challenge
        refused = self.office.ask(client, ContinueAuthentication(exchange.reply(challenge.data)))
        self.assertEqual((refused.number, refused.reason), (911, "wrong user name or password"))
        try:
            self.office.desk.may_try(client, username)
        except Refused as e:
            return e
        answer = self.office.ask(client, Login(username, digest(password if then is None else then)))
        self.office.desk.detach(client)
        return answer

    def test_forgiven(self) -> None:
        """However often somebody logs in they are neither locked out nor answered late."""
        for _ in range(20):
            self.assertEqual(self.try_both("anna", "a").username, "anna")
            self.office.accounts.book._scrams.clear()
        lockout = self.office.accounts.lockout
        self.assertEqual((lockout.delay("anna", 20), lockout.wait("bruno", "192.0.2.10", 20)), (0, 0))

    def test_forgiven_at_the_last(self) -> None:
        """Who is right at last, after as many failures as one may have but one, gets in."""
        for _ in range(4):
            self.assertEqual(self.try_both("anna", "x").number, 911)
        self.assertEqual(self.try_both("anna", "a").username, "anna")

    def test_wrong_counts_once(self) -> None:
        """A wrong password tried both ways is one failure, whether or not there is such a user."""
        for username in ("anna", "nobody"):
            numbers = [self.try_both(username, "x").number for _ in range(6)]
            self.assertEqual(numbers, [911] * 5 + [917], username)

    def test_two_guesses_count_twice(self) -> None:
        """Two different passwords are two failures, so that nobody guesses at double speed."""
        numbers = [self.try_both("anna", "x", then="y").number for _ in range(4)]
        self.assertEqual(numbers, [911, 911, 911, 917])

    def test_looks_alike(self) -> None:
        """With a verifier, without and without a user, failures of SCRAM alone lead to the same answers."""
        seen = set()
        for username in ("anna", "scramble", "nobody"):
            office = self.office = Office(hashed(operators=(
                Operator(id=1, username="anna", full_name="", password=HASHED),
                Operator(id=2, username="scramble", full_name="", password=HASHED, scram=verifier_of(digest("a"))),
            )))  # fmt: skip
            numbers = []
            for _ in range(7):
                client, exchange = office.client(), ClientExchange(username, digest("x").encode(), "n")
                office.clock.advance(1)
                answer = office.ask(client, Authenticate(SCRAM, exchange.first()))
                if isinstance(answer, Challenge):
                    answer = office.ask(client, ContinueAuthentication(exchange.reply(answer.data)))
                numbers.append(answer.number)
                office.desk.detach(client)
            numbers.append(office.ask(office.client(), Login(username, digest("a"))).number)
            seen.add(tuple(numbers))
        self.assertEqual(seen, {(911,) * 5 + (917,) * 3})

    def test_gone_meanwhile(self) -> None:
        """Who hangs up while the answer is held back leaves nothing behind but a failure of the address."""
        for _ in range(10):
            self.office.accounts.lockout.failed("anna", "203.0.113.1", self.office.clock.seconds())
        client, exchange = self.office.client(), ClientExchange("anna", digest("x").encode(), "n")
        challenge = self.office.ask(client, Authenticate(SCRAM, exchange.first()))
        self.assertIsNone(self.office.ask(client, ContinueAuthentication(exchange.reply(challenge.data))))
        self.office.desk.detach(client)
        self.office.clock.advance(5)
        self.assertIsNone(self.office.accounts.doubts.of(client, "anna"))
        for _ in range(29):
            self.office.accounts.lockout.failed_at(client.peer, self.office.clock.seconds())
        self.assertGreater(self.office.accounts.lockout.wait("bruno", client.peer, self.office.clock.seconds()), 0)

    def test_salts_stay(self) -> None:
        """After a restart unknown users are challenged as before, as those with verifiers are."""
        salts = set()
        for key in (b"one", b"another"):
            accounts = Accounts(self.office.clock, AtOnce(), self.office.configuration, key=key, salts=lambda: b"kept")
            salts.add(accounts.no_verifier("nobody").salt)
        self.assertEqual(len(salts), 1)

    def test_address_counts_who_does_not_go_on(self) -> None:
        """Proofs that nothing right follows close the address, whoever they are for."""
        for i in range(30):
            client, exchange = self.office.client(), ClientExchange(f"n{i}", digest("x").encode(), "n")
            self.office.clock.advance(1)
            challenge = self.office.ask(client, Authenticate(SCRAM, exchange.first()))
            self.office.ask(client, ContinueAuthentication(exchange.reply(challenge.data)))
            self.office.desk.detach(client)
        self.assertEqual(self.office.ask(self.office.client(), Login("anna", digest("a"))).number, 917)

    def test_older_clients_too(self) -> None:
        """With a second credential for older clients the first login makes SCRAM possible as well, and only the
        digest that SCRAM is to go by does."""
        anna = Operator(id=1, username="anna", full_name="", password=HASHED, password_alt=protect(digest("latin")))
        self.office = Office(hashed(operators=(anna,)))
        self.office.ask(client := self.office.client(), Login("anna", digest("latin")))
        self.office.desk.detach(client)
        self.assertEqual(self.try_both("anna", "a").username, "anna")
        exchange, client = ClientExchange("anna", digest("a").encode(), "n"), self.office.client()
        challenge = self.office.ask(client, Authenticate(SCRAM, exchange.first()))
        answer = self.office.ask(client, ContinueAuthentication(exchange.reply(challenge.data)))
        self.assertEqual(answer.username, "anna")
