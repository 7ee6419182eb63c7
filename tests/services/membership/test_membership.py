"""Whoever is at work is in their queues."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from twisted.internet.defer import CancelledError
from twisted.trial.unittest import SynchronousTestCase

from astcti.config.model import Extension, ServiceOperator
from astcti.errors import Refused
from astcti.model.commands import ClaimMac, Done, JoinQueue, LeaveQueue, ListQueues, Login, Pause
from astcti.services.books import Books
from astcti.services.membership.duty import LINK_SECONDS
from astcti.services.membership.vacated import HANDOVER_SECONDS
from tests.services.fakes import digest
from tests.services.membership.queuehall import ANNAS, MACS, PHONE, QueueHall, crowd, queue_centre, sign_in


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
