"""The manager interface of the simulated PBX: logins, classes of events, orders, and what holds up a link."""

from __future__ import annotations

import hashlib

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from astcti.simulator.accounts import ALL, CLASSES, Account, mask
from astcti.simulator.originate import caller_id
from astcti.simulator.phones import Habit
from astcti.simulator.requests import RequestReader
from tests.simulator.company import LOGIN, Company, first
from tests.simulator.test_calls import CallTests


class LoginTests(SynchronousTestCase):
    """Getting in."""

    def setUp(self) -> None:
        """A client that has not said who it is."""
        self.company = Company()
        self.client = self.company.client(login=False)

    def test_banner(self) -> None:
        """The greeting names the version of the interface."""
        for asterisk, banner in ((16, b"Asterisk Call Manager/5.0.4\r\n"), (22, b"Asterisk Call Manager/11.0.0\r\n")):
            company = Company(asterisk)
            link = company.office.board.connect(("127.0.0.1", 1), ("127.0.0.1", 2), lambda: None)
            self.assertEqual(link.out, [banner])

    def test_md5(self) -> None:
        """The answer to the challenge lets in, once; another one does not."""
        challenge = first(self.client.act("Challenge", AuthType="MD5"), "Challenge")
        key = hashlib.md5(f"{challenge}astcti-secret".encode()).hexdigest()
        answer = self.client.act("Login", AuthType="MD5", Username="astcti", Key=key)
        self.assertEqual(first(answer, "Message"), "Authentication accepted")
        other = self.company.client(login=False)
        self.assertEqual(first(other.act("Login", AuthType="MD5", Username="astcti", Key=key), "Response"), "Error")

    def test_wrong(self) -> None:
        """A wrong secret is told at once, and the link closed a second later; nothing is answered meanwhile."""
        self.client.send(LOGIN.replace("astcti-secret", "wrong"))
        self.assertEqual(self.client.send(LOGIN), [])
        self.company.run(0.8)
        self.assertFalse(self.client.closed)
        self.company.run(0.3)
        self.assertTrue(self.client.closed)

    def test_logoff(self) -> None:
        """Goodbye, and the link is closed."""
        self.client.send(LOGIN)
        self.assertEqual(first(self.client.act("Logoff"), "Response"), "Goodbye")
        self.assertTrue(self.client.closed)

    def test_one_by_one(self) -> None:
        """Bytes may come in any pieces, several actions in one."""
        answers = []
        for byte in (LOGIN + "Action: Ping\r\nActionID: 1\r\n\r\nAction: Ping\r\nActionID: 2\r\n\r\n").encode():
            answers += self.client.send(chr(byte))
        self.assertEqual([first(m, "ActionID") for m in answers if first(m, "Ping")], ["1", "2"])


class ClassTests(SynchronousTestCase):
    """Who hears what."""

    def test_masks(self) -> None:
        """Masks are read as Asterisk reads them."""
        self.assertEqual(mask("on"), ALL)
        self.assertEqual(mask("off"), 0)
        self.assertIsNone(mask(" "))
        self.assertEqual(mask("call,agent,bogus"), CLASSES["call"] | CLASSES["agent"])
        self.assertEqual(mask("2"), CLASSES["call"])

    def test_events_by_class(self) -> None:
        """A client gets the classes it asked for, and of these what its user may read."""
        company = Company()
        company.office.board.accounts["few"] = Account("few", "s", CLASSES["call"] | CLASSES["dialplan"])
        everything, calls = company.client(), company.client(login=False)
        calls.send("Action: Login\r\nUsername: few\r\nSecret: s\r\nEvents: call,agent\r\n\r\n")
        company.pbx.dial_from(company.pbx.phones["PJSIP/201"], "101")
        company.run(10)
        heard = {first(m, "Event") for m in calls.read()}
        self.assertTrue(heard.issuperset({"Newchannel", "Newstate", "MusicOnHoldStart"}))
        self.assertFalse(heard & {"Newexten", "VarSet", "QueueCallerJoin", "Cdr", "FullyBooted"})
        self.assertTrue({first(m, "Event") for m in everything.read()}.issuperset({"VarSet", "QueueCallerJoin"}))

    def test_switching(self) -> None:
        """Events can be switched off and on again."""
        company = Company()
        client = company.client()
        client.act("Events", EventMask="off")
        company.pbx.set_global("SILENT", "1")
        self.assertEqual(client.read(), [])
        client.act("Events", EventMask="dialplan")
        company.pbx.set_global("LOUD", "1")
        self.assertEqual([first(m, "Variable") for m in client.read()], ["LOUD"])

    def test_timestamps(self) -> None:
        """With ``timestampevents`` every event tells its time after its class."""
        company = Company()
        company.office.board.timestamps = True
        client = company.client()
        company.pbx.set_global("x", "1")
        self.assertEqual(client.read()[0][2], ("Timestamp", "1800000000.000100"))


