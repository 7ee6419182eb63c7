"""An operator dials, and hears what became of it."""

from __future__ import annotations

from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from astcti.errors import AMILost, AMIRefused, AMITimeout, Refused
from astcti.model.commands import Done, Originate
from astcti.services.originating.originating import GUARD_SECONDS
from astcti.services.originating.pending import PendingBook
from tests.services.fakes import FakeClient, call_centre
from tests.services.originating.switchboard import Switchboard, dialling_centre, responses
from tests.services.pbx import channel, message


class DiallingTestCase(SynchronousTestCase):
    """Anna at her seat."""

    settings: dict[str, Any] = {}

    def setUp(self) -> None:
        self.board = Switchboard(**self.settings)
        self.anna = self.board.seat("anna")

    def dial(self, *order: Any, client: FakeClient | None = None) -> Any:
        """What ``ORIG`` is answered; None as long as it is not."""
        return self.board.ask(client or self.anna, Originate(*order))

    def refusal(self, *order: Any, client: FakeClient | None = None) -> int:
        """The number of the refusal; nothing was asked of the PBX."""
        asked = len(self.board.actions)
        answer = self.dial(*order, client=client)
        self.assertIsInstance(answer, Refused)
        self.assertEqual(len(self.board.actions), asked)
        return int(answer.number)


class OrderTests(DiallingTestCase):
    """What the PBX is asked."""

    def test_whole(self) -> None:
        """The own phone first, then the number in the service's context, as the operator, asynchronously."""
        self.dial("0551234567")
        (action,) = self.board.actions
        self.assertEqual(
            [pair for pair in action.headers() if pair[0] != "ChannelId"],
            [
                ("Channel", "PJSIP/201"), ("Context", "outgoing"), ("Exten", "0551234567"), ("Priority", "1"),
                ("Timeout", "30000"), ("CallerID", '"Anna" <201>'), ("Variable", "CTI_OPERATOR=anna"),
                ("Variable", "CTI_SEAT=PJSIP/201"), ("Async", "true"),
            ],
        )  # fmt: skip

    def test_accepted(self) -> None:
        """The reply is ``100 OK`` when the PBX has accepted it, not before."""
        answers: list[Any] = []
        self.board.desk.perform(self.anna, Originate("1")).addCallback(answers.append)
        self.assertEqual(answers, [])
        self.board.accept()
        self.assertEqual(answers, [Done()])

    def test_ids(self) -> None:
        """Every call has another id."""
        self.dial("1")
        self.dial("1", "", "Local/251@phones/n")
        self.assertEqual(len({action.channel_id for action in self.board.actions}), 2)

    def test_own_channel(self) -> None:
        """Another phone of the seat may be named, however it is spelt; the PBX reads our spelling."""
        self.dial("1", "", "local/251@phones")
        self.assertEqual(self.board.actions[0].channel, "Local/251@phones/n")

    def test_auto_answer(self) -> None:
        """Phones that can answer by themselves are asked to, in the way of their technology; others are not."""
        for phone in ("SIP/261", "PJSIP/262", "PJSIP/201"):
            self.dial("1", "", phone)
        names = [sorted(set(action.variables) - {"CTI_OPERATOR", "CTI_SEAT"}) for action in self.board.actions]
        headers = ["PJSIP_HEADER(add,Alert-Info)", "PJSIP_HEADER(add,Call-Info)"]
        self.assertEqual(names, [["SIPADDHEADER01", "SIPADDHEADER02"], headers, []])

    def test_auto_answer_context(self) -> None:
        """With a context for it these phones are called through that, which learns what phone is meant; others are
        called directly, and a phone whose number is taken as usual."""
        self.board = Switchboard(auto_answer_context="answering")
        self.anna = self.board.seat("anna")
        for phone in ("SIP/261", "PJSIP/262", "PJSIP/201"):
            self.dial("1", "", phone)
        actions = self.board.actions
        self.assertEqual([a.channel for a in actions], ["Local/261@answering/n", "Local/262@answering/n", "PJSIP/201"])
        phones = [(a.variables.get("CTI_PHONE"), any("HEADER" in name for name in a.variables)) for a in actions]
        self.assertEqual(phones, [("SIP/261", False), ("PJSIP/262", False), (None, False)])

    def test_settings(self) -> None:
        """The phone's time and the account code are the administrator's choice."""
        self.board = Switchboard(orig_timeout=7, orig_account="{SERVICE}-{OPERATOR}")
        self.anna = self.board.seat("anna")
        self.dial("1")
        action = self.board.actions[0]
        self.assertEqual((action.timeout, action.account), (7000, "outgoing-anna"))


