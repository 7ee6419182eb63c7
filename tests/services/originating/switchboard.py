"""A desk whose operators dial, a PBX that is asked, and what it says about it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from twisted.internet.defer import Deferred

from astcti.ami.actions import Action
from astcti.ami.message import Message
from astcti.config.model import Configuration, Extension, Service, ServiceAction, ServiceOperator
from astcti.config.plan import plan_of
from astcti.errors import AMIError
from astcti.model.calls import Tracker
from astcti.model.commands import ClaimExtension, ClaimMac, Login
from astcti.model.facts import MemberAdded, MemberPaused
from astcti.model.notices import Notice
from astcti.model.roster import Roster
from astcti.services.following import Follower
from astcti.services.originating import Originating, Telecommuting
from tests.services.fakes import FakeClient, Office, call_centre, digest
from tests.services.pbx import channel, message

UNKNOWN = "<unknown>"
SEATS = {"anna": "00:1c:bf:37:53:ba", "bruno": "00:1c:bf:37:53:bb"}


def dialling_centre(**changes: Any) -> Configuration:
    """The usual call centre; Anna dials through ``outgoing``, Bruno through three services, Carla through none."""
    usual = call_centre()
    configuration = replace(
        usual,
        services=(
            *usual.services[:2],
            Service(id=3, name="outgoing", context_type="OUTBOUND"),
            Service(id=4, name="internal", context_type="OUTBOUND", allowed_extensions="200-299, _0X., 911, s"),
            Service(id=5, name="closed", context_type="OUTBOUND", enabled=False),
            Service(id=6, name="Abroad", context_type="OUTBOUND", is_default=True),
        ),
        service_actions=(*usual.service_actions, ServiceAction(service_id=3, action_id=1)),
        extensions=(
            *usual.extensions,
            Extension(seat_id=1, exten="SIP/261", can_auto_answer=True),
            Extension(seat_id=1, exten="PJSIP/262", can_auto_answer=True),
            Extension(seat_id=1, exten="PJSIP/263", can_auto_answer=True, enabled=False),
        ),
        service_operators=(
            *usual.service_operators,
            *(ServiceOperator(service_id=s, operator_id=2) for s in (1, 3, 4, 5, 6)),
            ServiceOperator(service_id=1, operator_id=3),
        ),
    )
    return replace(configuration, **changes)


class FakeAsking:
    """The PBX as far as it is asked; it answers when the test says so."""

    def __init__(self) -> None:
        self.asked: list[tuple[Any, Deferred[Message]]] = []

    def sendAction(self, action: Action, /) -> Deferred[Message]:
        action.encode("x")  # or it could never have been sent
        answer: Deferred[Message] = Deferred()
        self.asked.append((action, answer))
        return answer

    def collectAction(self, action: Action, /) -> Deferred[list[Message]]:
        raise AssertionError("nobody wants a list")


class Switchboard(Office):
    """Everything that is there when operators dial.

    :ivar actions: the actions that the PBX was sent.
    """

    def __init__(self, configuration: Configuration | None = None, **settings: Any) -> None:
        configuration = configuration or dialling_centre()
        self.tracker = Tracker(plan_of(configuration))
        super().__init__(configuration, listening=self.tracker, **settings)
        self.asking = FakeAsking()
        self.roster = Roster()
        self.follower = Follower(self.clock, self.tracker, self.roster, self.desk)
        self.originating = Originating(self.clock, self.asking, self.follower)
        self.desk.employ(self.originating, Telecommuting(self.clock))

    def seat(self, name: str, phone: str = "") -> FakeClient:
        """Somebody sits down; the password is the first letter."""
        client = self.client()
        self.ask(client, Login(name, digest(name[0])))
        self.ask(client, ClaimExtension(phone) if phone else ClaimMac(SEATS[name]))
        return client

    @property
    def actions(self) -> list[Any]:
        """All that was asked."""
        return [action for action, _ in self.asking.asked]

    def accept(self, number: int = -1) -> Any:
        """The PBX accepts an order; gives it."""
        action, answer = self.asking.asked[number]
        where = self.asking.asked.index((action, answer))
        lines = f"Response: Success\r\nActionID: id-{where}\r\nMessage: Originate successfully queued"
        answer.callback(Message(lines.encode()))
        return action

    def refuse(self, error: AMIError) -> None:
        """It does not."""
        self.asking.asked[-1][1].errback(error)

    def say(self, *messages: Message) -> None:
        """The PBX says something."""
        for each in messages:
            self.follower.follow(each)

    def rings(self, number: int = -1) -> None:
        """The phone of an order rings."""
        action = self.actions[number]
        name = f"{action.channel}-1"
        self.say(
            channel(action.channel_id, name), channel(action.channel_id, name, "Newstate", ChannelStateDesc="Ringing")
        )

    def result(self, reason: int, number: int = -1, action_id: str = "") -> None:
        """``OriginateResponse``."""
        action = self.actions[number]
        success = reason == 4
        phone = f"{action.channel}-1" if success else action.channel
        self.say(
            message(
                "OriginateResponse", ActionID=action_id or f"id-{range(len(self.actions))[number]}",
                Response="Success" if success else "Failure", Channel=phone,
                Context=action.context, Exten=action.exten, Reason=reason,
                Uniqueid=action.channel_id if success else UNKNOWN,
            )
        )  # fmt: skip

    def answered(self, number: int = -1) -> None:
        """The phone of an order is answered."""
        action = self.actions[number]
        self.say(channel(action.channel_id, f"{action.channel}-1", "Newstate", ChannelStateDesc="Up"))

    def hangs_up(self, cause: int, number: int = -1) -> None:
        """The channel of an order is gone."""
        action = self.actions[number]
        self.say(channel(action.channel_id, f"{action.channel}-1", "Hangup", Cause=cause, **{"Cause-txt": "words"}))

    def pause(self, phone: str, paused: bool = True, queue: str = "astcti") -> None:
        """The PBX has a phone in a queue, paused or not."""
        self.roster.feed(MemberAdded(queue, phone, "", "dynamic", 0, False, "", 1))
        self.roster.feed(MemberPaused(queue, phone, paused, ""))


def responses(client: FakeClient) -> list[tuple[str, int | None]]:
    """State and reason of every ``OriginateResponse`` a client was told."""
    told: list[Notice] = [notice for notice, _ in client.told]
    return [(n.call.state, n.call.reason_code) for n in told if n.kind == "OriginateResponse"]
