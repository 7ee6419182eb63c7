"""Pauses of those who are on their way into queues, or out of all of them."""

from __future__ import annotations

from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from astcti.config.model import ServiceOperator
from astcti.errors import AMILost, Refused
from astcti.model.commands import ClaimMac, JoinQueue, LeaveQueue, Login, Pause, PauseConfirmed, PausePending
from tests.services.fakes import FakeClient, digest
from tests.services.membership.queuehall import MACS, QueueHall, QueuePbx, queue_centre

PHONE = "PJSIP/201"
ANNAS = {("sales", PHONE), ("support", PHONE)}


class InNoQueueTests(SynchronousTestCase):
    """Anna has two queues."""

    def assert_refused(self, hall: QueueHall, anna: FakeClient) -> None:
        """A pause is refused, and the PBX not asked."""
        asked = len(hall.pbx.asked)
        reply = hall.ask(anna, Pause(True))
        self.assertIsInstance(reply, Refused)
        self.assertEqual((reply.number, reply.reason), (921, "not a member of any queue"))
        self.assertEqual(len(hall.pbx.asked), asked)

    def paused(self, hall: QueueHall) -> set[Any]:
        """How the PBX shows her memberships."""
        return {member[1] for member in hall.pbx.members.values()}

    def test_on_the_way(self) -> None:
        """Who pauses before the PBX has let them in is let in paused."""
        hall = QueueHall()
        hall.pbx.held = []
        anna = hall.log_in("anna")
        self.assertEqual((hall.sits, hall.ask(anna, Pause(True, "", "lunch"))), (set(), PausePending()))
        while hall.pbx.held:
            hall.pbx.release()
            hall.turn()
        hall.turn(1)
        self.assertEqual((hall.sits, self.paused(hall), anna.pauses), (ANNAS, {True}, [(0, "")]))

    def test_stopped(self) -> None:
        """Who has left all of them has nothing to pause, until they join one again."""
        hall = QueueHall()
        anna = hall.log_in("anna")
        for queue in ("sales", "support"):
            hall.ask(anna, LeaveQueue(queue))
        hall.turn()
        self.assert_refused(hall, anna)
        self.assertEqual(hall.ask(anna, Pause(False)), PauseConfirmed())
        hall.ask(anna, JoinQueue("sales"))
        self.assertEqual(hall.ask(anna, Pause(True)), PausePending())
        hall.turn(1)
        self.assertEqual((hall.sits, self.paused(hall)), ({("sales", PHONE)}, {True}))

    def test_taken_out(self) -> None:
        """Nor has who was removed from all of them at the PBX."""
        hall = QueueHall()
        anna = hall.log_in("anna")
        hall.take_out("sales", PHONE)
        self.assertEqual(hall.ask(anna, Pause(True)), PausePending())
        hall.ask(anna, Pause(False))
        hall.take_out("support", PHONE)
        self.assert_refused(hall, anna)

    def test_not_let_in(self) -> None:
        """Nor whom the PBX does not let in anywhere."""
        hall = QueueHall(QueuePbx())
        anna = hall.log_in("anna")
        self.assert_refused(hall, anna)

    def test_no_queues(self) -> None:
        """Who has none can be paused all the same: that is a matter of the server alone."""
        hall = QueueHall(configuration=queue_centre(service_operators=()))
        anna = hall.log_in("anna")
        self.assertEqual(hall.ask(anna, Pause(True)), PausePending())
        hall.turn(1)
        self.assertEqual((anna.pauses, hall.pbx.asked), ([(0, "")], []))


