"""What a seat is told of its calls."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from astcti.model import Plan, ServicePlan, facts
from astcti.model.board import MAX_STUBS
from tests.model.talk import Talk

CALLER = ("1.1", "PJSIP/trunk-00000001")
FIRST = ("1.2", "PJSIP/201-00000002")
SECOND = ("1.3", "PJSIP/202-00000003")


def answered(*phones: str) -> Talk:
    """A sales call with data, answered at 201."""
    talk = Talk(*(phones or ("PJSIP/201", "PJSIP/202")))
    talk.arrives(*CALLER)
    talk.sets(*CALLER, "calldata", "12345")
    talk.dials(*CALLER, *FIRST)
    talk.enters("b1", FIRST, CALLER)
    return talk


class Pops(SynchronousTestCase):
    """Where the screen pops, and where not."""

    def test_answer(self) -> None:
        """The agent who answers is shown who calls, for what, with the data keyed in."""
        talk = answered()
        (pop,) = [n for n in talk.notices if n.pop]
        self.assertEqual((pop.kind, pop.seat, pop.service_id), ("Link", "PJSIP/201", 1))
        call = pop.call
        self.assertEqual((call.uniqueid, call.channel, call.number, call.name), (*CALLER, "333", "Mario"))
        self.assertEqual((call.dest_uniqueid, call.dest_channel), FIRST)
        self.assertEqual(call.variables, (("calldata", "12345"), ("customer", "")))
        self.assertEqual((call.service, call.direction, call.state), ("sales", "inbound", "Up"))

    def test_agent_enters_last(self) -> None:
        """It does not matter who comes into the bridge first."""
        talk = Talk("PJSIP/201")
        talk.arrives(*CALLER)
        talk.dials(*CALLER, *FIRST)
        talk.enters("b1", CALLER, FIRST)
        self.assertEqual(talk.pops, [("PJSIP/201", "1.1")])

    def test_once(self) -> None:
        """Hold, a second bridge, a repeated event: the same call pops once at a seat."""
        talk = answered()
        talk.enters("b1", FIRST, CALLER)
        talk.leaves("b1", "1.2", "1.1")
        talk.wait(5)
        talk.enters("b2", FIRST, CALLER)
        self.assertEqual(talk.pops, [("PJSIP/201", "1.1")])

    def test_once_for_all_phones_of_a_seat(self) -> None:
        """A call that moves to another phone of the same seat does not pop again."""
        talk = Talk()
        talk.tracker.listen("PJSIP/201", "seat 1")
        talk.tracker.listen("PJSIP/202", "seat 1")
        talk.arrives(*CALLER)
        talk.enters("b1", CALLER, FIRST)
        talk.leaves("b1", "1.2")
        talk.enters("b1", SECOND)
        self.assertEqual(talk.pops, [("PJSIP/201", "1.1")])

    def test_transfer(self) -> None:
        """A call passed on pops at the next seat, with the same data."""
        talk = answered()
        talk.leaves("b1", "1.2")
        talk.enters("b1", SECOND)
        self.assertEqual(talk.pops, [("PJSIP/201", "1.1"), ("PJSIP/202", "1.1")])
        self.assertEqual(dict(talk.notices[-1].call.variables)["calldata"], "12345")

    def test_transfer_while_the_target_picks_up(self) -> None:
        """An attended transfer completed at the very moment of the answer pops at the target all the same.

        The PBX says only that the caller takes the place of the agent's second channel, and then that this is gone.
        """
        talk = answered()
        second = ("1.4", "PJSIP/201-00000004")
        talk.feed(facts.ChannelNew(*second[:1], "1.4", second[1], "Ring", "201", "", "phones", "202", ""))
        talk.dials(*second, *SECOND)
        talk.feed(facts.Transfer("attended", FIRST[0], CALLER[0], "", second[0]))
        talk.enters("b2", SECOND, second)
        talk.leaves("b1", FIRST[0], CALLER[0])
        talk.hangs_up(FIRST[0], second[0])
        self.assertEqual(talk.pops, [("PJSIP/201", "1.1"), ("PJSIP/202", "1.1")])
        talk.leaves("b2", SECOND[0], CALLER[0])
        talk.hangs_up(SECOND[0], CALLER[0])
        self.assertEqual(talk.tracker.counters["channels"] + talk.tracker.counters["bridges"], 0)

    def test_pickup(self) -> None:
        """Who picks up what rings elsewhere gets the pop, and only they."""
        talk = Talk("PJSIP/201", "PJSIP/202")
        talk.arrives(*CALLER)
        talk.dials(*CALLER, *FIRST)
        talk.feed(facts.ChannelNew("2.1", "2.1", "PJSIP/202-00000009", "Ring", "202", "", "phones", "*8", ""))
        talk.feed(facts.Pickup("2.1", "1.2"), facts.Hangup("1.2", "", "", 26, "Answered elsewhere"))
        talk.enters("b1", ("2.1", "PJSIP/202-00000009"), CALLER)
        self.assertEqual(talk.pops, [("PJSIP/202", "1.1")])

    def test_two_calls_of_one_number(self) -> None:
        """Two calls of the same number at once stay two calls."""
        talk = Talk("PJSIP/201", "PJSIP/202")
        other = ("1.9", "PJSIP/trunk-00000009")
        for caller, data in ((CALLER, "1"), (other, "2")):
            talk.arrives(*caller)
            talk.sets(*caller, "calldata", data)
        talk.enters("b2", other, FIRST)
        talk.enters("b1", CALLER, SECOND)
        shown = [(n.seat, dict(n.call.variables)["calldata"]) for n in talk.notices if n.pop]
        self.assertEqual(shown, [("PJSIP/201", "2"), ("PJSIP/202", "1")])

    def test_parking_lot_is_no_conversation(self) -> None:
        """Callers who wait together in a parking lot, or an agent in a pool, are not connected."""
        for kind in ("parking", "holding", "agent_hold", "base"):
            talk = Talk("PJSIP/201")
            talk.arrives(*CALLER)
            talk.enters("lot", CALLER, FIRST, kind=kind)
            self.assertEqual(talk.pops, [])

    def test_no_service(self) -> None:
        """A call for no service pops nowhere, whatever its context looks like."""
        talk = Talk("PJSIP/201")
        talk.arrives(*CALLER, context="from-elsewhere")
        talk.enters("b1", CALLER, FIRST)
        self.assertEqual(talk.pops, [])
        self.assertEqual(talk.notices[-1].kind, "Link")

    def test_context_whatever_the_case(self) -> None:
        """A context written in another case is the service's all the same."""
        talk = Talk("PJSIP/201")
        talk.arrives(*CALLER, context="Sales")
        talk.enters("b1", CALLER, FIRST)
        self.assertEqual(talk.pops, [("PJSIP/201", "1.1")])

    def test_through_local_channels(self) -> None:
        """A phone behind a Local channel pops for the caller in front of it, in either order of answer."""
        one, two = ("1.4", "Local/201@x-00000001;1"), ("1.5", "Local/201@x-00000001;2")
        for late in (False, True):
            talk = Talk("PJSIP/201")
            talk.arrives(*CALLER)
            talk.feed(facts.LocalPair(*one, *two))
            talk.dials(*two, *FIRST)
            if late:
                talk.enters("b1", CALLER, one)
            talk.enters("b2", two, FIRST)
            self.assertEqual(talk.pops, [("PJSIP/201", "1.1")] if late else [])
            if not late:
                talk.enters("b1", CALLER, one)
            self.assertEqual(talk.pops, [("PJSIP/201", "1.1")])

    def test_local_optimisation(self) -> None:
        """When Local channels are optimised away the call goes on: no end, no second pop."""
        talk = Talk("PJSIP/201")
        one, two = ("1.4", "Local/201@x-00000001;1"), ("1.5", "Local/201@x-00000001;2")
        talk.arrives(*CALLER)
        talk.feed(facts.LocalPair(*one, *two))
        talk.enters("b2", two, FIRST)
        talk.enters("b1", CALLER, one)
        talk.leaves("b2", "1.2")
        talk.enters("b1", FIRST)
        talk.leaves("b1", "1.4")
        talk.hangs_up("1.4", "1.5")
        self.assertEqual([n.kind for n in talk.notices if n.seat == "PJSIP/201"].count("Unlink"), 0)
        self.assertEqual(len(talk.pops), 1)

    def test_outbound(self) -> None:
        """A call out pops at the phone that makes it, not at the one that is called."""
        talk = Talk("PJSIP/201", "PJSIP/202")
        talk.arrives(*FIRST, context="outside")
        talk.dials(*FIRST, *SECOND)
        talk.enters("b1", FIRST, SECOND)
        self.assertEqual(talk.pops, [("PJSIP/201", "1.2")])

    def test_calling_seat(self) -> None:
        """An agent who calls a service is told of the connection, but the screen pops at the other end only."""
        talk = Talk("PJSIP/201", "PJSIP/202")
        talk.arrives(*FIRST, context="sales")
        talk.enters("b1", FIRST, SECOND)
        links = [(n.seat, n.pop) for n in talk.notices if n.kind == "Link"]
        self.assertEqual(sorted(links), [("PJSIP/201", False), ("PJSIP/202", True)])

    def test_older_service_wins(self) -> None:
        """Where both sides have a service, it is the older one's call."""
        talk = Talk("PJSIP/201")
        talk.arrives(*CALLER)
        talk.arrives(*FIRST, context="support")
        talk.enters("b1", FIRST, CALLER)
        self.assertEqual(talk.pops, [("PJSIP/201", "1.1")])


