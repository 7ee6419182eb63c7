"""A real directory decides who may log in: the source by itself, then the whole server over TLS."""

from __future__ import annotations

import gc
import os
from base64 import b64encode
from dataclasses import replace
from pathlib import Path
from typing import Any

import trustme
from twisted.internet import reactor
from twisted.internet.defer import Deferred
from twisted.internet.endpoints import HostnameEndpoint, wrapClientTLS
from twisted.internet.protocol import Factory
from twisted.trial.unittest import SynchronousTestCase, TestCase

from astcti.authentication.ldap import Directory, ldap
from astcti.errors import SourceUnavailable
from astcti.model.identity import Person, Verdict
from astcti.protocols.client import CTIClientService, Profile, client_tls, digest_of
from astcti.tap import build_tree
from tests.ldap.slapd import SEARCH_PASSWORD, SEARCHER, SUFFIX, Slapd, free_port
from tests.outside import skip_without
from tests.services.fakeami import FakePBX
from tests.services.lineclient import LineClient
from tests.services.site import Site

PEOPLE = {"anna": "anna's own", "bruno": "pässwörd", "twin": "t"}
BASE = f"ou=people,{SUFFIX}"


def open_files() -> int:
    """How many this process has."""
    return len(os.listdir("/proc/self/fd"))


