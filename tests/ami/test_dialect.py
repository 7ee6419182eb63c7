"""AMI messages become facts, whatever the version that wrote them."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from astcti.ami.dialect import EVENTS, callers_of, channels_of, interest_for, members_of, translate
from astcti.ami.message import Message, MessageReader
from astcti.model import Plan, ServicePlan, facts
from tests.recordings.expected import HERE, recordings


def message(*lines: str) -> Message:
    """An event as Asterisk writes it."""
    return Message("\r\n".join(lines).encode())


def messages(name: str, version: str = "22") -> list[Message]:
    """All messages of a recording."""
    return MessageReader().feed((HERE / version / f"{name}.ami").read_bytes())


class Versions(SynchronousTestCase):
    """One vocabulary for 1.4, 1.6 to 11 and 12 to 22."""

    def test_answered(self) -> None:
        """A connection is told as a pair, as a bridge of a pair, or as two that enter a bridge."""
        pair = ("Channel1: SIP/1-a", "Channel2: SIP/2-b", "Uniqueid1: 1.1", "Uniqueid2: 1.2")
        for event in (("Event: Link",), ("Event: Bridge", "Bridgestate: Link", "Bridgetype: core")):
            found = translate(message(*event, *pair))
            self.assertEqual([(f.uniqueid, f.channel) for f in found], [("1.1", "SIP/1-a"), ("1.2", "SIP/2-b")])
            self.assertEqual({f.bridge for f in found}, {"1.1+1.2"})
        for event in (("Event: Unlink",), ("Event: Bridge", "Bridgestate: Unlink")):
            self.assertEqual(
                translate(message(*event, *pair)),
                (facts.BridgeLeave("1.1+1.2", "1.1"), facts.BridgeLeave("1.1+1.2", "1.2")),
            )
        modern = message(
            "Event: BridgeEnter", "BridgeUniqueid: b", "BridgeType: basic", "Channel: SIP/1-a", "Uniqueid: 1.1"
        )
        self.assertEqual(translate(modern), (facts.BridgeEnter("b", "basic", "1.1", "", "SIP/1-a", ""),))

    def test_dial(self) -> None:
        """The three spellings of one phone dialling another."""
        old = message(
            "Event: Dial", "Source: SIP/1-a", "Destination: SIP/2-b", "CallerID: 333", "CallerIDName: <unknown>",
            "SrcUniqueID: 1.1", "DestUniqueID: 1.2",
        )  # fmt: skip
        middle = message(
            "Event: Dial", "SubEvent: Begin", "Channel: SIP/1-a", "Destination: SIP/2-b", "CallerIDNum: 333",
            "CallerIDName: <unknown>", "UniqueID: 1.1", "DestUniqueID: 1.2", "Dialstring: 2",
        )  # fmt: skip
        new = message(
            "Event: DialBegin", "Channel: SIP/1-a", "CallerIDNum: 333", "CallerIDName: <unknown>", "Uniqueid: 1.1",
            "DestChannel: SIP/2-b", "DestUniqueid: 1.2",
        )  # fmt: skip
        for m in (old, middle, new):
            self.assertEqual(translate(m), (facts.DialBegin("1.1", "SIP/1-a", "1.2", "SIP/2-b", "", "333", ""),))
        end = message("Event: Dial", "SubEvent: End", "UniqueID: 1.1", "DestUniqueID: 1.2", "DialStatus: BUSY")
        self.assertEqual(translate(end), (facts.DialEnd("1.1", "1.2", "BUSY"),))

    def test_channel(self) -> None:
        """State and caller have other names in 1.4; absent ones are empty everywhere."""
        old = message("Event: Newchannel", "Channel: SIP/1-a", "State: Ring", "CallerIDNum: <unknown>", "Uniqueid: 1.1")
        (fact,) = translate(old)
        self.assertEqual(fact, facts.ChannelNew("1.1", "1.1", "SIP/1-a", "Ring", "", "", "", "", ""))
        (state,) = translate(
            message("Event: Newstate", "Channel: SIP/1-a", "State: Up", "CallerID: 3", "Uniqueid: 1.1")
        )
        self.assertEqual((state.state, state.number), ("Up", "3"))

    def test_members(self) -> None:
        """Location and Interface, Paused and Pause."""
        for name, where in (("QueueMemberPaused", "Location"), ("QueueMemberPause", "Interface")):
            (fact,) = translate(message(f"Event: {name}", "Queue: q", f"{where}: SIP/1", "Paused: 1", "Reason: tea"))
            self.assertEqual(fact, facts.MemberPaused("q", "SIP/1", True, "tea"))

    def test_connect(self) -> None:
        """The agent's channel is the first one before 12 and the second one since."""
        old = message(
            "Event: AgentConnect", "Queue: q", "Uniqueid: 1.1", "Channel: SIP/1-a", "Member: SIP/1", "Holdtime: 3"
        )
        self.assertEqual(translate(old), (facts.AgentConnect("1.1", "q", "SIP/1", "", "SIP/1-a", 3),))

    def test_park(self) -> None:
        """A parker is an interface, whether told as dial string or as channel."""
        new = message("Event: ParkedCall", "ParkeeChannel: SIP/9-a", "ParkeeUniqueid: 1.1", "ParkingSpace: 701",
                      "ParkerDialString: SIP/anna-b")  # fmt: skip
        old = message("Event: ParkedCall", "Channel: SIP/9-a", "Uniqueid: 1.1", "From: SIP/anna-b-000a", "Exten: 701")
        for m in (new, old):
            self.assertEqual(translate(m), (facts.Parked("1.1", "SIP/9-a", "701", "SIP/anna-b"),))


