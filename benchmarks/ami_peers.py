"""Framing, filtering by name and dispatching over loopback, against other AMI clients on the same stream."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from benchmarks.table import Row

ROOT = Path(__file__).resolve().parents[1]
SECONDS = 300  # for one client to read the stream, before it is given up
#: Floor and goal. Each peer is asked twice: with its own filter by event name, as its documentation shows, and with one
#: callback for all events, which looks at the name itself and is the cheapest way for it.
ASKED = {
    "panoramisk": (10, 20),
    "panoramisk, one callback": (10, 20),
    "asterisk-ami": (4, 8),
    "asterisk-ami, one callback": (4, 8),
}


def run(quick: bool) -> list[Row]:
    """Events per CPU-second of each client, and ours as multiples of theirs."""
    events = 60_000 if quick else 200_000
    command = [sys.executable, "-m", "benchmarks.source", str(events)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as source:
        try:
            assert source.stdout is not None
            port, count = map(int, source.stdout.readline().split())
            names = ("astcti", *ASKED)
            reports = [{name: _read(name, port) for name in names} for _ in range(2 if quick else 3)]
        finally:
            source.kill()
    rates = {name: max(count / report[name]["cpu_seconds"] for report in reports) for name in names}
    seen = {name: {int(report[name]["events"]) for report in reports} for name in names}
    note = f"{count} events over loopback, callbacks for {max(seen['astcti'])} of them"
    rows = [
        Row(f"framing + filter + dispatch, against {name}", rates["astcti"] / rates[name], "times", *asked, note=note)
        for name, asked in ASKED.items()
    ]
    rows += [Row(f"events read by {name}", rates[name], "events/CPU-s") for name in names]
    return rows


def _read(name: str, port: int) -> dict[str, float]:
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.peers", name, str(port)],
        cwd=ROOT, capture_output=True, text=True, check=False, timeout=SECONDS,
    )  # fmt: skip
    if not done.stdout:
        raise RuntimeError(f"{name} did not read the stream: {done.stderr.strip()[-500:]}")
    report: dict[str, float] = json.loads(done.stdout.splitlines()[0])
    return report


if __name__ == "__main__":
    from benchmarks.table import text_table

    print(text_table(run(quick=True)))
