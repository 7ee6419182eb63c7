"""Pauses that have to do with calls: after-call work, after the call, after calls that were missed."""

from __future__ import annotations

from dataclasses import replace

from astcti.config.model import Service, ServiceOperator
from astcti.errors import AMILost
from astcti.model.commands import Done, PauseConfirmed, PausePending
from astcti.model.facts import MemberAdded
from tests.services.pausing.test_pause import OK, PauseTestCase
from tests.services.pausing.ward import DENIED, ONE, TWO, Ward, queue_centre, state

WRAPUP, READY = (True, "wrapup"), (False, "")


class WrapUpTests(PauseTestCase):
    """After-call work that begins by itself: ten seconds after calls of the first queue."""

    def call(self, queue: str = ONE) -> None:
        self.ward.connect(queue)
        self.ward.complete(queue)

    def test_whole(self) -> None:
        """Paused in all queues with the reason ``wrapup``, told until when, and unpaused by itself."""
        self.ward.connect()
        self.assertEqual(state(self.anna)["state"], "busy")
        self.ward.complete()
        self.assertEqual(self.ward.shown, {ONE: WRAPUP, TWO: WRAPUP})
        told = state(self.anna)
        self.assertEqual((told["state"], told["by"]), ("wrapup", "server"))
        self.assertEqual(told["until"], "1970-01-01T00:16:50.060Z")
        self.ward.clock.advance(9)
        self.assertEqual(self.ward.shown[ONE], WRAPUP)
        self.ward.clock.advance(1.1)
        self.assertEqual(self.ward.shown, {ONE: READY, TWO: READY})
        self.assertEqual(state(self.anna)["state"], "ready")

    def test_per_service(self) -> None:
        """A queue whose service asks for none has none; of services that share a queue the longest time counts."""
        self.call(TWO)
        self.assertEqual(self.ward.shown, {ONE: READY, TWO: READY})
        usual = queue_centre()
        shared = Service(id=7, name="third", queue_name=ONE, wrapup_seconds=30)
        self.prepare(
            replace(
                usual,
                services=(*usual.services, shared),
                service_operators=(*usual.service_operators, ServiceOperator(service_id=7, operator_id=1)),
            )
        )
        self.call()
        self.ward.clock.advance(29)
        self.assertEqual(self.ward.shown[ONE], WRAPUP)
        self.ward.clock.advance(1.1)
        self.assertEqual(self.ward.shown[ONE], READY)

    def cut_short(self, *, by_hand: bool) -> None:
        """The link is lost when the PBX has shown after-call work in one queue, and has not answered."""
        self.pbx.willing = False
        if by_hand:
            self.ward.wrap(self.anna)
        else:
            self.call()
        self.pbx.show(-1, ONE)
        self.pbx.members = dict.fromkeys(self.pbx.members, (True, "wrapup"))  # what nobody hears of
        self.ward.desk.link_changed(False)
        self.pbx.refuse(AMILost("lost"))
        self.pbx.willing = True
        self.ward.clock.advance(5)
        self.ward.roster.replace([
            MemberAdded(queue, phone, "Anna", "dynamic", 0, paused, reason, 1)
            for (queue, phone), (paused, reason) in self.pbx.members.items()
        ])  # fmt: skip
        self.ward.desk.link_changed(True)
        self.ward.settle()

    def test_link_lost_at_its_beginning(self) -> None:
        """After-call work on whose beginning the link was lost is that when it is back: it ends in time."""
        self.cut_short(by_hand=False)
        self.assertEqual(state(self.anna)["state"], "wrapup")
        self.ward.clock.advance(10)
        self.ward.settle()
        self.assertEqual(self.ward.shown, {ONE: READY, TWO: READY})
        self.assertEqual(state(self.anna)["state"], "ready")

    def test_link_lost_when_asked_for(self) -> None:
        """So is that which was asked for: it ends when they say that they are ready."""
        self.cut_short(by_hand=True)
        self.assertEqual(state(self.anna)["state"], "wrapup")
        self.assertEqual(self.ward.ready(self.anna), Done())
        self.ward.settle()
        self.assertEqual(self.ward.shown, {ONE: READY, TWO: READY})
        self.assertEqual(state(self.anna)["state"], "ready")

    def test_ready(self) -> None:
        """``REDY`` ends it at once; asked for without any it changes nothing."""
        self.call()
        self.assertEqual(self.ward.ready(self.anna), Done())
        self.assertEqual(self.ward.shown, {ONE: READY, TWO: READY})
        asked = len(self.pbx.asked)
        self.assertEqual(self.ward.ready(self.anna), Done())
        self.ward.clock.advance(60)
        self.assertEqual(len(self.pbx.asked), asked)

    def test_out_ends_it(self) -> None:
        """So does ``PAUSE OUT``."""
        self.call()
        self.assertEqual(self.ward.unpause(self.anna), PauseConfirmed())
        self.ward.clock.advance(60)
        self.assertEqual((state(self.anna)["state"], self.ward.shown[ONE]), ("ready", READY))

    def test_pause_takes_its_place(self) -> None:
        """A pause asked for during after-call work goes on when its time is over."""
        self.call()
        self.ward.pause(self.anna, reason="lunch")
        self.ward.settle()
        self.assert_refused(self.ward.ready(self.anna), 903, "PAUSE OUT")
        self.ward.clock.advance(60)
        self.assertEqual(self.ward.shown, {ONE: (True, "lunch"), TWO: (True, "lunch")})
        self.assertEqual(state(self.anna)["state"], "paused")
        self.assert_refused(self.ward.ready(self.anna), 903, "PAUSE OUT")

    def test_paused_already(self) -> None:
        """Who is paused when the call ends stays so, without after-call work."""
        self.ward.connect()
        self.ward.pause(self.anna, reason="lunch")
        self.ward.complete()
        self.assert_refused(self.ward.ready(self.anna), 903, "PAUSE OUT")
        self.ward.clock.advance(60)
        self.assertEqual(self.ward.shown[ONE], (True, "lunch"))

    def test_single_pause_stays(self) -> None:
        """A pause in one queue outlasts after-call work."""
        self.ward.pause(self.anna, TWO, "training")
        self.ward.settle()
        self.call()
        self.assertEqual(self.ward.shown, {ONE: WRAPUP, TWO: (True, "training")})
        self.ward.clock.advance(10.1)
        self.assertEqual(self.ward.shown, {ONE: READY, TWO: (True, "training")})
        self.assertEqual(state(self.anna)["paused"], "partly")

    def test_unpaused_by_another(self) -> None:
        """A supervisor who ends it has ended it."""
        self.call()
        for queue in (ONE, TWO):
            self.pbx.pause(queue, paused=False)
        self.ward.settle()
        asked = len(self.pbx.asked)
        self.ward.clock.advance(60)
        self.assertEqual((state(self.anna)["state"], len(self.pbx.asked)), ("ready", asked))

    def test_paused_by_another(self) -> None:
        """A supervisor's pause during after-call work stays when its time is over."""
        self.call()
        for queue in (ONE, TWO):
            self.pbx.pause(queue, reason="meeting")
        self.ward.settle()
        self.ward.clock.advance(60)
        self.assertEqual(self.ward.shown, {ONE: (True, "meeting"), TWO: (True, "meeting")})

    def test_another_call(self) -> None:
        """A call answered during it stops the time; after that it begins anew."""
        self.call()
        self.ward.clock.advance(5)
        self.ward.connect()
        self.ward.clock.advance(20)
        self.assertEqual(self.ward.shown[ONE], WRAPUP)
        self.ward.complete()
        self.ward.clock.advance(9)
        self.assertEqual(self.ward.shown[ONE], WRAPUP)
        self.ward.clock.advance(1.1)
        self.assertEqual(self.ward.shown[ONE], READY)

    def test_again(self) -> None:
        """A PBX that does not end it is asked again until it does: nobody stays out for good."""
        self.call()
        self.pbx.refusing = DENIED
        self.ward.clock.advance(10.1)
        self.assertEqual(self.ward.shown[ONE], WRAPUP)
        self.pbx.refusing = None
        self.ward.clock.advance(5)
        self.assertEqual(self.ward.shown, {ONE: READY, TWO: READY})

    def test_joined_meanwhile(self) -> None:
        """A queue joined during it begins paused, and is unpaused with the others."""
        self.call()
        self.pbx.add("three")
        self.ward.settle()
        self.assertEqual(self.ward.shown["three"], WRAPUP)
        self.ward.clock.advance(10.1)
        self.assertEqual(self.ward.shown["three"], READY)

    def test_joined_at_the_end(self) -> None:
        """So is a queue that was joined while the end was on its way."""
        self.call()
        self.pbx.willing = False
        self.ward.clock.advance(10.1)
        self.pbx.add("three", paused=True, reason="wrapup")
        self.pbx.willing = True
        self.pbx.respond()
        self.pbx.show(-1, ONE, TWO)
        self.ward.settle()
        self.assertEqual(self.ward.shown, {ONE: READY, TWO: READY, "three": READY})
        self.assertEqual(state(self.anna)["state"], "ready")

    def test_by_hand(self) -> None:
        """``WRAP ON`` has no end of its own; ``WRAP OFF`` and ``REDY`` end it."""
        self.assertEqual(self.ward.wrap(self.anna), Done())
        self.assertEqual(self.ward.shown, {ONE: WRAPUP, TWO: WRAPUP})
        self.ward.clock.advance(3600)
        self.assertEqual(state(self.anna)["state"], "wrapup")
        self.assertNotIn("until", state(self.anna))
        self.assertEqual(self.ward.wrap(self.anna, False), Done())
        self.assertEqual(self.ward.shown[ONE], READY)
        self.ward.wrap(self.anna)
        self.assertEqual(self.ward.ready(self.anna), Done())
        self.assertEqual(self.ward.shown[ONE], READY)

    def test_by_hand_after_a_call(self) -> None:
        """Asked for during after-call work, that has no end any more."""
        self.call()
        self.ward.wrap(self.anna)
        self.ward.clock.advance(60)
        self.assertEqual(self.ward.shown[ONE], WRAPUP)

    def test_by_hand_before_a_call(self) -> None:
        """A call that is taken meanwhile gives it no end."""
        self.ward.wrap(self.anna)
        self.call()
        self.ward.clock.advance(60)
        self.assertEqual(self.ward.shown[ONE], WRAPUP)

    def test_by_hand_while_paused(self) -> None:
        """Who is paused cannot begin it; a PBX that refuses it is told as such."""
        self.pbx.refusing = DENIED
        self.assert_refused(self.ward.wrap(self.anna), 906)
        self.pbx.refusing = None
        self.ward.pause(self.anna)
        self.ward.settle()
        self.assert_refused(self.ward.wrap(self.anna), 903, "paused already")


