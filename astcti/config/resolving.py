"""The addresses of host names, asked of the system; of many at a time, and never for long.

Runs in whichever thread loads a configuration. An answer that does not come is one that cannot be had: the threads that
wait for it are left alone, and the process ends without them.
"""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from queue import Empty, SimpleQueue

SECONDS = 5.0  # for all names together; the system itself may wait several times as long for one
AT_A_TIME = 16  # names asked for at once
MAX_ADDRESSES = 64  # of one name


@dataclass(frozen=True, slots=True)
class Answers:
    """What became of names.

    :ivar found: name to its addresses, at least one.
    :ivar failed: name to why it has none.
    """

    found: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    failed: Mapping[str, str] = field(default_factory=dict)


def addresses_of(name: str) -> tuple[str, ...]:
    """The addresses of a host name, each once; blocks for as long as the system likes.

    :raises OSError: it has none, or that cannot be found out.
    """
    found = socket.getaddrinfo(name, None, type=socket.SOCK_STREAM)
    return tuple(dict.fromkeys(str(where[0]) for *_, where in found))[:MAX_ADDRESSES]


def resolve(
    names: Collection[str], look_up: Callable[[str], tuple[str, ...]] = addresses_of, seconds: float = SECONDS
) -> Answers:
    """Ask for the addresses of names; blocks.

    :param look_up: asks for one.
    :param seconds: after which what has not been answered counts as failed.
    """
    waiting: SimpleQueue[str] = SimpleQueue()
    answers: SimpleQueue[tuple[str, tuple[str, ...], str]] = SimpleQueue()
    over = threading.Event()
    for name in sorted(set(names)):
        waiting.put(name)
    left = waiting.qsize()

    def work() -> None:
        while not over.is_set():
            try:
                name = waiting.get_nowait()
            except Empty:
                return
            try:
                found = look_up(name)
                answers.put((name, found, "" if found else "it has no address"))
            except (OSError, UnicodeError) as e:  # the latter: a name that cannot be one
                answers.put((name, (), (e.strerror if isinstance(e, OSError) else None) or str(e)))

    for _ in range(min(left, AT_A_TIME)):
        threading.Thread(target=work, name="host names", daemon=True).start()
    timer = threading.Timer(seconds, answers.put, [("", (), "")])
    timer.daemon = True
    timer.start()
    found: dict[str, tuple[str, ...]] = {}
    failed: dict[str, str] = dict.fromkeys(sorted(set(names)), f"no answer within {seconds:g} s")
    while left:
        name, addresses, why = answers.get()
        if not name:
            break
        left -= 1
        if addresses:
            found[name] = addresses
            del failed[name]
        else:
            failed[name] = why
    over.set()
    timer.cancel()
    return Answers(found, failed)
