"""Both halves of SCRAM: the vectors of the RFCs, each other, and an implementation of somebody else."""

from __future__ import annotations

import hashlib
from base64 import b64decode
from typing import Any

import scramp
from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from astcti.protocols.scram import ClientExchange, ScramError, ServerExchange, Verifier, WrongProof, keys
from astcti.protocols.scram.attributes import MAX_MESSAGE, quote, unquote

# RFC 7677, section 3.
CLIENT_NONCE, SERVER_NONCE = "rOprNGfwEbeRWgbNEkqO", "%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0"
SALT = b64decode("W22ZaJ0SNY7soEsUEjb6gQ==")
TALK = (
    b"n,,n=user,r=rOprNGfwEbeRWgbNEkqO",
    b"r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096",
    b"c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=",
    b"v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=",
)
CHANNEL = bytes(range(32))
CHEAP = 4096
ONCE = Verifier.derive(b"pencil", SALT, CHEAP)
SALTED = {(b"pencil", SALT, CHEAP): keys.salted(b"pencil", SALT, CHEAP)}


def remembered(password: bytes, salt: bytes, iterations: int) -> bytes:
    """The salted password, derived once."""
    key = (password, salt, iterations)
    return SALTED.setdefault(key, keys.salted(*key))


def client(**more: Any) -> ClientExchange:
    """The client of the RFC's example."""
    return ClientExchange("user", b"pencil", CLIENT_NONCE, salted=remembered, **more)


def serve(first: bytes, plus: bool = False, binding: bytes | None = None) -> tuple[ServerExchange, bytes]:
    """The server of the RFC's example, and its challenge."""
    server = ServerExchange(first, plus=plus, binding=binding)
    return server, server.challenge(SERVER_NONCE, ONCE)


class VectorTests(SynchronousTestCase):
    """What the RFCs give."""

    def test_conversation(self) -> None:
        """The conversation of RFC 7677, byte for byte, on both sides."""
        one = client()
        server, challenge = serve(one.first())
        final = one.reply(challenge)
        last = server.finish(final)
        self.assertEqual((one.first(), challenge, final, last), TALK)
        self.assertEqual(server.username, "user")
        one.verify(last)

    def test_derivation(self) -> None:
        """PBKDF2 with HMAC-SHA-256 as in RFC 7914, section 11."""
        self.assertEqual(
            hashlib.pbkdf2_hmac("sha256", b"Password", b"NaCl", 80000, 64).hex()[:64],
            keys.salted(b"Password", b"NaCl", 80000).hex(),
        )
        self.assertEqual(
            keys.salted(b"Password", b"NaCl", 80000).hex(),
            "4ddcd8f60b98be21830cee5ef22701f9641a4418d04c0414aeff08876b34ab56",
        )


class OfOthersTests(SynchronousTestCase):
    """The same with ``scramp``, which knows no ``tls-exporter``; the binding itself is in the other tests."""

    def test_their_server(self) -> None:
        """Our client logs in at their server, and believes it."""
        mechanism = scramp.ScramMechanism("SCRAM-SHA-256")
        stored = mechanism.make_auth_info("pencil", iteration_count=CHEAP, salt=SALT)
        server = mechanism.make_server(lambda user: stored)
        one = client()
        server.set_client_first(one.first().decode())
        server.set_client_final(one.reply(server.get_server_first().encode()).decode())
        one.verify(server.get_server_final().encode())

    def test_their_client(self) -> None:
        """Their client logs in at our server, and believes it."""
        other = scramp.ScramClient(["SCRAM-SHA-256"], "us,er=", "pencil")
        server, challenge = serve(other.get_client_first().encode())
        self.assertEqual(server.username, "us,er=")
        other.set_server_first(challenge.decode())
        other.set_server_final(server.finish(other.get_client_final().encode()).decode())

    def test_their_client_with_a_wrong_password(self) -> None:
        """Their client with another password is refused."""
        other = scramp.ScramClient(["SCRAM-SHA-256"], "user", "pen")
        server, challenge = serve(other.get_client_first().encode())
        other.set_server_first(challenge.decode())
        self.assertRaises(WrongProof, server.finish, other.get_client_final().encode())


class BindingTests(SynchronousTestCase):
    """Logins that hold on one channel only."""

    def test_bound(self) -> None:
        """A login bound to the channel succeeds on that channel, and on no other."""
        one = client(binding=CHANNEL, offered=True)
        server, challenge = serve(one.first(), True, CHANNEL)
        one.verify(server.finish(one.reply(challenge)))
        server, challenge = serve(one.first(), True, bytes(32))
        error = self.assertRaises(ScramError, server.finish, one.reply(challenge))
        self.assertEqual(str(error), "another channel")

    def test_offer_removed(self) -> None:
        """Who sits in between and hides the offer is noticed by the server, which knows that it made it."""
        one = client(binding=CHANNEL, offered=False)
        self.assertTrue(one.first().startswith(b"y,,"))
        error = self.assertRaises(ScramError, serve, one.first(), False, CHANNEL)
        self.assertIn("removed the offer", str(error))
        serve(one.first(), False, None)

    def test_wrong_use(self) -> None:
        """Binding without the mechanism for it, the mechanism without binding, and other kinds are refused."""
        for first, plus, binding in (
            (b"p=tls-exporter,,n=u,r=x", False, CHANNEL),
            (b"p=tls-exporter,,n=u,r=x", True, None),
            (b"p=tls-unique,,n=u,r=x", True, CHANNEL),
            (b"n,,n=u,r=x", True, CHANNEL),
        ):
            self.assertRaises(ScramError, serve, first, plus, binding)


