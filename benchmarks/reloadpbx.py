"""A simulated PBX with many phones and queues: ``python -m benchmarks.reloadpbx AGENTS SERVICES``. Prints its port."""

from __future__ import annotations

import random
import sys

from twisted.internet.endpoints import TCP4ServerEndpoint

from astcti.simulator.accounts import Account
from astcti.simulator.office import Office, ServiceLine
from astcti.simulator.server import SimulatorService
from benchmarks.crowd import phone
from benchmarks.reloadcentre import FIRST_QUEUE


def serve(agents: int, services: int) -> None:
    """Run until nobody needs it any more."""
    from twisted.internet import reactor

    lines = tuple(ServiceLine(f"s{i}", "100", f"q{i}") for i in range(FIRST_QUEUE, services + 1))
    office = Office(
        lines, {phone(i): f"Agent {i}" for i in range(agents)}, random.Random(1), start=reactor.seconds(),  # type: ignore[attr-defined]
        accounts=(Account("astcti", "s"),),
    )  # fmt: skip
    service = SimulatorService(reactor, TCP4ServerEndpoint(reactor, 0, interface="127.0.0.1"), office)  # type: ignore[arg-type]
    service.write_timeout = 30.0
    service.listen().addCallback(lambda port: print(port.getHost().port, flush=True))
    service.startService()
    reactor.run()  # type: ignore[attr-defined]


if __name__ == "__main__":
    serve(int(sys.argv[1]), int(sys.argv[2]))
