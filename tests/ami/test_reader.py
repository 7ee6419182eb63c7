"""Framing: the same messages whatever the cut, nothing unwanted parsed, nothing without bound."""

from __future__ import annotations

import itertools
import re

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from astcti.ami.message import BadMessage, Interest, Message, MessageReader
from tests.ami.recorded import MODERN, plain_messages, stream

TALK = stream(22, "queue-answered")
INTEREST = Interest(
    frozenset({b"Newchannel", b"Hangup", b"VarSet", b"Newexten", b"QueueMemberRemoved", b"QueueCallerAbandon"}),
    variables=frozenset({b"calldata"}),
    applications=frozenset({b"answer"}),
)


def cut(data: bytes, places: list[int]) -> list[bytes]:
    """``data`` in pieces."""
    bounds = [0, *sorted(place % (len(data) + 1) for place in places), len(data)]
    return [data[a:b] for a, b in itertools.pairwise(bounds)]


def raws(reader: MessageReader, pieces: list[bytes]) -> list[bytes]:
    """The raw messages of a stream in pieces; a fault ends them."""
    found: list[bytes] = []
    try:
        for piece in pieces:
            found += [message.raw for message in reader.feed(piece)]
    except BadMessage as e:
        found += [message.raw for message in e.messages]
        found.append(b"fault")
    return found


class CutTests(SynchronousTestCase):
    def test_every_recording(self) -> None:
        """Everything Asterisk 16 and 22 were recorded to say is cut at the right places, also byte by byte."""
        for path in MODERN:
            data = path.read_bytes()
            reader = MessageReader()
            found = raws(reader, [data])
            self.assertEqual(found, plain_messages(data), path)
            self.assertRegex(reader.banner or "", r"^Asterisk Call Manager/\d+\.\d+\.\d+$")
        self.assertEqual(raws(MessageReader(), [bytes([b]) for b in TALK]), plain_messages(TALK))

    @settings(max_examples=60)
    @given(st.lists(st.integers(0, len(TALK)), max_size=40), st.sampled_from([None, INTEREST]))
    def test_any_cut(self, places: list[int], interest: Interest | None) -> None:
        """However the network cuts the stream, the same messages come out, with a filter or without."""
        whole, pieces = MessageReader(interest), MessageReader(interest)
        self.assertEqual(raws(pieces, cut(TALK, places)), raws(whole, [TALK]))
        self.assertEqual((pieces.messages, pieces.skipped), (whole.messages, whole.skipped))

    @settings(max_examples=300)
    @given(
        st.lists(
            st.sampled_from(
                [b"\r", b"\n", b"\r\n", b"Event: A", b"Response: Follows", b"--END COMMAND--", b"x: y", b"Z" * 40]
            )
            | st.binary(max_size=5),
            max_size=60,
        ),
        st.lists(st.integers(0, 10_000), max_size=20),
        st.booleans(),
    )
    def test_any_bytes_any_cut(self, tokens: list[bytes], places: list[int], banner: bool) -> None:
        """Rubbish in any cut never hangs, gives the same as in one piece, and fails with nothing but BadMessage."""
        data = b"".join(tokens)
        make = {"banner": banner, "max_line": 60, "max_headers": 6, "max_message": 120}
        one = raws(MessageReader(None, **make), [data])
        other = raws(MessageReader(None, **make), cut(data, places))
        shorter = min(len(one), len(other))
        self.assertEqual(one[:shorter], other[:shorter])
        self.assertIn(one[shorter:] + other[shorter:], ([], [b"fault"]))

    def test_line_feeds_alone(self) -> None:
        """An AMI proxy that ends its lines with LF alone is understood, also when only its greeting has CR LF."""
        plain = re.sub(rb"\r\n", b"\n", TALK)
        for data in (plain, plain.replace(b"\n", b"\r\n", 1), plain.replace(b"\nEvent", b"\r\nEvent")):
            for pieces in ([data], [data[i : i + 3] for i in range(0, len(data), 3)]):
                found = raws(MessageReader(), pieces)
                self.assertEqual(found, plain_messages(TALK))

    def test_a_blank_line_too_many(self) -> None:
        """Builds with Asterisk's test framework send a line end too many after some events: nothing is lost."""
        reader = MessageReader(INTEREST, banner=False)
        data = b"Event: TestEvent\r\nState: X\r\n\r\n\r\nEvent: Hangup\r\nUniqueid: 1.1\r\n\r\n\r\n\r\n\r\n"
        [message] = reader.feed(data)
        self.assertEqual((message.event, message.get("Uniqueid")), ("Hangup", "1.1"))
        self.assertEqual((reader.messages, reader.skipped), (1, 1))

    def test_no_greeting(self) -> None:
        """A recording that begins in the middle is read from its first message."""
        reader = MessageReader()
        self.assertEqual(len(reader.feed(b"Event: Hangup\r\nUniqueid: 1.1\r\n\r\n")), 1)
        self.assertEqual(reader.banner, "")

    def test_greeting_alone(self) -> None:
        """The greeting is known as soon as it is there: login waits for it."""
        reader = MessageReader()
        reader.feed(b"Asterisk Call Manager/")
        self.assertIsNone(reader.banner)
        reader.feed(b"11.0.0\r\n")
        self.assertEqual(reader.banner, "Asterisk Call Manager/11.0.0")


