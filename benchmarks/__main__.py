"""Run benchmarks, show and write down what they measured: ``python -m benchmarks [--quick] [--output FILE] [NAME]``."""

from __future__ import annotations

import argparse
import importlib
import importlib.util
import os
import platform
import sys
import time
import traceback
from collections.abc import Sequence
from pathlib import Path

from benchmarks.table import Row, markdown_table, text_table

#: What is measured, in this order; each is a module with ``run(quick) -> list[Row]``.
NAMES = (
    "framing",
    "ami_peers",
    "pipeline",
    "latency",
    "scaling",
    "memory",
    "logins",
    "slow",
    "reload",
    "recovery",
    "cut",
    "leaks",
)
OUTPUT = Path(__file__).resolve().parents[1] / "docs" / "performance.md"

ABOUT = """\
# Performance

What `make bench` measured. Each figure is a ratio or a count of one run, in which the peers ran on the same
machine with the same traffic, so that the machine's own speed matters little. *Floor* is what must be
reached, *goal* what we want. The traffic is made of manager conversations recorded from Asterisk 16 and 22.

{machine}.

"""


def main(arguments: Sequence[str]) -> int:
    """Run what is asked for; 1 if something is missing, fails or stays below its floor."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description="Measure how fast astcti is.")
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"of {', '.join(NAMES)}; all without")
    parser.add_argument("--quick", action="store_true", help="less of everything: a minute or two in all")
    parser.add_argument("--output", type=Path, help=f"write the table there; {OUTPUT} when all are run")
    options = parser.parse_args(arguments)
    unknown = set(options.names) - set(NAMES)
    if unknown:
        parser.error(f"no such benchmark: {', '.join(sorted(unknown))}")
    rows: list[Row] = []
    for name in options.names or NAMES:
        rows += measured(name, options.quick)
    print(text_table(rows))
    output = options.output or (None if options.names else OUTPUT)
    if output is not None:
        output.write_text(ABOUT.format(machine=machine(options.quick)) + markdown_table(rows) + "\n", encoding="utf-8")
    return int(any(row.verdict in {"below", "missing"} for row in rows))


def measured(name: str, quick: bool) -> list[Row]:
    """The figures of one module. A module that is not there, or fails, is a row that says so."""
    print(f"… {name}", end="", file=sys.stderr, flush=True)
    began = time.monotonic()
    try:
        if importlib.util.find_spec(f"benchmarks.{name}") is None:
            return [Row(name, None, "", note="there is no such benchmark yet")]
        rows: list[Row] = importlib.import_module(f"benchmarks.{name}").run(quick)
        return rows
    except Exception as e:
        traceback.print_exc()
        return [Row(name, None, "", note=f"failed: {type(e).__name__}: {e}".splitlines()[0])]
    finally:
        print(f" {time.monotonic() - began:.1f} s", file=sys.stderr, flush=True)


def machine(quick: bool) -> str:
    """On what, for the document."""
    python = f"{platform.python_implementation()} {platform.python_version()}"
    how = "a quick run" if quick else "a full run"
    return f"{python} on {platform.system()} {platform.machine()} with {os.cpu_count()} CPUs, {how}"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
