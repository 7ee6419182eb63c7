"""Which source decides."""

from __future__ import annotations

import hashlib
import runpy
import threading
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

from twisted.internet import reactor
from twisted.internet.defer import Deferred, fail, maybeDeferred, succeed
from twisted.internet.task import Clock
from twisted.logger import capturedLogs, formatEvent
from twisted.plugin import IPlugin
from twisted.trial.unittest import SynchronousTestCase, TestCase
from zope.interface import implementer

from astcti.actions.registry import action_types
from astcti.authentication.registry import authentication_sources, load, table_of
from astcti.config import load as loading
from astcti.config.settings import Settings
from astcti.errors import SourceUnavailable
from astcti.interfaces import IAuthenticationSource
from astcti.model.commands import Authenticate, ChangePassword, LoggedIn, Login
from astcti.model.identity import Attempt, Person, Verdict
from astcti.services.books import Books
from astcti.services.sources import THREADS, Place, Sources
from astcti.tap import build_tree
from tests.services.fakes import AtOnce, Later, Office, call_centre, digest, scratch
from tests.services.site import Site

T = TypeVar("T")
ROOT = Path(__file__).resolve().parents[2]


@implementer(IPlugin, IAuthenticationSource)
@dataclass(frozen=True)
class Directory:
    """Knows by heart."""

    passwords: tuple[tuple[str, str], ...] = ()
    down: bool = False
    name: str = "directory"
    wants_password: bool = True
    option_names: frozenset[str] = frozenset()

    def faults(self, place: Any) -> list[str]:
        return []

    def claims(self, person: Person, place: Any) -> bool:
        return bool(person.directory_name)

    def check(self, person: Person, attempt: Attempt, place: Any) -> Deferred[Verdict]:
        if self.down:
            return fail(SourceUnavailable("it does not answer"))
        known = dict(self.passwords)
        if person.username not in known:
            return succeed(Verdict.UNKNOWN)
        return succeed(Verdict.RIGHT if known[person.username] == attempt.password else Verdict.WRONG)


def with_sources(office: Office, *sources: Any, order: tuple[str, ...], **settings: Any) -> Office:
    """Have an office ask these."""
    kinds = table_of([*authentication_sources().values(), *sources])
    wanted = replace(office.settings, auth_sources=order, **settings)
    office.accounts.sources = Sources(kinds, Place(office.clock, AtOnce(), office.accounts.check_digest, wanted))
    office.desk.configure(Books.of(office.configuration, wanted))
    return office