class InterestTests(SynchronousTestCase):
    def read(self, data: bytes, interest: Interest | None = INTEREST) -> list[Message]:
        """All of a recording under an interest."""
        self.reader = MessageReader(interest)
        return self.reader.feed(data)

    def test_same_as_filtering_afterwards(self) -> None:
        """The filter by slices keeps exactly what a filter on parsed messages would keep, in every recording."""

        def wanted(message: Message) -> bool:
            if message.event == "VarSet":
                return message.get("Variable") == "calldata"
            if message.event == "Newexten":
                return message.get("Application") == "Answer"
            return not message.event or message.event.encode() in INTEREST.events

        for path in MODERN:
            kept = self.read(path.read_bytes())
            everything = MessageReader().feed(path.read_bytes())
            self.assertEqual([m.raw for m in kept], [m.raw for m in everything if wanted(m)], path)
            self.assertEqual([m.event for m in kept], [m.event for m in everything if wanted(m)], path)
            self.assertEqual(self.reader.skipped, len(everything) - len(kept))

    def test_contexts(self) -> None:
        """Every step of the dial plan in a service's context is seen, whatever the application."""
        everywhere = {m.get("Context") for m in self.read(TALK) if m.event == "Newexten"}
        self.assertEqual(everywhere, {"astctidemo"})
        interest = Interest(frozenset({b"Newexten"}), applications=frozenset(), contexts=frozenset({b"agents"}))
        found = self.read(TALK.replace(b"Context: agents", b"Context: Agents"), interest)
        self.assertEqual({m.get("Context") for m in found if m.event}, {"Agents"})

    def test_layout_of_old_versions(self) -> None:
        """The variable is found wherever it stands: Asterisk 1.8 put the Uniqueid after it."""
        head = b"Event: VarSet\r\nPrivilege: dialplan,all\r\nChannel: SIP/1\r\n"
        data = head + b"Variable: CallData\r\nValue: 1\r\nUniqueid: 1.1\r\n\r\n"
        self.assertEqual(len(MessageReader(INTEREST, banner=False).feed(data)), 1)
        self.assertEqual(len(MessageReader(INTEREST, banner=False).feed(data.replace(b"CallData", b"OTHER"))), 0)
        self.assertEqual(len(MessageReader(INTEREST, banner=False).feed(b"Event: VarSet\r\n\r\n")), 0)

    def test_forged_variable(self) -> None:
        """A caller's name with line breaks does not smuggle in a VarSet of a watched variable."""
        data = b"Event: VarSet\r\nCallerIDName: x\r\nVariable: calldata\r\nVariable: OTHER\r\nValue: 1\r\n\r\n"
        self.assertEqual(MessageReader(INTEREST, banner=False).feed(data), [])

    def test_unusual_spelling(self) -> None:
        """Events spelled in an unusual way pass the filter like all others."""
        for first in (b"event: Hangup", b"Event:Hangup", b"Privilege: call,all\r\nEvent: Hangup"):
            data = first + b"\r\nUniqueid: 1.1\r\n\r\n"
            [message] = MessageReader(INTEREST, banner=False).feed(data)
            self.assertEqual(message.event, "Hangup")
            self.assertEqual(MessageReader(INTEREST, banner=False).feed(data.replace(b"Hangup", b"Hang")), [])

    def test_names_longer_than_the_slice(self) -> None:
        """Names that the slice cuts off are told apart all the same."""
        names = (b"QueueMemberRemoved", b"QueueMemberRemovedAgain", b"QueueMemberRemove", b"QueueCallerAbandonX")
        data = b"".join(b"Event: " + name + b"\r\nQueue: a\r\n\r\n" for name in names)
        found = MessageReader(INTEREST, banner=False).feed(data)
        self.assertEqual([m.event for m in found], ["QueueMemberRemoved"])

    def test_awaited_list(self) -> None:
        """While a list is awaited its events come through, whatever their names."""
        reader = MessageReader(INTEREST, banner=False)
        item = b"Event: CoreShowChannel\r\nActionID: t7\r\nChannel: SIP/1\r\n\r\n"
        self.assertEqual(reader.feed(item), [])
        reader.marker = b"\r\nActionID: t"
        [message] = reader.feed(item)
        self.assertEqual((message.event, message.action_id), ("CoreShowChannel", "t7"))
        self.assertEqual(len(reader.feed(item.replace(b"Event:", b"event:"))), 1)
        self.assertEqual(reader.feed(item.replace(b"t7", b"x7")), [])

    def test_changed_while_running(self) -> None:
        """A new configuration changes the filter from the next message on."""
        reader = MessageReader(Interest(frozenset({b"Hangup"})), banner=False)
        data = b"Event: Hangup\r\nUniqueid: 1.1\r\n\r\nEvent: Rename\r\nUniqueid: 1.1\r\n\r\n"
        self.assertEqual([m.event for m in reader.feed(data)], ["Hangup"])
        reader.interest = Interest(frozenset()).with_events(b"Rename")
        self.assertEqual([m.event for m in reader.feed(data)], ["Rename"])
        reader.interest = None
        self.assertEqual([m.event for m in reader.feed(data)], ["Hangup", "Rename"])

    def test_endless_new_names(self) -> None:
        """A PBX that invents events, or a dial plan that invents variables, without end does not eat our memory."""
        reader = MessageReader(INTEREST, banner=False)
        for number in range(5000):
            reader.feed(b"Event: New%d\r\nX: y\r\n\r\n" % number)
            reader.feed(b"Event: VarSet\r\nVariable: new%d\r\n\r\n" % number)
        assert reader._filter.variables is not None
        self.assertLessEqual(len(reader._filter.heads), 2000)
        self.assertLessEqual(len(reader._filter.variables), 2000)