class RuleTests(SynchronousTestCase):
    """What breaks the rules is refused."""

    def test_first_messages(self) -> None:
        """Malformed first messages."""
        for first in (
            b"", b"n", b"n,,", b"n,,r=x", b"n,,n=u", b"n,,n=,r=x", b"n,,n=u,r=", b"n,,n=u,r=a b", b"n,,n==2c,r=x",
            b"n,,n=u\xff,r=x", b"n,a=other,n=u,r=x", b"x,,n=u,r=x", b"n,,m=1,n=u,r=x", b"n,,n=u,r=x,m=1",
            b"n,,n=u,r=x,r=y", b"n,,n=u,r=" + b"x" * 300, b"n,,n=" + b"u" * MAX_MESSAGE + b",r=x", b"n,,n=u\0,r=x",
        ):  # fmt: skip
            self.assertRaises(ScramError, ServerExchange, first, plus=False, binding=None)
        self.assertEqual(ServerExchange(b"n,a=u,n=u,r=x,z=more", plus=False, binding=None).username, "u")

    def test_final_messages(self) -> None:
        """Malformed final messages, another nonce, another proof."""
        right = TALK[2]
        for final in (
            b"", b"c=biws", right.replace(b"c=biws", b"c=eSws"), right.replace(b"c=biws", b"c=*"),
            right.replace(b"r=rO", b"r=rX"), right.replace(b"r=rOprNGfwEbeRWgbNEkqO%", b"r=%"),
            right.replace(b",p=d", b",p=*"), right[:-12], right.replace(b",p=", b",x=1,m=2,p="),
        ):  # fmt: skip
            server, _ = serve(TALK[0])
            self.assertRaises(ScramError, server.finish, final)
        server, _ = serve(TALK[0])
        self.assertRaises(WrongProof, server.finish, right.replace(b"p=dH", b"p=dX"))

    def test_before_the_challenge(self) -> None:
        """A final message without a challenge proves nothing."""
        server = ServerExchange(TALK[0], plus=False, binding=None)
        self.assertRaises(ScramError, server.finish, TALK[2])

    def test_servers_that_want_too_little_or_too_much(self) -> None:
        """A server cannot have a client prove by a cheap derivation, nor stop it by a dear one."""
        for challenge in (
            TALK[1].replace(b"i=4096", b"i=1"), TALK[1].replace(b"i=4096", b"i=4095"),
            TALK[1].replace(b"i=4096", b"i=99999999"), TALK[1].replace(b"i=4096", b"i=-4096"),
            TALK[1].replace(b"i=4096", b"i="), TALK[1].replace(b"s=W22ZaJ0SNY7soEsUEjb6gQ==", b"s="),
            TALK[1].replace(b"r=rO", b"r=xO"), b"r=rOprNGfwEbeRWgbNEkqO,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096", b"e=no",
        ):  # fmt: skip
            self.assertRaises(ScramError, client().reply, challenge)

    def test_servers_that_do_not_know_the_password(self) -> None:
        """A server that lets everybody in is not believed."""
        one = client()
        self.assertRaises(ScramError, one.verify, TALK[3])
        one.reply(TALK[1])
        for final in (b"v=" + TALK[2][-44:], b"e=other-error", b"v=", b"", TALK[3][:-3]):
            self.assertRaises(ScramError, one.verify, final)
        one.verify(TALK[3])

    @settings(max_examples=50, deadline=None)
    @given(name=st.text(st.characters(exclude_characters="\0", exclude_categories=("Cs",)), min_size=1, max_size=100))
    def test_names(self, name: str) -> None:
        """Any user name gets through, commas and equals signs included."""
        self.assertEqual(unquote(quote(name)), name)
        first = ClientExchange(name, b"x", "nonce").first()
        self.assertEqual(ServerExchange(first, plus=False, binding=None).username, name)

    @settings(max_examples=200, deadline=None)
    @given(message=st.binary(max_size=200))
    def test_rubbish(self, message: bytes) -> None:
        """Whatever arrives is either a message or a ScramError."""
        for act in (
            lambda: ServerExchange(message, plus=False, binding=None),
            lambda: serve(TALK[0])[0].finish(message),
            lambda: client().reply(message),
            lambda: client().verify(message),
        ):
            try:
                act()
            except ScramError:
                pass


class VerifierTests(SynchronousTestCase):
    """What is stored."""

    def test_there_and_back(self) -> None:
        """A stored verifier reads as it was written, in PostgreSQL's spelling of the salt, too."""
        self.assertEqual(Verifier.parse(str(ONCE)), ONCE)
        self.assertTrue(str(ONCE).startswith("$scram-sha-256$i=4096$W22ZaJ0SNY7soEsUEjb6gQ==$"))
        self.assertEqual(Verifier.parse(str(ONCE).replace("4096$", "4096,s=")), ONCE)

    def test_rubbish(self) -> None:
        """What is no verifier is none, and neither is one that would be too cheap or too dear."""
        good = str(ONCE)
        for text in ("", "x", good[1:], good.replace("4096", "1000"), good.replace("4096", "999999"), good + "$"):
            self.assertIsNone(Verifier.parse(text), text)

    def test_nothing_is_shown(self) -> None:
        """Keys appear in no log."""
        self.assertNotIn("key", repr(ONCE))
