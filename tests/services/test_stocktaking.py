"""Whenever the link is lost and comes back, and whenever the PBX makes its lists: a call that is answered pops once."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from itertools import combinations_with_replacement, islice
from typing import Any, NamedTuple

from twisted.internet.defer import Deferred
from twisted.trial.unittest import SynchronousTestCase

from astcti.ami.message import Message
from astcti.config.model import ServiceOperator
from astcti.model.commands import ClaimMac, Login
from tests.services.fakes import FakeClient, call_centre, digest
from tests.services.pbx import channel, message
from tests.services.test_link import Switchboard

CALLER, PHONE, OTHER = ("1.1", "PJSIP/out-1"), ("1.2", "PJSIP/201-2"), ("1.3", "PJSIP/202-3")


class Step(NamedTuple):
    """One event, and what it changes of what the PBX's lists say: a channel's fields, or none when it is gone."""

    event: Message
    uniqueid: str = ""
    change: dict[str, str] | None = {}


def new(who: tuple[str, str], **fields: str) -> Step:
    """A channel comes."""
    return Step(channel(*who, **fields), who[0], {"name": who[1], **fields})


def runs(who: tuple[str, str], application: str, data: str = "", context: str = "direct") -> Step:
    """A channel runs an application."""
    event = channel(*who, "Newexten", Application=application, AppData=data, Context=context, Exten="100")
    return Step(event, who[0], {"Application": application, "ApplicationData": data, "Context": context})


def sets(who: tuple[str, str], value: str) -> Step:
    """The caller's digits."""
    return Step(channel(*who, "VarSet", Variable="calldata", Value=value, Context="direct"), who[0], {"=": value})


def state(who: tuple[str, str], number: str, word: str) -> Step:
    """A phone rings or is up."""
    told = {"ChannelState": number, "ChannelStateDesc": word}
    return Step(channel(*who, "Newstate", **told), who[0], told)


def enters(who: tuple[str, str], bridge: str) -> Step:
    """A channel comes into a bridge."""
    return Step(channel(*who, "BridgeEnter", BridgeUniqueid=bridge, BridgeType="basic"), who[0], {"BridgeId": bridge})


def leaves(who: tuple[str, str], bridge: str) -> Step:
    """A channel goes out of a bridge."""
    return Step(channel(*who, "BridgeLeave", BridgeUniqueid=bridge, BridgeType="basic"), who[0], {"BridgeId": ""})


def ends(who: tuple[str, str]) -> Step:
    """A channel goes."""
    return Step(channel(*who, "Hangup", Cause="16", **{"Cause-txt": "x"}), who[0], None)


def dials(who: tuple[str, str]) -> Step:
    """The caller's dial plan rings a phone."""
    dest = {"DestChannel": who[1], "DestUniqueid": who[0], "DestLinkedid": "1.1"}
    caller = {"Channel": CALLER[1], "Uniqueid": CALLER[0], "Linkedid": "1.1", "CallerIDNum": "0551"}
    return Step(message("DialBegin", **caller, **dest, DialString="201"))


BEGIN = [
    new(CALLER, CallerIDNum="0551", Context="direct"),
    runs(CALLER, "Answer"),
    sets(CALLER, "12345"),
    runs(CALLER, "Dial", "PJSIP/201"),
    new(PHONE),
    dials(PHONE),
    state(PHONE, "5", "Ringing"),
    state(PHONE, "6", "Up"),
    enters(CALLER, "b1"),
    enters(PHONE, "b1"),
]
TRANSFER = [
    leaves(PHONE, "b1"),
    leaves(CALLER, "b1"),
    ends(PHONE),
    runs(CALLER, "Dial", "PJSIP/202", "agents"),
    new(OTHER),
    dials(OTHER),
    state(OTHER, "6", "Up"),
    enters(OTHER, "b2"),
    enters(CALLER, "b2"),
]


BRIDGES = {PHONE: {"BridgeId": "b1"}, OTHER: {"BridgeId": "b2"}}


