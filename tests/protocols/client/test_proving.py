"""How a client proves who logs in, against a server that a test plays."""

from __future__ import annotations

from base64 import b64decode, b64encode
from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.task import Clock
from twisted.internet.testing import StringTransport
from twisted.trial.unittest import SynchronousTestCase

from astcti.errors import PeerError, Refused
from astcti.protocols.client import CTIClient, Profile, digest_of
from astcti.protocols.client.proving import prove
from astcti.protocols.scram import ServerExchange, Verifier
from astcti.protocols.scram.server import WrongProof

PASSWORD = "correct horse"
DIGEST = digest_of(PASSWORD)
SALT = b"0123456789abcdef"
OFFERED = "SCRAM-SHA-256 RESUME"
WRONG = "911 wrong user name or password"


class PlayedServer:
    """Answers logins.

    :param offered: what ``AUTH ?`` is answered with.
    :param digest: of the password that it takes for the right one.
    :ivar refusals: what lines are refused with, by how they begin.
    :ivar signature: what it proves itself with, None for what is right.
    :ivar heard: every line.
    """

    def __init__(self, offered: str = OFFERED, digest: str = DIGEST) -> None:
        self.offered = offered
        self.refusals: dict[str, str] = {}
        self.signature: bytes | None = None
        self.heard: list[str] = []
        self._verifier = Verifier.derive(digest.encode(), SALT, 4096)
        self._exchange: ServerExchange | None = None

    def answer(self, line: str) -> str:
        """What is said to a line."""
        self.heard.append(line)
        for beginning, refusal in self.refusals.items():
            if line.startswith(beginning):
                return f"101 {refusal}"
        word, *rest = line.split()
        if line == "AUTH ?":
            return f"106 {self.offered}"
        if word == "AUTH" and rest[0] == "SCRAM-SHA-256":
            self._exchange = ServerExchange(b64decode(rest[1]), plus=False, binding=None)
            return f"105 {b64encode(self._exchange.challenge('server', self._verifier)).decode()}"
        if word == "AUTH" and len(rest) == 1:
            return self._finish(b64decode(rest[0]))
        return {"CAPS": "106 errcodes", "USER": "100 OK"}.get(word, "102 OK")

    def _finish(self, final: bytes) -> str:
        assert self._exchange is not None
        try:
            right = self._exchange.finish(final)
        except WrongProof:
            return f"101 {WRONG}"
        return f"102 OK {b64encode(self.signature or right).decode()}"

    @property
    def words(self) -> list[str]:
        """The commands that it heard, with their mechanism."""
        said = [line.split() for line in self.heard]
        return [f"AUTH {w[1]}" if len(w) == 3 or w[1] == "?" else w[0] for w in said if w[0] != "CAPS"]