class Services(SynchronousTestCase):
    """Which service a call is for."""

    def test_queue_decides(self) -> None:
        """A caller who joins a service's queue is that service's caller, and keeps what was keyed in before."""
        talk = Talk("PJSIP/201")
        talk.arrives(*CALLER)
        talk.sets(*CALLER, "calldata", "7")
        talk.feed(facts.QueueJoin(*CALLER[:1], "1.1", CALLER[1], "help", 1, "333", "Mario"))
        talk.feed(facts.AgentRing("1.1", "help", "PJSIP/201", *FIRST))
        talk.feed(facts.ChannelState(FIRST[0], "1.1", FIRST[1], "Ringing", "", "333"))
        talk.enters("b1", FIRST, CALLER)
        call = next(n for n in talk.notices if n.pop).call
        self.assertEqual((call.service, call.queue, call.language), ("support", "help", "en"))
        self.assertEqual(call.variables, (("calldata", "7"),))
        self.assertEqual([n.kind for n in talk.notices], ["Callerid", "Newstate", "Link"])

    def test_shared_queue(self) -> None:
        """Of several services with one queue, the one whose context the call came through wins."""
        plan = Plan.of([ServicePlan(1, "a", "q"), ServicePlan(2, "b", "q")])
        for context, expected in (("b", "b"), ("a", "a"), ("c", "a")):
            talk = Talk("PJSIP/201", plan=plan)
            talk.arrives(*CALLER, context=context)
            talk.feed(facts.QueueJoin("1.1", "1.1", CALLER[1], "q", 1, "", ""))
            talk.enters("b1", FIRST, CALLER)
            self.assertEqual(next(n for n in talk.notices if n.pop).call.service, expected)

    def test_answer_names_the_service(self) -> None:
        """The context of Answer is the service, also after another one; other applications only fill a gap."""
        talk = Talk("PJSIP/201")
        talk.arrives(*CALLER)
        talk.feed(facts.ChannelExten("1.1", "1.1", CALLER[1], "support", "100", "NoOp", ""))
        self.assertEqual(talk.tracker.snapshot()[0]["service"], "sales")
        talk.feed(facts.ChannelExten("1.1", "1.1", CALLER[1], "support", "100", "Answer", ""))
        self.assertEqual(talk.tracker.snapshot()[0]["service"], "support")

    def test_no_answer_needed(self) -> None:
        """A dial plan that never answers by itself has services too."""
        talk = Talk("PJSIP/201")
        talk.feed(facts.ChannelNew("1.1", "1.1", CALLER[1], "Ring", "333", "", "start", "s", ""))
        talk.feed(facts.ChannelExten("1.1", "1.1", CALLER[1], "sales", "100", "Dial", "PJSIP/201"))
        talk.enters("b1", FIRST, CALLER)
        self.assertEqual(talk.pops, [("PJSIP/201", "1.1")])

    def test_passed_on_into_an_outbound_context(self) -> None:
        """A caller who is transferred through the agents' context stays an inbound caller."""
        talk = answered()
        talk.feed(facts.ChannelExten("1.1", "1.1", CALLER[1], "outside", "202", "Answer", ""))
        self.assertEqual(talk.tracker.snapshot()[0]["service"], "sales")

    def test_agents_leg_is_no_caller(self) -> None:
        """What Asterisk reports as application of a leg that is being called makes it no service call."""
        talk = Talk("PJSIP/201")
        for application in ("AppDial", "AppQueue", "AppDial2"):
            talk.feed(facts.ChannelExten(*FIRST[:1], "1.2", FIRST[1], "sales", "s", application, "(Outgoing Line)"))
        self.assertEqual(talk.tracker.snapshot()[0]["service"], "")

    def test_new_plan(self) -> None:
        """Running calls keep their service when the configuration changes; new ones use the new."""
        talk = answered("PJSIP/201", "PJSIP/202")
        talk.tracker.plan = Plan.of([])
        talk.leaves("b1", "1.2")
        talk.enters("b1", SECOND)
        self.assertEqual(talk.pops[-1], ("PJSIP/202", "1.1"))