class AfterTheCallTests(PauseTestCase):
    """With ``pause_after_call``."""

    def setUp(self) -> None:
        self.prepare(pause_after_call=True)
        self.ward.answer()

    def test_waits(self) -> None:
        """Pending at once, confirmed when the call is over."""
        self.assertEqual(self.ward.pause(self.anna, reason="lunch"), PausePending())
        self.ward.settle()
        self.assertEqual((self.anna.pauses, self.pbx.asked), ([], []))
        self.assertEqual((state(self.anna)["state"], state(self.anna)["awaited"]), ("busy", "paused"))
        self.assert_refused(self.ward.pause(self.anna), 926)
        self.ward.hang_up()
        self.ward.settle()
        self.assertEqual(self.anna.pauses, [OK])
        self.assertEqual(self.ward.shown, {ONE: (True, "lunch"), TWO: (True, "lunch")})
        self.assertNotIn("awaited", state(self.anna))

    def test_cancelled(self) -> None:
        """``PAUSE OUT`` cancels it: both have their outcome."""
        self.ward.pause(self.anna)
        self.assertEqual(self.ward.unpause(self.anna), PauseConfirmed())
        self.assertEqual([number for number, _ in self.anna.pauses], [903])
        self.ward.hang_up()
        self.ward.settle()
        self.assertEqual(self.ward.shown[ONE], READY)

    def test_cancelled_by_another(self) -> None:
        """A supervisor who unpauses cancels it as well, and the operator is told."""
        self.ward.pause(self.anna)
        order = self.ward.pausing.order(self.ward.desk.floor.of(self.anna), False)
        self.assertEqual(self.successResultOf(order).number, 0)
        self.assertEqual([number for number, _ in self.anna.pauses], [903])
        self.ward.hang_up()
        self.ward.settle()
        self.assertEqual(self.ward.shown[ONE], READY)

    def test_off(self) -> None:
        """Without the setting a pause begins during the call."""
        self.prepare()
        self.ward.answer()
        self.ward.pause(self.anna)
        self.ward.settle()
        self.assertEqual(self.anna.pauses, [OK])

    def test_before_after_call_work(self) -> None:
        """A pause that was asked for comes instead of after-call work, not behind it."""
        self.ward.hang_up()
        self.ward.connect()
        self.ward.pause(self.anna, reason="lunch")
        self.ward.complete()
        self.ward.settle()
        self.assertEqual(self.ward.shown, {ONE: (True, "lunch"), TWO: (True, "lunch")})
        self.ward.clock.advance(60)
        self.assertEqual(self.ward.shown[ONE], (True, "lunch"))

    def test_link_lost(self) -> None:
        """It is still to come when the link to the PBX was away for a moment."""
        self.ward.pause(self.anna)
        self.ward.desk.link_changed(False)
        self.ward.desk.link_changed(True)
        self.assertEqual(self.anna.pauses, [])
        self.ward.hang_up()
        self.ward.settle()
        self.assertEqual((self.anna.pauses, self.ward.shown[ONE]), ([OK], (True, "")))

    def test_cancelled_without_a_link(self) -> None:
        """While the link is away it cannot be asked for twice, but be called off: both have their outcome."""
        self.ward.pause(self.anna)
        self.ward.desk.link_changed(False)
        self.assert_refused(self.ward.pause(self.anna), 926)
        self.assertEqual(self.anna.pauses, [])
        self.assert_refused(self.ward.unpause(self.anna), 905)
        self.assertEqual([number for number, _ in self.anna.pauses], [903])
        self.ward.desk.link_changed(True)
        self.ward.hang_up()
        self.ward.settle()
        self.assertEqual(self.ward.shown[ONE], READY)


