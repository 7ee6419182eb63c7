"""The company of the demonstration: what the server's configuration and the simulated PBX have to agree on."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING

from astcti.actions.registry import action_types
from astcti.config.bootstrap import Bootstrap, read_bootstrap
from astcti.config.model import Configuration, Operator
from astcti.config.validation import validate
from astcti.config.xmlsource import read_xml
from astcti.errors import ConfigError
from astcti.simulator.office import Office, ServiceLine
from astcti.simulator.phones import Habit
from astcti.simulator.queues import RING_ALL, QueueOptions

if TYPE_CHECKING:
    from random import Random

FOLDER = Path(__file__).parent
PASSWORD = "demo"  # noqa: S105  (everybody's, and said so on the screen)
GUEST = "guest"
ORDERS, SUPPORT, SALES = "orders", "support", "sales"
SALES_PHONES = 3  # as many ring at once for sales
RING = Habit("answer", 0.4, 1.4)


def bootstrap(ami_port: int, state: Path) -> Bootstrap:
    """The bootstrap file of the package, with the simulated PBX's port, and a place for what the server keeps."""
    found = read_bootstrap(FOLDER / "astcti.xml")
    return replace(
        found,
        settings=MappingProxyType({**found.settings, "ami_port": str(ami_port)}),
        ctiserver=replace(found.ctiserver, state=state),
    )


def configuration(agents: int) -> Configuration:
    """The runtime configuration of the package, with so many of its agents, and the guest.

    :raises ConfigError: somebody has changed it, and not for the better.
    """
    found = read_xml(FOLDER / "runtime.xml")
    report = validate(found, action_types())
    if report.errors:
        raise ConfigError(*map(str, report.errors))
    guest = next(o for o in found.operators if o.username == GUEST)
    operators = (*[o for o in found.operators if o is not guest][:agents], guest)
    ids = {o.id for o in operators}
    return replace(
        found,
        operators=operators,
        seats=tuple(s for s in found.seats if s.id in ids),
        service_operators=tuple(r for r in found.service_operators if r.operator_id in ids),
    )


def most_agents() -> int:
    """How many agents the configuration has, the guest not counted."""
    return len(read_xml(FOLDER / "runtime.xml").operators) - 1


def phone_of(operator: Operator, found: Configuration) -> str:
    """The phone an operator sits at: seats and operators have the same numbers here."""
    return found.seat_by_id[operator.id].exten


def office(found: Configuration, chance: Random, now: float) -> Office:
    """The PBX that goes with a configuration: orders ring two phones, the queues are for everybody."""
    agents = {phone_of(o, found): o.full_name for o in found.operators}
    phones = tuple(agents)
    ours = phones[:-1]
    queue = QueueOptions("rrmemory", timeout=10, retry=1)
    lines = (
        ServiceLine(ORDERS, "100", phones=ours[:2]),
        ServiceLine(SUPPORT, "200", SUPPORT, queue, (*ours[2:], *ours[:2], phones[-1])),
        ServiceLine(SALES, "300", SALES, queue._replace(strategy=RING_ALL), (*ours[-SALES_PHONES:], phones[-1])),
    )
    return Office(lines, agents, chance, start=now, habit=RING)
