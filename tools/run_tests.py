"""The test runner behind ``make test``: every suite, branch coverage, and one line of numbers at the end.

Each suite is a process of its own, so that a suite that hangs or crashes costs only itself. Those with real Asterisks
mostly wait, so that many of them run side by side; of those that compute there are fewer than processors. Results are
trial's own, handed over as JSON.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
CACHE = Path(os.environ.get("ASTCTI_CACHE") or ROOT / ".cache").absolute()
FAILURE_LINES = 60
LEAST_COVERED = 10
SLOWEST = 10


@dataclass(frozen=True)
class Suite:
    """Some tests that run together.

    :ivar promises: variables of the environment that say what is there for them (``tests/outside.py``).
    :ivar fast: wants nothing but Python and its packages.
    :ivar measured: counts for the coverage.
    :ivar computing: keeps a processor busy; the others mostly wait.
    :ivar without: tests among them that another suite runs.
    :ivar seconds: after that it is taken for hung.
    """

    name: str
    tests: tuple[str, ...]
    promises: tuple[str, ...] = ()
    fast: bool = False
    measured: bool = True
    computing: bool = False
    without: tuple[str, ...] = ()
    seconds: float = 900


#: Packages of tests that have a suite of their own; everything else is ``unit``.
APART = {"chaos", "pbx", "ldap", "mariadb", "postgresql", "packaging", "checks", "fuzz"}

#: Whole programs and servers on the loopback interface: quick enough, but not a matter of seconds. They are
#: packages, modules or classes, and not among ``unit``.
WHOLE = (
    "tests.client.test_agent.CallTests",
    "tests.client.test_command.CommandTests",
    "tests.config.test_watcher.RealTests",
    "tests.demo.test_demo",
    "tests.services.delivery.test_processes",
    "tests.services.test_conversations",
    "tests.services.reload",
    "tests.services.test_daemon",
    "tests.services.test_systemd",
    "tests.services.test_whole",
    "tests.simulator.test_command.ProcessTests",
)
#: What ``unit`` does by samples, done for every case.
EVERY = ("tests.services.test_stocktaking",)


def unit_tests() -> tuple[str, ...]:
    """The dotted names of what needs nothing outside."""
    folders = (p for p in sorted((ROOT / "tests").iterdir()) if (p / "__init__.py").exists() and p.name not in APART)
    modules = sorted((ROOT / "tests").glob("test_*.py"))
    return tuple(f"tests.{p.name}" for p in folders) + tuple(f"tests.{p.stem}" for p in modules)


def suites() -> list[Suite]:
    """All of them: those that compute, and those that wait, of each the longest first."""
    pbx = ("ASTCTI_TEST_PBX",)
    return [
        Suite("every", EVERY, ("ASTCTI_TEST_EVERY",), measured=False, computing=True),
        Suite("unit", unit_tests(), ("ASTCTI_TEST_PEERS",), fast=True, computing=True, without=WHOLE),
        Suite("checks", ("tests.checks",), ("ASTCTI_TEST_CHECKS",), fast=True, measured=False, computing=True),
        Suite("fuzz", ("tests.fuzz",), ("ASTCTI_TEST_FUZZ",), measured=False, computing=True),
        Suite("packaging", ("tests.packaging",), ("ASTCTI_TEST_PACKAGING",), measured=False, computing=True),
        Suite("asterisk-16", ("tests.pbx.test_asterisk_16",), pbx),
        Suite("recovery", ("tests.pbx.test_recovery",), pbx),
        Suite("asterisk-22", ("tests.pbx.test_asterisk_22",), pbx),
        Suite("dialling", ("tests.pbx.test_dialling",), pbx),
        Suite("pausing", ("tests.pbx.test_pausing",), pbx),
        Suite("whole", WHOLE, ("ASTCTI_TEST_WHOLE",), fast=True),
        Suite("delivery", ("tests.pbx.test_delivery",), pbx),
        Suite("killing", ("tests.pbx.test_killing",), pbx),
        Suite("chaos", ("tests.chaos",), ("ASTCTI_TEST_CHAOS", "ASTCTI_TEST_MARIADB"), measured=False),
        Suite("membership", ("tests.pbx.test_membership",), pbx),
        Suite("doctor", ("tests.pbx.test_doctor",), pbx),
        Suite("day", ("tests.pbx.test_day",), (*pbx, "ASTCTI_TEST_MARIADB", "ASTCTI_TEST_LDAP")),
        Suite("mariadb", ("tests.mariadb",), ("ASTCTI_TEST_MARIADB",)),
        Suite("ldap", ("tests.ldap",), ("ASTCTI_TEST_LDAP",)),
        Suite("postgresql", ("tests.postgresql",), ("ASTCTI_TEST_POSTGRESQL",)),
    ]


@dataclass
class Outcome:
    """What became of a suite."""

    passed: int = 0
    failed: dict[str, str] = field(default_factory=dict)
    skipped: dict[str, str] = field(default_factory=dict)
    seconds: dict[str, float] = field(default_factory=dict)


class Run:
    """A suite that is running."""

    def __init__(self, suite: Suite, folder: Path, coverage: bool) -> None:
        self.suite = suite
        self.started = time.monotonic()
        self._out = folder / f"{suite.name}.json"
        self._out.unlink(missing_ok=True)
        self.log = folder / f"{suite.name}.log"
        environment = {
            **os.environ,
            **dict.fromkeys(suite.promises, "1"),
            "COVERAGE_FILE": str(CACHE / "coverage/data"),
        }
        measure = (
            ["-m", "coverage", "run", f"--rcfile={ROOT / 'pyproject.toml'}"] if coverage and suite.measured else []
        )
        with open(self.log, "wb") as log:
            self._process = subprocess.Popen(
                [sys.executable, *measure, str(ROOT / "tools/trial_suite.py"), str(self._out), *suite.tests,
                 *(f"-{name}" for name in suite.without)],
                cwd=ROOT, env=environment, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True,
            )  # fmt: skip

    def outcome(self) -> Outcome | None:
        """What became of it, ``None`` while it goes on; one that takes too long is ended."""
        code = self._process.poll()
        if code is None:
            if self.elapsed < self.suite.seconds:
                return None
            self.end()
            return Outcome(
                failed={f"{self.suite.name} (suite)": f"not done after {self.suite.seconds:.0f} s\n{self._tail()}"}
            )
        try:
            return Outcome(**json.loads(self._out.read_text()))
        except (OSError, ValueError):
            return Outcome(
                failed={f"{self.suite.name} (suite)": f"ended with status {code}, no result\n{self._tail()}"}
            )

    def end(self) -> None:
        """Stop it and whatever it has started."""
        for stop in (signal.SIGTERM, signal.SIGKILL):
            try:
                os.killpg(self._process.pid, stop)
                self._process.wait(5)
            except (ProcessLookupError, subprocess.TimeoutExpired):
                pass

    @property
    def elapsed(self) -> float:
        """Seconds since it began."""
        return time.monotonic() - self.started

    def _tail(self) -> str:
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-FAILURE_LINES:])


def run_all(
    chosen: list[Suite], folder: Path, jobs: int, computing: int, coverage: bool
) -> Iterator[tuple[Run, Outcome]]:
    """Run suites, ``jobs`` at a time and ``computing`` of those that compute, and yield each as it ends."""
    waiting, running = list(chosen), list[Run]()
    try:
        while waiting or running:
            busy = sum(run.suite.computing for run in running)
            for suite in list(waiting):
                if len(running) < jobs and not (suite.computing and busy >= computing):
                    waiting.remove(suite)
                    busy += suite.computing
                    running.append(Run(suite, folder, coverage))
            for run in list(running):
                if (outcome := run.outcome()) is not None:
                    running.remove(run)
                    yield run, outcome
            time.sleep(0.1)
    finally:
        for run in running:
            run.end()


def report_coverage(folder: Path) -> None:
    """Combine what all processes have measured; print the total and where most is missing, keep the whole table."""
    environment = {**os.environ, "COVERAGE_FILE": str(CACHE / "coverage/data")}

    def coverage(*command: str) -> str:
        done = subprocess.run(
            [sys.executable, "-m", "coverage", *command], cwd=ROOT, env=environment, capture_output=True, text=True,
            check=False,
        )  # fmt: skip
        return done.stdout or done.stderr

    coverage("combine", "--quiet")
    table = coverage("report", "--sort=cover")
    (folder / "coverage.txt").write_text(table)
    lines = table.splitlines()
    total = next((line for line in lines if line.startswith("TOTAL")), "")
    print("\n".join(lines[: 2 + LEAST_COVERED]))
    print(f"{total}\n(branches included; all modules in {folder / 'coverage.txt'})")


def main(argv: list[str] | None = None) -> int:
    """Run what the command line asks for; 0 when all is well."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--fast", action="store_true", help="only what needs no outside program")
    parser.add_argument("--only", metavar="SUITE", action="append", help=f"of: {', '.join(s.name for s in suites())}")
    parser.add_argument("--no-coverage", dest="coverage", action="store_false")
    parser.add_argument("--jobs", type=int, default=2 * (os.cpu_count() or 1) + 1, help="suites at a time")
    options = parser.parse_args(argv)
    strict = os.environ.get("CI", "").lower() not in ("", "0", "false")
    chosen = [s for s in suites() if (s.fast or not options.fast) and (not options.only or s.name in options.only)]
    folder = CACHE / "tests"
    folder.mkdir(parents=True, exist_ok=True)
    (CACHE / "coverage").mkdir(exist_ok=True)
    for old in (CACHE / "coverage").iterdir():
        old.unlink()

    computing = max(1, (os.cpu_count() or 1) - 1)
    started, total = time.monotonic(), Outcome()
    for run, outcome in run_all(chosen, folder, options.jobs, computing, options.coverage):
        numbers = f"{outcome.passed} passed, {len(outcome.failed)} failed, {len(outcome.skipped)} skipped"
        print(f"{run.suite.name:12} {numbers}  ({run.elapsed:.0f} s)", flush=True)
        total.passed += outcome.passed
        total.failed |= outcome.failed
        total.skipped |= outcome.skipped
        total.seconds |= outcome.seconds
    (folder / "seconds.json").write_text(json.dumps(total.seconds))
    print("slowest:")
    for name in sorted(total.seconds, key=total.seconds.__getitem__, reverse=True)[:SLOWEST]:
        print(f"  {total.seconds[name]:6.1f} s  {name}")
    for name, text in total.failed.items():
        print(f"\n=== FAILED {name}\n" + "\n".join(text.splitlines()[-FAILURE_LINES:]))
    if total.skipped:
        print("\nskipped:" + "".join(f"\n  {name}: {reason}" for name, reason in total.skipped.items()))
        if strict:
            print("Here, where CI is set, everything must run: a skip counts as a failure.")
    if options.coverage and any(s.measured for s in chosen):
        print()
        report_coverage(folder)
    print(f"\nlogs: {folder}/*.log  ({time.monotonic() - started:.0f} s in all)")
    print(f"{total.passed} passed, {len(total.failed)} failed, {len(total.skipped)} skipped", flush=True)
    return 1 if total.failed or not total.passed or (strict and total.skipped) else 0


if __name__ == "__main__":
    sys.exit(main())
