"""No test is forgotten: each is in one of the suites of ``make test``, and has there what it wants."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from twisted.trial.runner import TestLoader
from twisted.trial.unittest import SynchronousTestCase

from tests.outside import skip_without

ROOT = Path(__file__).resolve().parents[2]


def tests_of(names: tuple[str, ...]) -> Iterator[Any]:
    """The single tests below modules, packages and classes."""

    def each(part: Any) -> Iterator[Any]:
        for test in part:
            yield from each(test) if hasattr(test, "__iter__") else (test,)

    yield from each(TestLoader().loadByNames(list(names), recurse=True))


class SuiteTests(SynchronousTestCase):
    """What ``tools/run_tests.py`` runs."""

    skip = skip_without("ASTCTI_TEST_CHECKS")

    def setUp(self) -> None:
        self.patch(sys, "path", [str(ROOT / "tools"), *sys.path])
        import run_tests

        self.suites = run_tests.suites()

    def test_promises(self) -> None:
        """Each test is run by a suite, which promises what it skips without."""
        run, homeless = set[str](), list[str]()
        for suite in self.suites:
            without = tuple(f"{name}." for name in suite.without)
            for test in tests_of(suite.tests):
                if without and f"{test.id()}.".startswith(without):
                    continue
                wanted = re.search(r"\bor (ASTCTI_TEST_\w+)=1", str(test.getSkip() or ""))
                if wanted is None or wanted[1] in (*suite.promises, "ASTCTI_TEST_CHECKS"):
                    run.add(test.id())
                else:
                    homeless.append(f"{suite.name}: {test.id()} wants {wanted[1]}")
        self.assertEqual(homeless, [])
        self.assertGreater(len(run), 2000)
        missing = {test.id() for test in tests_of(("tests",))} - run
        self.assertEqual(missing, set())
