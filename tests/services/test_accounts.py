"""Checking, changing and upgrading passwords."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.task import Clock
from twisted.logger import LogLevel, capturedLogs, formatEvent
from twisted.trial.unittest import SynchronousTestCase

from astcti.config.model import Configuration, Operator
from astcti.errors import ConfigError, Refused
from astcti.services import credentials
from astcti.services.accounts import Accounts
from astcti.services.credentials import EMPTY_DIGEST, is_bare, protect, verify, verify_any
from tests.services.fakes import AtOnce, Later, Store, digest

HERE = "192.0.2.1"


class CredentialTests(SynchronousTestCase):
    """Stored credentials as such."""

    def test_slow_form(self) -> None:
        """What is stored is salted argon2id of the digest, and only the digest verifies."""
        stored = protect(digest("secret"))
        self.assertTrue(stored.startswith("$argon2id$v=19$m=19456,t=2,p=1$"))
        self.assertNotEqual(stored, protect(digest("secret")))
        self.assertTrue(verify(stored, digest("secret")))
        self.assertFalse(verify(stored, digest("other")))

    def test_old_form(self) -> None:
        """Bare MD5 digests of old data bases verify, whatever the case of their digits."""
        self.assertTrue(is_bare(digest("secret")))
        self.assertTrue(verify(digest("secret").upper(), digest("secret")))
        self.assertFalse(verify(digest("secret"), digest("other")))

    def test_rubbish(self) -> None:
        """A credential of no known form lets nobody in."""
        for stored in ("", "secret", "$argon2id$", "$2b$12$abc", "x" * 32):
            self.assertFalse(verify(stored, digest("secret")), stored)
        self.assertFalse(verify_any((), digest("secret")))
        self.assertTrue(verify_any(("", digest("secret")), digest("secret")))


class AccountTests(SynchronousTestCase):
    """Logging in and changing passwords."""

    def setUp(self) -> None:
        self.clock = Clock()
        self.work = AtOnce()
        self.store = Store()
        self.operators = (
            Operator(id=1, username="anna", full_name="Anna", password=protect(digest("a"))),
            Operator(id=2, username="bruno", full_name="Bruno", password=digest("b")),
            Operator(id=3, username="elsa", full_name="Elsa", password=digest("e"), enabled=False),
            Operator(id=4, username="zoë", full_name="Z", password=digest("é"), password_alt=digest("latin")),
        )
        self.accounts = self.made()

    def made(self, work: Any = None, store: Store | None = None, upgrade: bool = True, keeping: Any = None) -> Accounts:
        """Accounts over the operators above."""
        configuration = Configuration(operators=self.operators)
        return Accounts(
            self.clock, work or self.work, configuration, key=b"key", store=store or self.store, upgrade=upgrade,
            keeping=keeping,
        )  # fmt: skip

    def login(self, username: str, password: str, address: str = HERE) -> Operator:
        """Log in at once."""
        return self.successResultOf(self.accounts.login(username, digest(password), address))

    def refused(self, deferred: Deferred[Any]) -> Refused:
        """How it was refused."""
        error = self.failureResultOf(deferred, Refused).value
        assert isinstance(error, Refused)
        return error

    def test_right_password(self) -> None:
        """The right password gives the operator, in either stored form."""
        self.assertEqual(self.login("anna", "a").id, 1)
        self.assertEqual(self.login("bruno", "b").id, 2)

    def test_all_failures_look_alike(self) -> None:
        """Wrong password, unknown and disabled user are one text and one number, and all are really compared."""
        for user, password in (("anna", "x"), ("bruno", "x"), ("nobody", "x"), ("elsa", "e")):
            jobs = self.work.jobs
            error = self.refused(self.accounts.login(user, digest(password), HERE))
            self.assertEqual((error.number, error.reason), (911, "wrong user name or password"))
            self.assertEqual(self.work.jobs, jobs + 1, user)

    def test_all_failures_take_as_long(self) -> None:
        """Who has a second credential is answered no later than others, nor than somebody unknown."""
        for operators, times in ((self.operators, 2), (self.operators[:3], 1)):
            self.accounts.configure(Configuration(operators=operators))
            for user in ("anna", "zoë", "bruno", "nobody", "elsa"):
                compared: list[str] = []
                self.patch(credentials, "verify", lambda stored, digest, compared=compared: compared.append(stored))
                self.refused(self.accounts.login(user, digest("x"), f"192.0.2.{times}"))
                self.assertEqual(len(compared), times, user)

    def test_second_login_costs_nothing(self) -> None:
        """A whole shift that reconnects does not wait for slow hashes again; a wrong password still does."""
        self.login("anna", "a")
        jobs = self.work.jobs
        self.login("anna", "a")
        self.assertEqual(self.work.jobs, jobs)
        self.refused(self.accounts.login("anna", digest("x"), HERE))
        self.assertEqual(self.work.jobs, jobs + 1)

    def test_remembered_login_ends_with_the_credential(self) -> None:
        """A remembered login is void as soon as the administrator stores another credential."""
        self.login("anna", "a")
        changed = replace(self.operators[0], password=protect(digest("new")))
        self.accounts.configure(Configuration(operators=(changed,)))
        self.assertEqual(self.refused(self.accounts.login("anna", digest("a"), HERE)).number, 911)
        self.assertEqual(self.login("anna", "new").id, 1)

    def test_bare_digest_is_upgraded(self) -> None:
        """After a login with a bare MD5 credential the slow form is stored, and is what counts from then on."""
        self.login("bruno", "b")
        stored = self.store.kept["bruno"]
        self.assertTrue(verify(stored, digest("b")))
        self.assertEqual(self.accounts.book.stored(self.operators[1]), stored)
        self.assertEqual(self.login("bruno", "b").id, 2)

    def test_login_does_not_wait_for_the_upgrade(self) -> None:
        """The operator is in before the slow form is computed; a password changed meanwhile is not undone."""
        work = Later()
        self.accounts = self.made(work)
        self.login("bruno", "b")
        changed = self.accounts.change_password(self.operators[1], digest("b"), digest("new"), HERE)
        self.assertEqual(len(work.jobs), 2)
        work.jobs.reverse()
        while work.jobs:
            work.finish()
        self.successResultOf(changed)
        self.assertTrue(verify(self.store.kept["bruno"], digest("new")))

    def test_upgrade_can_be_off(self) -> None:
        """With upgrade_hashes off, stored credentials stay as they are."""
        self.accounts = self.made(upgrade=False)
        self.login("bruno", "b")
        self.assertEqual(self.store.kept, {})

    def test_failed_upgrade_is_logged_only(self) -> None:
        """A full disk does not keep anybody out."""
        self.store.broken = True
        self.login("bruno", "b")
        self.login("bruno", "b")
        self.assertTrue(self.flushLoggedErrors(OSError))

    def test_store_that_hangs(self) -> None:
        """While the place for credentials does not answer, those who want to change theirs wait; all others log in."""
        keeping = Later()
        self.accounts = self.made(keeping=keeping)
        anna, bruno = self.operators[:2]
        changing = [
            self.accounts.change_password(one, digest(old), digest("new"), HERE)
            for one, old in ((anna, "a"), (bruno, "b"))
        ]
        for _ in range(3):
            self.login("anna", "a")
        self.assertNoResult(changing[0])
        while keeping.jobs:
            keeping.finish()
        for changed in changing:
            self.successResultOf(changed)
        self.login("anna", "new")

    def test_store_that_is_away(self) -> None:
        """A data base that is away is a line in the log for each, and no fault of ours."""

        def away(*about: object) -> bool:
            raise ConfigError("no server answers")

        self.patch(self.store, "put", away)
        with capturedLogs() as logs:
            self.login("bruno", "b")
            changed = self.accounts.change_password(self.operators[0], digest("a"), digest("new"), HERE)
            self.assertEqual(self.refused(changed).number, 915)
        self.assertEqual(
            [formatEvent(event) for event in logs if event["log_level"] >= LogLevel.warn],
            [f"The credential of {name} is not stored: no server answers" for name in ("bruno", "anna")],
        )

    def test_second_credential(self) -> None:
        """A historic client whose digest is of the Latin-1 password gets in, until the password is changed."""
        self.assertEqual(self.login("zoë", "latin").id, 4)
        self.assertEqual(self.store.kept, {}, "what was upgraded would be the wrong digest")
        self.successResultOf(self.accounts.change_password(self.operators[3], digest("é"), digest("new"), HERE))
        self.assertEqual(self.refused(self.accounts.login("zoë", digest("latin"), HERE)).number, 911)
        self.assertEqual(self.store.alternatives, {"zoë": ""})

    def test_change_password(self) -> None:
        """After CHPW the new password is valid at once and the old one is not."""
        anna = self.operators[0]
        self.successResultOf(self.accounts.change_password(anna, digest("a"), digest("new"), HERE))
        self.assertEqual(self.login("anna", "new").id, 1)
        self.assertEqual(self.refused(self.accounts.login("anna", digest("a"), HERE)).number, 911)

    def test_change_refused(self) -> None:
        """Wrong old password, the same again, the empty one, and a place that cannot store are refused."""
        anna = self.operators[0]

        def number(old: str, new: str) -> int:
            return self.refused(self.accounts.change_password(anna, old, new, HERE)).number

        self.assertEqual(number(digest("x"), digest("new")), 911)
        self.assertEqual(number(digest("a"), digest("a")), 915)
        self.assertEqual(number(digest("a"), EMPTY_DIGEST), 915)
        self.store.broken = True
        self.assertEqual(number(digest("a"), digest("new")), 915)
        self.assertTrue(self.flushLoggedErrors(OSError))
        self.accounts = Accounts(self.clock, self.work, Configuration(operators=self.operators), key=b"k")
        self.assertEqual(number(digest("a"), digest("new")), 915)

    def test_guessing_by_changing(self) -> None:
        """A wrong old password counts as a failed login."""
        for _ in range(5):
            self.refused(self.accounts.change_password(self.operators[0], digest("x"), digest("y"), HERE))
        error = self.refused(self.accounts.login("anna", digest("a"), HERE))
        self.assertEqual((error.number, error.reason), (917, "too many attempts, retry in 60 s"))

    def test_locked_out(self) -> None:
        """While locked out even the right password is not looked at; afterwards it works."""
        for _ in range(5):
            self.refused(self.accounts.login("anna", digest("x"), HERE))
        jobs = self.work.jobs
        self.assertEqual(self.refused(self.accounts.login("anna", digest("a"), HERE)).number, 917)
        self.assertRaises(Refused, self.accounts.may_try, "anna", HERE)
        self.assertEqual(self.work.jobs, jobs)
        self.accounts.may_try("anna", "192.0.2.99")
        self.clock.advance(60)
        self.assertEqual(self.login("anna", "a").id, 1)

    def test_wrong_logins_are_logged(self) -> None:
        """The log says who could not log in, and from where; never with what."""
        with capturedLogs() as events:
            self.refused(self.accounts.login("anna", digest("x"), HERE))
            self.refused(self.accounts.login("nobody", digest("x"), HERE))
        said = [formatEvent(e) for e in events]
        self.assertEqual(said, [f"{name} at {HERE}: wrong user name or password" for name in ("anna", "nobody")])

    def test_answers_are_held_back(self) -> None:
        """A user attacked from many addresses is answered a second later, and still gets in."""
        for i in range(10):
            self.refused(self.accounts.login("anna", digest("x"), f"192.0.2.{i}"))
        slow = self.accounts.login("anna", digest("a"), "203.0.113.1")
        self.assertNoResult(slow)
        self.clock.advance(1)
        self.assertEqual(self.successResultOf(slow).id, 1)

    def test_own_change_survives_a_reload(self) -> None:
        """A reload that still has the old credential does not bring the old password back."""
        anna = self.operators[0]
        self.successResultOf(self.accounts.change_password(anna, digest("a"), digest("new"), HERE))
        self.accounts.configure(Configuration(operators=self.operators))
        self.assertEqual(self.login("anna", "new").id, 1)
        self.assertEqual(self.refused(self.accounts.login("anna", digest("a"), HERE)).number, 911)
