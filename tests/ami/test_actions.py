"""What we ask of the PBX is what it reads, and nothing that comes from outside can ask for more."""

from __future__ import annotations

import re
import typing
from collections.abc import Mapping

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from astcti.ami import actions
from astcti.ami.actions import Action, AnyAction, Originate, caller_id
from astcti.ami.message import MessageReader
from astcti.errors import AMIUnsendable, LineTooLong
from tests.ami.recorded import MODERN

TYPED: list[type[Action]] = [
    value
    for value in vars(actions).values()
    if isinstance(value, type) and issubclass(value, Action) and value not in {Action, AnyAction}
]
#: Text as a hostile phone, or a careless configuration, would have it.
HOSTILE = st.text(max_size=30) | st.lists(
    st.sampled_from(
        [
            "\r",
            "\n",
            "\r\n",
            "\0",
            ": ",
            ":",
            ",",
            "=",
            '"',
            "\\",
            "|",
            "(",
            ")",
            "Action: x",
            "a",
            "\x85",
            "\u2028",
            "\ud800",
        ]
    ),
    max_size=8,
).map("".join)


def filled(kind: type[Action]) -> st.SearchStrategy[Action]:
    """Any action of a kind, with hostile text wherever text goes."""
    values: dict[object, st.SearchStrategy[object]] = {
        str: HOSTILE,
        str | None: st.none() | HOSTILE,
        int: st.integers(),
        int | None: st.none() | st.integers(),
        bool: st.booleans(),
        bool | None: st.none() | st.booleans(),
        Mapping[str, str]: st.dictionaries(HOSTILE, HOSTILE, max_size=3),
    }
    hints = typing.get_type_hints(kind)
    chosen = {name: values[hint] for name, hint in hints.items() if name.islower() and name != "async_"}
    return st.builds(kind, **chosen)


def read_back(data: bytes) -> list[tuple[str, str]]:
    """The headers of the one message that ``data`` is, as Asterisk finds them: lines end at each LF."""
    assert data.endswith(b"\r\n\r\n"), data
    lines = data[:-4].split(b"\n")
    assert all(line.endswith(b"\r") for line in lines[:-1]), data
    assert not any(b"\r" in line.removesuffix(b"\r") for line in lines), data
    return [(n, v) for n, _, v in (line.removesuffix(b"\r").decode().partition(": ") for line in lines)]


def assigned(header: str) -> list[str]:
    """What Asterisk makes of the value of a ``Variable`` header: its ``__ast_app_separate_args``, in Python."""
    found, current, deep, quoted, at = [], "", [0, 0], False, 0
    while at < len(header):
        c = header[at]
        if c in "([":
            deep["([".index(c)] += 1
        elif c in ")]":
            kind = ")]".index(c)
            deep[kind] = max(0, deep[kind] - 1)
        if c == '"':
            quoted = not quoted
        elif c == "\\":
            at += 1
            current += header[at : at + 1]
        elif c == "," and not any(deep) and not quoted:
            found.append(current)
            current = ""
        else:
            current += c
        at += 1
    return [*found, current]


class InjectionTests(SynchronousTestCase):
    @settings(max_examples=250)
    @given(st.sampled_from(TYPED).flatmap(filled), HOSTILE)
    def test_any_value(self, action: Action, action_id: str) -> None:
        """Whatever stands in any field, the PBX reads exactly these headers, or nothing is sent at all."""
        try:
            expected = [("Action", action.name), ("ActionID", action_id), *action.headers()]
            data = action.encode(action_id)
        except AMIUnsendable:
            return
        self.assertEqual(read_back(data), expected)
        [message] = MessageReader(banner=False).feed(data)
        self.assertEqual(message.headers, expected)

    @settings(max_examples=100)
    @given(st.lists(st.tuples(HOSTILE, HOSTILE), max_size=5), HOSTILE)
    def test_any_name(self, pairs: list[tuple[str, str]], verb: str) -> None:
        """The same for header names, and for actions made by name."""
        try:
            data = AnyAction(verb, tuple(pairs)).encode("1")
        except AMIUnsendable:
            return
        self.assertEqual(read_back(data), [("Action", verb), ("ActionID", "1"), *pairs])

    @settings(max_examples=150)
    @given(st.dictionaries(HOSTILE, HOSTILE, max_size=4))
    def test_any_variable(self, variables: dict[str, str]) -> None:
        """A number typed by an operator cannot set a second variable, though AMI splits such a header at commas."""
        try:
            headers = Originate("PJSIP/201", variables=variables).headers()
        except AMIUnsendable:
            return
        found = [assigned(value) for name, value in headers if name == "Variable"]
        self.assertEqual(found, [[f"{name}={value}"] for name, value in variables.items()])

    def test_refused(self) -> None:
        """A line break in a queue's name is refused in words, not sent and not removed in silence."""
        error = self.assertRaises(AMIUnsendable, actions.QueueAdd("q\r\nAction: Command", "PJSIP/201").encode, "1")
        self.assertIn("Queue", str(error))
        self.assertRaises(AMIUnsendable, Originate("x", variables={"a,b": "1"}).headers)
        self.assertRaises(AMIUnsendable, AnyAction("Ping", (("A: b", "c"),)).encode, "1")


