"""What a message says, however it was written."""

from __future__ import annotations

from unittest.mock import patch

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from astcti.ami.message import Headers, Message, MessageReader
from tests.ami.recorded import stream

STATUS = Message(
    b"Event: Status\r\nPrivilege: Call\r\nChannel: PJSIP/201-0000002a\r\nAccountCode: \r\n"
    b"Variable: calldata=1\r\nVariable: DIGITS=2, 3: 4\r\nActionID: t8"
)


class HeaderTests(SynchronousTestCase):
    def test_values(self) -> None:
        """A header's value is read as written, an empty one is empty, an absent one is what the asker says."""
        self.assertEqual(STATUS.get("Channel"), "PJSIP/201-0000002a")
        self.assertEqual(STATUS.get("AccountCode", "none"), "")
        self.assertEqual(STATUS.get("Linkedid", "none"), "none")
        self.assertEqual((STATUS.event, STATUS.response, STATUS.action_id), ("Status", "", "t8"))

    def test_any_case(self) -> None:
        """An Asterisk that spells a header in another case is understood all the same."""
        self.assertEqual(STATUS.get("channel"), "PJSIP/201-0000002a")
        self.assertEqual(Message(b"event: Hangup\r\nUniqueID: 1.1").event, "Hangup")
        self.assertEqual(Message(b"Event: Dial\r\nUniqueID: 1.1\r\nuniqueid: 2.2").get("uniqueid"), "2.2")

    def test_repeated(self) -> None:
        """All variables of a channel arrive, in their order, and the first is the one that counts."""
        self.assertEqual(STATUS.get_all("Variable"), ["calldata=1", "DIGITS=2, 3: 4"])
        self.assertEqual(STATUS.get_all("variable"), ["calldata=1", "DIGITS=2, 3: 4"])
        self.assertEqual(STATUS.get("Variable"), "calldata=1")

    def test_forged_lines_come_second(self) -> None:
        """A caller who gets a line break into a value cannot replace what the PBX said before it."""
        message = Message(b"Event: Newexten\r\nUniqueid: 1.1\r\nAppData: x=a\r\nUniqueid: 9.9\r\nEvent: Hangup")
        self.assertEqual((message.get("Uniqueid"), message.event), ("1.1", "Newexten"))
        self.assertEqual(Message(message.raw, "Newexten").headers[-1], ("Event", "Hangup"))

    def test_lines_that_are_no_headers(self) -> None:
        """The second line of a dial-plan value with line breaks disturbs nothing (seen in odd-characters)."""
        for version in (16, 22):
            messages = MessageReader().feed(stream(version, "odd-characters"))
            [broken] = [m for m in messages if m.get("AppData").startswith("newline=one")]
            self.assertEqual(broken.headers[-2:], [("AppData", "newline=one\ntwo"), ("", "three\ttab")])
            self.assertEqual(broken.get("Application"), "Set")

    def test_no_blank_after_the_colon(self) -> None:
        """The blank after the colon may be missing; the first colon separates."""
        message = Message(b"Event:Newchannel\r\nChannel:SIP/1\r\nAccountCode:")
        self.assertEqual(message.headers, [("Event", "Newchannel"), ("Channel", "SIP/1"), ("AccountCode", "")])
        self.assertEqual(message.event, "Newchannel")
        odd = Message(b"Event: X\r\nSession:tVersion: 1\r\nSession: 2")
        self.assertEqual(odd.headers[1:], [("Session", "tVersion: 1"), ("Session", "2")])
        self.assertEqual(odd.get("Session"), odd.get_all("Session")[0])

    def test_undecodable_bytes(self) -> None:
        """A caller name in an unknown encoding is shown with replacement characters, and stops nobody."""
        message = Message(b"Event: Newchannel\r\nCallerIDName: M\xfcller\r\nUniqueid: 1.1")
        self.assertEqual((message.get("CallerIDName"), message.get("Uniqueid")), ("M�ller", "1.1"))

    def test_utf8(self) -> None:
        """Names in UTF-8 arrive unchanged."""
        names = {m.get("CallerIDName") for m in MessageReader().feed(stream(22, "odd-characters"))}
        self.assertIn("Zoë Łukasz 日本 «ü»", names)

    @given(st.binary(max_size=300))
    def test_any_bytes(self, raw: bytes) -> None:
        """Whatever stands in a message, asking it never fails, and `get` is the first of `get_all`."""
        message = Message(raw)
        for name, value in message.headers:
            self.assertIn(value, message.get_all(name))
            self.assertEqual(message.get(name), message.get_all(name)[0])
        self.assertIsInstance(message.output, list)
        self.assertIn("bytes", repr(message))


