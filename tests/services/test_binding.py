"""SCRAM over real TLS, with a peer that has nothing of ours: its own sockets, its own TLS, its own arithmetic."""

from __future__ import annotations

import hashlib
import hmac
import socket
from base64 import b64decode, b64encode
from collections.abc import Callable
from typing import Any

import trustme
from OpenSSL import SSL
from twisted.internet import reactor
from twisted.internet.endpoints import serverFromString
from twisted.internet.threads import deferToThread
from twisted.trial.unittest import TestCase

from astcti.protocols.settings import ProtocolSettings
from astcti.protocols.transport import ServerFactory
from astcti.protocols.transport.tls import ServerTLS
from tests.services.fakes import Office, digest
from tests.services.test_authenticating import knowing_scram

Say = Callable[[str], str]
BINDING = b"p=tls-exporter,,"


class Peer:
    """A client that blocks, for use in a thread."""

    def __init__(self, port: int, version: int = SSL.TLS1_3_VERSION) -> None:
        context = SSL.Context(SSL.TLS_CLIENT_METHOD)
        context.set_max_proto_version(version)
        self._socket = socket.create_connection(("127.0.0.1", port), 10)
        self._socket.settimeout(None)
        self._tls = SSL.Connection(context, self._socket)
        self._tls.set_connect_state()
        self._tls.do_handshake()
        self._data = b""
        assert self.hear() == "100 WELCOME"

    @property
    def binding(self) -> bytes:
        """What only the two ends of this connection know (RFC 9266)."""
        return self._tls.export_keying_material(b"EXPORTER-Channel-Binding", 32, b"")

    def hear(self) -> str:
        """The next line."""
        while b"\n" not in self._data:
            self._data += self._tls.recv(4096)
        line, _, self._data = self._data.partition(b"\n")
        return line.decode()

    def say(self, line: str) -> str:
        """Say something; the answer."""
        self._tls.sendall(line.encode() + b"\n")
        return self.hear()

    def close(self) -> None:
        self._socket.close()


def scram(say: Say, mechanism: str, username: str, password: str, gs2: bytes, binding: bytes) -> str:
    """Log in by RFC 5802; the last answer. What the server proves is looked at."""

    def mac(key: bytes, text: bytes) -> bytes:
        return hmac.new(key, text, hashlib.sha256).digest()

    bare = f"n={username},r=rOprNGfwEbeRWgbNEkqO".encode()
    answer = say(f"AUTH {mechanism} {b64encode(gs2 + bare).decode()}")
    if not answer.startswith("105 "):
        return answer
    challenge = b64decode(answer[4:])
    nonce, salt, count = (part[2:] for part in challenge.split(b","))
    salted = hashlib.pbkdf2_hmac("sha256", digest(password).encode(), b64decode(salt), int(count))
    without_proof = b"c=" + b64encode(gs2 + binding) + b",r=" + nonce
    said = b",".join((bare, challenge, without_proof))
    key = mac(salted, b"Client Key")
    signature = mac(hashlib.sha256(key).digest(), said)
    proof = bytes(a ^ b for a, b in zip(key, signature, strict=True))
    answer = say(f"AUTH {b64encode(without_proof + b',p=' + b64encode(proof)).decode()}")
    if answer.startswith("102 "):
        server = mac(mac(salted, b"Server Key"), said)
        assert b64decode(answer.split()[2]) == b"v=" + b64encode(server), "the server does not know the password"
        return "102"
    return answer


