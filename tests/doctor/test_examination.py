"""Which checks are made, in which order, and what becomes of one that goes wrong."""

from __future__ import annotations

from typing import Any

from twisted.internet.defer import CancelledError, Deferred, succeed
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from astcti.doctor import CHECKS, Case, Check, Examination, Finding, Level
from astcti.doctor.check import Examine
from astcti.doctor.finding import Notes
from astcti.errors import AMITimeout


class FakeLink:
    """A link that can be left."""

    left = False

    def logoff(self) -> Deferred[None]:
        """Leave it."""
        self.left = True
        return succeed(None)


def saying(level: Level, gives: str = "") -> Examine:
    """A check that says one thing, and succeeds or not."""

    async def examine(case: Case, notes: Notes) -> None:
        if gives:
            setattr(case, gives, {})
        {Level.OK: notes.fine, Level.WARNING: notes.warn, Level.FAULT: notes.fault}[level]("it is so")

    return examine


def raising(error: BaseException) -> Examine:
    """A check that goes wrong."""

    async def examine(case: Case, notes: Notes) -> None:
        raise error

    return examine


class ExaminationTests(SynchronousTestCase):
    """One run."""

    def run_checks(self, *checks: Check, only: tuple[str, ...] = (), **known: Any) -> Examination:
        """Run them to the end."""
        examination = Examination(Case(Clock(), **known), checks, only=only)
        self.successResultOf(Deferred.fromCoroutine(examination.run()))
        return examination

    def test_in_order(self) -> None:
        """All are made, in the order of the table, and each finding is told at once."""
        told: list[Finding] = []
        checks = (Check("a", "", saying(Level.OK)), Check("b", "", saying(Level.FAULT)))
        examination = Examination(Case(Clock()), checks, tell=told.append)
        self.successResultOf(Deferred.fromCoroutine(examination.run()))
        self.assertEqual([(f.check, f.level) for f in told], [("a", Level.OK), ("b", Level.FAULT)])
        self.assertEqual((examination.findings, examination.faults), (told, 1))

    def test_needs(self) -> None:
        """What cannot be looked at without something else says so."""
        checks = (
            Check("file", "", saying(Level.FAULT), gives="queues"),
            Check("rest", "", saying(Level.OK), ("file",)),
        )
        said = self.run_checks(*checks).findings
        self.assertEqual(said[1], Finding("rest", Level.SKIPPED, "not looked at, because of file"))

    def test_only(self) -> None:
        """Of checks that are only needed by the one asked for, nothing but faults is said; others are not made."""
        checks = (
            Check("file", "", saying(Level.WARNING, "queues"), gives="queues"),
            Check("more", "", saying(Level.FAULT, "running"), ("file",), gives="running"),
            Check("other", "", saying(Level.OK)),
            Check("wanted", "", saying(Level.OK), ("more",)),
        )
        said = self.run_checks(*checks, only=("wanted",)).findings
        self.assertEqual([(f.check, f.level) for f in said], [("more", Level.FAULT), ("wanted", Level.OK)])

    def test_table(self) -> None:
        """What a check needs comes before it, and is something that can be there or not."""
        for number, check in enumerate(CHECKS):
            before = {c.name: c for c in CHECKS[:number]}
            for need in check.needs:
                self.assertIn(need, before, check.name)
                self.assertTrue(hasattr(Case(Clock()), before[need].gives), need)
        self.assertEqual(len({c.name for c in CHECKS}), len(CHECKS))

    def test_pbx_goes_silent(self) -> None:
        """A PBX that does not answer any more is a fault of that check, and the others go on."""
        said = self.run_checks(
            Check("a", "", raising(AMITimeout("no answer"))), Check("b", "", saying(Level.OK))
        ).findings
        self.assertEqual([f.level for f in said], [Level.FAULT, Level.OK])
        self.assertIn("no answer", said[0].seen)

    def test_own_fault(self) -> None:
        """A fault of ours is said with its type, without secrets in it, and the others go on."""
        case = Case(Clock())
        examination = Examination(case, (Check("a", "", raising(ValueError("secret is hush"))),))
        self.patch(Case, "options", {"auth_ldap_bind_password": "hush"})
        self.successResultOf(Deferred.fromCoroutine(examination.run()))
        self.assertIn("ValueError: secret is ***", examination.findings[0].seen)

    def test_left_in_order(self) -> None:
        """The link is left at the end, also when somebody interrupts."""
        for error in (None, CancelledError()):
            case = Case(Clock())
            link: Any = FakeLink()
            case.link = link
            check = Check("a", "", saying(Level.OK) if error is None else raising(error))
            running = Deferred.fromCoroutine(Examination(case, (check,)).run())
            if error is None:
                self.successResultOf(running)
            else:
                self.failureResultOf(running, CancelledError)
            self.assertTrue(link.left)
