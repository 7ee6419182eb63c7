"""Runs some test modules with trial's own runner and writes what came of them as JSON: ``trial_suite.py OUT NAMES...``.

A name with ``-`` before it is left out: a package, a module or a class of tests.

``tools/run_tests.py`` starts one of these for each suite, under coverage; the numbers are those of trial's result, and
the seconds each test took.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

ROOT = Path(__file__).resolve().parents[1]


def each(suite: Any) -> Iterator[Any]:
    """The single tests of a suite of suites."""
    for part in suite if hasattr(suite, "__iter__") else ():
        yield from each(part) if hasattr(part, "__iter__") else (part,)


def main(out: Path, names: list[str]) -> int:
    """Run ``names`` (dotted, packages recursively; ``-NAME`` is left out) and describe the outcome in ``out``."""
    sys.path[0] = str(ROOT)
    from twisted.trial.reporter import VerboseTextReporter
    from twisted.trial.runner import TestLoader, TestSuite, TrialRunner

    seconds: dict[str, float] = {}

    class Reporter(VerboseTextReporter):  # type: ignore[misc]
        """Trial's own, and how long each test takes."""

        def startTest(self, method: Any) -> None:
            super().startTest(method)
            seconds[method.id()] = -time.monotonic()

        def stopTest(self, method: Any) -> None:
            super().stopTest(method)
            seconds[method.id()] += time.monotonic()

    without = tuple(f"{name[1:]}." for name in names if name.startswith("-"))
    loaded = TestLoader().loadByNames([name for name in names if not name.startswith("-")], recurse=True)
    suite = TestSuite(
        [test for test in each(loaded) if not f"{test.id()}.".startswith(without)] if without else [loaded]
    )
    # A short path, because a Unix socket's may have 107 bytes, and some tests have one.
    with TemporaryDirectory(prefix="t-") as folder:
        runner = TrialRunner(Reporter, workingDirectory=f"{folder}/w")
        result = runner.run(suite)
    failed: dict[str, str] = {}
    for test, failure in [*result.failures, *result.errors]:
        text = failure if isinstance(failure, str) else failure.getTraceback(elideFrameworkCode=True)
        failed[test.id()] = failed.get(test.id(), "") + text
    for test, *_ in result.unexpectedSuccesses:
        failed[test.id()] = "is marked as failing, and does not fail"
    skipped = {test.id(): str(reason) for test, reason in result.skips}
    skipped.update({test.id(): f"known to fail: {todo.reason}" for test, _, todo in result.expectedFailures})
    outcome = {"passed": result.successes, "failed": failed, "skipped": skipped, "seconds": seconds}
    out.write_text(json.dumps(outcome))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]).absolute(), sys.argv[2:]))
