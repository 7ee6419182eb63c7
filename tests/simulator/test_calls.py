"""Calls through the simulated PBX: who rings, who talks, who is told what."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from astcti.simulator.channel import Channel, escaped
from astcti.simulator.people import HOSTILE_NAMES, Somebody
from astcti.simulator.phones import Habit
from astcti.simulator.traffic import Conduct, call
from tests.simulator.company import Company

MARIO = Somebody("3331234567", "Mario Rossi", "12345")
FLOW = (
    "Newchannel", "Newexten", "DialBegin", "DialState", "DialEnd", "BridgeCreate", "BridgeEnter", "BridgeLeave",
    "BridgeDestroy", "Hangup", "BlindTransfer", "QueueCallerJoin", "QueueCallerLeave", "AgentCalled", "AgentConnect",
    "AgentComplete", "AgentRingNoAnswer", "QueueCallerAbandon", "HangupRequest", "SoftHangupRequest",
)  # fmt: skip


class CallTests(SynchronousTestCase):
    """Base of tests with a company and its conversations."""

    asterisk = 22

    def setUp(self) -> None:
        """Everybody is at their desk; who talks with whom is noted."""
        self.company = Company(self.asterisk)
        self.pbx = self.company.pbx
        self.talks: list[tuple[str, str]] = []
        self.pbx.on_conversation.append(lambda a, b: self.talks.append((a.interface, b.interface)))

    def habits(self, **modes: Habit) -> None:
        """Give phones habits, by ``p201=Habit(...)``."""
        for number, habit in modes.items():
            self.pbx.phones[f"PJSIP/{number[1:]}"].habit = habit

    def place(self, exten: str, who: Somebody = MARIO, **conduct: float | bool | str) -> Channel:
        """Mario calls."""
        return call(self.pbx, "astctidemo", exten, who, Conduct(**conduct))  # type: ignore[arg-type]

    def empty(self) -> None:
        """Check that nothing is left of any call."""
        self.assertEqual((self.pbx.channels, self.pbx.bridges), ({}, {}))
        self.assertEqual({p.device for p in (*self.pbx.phones.values(), self.pbx.trunk)}, {"NOT_INUSE"})
        self.assertEqual([q.waiting for q in self.pbx.queues.values() if q.waiting], [])
        self.assertIsNone(self.company.office.agenda.next_due)


class DirectTests(CallTests):
    """A number that rings two phones."""

    def test_answered(self) -> None:
        """The one who answers first talks; the other phone stops ringing; the digits are in ``calldata``."""
        self.habits(p201=Habit("answer", 3, 3), p202=Habit("answer", 1, 1))
        channel = self.place("100", talk=4)
        self.company.run(3)
        self.assertEqual(self.talks, [("PJSIP/trunk", "PJSIP/202")])
        self.assertEqual(channel.variables["calldata"], "12345")
        self.company.run(10)
        self.assertEqual(
            [(e.get("DestChannel").partition("-")[0], e.get("DialStatus")) for e in self.company.of("DialEnd")],
            [("PJSIP/201", "CANCEL"), ("PJSIP/202", "ANSWER")],
        )
        causes = [(e.get("Channel").partition("-")[0], e.get("Cause")) for e in self.company.of("Hangup")]
        self.assertEqual(causes, [("PJSIP/201", "26"), ("PJSIP/202", "16"), ("PJSIP/trunk", "16")])
        self.empty()

    def test_order_as_recorded(self) -> None:
        """The story of an answered call is told in the order of a real one."""
        self.place("100", talk=2)
        self.company.run(20)
        names = [n for n in self.company.names(*FLOW) if n != "Newexten"]
        self.assertEqual(
            names,
            ["Newchannel"] * 3 + ["DialBegin"] * 2 + ["DialState"] * 2 + ["DialEnd"] * 2
            + ["Hangup", "BridgeCreate", "BridgeEnter", "BridgeEnter", "HangupRequest", "BridgeLeave", "BridgeLeave",
               "BridgeDestroy", "Hangup", "SoftHangupRequest", "Hangup"],
        )  # fmt: skip

    def test_agent_hangs_up(self) -> None:
        """When the agent ends the call the caller is gone, too."""
        self.place("100", talk=2, agent_ends=True)
        self.company.run(20)
        self.assertEqual(self.company.of("HangupRequest")[0].get("Channel").partition("-")[0], "PJSIP/201")
        self.empty()

    def test_nobody_answers(self) -> None:
        """After the dial plan's limit both phones stop ringing and the caller is sent away."""
        self.habits(p201=Habit("noanswer"), p202=Habit("noanswer"))
        self.place("100", patience=60)
        self.company.run(60)
        self.assertEqual([e.get("DialStatus") for e in self.company.of("DialEnd")], ["NOANSWER", "NOANSWER"])
        self.assertIn("DIALSTATUS is NOANSWER", [e.get("AppData") for e in self.company.of("Newexten")])
        self.assertEqual(self.talks, [])
        self.empty()

    def test_refusals(self) -> None:
        """Busy, declined and out of order are told with the causes and SIP codes of real ones."""
        for mode, status, cause, code in (
            ("busy", "BUSY", "17", "486"),
            ("reject", "NOANSWER", "21", "603"),
            ("congestion", "CONGESTION", "34", "503"),
        ):  # fmt: skip
            self.company.events.clear()
            self.habits(p201=Habit(mode), p202=Habit(mode))
            self.place("100")
            self.company.run(60)
            self.assertEqual({e.get("DialStatus") for e in self.company.of("DialEnd")}, {status})
            legs = [e for e in self.company.of("Hangup") if "trunk" not in e.get("Channel")]
            self.assertEqual({(e.get("Cause"), e.get("TechCause")) for e in legs}, {(cause, code)})
        self.empty()

    def test_caller_gives_up(self) -> None:
        """A caller who hangs up while it rings leaves nothing ringing."""
        self.habits(p201=Habit("noanswer"), p202=Habit("noanswer"))
        self.place("100", patience=3)
        self.company.run(5)
        self.assertEqual([e.get("DialStatus") for e in self.company.of("DialEnd")], ["CANCEL", "CANCEL"])
        self.assertEqual(self.company.of("Hangup")[-1].get("Cause"), "0")
        self.empty()

    def test_busy_phone(self) -> None:
        """A phone with a call refuses the next one."""
        self.habits(p201=Habit("answer", 0.5, 0.5), p202=Habit("busy"))
        self.place("100", talk=30)
        self.company.run(3)
        self.place("100", Somebody("5", "Anna", "2"))
        self.company.run(60)
        self.assertEqual(self.talks, [("PJSIP/trunk", "PJSIP/201")])
        self.empty()

    def test_no_digits(self) -> None:
        """A caller who keys nothing is put through after a while, without digits."""
        channel = self.place("100", Somebody("1", "", ""), talk=1)
        self.company.run(8)
        self.assertEqual(channel.variables["calldata"], "")
        self.assertEqual(self.company.of("Newchannel")[0].get("CallerIDName"), "<unknown>")

    def test_hostile_names(self) -> None:
        """Whatever a caller's name is, it arrives, escaped as on a real one, and breaks no line of an event."""
        for name in HOSTILE_NAMES:
            self.place("100", Somebody("1", name, "1"), talk=1)
            self.company.run(30)
        shown = {e.get("CallerIDName") for e in self.company.of("Newchannel")}
        self.assertTrue(shown.issuperset(map(escaped, HOSTILE_NAMES)))
        for event in self.company.events:
            self.assertEqual(event.encode().count(b"\r\n"), len(event.headers) + 1)

    def test_escaped(self) -> None:
        """Names in events about channels are escaped; those in answers to an Originate and in records are not."""
        client = self.company.client()
        client.act("Originate", Channel="PJSIP/201", Application="Wait", Data="1", Async="1", CallerID="What? O'B <5>")
        self.company.run(5)
        self.assertIn("What\\? O\\'B", {e.get("CallerIDName") for e in self.company.of("Newstate")})
        self.assertEqual(self.company.of("OriginateResponse")[0].get("CallerIDName"), "What? O'B")
        self.assertEqual(self.company.of("Cdr")[0].get("CallerID"), '"What? O\'B" <5>')

    def test_inside_and_outside(self) -> None:
        """Agents call each other and the world; a busy number outside is busy."""
        phone = self.pbx.phones["PJSIP/201"]
        channel = self.pbx.dial_from(phone, "202")
        self.company.run(2)
        self.assertEqual(self.talks, [("PJSIP/201", "PJSIP/202")])
        self.pbx.hang_up(channel)
        self.company.run(1)
        channel = self.pbx.dial_from(phone, "90551234567")
        self.company.run(3)
        self.assertEqual(self.talks[-1], ("PJSIP/201", "PJSIP/trunk"))
        self.pbx.hang_up(channel)
        self.pbx.dial_from(phone, "96")
        self.company.run(5)
        self.assertEqual(self.company.of("DialEnd")[-1].get("DialStatus"), "BUSY")
        self.pbx.dial_from(phone, "4711")
        self.company.run(5)
        self.empty()


