"""The whole pipeline against panoramisk doing nothing but parse, on the same bytes, in memory."""

from __future__ import annotations

import gc

from benchmarks.cpu import best, times_as_much
from benchmarks.eventpath import EventPath
from benchmarks.table import Row
from benchmarks.traffic import chunks, stream

READ = 65_536
PHONES = [f"{tech}/{number}" for tech in ("PJSIP", "SIP") for number in range(200, 206)]
PHONES += [f"Local/{number}@phones" for number in range(201, 203)]
SERVICES = (
    ("astctidemo", ""), ("direct-queue", "astcti-queue"), ("ringall-queue", "astcti-ringall"),
    ("static-queue", "astcti-static"),
)  # fmt: skip


def run(quick: bool) -> list[Row]:
    """AMI bytes to XML bytes for the seats, against AMI bytes to panoramisk's messages."""
    data, count = stream(5_000 if quick else 30_000)
    pieces = chunks(data, READ)
    rounds = 5 if quick else 11
    gc.collect()
    gc.freeze()
    written = ours(pieces).written
    ratio = times_as_much(lambda: theirs(pieces), lambda: ours(pieces), rounds)
    seconds = best(lambda: ours(pieces), rounds)
    gc.unfreeze()
    note = f"{count} recorded events, every seat listens, {written:,} bytes of XML"
    return [
        Row("whole pipeline, against panoramisk parsing", ratio, "times", 4, 8, note=note),
        Row("whole pipeline", count / seconds, "events/CPU-s", note=f"{len(data) / seconds / 1e6:.0f} MB/s of AMI"),
    ]


def ours(pieces: list[bytes]) -> EventPath:
    """Read, filter, translate, track, render actions, write XML."""
    path = EventPath(PHONES, SERVICES)
    for piece in pieces:
        path.feed(piece)
    return path


def theirs(pieces: list[bytes]) -> None:
    """Its own protocol class, of a program that does nothing with the events."""
    from panoramisk.ami_protocol import AMIProtocol

    protocol = AMIProtocol()
    protocol.connection_made(None)
    protocol.version, protocol.encoding, protocol.factory = "11.0.0", "utf8", Nobody()
    for piece in pieces:
        protocol.data_received(piece)


class Nobody:
    """Takes panoramisk's messages, and does nothing with them."""

    save_stream = None

    def dispatch(self, message: object) -> None:
        """Nothing."""


if __name__ == "__main__":
    from benchmarks.table import text_table

    print(text_table(run(quick=True)))