class BindingTests(TestCase):
    """A server with TLS from the first byte."""

    timeout = 30

    async def setUp(self) -> None:
        issued = trustme.CA().issue_cert("cti.example")
        tls = ServerTLS(issued.private_key_and_cert_chain_pem.bytes())
        self.office = Office(knowing_scram())
        self.factory = ServerFactory(reactor, self.office.desk, ProtocolSettings(), tls=tls)
        endpoint = serverFromString(reactor, "tcp:0:interface=127.0.0.1")
        self.listener = await endpoint.listen(tls.wrap(self.factory))
        self.port = self.listener.getHost().port
        self.addCleanup(self.stop)

    async def stop(self) -> None:
        await self.listener.stopListening()
        await self.factory.shut_down()

    async def talk(self, conversation: Callable[[Peer], Any], **how: int) -> Any:
        """Have a conversation, in a thread."""

        def whole() -> Any:
            peer = Peer(self.port, **how)
            try:
                return conversation(peer)
            finally:
                peer.close()

        return await deferToThread(whole)

    async def test_bound(self) -> None:
        """With TLS 1.3 the binding is offered first, and whoever uses it gets in."""

        def conversation(peer: Peer) -> tuple[str, str]:
            offered = peer.say("AUTH ?")
            return offered, scram(peer.say, "SCRAM-SHA-256-PLUS", "anna", "a", BINDING, peer.binding)

        self.assertEqual(await self.talk(conversation), ("106 SCRAM-SHA-256-PLUS SCRAM-SHA-256 RESUME", "102"))

    async def test_wrong(self) -> None:
        """A wrong password, a wrong binding, another kind of binding, none where one was promised."""

        def attempt(password: str, gs2: bytes, binding: bytes | None, mechanism: str = "SCRAM-SHA-256-PLUS") -> Any:
            return lambda peer: scram(
                peer.say, mechanism, "anna", password, gs2, peer.binding if binding is None else binding
            )

        wrong = "101 wrong user name or password"
        self.assertEqual(await self.talk(attempt("x", BINDING, None)), wrong)
        self.assertEqual(await self.talk(attempt("a", BINDING, b"x" * 32)), wrong)
        self.assertEqual(await self.talk(attempt("a", BINDING, b"")), wrong)
        for gs2, binding, mechanism in (
            (b"p=tls-unique,,", None, "SCRAM-SHA-256-PLUS"),
            (b"p=tls-server-end-point,,", None, "SCRAM-SHA-256-PLUS"),
            (b"n,,", b"", "SCRAM-SHA-256-PLUS"),
            (BINDING, None, "SCRAM-SHA-256"),
        ):
            self.assertIn("channel binding", await self.talk(attempt("a", gs2, binding, mechanism)), gs2)

    async def test_without(self) -> None:
        """A client that knows no binding gets in without; one that does, and is not offered it, is warned."""
        self.assertEqual(await self.talk(lambda p: scram(p.say, "SCRAM-SHA-256", "anna", "a", b"n,,", b"")), "102")
        refused = await self.talk(lambda p: scram(p.say, "SCRAM-SHA-256", "bruno", "b", b"y,,", b""))
        self.assertEqual(refused, "101 channel binding is available, somebody removed the offer")

    async def test_older_tls(self) -> None:
        """With TLS 1.2 there is nothing to bind to: it is not offered, and whoever says so gets in."""

        def conversation(peer: Peer) -> tuple[str, str, str]:
            bound = scram(peer.say, "SCRAM-SHA-256-PLUS", "anna", "a", BINDING, peer.binding)
            return peer.say("AUTH ?"), bound, scram(peer.say, "SCRAM-SHA-256", "anna", "a", b"y,,", b"")

        said = await self.talk(conversation, version=SSL.TLS1_2_VERSION)
        self.assertEqual(said, ("106 SCRAM-SHA-256 RESUME", "101 this mechanism is not available", "102"))

    async def test_somebody_in_between(self) -> None:
        """Whoever hands everything on, between two connections of their own, does not get in with what they hear."""

        def conversation(victim: Peer) -> str:
            # The victim believes to talk to the server: its binding is that of the connection it has.
            attacker = Peer(self.port)
            try:
                return scram(attacker.say, "SCRAM-SHA-256-PLUS", "anna", "a", BINDING, victim.binding)
            finally:
                attacker.close()

        self.assertEqual(await self.talk(conversation), "101 wrong user name or password")
        self.assertEqual(self.office.desk.floor.logged_in, 0)