class OrderTests(CallTests):
    """What a client may have the PBX do."""

    def setUp(self) -> None:
        """A client that may do everything."""
        super().setUp()
        self.client = self.company.client()

    def test_originate(self) -> None:
        """First the own phone rings, then the other one; the response names channel, reason and ActionID."""
        self.client.act(
            "Originate", ActionID="o1", Channel="PJSIP/201", Context="agents", Exten="202", Async="true",
            CallerID='"Click to dial" <0551234567>', Account="acc1", Variable="calldata=x,other=2", ChannelId="mine-1",
        )  # fmt: skip
        self.company.run(3)
        response = self.company.of("OriginateResponse")[0]
        self.assertEqual((response.get("ActionID"), response.get("Response")), ("o1", "Success"))
        self.assertEqual((response.get("Reason"), response.get("Uniqueid")), ("4", "mine-1"))
        self.assertEqual(self.talks, [("PJSIP/201", "PJSIP/202")])
        channel = self.pbx.find("mine-1")
        assert channel is not None
        self.assertEqual((channel.variables["calldata"], channel.variables["other"]), ("x", "2"))
        self.assertEqual((channel.shown.number, channel.shown.account), ("0551234567", "acc1"))

    def failed(self, habit: Habit, **headers: str) -> tuple[str, str, str, str]:
        """Originate to a phone of some habit; response, reason, channel, uniqueid."""
        self.habits(p201=habit)
        order = {"Channel": "PJSIP/201", "Context": "agents", "Exten": "202", "Async": "1", "Timeout": "3000"}
        self.client.act("Originate", **{**order, **headers})
        self.company.run(10)
        event = self.company.of("OriginateResponse")[-1]
        return tuple(event.get(n) for n in ("Response", "Reason", "Channel", "Uniqueid"))  # type: ignore[return-value]

    def test_originate_fails(self) -> None:
        """Nobody answers: reason 3; busy, congestion and unknown phones: 0, as on a real one."""
        failure = ("Failure", "0", "PJSIP/201", "<unknown>")
        self.assertEqual(self.failed(Habit("busy")), failure)
        self.assertEqual(self.failed(Habit("congestion")), failure)
        self.assertEqual(self.failed(Habit("noanswer")), ("Failure", "3", "PJSIP/201", "<unknown>"))
        self.assertEqual(self.failed(Habit(), Channel="PJSIP/999"), ("Failure", "0", "PJSIP/999", "<unknown>"))
        self.empty()

    def test_originate_application(self) -> None:
        """The answered phone can get an application instead of an extension."""
        self.client.act("Originate", Channel="PJSIP/201", Application="Wait", Data="2", Async="1")
        self.company.run(10)
        self.assertEqual(self.company.of("OriginateResponse")[0].get("Data"), "2")
        self.empty()

    def test_not_async(self) -> None:
        """Without ``Async`` the link does nothing else until the phone has answered, and there is no event."""
        self.habits(p201=Habit("answer", 1, 1))
        order = "Action: Originate\r\nActionID: o\r\nChannel: PJSIP/201\r\nContext: agents\r\nExten: wait\r\n\r\n"
        answers = self.client.send(order + "Action: Ping\r\nActionID: p\r\n\r\n")
        self.assertEqual([m for m in answers if m[0][0] == "Response"], [])
        self.company.run(2)
        ids = [first(m, "ActionID") for m in self.client.read() if m[0][0] == "Response"]
        self.assertEqual(ids, ["o", "p"])
        self.assertEqual(self.company.of("OriginateResponse"), [])

    def test_hangup(self) -> None:
        """A call can be hung up by either of its channels."""
        for number in (0, 1):
            self.place("100", talk=60)
            self.company.run(5)
            name = list(self.pbx.channels)[number]
            self.assertEqual(first(self.client.act("Hangup", Channel=name), "Message"), "Channel Hungup")
            self.company.run(1)
            self.empty()

    def test_redirect(self) -> None:
        """A caller goes elsewhere, whom they talked with is hung up."""
        channel = self.place("100", talk=60)
        self.company.run(5)
        answer = self.client.act("Redirect", Channel=channel.name, Context="agents", Exten="203", Priority="1")
        self.assertEqual(first(answer, "Message"), "Redirect successful")
        self.company.run(3)
        self.assertEqual(self.talks[-1], ("PJSIP/trunk", "PJSIP/203"))
        self.assertEqual(len(self.pbx.channels), 2)

    def test_blind_transfer(self) -> None:
        """The agent's channel is named, the caller goes on, the event tells of both."""
        self.place("100", talk=60)
        self.company.run(5)
        agent = next(n for n in self.pbx.channels if "/201-" in n)
        answer = self.client.act("BlindTransfer", Channel=agent, Context="agents", Exten="203")
        self.assertEqual(first(answer, "Message"), "Transfer succeeded")
        self.company.run(3)
        self.assertEqual(self.company.of("BlindTransfer")[0].get("TransfererChannel"), agent)
        self.assertEqual(self.talks[-1], ("PJSIP/trunk", "PJSIP/203"))

    def test_variables(self) -> None:
        """Values are escaped in ``VarSet`` and nowhere else; leading blanks are lost."""
        channel = self.place("100", talk=60)
        self.company.run(5)
        self.client.act("Setvar", Channel=channel.name, Variable="odd", Value="  a \"q\" \\ 's'")
        self.assertEqual(self.company.of("VarSet")[-1].get("Value"), "a \\\"q\\\" \\\\ \\'s\\'")
        self.assertEqual(
            first(self.client.act("Getvar", Channel=channel.name, Variable="odd"), "Value"), "a \"q\" \\ 's'"
        )
        answer = self.client.act("Getvar", Channel=channel.name, Variable="CALLERID(num)")
        self.assertEqual(first(answer, "Value"), "3331234567")

    def test_console(self) -> None:
        """The console counts channels and calls."""
        self.place("100", talk=60)
        self.company.run(5)
        lines = [v for n, v in self.client.act("Command", Command="core show channels") if n == "Output"]
        self.assertEqual(lines[-3:-1], ["2 active channels", "1 active call"])
        self.assertIn("Dial(PJSIP/201&PJSIP/202,15,tT)", lines[1])
        self.assertEqual(first(self.client.act("Command", Command="queue show"), "Response"), "Success")

    def test_caller_id(self) -> None:
        """Names and numbers of a ``CallerID`` header, with and without quotes."""
        self.assertEqual(caller_id('"A B" <12>'), ("12", "A B"))
        self.assertEqual(caller_id("A B <12>"), ("12", "A B"))
        self.assertEqual(caller_id("12"), ("12", ""))


class ReaderTests(SynchronousTestCase):
    """Actions out of bytes."""

    @given(st.binary(max_size=400), st.integers(1, 40))
    def test_rubbish(self, data: bytes, size: int) -> None:
        """No bytes whatever make the reader fail, and however they are cut the same actions come out."""
        whole = RequestReader().feed(data + b"\r\n\r\n")
        reader, found = RequestReader(), []
        for start in range(0, len(data) + 4, size):
            found += reader.feed((data + b"\r\n\r\n")[start : start + size])
        self.assertEqual(found, whole)

    def test_long_lines(self) -> None:
        """A line as long as the rest of the day takes no memory, and spoils only its own action."""
        reader = RequestReader()
        found = reader.feed(b"Action: Ping\r\nX: ")
        for _ in range(1000):
            found += reader.feed(b"y" * 1000)
        found += reader.feed(b"\r\nActionID: 7\r\n\r\nAction: Ping\r\n\r\n")
        self.assertEqual([(r.get("action"), r.too_long) for r in found], [("Ping", True), ("Ping", False)])
        self.assertEqual(found[0].get("ActionID"), "7")
