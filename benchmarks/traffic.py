"""A busy PBX's manager traffic, made of what real ones were recorded to say."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from astcti.ami.dialect import interest_for
from astcti.model.plan import Plan, ServicePlan

RECORDINGS = Path(__file__).resolve().parents[1] / "tests" / "recordings"
CALLS = ("service-", "queue-", "transfer-", "park-", "outgoing-", "local-", "originate-async-", "hold-", "dtmf-")

#: What the server listens for with the services of the recorded dial plan.
PLAN = Plan.of(
    [
        ServicePlan(1, "astctidemo", variables=("calldata",)),
        ServicePlan(2, "support", "astcti-queue", variables=("calldata",)),
        ServicePlan(3, "agents", outbound=True, variables=("calldata",)),
    ]
)
INTEREST = interest_for(PLAN)
WANTED = INTEREST.events

#: Only builds with Asterisk's test framework send TestEvent; the others are of a link's beginning or end.
_LEFT_OUT = (b"TestEvent", b"SuccessfulAuth", b"FullyBooted", b"Shutdown", b"Reload")
_BLANK_LINE = b"\r\n\r\n"


@cache
def recorded_calls() -> tuple[bytes, ...]:
    """The events of every recorded call of Asterisk 16 and 22, each call's as one piece."""
    pieces = []
    for path in sorted(RECORDINGS.glob("[12][62]/*.ami")):
        if path.stem.startswith(CALLS):
            events = [m.lstrip() for m in path.read_bytes().split(_BLANK_LINE) if m.lstrip().startswith(b"Event: ")]
            kept = [m for m in events if not m[7:].startswith(_LEFT_OUT)]
            pieces.append(_BLANK_LINE.join((*kept, b"")))
    return tuple(pieces)


def stream(events: int) -> tuple[bytes, int]:
    """At least so many events, call after call with unique ids of their own; the bytes and how many they are."""
    pieces: list[bytes] = []
    count = 0
    for number, piece in enumerate(itertools.cycle(recorded_calls())):
        if count >= events:
            break
        pieces.append(re.sub(rb"(?<=id: )\d{10}(?=\.)", b"%010d" % (1_000_000_000 + number), piece))
        count += piece.count(_BLANK_LINE)
    return b"".join(pieces), count


def chunks(data: bytes, size: int) -> list[bytes]:
    """``data`` as a socket would give it, ``size`` bytes at a time."""
    return [data[at : at + size] for at in range(0, len(data), size)]


@cache
def recorded_chunks() -> tuple[bytes, ...]:
    """Everything recorded, cut as it came from the sockets of a quiet PBX; greetings left out."""
    return tuple(itertools.chain.from_iterable(map(_cut, sorted(RECORDINGS.glob("[12][62]/*.ami")))))


def _cut(path: Path) -> Iterator[bytes]:
    data = path.read_bytes()
    lines = path.with_suffix(".times").read_text().splitlines()
    offsets = [int(line.split()[1]) for line in lines if not line.startswith("#")]
    for start, end in itertools.pairwise((*offsets, len(data))):
        chunk = data[start:end]
        yield chunk.partition(b"\r\n")[2] if chunk.startswith(b"Asterisk Call Manager") else chunk