class RefusalTests(DiallingTestCase):
    """Who may not dial what."""

    def test_numbers(self) -> None:
        """What is no number is refused, however it looks."""
        for number in (
            "",
            "1" * 65,
            "+",
            "++1",
            "1+1",
            "1 2",
            "0\u0661",
            "1\n",
            "%0d%0a",
            "${EXTEN}",
            "1@x",
            "1&2",
            "1,2",
        ):
            self.assertEqual(self.refusal(number), 901, number)

    def test_ranges(self) -> None:
        """Only numbers of the service's ranges."""
        bruno = self.board.seat("bruno")
        for number in ("200", "299", "055", "911", "s"):
            self.assertIsNone(self.dial(number, "internal", client=bruno))
            self.board.refuse(AMIRefused("no"))
        for number in ("199", "300", "2000", "112", "0", "h", "2-0-0"):
            self.assertEqual(self.refusal(number, "internal", client=bruno), 923, number)

    def test_special(self) -> None:
        """Extensions that Asterisk runs by itself are nobody's numbers."""
        for number in ("s", "h", "i", "t", "T", "fax", "FAILED"):
            self.assertEqual(self.refusal(number), 923, number)

    def test_dashes(self) -> None:
        """Asterisk reads over dashes: they hide neither its own extensions nor a number outside of the ranges."""
        for number in ("-s", "s-", "f-ax", "-", "--"):
            self.assertEqual(self.refusal(number), 923, number)
        self.assertIsNone(self.dial("055-12"))
        bruno = self.board.seat("bruno")
        for number in ("05-", "0-5", "-s"):
            self.assertEqual(self.refusal(number, "internal", client=bruno), 923, number)

    def test_services(self) -> None:
        """Only enabled outbound services of one's own; without a name the default one."""
        bruno = self.board.seat("bruno")
        self.dial("1", client=bruno)
        self.assertEqual(self.board.actions[0].context, "Abroad")
        self.board.accept()
        self.board.result(3)
        self.dial("1", "OUTGOING", client=bruno)
        self.assertEqual(self.board.actions[1].context, "outgoing")
        for service in ("direct", "closed", "nosuch", "queued", "outgoing,1", "default"):
            self.assertEqual(self.refusal("1", service, client=bruno), 922, service)
        for service in ("internal", "Abroad", "direct"):
            self.assertEqual(self.refusal("1", service), 922, service)

    def test_no_default(self) -> None:
        """Without a service, or with several and no default, there is no telling through which."""
        self.assertEqual(self.refusal("1", client=self.board.seat("carla", "SIP/303")), 922)
        usual = dialling_centre()
        services = tuple(s for s in usual.services if s.name != "Abroad")
        self.board = Switchboard(dialling_centre(services=services))
        self.assertEqual(self.refusal("1", client=self.board.seat("bruno")), 922)

    def test_channels(self) -> None:
        """Nobody else's phone, no disabled one, no dial string."""
        self.board.seat("bruno")
        for phone in ("PJSIP/202", "PJSIP/263", "SIP/201", "Local/1@direct", "PJSIP/201&PJSIP/202", "PJSIP/201-0001"):
            self.assertEqual(self.refusal("1", "", phone), 920, phone)

    def test_priority(self) -> None:
        """Priority 1, unless others are allowed."""
        self.assertEqual(self.refusal("1", "outgoing", "", 2), 925)
        self.assertEqual(self.refusal("1", "outgoing", "", 0), 901)
        self.board = Switchboard(orig_any_priority=True)
        self.anna = self.board.seat("anna")
        self.dial("1", "outgoing", "", 2)
        self.assertEqual(self.board.actions[0].priority, 2)

    def test_paused(self) -> None:
        """A paused operator may dial, or not: a setting."""
        self.board.pause("PJSIP/201")
        self.assertIsNone(self.dial("1"))
        self.board = Switchboard(orig_while_paused=False)
        self.anna = self.board.seat("anna")
        self.board.pause("PJSIP/201")
        self.assertEqual(self.refusal("1"), 903)
        self.board.pause("PJSIP/201", False, "other")
        self.assertIsNone(self.dial("1"))

    def test_without_pbx(self) -> None:
        """No link, no call; neither when it goes at that moment."""
        self.board.desk.link_changed(False)
        self.assertEqual(self.refusal("1"), 905)
        self.board.desk.link_changed(True)
        for error, number in (
            (AMILost("gone"), 905),
            (AMITimeout("slow"), 907),
            (AMIRefused("Permission denied"), 906),
        ):
            answers: list[Any] = []
            self.board.desk.perform(self.anna, Originate("1")).addErrback(answers.append)
            self.board.refuse(error)
            self.assertEqual(answers[0].value.number, number)
        self.assertEqual(answers[0].value.reason, "refused by the PBX: Permission denied")
        self.assertEqual(responses(self.anna), [])
        self.assertIsNone(self.dial("1"))

    def test_rate(self) -> None:
        """So many calls a minute, for each operator."""
        self.board = Switchboard(orig_per_minute=3)
        self.anna = self.board.seat("anna")
        for _ in range(3):
            self.assertIsNone(self.dial("1"))
            self.board.refuse(AMIRefused("no"))
            self.board.clock.advance(10)
        self.assertEqual(self.refusal("1"), 908)
        self.assertIsNone(self.dial("1", client=self.board.seat("bruno")))
        self.board.clock.advance(31)
        self.assertIsNone(self.dial("1"))

    def test_one_at_a_time(self) -> None:
        """A phone that is being called for one call is not called for another; afterwards it is."""
        self.dial("1")
        self.assertEqual(self.refusal("2"), 903)
        self.board.accept()
        self.assertEqual(self.refusal("2"), 903)
        self.assertIsNone(self.dial("2", "", "Local/251@phones/n"))
        self.board.rings(0)
        self.board.result(4, 0)
        self.assertIsNone(self.dial("2"))


