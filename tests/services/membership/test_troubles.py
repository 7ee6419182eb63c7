"""Memberships, and a PBX that refuses, is slow, or is not what was expected."""

from __future__ import annotations

from typing import Any

from twisted.internet.defer import Deferred, succeed
from twisted.trial.unittest import SynchronousTestCase

from astcti.config.model import Extension, ServiceOperator
from astcti.errors import AMILost, AMITimeout
from astcti.model.commands import ClaimMac, Done, JoinQueue, LeaveQueue, Login
from astcti.services.membership import REFUSED
from tests.services.fakes import digest
from tests.services.membership.queuehall import ANNAS, MACS, PHONE, QueueHall, QueuePbx, queue_centre


class TroubleTests(SynchronousTestCase):
    """The PBX has it otherwise."""

    def test_static(self) -> None:
        """A member of the PBX's own is told of, gets our penalty, and is not removed."""
        pbx = QueuePbx("sales", "support")
        pbx.members["sales", PHONE] = (7, False, "Agent One", "static")
        hall = QueueHall(pbx)
        anna = hall.log_in("anna")
        self.assertEqual(hall.pbx.members["sales", PHONE], (1, False, "Agent One", "static"))
        self.assertEqual(sorted(anna.queues), [("sales", True), ("support", True)])
        self.assertEqual([v.foreign for v in hall.membership.of("anna") if v.queue == "sales"], [True])
        self.assertEqual(hall.ask(anna, LeaveQueue("sales")).number, 925)
        hall.log_out(anna)
        self.assertEqual(hall.sits, {("sales", PHONE)})
        self.assertEqual(hall.membership.all(), [])

    def test_already_there(self) -> None:
        """One that we had not heard of is asked about, and told then."""
        hall = QueueHall()
        hall.pbx.members["sales", PHONE] = (7, True, "x", "dynamic")
        anna = hall.log_in("anna")
        self.assertIn(("QueueStatus", "sales", PHONE), hall.pbx.asked)
        self.assertEqual(hall.pbx.members["sales", PHONE][:2], (1, False))
        self.assertIn(("sales", True), anna.queues)

    def test_unknown_queue(self) -> None:
        """The others are joined; it is tried again once soon, and at every resync; the login stands."""
        hall = QueueHall(QueuePbx("support"))
        anna = hall.log_in("anna", "events2")
        self.assertEqual((hall.sits, anna.dismissed), ({("support", PHONE)}, []))
        self.assertEqual([d[0] for d in anna.documents if d[0] == "QueueState"], ["QueueState"])
        self.assertEqual([v.state for v in hall.membership.of("anna") if v.queue == "sales"], [REFUSED])
        tries = lambda: hall.pbx.asked.count(("QueueAdd", "sales", PHONE))  # noqa: E731
        for seconds, count in ((4.9, 1), (0.2, 2), (3600, 2)):
            hall.turn(seconds)
            self.assertEqual(tries(), count)
        hall.pbx.queues.add("sales")
        hall.resync()
        self.assertEqual(hall.sits, ANNAS)

    def test_no_right(self) -> None:
        """A manager user that may not is a warning, not a reason to keep people out."""
        hall = QueueHall()
        hall.pbx.refusals["QueueAdd"] = "Permission denied"
        anna = hall.log_in("anna")
        self.assertEqual((hall.sits, anna.dismissed, dict(hall.journal.memberships)), (set(), [], {}))
        hall.log_out(anna)
        self.assertEqual(hall.membership.all(), [])

    def test_static_meanwhile(self) -> None:
        """A member that the PBX has by itself is that also where ours was on its way when the link was lost: it gets
        the penalty, and stays when its operator goes."""
        hall = QueueHall()
        hall.pbx.held = []
        anna = hall.log_in("anna")
        hall.lose_link()
        for _, waiting in hall.pbx.held:
            waiting.errback(AMILost("lost"))
        hall.pbx.held = None
        hall.pbx.members["sales", PHONE] = (0, False, "Static", "static")
        hall.resync()
        self.assertEqual(hall.pbx.members["sales", PHONE], (1, False, "Static", "static"))
        hall.log_out(anna)
        self.assertEqual(hall.sits, {("sales", PHONE)})
        self.assertNotIn(("QueueRemove", "sales", PHONE), hall.pbx.asked)

    def test_successor_at_a_static_member(self) -> None:
        """Who sits down where the PBX's own member still gets the penalty of another is told of it."""
        pbx = QueuePbx("sales")
        pbx.members["sales", PHONE] = (7, False, "Agent One", "static")
        both = tuple(ServiceOperator(service_id=2, operator_id=who, penalty=who) for who in (1, 2))
        hall = QueueHall(pbx, configuration=queue_centre(service_operators=both))
        pbx.held = []
        bruno = hall.client()
        hall.ask(bruno, Login("bruno", digest("b")))
        hall.ask(bruno, ClaimMac(MACS["anna"]))
        hall.turn()
        self.assertEqual([action.NAME for action, _ in pbx.held], ["QueuePenalty"])
        hall.log_out(bruno)
        anna = hall.log_in("anna")
        while pbx.held:
            pbx.release()
            hall.turn()
        self.assertEqual((pbx.members["sales", PHONE][0], anna.queues), (1, [("sales", True)]))

    def test_successor_with_two_phones(self) -> None:
        """Who is put into a queue with one phone, while another of theirs is there for somebody else yet, is told."""
        second = "Local/251@phones/n"
        both = tuple(ServiceOperator(service_id=2, operator_id=who) for who in (1, 2))
        hall = QueueHall(
            QueuePbx("sales"),
            configuration=queue_centre(service_operators=both, extensions=(Extension(seat_id=1, exten=second),)),
        )
        bruno = hall.client()
        hall.ask(bruno, Login("bruno", digest("b")))
        hall.ask(bruno, ClaimMac(MACS["anna"]))
        hall.turn()
        hall.take_out("sales", second)
        hall.pbx.held = []
        hall.desk.detach(bruno)
        anna = hall.log_in("anna")
        self.assertEqual([(a.NAME, a.interface) for a, _ in hall.pbx.held],
                         [("QueueRemove", PHONE), ("QueueAdd", second)])  # fmt: skip
        hall.pbx.held.reverse()
        while hall.pbx.held:
            hall.pbx.release()
            hall.turn()
        self.assertEqual((hall.sits, anna.queues), ({("sales", PHONE), ("sales", second)}, [("sales", True)]))

    def test_supervisor_removes(self) -> None:
        """Who is taken out at the PBX stays out, also after a reconnection, until they join again."""
        hall = QueueHall()
        anna = hall.log_in("anna")
        hall.take_out("sales", PHONE)
        self.assertIn(("sales", False), anna.queues)
        hall.lose_link()
        hall.resync()
        self.assertEqual(hall.sits, {("support", PHONE)})
        hall.log_out(anna, goodbye=False)
        again = hall.log_in("anna")
        self.assertEqual(hall.sits, {("support", PHONE)})
        self.assertEqual(hall.ask(again, JoinQueue("sales")), Done())
        hall.turn()
        self.assertEqual(hall.sits, ANNAS)
        self.assertIn(("sales", True), again.queues)

    def test_supervisor_puts_back(self) -> None:
        """Who is put in again at the PBX is in, and leaves with their client."""
        hall = QueueHall()
        anna = hall.log_in("anna")
        hall.take_out("sales", PHONE)
        hall.pbx.members["sales", PHONE] = (1, False, "x", "dynamic")
        hall.tell(hall.pbx.added(("sales", PHONE)))
        hall.turn()
        hall.log_out(anna)
        self.assertEqual(hall.sits, set())

    def test_supervisor_removes_the_only_one(self) -> None:
        """Who is taken out with the one phone that the PBX has let in does not come back with the others when that is
        tried again, but when they are put in again, with all of them."""
        second = "Local/251@phones/n"
        hall = QueueHall(configuration=queue_centre(extensions=(Extension(seat_id=1, exten=second),)))
        anna = hall.log_in("anna")
        hall.take_out("sales", second)
        hall.log_out(anna)
        hall.pbx.members["sales", PHONE] = (1, False, "x", "dynamic")
        hall.tell(hall.pbx.added(("sales", PHONE)))
        hall.pbx.refusals["QueueAdd"] = "Permission denied"
        hall.log_in("anna")
        self.assertEqual(hall.sits, {("sales", PHONE)})
        hall.take_out("sales", PHONE)
        hall.pbx.refusals.clear()
        hall.turn(10)
        self.assertEqual({queue for queue, _ in hall.sits}, {"support"})
        hall.pbx.members["sales", PHONE] = (1, False, "x", "dynamic")
        hall.tell(hall.pbx.added(("sales", PHONE)))
        hall.turn()
        self.assertEqual(hall.sits, ANNAS | {("sales", second), ("support", second)})

    def late(self) -> tuple[QueueHall, Any, Any]:
        """Anna is to be in one queue, which the PBX is asked for and does not answer in time."""
        only = queue_centre(service_operators=(ServiceOperator(service_id=2, operator_id=1),))
        hall = QueueHall(configuration=only)
        hall.pbx.held = []
        anna = hall.log_in("anna")
        return hall, anna, self.time_out(hall)

    def time_out(self, hall: QueueHall) -> Any:
        """The PBX does not answer; what it was asked."""
        assert hall.pbx.held
        action, answer = hall.pbx.held.pop(0)
        answer.errback(AMITimeout("no answer"))
        hall.turn()
        return action

    def work_off(self, hall: QueueHall, late: Any) -> None:
        """The PBX does what it was asked after all, one thing after the other."""
        hall.pbx._done(late)
        while hall.pbx.held:
            hall.pbx.release()
            hall.turn()

    def test_disk_hangs(self) -> None:
        """A disk on which nothing can be written keeps nobody out of their queues, nor in them."""
        hall = QueueHall()
        hall.journal_store.flush = Deferred  # type: ignore[method-assign]
        anna = hall.log_in("anna")
        self.assertEqual(hall.sits, set())
        for _ in ANNAS:
            hall.turn(2)
        self.assertEqual(hall.sits, ANNAS)
        hall.log_out(anna)
        self.assertEqual(hall.sits, set())

    def test_refused_at_the_end(self) -> None:
        """What the PBX refuses while the server stops is not tried again when that is over."""
        hall = QueueHall()
        anna = hall.log_in("anna")
        hall.turn(1)
        hall.pbx.refusals["QueueRemove"] = "Permission denied"
        hall.desk.detach(anna)
        stopped = Deferred.fromCoroutine(hall.desk.stop_duties())
        hall.turn()
        self.successResultOf(stopped)
        self.assertEqual(hall.clock.getDelayedCalls(), [])

    def test_late_and_gone(self) -> None:
        """Who left before a slow PBX had put them into a queue is taken out again behind that."""
        hall, anna, late = self.late()
        hall.log_out(anna)
        self.work_off(hall, late)
        self.assertEqual((hall.sits, hall.membership.all(), dict(hall.journal.memberships)), (set(), [], {}))

    def test_late_and_lost(self) -> None:
        """So is who was put in late, and lost before it was known whose that is: by this server or the next."""
        for killed in (False, True):
            hall, anna, late = self.late()
            hall.turn(5)
            hall.pbx._done(late)
            hall.roster.replace([])
            asked: Deferred[Any] = Deferred()
            hall.pbx.collectAction = lambda action, asked=asked: asked  # type: ignore[method-assign,misc]
            hall.pbx.release()
            hall.turn()
            self.assertEqual(hall.pbx.asked[-1], ("QueueAdd", "sales", PHONE))
            if killed:
                del hall.pbx.collectAction
                hall.pbx.held = None
                hall = QueueHall(hall.pbx, hall.journal_store)
                hall.turn(121)
            else:
                hall.lose_link()
                asked.errback(AMILost("lost"))
                hall.log_out(anna)
                hall.pbx.held = None
                hall.resync()
            self.assertEqual((hall.sits, dict(hall.journal.memberships)), (set(), {}))

    def test_late_for_another(self) -> None:
        """Whoever sits down where another was put into a queue late is there under their own name."""
        both = tuple(ServiceOperator(service_id=2, operator_id=who) for who in (1, 2))
        hall = QueueHall(QueuePbx("sales"), configuration=queue_centre(service_operators=both))
        hall.pbx.held = []
        anna = hall.log_in("anna")
        late = self.time_out(hall)
        hall.desk.detach(anna)
        bruno = hall.client()
        hall.ask(bruno, Login("bruno", digest("b")))
        hall.ask(bruno, ClaimMac(MACS["anna"]))
        hall.turn()
        self.work_off(hall, late)
        self.assertEqual({sit: member[2] for sit, member in hall.pbx.members.items()}, {("sales", PHONE): "Bruno"})

    def test_shown_otherwise(self) -> None:
        """Nobody stays in a queue that the PBX knows by another name than it is told of."""
        hall = QueueHall(QueuePbx("sales"))
        hall.pbx.tell = lambda fact: hall.tell(fact._replace(queue="Sales"))
        hall.pbx.collectAction = lambda action: succeed([])  # type: ignore[method-assign,assignment]
        anna = hall.log_in("anna")
        for _ in range(4):
            hall.turn(5)
        self.assertEqual(hall.sits, {("sales", PHONE)})
        hall.log_out(anna)
        hall.turn(5)
        self.assertEqual(hall.sits, set())

    def test_late_and_stopped(self) -> None:
        """So is who left the queue: being put in late is nobody's will."""
        hall, anna, late = self.late()
        self.assertEqual(hall.ask(anna, LeaveQueue("sales")), Done())
        hall.turn()
        self.work_off(hall, late)
        self.assertEqual((hall.sits, hall.journal.operator("anna").stopped), (set(), {"sales"}))

    def test_late(self) -> None:
        """What was given up and comes late after all is a membership like others."""
        hall, anna, late = self.late()
        hall.turn(5)
        self.time_out(hall)
        self.work_off(hall, late)
        self.assertEqual([(v.state, v.problem) for v in hall.membership.of("anna")], [("in", "")])
        self.assertEqual(anna.queues, [("sales", True)])

    def test_refused_and_put_in(self) -> None:
        """Who is put in by a supervisor where the PBX had refused us is in, and leaves with their client."""
        hall = QueueHall(QueuePbx("support"))
        anna = hall.log_in("anna")
        hall.turn(6)
        hall.pbx.queues.add("sales")
        hall.pbx.members["sales", PHONE] = (1, False, "x", "dynamic")
        hall.tell(hall.pbx.added(("sales", PHONE)))
        hall.turn()
        self.assertEqual({v.state for v in hall.membership.of("anna")}, {"in"})
        hall.log_out(anna)
        self.assertEqual(hall.sits, set())