class DecisionTests(SynchronousTestCase):
    """The first that knows the user decides."""

    def setUp(self) -> None:
        centre = call_centre()
        operators = list(centre.operators)
        operators[1] = replace(operators[1], password="", ldap_dn="cn=bruno")
        self.configuration = replace(centre, operators=tuple(operators))

    def office(self, *, down: bool = False, order: tuple[str, ...] = ("directory", "own")) -> Office:
        source = Directory((("bruno", "bb"), ("carla", "cc"), ("stranger", "s")), down)
        return with_sources(Office(self.configuration), source, order=order)

    def plain(self, office: Office, username: str, password: str) -> Any:
        client = office.client(secure=True)
        return office.ask(client, Authenticate("PLAIN", f"\0{username}\0{password}".encode()))

    def test_order(self) -> None:
        """Who is in the directory logs in by it, others by their own credential, and the order counts."""
        office = self.office()
        self.assertIsInstance(self.plain(office, "bruno", "bb"), LoggedIn)
        self.assertIsInstance(self.plain(office, "anna", "a"), LoggedIn)
        self.assertEqual(self.plain(office, "carla", "c").number, 911)
        self.assertIsInstance(self.plain(office, "carla", "cc"), LoggedIn)
        office = self.office(order=("own", "directory"))
        self.assertIsInstance(self.plain(office, "carla", "c"), LoggedIn)
        self.assertIsInstance(self.plain(office, "bruno", "bb"), LoggedIn)

    def test_password_of_elsewhere_is_not_kept(self) -> None:
        """The directory's password gets nobody in by PASS or SCRAM afterwards: their own credential is another."""
        office = self.office()
        self.assertIsInstance(self.plain(office, "carla", "cc"), LoggedIn)
        self.assertIsNone(office.accounts.verifier("carla"))
        for attendance in list(office.desk.floor.attendances):
            office.desk.detach(attendance.client)
        self.assertEqual(office.ask(office.client(), Login("carla", digest("cc"))).number, 911)
        self.assertIsInstance(office.ask(office.client(), Login("carla", digest("c"))), LoggedIn)

    def test_strangers(self) -> None:
        """Being in the directory does not make an operator; nor does it help the disabled."""
        office = self.office()
        for username, password in (("stranger", "s"), ("elsa", "e"), ("nobody", "x")):
            self.assertEqual(self.plain(office, username, password).number, 911)

    def test_digest_is_not_enough(self) -> None:
        """Who belongs to the directory does not get past it by PASS; others do."""
        office = self.office()
        self.assertEqual(office.ask(office.client(), Login("bruno", digest("bb"))).number, 911)
        self.assertIsInstance(office.ask(office.client(), Login("anna", digest("a"))), LoggedIn)

    def test_digest_takes_as_long(self) -> None:
        """By PASS nobody finds out who is in the directory: the answer takes as long as that of somebody unknown."""
        for order in (("directory", "own"), ("own", "directory"), ("directory",)):
            jobs = []
            for username in ("bruno", "nobody"):
                office, hashing = self.office(order=order), AtOnce()
                office.accounts._work = hashing
                self.assertEqual(office.ask(office.client(), Login(username, digest("x"))).number, 911)
                jobs.append(hashing.jobs)
            self.assertEqual(jobs, [int("own" in order)] * 2, order)

    def test_unreachable(self) -> None:
        """A directory that does not answer lets nobody in, says so in the log, and locks nobody out."""
        office = self.office(down=True)
        with capturedLogs() as logs:
            for _ in range(10):
                self.assertEqual(self.plain(office, "anna", "a").number, 907)
        self.assertIn("anna cannot log in: it does not answer", [formatEvent(e) for e in logs])
        self.assertEqual(list(office.accounts.lockout.locks(0)), [])
        self.assertIsInstance(office.ask(office.client(), Login("anna", digest("a"))), LoggedIn)

    def test_failures_count(self) -> None:
        """Guessing by PLAIN is guessing."""
        office = self.office()
        for _ in range(5):
            self.assertEqual(self.plain(office, "bruno", "x").number, 911)
        self.assertEqual(self.plain(office, "bruno", "bb").number, 917)

    def test_malformed(self) -> None:
        """An empty password is never taken anywhere, and nobody logs in for somebody else."""
        office = self.office()
        for message in (b"", b"\0bruno\0", b"bruno\0bb", b"anna\0bruno\0bb", b"\0bruno\0b\0b", b"\0\xff\0x"):
            answer = office.ask(office.client(secure=True), Authenticate("PLAIN", message))
            self.assertEqual(answer.number, 901, message)

    def test_offered(self) -> None:
        """PLAIN is offered with TLS where somebody wants it; SCRAM where own credentials count."""
        office = self.office()
        self.assertEqual(office.desk.mechanisms(office.client()), ("SCRAM-SHA-256", "RESUME"))
        self.assertIn("PLAIN", office.desk.mechanisms(office.client(secure=True)))
        office = self.office(order=("directory",))
        self.assertEqual(office.desk.mechanisms(office.client(secure=True)), ("PLAIN", "RESUME"))

    def test_password_kept_elsewhere(self) -> None:
        """It is changed there."""
        office = self.office()
        client = office.client(secure=True)
        office.ask(client, Authenticate("PLAIN", b"\0bruno\0bb"))
        self.assertEqual(office.ask(client, ChangePassword(digest("bb"), digest("n"))).number, 915)

    def test_missing_plug_in(self) -> None:
        """A source that is not there is reported, and nobody gets in past it by PLAIN."""
        with capturedLogs() as logs:
            office = with_sources(Office(self.configuration), order=("lpad", "own"))
        self.assertTrue(any("lpad lets nobody in" in (formatEvent(e) or "") for e in logs))
        self.assertIsInstance(office.ask(office.client(), Login("anna", digest("a"))), LoggedIn)