class OutcomeTests(DiallingTestCase):
    """What became of it."""

    def setUp(self) -> None:
        super().setUp()
        self.dial("0551")

    def test_answered(self) -> None:
        """Success, once, with what identifies the call."""
        action = self.board.accept()
        self.board.rings()
        self.board.answered()
        self.board.result(4)
        self.board.hangs_up(16)
        self.assertEqual(responses(self.anna), [("Success", 4)])
        call = next(n.call for n, _ in self.anna.told if n.kind == "OriginateResponse")
        self.assertEqual(
            (call.uniqueid, call.channel, call.context, call.exten, call.direction, call.reason_text),
            (action.channel_id, "PJSIP/201-1", "outgoing", "0551", "outbound", "answered"),
        )
        self.assertEqual(self.anna.kinds[-1], "Hangup")

    def test_true_cause(self) -> None:
        """The PBX's 0 becomes what the channel's end says, whichever comes first, and the hang-up is last."""
        self.board.accept()
        for cause, reason in ((17, 5), (21, 5), (19, 1), (18, 1), (34, 8), (20, 8), (0, 1), (16, 1), (1, 0)):
            for result_first in (True, False):
                board = Switchboard()
                anna = board.seat("anna")
                board.ask(anna, Originate("1"))
                board.accept()
                board.rings()
                if result_first:
                    board.result(0)
                board.hangs_up(cause)
                if not result_first:
                    board.result(0)
                self.assertEqual(responses(anna), [("Failure", reason)], cause)
                self.assertEqual(anna.kinds[-2:], ["OriginateResponse", "Hangup"])

    def test_no_answer(self) -> None:
        """The phone rings in vain."""
        self.board.accept()
        self.board.rings()
        self.board.result(3)
        self.board.hangs_up(0)
        self.assertEqual(responses(self.anna), [("Failure", 1)])

    def test_no_phone(self) -> None:
        """A phone that does not exist, or is not registered, has no channel to say more."""
        self.board.accept()
        self.board.result(0)
        self.assertEqual(responses(self.anna), [("Failure", 8)])

    def test_older_asterisk(self) -> None:
        """1.4 to 11 do not let us choose the id, but say why."""
        action = self.board.accept()
        self.board.say(channel("7.7", "PJSIP/201-1"))
        self.board.result(5)
        self.dial("1")
        self.board.accept()
        self.board.say(message("OriginateResponse", ActionID="id-1", Response="Success", Channel="PJSIP/201-2",
                               Context="outgoing", Exten="1", Reason=4, Uniqueid="7.8"))  # fmt: skip
        self.assertEqual(responses(self.anna), [("Failure", 5), ("Success", 4)])
        calls = [n.call.uniqueid for n, _ in self.anna.told if n.kind == "OriginateResponse"]
        self.assertEqual(calls, [action.channel_id, "7.8"])

    def test_hung_up_before_told(self) -> None:
        """Answered and hung up before the PBX says that it was answered: it was."""
        self.board.accept()
        self.board.rings()
        self.board.answered()
        self.board.hangs_up(16)
        self.board.result(4)
        self.assertEqual(responses(self.anna), [("Success", 4)])

    def test_before_the_reply(self) -> None:
        """An event that overtakes the response is told behind the reply."""
        for early in ("result", "hangup", "success"):
            board = Switchboard()
            anna = board.seat("anna")
            replies: list[Any] = []
            board.desk.perform(anna, Originate("1")).addCallback(lambda _: replies.append(responses(anna)))  # noqa: B023
            if early == "hangup":
                board.rings()
                board.hangs_up(17)
            else:
                board.result(0 if early == "result" else 4)
            board.accept()
            self.assertEqual(replies, [[]], early)
            board.clock.advance(0)
            expected = {"result": ("Failure", 8), "hangup": ("Failure", 5), "success": ("Success", 4)}[early]
            self.assertEqual(responses(anna), [expected])

    def test_silence(self) -> None:
        """A PBX that never says anything is told of as such; what it says later is not told."""
        self.board.accept()
        self.board.clock.advance(30 + GUARD_SECONDS - 0.1)
        self.assertEqual(responses(self.anna), [])
        self.board.clock.advance(0.2)
        self.board.result(4)
        self.assertEqual(responses(self.anna), [("Failure", 8)])
        self.assertIsNone(self.dial("1"))

    def test_link_lost(self) -> None:
        """Without a link nobody will say it: told at once, and only once."""
        self.board.accept()
        self.board.rings()
        self.board.desk.link_changed(False)
        self.board.desk.link_changed(True)
        self.board.result(4)
        self.assertEqual(responses(self.anna), [("Failure", 8)])
        self.assertEqual(self.board.clock.getDelayedCalls(), [])

    def test_broken_client(self) -> None:
        """One that cannot be told anything goes; the call is followed all the same, and others are told of theirs."""
        bruno = self.board.seat("bruno")
        self.board.accept()
        self.board.rings()
        self.anna.broken = True
        self.board.hangs_up(17)
        self.assertEqual((dict(self.board.tracker.legs), self.board.follower.faults), ({}, 0))
        self.assertEqual([number for number, _, _ in self.anna.dismissed], [999])
        anna = self.board.seat("anna")
        self.dial("1", client=anna)
        self.board.accept()
        self.dial("1", "outgoing", client=bruno)
        self.board.accept()
        anna.broken = True
        self.board.desk.link_changed(False)
        self.assertEqual(responses(bruno), [("Failure", 8)])
        self.flushLoggedErrors(RuntimeError)

    def test_left_before_the_reply(self) -> None:
        """Nothing is kept of a call that the PBX accepts when its operator has left."""
        self.board.desk.detach(self.anna)
        self.board.accept()
        self.board.result(4)
        self.assertEqual((responses(self.anna), self.board.clock.getDelayedCalls()), ([], []))
        self.assertEqual(vars(self.board.originating._pending), vars(PendingBook()))

    def test_left(self) -> None:
        """Whoever has left is not told; their phone is free for the next at the seat."""
        self.board.accept()
        self.board.desk.detach(self.anna)
        again = self.board.seat("anna")
        self.assertIsNone(self.dial("1", client=again))
        self.board.result(4, 0)
        self.assertEqual((responses(self.anna), responses(again)), ([], []))

    def test_others(self) -> None:
        """What others dial through the same PBX is nobody's outcome here."""
        self.board.result(4, action_id="somebody-else-1")
        self.board.accept()
        self.board.result(4, action_id="somebody-else-2")
        self.board.say(channel("1.9", "PJSIP/201-9"), channel("1.9", "PJSIP/201-9", "Hangup", Cause=17))
        self.assertEqual(responses(self.anna), [])

    def test_many(self) -> None:
        """Several at once, answered in another order: each hears its own."""
        bruno = self.board.seat("bruno")
        self.dial("2", "", "Local/251@phones/n")
        self.dial("3", "outgoing", client=bruno)
        for number in range(3):
            self.board.accept(number)
            self.board.rings(number)
        self.board.result(4, 2)
        self.board.hangs_up(17, 0)
        self.board.result(3, 1)
        self.assertEqual(responses(self.anna), [("Failure", 5), ("Failure", 1)])
        self.assertEqual(responses(bruno), [("Success", 4)])
        numbers = [n.call.exten for n, _ in self.anna.told if n.kind == "OriginateResponse"]
        self.assertEqual(numbers, ["0551", "2"])

    def test_idle(self) -> None:
        """When nothing is pending nobody listens."""
        self.assertIsNotNone(self.board.follower.on_call)
        self.board.accept()
        self.board.result(0)
        self.assertIsNone(self.board.follower.on_call)
        self.assertEqual(self.board.clock.getDelayedCalls(), [])


