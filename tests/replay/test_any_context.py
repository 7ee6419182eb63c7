"""Without any service: each context in which the one variable is set is one, on everything that was recorded."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from astcti.model import Plan, ServicePlan, Tracker, facts
from astcti.model.notices import Notice
from astcti.model.restoring import Recalled
from tests.model.talk import Talk
from tests.recordings.expected import EXPECTED_1_4, HERE, expected_pops, recordings
from tests.recordings.playing import play

#: A client that has the PBX begin a call, and says ``calldata`` with it: that is in a context like any other.
MORE = {"originate-async-success": "202"}
#: The variable of these services is another one, or none is set.
NONE = {"odd-characters"}
CALLER, PHONE = ("1.1", "PJSIP/trunk-00000001"), ("1.2", "PJSIP/201-00000002")


def pops(recording: object) -> list[Notice]:
    """What pops in a recording."""
    played = play(recording, services=(), anywhere="calldata")  # type: ignore[arg-type]
    return [notice for notice in played.notices if notice.pop]


class RecordedTests(SynchronousTestCase):
    """Real conversations."""

    def test_pops(self) -> None:
        """The same calls pop at the same phones, once each, with the same data, as with services that are configured;
        they have no service's id, and the name of the context."""
        for recording in recordings():
            name = recording.stem.removeprefix("sip-").removeprefix("local-")
            found = pops(recording)
            shown = [(n.seat, n.call.number, dict(n.call.variables)["calldata"], n.call.queue) for n in found]
            if name in MORE:
                self.assertEqual([(n.call.number, n.call.service) for n in found], [(MORE[name], "agents")], recording)
            elif name not in NONE:
                self.assertEqual(shown, expected_pops(recording), recording)
                self.assertTrue(all((n.service_id, n.call.service) == (0, "astctidemo") for n in found), recording)
        for old, expected in EXPECTED_1_4.items():
            found = pops(HERE / "1.4" / f"{old}.ami")
            shown = [(n.seat, n.call.number, dict(n.call.variables)["calldata"], n.call.queue) for n in found]
            self.assertEqual(shown, expected, old)


class PlanTests(SynchronousTestCase):
    """What counts as a service, and when."""

    def talk(self, *services: ServicePlan) -> Talk:
        """A tracker with that plan."""
        return Talk("PJSIP/201", "PJSIP/202", plan=Plan.of(services, "CallData"))

    def test_other_variable(self) -> None:
        """Calls without the variable are no service's; its name counts whatever the case, as everywhere."""
        for name, count in (("other", 0), ("calldata", 1), ("__CALLDATA", 1)):
            talk = self.talk()
            talk.arrives(*CALLER, context="shop")
            talk.sets(*CALLER, name, "7")
            talk.dials(*CALLER, *PHONE)
            talk.enters("b1", CALLER, PHONE)
            found = [n.call for n in talk.notices if n.pop]
            self.assertEqual([(c.context, c.variables) for c in found], [("shop", (("CallData", "7"),))] * count, name)

    def test_with_services(self) -> None:
        """As soon as there is a service, contexts count by their names alone."""
        talk = self.talk(ServicePlan(1, "sales", variables=("calldata",)))
        talk.arrives(*CALLER, context="shop")
        talk.sets(*CALLER, "calldata", "7")
        talk.dials(*CALLER, *PHONE)
        talk.enters("b1", CALLER, PHONE)
        self.assertEqual(talk.pops, [])

    def test_first_context(self) -> None:
        """A caller who is sent on stays with the context in which the variable was set first."""
        talk = self.talk()
        talk.arrives(*CALLER, context="shop")
        talk.sets(*CALLER, "calldata", "7")
        talk.feed(facts.ChannelExten(*CALLER[:1], CALLER[0], CALLER[1], "desk", "1", "Answer", ""))
        talk.sets(*CALLER, "calldata", "8")
        talk.dials(*CALLER, *PHONE)
        talk.enters("b1", CALLER, PHONE)
        (call,) = [n.call for n in talk.notices if n.pop]
        self.assertEqual((call.context, call.variables), ("shop", (("CallData", "8"),)))

    def test_inherited(self) -> None:
        """A phone that is rung inherits the variable: the call is still the caller's, and pops once."""
        talk = self.talk()
        talk.arrives(*CALLER, context="shop")
        talk.sets(*CALLER, "__calldata", "7")
        talk.feed(
            facts.ChannelNew(PHONE[0], CALLER[0], PHONE[1], "Down", "", "", "phones", "s", ""),
            facts.VariableSet(PHONE[0], CALLER[0], PHONE[1], "phones", "_calldata", "7"),
        )
        talk.dials(*CALLER, *PHONE)
        talk.enters("b1", CALLER, PHONE)
        self.assertEqual(talk.pops, [("PJSIP/201", CALLER[0])])
        self.assertEqual([n.call.context for n in talk.notices if n.pop], ["shop"])

    def test_recalled(self) -> None:
        """A call that another life of the server knew to be one is one still, and pops where it has not."""
        for told, count in ((("PJSIP/201",), 0), ((), 1)):
            tracker = Tracker(Plan.of((), "calldata"), ("PJSIP/201",))
            found = [
                facts.ChannelNew(CALLER[0], CALLER[0], CALLER[1], "Up", "333", "Mario", "shop", "100", ""),
                facts.ChannelNew(PHONE[0], CALLER[0], PHONE[1], "Up", "", "", "phones", "s", ""),
                facts.BridgeEnter("b1", "basic", CALLER[0], "", CALLER[1], ""),
                facts.BridgeEnter("b1", "basic", PHONE[0], "", PHONE[1], ""),
            ]
            known = {CALLER[0]: Recalled(told=told, variables={"calldata": "7"})}
            tracker.restore(found, {CALLER[0], PHONE[0]}, 1.0, owed=True, recall=known.get)
            popped = [n for n in tracker.settle(2.0) if n.pop]
            self.assertEqual([n.call.variables for n in popped], [(("calldata", "7"),)] * count)