class Values(SynchronousTestCase):
    """What a value looks like on the wire, and what it means."""

    def test_unescaped(self) -> None:
        """VarSet escapes its value; a backslash that escapes nothing known stands for the next character."""
        (fact,) = translate(
            message("Event: VarSet", "Channel: SIP/1-a", "Uniqueid: 1.1", "Variable: v", r"Value: a\"q\"\n\\\x")
        )
        self.assertEqual(fact.value, 'a"q"\n\\x')

    def test_names_as_they_are(self) -> None:
        """Mr O'Brien is shown as that, though Asterisk 12 and later write a backslash; older ones do not."""
        name = r"""CallerIDName: Pat \"Jr\" O\'Brien\?"""
        new = message("Event: Newchannel", "Channel: SIP/1-a", "Uniqueid: 1.1", "Linkedid: 1.1", name)
        self.assertEqual(translate(new)[0].name, """Pat "Jr" O'Brien?""")
        old = message("Event: Newchannel", "Channel: SIP/1-a", "Uniqueid: 1.1", "CallerIDName: back\\slash")
        self.assertEqual(translate(old)[0].name, "back\\slash")

    def test_globals(self) -> None:
        """A global variable belongs to no call."""
        self.assertEqual(
            translate(message("Event: VarSet", "Channel: none", "Uniqueid: none", "Variable: v", "Value: 1")), ()
        )

    def test_unknown(self) -> None:
        """Events, and messages that are none, mean nothing when nobody knows them."""
        for m in (message("Event: Whatever", "A: b"), message("Response: Success"), message("rubbish"), Message(b"")):
            self.assertEqual(translate(m), ())

    def test_bad_numbers(self) -> None:
        """A number that is none is 0, not an error."""
        (fact,) = translate(message("Event: Hangup", "Channel: SIP/1-a", "Uniqueid: 1.1", "Cause: soon"))
        self.assertEqual(fact.cause, 0)

    def test_every_recorded_message(self) -> None:
        """Nothing that Asterisk said in 180 recordings makes translation fail."""
        seen = set()
        for path in recordings():
            for m in MessageReader().feed(path.read_bytes()):
                if translate(m):
                    seen.add(m.event)
        self.assertGreater(len(seen & set(EVENTS)), 25)


class Lists(SynchronousTestCase):
    """State rebuilt from lists."""

    def test_channels(self) -> None:
        """Who talks to whom, from CoreShowChannels."""
        for version in ("16", "22"):
            found, present = channels_of(messages("lists", version), messages("lists", version))
            self.assertEqual(len(present), 3)
            channels = {f.uniqueid: f.channel for f in found if isinstance(f, facts.ChannelNew)}
            entered = {f.uniqueid: f for f in found if isinstance(f, facts.BridgeEnter)}
            phone = next(f for f in found if isinstance(f, facts.ChannelNew) and "/201-" in f.channel)
            self.assertEqual(entered[phone.uniqueid].bridge, entered[phone.linkedid].bridge)
            kinds = {channels[uniqueid]: f.kind for uniqueid, f in entered.items()}
            self.assertEqual(sorted(kinds.values()), ["basic", "basic", "parking"])
            self.assertEqual(kinds[phone.channel], "basic")

    def test_members(self) -> None:
        """Who is a member, from QueueStatus."""
        for version in ("16", "22"):
            members = members_of(messages("lists", version))
            self.assertIn(("astcti-queue", "PJSIP/201"), {(m.queue, m.interface) for m in members})
            self.assertEqual({m.membership for m in members} - {"static", "dynamic"}, set())

    def test_waiting(self) -> None:
        """Who waits, from QueueStatus."""
        entry = message("Event: QueueEntry", "Queue: q", "Position: 2", "Channel: SIP/1-a", "Uniqueid: 1.1",
                        "CallerIDNum: 3", "CallerIDName: <unknown>", "Wait: 7")  # fmt: skip
        self.assertEqual(callers_of([entry]), [facts.QueueJoin("1.1", "", "SIP/1-a", "q", 2, "3", "", 7)])


class Interests(SynchronousTestCase):
    """What is worth parsing."""

    def test_follows_the_plan(self) -> None:
        """Watched variables, inherited spellings and contexts, all in lower case; nothing is watched for nobody."""
        interest = interest_for(Plan.of([ServicePlan(1, "Sales", variables=("CallData",))]))
        self.assertEqual(interest.variables, {b"calldata", b"_calldata", b"__calldata"})
        self.assertEqual(interest.contexts, {b"sales"})
        self.assertIn(b"BridgeEnter", interest.events)
        self.assertEqual(interest_for(Plan.of([])).applications, frozenset())
