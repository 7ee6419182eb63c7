"""Whoever is at work is in their queues."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from twisted.internet.defer import CancelledError, Deferred, succeed
from twisted.trial.unittest import SynchronousTestCase

from astcti.config.model import Extension, ServiceOperator
from astcti.errors import AMILost, AMITimeout, Refused
from astcti.model.commands import ClaimMac, Done, JoinQueue, LeaveQueue, ListQueues, Login, Pause
from astcti.services.books import Books
from astcti.services.membership import LEFTOVER, REFUSED
from astcti.services.membership.duty import LINK_SECONDS
from astcti.services.membership.vacated import HANDOVER_SECONDS
from tests.services.fakes import digest
from tests.services.membership.queuehall import MACS, QueueHall, QueuePbx, queue_centre

PHONE = "PJSIP/201"
ANNAS = {("sales", PHONE), ("support", PHONE)}


class ComingAndGoingTests(SynchronousTestCase):
    """People log in and leave."""

    def test_login(self) -> None:
        """Each queue once, with the lower penalty and the full name; told when the PBX has told it."""
        hall = QueueHall()
        anna = hall.log_in("anna")
        self.assertEqual(hall.pbx.members["sales", PHONE], (1, False, "Anna", "dynamic"))
        self.assertEqual(hall.pbx.members["support", PHONE], (0, False, "Anna", "dynamic"))
        self.assertEqual(sorted(anna.queues), [("sales", True), ("support", True)])
        self.assertEqual({(m.queue, m.interface) for m in hall.journal.memberships.values()}, ANNAS)

    def test_language(self) -> None:
        """Who speaks a language is in its queue."""
        hall = QueueHall()
        hall.log_in("bruno")
        self.assertEqual(hall.sits, {("italian", "PJSIP/202")})

    def test_response_alone_is_not_told(self) -> None:
        """What the PBX only said yes to is asked for, and told when it shows it."""
        hall = QueueHall()
        hall.pbx.silent = True
        anna = hall.log_in("anna")
        self.assertEqual(anna.queues, [])
        hall.turn(5)
        hall.turn(5)
        self.assertEqual(sorted(anna.queues), [("sales", True), ("support", True)])

    def test_begin_in_pause(self) -> None:
        """Who begins in pause is added paused."""
        usual = queue_centre()
        operators = (replace(usual.operators[0], begin_in_pause=True), *usual.operators[1:])
        hall = QueueHall(configuration=replace(usual, operators=operators))
        hall.log_in("anna")
        self.assertEqual({m[1] for m in hall.pbx.members.values()}, {True})

    def test_two_phones(self) -> None:
        """Every phone of the seat is a member; the queue is told once."""
        hall = QueueHall(configuration=queue_centre(extensions=(Extension(seat_id=1, exten="Local/251@phones/n"),)))
        anna = hall.log_in("anna")
        self.assertEqual(hall.sits, ANNAS | {("sales", "Local/251@phones/n"), ("support", "Local/251@phones/n")})
        self.assertEqual(sorted(anna.queues), [("sales", True), ("support", True)])
        hall.log_out(anna)
        self.assertEqual((hall.sits, hall.membership.all()), (set(), []))

    def test_however_they_go(self) -> None:
        """With a word or without, sent away or lost: out of every queue, nothing left in the journal."""
        for goodbye in (True, False):
            hall = QueueHall()
            hall.log_out(hall.log_in("anna"), goodbye=goodbye)
            self.assertEqual((hall.sits, dict(hall.journal.memberships), hall.membership.all()), (set(), {}, []))

    def test_back_while_being_removed(self) -> None:
        """Who comes back while their removal is under way is added after it, in that order."""
        hall = QueueHall()
        anna = hall.log_in("anna")
        hall.pbx.held = []
        hall.log_out(anna)
        back = hall.log_in("anna")
        while hall.pbx.held:
            self.assertEqual(len(hall.pbx.held), 1)
            hall.pbx.release()
            hall.turn()
        self.assertEqual(hall.sits, ANNAS)
        self.assertEqual(sorted(q for q, member in back.queues if member), ["sales", "support"])

    def test_taken_over(self) -> None:
        """Who takes over at the same seat stays a member all the time; the first client is told that it is replaced."""
        hall = QueueHall(takeover=True)
        first = hall.log_in("anna")
        told = list(first.queues)
        hall.pbx.asked.clear()
        for seconds in (0, HANDOVER_SECONDS - 1):
            second = hall.client()
            hall.ask(second, Login("anna", digest("a")))
            hall.turn(seconds)  # it has still to say where it is
            hall.ask(second, ClaimMac(MACS["anna"]))
            hall.turn()
            hall.turn(HANDOVER_SECONDS + 1)
            self.assertEqual((hall.pbx.asked, hall.sits), ([], ANNAS))
            self.assertEqual(sorted(second.queues), sorted(told))
            self.assertEqual((first.dismissed, first.queues), ([(910, "logged in elsewhere", "replaced")], told))
            first = second
        hall.log_out(first)
        self.assertEqual((hall.sits, hall.clock.getDelayedCalls()), (set(), []))

    def test_taken_over_elsewhere(self) -> None:
        """Who takes over at another seat is in the queues there before the phone they had leaves them."""
        hall = QueueHall(takeover=True)
        hall.log_in("anna")
        hall.pbx.asked.clear()
        second = hall.client()
        hall.ask(second, Login("anna", digest("a")))
        hall.ask(second, ClaimMac(MACS["bruno"]))
        hall.turn()
        self.assertEqual(hall.sits, {("sales", "PJSIP/202"), ("support", "PJSIP/202")})
        self.assertEqual([action[0] for action in hall.pbx.asked], ["QueueAdd"] * 2 + ["QueueRemove"] * 2)
        self.assertEqual(sorted(second.queues), [("sales", True), ("support", True)])

    def test_taken_over_and_no_seat(self) -> None:
        """Who takes over and then says nothing, or goes, is in no queue after a moment."""
        for goes in (False, True):
            hall = QueueHall(takeover=True)
            hall.log_in("anna")
            second = hall.client()
            hall.ask(second, Login("anna", digest("a")))
            hall.turn()
            self.assertEqual(hall.sits, ANNAS)
            if goes:
                hall.log_out(second, goodbye=False)
            else:
                hall.turn(HANDOVER_SECONDS)
            self.assertEqual(hall.sits, set())

    def test_somebody_else_at_the_seat_meanwhile(self) -> None:
        """The seat is free at once for whoever comes; they are not in the other's queues."""
        hall = QueueHall(takeover=True)
        hall.log_in("anna")
        second = hall.client()
        hall.ask(second, Login("anna", digest("a")))
        bruno = hall.client()
        hall.ask(bruno, Login("bruno", digest("b")))
        hall.ask(bruno, ClaimMac(MACS["anna"]))
        hall.turn()
        self.assertEqual(hall.sits, {("italian", PHONE)})
        hall.turn(HANDOVER_SECONDS)
        self.assertEqual((hall.sits, bruno.queues), ({("italian", PHONE)}, [("italian", True)]))

    def test_taken_over_while_out(self) -> None:
        """Who has left a queue stays out of it; who is paused stays paused."""
        hall = QueueHall(takeover=True)
        first = hall.log_in("anna")
        hall.ask(first, LeaveQueue("sales"))
        hall.ask(first, Pause(True, "", "lunch"))
        hall.turn(1)
        second = hall.log_in("anna", "events2")
        self.assertEqual(hall.pbx.members, {("support", PHONE): (0, True, "Anna", "dynamic")})
        states = [dict(node.attributes) for kind, node in second.documents if kind == "AgentState"]
        self.assertEqual((states[-1]["state"], states[-1]["reason"]), ("paused", "lunch"))

    def test_stopping(self) -> None:
        """The server stops when everybody is out."""
        hall = QueueHall()
        anna = hall.log_in("anna")
        hall.pbx.held = []
        hall.desk.detach(anna)
        ended: list[Any] = []
        stopping = hall.membership.stopping()
        assert stopping is not None
        stopping.addCallback(ended.append)
        hall.turn()
        self.assertEqual(ended, [])
        while hall.pbx.held:
            hall.pbx.release()
            hall.turn()
        self.assertEqual((ended, hall.sits), ([None], set()))

    def test_stopping_without_link(self) -> None:
        """Where the PBX cannot be asked it has a moment to be there: everybody is out then too."""
        hall = QueueHall()
        anna = hall.log_in("anna")
        hall.lose_link()
        hall.log_out(anna)
        ended: list[Any] = []
        stopping = hall.membership.stopping()
        assert stopping is not None
        stopping.addCallback(ended.append)
        hall.turn(LINK_SECONDS - 0.1)
        self.assertEqual((hall.sits, ended), (ANNAS, []))
        hall.resync()
        self.assertEqual((hall.sits, ended), (set(), [None]))
        self.assertEqual(hall.clock.getDelayedCalls(), [])

    def test_stopping_at_the_beginning(self) -> None:
        """The same for those who are left from before a restart that had not come to an end."""
        before = QueueHall()
        before.log_in("anna")
        hall = QueueHall(before.pbx, before.journal_store, linked=False)
        ended: list[Any] = []
        stopping = hall.membership.stopping()
        assert stopping is not None
        stopping.addCallback(ended.append)
        hall.resync()
        self.assertEqual((hall.sits, ended), (set(), [None]))

    def test_stopping_in_vain(self) -> None:
        """It is not waited for longer than that, and not at all for nothing."""
        hall = QueueHall()
        anna = hall.log_in("anna")
        hall.lose_link()
        hall.log_out(anna)
        ended: list[Any] = []
        stopping = hall.membership.stopping()
        assert stopping is not None
        stopping.addCallback(ended.append)
        hall.turn(LINK_SECONDS)
        self.assertEqual((hall.sits, ended), (ANNAS, [None]))
        empty = QueueHall()
        empty.lose_link()
        self.assertIsNone(empty.membership.stopping())

    def test_stopping_before_the_event(self) -> None:
        """A PBX that says yes and shows nothing is not waited for when the server has no more time: with the link, and
        when that is lost."""
        for lost in (False, True):
            hall = QueueHall()
            hall.pbx.silent = True
            anna = hall.log_in("anna")
            if lost:
                hall.lose_link()
            hall.desk.detach(anna)
            stopping = hall.membership.stopping()
            hall.pausing.stopping()
            hall.turn()
            assert stopping is not None
            if lost:
                hall.turn(LINK_SECONDS)
            else:
                stopping.addErrback(lambda failure: failure.trap(CancelledError))
                stopping.cancel()
            hall.turn()
            self.assertEqual((stopping.called, hall.clock.getDelayedCalls()), (True, []))

    def test_many(self) -> None:
        """However many come at once, only so many actions are under way."""
        hall = QueueHall(configuration=crowd(60))
        hall.pbx.held = []
        for client, name in [(hall.client(), f"op{n}") for n in range(60)]:
            sign_in(hall, client, name)
        hall.turn()
        self.assertEqual(len(hall.pbx.held), 20)
        while hall.pbx.held:
            hall.pbx.release()
            hall.turn()
        self.assertEqual(len(hall.sits), 60)


