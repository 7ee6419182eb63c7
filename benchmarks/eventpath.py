"""The server's way from AMI bytes to XML bytes, whole but without sockets, with a floor full of agents."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from types import SimpleNamespace
from typing import Any

from twisted.internet.task import Clock
from zope.interface import implementer

from astcti.ami.dialect import interest_for
from astcti.ami.message import MessageReader
from astcti.config.model import Action, Configuration, Operator, Seat, Service, ServiceAction, ServiceOperator, Variable
from astcti.config.plan import plan_of
from astcti.config.settings import Settings
from astcti.interfaces import IClient
from astcti.model.actions import RenderedAction
from astcti.model.calls import Tracker
from astcti.model.node import Node
from astcti.model.notices import Notice
from astcti.model.roster import Roster
from astcti.protocols.xmlevents import render
from astcti.services.desk import Desk
from astcti.services.following import Follower

PAGE = "https://crm.example/customer?number={CALLERID}&digits={calldata}&agent={OPERATOR}"


@implementer(IClient)
class Screen:
    """A client that writes the XML of what it is told, as a session does; :attr:`popped` sees its pops."""

    secure = False
    peer = "192.0.2.1"
    said_goodbye = False
    backlog = 0

    def __init__(self, phone: str, popped: Callable[[str, Notice], None] | None = None) -> None:
        self.phone = phone
        self.popped = popped
        self.bytes = 0

    def notify(self, notice: Notice, actions: Sequence[RenderedAction]) -> None:
        """Write an event."""
        self.bytes += len(render(notice, actions))
        if actions and self.popped is not None:
            self.popped(self.phone, notice)

    def queue_changed(self, queue: str, member: bool) -> None:
        """Nothing to see."""

    def pbx_changed(self, up: bool) -> None:
        """Nothing to see."""

    def has(self, capability: str) -> bool:
        """It can do what every client can, and no more."""
        return False

    def tell(self, kind: str, node: Node) -> None:
        """Nothing to see."""

    def pause_changed(self, number: int, reason: str) -> None:
        """Nothing to see."""

    def tell_ticket(self) -> None:
        """It asked for none."""

    def channel_binding(self) -> bytes | None:
        """There is no TLS."""
        return None

    def dismiss(self, number: int, reason: str, cause: str) -> None:
        """Sent away: never in these benchmarks, unless something is broken.

        :raises AssertionError: it is.
        """
        raise AssertionError(f"{self.phone} was sent away: {reason}")


def company(phones: Sequence[str], services: Iterable[tuple[str, str]]) -> Configuration:
    """Everybody works for every service, and every service opens one page.

    :param services: contexts and queues.
    """
    served = tuple(Service(id=i, name=name, queue_name=queue) for i, (name, queue) in enumerate(services, 1))
    operators = tuple(Operator(id=i, username=f"agent{i}", full_name=f"Agent {i}") for i, _ in enumerate(phones, 1))
    return Configuration(
        services=served,
        variables=tuple(Variable(id=s.id, service_id=s.id, name="calldata") for s in served),
        actions=(Action(id=1, type="BROWSER", parameters=PAGE),),
        service_actions=tuple(ServiceAction(service_id=s.id, action_id=1) for s in served),
        seats=tuple(Seat(id=i, exten=phone) for i, phone in enumerate(phones, 1)),
        operators=operators,
        # Of all services only a few have operators of their own, or the tables would be services times operators.
        service_operators=tuple(
            ServiceOperator(service_id=s.id, operator_id=o.id) for s in served[:1] for o in operators
        ),
    )  # fmt: skip


class EventPath:
    """Reader, tracker, desk and screens; :meth:`feed` it.

    :param popped: told of every pop: the phone, and the notice.
    """

    def __init__(
        self, phones: Sequence[str], services: Iterable[tuple[str, str]],
        popped: Callable[[str, Notice], None] | None = None,
    ) -> None:  # fmt: skip
        configuration = company(phones, services)
        plan = plan_of(configuration)
        # Nobody logs in here: they are put into their seats.
        book = SimpleNamespace(still_valid=lambda old, new: True)
        nobody: Any = SimpleNamespace(book=book, keeper=SimpleNamespace())
        self.clock = Clock()
        self.tracker = Tracker(plan)
        roster = Roster()
        self.desk = Desk(
            self.clock, configuration, Settings(), nobody, listening=self.tracker, membership=roster,
            start=lambda actions: None,
        )  # fmt: skip
        self.follower = Follower(self.clock, self.tracker, roster, self.desk)
        self.reader = MessageReader(interest_for(plan), banner=False)
        self.screens = [Screen(phone, popped) for phone in phones]
        floor = self.desk.floor
        for screen, operator, seat in zip(self.screens, configuration.operators, configuration.seats, strict=True):
            attendance = floor.enter(screen, 0.0)
            floor.sign_in(attendance, operator)
            floor.sit(attendance, seat, (seat.exten,), (seat.exten,))

    def feed(self, data: bytes) -> None:
        """Bytes came from the PBX."""
        follow = self.follower.follow
        for message in self.reader.feed(data):
            follow(message)

    @property
    def written(self) -> int:
        """Bytes of XML so far."""
        return sum(screen.bytes for screen in self.screens)

    @property
    def followed(self) -> dict[str, int]:
        """What is tracked at the moment, by kind; nothing of it may be left when no call is."""
        counters = self.tracker.counters
        return {kind: counters[kind] for kind in ("channels", "bridges", "stubs", "waiting")}