class SourceTests(SynchronousTestCase):
    """What the directory says."""

    skip = skip_without("ASTCTI_TEST_LDAP")

    def setUp(self) -> None:
        self.slapd = Slapd(PEOPLE)
        self.addCleanup(self.slapd.remove)

    def directory(self, **changes: Any) -> Directory:
        found = Directory(
            (self.slapd.url,), 2.0, base=BASE, bind_dn=SEARCHER, bind_password=SEARCH_PASSWORD,
            ca_file=str(self.slapd.ca_file),
        )  # fmt: skip
        return replace(found, **changes)

    def said(self, username: str, password: str, name: str = "", **changes: Any) -> Verdict:
        return self.directory(**changes).check(Person(1, username, name), password)

    def test_verdicts(self) -> None:
        """Right, wrong and unknown, found by searching and by name."""
        self.assertEqual(self.said("anna", "anna's own"), Verdict.RIGHT)
        self.assertEqual(self.said("bruno", "pässwörd"), Verdict.RIGHT)
        self.assertEqual(self.said("anna", "x"), Verdict.WRONG)
        self.assertEqual(self.said("nobody", "x"), Verdict.UNKNOWN)
        self.assertEqual(self.said("annas-cti-name", "anna's own", f"uid=anna,{BASE}"), Verdict.RIGHT)
        self.assertEqual(self.said("x", "x", f"uid=anna,{BASE}"), Verdict.WRONG)
        self.assertEqual(self.said("x", "x", f"uid=gone,{BASE}"), Verdict.WRONG)
        self.assertEqual(self.said("anna", "x", base=""), Verdict.UNKNOWN)

    def test_empty_password(self) -> None:
        """A directory lets anybody in without a password, as nobody; here that is a wrong password."""
        self.assertEqual(self.said("anna", ""), Verdict.WRONG)
        self.assertEqual(self.said("anna", "\0"), Verdict.WRONG)

    def test_hostile_names(self) -> None:
        """A user name is a value and never a part of the filter."""
        for name in ("*", "a*", "anna)(uid=*", "*)(objectClass=*", "\\", "anna\0", "(", "ann\\61", "é" * 50):
            self.assertEqual(self.said(name, "anna's own"), Verdict.UNKNOWN, name)

    def test_two_found(self) -> None:
        """A filter that finds several people lets none of them in."""
        with self.assertRaises(SourceUnavailable):
            self.said("anna", "anna's own", filter="(|(uid={username})(uid=twin))")

    def test_encrypted(self) -> None:
        """ldaps and StartTLS work, with a certificate that somebody we trust has issued, and not else."""
        self.assertEqual(self.said("anna", "anna's own", urls=(self.slapd.tls_url,)), Verdict.RIGHT)
        self.assertEqual(self.said("anna", "anna's own", start_tls=True), Verdict.RIGHT)
        stranger = Path(self.slapd.folder / "stranger.pem")
        trustme.CA().cert_pem.write_to_path(stranger)
        for changes in ({"urls": (self.slapd.tls_url,)}, {"start_tls": True}):
            with self.assertRaises(SourceUnavailable):
                self.said("anna", "anna's own", **changes, ca_file=str(stranger))

    def test_second_server(self) -> None:
        """When the first does not answer the second is asked."""
        self.assertEqual(self.said("anna", "anna's own", urls=("ldap://127.0.0.1:1", self.slapd.url)), Verdict.RIGHT)
        with self.assertRaises(SourceUnavailable) as caught:
            self.said("anna", "x", urls=("ldap://127.0.0.1:1",))
        self.assertIn("ldap://127.0.0.1:1", str(caught.exception))

    def test_searcher_refused(self) -> None:
        """A wrong password of ours is our trouble and not the operator's."""
        with self.assertRaises(SourceUnavailable) as caught:
            self.said("anna", "anna's own", bind_password="wrong")
        self.assertNotIn("wrong", str(caught.exception))

    def test_hangs(self) -> None:
        """A directory that takes the connection and says nothing is given up."""
        self.slapd.hang()
        self.addCleanup(self.slapd.wake)
        with self.assertRaises(SourceUnavailable):
            self.said("anna", "anna's own", seconds=0.5)

    def test_hangs_in_tls(self) -> None:
        """So is one that says nothing while encryption is to begin; nothing of the attempts is left over."""
        self.slapd.hang()
        self.addCleanup(self.slapd.wake)
        before = open_files()
        for changes in ({"urls": (self.slapd.tls_url,)}, {"start_tls": True}):
            for _ in range(2):
                with self.assertRaises(SourceUnavailable):
                    self.said("anna", "anna's own", **changes, seconds=0.5)
        gc.collect()
        self.assertLessEqual(open_files(), before)  # those of earlier tests may have gone

    def test_somebody_elses_certificate(self) -> None:
        """A certificate for another machine, or one whose time is over, is none."""
        for names, expired in ((("ldap.example",), False), ((), True)):
            other = Slapd(PEOPLE, *names, expired=expired)
            self.addCleanup(other.remove)
            for changes in ({"urls": (other.tls_url,)}, {"urls": (other.url,), "start_tls": True}):
                with self.assertRaises(SourceUnavailable):
                    self.said("anna", "anna's own", ca_file=str(other.ca_file), **changes)
            plain = {"urls": (other.url,), "insecure": True}
            self.assertEqual(self.said("anna", "anna's own", ca_file="", **plain), Verdict.RIGHT)

    def test_ends_and_begins_again(self) -> None:
        """While it is not there nobody is let in or refused; when it is back all is as before."""
        self.slapd.stop()
        for _ in range(2):
            with self.assertRaises(SourceUnavailable):
                self.said("anna", "anna's own")
        self.slapd.start()
        self.assertEqual((self.said("anna", "anna's own"), self.said("anna", "x")), (Verdict.RIGHT, Verdict.WRONG))

    def test_leaves_nothing_open(self) -> None:
        """Whatever is answered, the connections are closed."""
        self.said("anna", "anna's own")
        before = open_files()
        for username, password in (("anna", "anna's own"), ("anna", "x"), ("nobody", "x")):
            for changes in ({}, {"start_tls": True}, {"urls": (self.slapd.tls_url,)}):
                self.said(username, password, **changes)
        with self.assertRaises(SourceUnavailable):
            self.said("anna", "x", bind_password="wrong")
        gc.collect()
        self.assertLessEqual(open_files(), before)  # those of earlier tests may have gone

    def test_faults(self) -> None:
        """Settings that make no sense are said, passwords in the clear across the network among them."""
        good = self.directory()
        self.assertEqual(good.faults(), [])
        for changes in ({"urls": ()}, {"urls": ("http://x",)}, {"urls": ("ldap://x.example",)}, {"filter": "(uid=x)"},
                        {"filter": "uid={username}"}, {"ca_file": "/nowhere"}, {"bind_password": ""},
                        {"urls": ("ldaps://x",), "start_tls": True}, {"urls": ("ldap://x:99999",)}):  # fmt: skip
            self.assertEqual(len(replace(good, **changes).faults()), 1, changes)
        self.assertEqual(replace(good, urls=("ldap://x",), insecure=True).faults(), [])
        self.assertTrue(ldap.wants_password)


