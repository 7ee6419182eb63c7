"""Framing and filtering alone, in memory."""

from __future__ import annotations

import gc
import time
from collections.abc import Callable, Sequence

from astcti.ami.message import MessageReader
from benchmarks.table import Row
from benchmarks.traffic import INTEREST, chunks, recorded_chunks, stream

BLANK_LINE = b"\r\n\r\n"
PIECE = 1460  # bytes; one TCP segment on an Ethernet
MB = 1_000_000


def run(quick: bool) -> list[Row]:
    """Compare with the fastest thing Python can do with such a stream, and a huge message with a large one."""
    gc.collect()
    gc.freeze()
    data, count = stream(5_000 if quick else 20_000)
    rounds = 15 if quick else 40
    rows = []
    for name, pieces in (
        ("64 KiB reads", chunks(data, 65536)),
        ("4 KiB reads", chunks(data, 4096)),
        (f"{PIECE}-byte reads", chunks(data, PIECE)),
        ("reads as recorded", [chunk for chunk in recorded_chunks() if chunk]),
    ):
        reader = MessageReader(INTEREST, banner=False)
        ratio = paired(lambda p=pieces: split(p), lambda p=pieces, r=reader: parse(r, p), rounds)  # type: ignore[misc]
        rows.append(
            Row("parser against bytes.split", 100 * ratio, "%", 15, 30, note=f"{name}, with the server's own filter")
        )
    pieces = chunks(data, 65536)
    seconds = best(lambda: parse(reader, pieces), rounds)
    rows.append(Row("parser, in memory", count / seconds, "events/CPU-s", note=f"{len(data) / seconds / MB:.0f} MB/s"))
    large, huge = (chunks(message(size), PIECE) for size in (1, 8))
    rows.append(
        Row(
            "one 8 MB message against a 1 MB one",
            1 / paired(lambda: one(large), lambda: one(huge), rounds),
            "times",
            12,
            9,
            "lower",
            f"{PIECE}-byte pieces",
        )
    )
    gc.unfreeze()
    return rows


def split(pieces: Sequence[bytes]) -> None:
    """What Python does at its fastest: cut, and nothing else."""
    for piece in pieces:
        piece.split(BLANK_LINE)


def parse(reader: MessageReader, pieces: Sequence[bytes]) -> None:
    """What the server does with the same pieces, on a link that has been up for a while."""
    for piece in pieces:
        reader.feed(piece)


def message(megabytes: int) -> bytes:
    """One message of that size."""
    line = b"Line: %s\r\n" % (b"x" * 992)
    return b"Event: Huge\r\n" + line * (megabytes * 1000) + b"\r\n"


def one(pieces: Sequence[bytes]) -> None:
    """Frame one message that comes in pieces."""
    reader = MessageReader(banner=False, max_message=16 * MB)
    found = [m for piece in pieces for m in reader.feed(piece)]
    assert len(found) == 1


def best(work: Callable[[], object], rounds: int) -> float:
    """CPU seconds of the fastest round."""
    return min(spent(work) for _ in range(rounds))


def paired(one_way: Callable[[], object], other_way: Callable[[], object], rounds: int) -> float:
    """How much of the other's CPU time one takes, each in its fastest round; they take turns, so that whatever else
    the machine does favours neither."""
    pairs = [(spent(one_way), spent(other_way)) for _ in range(rounds)]
    return min(one for one, _ in pairs) / min(other for _, other in pairs)


def spent(work: Callable[[], object]) -> float:
    """CPU seconds that ``work`` takes."""
    before = time.process_time()
    work()
    return time.process_time() - before


if __name__ == "__main__":
    from benchmarks.table import text_table

    print(text_table(run(quick=False)))