class Variables(SynchronousTestCase):
    """The data keyed in."""

    def test_last_value_wins(self) -> None:
        """A variable set twice shows its last value, also when that is empty."""
        talk = Talk("PJSIP/201")
        talk.arrives(*CALLER)
        talk.sets(*CALLER, "calldata", "1")
        talk.sets(*CALLER, "calldata", "")
        talk.enters("b1", FIRST, CALLER)
        self.assertEqual(dict(talk.notices[-1].call.variables)["calldata"], "")

    def test_set_application(self) -> None:
        """Asterisk without VarSet tells values in the step of the dial plan: first equals sign, underscores, quotes."""
        for data, expected in (("calldata=a=b", "a=b"), ("__calldata=1", "1"), ("_calldata=2", "2"), ("calldata", "")):
            talk = Talk("PJSIP/201")
            talk.arrives(*CALLER)
            talk.feed(facts.ChannelExten("1.1", "1.1", CALLER[1], "sales", "100", "Set", data))
            talk.enters("b1", FIRST, CALLER)
            self.assertEqual(dict(talk.notices[-1].call.variables)["calldata"], expected)

    def test_mset(self) -> None:
        """MSet sets several."""
        talk = Talk("PJSIP/201")
        talk.arrives(*CALLER)
        talk.feed(facts.ChannelExten("1.1", "1.1", CALLER[1], "sales", "100", "MSet", "calldata=1,customer=x"))
        talk.enters("b1", FIRST, CALLER)
        self.assertEqual(talk.notices[-1].call.variables, (("calldata", "1"), ("customer", "x")))

    def test_agents_copy_is_ignored(self) -> None:
        """An inherited copy on the answering phone's channel does not overwrite the caller's value."""
        talk = answered()
        talk.sets(*FIRST, "calldata", "other")
        talk.leaves("b1", "1.2")
        talk.enters("b1", SECOND)
        self.assertEqual(dict(talk.notices[-1].call.variables)["calldata"], "12345")

    def test_unwatched(self) -> None:
        """What no service watches is not kept."""
        talk = Talk("PJSIP/201")
        talk.arrives(*CALLER)
        talk.sets(*CALLER, "secret", "1")
        self.assertEqual(talk.tracker.legs["1.1"].story.variables, {})


