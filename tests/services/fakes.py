"""Far sides for the tests of services: a client that writes down what it is told, and a small call centre."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import replace
from hashlib import md5
from itertools import count
from pathlib import Path
from typing import Any, TypeVar

from twisted.internet.defer import Deferred, maybeDeferred
from twisted.internet.task import Clock
from zope.interface import implementer
from zope.interface.verify import verifyObject

from astcti.config.model import (
    Action,
    Configuration,
    Extension,
    Operator,
    Seat,
    Service,
    ServiceAction,
    ServiceOperator,
    Variable,
)
from astcti.config.settings import Settings
from astcti.errors import Refused
from astcti.interfaces import IClient, IDesk
from astcti.model.actions import RenderedAction
from astcti.model.node import Node
from astcti.model.notices import CallView, Notice
from astcti.services.accounts import Accounts
from astcti.services.desk import Desk
from astcti.services.slicing import Slices

T = TypeVar("T")


def scratch(test: Any) -> Path:
    """A directory of a test's own, gone afterwards; its path is short enough for a socket."""
    folder = Path(tempfile.mkdtemp(prefix="astcti-test-"))
    test.addCleanup(shutil.rmtree, folder, ignore_errors=True)
    return folder


def digest(password: str) -> str:
    """What a client sends for a password."""
    return md5(password.encode(), usedforsecurity=False).hexdigest()


@implementer(IClient)
class FakeClient:
    """A session that writes down what it is told."""

    def __init__(self, peer: str = "192.0.2.10", secure: bool = False) -> None:
        self.peer = peer
        self.secure = secure
        self.said_goodbye = False
        self.backlog = 0
        self.full = False
        self.told: list[tuple[Notice, Sequence[RenderedAction]]] = []
        self.queues: list[tuple[str, bool]] = []
        self.pbx: list[bool] = []
        self.dismissed: list[tuple[int, str, str]] = []
        self.capabilities: set[str] = set()
        self.documents: list[tuple[str, Node]] = []
        self.pauses: list[tuple[int, str]] = []
        self.broken = False
        self.tickets = 0
        self.binding: bytes | None = None

    def notify(self, notice: Notice, actions: Sequence[RenderedAction]) -> bool:
        if self.broken:
            raise RuntimeError("this session is broken")
        if self.full:
            return False
        self.told.append((notice, actions))
        return True

    def queue_changed(self, queue: str, member: bool) -> None:
        self.queues.append((queue, member))

    def pbx_changed(self, up: bool) -> None:
        self.pbx.append(up)

    def has(self, capability: str) -> bool:
        return capability in self.capabilities

    def tell(self, kind: str, node: Node) -> None:
        self.documents.append((kind, node))

    def pause_changed(self, number: int, reason: str) -> None:
        self.pauses.append((number, reason))

    def tell_ticket(self) -> None:
        self.tickets += 1

    def channel_binding(self) -> bytes | None:
        return self.binding

    def dismiss(self, number: int, reason: str, cause: str) -> None:
        self.dismissed.append((number, reason, cause))

    @property
    def kinds(self) -> list[str]:
        """The kinds of call events it was told."""
        return [notice.kind for notice, _ in self.told]


class AtOnce:
    """Does slow work at once."""

    def __init__(self) -> None:
        self.jobs = 0

    def run(self, work: Callable[[], T], /) -> Deferred[T]:
        self.jobs += 1
        return maybeDeferred(work)

    spare = run


class Later:
    """Does slow work when told to."""

    def __init__(self) -> None:
        self.jobs: list[tuple[Callable[[], Any], Deferred[Any]]] = []

    def run(self, work: Callable[[], T], /) -> Deferred[T]:
        done: Deferred[T] = Deferred()
        self.jobs.append((work, done))
        return done

    spare = run

    def finish(self) -> None:
        """Do all that waits."""
        jobs, self.jobs = self.jobs, []
        for work, done in jobs:
            done.callback(work())


class Phones:
    """Notes which phones somebody sits at."""

    def __init__(self) -> None:
        self.heard: dict[str, str] = {}

    def listen(self, interface: str, seat: str = "") -> None:
        self.heard[interface] = seat

    def unlisten(self, interface: str) -> None:
        del self.heard[interface]


class Members:
    """A roster of queue members."""

    def __init__(self) -> None:
        self.all: set[tuple[str, str]] = set()

    def is_member(self, queue: str, interface: str) -> bool:
        return (queue, interface) in self.all


class Store:
    """Keeps changed credentials."""

    def __init__(self) -> None:
        self.kept: dict[str, str] = {}
        self.alternatives: dict[str, str] = {}
        self.scrams: dict[str, str] = {}
        self.broken = False

    def put(self, username: str, column: str, running: str, value: str, now: float, /) -> bool:
        if self.broken:
            raise OSError("disk full")
        {"PASS_WORD": self.kept, "PASS_ALT": self.alternatives, "SCRAM": self.scrams}[column][username] = value
        return True