class MissedTests(PauseTestCase):
    """With ``autopause_missed``."""

    def setUp(self) -> None:
        self.prepare(autopause_missed=2)

    def test_missed(self) -> None:
        """So many in a row pause, with a word about why."""
        self.ward.miss()
        self.assertEqual(self.ward.shown[ONE], READY)
        self.ward.miss(TWO)
        self.assertEqual(self.ward.shown, {ONE: (True, "missed"), TWO: (True, "missed")})
        self.assertEqual((state(self.anna)["by"], state(self.anna)["reason"]), ("server", "missed"))
        ((_, text),) = [d for d in self.anna.documents if d[0] == "Text"]
        self.assertIn("2 calls in a row", text.text)
        self.assertEqual(self.ward.unpause(self.anna), PauseConfirmed())

    def test_answered_between(self) -> None:
        """A call that is answered begins the count anew."""
        self.ward.miss()
        self.ward.connect(TWO)
        self.ward.complete(TWO)
        self.ward.miss()
        self.assertEqual(self.ward.shown[ONE], READY)

    def test_never(self) -> None:
        """Without the setting nobody is paused for it."""
        self.prepare()
        for _ in range(20):
            self.ward.miss()
        self.assertEqual(self.pbx.asked, [])

    def test_paused_meanwhile(self) -> None:
        """Who is paused already keeps the reason."""
        self.ward.miss()
        self.ward.pause(self.anna, reason="lunch")
        self.ward.settle()
        self.ward.miss()
        self.ward.settle()
        self.assertEqual((self.ward.shown[ONE], state(self.anna)["reason"]), ((True, "lunch"), "lunch"))
        self.assertEqual([kind for kind, _ in self.anna.documents if kind == "Text"], [])


class WardTests(PauseTestCase):
    """The desk as a whole."""

    def test_quiet(self) -> None:
        """When everybody has gone nothing is waited for."""
        self.ward = Ward(pause_grace=60)
        anna = self.ward.sit("anna", ONE)
        self.ward.connect()
        self.ward.complete()
        self.ward.desk.detach(anna)
        self.ward.clock.advance(61)
        self.assertEqual(self.ward.clock.getDelayedCalls(), [])