class Ends(SynchronousTestCase):
    """Unlink and Hangup."""

    def test_unlink_waits(self) -> None:
        """A pair that is together again at once was never apart."""
        talk = answered()
        talk.leaves("b1", "1.2")
        self.assertEqual(talk.wait(0.2), [])
        talk.enters("b1", FIRST)
        self.assertEqual(talk.wait(5), [])

    def test_unlink(self) -> None:
        """A pair that stays apart is told so, once."""
        talk = answered()
        talk.leaves("b1", "1.2")
        self.assertIsNotNone(talk.tracker.next_due)
        self.assertEqual([(n.kind, n.seat) for n in talk.wait(0.4)], [("Unlink", "PJSIP/201")])
        self.assertIsNone(talk.tracker.next_due)

    def test_hangup_is_last(self) -> None:
        """Hanging up tells the end of the connection first, and nothing after the Hangup."""
        talk = answered()
        told = talk.leaves("b1", "1.1") + talk.hangs_up("1.1", "1.2") + talk.wait(5)
        self.assertEqual([n.kind for n in told], ["Unlink", "Hangup"])
        self.assertEqual(talk.tracker.counters["channels"], 0)

    def test_caller_vanishes_without_leaving(self) -> None:
        """A Hangup without its BridgeLeave ends the connection as well."""
        talk = answered()
        talk.hangs_up("1.1")
        self.assertEqual([n.kind for n in talk.wait(1)], ["Unlink"])

    def test_only_rang(self) -> None:
        """A phone that only rang hears the Hangup and never a Link."""
        talk = Talk("PJSIP/201")
        talk.arrives(*CALLER)
        talk.dials(*CALLER, *FIRST)
        talk.hangs_up("1.2")
        kinds = [n.kind for n in talk.notices]
        self.assertEqual(kinds[-1], "Hangup")
        self.assertNotIn("Link", kinds)

    def test_events_after_the_end(self) -> None:
        """What comes late for a channel that is gone does not bring it back."""
        talk = answered()
        talk.hangs_up("1.1", "1.2")
        talk.sets(*CALLER, "calldata", "late")
        talk.enters("b9", FIRST, CALLER)
        self.assertEqual(talk.tracker.counters["channels"], 0)