def call_centre(**changes: Any) -> Configuration:
    """Two queue agents, an office user, a direct, a queue and an outbound service, one pop each."""
    configuration = Configuration(
        services=(
            Service(id=1, name="direct"),
            Service(id=2, name="queued", queue_name="astcti"),
            Service(id=3, name="outgoing", context_type="OUTBOUND"),
        ),
        variables=(Variable(id=1, service_id=1, name="calldata"), Variable(id=2, service_id=2, name="calldata")),
        actions=(
            Action(id=1, type="BROWSER", parameters="http://crm.example/?c={CALLERID}&d={calldata}"),
            Action(id=2, type="BROWSER", os_type="LINUX", parameters="http://linux.example/"),
        ),
        service_actions=(
            ServiceAction(service_id=1, action_id=1, order=1),
            ServiceAction(service_id=1, action_id=2, order=2),
            ServiceAction(service_id=2, action_id=1),
        ),
        seats=(
            Seat(id=1, exten="PJSIP/201", mac="00:1c:bf:37:53:ba"),
            Seat(id=2, exten="PJSIP/202", mac="00:1c:bf:37:53:bb"),
            Seat(id=3, exten="SIP/303", host="198.51.100.0/24"),
        ),
        extensions=(Extension(seat_id=1, exten="Local/251@phones/n"),),
        operators=(
            Operator(id=1, username="anna", full_name="Anna", password=digest("a"), is_call_center=True),
            Operator(id=2, username="bruno", full_name="Bruno", password=digest("b"), is_call_center=True),
            Operator(id=3, username="carla", full_name="Carla", password=digest("c")),
            Operator(id=4, username="dario", full_name="Dario", password=digest("d"), seat_id=2),
            Operator(id=5, username="elsa", full_name="Elsa", password=digest("e"), enabled=False),
        ),
        service_operators=(
            ServiceOperator(service_id=1, operator_id=1),
            ServiceOperator(service_id=2, operator_id=1, penalty=1),
            ServiceOperator(service_id=3, operator_id=1),
        ),
    )
    return replace(configuration, **changes)


class Turns:
    """A clock for slices: a turn of the reactor takes a second."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock

    def callLater(self, delay: float, call: Callable[..., object], *about: Any) -> Any:
        return self._clock.callLater(delay + 1, call, *about)


def short_slices(clock: Clock, steps: int = 1) -> Slices:
    """Slices of so many steps."""
    ticks = count()
    return Slices(Turns(clock), steps, lambda: next(ticks))


def whole_slices(clock: Clock) -> Slices:
    """Slices that are as long as anybody likes: all is done in one turn, however slow the machine is."""
    return Slices(clock, timer=lambda: 0.0)


class Office:
    """A desk with everything around it faked."""

    def __init__(
        self,
        configuration: Configuration | None = None,
        *,
        listening: Any = None,
        slices: Callable[[Clock], Slices] = whole_slices,
        **settings: Any,
    ) -> None:
        self.clock = Clock()
        self.slices = slices(self.clock)
        self.phones = Phones()
        self.members = Members()
        self.store = Store()
        self.started: list[Sequence[RenderedAction]] = []
        self.configuration = call_centre() if configuration is None else configuration
        self.settings = Settings(**{"upgrade_hashes": False, "require_tls": "no", **settings})
        self.accounts = Accounts(self.clock, AtOnce(), self.configuration, key=b"k", store=self.store, upgrade=False)
        self.desk = Desk(
            self.clock,
            self.configuration,
            self.settings,
            self.accounts,
            listening=self.phones if listening is None else listening,
            membership=self.members,
            start=self.started.append,
            slices=self.slices,
        )
        self.desk.link_changed(True)
        verifyObject(IDesk, self.desk)

    def ask(self, client: FakeClient, command: Any) -> Any:
        """A command's reply, or the refusal."""
        got: list[Any] = []
        reply = maybeDeferred(self.desk.perform, client, command)
        reply.addErrback(lambda f: f.value if f.check(Refused) else f).addCallback(got.append)
        return got[0] if got else None

    def client(self, peer: str = "192.0.2.10", secure: bool = False) -> FakeClient:
        """A client that has just connected."""
        client = FakeClient(peer, secure)
        verifyObject(IClient, client)
        self.desk.attach(client)
        return client


def notice(kind: str, seat: str = "PJSIP/201", service_id: int = 0, **details: Any) -> Notice:
    """A call event for a seat."""
    pop = details.pop("pop", False)
    call = CallView(**{"uniqueid": "1.1", "channel": "PJSIP/out-1", "number": "0551", **details})
    return Notice(kind, seat, call, service_id, pop, 0.0)
