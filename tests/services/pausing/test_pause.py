"""``PAUSE IN`` and ``PAUSE OUT``: pending, confirmed, undone."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from twisted.internet.defer import Deferred
from twisted.trial.unittest import SynchronousTestCase

from astcti.config.model import PauseReason
from astcti.errors import AMILost, AMITimeout, Refused
from astcti.model.commands import Pause, PauseConfirmed, PausePending
from astcti.services.books import Books
from tests.services.fakes import FakeClient
from tests.services.pausing.ward import DENIED, ONE, PHONE, SECOND, TWO, Ward, queue_centre, state, states, two_phones

OK = (0, "")


class PauseTestCase(SynchronousTestCase):
    """Anna, logged in and a member of two queues."""

    def prepare(self, *args: Any, queues: tuple[str, ...] = (ONE, TWO), **more: Any) -> None:
        self.ward = Ward(*args, **more)
        self.pbx = self.ward.pbx
        self.anna = self.ward.sit("anna", *queues)

    def setUp(self) -> None:
        self.prepare()

    def assert_refused(self, reply: object, number: int, words: str = "") -> None:
        """A refusal with that number, and words."""
        self.assertIsInstance(reply, Refused)
        assert isinstance(reply, Refused)
        self.assertEqual(reply.number, number, reply)
        self.assertIn(words, reply.reason)


class ConfirmationTests(PauseTestCase):
    """What has to come before a pause counts."""

    def setUp(self) -> None:
        super().setUp()
        self.pbx.willing = False

    def test_one_action(self) -> None:
        """All queues of a phone are asked for at once, static ones included, with the reason."""
        self.assertEqual(self.ward.pause(self.anna, reason="lunch"), PausePending())
        self.assertEqual(self.pbx.actions, [(PHONE, "", True, "lunch")])

    def test_response_then_events(self) -> None:
        """Confirmed with the last queue's event, not before."""
        self.ward.pause(self.anna)
        self.pbx.respond()
        self.assertEqual(self.anna.pauses, [])
        self.pbx.show(-1, ONE)
        self.assertEqual(self.anna.pauses, [])
        self.pbx.show(-1, TWO)
        self.assertEqual(self.anna.pauses, [OK])

    def test_events_then_response(self) -> None:
        """Events that come before the response count as well."""
        self.ward.pause(self.anna)
        self.pbx.show()
        self.ward.settle()
        self.assertEqual(self.anna.pauses, [])
        self.pbx.respond()
        self.assertEqual(self.anna.pauses, [OK])
        self.assertEqual(state(self.anna)["state"], "paused")

    def test_second_request(self) -> None:
        """While one is pending another is refused, in either direction."""
        self.ward.pause(self.anna)
        self.assert_refused(self.ward.pause(self.anna), 926)
        self.assert_refused(self.ward.unpause(self.anna), 926)
        self.assert_refused(self.ward.pause(self.anna, "nosuch"), 926)
        self.assert_refused(self.ward.unpause(self.anna, "nosuch"), 926)
        self.assertEqual(len(self.pbx.asked), 1)

    def test_time_out(self) -> None:
        """Ten seconds without a confirmation are too long."""
        self.ward.pause(self.anna)
        self.pbx.respond()
        self.ward.clock.advance(9.9)
        self.assertEqual(self.anna.pauses, [])
        self.ward.clock.advance(0.2)
        self.assertEqual(self.anna.pauses, [(907, "the PBX did not confirm in time")])

    def test_late(self) -> None:
        """A pause that comes after its time is what the operator had asked for, and they are told."""
        self.ward.pause(self.anna, reason="lunch")
        self.ward.clock.advance(10.1)
        self.pbx.willing = True
        self.pbx.show(0)
        self.ward.settle()
        self.assertEqual(self.anna.pauses[1:], [OK])
        self.assertEqual((state(self.anna)["by"], state(self.anna)["reason"]), ("self", "lunch"))

    def test_partial_failure(self) -> None:
        """Where not all queues became paused those that did are unpaused again."""
        self.ward.pause(self.anna)
        self.pbx.respond()
        self.pbx.show(-1, ONE)
        self.ward.clock.advance(10.1)
        self.assertEqual([number for number, _ in self.anna.pauses], [907])
        self.pbx.respond()
        self.pbx.show()
        self.ward.settle()
        self.assertEqual(self.ward.shown, {ONE: (False, ""), TWO: (False, "")})
        self.assertEqual([number for number, _ in self.anna.pauses], [907])

    def test_partial_failure_of_a_silent_phone(self) -> None:
        """What one phone did not answer may still be done: it is undone behind that, since another one has done it."""
        self.prepare(two_phones())
        self.pbx.willing = False
        self.ward.pause(self.anna)
        self.pbx.respond(1)
        self.pbx.show(1)
        self.ward.clock.advance(10.1)
        self.assertEqual([number for number, _ in self.anna.pauses], [907])
        self.assertEqual(sorted(self.pbx.actions[2:]), [(SECOND, "", False, ""), (PHONE, "", False, "")])

    def test_first_error(self) -> None:
        """Of several errors the first is told."""
        self.prepare(two_phones())
        self.pbx.willing = False
        self.ward.pause(self.anna)
        self.pbx.refuse(DENIED, 0)
        self.pbx.refuse(AMITimeout("x"), 1)
        self.assertEqual(self.anna.pauses, [(906, "Permission denied")])

    def test_somebody_else_meanwhile(self) -> None:
        """An unpause that somebody else asked for confirms no pause; nor is it overruled by the pause that it undid."""
        self.ward.pause(self.anna, reason="lunch")
        self.pbx.respond()
        self.pbx.pause(ONE, paused=False)
        self.pbx.show(-1, TWO)
        self.assertEqual(self.anna.pauses, [])
        self.pbx.show(-1, ONE)
        self.assertEqual(self.anna.pauses, [OK])
        self.ward.pause(self.anna, reason="training")
        self.pbx.respond()
        self.pbx.show(-1, ONE)
        self.pbx.pause(ONE, paused=False)
        self.pbx.show(-1, TWO)
        self.ward.settle()
        self.assertEqual(self.anna.pauses[1:2], [OK])
        self.assertEqual(self.ward.shown, {ONE: (False, ""), TWO: (True, "training")})
        self.assertEqual((state(self.anna)["paused"], len(self.pbx.asked)), ("partly", 2))

    def test_too_many(self) -> None:
        """A PBX that does nothing is not asked for ever more."""
        attendance = self.ward.desk.floor.of(self.anna)
        orders = [self.ward.pausing.order(attendance, bool(n % 2)) for n in range(20)]
        outcomes = [self.successResultOf(order).number for order in orders if order.called]
        self.assertEqual((len(self.pbx.asked), outcomes), (1, [907] * 11))

    def test_those_that_wait_fail_with_the_link(self) -> None:
        """Without a link nothing is left that waits for its turn."""
        self.ward.pause(self.anna)
        order = self.ward.pausing.order(self.ward.desk.floor.of(self.anna), False)
        self.assertNoResult(order)
        self.ward.desk.link_changed(False)
        self.assertEqual(self.successResultOf(order).number, 905)
        self.assertEqual([number for number, _ in self.anna.pauses], [905])
        self.ward.desk.link_changed(True)
        self.assertEqual(len(self.pbx.asked), 1)

    def test_queue_comes_paused(self) -> None:
        """A membership that began paused for a pause that then failed is unpaused."""
        self.ward.pause(self.anna, reason="lunch")
        self.pbx.add("three", paused=True, reason="lunch")
        self.pbx.willing = True
        self.pbx.refuse()
        self.ward.settle()
        self.assertEqual(self.ward.shown["three"], (False, ""))
        self.assertEqual((self.anna.pauses[0][0], state(self.anna)["state"]), (906, "ready"))

    def test_refused(self) -> None:
        """The PBX's own words are passed on."""
        self.ward.pause(self.anna)
        self.pbx.refuse()
        self.assertEqual(self.anna.pauses, [(906, "Permission denied")])
        self.assertEqual(len(self.pbx.asked), 1)

    def test_no_answer(self) -> None:
        """A PBX that does not answer, or is gone, is told as such."""
        for error, number in ((AMITimeout("x"), 907), (AMILost("x"), 905)):
            self.ward.pause(self.anna)
            self.pbx.refuse(error)
            self.assertEqual(self.anna.pauses.pop()[0], number)

    def test_link_lost(self) -> None:
        """A pause under way fails with the link; without a link it is refused at once."""
        self.ward.pause(self.anna)
        self.ward.desk.link_changed(False)
        self.assertEqual([number for number, _ in self.anna.pauses], [905])
        self.assert_refused(self.ward.pause(self.anna), 905)
        self.assert_refused(self.ward.unpause(self.anna), 905)
        self.assert_refused(self.ward.ready(self.anna), 905)
        self.assert_refused(self.ward.wrap(self.anna), 905)

    def test_out_waits(self) -> None:
        """``PAUSE OUT`` is answered by its outcome alone, and not before."""
        self.pbx.willing = True
        self.ward.pause(self.anna)
        self.pbx.willing = False
        self.anna.pauses.clear()
        reply = self.ward.desk.perform(self.anna, Pause(False))
        assert isinstance(reply, Deferred)
        self.pbx.respond()
        self.assertNoResult(reply)
        self.pbx.show()
        self.assertEqual(self.successResultOf(reply), PauseConfirmed())
        self.assertEqual(self.anna.pauses, [])
        self.assertEqual(self.ward.shown, {ONE: (False, ""), TWO: (False, "")})

    def test_behind_another_change(self) -> None:
        """Who asks while the server waits for the PBX has an answer within ten seconds, not behind them."""
        self.ward.connect()
        self.ward.complete()  # after-call work begins, and is not confirmed
        self.ward.clock.advance(4)
        outcomes: list[Any] = []
        self.anna_asks(Pause(False)).addBoth(outcomes.append)
        self.ward.clock.advance(5)
        self.assertEqual(len(self.pbx.asked), 1)
        self.ward.clock.advance(4.9)
        self.assertEqual(outcomes, [])
        self.ward.clock.advance(0.2)
        (failure,) = outcomes
        self.assert_refused(failure.value, 907, "did not confirm in time")

    def test_behind_several_changes(self) -> None:
        """So it is when its turn has not even come; then it is not done later either."""
        shift = self.ward.pausing.shift_of("anna")
        for reason in ("a", "b", "c"):
            self.ward.pausing.order(self.ward.desk.floor.of(self.anna), True, "", reason)
        outcomes: list[Any] = []
        self.anna_asks(Pause(False)).addBoth(outcomes.append)
        self.ward.clock.advance(10)
        (failure,) = outcomes
        self.assert_refused(failure.value, 907, "did not confirm in time")
        self.assertFalse(shift.pauses.asked)
        self.ward.clock.pump([10] * 4)
        self.assertEqual({paused for _, _, paused, _ in self.pbx.actions}, {True})
        self.assertFalse(shift.pauses.busy)

    def anna_asks(self, command: Any) -> Deferred[Any]:
        """What Anna is promised."""
        promise = self.ward.desk.perform(self.anna, command)
        assert isinstance(promise, Deferred)
        return promise

    def test_out_fails(self) -> None:
        """A ``PAUSE OUT`` that fails leaves the operator paused."""
        self.pbx.willing = True
        self.ward.pause(self.anna, reason="lunch")
        self.pbx.refusing = DENIED
        self.assert_refused(self.ward.unpause(self.anna), 906, "Permission denied")
        self.assertEqual(state(self.anna)["reason"], "lunch")

    def test_queue_vanishes(self) -> None:
        """A membership that ends meanwhile is not waited for."""
        self.ward.pause(self.anna)
        self.pbx.respond()
        self.pbx.show(-1, ONE)
        self.pbx.remove(TWO)
        self.assertEqual(self.anna.pauses, [OK])

    def test_queue_comes(self) -> None:
        """A membership that begins while a pause is pending begins paused, and is put right where it does not."""
        attendance = self.ward.desk.floor.of(self.anna)
        self.ward.pause(self.anna, reason="lunch")
        wanted = self.ward.pausing.wanted(attendance, "three")
        assert wanted is not None
        self.assertEqual(wanted.reason, "lunch")
        self.pbx.add("three")
        self.pbx.respond()
        self.pbx.show(0, ONE, TWO)
        self.assertEqual(self.anna.pauses, [OK])
        self.pbx.respond()
        self.pbx.show()
        self.assertEqual(self.ward.shown["three"], (True, "lunch"))

    def test_client_gone(self) -> None:
        """A client that is lost while its pause is pending is told nothing; nothing goes wrong."""
        self.ward.pause(self.anna)
        self.ward.desk.detach(self.anna)
        self.pbx.respond()
        self.pbx.show()
        self.ward.clock.advance(20)
        self.assertEqual(self.ward.desk.counters.faults, 0)