class CallerIds(SynchronousTestCase):
    """Who calls."""

    def test_known_late(self) -> None:
        """A number that becomes known while the phone rings is told again."""
        talk = Talk("PJSIP/201")
        talk.arrives(*CALLER, number="")
        talk.dials(*CALLER, *FIRST)
        told = talk.feed(facts.CallerId("1.1", "555", "Zoë"))
        self.assertEqual([(n.kind, n.call.number) for n in told], [("Callerid", "555")])
        self.assertEqual(talk.feed(facts.CallerId("1.1", "556", "Zoë")), [])

    def test_never_forgotten(self) -> None:
        """A number once known is not replaced by none."""
        talk = Talk("PJSIP/201")
        talk.arrives(*CALLER)
        talk.feed(facts.CallerId("1.1", "", ""))
        talk.dials(*CALLER, *FIRST)
        talk.enters("b1", FIRST, CALLER)
        self.assertEqual(talk.notices[-1].call.number, "333")


class Rebuilding(SynchronousTestCase):
    """After the link to the PBX was away."""

    def test_found_calls_do_not_pop(self) -> None:
        """Calls that were answered before we looked pop nowhere, and go on being followed."""
        talk = Talk("PJSIP/201", "PJSIP/202")
        found = [
            facts.ChannelNew("1.1", "1.1", CALLER[1], "Up", "333", "", "sales", "100", ""),
            facts.ChannelExten("1.1", "1.1", CALLER[1], "sales", "100", "Dial", ""),
            facts.ChannelNew("1.2", "1.1", FIRST[1], "Up", "", "", "phones", "", ""),
            facts.BridgeEnter("b1", "", "1.1", "1.1", CALLER[1], ""),
            facts.BridgeEnter("b1", "", "1.2", "1.1", FIRST[1], ""),
        ]
        self.assertEqual(talk.tracker.restore(found, {"1.1", "1.2"}, 5.0), [])
        talk.enters("b1", FIRST, CALLER)
        self.assertEqual(talk.pops, [])
        talk.leaves("b1", "1.2")
        talk.enters("b1", SECOND)
        self.assertEqual(talk.pops, [("PJSIP/202", "1.1")])

    def test_ends_of_what_was_found(self) -> None:
        """A phone that was found in use is free when its call is over, whatever its seat has heard of that call."""
        talk = Talk("PJSIP/201")
        for phone in (FIRST, SECOND):
            found = facts.ChannelNew(phone[0], phone[0], phone[1], "Up", "", "", "phones", "", "")
            self.assertEqual(talk.tracker.restore([found], {phone[0]}, talk.now), [])
            talk.tracker.listen("PJSIP/202")
            self.assertEqual([(n.kind, n.seat) for n in talk.hangs_up(phone[0])], [("Hangup", phone[1][:9])])

    def test_vanished_calls_end(self) -> None:
        """Calls that ended meanwhile are ended at their seats, too."""
        talk = answered()
        told = talk.tracker.restore([], set(), talk.now + 60)
        self.assertEqual([n.kind for n in told], ["Unlink", "Hangup"])
        self.assertEqual(talk.tracker.counters["channels"], 0)