class SuccessorTests(SynchronousTestCase):
    """Somebody sits down where another was paused, and still is a member of queues."""

    def setUp(self) -> None:
        self.both = queue_centre(
            service_operators=tuple(ServiceOperator(service_id=2, operator_id=who) for who in (1, 2))
        )
        self.hall = QueueHall(configuration=self.both)
        self.anna, self.bruno = self.hall.log_in("anna"), self.hall.log_in("bruno")
        self.hall.ask(self.anna, Pause(True, "", "lunch"))
        self.hall.turn(1)
        self.assertTrue(self.hall.pbx.members["sales", PHONE][1])

    def succeed(self, hall: QueueHall) -> list[tuple[Any, ...]]:
        """Bruno, who was only lost, sits at Anna's phone; what is asked of the PBX."""
        hall.pbx.asked.clear()
        bruno = hall.client()
        hall.ask(bruno, Login("bruno", digest("b")))
        hall.ask(bruno, ClaimMac(MACS["anna"]))
        hall.turn(1)
        return [asked for asked in hall.pbx.asked if asked[1:] == ("sales", PHONE)]

    def test_at_once(self) -> None:
        """They are not paused for it, and the other's last moment is left as it was."""
        self.hall.log_out(self.bruno, goodbye=False)
        self.hall.desk.detach(self.anna)
        asked = self.succeed(self.hall)
        self.assertEqual([name for name, *_ in asked], ["QueueRemove", "QueueAdd"])
        self.assertEqual(self.hall.pbx.members["sales", PHONE][1:3], (False, "Bruno"))

    def test_after_a_restart(self) -> None:
        """Nor where the other has not come back after the server was begun anew."""
        hall = QueueHall(self.hall.pbx, self.hall.journal_store, configuration=self.both, now=1010.0)
        self.succeed(hall)
        self.assertEqual(hall.pbx.members["sales", PHONE][1:3], (False, "Bruno"))


class OvertakenTests(SynchronousTestCase):
    """A membership was asked for, and is to begin otherwise by the time it does."""

    def setUp(self) -> None:
        self.hall = hall = QueueHall()
        self.anna = hall.log_in("anna")
        hall.ask(self.anna, Pause(True, "", "lunch"))
        for queue in ("sales", "support"):
            hall.ask(self.anna, LeaveQueue(queue))
        hall.turn(1)
        self.assertEqual(hall.sits, set())
        hall.pbx.held = []
        hall.ask(self.anna, JoinQueue("sales"))
        hall.turn()
        ((self.added, _),) = hall.pbx.held
        self.assertEqual((self.added.NAME, self.added.paused, self.added.reason), ("QueueAdd", True, "lunch"))

    def release(self) -> bool:
        """Let the PBX do all of it; whether it shows the operator as paused then."""
        while self.hall.pbx.held:
            self.hall.pbx.release()
            self.hall.turn(1)
        return self.hall.pbx.members["sales", PHONE][1]

    def test_ready(self) -> None:
        """Who ends their pause while they are on the way into a queue paused is not paused there."""
        self.hall.ask(self.anna, Pause(False))
        self.hall.turn(1)
        self.assertFalse(self.release())

    def test_still_paused(self) -> None:
        """Who does not is."""
        self.assertTrue(self.release())

    def test_link_lost_meanwhile(self) -> None:
        """The same when only the lists tell that the PBX had done it."""
        self.hall.ask(self.anna, Pause(False))
        self.hall.turn(1)
        (action, waiting), self.hall.pbx.held = self.hall.pbx.held[0], None
        self.hall.pbx._do(action)
        self.hall.lose_link()
        waiting.errback(AMILost("gone"))
        self.hall.turn()
        self.hall.resync()
        self.hall.turn(1)
        self.assertFalse(self.hall.pbx.members["sales", PHONE][1])

    def test_supervisor_meanwhile(self) -> None:
        """A supervisor who takes them out, and puts them in paused, is heeded."""
        self.release()
        self.hall.ask(self.anna, Pause(False))
        self.release()
        self.hall.take_out("sales", PHONE)
        self.hall.pbx.members["sales", PHONE] = (1, True, "Anna", "dynamic")
        self.hall.tell(self.hall.pbx.added(("sales", PHONE)))
        self.assertTrue(self.release())