class WholeTests(TestCase):
    """The server on real sockets, with TLS, a directory and own credentials."""

    skip = skip_without("ASTCTI_TEST_LDAP")
    timeout = 60

    async def setUp(self) -> None:
        self.slapd = Slapd(PEOPLE)
        self.addCleanup(self.slapd.remove)
        self.pbx = FakePBX()
        self.site = Site(await self.pbx.listen())
        self.addCleanup(self.pbx.close)
        self.addCleanup(self.site.remove)
        authority = trustme.CA()
        self.ca_file = self.site.folder / "ca.pem"
        authority.cert_pem.write_to_path(self.ca_file)
        certificate = authority.issue_cert("127.0.0.1")
        certificate.private_key_and_cert_chain_pem.write_to_path(self.site.folder / "server.pem")
        options = {
            "tls_address": f"127.0.0.1:{free_port()}", "tls_cert": str(self.site.folder / "server.pem"),
            "auth_sources": "ldap, own",
            "auth_ldap_url": self.slapd.tls_url, "auth_ldap_ca_file": str(self.slapd.ca_file), "auth_ldap_base": BASE,
            "auth_ldap_bind_dn": SEARCHER, "auth_ldap_bind_password": SEARCH_PASSWORD, "auth_timeout": "3",
        }  # fmt: skip
        from astcti.actions.registry import action_types
        from astcti.config.load import Loader

        loader = Loader.of(self.site.bootstrap, action_types())
        loaded = loader.first()
        operators = [replace(o, is_call_center=True) for o in loaded.configuration.operators]
        operators[0] = replace(operators[0], password="", ldap_dn=f"uid=anna,{BASE}")
        configuration = replace(loaded.configuration, operators=tuple(operators), settings=options)
        self.server = build_tree(reactor, self.site.bootstrap, configuration)
        self.server.startService()
        self.addCleanup(self.server.stopService)
        await self.server.ready
        door = next(s for s in self.server if s.name == "door")
        while len(door.ports) < 2:
            await self.later(0.05)
        self.port = next(port.getHost().port for listener, port in door.ports.items() if listener.tls)
        self.endpoint = wrapClientTLS(
            client_tls("127.0.0.1", self.ca_file), HostnameEndpoint(reactor, "127.0.0.1", self.port)
        )

    def later(self, seconds: float) -> Deferred[None]:
        done: Deferred[None] = Deferred()
        reactor.callLater(seconds, done.callback, None)
        return done

    async def connected(self) -> LineClient:
        client: LineClient = await self.endpoint.connect(Factory.forProtocol(LineClient))
        await client.expect("100 WELCOME")
        return client

    async def test_plain(self) -> None:
        """The directory's password gets its operator in; a wrong one and PASS do not; others come by their own."""
        client = await self.connected()
        said = await client.ask("AUTH ?", "106")
        self.assertEqual(said, "106 SCRAM-SHA-256-PLUS SCRAM-SHA-256 PLAIN RESUME")
        wrong = b64encode(b"\0anna\0x").decode()
        await client.ask(f"AUTH PLAIN {wrong}", "101 wrong user name or password")
        await client.ask("USER anna", "100 OK")
        await client.ask(f"PASS {digest_of(PEOPLE['anna'])}", "101 wrong user name or password")
        right = b64encode(f"\0anna\0{PEOPLE['anna']}".encode()).decode()
        await client.ask(f"AUTH PLAIN {right}", "102 OK")
        client.transport.loseConnection()
        client = await self.connected()
        await client.login("carla", "carla", "00:1c:bf:37:53:03")
        client.transport.loseConnection()
        await client.ended()

    async def test_directory_gone(self) -> None:
        """Nobody is let in by it while it hangs, and the answer comes in time; others log in meanwhile."""
        self.slapd.hang()
        self.addCleanup(self.slapd.wake)
        client, other = await self.connected(), await self.connected()
        right = b64encode(f"\0anna\0{PEOPLE['anna']}".encode()).decode()
        client.sendLine(f"AUTH PLAIN {right}".encode())
        await other.login("carla", "carla", "00:1c:bf:37:53:03")
        await client.expect("101 passwords cannot be checked", 10)
        self.slapd.wake()
        await client.ask(f"AUTH PLAIN {right}", "102 OK")
        for one in (client, other):
            one.transport.loseConnection()
            await one.ended()

    async def test_many_while_it_hangs(self) -> None:
        """More than there are threads for it: all are answered in time, and when it is back they get in at once."""
        self.slapd.hang()
        self.addCleanup(self.slapd.wake)
        clients = [await self.connected() for _ in range(12)]
        right = b64encode(f"\0anna\0{PEOPLE['anna']}".encode()).decode()
        for client in clients:
            client.sendLine(f"AUTH PLAIN {right}".encode())
        for client in clients:
            await client.expect("101 passwords cannot be checked", 10)
        self.slapd.wake()
        await clients[0].ask(f"AUTH PLAIN {right}", "102 OK")
        await clients[1].ask(f"AUTH PLAIN {right}", "101 operator already logged in")
        for client in clients:
            client.transport.loseConnection()
            await client.ended()

    async def test_directory_restarts(self) -> None:
        """It ends and begins again: nobody is locked out for having tried meanwhile."""
        client = await self.connected()
        right = b64encode(f"\0anna\0{PEOPLE['anna']}".encode()).decode()
        self.slapd.stop()
        for _ in range(6):
            await client.ask(f"AUTH PLAIN {right}", "101 passwords cannot be checked")
        self.slapd.start()
        await client.ask(f"AUTH PLAIN {right}", "102 OK")
        client.transport.loseConnection()
        await client.ended()

    async def test_best_way_and_ticket(self) -> None:
        """A client logs in by SCRAM bound to the connection, also with an MD5 digest; after a cut by its ticket."""
        ways: list[str] = []
        for _ in range(2):
            service = self.service("carla", "00:1c:bf:37:53:03", ways)
            service.startService()
            await self.until(lambda service=service: service.client is not None and service.ticket)
            if len(ways) < 2:
                await service.stopService()
                await self.later(0.2)
        service.client.abort("cut")
        await self.until(lambda: len(ways) == 3)
        await service.stopService()
        self.assertEqual(ways, ["SCRAM-SHA-256-PLUS", "SCRAM-SHA-256-PLUS", "RESUME"])

    def service(self, username: str, mac: str, ways: list[str]) -> CTIClientService:
        profile = Profile(username=username, digest=digest_of(username), mac=mac)
        return CTIClientService(
            reactor, self.endpoint, profile, on_up=lambda client, welcome: ways.append(welcome.way),
            on_refused=lambda refusal: ways.append(refusal.reason), chance=lambda: 0.0,
        )  # fmt: skip

    async def until(self, condition: Any) -> None:
        for _ in range(400):
            if condition():
                return
            await self.later(0.05)
        raise AssertionError("it did not happen")