def crowd(count: int) -> Any:
    """So many operators with a seat each and one queue."""
    usual = queue_centre()
    from astcti.config.model import Operator, Seat
    from tests.services.fakes import digest

    return replace(
        usual,
        seats=tuple(Seat(id=n + 1, exten=f"PJSIP/{1000 + n}") for n in range(count)),
        operators=tuple(
            Operator(id=n + 1, username=f"op{n}", full_name=f"Op {n}", password=digest("x"), seat_id=n + 1)
            for n in range(count)
        ),
        service_operators=tuple(ServiceOperator(service_id=4, operator_id=n + 1) for n in range(count)),
    )


def sign_in(hall: QueueHall, client: Any, name: str) -> None:
    from astcti.model.commands import Login
    from tests.services.fakes import digest

    hall.ask(client, Login(name, digest("x")))


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


class LinkTests(SynchronousTestCase):
    """The link is lost, the PBX or this server dies."""

    def test_lost_on_its_way(self) -> None:
        """Somebody else's member in the place of ours that was lost on its way gets the penalty that is configured."""
        hall = QueueHall()
        hall.pbx.held = []
        hall.log_in("anna")
        hall.lose_link()
        for _, waiting in hall.pbx.held:
            waiting.errback(AMILost("lost"))
        hall.pbx.held = None
        hall.pbx.members["sales", PHONE] = (7, False, "x", "dynamic")
        hall.resync()
        self.assertEqual(hall.pbx.members["sales", PHONE], (1, False, "x", "dynamic"))

    def test_lost_before_the_event(self) -> None:
        """What the PBX said yes to before it was restarted, and had not shown, is done anew at once when it is back."""
        hall = QueueHall()
        hall.pbx.silent = True
        hall.log_in("anna")
        hall.lose_link()
        hall.pbx.silent = False
        hall.pbx.members.clear()
        hall.resync()
        self.assertEqual(hall.sits, ANNAS)

    def test_removal_waits(self) -> None:
        """Who leaves while there is no link is removed when it is back."""
        hall = QueueHall()
        anna = hall.log_in("anna")
        hall.lose_link()
        hall.log_out(anna)
        self.assertEqual(hall.sits, ANNAS)
        hall.resync()
        self.assertEqual((hall.sits, hall.membership.all()), (set(), []))

    def test_pbx_restarted(self) -> None:
        """Memberships that the PBX has forgotten are made again."""
        hall = QueueHall()
        anna = hall.log_in("anna")
        hall.lose_link()
        hall.pbx.members.clear()
        hall.resync()
        self.assertEqual(hall.sits, ANNAS)
        self.assertEqual(anna.queues[-1][1], True)

    def test_other_queues_meanwhile(self) -> None:
        """Who is found out of a queue that is not theirs any more is told so."""
        hall = QueueHall()
        anna = hall.log_in("anna")
        hall.lose_link()
        hall.pbx.members.clear()
        fewer = queue_centre(service_operators=(ServiceOperator(service_id=4, operator_id=1),))
        hall.desk.configure(Books.of(fewer, hall.settings))
        hall.turn()
        anna.queues.clear()
        hall.resync()
        self.assertEqual((hall.sits, set(anna.queues)), (
            {("support", PHONE)}, {("sales", False), ("support", False), ("support", True)}
        ))  # fmt: skip

    def test_two_phones(self) -> None:
        """Who is found in a queue with two phones, or with none of them any more, is told so once."""
        second = "Local/251@phones/n"
        hall = QueueHall(configuration=queue_centre(extensions=(Extension(seat_id=1, exten=second),)))
        hall.pbx.silent = True
        anna = hall.log_in("anna")
        hall.lose_link()
        hall.pbx.silent = False
        for phone in (PHONE, second):
            hall.pbx.members["sales", phone] = (1, False, "Anna", "dynamic")
        hall.pbx.queues.remove("support")
        hall.resync()
        self.assertEqual(anna.queues, [("sales", True)])
        hall.lose_link()
        hall.pbx.members.clear()
        hall.pbx.queues.clear()
        hall.resync()
        self.assertEqual(anna.queues, [("sales", True), ("sales", False)])

    def restarted(self, hall: QueueHall) -> QueueHall:
        """Another process on the same PBX and the same file."""
        hall.pbx.asked.clear()
        return QueueHall(hall.pbx, hall.journal_store)

    def test_back_after_a_restart(self) -> None:
        """Who comes back is left where they are, and told so."""
        hall = QueueHall()
        hall.log_in("anna")
        again = self.restarted(hall)
        self.assertEqual({v.state for v in again.membership.of("anna")}, {LEFTOVER})
        again.turn(119)
        anna = again.log_in("anna")
        again.turn(300)
        self.assertEqual(again.sits, ANNAS)
        self.assertEqual(again.pbx.asked, [])
        self.assertEqual(sorted(anna.queues), [("sales", True), ("support", True)])
        again.log_out(anna)
        self.assertEqual(again.sits, set())

    def test_orphans(self) -> None:
        """Who does not come back is removed after two minutes."""
        hall = QueueHall()
        hall.log_in("anna")
        again = self.restarted(hall)
        again.turn(119)
        self.assertEqual(again.sits, ANNAS)
        again.turn(2)
        self.assertEqual((again.sits, again.membership.all()), (set(), []))

    def test_somebody_else_at_the_phone(self) -> None:
        """Whoever sits down at a phone ends the memberships that another left there."""
        hall = QueueHall(configuration=queue_centre(service_operators=(ServiceOperator(service_id=4, operator_id=1),)))
        hall.log_in("anna")
        again = QueueHall(hall.pbx, hall.journal_store)
        bruno = again.client()
        from astcti.model.commands import ClaimMac, Login
        from tests.services.fakes import digest
        from tests.services.membership.queuehall import MACS

        again.ask(bruno, Login("bruno", digest("b")))
        again.ask(bruno, ClaimMac(MACS["anna"]))
        again.turn()
        self.assertEqual(again.sits, {("italian", PHONE)})


