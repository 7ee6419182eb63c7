"""Pauses of those who are on their way into queues, or out of all of them."""

from __future__ import annotations

from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from astcti.errors import Refused
from astcti.model.commands import JoinQueue, LeaveQueue, Pause, PauseConfirmed, PausePending
from tests.services.fakes import FakeClient
from tests.services.membership.queuehall import QueueHall, QueuePbx, queue_centre

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