class World:
    """The PBX after some of the steps, as its lists show it."""

    def __init__(self, steps: Sequence[Step]) -> None:
        self.channels: dict[str, dict[str, str]] = {}
        for step in steps:
            if step.change is None:
                self.channels.pop(step.uniqueid, None)
            elif step.uniqueid:
                self.channels.setdefault(step.uniqueid, {}).update(step.change)

    def shown(self) -> list[Message]:
        """``CoreShowChannels``."""
        return [
            channel(uniqueid, fields["name"], "CoreShowChannel", **{"BridgeId": "", **_but(fields)})
            for uniqueid, fields in self.channels.items()
        ]

    def bridges(self) -> list[Message]:
        """``BridgeList``."""
        names = {fields.get("BridgeId") for fields in self.channels.values()} - {None, ""}
        return [message("BridgeListItem", BridgeUniqueid=name, BridgeType="basic") for name in sorted(names)]

    def status(self, name: str) -> list[Message]:
        """``Status`` of one channel with its variable."""
        return [
            channel(uniqueid, name, "Status", Variable=f"calldata={fields.get('=', '')}")
            for uniqueid, fields in self.channels.items()
            if fields["name"] == name
        ]

    def talking(self, phone: tuple[str, str]) -> bool:
        """Whether the caller and that phone are in one bridge."""
        bridges = [self.channels.get(who[0], {}).get("BridgeId") for who in (CALLER, phone)]
        return bool(bridges[0]) and bridges[0] == bridges[1]


def _but(fields: dict[str, str]) -> dict[str, str]:
    return {name: value for name, value in fields.items() if name not in ("name", "=")}


class Course(NamedTuple):
    """When what happens, in steps: the link is lost, it is back, the lists are made, variables are asked for, and the
    server has read everything."""

    lost: int
    back: int
    channels: int
    bridges: int
    queues: int
    variables: int
    done: int

    @property
    def knows_service(self) -> bool:
        """Whether the server can know at all which service the caller had reached: it hears one of the applications in
        the service's context, or the list is made before the caller has gone on to another one."""
        return self.channels <= len(BEGIN) + 3 or any(not self.lost < at <= self.back for at in (2, 4))


def knows_of_talk(steps: Sequence[Step], course: Course, phone: tuple[str, str]) -> bool:
    """Whether the server can know that the caller and a phone were in one bridge: of each it has heard that they came
    in, or found it in the lists."""
    listed = World(steps[: course.channels]).channels
    bridge = BRIDGES[phone]
    for who in (CALLER, phone):
        came = next(at for at, step in enumerate(steps, 1) if step.uniqueid == who[0] and step.change == bridge)
        if course.lost < came <= course.back and listed.get(who[0], {}).get("BridgeId") != bridge["BridgeId"]:
            return False
    return True


def courses(steps: int) -> Iterator[Course]:
    """All of them that are in order; the lists are made at most two steps apart, which suffices to tear them apart."""
    for lost, back, channels in combinations_with_replacement(range(steps + 1), 3):
        for bridges in range(channels, min(channels + 2, steps) + 1):
            for variables in range(bridges, min(bridges + 1, steps) + 1):
                yield Course(lost, back, channels, bridges, bridges, variables, min(variables + 1, steps))


#: Of how many courses one is played: a prime, so that no regularity of theirs hides behind it.
EVERY = 1 if os.environ.get("ASTCTI_TEST_EVERY") else 37