class EncodingTests(SynchronousTestCase):
    def test_originate(self) -> None:
        """An Originate as Asterisk wants it: one line for each variable, never waiting for the answer."""
        action = Originate(
            "PJSIP/201",
            context="agents",
            exten="90551234567",
            priority=1,
            timeout=30000,
            caller_id=caller_id("Zoë", "201"),
            variables={"CTI_OPERATOR": "zoe, the first", "CDR(accountcode)": "7"},
        )
        self.assertEqual(
            action.encode("t1").decode(),
            "Action: Originate\r\nActionID: t1\r\nChannel: PJSIP/201\r\nContext: agents\r\nExten: 90551234567\r\n"
            'Priority: 1\r\nTimeout: 30000\r\nCallerID: "Zoë" <201>\r\n'
            "Variable: CTI_OPERATOR=zoe\\, the first\r\nVariable: CDR(accountcode)=7\r\nAsync: true\r\n\r\n",
        )

    def test_names(self) -> None:
        """Header names are spelled as Asterisk's own documentation spells them, give or take case."""
        self.assertEqual(
            actions.QueueAdd("q", "PJSIP/201", penalty=0, paused=False, member_name="A").headers(),
            [("Queue", "q"), ("Interface", "PJSIP/201"), ("Penalty", "0"), ("Paused", "false"), ("MemberName", "A")],
        )
        self.assertEqual(actions.Status(variable_names="calldata,DIGITS").headers(), [("Variables", "calldata,DIGITS")])
        self.assertEqual(actions.StopMixMonitor("SIP/1", "0x7f").headers()[1], ("MixMonitorID", "0x7f"))
        self.assertEqual(actions.BridgeInfo("u").headers(), [("BridgeUniqueid", "u")])
        self.assertEqual(actions.KeyLogin("cti", "abc").headers()[-1], ("Events", "on"))

    def test_every_action_that_was_recorded(self) -> None:
        """Each action a person sent to the real PBX can be written by ours, and comes out as it was typed."""
        for path in MODERN:
            if path.stem == "ami-permissions":  # tries odd spellings on purpose
                continue
            data = path.with_suffix(".sent").read_bytes()
            for message in MessageReader(banner=False).feed(data):
                [(_, verb), *pairs] = message.headers
                sent = [pair for pair in pairs if pair[0] != "ActionID"]
                try:
                    ours = AnyAction(verb, tuple(sent)).encode(message.action_id)
                except LineTooLong:
                    self.assertIn(b"line too long", path.read_bytes())
                    continue
                self.assertEqual(sorted(read_back(ours)), sorted(message.headers), path)

    def test_caller_id(self) -> None:
        """A name cannot end its quotes, nor a number its brackets."""
        self.assertEqual(caller_id('Bob "B" \\', "2<0>1"), '"Bob B " <201>')
        self.assertEqual(caller_id("", "201"), "201")

    def test_long_lines(self) -> None:
        """A line that Asterisk would throw away, 1025 bytes with its end, is refused here; 1024 bytes go."""
        room = 1024 - len("Value: \r\n")
        data = actions.Setvar("x", "y" * room).encode("1")
        self.assertEqual(max(len(line) for line in re.findall(rb".*\n", data)), 1024)
        self.assertRaises(LineTooLong, actions.Setvar("x", "y" * (room + 1)).encode, "1")
        self.assertRaises(LineTooLong, actions.Setvar("x", "ü" * room).encode, "1")

    def test_many_lines(self) -> None:
        """An action of more lines than Asterisk reads is refused here."""
        variables = {f"v{n}": "x" for n in range(124)}
        Originate("PJSIP/201", variables=variables).encode("1")
        self.assertRaises(AMIUnsendable, Originate("PJSIP/201", variables=variables | {"w": "x"}).encode, "1")

    def test_secrets(self) -> None:
        """What a log shows of a login has no secret in it."""
        self.assertNotIn("hunter2", repr(actions.SecretLogin("cti", "hunter2")))
        self.assertNotIn("abcdef", repr(actions.KeyLogin("cti", "abcdef")))
