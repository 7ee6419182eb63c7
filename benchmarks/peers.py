"""One AMI client reading a stream over loopback: ``python -m benchmarks.peers NAME PORT``, a process of its own.

Prints the CPU seconds from login to the last event, and how many of the wanted events its callback got.
"""

from __future__ import annotations

import gc
import json
import sys
import time
from collections.abc import Callable

from benchmarks.traffic import INTEREST, WANTED

LAST = "BenchmarkIsOver"  # the name of the event that ends the stream
FIRST = "BenchmarkBegins"
USER, SECRET = "astcti", "astcti-secret"
NAMES = frozenset(name.decode() for name in WANTED)


class Watch:
    """Counts events, and stops the CPU's clock with the last.

    :ivar count: of the wanted events.
    """

    def __init__(self, stop: Callable[[], None]) -> None:
        self.count = 0
        self._stop = stop
        self._began = 0.0

    def __call__(self, name: str) -> None:
        """An event came."""
        if name in NAMES:
            self.count += 1
        elif name == FIRST:
            gc.collect()
            gc.freeze()
            self._began = time.process_time()
        elif name == LAST:
            print(json.dumps({"cpu_seconds": time.process_time() - self._began, "events": self.count}), flush=True)
            self._stop()


def astcti(port: int) -> None:
    """Ours, as the server uses it."""
    from twisted.internet import reactor

    from astcti.ami.client import AMIClient, Credentials, ami_endpoint

    watch = Watch(reactor.stop)
    client = AMIClient(
        reactor,
        ami_endpoint(reactor, "127.0.0.1", port),
        Credentials(USER, SECRET),
        interest=INTEREST.with_events(FIRST.encode(), LAST.encode()),
        on_event=lambda message: watch(message.event),
    )
    client.startService()
    reactor.run()


def panoramisk(port: int, own_filter: bool = True) -> None:
    """As its documentation shows, a callback for each wanted event; or (cheaper for it) one for all events."""
    import asyncio

    from panoramisk import Manager

    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    watch = Watch(loop.stop)
    manager = Manager(host="127.0.0.1", port=port, username=USER, secret=SECRET, loop=loop, ping_delay=3600)
    for pattern in (*sorted(NAMES), FIRST, LAST) if own_filter else ("*",):
        manager.register_event(pattern, lambda manager, event: watch(event.event))
    manager.connect()
    loop.run_forever()


def asterisk_ami(port: int, own_filter: bool = True) -> None:
    """As its documentation shows, a listener with a list of wanted events; or (cheaper for it) one without."""
    import threading

    from asterisk.ami import AMIClient

    over = threading.Event()
    watch = Watch(over.set)
    client = AMIClient(address="127.0.0.1", port=port, timeout=60)
    wanted = [*sorted(NAMES), FIRST, LAST] if own_filter else None
    client.add_event_listener(lambda event, **kwargs: watch(event.name), white_list=wanted)
    client.login(username=USER, secret=SECRET)
    over.wait()


PEERS: dict[str, Callable[[int], None]] = {
    "astcti": astcti,
    "panoramisk": panoramisk,
    "panoramisk, one callback": lambda port: panoramisk(port, own_filter=False),
    "asterisk-ami": asterisk_ami,
    "asterisk-ami, one callback": lambda port: asterisk_ami(port, own_filter=False),
}

if __name__ == "__main__":
    PEERS[sys.argv[1]](int(sys.argv[2]))