class OutputTests(SynchronousTestCase):
    def test_output_lines(self) -> None:
        """What a Command printed on Asterisk 14 and later, empty lines included."""
        messages = MessageReader().feed(stream(22, "ami-command"))
        [queues] = [m for m in messages if m.action_id == "t4"]
        self.assertEqual(queues.output[1:4], ["   No Members", "   No Callers", ""])
        self.assertEqual(len(queues.output), 19)

    def test_follows(self) -> None:
        """What a Command printed on Asterisk 1.4 to 13: its own blank lines and colons are not ours to read."""
        data = (
            b"Asterisk Call Manager/1.0\r\n"
            b"Response: Follows\r\nPrivilege: Command\r\nActionID: 5\r\n"
            b"Uptime: 3 days\n\nActionID: 6\r\n\r\nlast\n--END COMMAND--\r\n\r\nEvent: Hangup\r\n\r\n"
        )
        for size in (1, 7, len(data)):
            reader = MessageReader()
            response, event = (m for at in range(0, len(data), size) for m in reader.feed(data[at : at + size]))
            self.assertEqual((response.response, response.action_id), ("Follows", "5"))
            self.assertEqual(response.output, ["Uptime: 3 days", "", "ActionID: 6", "", "last"])
            self.assertEqual(event.event, "Hangup")

    def test_follows_without_a_last_line_end(self) -> None:
        """Output that does not end its last line keeps that line."""
        message = Message(b"Response: Follows\r\nPrivilege: Command\r\nno more--END COMMAND--")
        self.assertEqual(message.output, ["no more"])
        self.assertEqual(message.headers, [("Response", "Follows"), ("Privilege", "Command")])


class HeadersTests(SynchronousTestCase):
    """Several headers at once."""

    def test_as_asked_one_by_one(self) -> None:
        """Wherever the lines stand, each header has the value it has when asked for alone."""
        wanted = Headers("B", "A", "C")
        for raw in (
            b"Event: X\r\nA: 1\r\nB: 2\r\nC: 3",
            b"Event: X\r\nA: 4\r\nB: 5\r\nC: 6",
            b"Event: X\r\nC: 9\r\nA: 7\r\nB: 8",
            b"Event: X\r\nA: 1",
            b"Event: X\r\nmore\r\nA: 1\r\nB: 2\r\nC: 3",
            b"Event: X\r\nA: 1\r\nB:2\r\nc: 3\r\nC: 4",
            b"",
        ):
            message = Message(raw)
            self.assertEqual([*wanted.of(message)], [message.get("B"), message.get("A"), message.get("C")])

    @given(
        st.lists(st.permutations(["A", "B", "C", "D", "E"]), min_size=1, max_size=8),
        st.lists(st.text("x:\r\n é", max_size=3), min_size=5, max_size=5),
        st.integers(3, 5),
        st.integers(0, 2),
    )
    def test_forms_that_change(self, forms: list[list[str]], values: list[str], size: int, patience: int) -> None:
        """Events of a PBX that adds lines, leaves some out or orders them anew are read as right as the first one."""
        wanted = Headers("B", "A", "C")
        with patch.object(Headers, "PATIENCE", patience):
            for form in forms:
                pairs = zip(form[:size], values, strict=False)
                message = Message("\r\n".join(["Event: X", *(f"{name}: {value}" for name, value in pairs)]).encode())
                self.assertEqual([*wanted.of(message)], [message.get(name) for name in "BAC"])

    def test_learns_seldom(self) -> None:
        """Events that look different each time do not keep us busy learning their looks."""
        wanted = Headers("A", "B")
        learnt = set()
        for at in range(2 * Headers.PATIENCE):
            wanted.of(Message(b"Event: X\r\n" + b"C: 1\r\n" * (at % 10) + b"A: 1\r\nB: 2"))
            learnt.add(wanted._shape)
        self.assertLessEqual(len(learnt), 2)