class StockTests(SynchronousTestCase):
    """A call, and a link that is away for a part of it.

    With ``ASTCTI_TEST_EVERY`` every course is played, which takes minutes; else one of ``EVERY``.
    """

    def play(self, steps: Sequence[Step], course: Course) -> tuple[Switchboard, FakeClient, FakeClient]:
        """Play it, and hang up."""
        both = tuple(ServiceOperator(service_id=1, operator_id=number) for number in (1, 2))
        board = Switchboard(configuration=call_centre(service_operators=both))
        pbx: Any = board.exchange.pbx
        pbx.come_up()
        anna = seat(board, "anna", "00:1c:bf:37:53:ba")
        bruno = seat(board, "bruno", "00:1c:bf:37:53:bb")
        pbx.late = []
        at = 0

        def until(step: int) -> None:
            nonlocal at
            while at < step:
                event = steps[at].event
                at += 1
                if not course.lost < at <= course.back:
                    pbx.say(event)

        def answer(name: str, listed: list[Message]) -> None:
            for index, (asked, promise) in enumerate(pbx.late):
                if asked == name:
                    del pbx.late[index]
                    promise.callback(listed)
                    return

        until(course.lost)
        pbx.go_down()
        until(course.back)
        channels: dict[Deferred[Any], str] = {}
        collect = pbx.collectAction

        def collecting(action: Any) -> Any:
            promise = collect(action)
            channels[promise] = getattr(action, "channel", None) or ""
            return promise

        pbx.collectAction = collecting
        pbx.come_up()
        until(course.channels)
        answer("CoreShowChannels", World(steps[: course.channels]).shown())
        until(course.bridges)
        answer("BridgeList", World(steps[: course.bridges]).bridges())
        until(course.queues)
        answer("QueueStatus", [])
        until(course.variables)
        while pbx.late:
            name, promise = pbx.late[0]
            self.assertEqual(name, "Status")
            answer(name, World(steps[: course.variables]).status(channels[promise]))
        until(len(steps))
        self.assertTrue(board.desk.link_up)
        board.clock.advance(1)
        return board, anna, bruno

    def check(self, steps: Sequence[Step], phones: Sequence[tuple[str, str]]) -> int:
        """Whoever was connected at a time the server could know of has popped once, with the digits; how many courses.

        What began and ended while the link was away, nobody can know of; nor which service a caller had reached
        meanwhile and left again.
        """
        count = 0
        for course in islice(courses(len(steps)), 0, None, EVERY):
            clients = self.play(steps, course)[1:]
            for client, phone in zip(clients, phones, strict=False):
                pops = [n for n, actions in client.told if actions]
                visible = (*range(course.lost + 1), *range(course.back, len(steps) + 1))
                expected = any(World(steps[:at]).talking(phone) for at in visible)
                digits = [dict(n.call.variables)["calldata"] for n in pops]
                if expected and not (course.knows_service and knows_of_talk(steps, course, phone)):
                    self.assertIn(digits, ([], ["12345"]), (course, phone))
                else:
                    self.assertEqual(digits, ["12345"] if expected else [], (course, phone))
            count += 1
        return count

    def test_answered(self) -> None:
        """A call that is answered pops exactly once, wherever the link is cut and whenever the lists are made."""
        self.assertGreater(self.check(BEGIN, [PHONE]), 1000 // EVERY)

    def test_transferred(self) -> None:
        """So it does at each of two agents when the first passes it on to the second."""
        self.assertGreater(self.check(BEGIN + TRANSFER, [PHONE, OTHER]), 5000 // EVERY)

    def test_ended(self) -> None:
        """Every call that a client has heard of ends for it, once and last of all, and nothing of it is left."""
        steps = [*BEGIN, leaves(PHONE, "b1"), leaves(CALLER, "b1"), ends(PHONE), ends(CALLER)]
        for course in islice(courses(len(steps)), 0, None, EVERY):
            board, anna, _ = self.play(steps, course)
            self.assertEqual(board.tracker.legs, {}, course)
            stories: dict[str, list[str]] = {}  # the phone's own until its caller is known, then the caller's
            for notice, _ in anna.told:
                stories.setdefault(notice.call.uniqueid, []).append(notice.kind)
            for kinds in stories.values():
                self.assertEqual((kinds.count("Hangup"), kinds[-1]), (1, "Hangup"), (course, stories))

    def test_marked(self) -> None:
        """What was answered while the link was away is marked as recovered; what everybody saw is not."""
        steps = len(BEGIN)
        _, anna, _ = self.play(BEGIN, Course(4, steps, steps, steps, steps, steps, steps))
        self.assertEqual([(n.kind, n.recovered) for n, actions in anna.told if actions], [("Link", True)])
        _, anna, _ = self.play(BEGIN, Course(0, 0, 0, 0, 0, 0, 0))
        self.assertEqual([(n.kind, n.recovered) for n, actions in anna.told if actions], [("Link", False)])


def seat(board: Switchboard, username: str, mac: str) -> FakeClient:
    """An operator at a seat."""
    client = board.client()
    board.ask(client, Login(username, digest(username[0])))
    board.ask(client, ClaimMac(mac))
    return client
