"""A desk whose operators work on queues, and a PBX with queues that does what it is asked."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from twisted.internet.defer import Deferred, fail, succeed

from astcti.ami.actions import Action
from astcti.ami.message import Message
from astcti.config.model import Configuration, Operator, Service, ServiceOperator
from astcti.errors import AMIError, AMILost, AMIRefused
from astcti.model.channels import normalise_interface
from astcti.model.commands import ClaimMac, Login
from astcti.model.facts import Fact, MemberAdded, MemberPaused, MemberRemoved
from astcti.model.roster import Roster
from astcti.services.journal import SCHEMA, Journal
from astcti.services.membership import Membership
from astcti.services.pausing import Pausing
from astcti.services.pausing.records import JournalRecords
from tests.services.fakes import FakeClient, Office, call_centre, digest
from tests.services.memorystore import MemoryStore
from tests.services.pbx import message

PHONE = "PJSIP/201"
ANNAS = {("sales", PHONE), ("support", PHONE)}
MACS = {"anna": "00:1c:bf:37:53:ba", "bruno": "00:1c:bf:37:53:bb"}
Sit = tuple[str, str]


def queue_centre(**changes: Any) -> Configuration:
    """Anna works on ``sales`` (through two services, penalty 1 and 3) and ``support``; Bruno speaks Italian."""
    usual = call_centre()
    changed: dict[str, Any] = {
        "services": (
            Service(id=1, name="direct"),
            Service(id=2, name="one", queue_name="sales"),
            Service(id=3, name="two", queue_name="sales"),
            Service(id=4, name="help", queue_name="support"),
            Service(id=5, name="italian", queue_name="italian", language="it"),
        ),
        "service_operators": (
            ServiceOperator(service_id=2, operator_id=1, penalty=3),
            ServiceOperator(service_id=3, operator_id=1, penalty=1),
            ServiceOperator(service_id=4, operator_id=1),
        ),
        "extensions": (),
        "operators": (
            usual.operators[0],
            Operator(id=2, username="bruno", full_name="Bruno", password=digest("b"), is_call_center=True,
                     languages=("it",)),
        ),
    }  # fmt: skip
    return replace(usual, variables=(), actions=(), service_actions=(), **{**changed, **changes})


class QueuePbx:
    """The PBX's queues.

    :ivar members: by queue and interface: penalty, paused, name, kind of membership.
    :ivar asked: names of the actions with what they are about, in order.
    :ivar held: while it is a list, actions wait for :meth:`release`.
    :ivar silent: whether changes are made without an event.
    :ivar refusals: action name to the message it is refused with.
    """

    def __init__(self, *queues: str) -> None:
        self.queues = set(queues)
        self.members: dict[Sit, tuple[int, bool, str, str]] = {}
        self.asked: list[tuple[Any, ...]] = []
        self.held: list[tuple[Any, Deferred[Message]]] | None = None
        self.silent = False
        self.up = True
        self.refusals: dict[str, str] = {}
        self.tell: Any = None

    def sendAction(self, action: Action, /) -> Deferred[Message]:
        action.encode("x")
        if not self.up:
            return fail(AMILost("no link"))
        if self.held is not None:
            waiting: Deferred[Message] = Deferred()
            self.held.append((action, waiting))
            return waiting
        return self._done(action)

    def release(self) -> None:
        """Do one of those that wait."""
        assert self.held
        action, waiting = self.held.pop(0)
        self._done(action).chainDeferred(waiting)

    def _done(self, action: Any) -> Deferred[Message]:
        try:
            facts = self._do(action)
        except AMIError as e:
            return fail(e)
        for fact in facts:
            if not self.silent:
                self.tell(fact)
        return succeed(Message(b"Response: Success"))

    def _do(self, a: Any) -> list[Fact]:
        name = a.NAME
        sit = (a.queue, a.interface)
        self.asked.append((name, *sit))
        if name in self.refusals:
            raise AMIRefused(self.refusals[name])
        if name == "QueuePause":
            sits = [s for s in self.members if s[1] == a.interface and a.queue in (None, s[0])]
            for s in sits:
                penalty, _, who, kind = self.members[s]
                self.members[s] = (penalty, a.paused, who, kind)
            return [MemberPaused(*s, a.paused, a.reason or "") for s in sits]
        if a.queue not in self.queues:
            raise AMIRefused("Unable to add interface to queue: No such queue")
        if name == "QueueAdd":
            if sit in self.members:
                raise AMIRefused("Unable to add interface: Already there")
            self.members[sit] = (a.penalty or 0, bool(a.paused), a.member_name, "dynamic")
            return [self.added(sit)]
        if sit not in self.members:
            raise AMIRefused("Unable to remove interface: Not there")
        if name == "QueueRemove":
            del self.members[sit]
            return [MemberRemoved(*sit)]
        assert name == "QueuePenalty"
        self.members[sit] = (a.penalty, *self.members[sit][1:])
        return []

    def added(self, sit: Sit) -> MemberAdded:
        """A membership, told of."""
        penalty, paused, name, kind = self.members[sit]
        return MemberAdded(*sit, name, kind, penalty, paused, "", 1)

    def collectAction(self, action: Any, /) -> Deferred[list[Message]]:
        sit = (action.queue, action.interface if hasattr(action, "interface") else action.member)
        self.asked.append((action.NAME, *sit))
        if sit not in self.members:
            return succeed([])
        penalty, paused, name, kind = self.members[sit]
        return succeed([message("QueueMember", Queue=sit[0], Location=sit[1], Name=name, Membership=kind,
                                Penalty=penalty, Paused=int(paused), Status=1)])  # fmt: skip


class QueueHall(Office):
    """Everything there is."""

    def __init__(self, pbx: QueuePbx | None = None, store: MemoryStore | None = None,
                 configuration: Configuration | None = None, now: float = 1000.0, linked: bool = True,
                 **settings: Any) -> None:  # fmt: skip
        super().__init__(configuration or queue_centre(), **settings)
        self.clock.advance(now)
        self.pbx = pbx or QueuePbx("sales", "support", "italian")
        self.pbx.tell = self.tell
        self.journal_store = store or MemoryStore(SCHEMA)
        self.journal = Journal(self.journal_store, self.clock.seconds)
        self.journal.startService()
        self.roster = Roster()
        self.desk._membership = self.desk._reception._membership = self.roster  # type: ignore[assignment]
        self.idle_phones: Any = type("Idle", (), {"states_at": lambda self, interface: ()})()
        self.pausing = Pausing(self.clock, self.pbx, self.roster, self.idle_phones, JournalRecords(self.journal))
        self.membership = self.pausing.queues = Membership(
            self.clock, self.pbx, self.roster, self.journal,
            learn=self.tell, stance=self.pausing.entering, away=self.pausing.away, stuck=self.pausing.stuck,
        )  # fmt: skip
        self.desk.employ(self.membership, self.pausing)
        if linked:
            self.resync()

    def resync(self) -> None:
        """The link is there, and what the PBX has is taken over."""
        self.pbx.up = True
        self.roster.replace(
            [self.pbx.added(sit) for sit in self.pbx.members],
            self.changed,
        )
        self.desk.link_changed(True)
        self.turn()

    def lose_link(self) -> None:
        """It is gone."""
        self.pbx.up = False
        self.desk.link_changed(False)

    def tell(self, fact: Any) -> None:
        """The PBX says something of a member."""
        if isinstance(fact, MemberAdded | MemberRemoved | MemberPaused) and self.roster.feed(fact):
            self.changed(fact)
        self.desk.member_fact(fact)

    def changed(self, fact: Any) -> None:
        """A membership is new, or gone."""
        self.desk.member_changed(fact.queue, normalise_interface(fact.interface), isinstance(fact, MemberAdded))

    def turn(self, seconds: float = 0.0) -> None:
        """Some turns of the reactor."""
        self.clock.advance(seconds)
        for _ in range(20):
            self.clock.advance(0)

    def log_in(self, name: str, *capabilities: str) -> FakeClient:
        """Somebody sits down."""
        client = self.client()
        client.capabilities.update(capabilities)
        self.ask(client, Login(name, digest(name[0])))
        self.ask(client, ClaimMac(MACS[name]))
        self.turn()
        return client

    def log_out(self, client: FakeClient, *, goodbye: bool = True) -> None:
        """Somebody goes."""
        client.said_goodbye = goodbye
        self.desk.detach(client)
        self.turn()

    @property
    def sits(self) -> set[Sit]:
        """Who is in which queue."""
        return set(self.pbx.members)

    def take_out(self, queue: str, interface: str) -> None:
        """A supervisor removes somebody at the PBX."""
        del self.pbx.members[queue, interface]
        self.tell(MemberRemoved(queue, interface))
        self.turn()


def crowd(count: int) -> Any:
    """So many operators with a seat each and one queue."""
    usual = queue_centre()
    from astcti.config.model import Operator, Seat
    from tests.services.fakes import digest

    return replace(
        usual,
        seats=tuple(Seat(id=n + 1, exten=f"PJSIP/{1000 + n}") for n in range(count)),
        operators=tuple(
            Operator(id=n + 1, username=f"op{n}", full_name=f"Op {n}", password=digest("x"), seat_id=n + 1)
            for n in range(count)
        ),
        service_operators=tuple(ServiceOperator(service_id=4, operator_id=n + 1) for n in range(count)),
    )


def sign_in(hall: QueueHall, client: Any, name: str) -> None:
    from astcti.model.commands import Login
    from tests.services.fakes import digest

    hall.ask(client, Login(name, digest("x")))
