"""Queues: who waits, who is rung in which order, and who is told."""

from __future__ import annotations

from astcti.simulator import membership
from astcti.simulator.phones import Habit
from astcti.simulator.queues import QueueOptions
from tests.simulator.test_calls import FLOW, CallTests


class QueueTests(CallTests):
    """Calls to services with queues."""

    def rung(self) -> list[str]:
        """The members that were rung, in order."""
        return [e.get("Interface") for e in self.company.of("AgentCalled")]

    def options(self, queue: str, **changes: object) -> None:
        """Change a queue's options."""
        self.pbx.queues[queue].options = self.pbx.queues[queue].options._replace(**changes)  # type: ignore[arg-type]

    def test_answered(self) -> None:
        """The story of an answered queue call is told in the order of a real one, with its times."""
        self.company.join("astcti-queue", 201)
        self.place("101", talk=3)
        self.company.run(20)
        names = [n for n in self.company.names(*FLOW) if n != "Newexten"]
        self.assertEqual(
            names,
            ["Newchannel", "QueueCallerJoin", "Newchannel", "AgentCalled", "DialBegin", "DialState", "DialEnd",
             "QueueCallerLeave", "AgentConnect", "BridgeCreate", "BridgeEnter", "BridgeEnter", "HangupRequest",
             "AgentComplete", "BridgeLeave", "BridgeLeave", "BridgeDestroy", "Hangup", "SoftHangupRequest", "Hangup"],
        )  # fmt: skip
        done = self.company.of("AgentComplete")[0]
        self.assertEqual(
            (done.get("TalkTime"), done.get("Reason"), done.get("MemberName")), ("3", "caller", "Agent 201")
        )
        member = self.pbx.queues["astcti-queue"].members["PJSIP/201"]
        self.assertEqual((member.calls_taken, member.in_call, member.status), (1, False, 1))
        self.empty()

    def test_reasons(self) -> None:
        """An agent who hangs up first is told as the one who did."""
        self.company.join("astcti-queue", 201)
        self.place("101", talk=1, agent_ends=True)
        self.company.run(20)
        self.assertEqual(self.company.of("AgentComplete")[0].get("Reason"), "agent")
        self.empty()

    def test_abandon(self) -> None:
        """Callers who hang up while they wait are told as lost, with how long they waited."""
        self.place("101", patience=7)
        self.company.run(10)
        event = self.company.of("QueueCallerAbandon")[0]
        self.assertEqual((event.get("Position"), event.get("HoldTime")), ("1", "7"))
        self.assertEqual(self.company.names("QueueCallerLeave"), ["QueueCallerLeave"])
        self.empty()

    def test_abandon_while_ringing(self) -> None:
        """Nothing rings on when the caller is gone."""
        self.company.join("astcti-queue", 201)
        self.habits(p201=Habit("noanswer"))
        self.place("101", patience=3)
        self.company.run(4)
        self.assertEqual(self.company.of("DialEnd")[0].get("DialStatus"), "CANCEL")
        self.empty()

    def test_time_over(self) -> None:
        """After a minute the dial plan goes on without the queue."""
        self.place("101", patience=100)
        self.company.run(100)
        self.assertIn("QUEUESTATUS is TIMEOUT", [e.get("AppData") for e in self.company.of("Newexten")])
        self.empty()

    def test_waiting(self) -> None:
        """With one agent the second caller waits for the first to end, and is told position and count."""
        self.company.join("astcti-queue", 201)
        self.place("101", talk=5)
        self.company.run(3)
        self.place("101", talk=5)
        self.company.run(2)
        self.assertEqual([e.get("Position") for e in self.company.of("QueueCallerJoin")], ["1", "1"])
        self.place("101", talk=5)
        self.company.run(2)
        self.assertEqual([e.get("Count") for e in self.company.of("QueueCallerJoin")], ["1", "1", "2"])
        self.company.run(30)
        self.assertEqual(len(self.talks), 3)
        self.empty()

    def test_arrival_of_a_member(self) -> None:
        """Who waits is served as soon as somebody joins the queue or ends a pause."""
        self.place("101", talk=2)
        self.company.run(3)
        self.company.join("astcti-queue", 201)
        self.company.run(2)
        self.assertEqual(len(self.talks), 1)
        self.company.run(10)
        membership.pause(self.pbx, "", "PJSIP/201", True, "lunch")
        self.place("101", talk=2)
        self.company.run(5)
        self.assertEqual(len(self.talks), 1)
        membership.pause(self.pbx, "astcti-queue", "PJSIP/201", False)
        self.company.run(1)
        self.assertEqual(len(self.talks), 2)

    def test_no_answer_then_next(self) -> None:
        """A member who does not answer is told so after the queue's time, and the next one rings."""
        self.company.join("astcti-queue", 201, 202)
        self.habits(p201=Habit("noanswer"))
        self.place("101", talk=1)
        self.company.run(30)
        self.assertEqual(self.rung(), ["PJSIP/201", "PJSIP/202"])
        self.assertEqual(self.company.of("AgentRingNoAnswer")[0].get("RingTime"), "5000")
        self.empty()

    def test_ring_all(self) -> None:
        """All free members ring at once, the one who answers talks, the others stop."""
        self.company.join("astcti-ringall", 201, 202, 203)
        self.habits(p203=Habit("answer", 0.2, 0.2))
        self.place("103", talk=1)
        self.company.run(30)
        self.assertEqual(self.rung(), ["PJSIP/201", "PJSIP/202", "PJSIP/203"])
        self.assertEqual(self.talks, [("PJSIP/trunk", "PJSIP/203")])
        self.empty()

    def serve(self, queue: str, exten: str, calls: int) -> list[str]:
        """Let calls come one after the other; who rang."""
        self.company.events.clear()
        for _ in range(calls):
            self.place(exten, talk=1)
            self.company.run(30)
        return [i[-3:] for i in self.rung()]

    def test_round_robin(self) -> None:
        """``rrmemory``: everybody in turn."""
        self.company.join("astcti-queue", 201, 202, 203)
        self.assertEqual(self.serve("astcti-queue", "101", 5), ["201", "202", "203", "201", "202"])

    def test_linear(self) -> None:
        """``linear``: always the first, and the next only when the first does not answer."""
        self.assertEqual(self.serve("astcti-static", "104", 2), ["201", "201"])
        membership.set_penalty(self.pbx, "astcti-static", "PJSIP/202", 0)
        self.habits(p201=Habit("noanswer"))
        self.assertEqual(self.serve("astcti-static", "104", 2), ["201", "202", "201", "202"])

    def test_fewest_calls(self) -> None:
        """``fewestcalls``: who has taken the fewest."""
        self.options("astcti-queue", strategy="fewestcalls")
        self.company.join("astcti-queue", 201, 202)
        self.pbx.queues["astcti-queue"].members["PJSIP/201"].calls_taken = 2
        self.assertEqual(self.serve("astcti-queue", "101", 3), ["202", "202", "201"])

    def test_random(self) -> None:
        """``random``: anybody, and the same ones again with the same seed."""
        self.options("astcti-queue", strategy="random")
        self.company.join("astcti-queue", 201, 202, 203)
        rung = self.serve("astcti-queue", "101", 8)
        self.assertEqual(set(rung), {"201", "202", "203"})
        other = QueueTests("test_random")
        other.setUp()
        other.options("astcti-queue", strategy="random")
        other.company.join("astcti-queue", 201, 202, 203)
        self.assertEqual(other.serve("astcti-queue", "101", 8), rung)

    def test_penalty(self) -> None:
        """A higher penalty rings only when the lower ones cannot."""
        self.company.join("astcti-queue", 201)
        self.company.join("astcti-queue", 202, penalty=5)
        self.assertEqual(self.serve("astcti-queue", "101", 2), ["201", "201"])
        self.place("101", talk=20)
        self.company.run(2)
        self.assertEqual(self.serve("astcti-queue", "101", 1), ["202"])

    def test_wrap_up(self) -> None:
        """After a call a member is left alone for the queue's wrap-up time."""
        self.options("astcti-queue", wrapup=8)
        self.company.join("astcti-queue", 201)
        self.place("101", talk=2)
        self.company.run(5)
        self.place("101", talk=2)
        self.company.run(6)
        self.assertEqual(len(self.talks), 1)
        self.company.run(4)
        self.assertEqual(len(self.talks), 2)

    def test_in_use(self) -> None:
        """A member who talks on a direct call is not rung for the queue, and told as in use."""
        self.company.join("astcti-queue", 201)
        self.pbx.dial_from(self.pbx.phones["PJSIP/201"], "203")
        self.company.run(2)
        self.place("101", talk=2)
        self.company.run(5)
        self.assertEqual(self.rung(), [])
        self.assertEqual(self.pbx.queues["astcti-queue"].members["PJSIP/201"].status, 2)

    def test_removal_while_talking(self) -> None:
        """Who is removed during a call finishes it."""
        self.company.join("astcti-queue", 201)
        self.place("101", talk=5)
        self.company.run(3)
        membership.remove(self.pbx, "astcti-queue", "PJSIP/201")
        self.company.run(20)
        self.assertEqual(self.company.of("AgentComplete")[0].get("TalkTime"), "5")
        self.empty()

    def test_unknown_queue(self) -> None:
        """A dial plan that names a queue nobody has goes on."""
        self.pbx.queues["other"] = self.pbx.queues.pop("astcti-queue")
        self.place("101")
        self.company.run(5)
        self.assertIn("QUEUESTATUS is UNKNOWN", [e.get("AppData") for e in self.company.of("Newexten")])

    def test_defaults(self) -> None:
        """A queue without options is as in Asterisk's sample: round robin, fifteen seconds."""
        self.assertEqual(QueueOptions()[:2], ("rrmemory", 15.0))


class QueueTests16(QueueTests):
    """The same with Asterisk 16's events."""

    asterisk = 16