class PlaceTests(SynchronousTestCase):
    """Threads that do not come back."""

    def test_late(self) -> None:
        """After the time-out the answer is no answer any more."""
        clock, pool = Clock(), Later()
        place = Place(clock, pool, lambda person, digest: succeed(True), Settings(auth_timeout=3))
        answer = place.run(lambda: Verdict.RIGHT)
        clock.advance(3)
        self.failureResultOf(answer, SourceUnavailable)
        pool.finish()

    def test_nobody_waits(self) -> None:
        """Whoever waited too long for a thread has given up: their password is not tried anywhere afterwards."""
        clock, pool, tried = Clock(), Later(), []
        place = Place(clock, pool, lambda person, digest: succeed(True), Settings(auth_timeout=3))
        place.run(partial(tried.append, "in time"))
        pool.finish()
        answer = place.run(partial(tried.append, "late"))
        clock.advance(3)
        self.failureResultOf(answer, SourceUnavailable)
        pool.finish()
        self.assertEqual(tried, ["in time"])


class StopTests(TestCase):
    """A directory that hangs while the server ends."""

    async def test_hangs(self) -> None:
        """The server does not wait for it: what its sources are asked goes on in threads that nobody waits for."""
        site, go_on, begun = Site(1), threading.Event(), threading.Semaphore(0)

        def hang() -> None:
            begun.release()
            go_on.wait(20)

        self.addCleanup(site.remove)
        self.addCleanup(go_on.set)
        server = build_tree(reactor, site.bootstrap, loading.load(site.bootstrap, action_types()))
        asked = server.getServiceNamed("authentication")
        place = server.desk._accounts.sources._place
        asked.startService()
        answers = [place.run(hang) for _ in range(THREADS + 1)]
        for _ in range(THREADS):
            self.assertTrue(begun.acquire(timeout=10))
        began = reactor.seconds()
        await maybeDeferred(asked.stopService)
        self.assertLess(reactor.seconds() - began, 5)
        with self.assertRaises(SourceUnavailable):
            await answers[-1]
        go_on.set()
        for answer in answers[:-1]:
            await answer


class RegistryTests(SynchronousTestCase):
    """What is installed."""

    def test_built_in(self) -> None:
        """The two built-in ones are found like all others."""
        self.assertLessEqual({"own", "ldap"}, set(authentication_sources()))

    def test_broken(self) -> None:
        """A plug-in without a name, or with somebody else's, is reported and skipped."""
        with capturedLogs() as logs:
            self.assertEqual(dict(table_of([Directory(), Directory(down=True)])), {})
        self.assertTrue(any("neither is used" in (formatEvent(e) or "") for e in logs))
        import astcti.authentication

        self.assertTrue(load(astcti.authentication))

    def test_example(self) -> None:
        """The example of the documentation works."""
        page = (ROOT / "docs" / "login.rst").read_text()
        self.assertIn(".. literalinclude:: examples/vault.py", page)
        vault = runpy.run_path(str(ROOT / "docs" / "examples" / "vault.py"))["vault"]
        file = scratch(self) / "vault"
        file.write_text(f"bruno:{hashlib.sha256(b'bb').hexdigest()}\n")
        place = Place(Clock(), AtOnce(), lambda person, digest: succeed(True), Settings())
        self.assertTrue(vault.faults(place))
        place.options = {"auth_vault_file": str(file)}
        self.assertEqual(vault.faults(place), [])

        def said(username: str, password: str) -> Verdict:
            return self.successResultOf(vault.check(Person(1, username), Attempt("", password), place))

        self.assertEqual(
            (said("bruno", "bb"), said("bruno", "x"), said("anna", "bb")),
            (Verdict.RIGHT, Verdict.WRONG, Verdict.UNKNOWN),
        )
        file.unlink()
        self.failureResultOf(vault.check(Person(1, "bruno"), Attempt("", "x"), place), SourceUnavailable)
