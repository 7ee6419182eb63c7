"""A desk whose operators work in queues, and a PBX that pauses them when the test lets it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from twisted.internet.defer import Deferred

from astcti.ami.actions import Action
from astcti.ami.message import Message
from astcti.config.model import Configuration, Extension, Operator, Service, ServiceOperator
from astcti.config.plan import plan_of
from astcti.errors import AMIRefused
from astcti.model.calls import Tracker
from astcti.model.commands import ClaimMac, EndWrapUp, Login, Pause, SetWrapUp
from astcti.model.roster import Roster
from astcti.services.following import Follower
from astcti.services.pausing import IRecords, MemoryRecords, Pausing
from tests.services.fakes import FakeClient, Office, call_centre, digest
from tests.services.pbx import a_call, channel, message

SEATS = {"anna": "00:1c:bf:37:53:ba", "bruno": "00:1c:bf:37:53:bb", "fay": "00:1c:bf:37:53:bc"}
PHONE, SECOND = "PJSIP/201", "Local/251@phones/n"
ONE, TWO = "one", "two"
DENIED = AMIRefused("Permission denied")


def queue_centre(**anna: Any) -> Configuration:
    """Anna and Bruno work in two queues, the first with ten seconds of after-call work; Fay supervises."""
    usual = call_centre()
    operators = (
        replace(usual.operators[0], **anna),
        usual.operators[1],
        Operator(id=6, username="fay", full_name="Fay", password=digest("f"), is_supervisor=True),
    )
    return replace(
        usual,
        services=(
            Service(id=1, name="direct"),
            Service(id=2, name="first", queue_name=ONE, wrapup_seconds=10),
            Service(id=3, name="second", queue_name=TWO),
        ),
        variables=(),
        service_actions=(),
        operators=operators,
        seats=(*usual.seats[:2], replace(usual.seats[2], mac=SEATS["fay"], host="")),
        extensions=(),
        service_operators=tuple(ServiceOperator(service_id=s, operator_id=o) for s in (1, 2, 3) for o in (1, 2, 6)),
    )


def two_phones() -> Configuration:
    """Anna has a second phone."""
    return replace(queue_centre(), extensions=(Extension(seat_id=1, exten=SECOND),))


class QueuesOfPbx:
    """The queues of a PBX as far as pauses go, and who asked for what.

    :ivar members: queue and interface to whether paused, and why.
    :ivar willing: whether it does at once what it is asked.
    :ivar refusing: what it refuses everything with.
    """

    def __init__(self) -> None:
        self.members: dict[tuple[str, str], tuple[bool, str]] = {}
        self.asked: list[tuple[Any, Deferred[Message]]] = []
        self.willing = True
        self.refusing: Exception | None = None
        self.say: Any = None

    def sendAction(self, action: Action, /) -> Deferred[Message]:
        action.encode("x")
        answer: Deferred[Message] = Deferred()
        self.asked.append((action, answer))
        if self.refusing is not None:
            self.refuse(self.refusing)
        elif self.willing:
            self.respond()
            self.show()
        return answer

    def collectAction(self, action: Action, /) -> Deferred[list[Message]]:
        raise AssertionError("nobody wants a list")

    @property
    def actions(self) -> list[tuple[str, str, bool, str]]:
        """Interface, queue, paused and reason of all that was asked."""
        return [(a.interface, a.queue or "", a.paused, a.reason or "") for a, _ in self.asked]

    def respond(self, index: int = -1) -> None:
        """``Success``."""
        self.asked[index][1].callback(Message(b"Response: Success"))

    def refuse(self, error: Exception = DENIED, index: int = -1) -> None:
        """``Error``."""
        self.asked[index][1].errback(error)

    def show(self, index: int = -1, *queues: str) -> None:
        """The events that come of an action, all or those of these queues."""
        action = self.asked[index][0]
        for queue, interface in list(self.members):
            if interface == action.interface and action.queue in (None, queue) and (not queues or queue in queues):
                self.pause(queue, interface, action.paused, action.reason or "")

    def pause(self, queue: str, interface: str = PHONE, paused: bool = True, reason: str = "") -> None:
        """A member is paused or unpaused, by whomever."""
        self.members[queue, interface] = (paused, reason)
        self.say(
            message("QueueMemberPause", Queue=queue, Interface=interface, Paused=f"{paused:d}", PausedReason=reason)
        )

    def add(self, queue: str, interface: str = PHONE, paused: bool = False, reason: str = "") -> None:
        """A member comes."""
        self.members[queue, interface] = (paused, reason)
        self.say(
            message(
                "QueueMemberAdded", Queue=queue, MemberName=interface, Interface=interface, Membership="dynamic",
                Penalty="0", Status="1", Paused=f"{paused:d}", PausedReason=reason,
            )
        )  # fmt: skip

    def remove(self, queue: str, interface: str = PHONE) -> None:
        """A member goes."""
        del self.members[queue, interface]
        self.say(message("QueueMemberRemoved", Queue=queue, MemberName=interface, Interface=interface))


class Ward(Office):
    """Everything that is there when operators pause."""

    def __init__(
        self, configuration: Configuration | None = None, *, records: IRecords | None = None, now: float = 1000.0,
        pbx: QueuesOfPbx | None = None, **settings: Any,
    ) -> None:  # fmt: skip
        configuration = configuration or queue_centre()
        self.tracker = Tracker(plan_of(configuration))
        super().__init__(configuration, listening=self.tracker, **settings)
        self.clock.advance(now)
        self.records = MemoryRecords() if records is None else records
        self.pbx = QueuesOfPbx() if pbx is None else pbx
        self.roster = Roster()
        self.follower = Follower(self.clock, self.tracker, self.roster, self.desk)
        self.pausing = Pausing(self.clock, self.pbx, self.roster, self.tracker, self.records)
        self.desk.employ(self.pausing)
        self.pbx.say = self.follower.follow
        for (queue, interface), (paused, reason) in list(self.pbx.members.items()):
            self.pbx.add(queue, interface, paused, reason)

    def sit(self, name: str = "anna", *queues: str, modern: bool = True) -> FakeClient:
        """Somebody sits down, and becomes a member of these queues."""
        client = self.client()
        if modern:
            client.capabilities.add("events2")
        self.ask(client, Login(name, digest(name[0])))
        self.ask(client, ClaimMac(SEATS[name]))
        for queue in queues:
            for interface in self.desk.floor.of(client).channels:
                self.pbx.add(queue, interface)
        self.settle()
        return client

    def pause(self, client: FakeClient, queue: str = "", reason: str = "") -> Any:
        """``PAUSE IN``."""
        return self.ask(client, Pause(True, queue, reason))

    def unpause(self, client: FakeClient, queue: str = "") -> Any:
        """``PAUSE OUT``."""
        return self.ask(client, Pause(False, queue))

    def ready(self, client: FakeClient) -> Any:
        """``REDY``."""
        return self.ask(client, EndWrapUp())

    def wrap(self, client: FakeClient, on: bool = True) -> Any:
        """``WRAP``."""
        return self.ask(client, SetWrapUp(on))

    def settle(self) -> None:
        """A moment passes."""
        self.clock.advance(0.06)

    @property
    def shown(self) -> dict[str, tuple[bool, str]]:
        """How the PBX shows Anna's first phone."""
        return {queue: how for (queue, interface), how in self.pbx.members.items() if interface == PHONE}

    # -- calls

    def answer(self, phone: str = PHONE) -> None:
        """A call is answered."""
        for each in a_call(phone):
            self.follower.follow(each)

    def hang_up(self, phone: str = PHONE) -> None:
        """It is over."""
        for uniqueid, name in (("1.2", f"{phone}-2"), ("1.1", "PJSIP/out-1")):
            self.follower.follow(channel(uniqueid, name, "Hangup", Cause=16))

    def connect(self, queue: str = ONE) -> None:
        """A call of a queue is answered."""
        self.answer()
        self._member("AgentConnect", queue, DestUniqueid="1.2", DestChannel=f"{PHONE}-2", HoldTime=1, RingTime=1)

    def complete(self, queue: str = ONE) -> None:
        """It is over."""
        self._member("AgentComplete", queue, HoldTime=1, TalkTime=5, Reason="caller")
        self.hang_up()
        self.settle()

    def miss(self, queue: str = ONE) -> None:
        """A call of a queue is not answered."""
        self._member("AgentRingNoAnswer", queue, RingTime=5000)
        self.settle()

    def _member(self, event: str, queue: str, **more: Any) -> None:
        self.follower.follow(message(event, Uniqueid="1.1", Queue=queue, Interface=PHONE, **more))


def states(client: FakeClient) -> list[dict[str, str]]:
    """What a client was told of agents' states."""
    return [dict(node.attributes) for kind, node in client.documents if kind == "AgentState"]


def state(client: FakeClient, name: str = "anna") -> dict[str, str]:
    """The last of an agent's states all in all."""
    return [s for s in states(client) if "queue" not in s and s["operator"] == name][-1]
