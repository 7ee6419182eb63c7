"""Which server, and how the way there is encrypted."""

from __future__ import annotations

from pathlib import Path

import trustme
from twisted.internet import reactor
from twisted.internet.endpoints import HostnameEndpoint
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from astcti.client.happenings import LoggedIn, Lost, Rejected
from astcti.client.reaching import Encryption, encryption, find_server
from astcti.errors import UserError
from astcti.protocols.client import client_tls
from astcti.protocols.transport import ServerTLS
from tests.client.test_agent import AgentTestCase


class AddressTests(SynchronousTestCase):
    """What a person may type."""

    def test_addresses(self) -> None:
        """A host alone means the usual port; IPv6 addresses stand in brackets."""
        for text, name, host, over_tls in (
            ("cti.example", "cti.example:5000", "cti.example", False),
            ("cti.example:5001", "cti.example:5001", "cti.example", False),
            ("192.0.2.7:1", "192.0.2.7:1", "192.0.2.7", False),
            ("[2001:db8::1]", "[2001:db8::1]:5000", "2001:db8::1", False),
            ("[2001:db8::1]:99", "[2001:db8::1]:99", "2001:db8::1", False),
            ("tcp:5000", "tcp:5000", "tcp", False),
            ("tls:cti.example:5001", "cti.example:5001", "cti.example", True),
            ("tls:[::1]:5001", "[::1]:5001", "::1", True),
        ):
            server = find_server(text)
            self.assertEqual((server.name, server.host, server.over_tls), (name, host, over_tls))
            self.assertIsInstance(server.endpoint(reactor), HostnameEndpoint)

    def test_endpoints(self) -> None:
        """Any way that Twisted knows can be named."""
        for text, host in (
            ("tcp:cti.example:5000", "cti.example"),
            ("tcp:host=cti.example:port=5000", "cti.example"),
            ("tls:cti.example:5001:timeout=3", "cti.example"),
            ("unix:/run/astcti/clients", "/run/astcti/clients"),
        ):
            server = find_server(text)
            self.assertEqual((server.host, server.over_tls), (host, False))
            server.endpoint(reactor)

    def test_nonsense(self) -> None:
        """What is neither is refused with both forms named."""
        for text in ("", "cti.example:", "cti.example:99999", "2001:db8::1", "a b", "[x]:5000"):
            self.assertRaises(UserError, lambda text=text: find_server(text).endpoint(Clock()))
        self.assertRaises(UserError, find_server("nonsense:a=b:c").endpoint, Clock())

    def test_certificate_file(self) -> None:
        """A file of certificates that is missing or rubbish is said by name."""
        rubbish = Path(self.mktemp())
        rubbish.write_text("-----BEGIN CERTIFICATE-----\nx\n-----END CERTIFICATE-----\n")
        for file in (rubbish, Path("/no/such/file")):
            problem = self.assertRaises(UserError, encryption, find_server("h"), "yes", file)
            self.assertIn(str(file), str(problem))

    def test_rules(self) -> None:
        """Whether the server is left that cannot encrypt, and where TLS begins."""
        self.assertEqual(encryption(find_server("h"), "no", None), Encryption())
        trying, demanding = (encryption(find_server("h"), rule, None) for rule in ("try", "yes"))
        self.assertEqual((trying.required, demanding.required), (False, True))
        self.assertTrue(trying.stls and demanding.stls and not trying.tls and not demanding.tls)
        at_once = encryption(find_server("tls:h:1"), "no", None)
        self.assertTrue(at_once.tls and not at_once.stls)


class EncryptionTests(AgentTestCase):
    """Logging in over TLS."""

    def encrypt(self) -> Path:
        """Have the server offer ``STLS``; the file of who issued its certificate."""
        authority = trustme.CA()
        own = authority.issue_cert("127.0.0.1")
        self.factory.tls = ServerTLS(own.cert_chain_pems[0].bytes(), own.private_key_pem.bytes())
        self.factory.context.tls = True
        file = Path(self.mktemp())
        authority.cert_pem.write_to_path(file)
        return file

    async def login(self, rule: str, ca_file: Path | None) -> LoggedIn:
        """An agent's login under a rule."""
        how = encryption(find_server("127.0.0.1"), rule, ca_file)
        self.agent(extension="SIP/202", stls=how.stls, stls_required=how.required)
        login = await self.nth(LoggedIn)
        assert isinstance(login, LoggedIn)
        return login

    async def test_right_certificate(self) -> None:
        """With the right certificate the connection is encrypted, and compressed inside."""
        login = await self.login("yes", self.encrypt())
        self.assertEqual((login.secure, login.compression), (True, 7))

    async def test_trying(self) -> None:
        """Who only tries encrypts towards anybody, and goes on in the clear where there is no TLS."""
        self.assertFalse((await self.login("try", None)).secure)

    async def test_trying_with_success(self) -> None:
        """Who only tries takes a certificate that nobody vouches for."""
        self.encrypt()
        self.assertTrue((await self.login("try", None)).secure)

    async def test_no_tls_where_it_is_demanded(self) -> None:
        """A server without TLS does not get to see the password of who demands it."""
        agent = self.agent(extension="SIP/202", stls=client_tls("127.0.0.1"))
        await agent.ended
        self.assertEqual([type(h) for h in self.story], [Rejected])
        self.assertEqual(self.desk.asked, [])

    async def test_wrong_certificate(self) -> None:
        """A certificate from somebody else ends the connection before the password is sent, with the reason."""
        self.encrypt()
        self.agent(extension="SIP/202", stls=client_tls("127.0.0.1"))
        lost = await self.nth(Lost)
        self.assertEqual(lost.reason, "TLS: certificate verify failed")
        self.assertEqual(self.desk.asked, [])

    async def test_other_name(self) -> None:
        """A certificate that is made out to another name is said to be so."""
        ca_file = self.encrypt()
        self.agent(extension="SIP/202", stls=client_tls("cti.example", ca_file))
        lost = await self.nth(Lost)
        self.assertEqual(lost.reason, "TLS: the certificate is not made out to that name")
        self.assertEqual(self.desk.asked, [])
