"""How long from the PBX's word that a call is answered until its agent's client has the pop."""

from __future__ import annotations

from typing import Any

from benchmarks.feed import events_per_call
from benchmarks.served import load, percentile, runtime
from benchmarks.table import Row


def run(quick: bool) -> list[Row]:
    """Many agents, many calls, the server in one process and everybody else in another."""
    agents, rate, seconds = (500, 50, 4) if quick else (5_000, 200, 20)
    result = load(
        runtime(agents, hashed=False),
        {"agents": agents, "latecomers": 0, "rate": rate, "seconds": seconds, "warm_up": 3 if quick else 6},
    )
    note = f"{agents:,} agents, {rate} calls/s, {rate * events_per_call():,} events/s"
    return [
        Row("answer to pop, p50", milliseconds(result["waits"], 0.5), "ms", 1, 0.3, "lower", note),
        Row("answer to pop, p99", milliseconds(result["waits"], 0.99), "ms", 5, 1.5, "lower", note),
        Row("answer to pop, worst", milliseconds(result["waits"], 1.0), "ms", better="lower", note=note),
        wrong(result),
    ]


def milliseconds(waits: list[float], share: float) -> float | None:
    """A percentile in milliseconds."""
    value = percentile(waits, share)
    return None if value is None else value * 1000


def wrong(result: dict[str, Any]) -> Row:
    """What must never be: pops that did not come, came twice, or came elsewhere."""
    counts = {name: result[name] for name in ("lost", "doubled", "misdelivered")}
    note = ", ".join(f"{count} {name}" for name, count in counts.items()) + f", of {result['all_calls']:,} calls"
    return Row("pops lost, doubled, misdelivered", sum(counts.values()), "", 0, 0, "lower", note)
