"""Throws coverage-guided rubbish at whatever reads bytes from outside: ``python tools/fuzz.py --seconds 60 [TARGET]``.

A target is a function ``(bytes) -> None`` of a module ``tests/fuzz/*_target.py``; it may raise nothing. Each runs in a
process of its own with a ceiling on memory and on the time of one input. What was learned is kept below
``.cache/fuzz/corpus``; the seeds are in ``tests/fuzz/seeds/TARGET``. An input that breaks something is saved below
``.cache/fuzz/crashes`` and named at the end; run it again with ``--input FILE TARGET``.
"""

from __future__ import annotations

import argparse
import importlib
import inspect
import os
import re
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
CACHE = Path(os.environ.get("ASTCTI_CACHE") or ROOT / ".cache").absolute() / "fuzz"
SEEDS = ROOT / "tests" / "fuzz" / "seeds"
MEMORY_MB = 1024  # of the whole process; the interpreter and the libraries take a tenth of it
INPUT_SECONDS = 5  # one input may take that long; all the ceilings of ours are far below
INPUT_BYTES = 65536
sys.path.insert(0, str(ROOT))


def targets() -> dict[str, str]:
    """Name of each target to its module: ``ami.one_input`` to ``tests.fuzz.ami_target``."""
    found = {}
    for path in sorted((ROOT / "tests" / "fuzz").glob("*_target.py")):
        module = f"tests.fuzz.{path.stem}"
        for name, function in inspect.getmembers(importlib.import_module(module), inspect.isfunction):
            if function.__module__ == module and not name.startswith("_") and _takes_bytes(function):
                found[f"{path.stem.removesuffix('_target')}.{name}"] = module
    return found


def _takes_bytes(function: Callable[..., object]) -> bool:
    parameters = list(inspect.signature(function).parameters.values())
    return len(parameters) == 1 and parameters[0].annotation in ("bytes", bytes)


@dataclass(frozen=True)
class Result:
    """What became of one target."""

    target: str
    inputs: int
    crashes: list[Path]
    said: str

    @property
    def fine(self) -> bool:
        """Whether it ran, and nothing broke."""
        return not self.crashes and self.inputs > 0


def fuzz(target: str, seconds: int, seed: int = 0) -> Result:
    """Fuzz one target for that long, in a process of its own; with a ``seed``, in the same order every time."""
    corpus, crashes = CACHE / "corpus" / target, CACHE / "crashes" / target
    for folder in (corpus, crashes):
        folder.mkdir(parents=True, exist_ok=True)
    before = set(crashes.iterdir())
    result = _run(target, seconds, seed, before)
    if result.inputs or result.crashes:
        return result
    return _run(target, seconds, seed, before)  # the fuzzer itself stumbled as it began: what we break it would save


def _run(target: str, seconds: int, seed: int, before: set[Path]) -> Result:
    corpus, crashes = CACHE / "corpus" / target, CACHE / "crashes" / target
    seeds = [str(SEEDS / target)] if (SEEDS / target).is_dir() else []
    done = subprocess.run(
        [sys.executable, __file__, "--child", target, f"-max_total_time={seconds}", f"-artifact_prefix={crashes}/",
         f"-timeout={INPUT_SECONDS}", f"-rss_limit_mb={MEMORY_MB}", f"-max_len={INPUT_BYTES}", "-print_final_stats=1",
         f"-seed={seed}",
         "-verbosity=0", str(corpus), *seeds],
        capture_output=True, text=True, errors="replace", check=False, timeout=seconds + 120,
    )  # fmt: skip
    said = f"{done.stdout}{done.stderr}ended with {done.returncode}\n"
    counted = re.findall(r"^stat::number_of_executed_units:\s*(\d+)", said, re.MULTILINE)
    fresh = sorted(set(crashes.iterdir()) - before)
    if done.returncode and not fresh:  # it did not even get to run an input
        return Result(target, 0, [], said)
    return Result(target, int(counted[-1]) if counted else 0, fresh, said)


def child(target: str, arguments: list[str]) -> None:
    """Be the process that fuzzes: never returns."""
    import atheris

    with atheris.instrument_imports(include=["astcti"]):
        module = importlib.import_module(f"tests.fuzz.{target.partition('.')[0]}_target")
    atheris.Setup([__file__, *arguments], getattr(module, target.partition(".")[2]))
    atheris.Fuzz()


def main(argv: list[str]) -> int:
    """Fuzz what the command line says, or everything; 0 when nothing broke."""
    if argv[:1] == ["--child"]:
        child(argv[1], argv[2:])
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=int, default=60, help="for each target (60)")
    parser.add_argument("--seed", type=int, default=0, help="for the same order again (0: another one each time)")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--input", type=Path, help="run one saved input, without the fuzzer")
    parser.add_argument("target", nargs="*")
    options = parser.parse_args(argv)
    known = targets()
    if unknown := set(options.target) - set(known):
        parser.error(f"no such target: {', '.join(unknown)}; there are {', '.join(known)}")
    if options.input:
        for target in options.target:
            getattr(importlib.import_module(known[target]), target.partition(".")[2])(options.input.read_bytes())
        return 0
    broken = 0
    with ThreadPoolExecutor(options.jobs) as pool:
        for result in pool.map(lambda t: fuzz(t, options.seconds, options.seed), options.target or list(known)):
            print(f"{result.target:24} {result.inputs:9} inputs  {'fine' if result.fine else 'BROKEN'}", flush=True)
            if not result.fine:
                broken += 1
                print("\n".join(result.said.splitlines()[-40:]))
                for crash in result.crashes:
                    print(f"again: {sys.executable} tools/fuzz.py --input {crash} {result.target}")
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