class Ceilings(SynchronousTestCase):
    """What a PBX can grow has an end."""

    def test_stubs(self) -> None:
        """Channels that mean nothing to us are kept up to a limit; calls of services are never dropped for them."""
        talk = Talk("PJSIP/201")
        talk.arrives(*CALLER)
        for i in range(MAX_STUBS + 50):
            talk.tracker.feed(facts.ChannelNew(f"9.{i}", f"9.{i}", f"X/{i}-1", "Ring", "", "", "no", "s", ""), 1.0)
        self.assertEqual(talk.tracker.counters["stubs"], MAX_STUBS)
        self.assertEqual(talk.tracker.counters["dropped_stubs"], 50)
        self.assertIn("1.1", talk.tracker.legs)

    def test_dropped_stubs_leave_nothing(self) -> None:
        """Nor are bridges kept for those that were let go."""
        talk = Talk("PJSIP/201")
        for i in range(MAX_STUBS + 50):
            talk.tracker.feed(facts.BridgeEnter(f"b{i // 2}", "basic", f"9.{i}", "", f"X/{i}-1", ""), 1.0)
        self.assertEqual((len(talk.tracker.legs), talk.tracker.counters["bridges"]), (MAX_STUBS, MAX_STUBS // 2))

    def test_ids_again(self) -> None:
        """A PBX that was restarted with its clock set back gives the same ids again: those are new calls."""
        talk = answered()
        talk.hangs_up("1.1", "1.2")
        self.assertEqual(dict(talk.tracker.legs), {})
        talk.enters("b1", FIRST, CALLER)
        self.assertEqual(dict(talk.tracker.legs), {}, "a late event brings nothing back")
        again = answered()
        talk.feed(*again.fed)
        self.assertEqual(talk.pops, [("PJSIP/201", "1.1")] * 2)

    def test_clock_set_back(self) -> None:
        """The end of a connection is told although the clock was set back after it."""
        talk = answered()
        talk.leaves("b1", "1.2")
        talk.now -= 3600
        talk.leaves("b1", "1.1")
        talk.wait(0.4)
        self.assertEqual([n.kind for n in talk.notices if n.kind == "Unlink"], ["Unlink"])
        self.assertIsNone(talk.tracker.next_due)

    def test_silent(self) -> None:
        """Channels the PBX has long said nothing about can be asked for."""
        talk = answered()
        self.assertEqual(talk.tracker.silent_since(talk.now - 100), [])
        self.assertEqual(set(talk.tracker.silent_since(talk.now + 1)), {CALLER[1], FIRST[1]})

    def test_ring_of_local_channels(self) -> None:
        """Local channels that are joined in a ring do not make us walk forever."""
        talk = Talk("PJSIP/201")
        talk.arrives(*CALLER)
        halves = [(f"5.{i}", f"Local/x@y-0000000{i // 2};{i % 2 + 1}") for i in range(6)]
        for one, two in zip(halves[::2], halves[1::2], strict=True):
            talk.feed(facts.LocalPair(*one, *two))
        for i, (a, b) in enumerate(zip(halves[1::2], halves[2::2] + halves[:1], strict=True)):
            talk.enters(f"ring{i}", a, b)
        talk.enters("ring0", CALLER, FIRST)
        self.assertEqual(talk.pops, [("PJSIP/201", "1.1")])