class ProvingTests(SynchronousTestCase):
    """Ways in, the best first."""

    def login(self, server: PlayedServer, *, modern: bool = True, **profile: Any) -> Deferred[str]:
        """Prove it to a server; fires with the way that was taken.

        :param modern: whether the server has agreed to capabilities.
        """
        client, transport = CTIClient(Clock()), StringTransport()
        client.makeConnection(transport)
        client.dataReceived(b"100 WELCOME\n")
        if modern:
            client.capabilities("errcodes")
            self.converse(client, transport, server)
        done = Deferred.fromCoroutine(prove(client, Profile(**{"username": "anna", "digest": DIGEST, **profile})))
        self.converse(client, transport, server)
        return done

    def converse(self, client: CTIClient, transport: StringTransport, server: PlayedServer) -> None:
        """Until nothing more is said."""
        while data := transport.value():
            transport.clear()
            for line in data.decode().splitlines():
                client.dataReceived(f"{server.answer(line)}\n".encode())

    def refused(self, server: PlayedServer, number: int, **profile: Any) -> None:
        """The login ends with that refusal."""
        refusal = self.failureResultOf(self.login(server, **profile), Refused).value
        self.assertEqual(refusal.number, number)

    def test_scram(self) -> None:
        """The best that is offered is taken, and not even the digest travels."""
        server = PlayedServer()
        self.assertEqual(self.successResultOf(self.login(server)), "SCRAM-SHA-256")
        self.assertEqual(server.words, ["AUTH ?", "AUTH SCRAM-SHA-256", "AUTH"])
        self.assertNotIn(DIGEST, " ".join(server.heard))

    def test_not_known_yet(self) -> None:
        """A server that does not know the operator's digest yet learns it by PASS, unless that is not wanted."""
        server = PlayedServer(digest="0" * 32)
        self.assertEqual(self.successResultOf(self.login(server)), "PASS")
        self.assertEqual(server.words, ["AUTH ?", "AUTH SCRAM-SHA-256", "AUTH", "USER", "PASS"])
        server = PlayedServer(digest="0" * 32)
        self.refused(server, 911, way="scram")
        self.assertNotIn("PASS", server.words)

    def test_scram_refused_otherwise(self) -> None:
        """What PASS would be refused for as well is not tried twice."""
        for number in (905, 910, 914, 917):
            server = PlayedServer()
            server.refusals["AUTH SCRAM"] = f"{number} no"
            self.refused(server, number)
            self.assertNotIn("PASS", server.words)

    def test_false_server(self) -> None:
        """One that takes any proof and cannot prove itself is left, and hears nothing more."""
        server = PlayedServer()
        server.signature = b"v=" + b64encode(b"x" * 32)
        self.failureResultOf(self.login(server), PeerError)
        self.assertEqual(server.words[-1], "AUTH")

    def test_not_offered(self) -> None:
        """Without SCRAM there is PASS, unless it has to be SCRAM."""
        server = PlayedServer("RESUME")
        self.assertEqual(self.successResultOf(self.login(server)), "PASS")
        self.refused(PlayedServer("RESUME"), 930, way="scram")
        server = PlayedServer()
        server.refusals["AUTH ?"] = "900 unknown command"
        self.assertEqual(self.successResultOf(self.login(server)), "PASS")

    def test_first_generation(self) -> None:
        """A server without capabilities is not asked for anything that it cannot know."""
        server = PlayedServer()
        self.assertEqual(self.successResultOf(self.login(server, modern=False)), "PASS")
        self.assertEqual(server.heard, ["USER anna", f"PASS {DIGEST}"])

    def test_pass(self) -> None:
        """PASS is what is said if that is wanted."""
        server = PlayedServer()
        self.assertEqual(self.successResultOf(self.login(server, way="pass")), "PASS")
        self.assertEqual(server.words, ["USER", "PASS"])

    def test_plain(self) -> None:
        """The password itself is never sent in the clear, whatever the server offers."""
        server = PlayedServer("PLAIN RESUME")
        self.refused(server, 918, way="plain", password=PASSWORD)
        self.assertEqual(server.words, ["AUTH ?"])

    def test_ticket(self) -> None:
        """A ticket comes first; one that does not count any more does no harm."""
        server = PlayedServer()
        self.assertEqual(self.successResultOf(self.login(server, ticket="t")), "RESUME")
        self.assertEqual(server.words, ["AUTH ?", "AUTH RESUME"])
        for way, taken in (("auto", "SCRAM-SHA-256"), ("pass", "PASS")):
            server = PlayedServer()
            server.refusals["AUTH RESUME"] = "902 this ticket is not valid any more"
            self.assertEqual(self.successResultOf(self.login(server, ticket="t", way=way)), taken)
        server = PlayedServer("SCRAM-SHA-256")
        self.assertEqual(self.successResultOf(self.login(server, ticket="t")), "SCRAM-SHA-256")

    def test_ticket_later(self) -> None:
        """What keeps a ticket out for a while is no reason to send a password."""
        for number in (905, 907, 908, 917, 990, 999):
            server = PlayedServer()
            server.refusals["AUTH RESUME"] = f"{number} not now"
            self.refused(server, number, ticket="t")
            self.assertEqual(server.words, ["AUTH ?", "AUTH RESUME"])