class PauseTests(PauseTestCase):
    """Pauses that work."""

    def test_pause(self) -> None:
        """Pending, confirmed, shown and told with its reason and who and when."""
        self.assertEqual(self.ward.pause(self.anna, reason="lunch, 50% off"), PausePending())
        self.assertEqual(self.anna.pauses, [])  # the reply comes first
        self.ward.settle()
        self.assertEqual(self.anna.pauses, [OK])
        self.assertEqual(self.ward.shown, {ONE: (True, "lunch, 50% off"), TWO: (True, "lunch, 50% off")})
        told = state(self.anna)
        self.assertEqual((told["state"], told["paused"], told["by"]), ("paused", "all", "self"))
        self.assertEqual(told["since"], "1970-01-01T00:16:40.060Z")
        self.assertEqual(self.ward.unpause(self.anna), PauseConfirmed())
        self.ward.settle()
        self.assertEqual((state(self.anna)["state"], state(self.anna)["paused"]), ("ready", "none"))
        self.assertEqual(self.anna.pauses, [OK])

    def test_no_toggle(self) -> None:
        """Asked for again it is asked of the PBX again, and confirmed: that heals whatever differs."""
        for reason in ("lunch", "training"):
            self.ward.pause(self.anna, reason=reason)
            self.ward.settle()
        self.assertEqual(self.anna.pauses, [OK, OK])
        self.assertEqual(self.ward.shown, {ONE: (True, "training"), TWO: (True, "training")})
        for _ in range(2):
            self.assertEqual(self.ward.unpause(self.anna), PauseConfirmed())
        self.assertEqual([paused for _, _, paused, _ in self.pbx.actions], [True, True, False, False])

    def test_two_phones(self) -> None:
        """Every phone of the seat is paused, one action each."""
        self.prepare(two_phones())
        self.ward.pause(self.anna)
        self.ward.settle()
        self.assertEqual(self.pbx.actions, [(PHONE, "", True, ""), (SECOND, "", True, "")])
        self.assertEqual(self.anna.pauses, [OK])
        self.assertEqual({paused for paused, _ in self.pbx.members.values()}, {True})

    def test_two_phones_one_refused(self) -> None:
        """What one phone did is undone when the other was refused."""
        self.prepare(two_phones())
        self.pbx.willing = False
        self.ward.pause(self.anna)
        self.pbx.respond(0)
        self.pbx.show(0)
        self.pbx.willing = True
        self.pbx.refuse(index=1)
        self.ward.settle()
        self.assertEqual([number for number, _ in self.anna.pauses], [906])
        self.assertEqual({paused for paused, _ in self.pbx.members.values()}, {False})

    def test_no_queues(self) -> None:
        """Without queues a pause is a matter of the server alone, in the same words; queues joined begin paused."""
        self.prepare(queues=())
        self.assertEqual(self.ward.pause(self.anna, reason="lunch"), PausePending())
        self.ward.settle()
        self.assertEqual((self.anna.pauses, self.pbx.asked), ([OK], []))
        wanted = self.ward.pausing.wanted(self.ward.desk.floor.of(self.anna), ONE)
        assert wanted is not None
        self.assertEqual(wanted.reason, "lunch")
        self.assertEqual(self.ward.unpause(self.anna), PauseConfirmed())
        self.assertIsNone(self.ward.pausing.wanted(self.ward.desk.floor.of(self.anna), ONE))

    def test_one_queue(self) -> None:
        """With a queue only that one is asked for; all in all the operator is ready, partly paused."""
        self.ward.pause(self.anna, ONE, "training")
        self.ward.settle()
        self.assertEqual(self.pbx.actions, [(PHONE, ONE, True, "training")])
        self.assertEqual(self.ward.shown, {ONE: (True, "training"), TWO: (False, "")})
        self.assertEqual((state(self.anna)["state"], state(self.anna)["paused"]), ("ready", "partly"))
        (single,) = [s for s in states(self.anna) if "queue" in s]
        self.assertEqual((single["queue"], single["state"], single["reason"]), (ONE, "paused", "training"))

    def test_last_queue(self) -> None:
        """Paused in each queue one after the other is paused in all; unpaused in one is not any more."""
        for queue in (ONE, TWO):
            self.ward.pause(self.anna, queue)
            self.ward.settle()
        self.assertEqual(state(self.anna)["paused"], "all")
        self.assertEqual(self.ward.unpause(self.anna, ONE), PauseConfirmed())
        self.ward.settle()
        self.assertEqual((state(self.anna)["state"], state(self.anna)["paused"]), ("ready", "partly"))
        self.assertEqual(self.ward.unpause(self.anna), PauseConfirmed())
        self.ward.settle()
        self.assertEqual(state(self.anna)["paused"], "none")

    def test_not_put_right(self) -> None:
        """What the PBX does not put right it is not asked for again and again."""
        self.ward.pause(self.anna)
        self.ward.settle()
        self.pbx.refusing = DENIED
        self.pbx.add("three")
        asked = len(self.pbx.asked)
        for _ in range(3):
            self.ward.desk.configure(Books.of(self.ward.configuration, self.ward.settings))
            self.ward.settle()
        self.assertEqual((asked, len(self.pbx.asked)), (2, 2))

    def test_out_of_a_queue(self) -> None:
        """``PAUSE OUT`` ends also the pause in a queue that the operator is not in at the moment."""
        self.ward.pause(self.anna, TWO)
        self.ward.settle()
        self.pbx.remove(TWO)
        attendance = self.ward.desk.floor.of(self.anna)
        self.assertIsNotNone(self.ward.pausing.wanted(attendance, TWO))
        self.ward.unpause(self.anna)
        self.assertIsNone(self.ward.pausing.wanted(attendance, TWO))

    def test_another_phone(self) -> None:
        """A phone that comes to the seat paused had that of somebody else."""
        self.pbx.add(ONE, SECOND, True, "old")
        self.ward.desk.configure(Books.of(two_phones(), self.ward.settings))
        self.ward.settle()
        self.assertEqual(self.pbx.members[ONE, SECOND], (False, ""))
        self.assertEqual(state(self.anna)["paused"], "none")

    def test_unknown_queue(self) -> None:
        """Only one's own queues can be named, and only those one is in."""
        self.assert_refused(self.ward.pause(self.anna, "three"), 921, "unknown queue")
        self.pbx.remove(TWO)
        self.assert_refused(self.ward.pause(self.anna, TWO), 921, "not a member")
        self.assertEqual(self.pbx.asked, [])

    def test_reasons(self) -> None:
        """A reason is any text that the PBX keeps whole and can show."""
        self.assert_refused(self.ward.pause(self.anna, reason="x" * 80), 901, "79")
        self.assert_refused(self.ward.pause(self.anna, reason="a\r\nAction: Originate"), 901, "shown")
        self.assertEqual(self.ward.pause(self.anna, reason="caffè " * 11), PausePending())

    def test_configured_reasons(self) -> None:
        """Of reasons that are configured the PBX is told the code, in whatever case it came; others are refused, to a
        supervisor too. None is always possible, and what is done at the PBX is no matter of the list."""
        reasons = (PauseReason(code="Lunch"), PauseReason(code="errand", enabled=False))
        self.prepare(replace(queue_centre(), pause_reasons=reasons))
        for reason in ("errand", "x"):
            self.assert_refused(self.ward.pause(self.anna, reason=reason), 931, "unknown pause reason")
        attendance = self.ward.desk.floor.of(self.anna)
        assert attendance is not None
        with self.assertRaises(Refused) as caught:
            self.ward.pausing.order(attendance, True, reason="errand")
        self.assertEqual((caught.exception.number, self.pbx.asked), (931, []))
        self.assertEqual(self.ward.pause(self.anna, reason="LUNCH"), PausePending())
        self.assertEqual(self.pbx.actions, [(PHONE, "", True, "Lunch")])
        self.assertEqual(self.ward.pause(self.anna), PausePending())
        self.ward.settle()
        self.pbx.pause(ONE, reason="errand")
        self.ward.settle()
        self.assertEqual(self.ward.shown[ONE], (True, "errand"))
        self.ward.unpause(self.anna)
        self.assertEqual(self.ward.shown, {ONE: (False, ""), TWO: (False, "")})

    def test_begin_in_pause(self) -> None:
        """Who begins in pause is paused from the start, and so is every queue joined."""
        self.prepare(queue_centre(begin_in_pause=True), queues=())
        attendance = self.ward.desk.floor.of(self.anna)
        self.assertIsNotNone(self.ward.pausing.wanted(attendance, ONE))
        self.assertEqual(state(self.anna)["state"], "paused")
        self.pbx.add(ONE)  # by somebody who does not know
        self.ward.settle()
        self.assertEqual(self.ward.shown, {ONE: (True, "")})

    def test_state_asked_for_later(self) -> None:
        """Who asks for such events at work is told how they are."""
        self.ward = Ward()
        anna = self.ward.sit("anna", ONE, modern=False)
        self.ward.pause(anna, reason="lunch")
        self.ward.settle()
        self.assertEqual(states(anna), [])
        anna.capabilities.add("events2")
        self.ward.desk.hears_more(anna)
        self.assertEqual([(s["state"], s["reason"]) for s in states(anna)], [("paused", "lunch")])

    def test_state_of_one_queue_asked_for_later(self) -> None:
        """Also where only some queues are paused; a supervisor who has heard it hears it once."""
        self.ward = Ward()
        anna, fay = self.ward.sit("anna", ONE, TWO, modern=False), self.ward.sit("fay")
        self.ward.pause(anna, ONE)
        self.ward.settle()
        heard = len(states(fay))
        anna.capabilities.add("events2")
        self.ward.desk.hears_more(anna)
        self.assertEqual([(s.get("paused"), s.get("queue")) for s in states(anna)],
                         [("partly", None), (None, ONE)])  # fmt: skip
        self.assertEqual(len(states(fay)), heard)

    def test_leftover(self) -> None:
        """A member that was paused before the login is unpaused: that pause was of another shift."""
        self.ward.desk.detach(self.anna)
        bruno = self.ward.sit("bruno")
        self.assertEqual(state(bruno, "bruno")["state"], "ready")
        self.ward = Ward()
        self.ward.pbx.add(ONE, paused=True, reason="old")
        anna = self.ward.sit()
        self.assertEqual(self.ward.shown, {ONE: (False, "")})
        self.assertEqual(state(anna)["state"], "ready")

    def test_seat(self) -> None:
        """Without a seat there is nothing to pause."""
        client = FakeClient()
        self.ward.desk.attach(client)
        self.assert_refused(self.ward.pause(client), 902)