class AskedTests(SynchronousTestCase):
    """Operators and administrators change it."""

    def test_stop_and_start(self) -> None:
        """Out and in again; remembered when the client comes back, forgotten when it said goodbye."""
        hall = QueueHall()
        anna = hall.log_in("anna")
        self.assertEqual(hall.ask(anna, LeaveQueue("sales")), Done())
        hall.turn()
        self.assertEqual((hall.sits, anna.queues[-1]), ({("support", PHONE)}, ("sales", False)))
        hall.log_out(anna, goodbye=False)
        anna = hall.log_in("anna")
        self.assertEqual(hall.sits, {("support", PHONE)})
        listed = hall.ask(anna, ListQueues())
        self.assertEqual(dict(listed.queues), {"sales": False, "support": True})
        hall.ask(anna, JoinQueue("sales"))
        hall.turn()
        self.assertEqual(hall.sits, ANNAS)
        hall.ask(anna, LeaveQueue("sales"))
        hall.log_out(anna)
        hall.log_in("anna")
        self.assertEqual(hall.sits, ANNAS)

    def test_start_when_in(self) -> None:
        """Whoever joins a queue that they are in is told that they are."""
        hall = QueueHall()
        anna = hall.log_in("anna")
        anna.queues.clear()
        hall.ask(anna, JoinQueue("sales"))
        hall.turn()
        self.assertEqual(anna.queues, [("sales", True)])

    def test_refusals(self) -> None:
        """Not one's queue, no seat, no link."""
        hall = QueueHall()
        anna = hall.log_in("anna")
        self.assertEqual(hall.ask(anna, JoinQueue("italian")).number, 921)
        hall.lose_link()
        refused = hall.ask(anna, LeaveQueue("sales"))
        self.assertIsInstance(refused, Refused)
        self.assertEqual(refused.number, 905)

    def test_assigned_and_taken_away(self) -> None:
        """A service more, a service less, another penalty: without logging in again."""
        hall = QueueHall()
        anna = hall.log_in("anna")
        anna.queues.clear()
        assigned = (ServiceOperator(service_id=3, operator_id=1, penalty=9),
                    ServiceOperator(service_id=5, operator_id=1))  # fmt: skip
        hall.desk.configure(Books.of(queue_centre(service_operators=assigned), hall.settings))
        hall.turn()
        self.assertEqual(hall.sits, {("sales", PHONE), ("italian", PHONE)})
        self.assertEqual(hall.pbx.members["sales", PHONE][0], 9)
        self.assertEqual(sorted(anna.queues), [("italian", True), ("support", False)])
        self.assertNotIn(("QueueRemove", "sales", PHONE), hall.pbx.asked)

    def test_service_disabled(self) -> None:
        """Nobody stays in its queue."""
        hall = QueueHall()
        hall.log_in("anna")
        services = tuple(replace(s, enabled=s.id != 4) for s in queue_centre().services)
        hall.desk.configure(Books.of(queue_centre(services=services), hall.settings))
        hall.turn()
        self.assertEqual(hall.sits, {("sales", PHONE)})

    def test_phones(self) -> None:
        """A phone more at the seat is a member too, until it is taken away."""
        hall = QueueHall()
        hall.log_in("anna")
        hall.desk.configure(Books.of(queue_centre(extensions=(Extension(seat_id=1, exten="SIP/9"),)), hall.settings))
        hall.turn()
        self.assertEqual(len(hall.sits), 4)
        hall.desk.configure(Books.of(queue_centre(), hall.settings))
        hall.turn()
        self.assertEqual(hall.sits, ANNAS)

    def test_telecommuter(self) -> None:
        """Memberships go along to the phone that calls go by, and back."""
        hall = QueueHall()
        anna = hall.log_in("anna")
        attendance = hall.desk.floor.of(anna)
        hall.desk.move(attendance, "Local/0551@out/n")
        hall.turn()
        self.assertEqual(hall.sits, {("sales", "Local/0551@out/n"), ("support", "Local/0551@out/n")})
        hall.desk.move(attendance, "")
        hall.turn()
        self.assertEqual(hall.sits, ANNAS)
