"""A whole shift logs in at once while calls run."""

from __future__ import annotations

from benchmarks.latency import milliseconds, wrong
from benchmarks.served import load, runtime
from benchmarks.table import Row


def run(quick: bool) -> list[Row]:
    """Some agents take calls; all others connect at the same moment, with slow hashes to be checked."""
    agents, latecomers, rate = (100, 200, 20) if quick else (500, 5_000, 50)
    result = load(
        runtime(agents + latecomers, hashed=True),
        {"agents": agents, "latecomers": latecomers, "rate": rate, "seconds": 2, "warm_up": 2},
    )
    absent = agents + latecomers - result["ready"]
    note = f"{latecomers:,} logins with argon2id, all in after {result['slowest_login']:.0f} s"
    calls = f"{agents} agents, {rate} calls/s meanwhile"
    return [
        Row("logins refused or failed", len(result["refused"]) + absent, "", 0, 0, "lower", note),
        Row("answer to pop during logins, p50", milliseconds(result["waits"], 0.5), "ms", better="lower", note=calls),
        Row("answer to pop during logins, p99", milliseconds(result["waits"], 0.99), "ms", 50, 15, "lower", calls),
        wrong(result),
    ]