class CeilingTests(SynchronousTestCase):
    GOOD = b"Event: Hangup\r\nUniqueid: 1.1\r\n\r\n"

    def fault(self, data: bytes, size: int, **ceilings: int) -> str:
        """The fault that ``data`` ends with; the good message before it must have come out."""
        reader = MessageReader(banner=False, **ceilings)
        found: list[Message] = []
        with self.assertRaises(BadMessage) as caught:
            for at in range(0, len(data), size):
                found += reader.feed(data[at : at + size])
        found += caught.exception.messages
        self.assertEqual([m.event for m in found], ["Hangup"])
        self.assertRaises(BadMessage, reader.feed, self.GOOD)
        return str(caught.exception)

    def test_message(self) -> None:
        """A message over 1 MiB ends the link, before more of it is kept, and what came before is not lost."""
        data = self.GOOD + b"Event: X\r\n" + b"A: %s\r\n" % (b"x" * 1000) * 1100
        for size in (1460, 70_000, len(data)):
            self.assertIn("1048576", self.fault(data, size))
            self.assertIn("1048576", self.fault(data + b"\r\n" + self.GOOD, size))

    def test_headers(self) -> None:
        """A message of more than 10,000 lines ends the link."""
        data = self.GOOD + b"Event: X\r\n" + b"A: x\r\n" * 10_000 + b"\r\n" + self.GOOD
        self.assertIn("10001 lines", self.fault(data, 1460))
        self.assertIn("10001 lines", self.fault(data, len(data)))

    def test_line(self) -> None:
        """A line over its ceiling ends the link."""
        data = self.GOOD + b"Response: Success\r\nA: " + b"x" * 300_000 + b"\r\n\r\n"
        self.assertIn("line of 300003 bytes", self.fault(data, 4000))
        self.assertIn(
            "line of 103 bytes", self.fault(self.GOOD + b"Event: X\r\nA: " + b"x" * 100 + b"\r\n\r\n", 9, max_line=99)
        )

    def test_output(self) -> None:
        """A command's output without end does not eat our memory."""
        data = self.GOOD + b"Response: Follows\r\n" + b"line\r\n\r\n" * 200_000
        self.assertIn("1048576", self.fault(data, 1460))
        self.assertIn("1048576", self.fault(data + b"--END COMMAND--\r\n\r\n", len(data) + 100))

    def test_greeting(self) -> None:
        """Somebody who talks without a line end is no PBX."""
        reader = MessageReader()
        with self.assertRaises(BadMessage):
            for _ in range(100):
                reader.feed(b"x" * 100)

    def test_just_allowed(self) -> None:
        """Long values that Asterisk really sends are no fault, and ceilings can be raised."""
        value = b"x" * 200_000
        [message] = MessageReader(banner=False).feed(b"Event: VarSet\r\nValue: " + value + b"\r\n\r\n")
        self.assertEqual(len(message.get("Value")), 200_000)
        big = b"Event: X\r\n" + b"A: %s\r\n" % (b"x" * 1000) * 3000 + b"\r\n"
        reader = MessageReader(banner=False, max_message=8 << 20)
        found = [m for at in range(0, len(big), 1460) for m in reader.feed(big[at : at + 1460])]
        self.assertEqual([len(m.headers) for m in found], [3001])