class CallTests(DiallingTestCase):
    """The call itself."""

    def call(self) -> Any:
        """The own phone is answered, and the number is dialled."""
        self.dial("0551")
        action = self.board.accept()
        self.board.rings()
        self.board.answered()
        self.board.result(4)
        leg = {"Context": "outgoing", "Exten": "0551", "Linkedid": action.channel_id}
        self.board.say(channel(action.channel_id, "PJSIP/201-1", "Newexten", Application="Dial", AppData="x", **leg))
        self.leg = {"Channel": "PJSIP/201-1", "Uniqueid": action.channel_id, **leg}
        self.dest = {"DestChannel": "PJSIP/out-2", "DestUniqueid": "1.2", "DestLinkedid": action.channel_id}
        self.board.say(channel("1.2", "PJSIP/out-2"), message("DialBegin", **self.leg, **self.dest, DialString="0551"))
        return action

    def test_pops(self) -> None:
        """The other party answers: the screen of whoever called pops, once, with the outbound service's page."""
        action = self.call()
        bridge = {"BridgeUniqueid": "b", "BridgeType": "basic"}
        for uniqueid, name in (("1.2", "PJSIP/out-2"), (action.channel_id, "PJSIP/201-1")):
            self.board.say(channel(uniqueid, name, "BridgeEnter", **bridge))
        ((link, actions),) = [(n, a) for n, a in self.anna.told if n.kind == "Link"]
        self.assertEqual((link.call.direction, link.call.service, link.call.exten), ("outbound", "outgoing", "0551"))
        self.assertEqual(len(actions), 1)

    def test_fate(self) -> None:
        """The other party does not: the end of the call says why, though the dial plan hangs up normally."""
        for status, code in (("BUSY", 17), ("NOANSWER", 19), ("CONGESTION", 34), ("CHANUNAVAIL", 20), ("CANCEL", 16)):
            self.setUp()
            self.call()
            self.board.say(message("DialEnd", **self.leg, **self.dest, DialStatus=status))
            self.board.hangs_up(16)
            last = self.anna.told[-1][0]
            self.assertEqual((last.kind, last.call.reason_code), ("Hangup", code), status)

    def test_fate_is_not_made_up(self) -> None:
        """A cause that the PBX gave stays, and so does the normal end of a call that was answered."""
        self.call()
        self.board.say(message("DialEnd", **self.leg, **self.dest, DialStatus="CONGESTION"))
        self.board.hangs_up(1)
        self.assertEqual(self.anna.told[-1][0].call.reason_code, 1)
        self.setUp()
        self.call()
        for status in ("NOANSWER", "ANSWER"):
            self.board.say(message("DialEnd", **self.leg, **self.dest, DialStatus=status))
        self.board.hangs_up(16)
        self.assertEqual(self.anna.told[-1][0].call.reason_code, 16)


class UnableTests(SynchronousTestCase):
    """A call centre without outbound services."""

    def test_costs_nothing(self) -> None:
        """How dialling ended is only followed where somebody may dial."""
        from astcti.ami.dialect import interest_for
        from astcti.config.plan import plan_of

        with_them = interest_for(plan_of(dialling_centre()))
        usual = call_centre()
        without = interest_for(plan_of(call_centre(services=usual.services[:2])))
        self.assertIn(b"DialEnd", with_them.events or ())
        self.assertNotIn(b"DialEnd", without.events or ())