class TransferTests(CallTests):
    """Callers move on."""

    def test_blind(self) -> None:
        """The first agent is out of the call, the second one talks with the caller, who keeps the digits."""
        channel = self.place("100", talk=2, transfer_to="203")
        self.company.run(4)
        self.assertEqual(self.talks, [("PJSIP/trunk", "PJSIP/201"), ("PJSIP/trunk", "PJSIP/203")])
        self.assertEqual((channel.shown.context, channel.shown.exten), ("agents", "203"))
        self.assertEqual(channel.variables["calldata"], "12345")
        event = self.company.of("BlindTransfer")[0]
        self.assertEqual((event.get("Extension"), event.get("Context")), ("203", "agents"))
        self.company.run(20)
        self.empty()

    def test_queue_call(self) -> None:
        """A queue call that is sent on is told as complete by transfer."""
        self.company.join("astcti-queue", 201)
        self.place("101", talk=2, transfer_to="204")
        self.company.run(20)
        self.assertEqual(self.company.of("AgentComplete")[0].get("Reason"), "transfer")
        self.assertEqual(self.talks[-1], ("PJSIP/trunk", "PJSIP/204"))
        self.empty()

    def test_nowhere(self) -> None:
        """A caller sent to a number that does not exist is lost."""
        self.place("100", talk=2, transfer_to="4711")
        self.company.run(20)
        self.assertEqual(len(self.talks), 1)
        self.empty()

    def test_redirect_of_the_agent(self) -> None:
        """The agent's own leg can be sent elsewhere as well; the caller is then left alone and hung up."""
        self.place("100", talk=30)
        self.company.run(3)
        agent = next(c for c in self.pbx.channels.values() if c.interface == "PJSIP/201")
        self.pbx.move(agent, "agents", "203")
        self.company.run(2)
        self.assertEqual(self.talks[-1], ("PJSIP/201", "PJSIP/203"))
        self.assertEqual({c.interface for c in self.pbx.channels.values()}, {"PJSIP/201", "PJSIP/203"})


class TransferTests16(TransferTests):
    """The same with Asterisk 16's events."""

    asterisk = 16
