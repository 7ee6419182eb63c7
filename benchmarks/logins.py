"""A whole shift logs in at once while calls run; and one that was cut off comes back."""

from __future__ import annotations

from typing import Any

from benchmarks.latency import milliseconds, wrong
from benchmarks.served import load, runtime
from benchmarks.table import Row


def run(quick: bool) -> list[Row]:
    """Some agents take calls. All others connect at the same moment: with slow hashes to be checked, then by ticket."""
    agents, rate = (100, 20) if quick else (500, 50)
    latecomers, returners = (200, 200) if quick else (5_000, 2_000)
    orders: dict[str, Any] = {"agents": agents, "latecomers": 0, "rate": rate, "seconds": 2, "warm_up": 2}
    result = load(runtime(agents + latecomers, hashed=True), {**orders, "latecomers": latecomers})
    back = load(runtime(agents + returners, hashed=False, scram=True), {**orders, "returners": returners})
    calls = f"{agents} agents, {rate} calls/s meanwhile"
    return [
        _failed("logins refused or failed", result, agents + latecomers,
                f"{latecomers:,} logins with argon2id, all in after {result['slowest_login']:.0f} s"),
        Row("answer to pop during logins, p50", milliseconds(result["waits"], 0.5), "ms", better="lower", note=calls),
        Row("answer to pop during logins, p99", milliseconds(result["waits"], 0.99), "ms", 50, 15, "lower", calls),
        wrong(result),
        _failed("returns by ticket refused or failed", back, agents + 2 * returners,
                f"{returners:,} cut off at once, all back after {back['slowest_login']:.1f} s"),
        Row("answer to pop during returns, p99", milliseconds(back["waits"], 0.99), "ms", 50, 15, "lower", calls),
        wrong(back),
    ]  # fmt: skip


def _failed(quantity: str, result: dict[str, Any], expected: int, note: str) -> Row:
    return Row(quantity, len(result["refused"]) + expected - result["ready"], "", 0, 0, "lower", note)