class ForeignTests(PauseTestCase):
    """Pauses by somebody else."""

    def test_supervisor(self) -> None:
        """One told ``300`` for all queues together, with the state, its reason and whose it is."""
        for queue in (ONE, TWO):
            self.pbx.pause(queue, reason="meeting")
        self.ward.settle()
        self.assertEqual(self.anna.pauses, [OK])
        told = state(self.anna)
        self.assertEqual((told["state"], told["reason"], told["by"]), ("paused", "meeting", "supervisor"))
        for queue in (ONE, TWO):
            self.pbx.pause(queue, paused=False)
        self.ward.settle()
        self.assertEqual((self.anna.pauses, state(self.anna)["state"]), ([OK, OK], "ready"))
        self.assertEqual(self.pbx.asked, [])

    def test_base_client(self) -> None:
        """A client without ``events2`` hears nothing of it."""
        bruno = self.ward.sit("bruno", modern=False)
        self.pbx.add(ONE, "PJSIP/202")
        self.pbx.pause(ONE, "PJSIP/202")
        self.ward.settle()
        self.assertEqual((bruno.pauses, bruno.documents), ([], []))

    def test_unpaused_by_another(self) -> None:
        """A supervisor's unpause is not fought."""
        self.ward.pause(self.anna)
        self.ward.settle()
        before = len(self.pbx.asked)
        for queue in (ONE, TWO):
            self.pbx.pause(queue, paused=False)
        self.ward.settle()
        self.assertEqual((state(self.anna)["state"], len(self.pbx.asked)), ("ready", before))

    def test_one_queue(self) -> None:
        """A pause in one queue by another is told for that queue."""
        self.pbx.pause(ONE, reason="training")
        self.ward.settle()
        (single,) = [s for s in states(self.anna) if "queue" in s]
        self.assertEqual((single["queue"], single["by"]), (ONE, "supervisor"))

    def test_autopause(self) -> None:
        """The queue's own ``autopause`` is told as the PBX's."""
        for queue in (ONE, TWO):
            self.pbx.pause(queue, reason="Auto-Pause")
        self.ward.settle()
        self.assertEqual(state(self.anna)["by"], "pbx")

    def test_supervisors_hear(self) -> None:
        """Supervisors hear of everybody's state; others of their own only."""
        fay, bruno = self.ward.sit("fay"), self.ward.sit("bruno")
        self.ward.pause(self.anna, reason="lunch")
        self.ward.settle()
        self.assertEqual(state(fay)["reason"], "lunch")
        self.assertEqual({s["operator"] for s in states(bruno)}, {"bruno"})
        self.ward.desk.detach(self.anna)
        self.assertEqual(state(fay)["state"], "loggedout")

    def test_broken_supervisor(self) -> None:
        """A supervisor's session that fails costs the operator nothing."""
        fay = self.ward.sit("fay")

        def fail(kind: str, node: object) -> None:
            raise RuntimeError

        fay.tell = fail  # type: ignore[method-assign]
        self.ward.pause(self.anna)
        self.ward.settle()
        self.assertEqual(self.anna.pauses, [OK])
        self.assertEqual(len(self.flushLoggedErrors(RuntimeError)), 1)
