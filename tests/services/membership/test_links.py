"""Memberships, and links to the PBX that go and come back."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from astcti.config.model import Extension, ServiceOperator
from astcti.errors import AMILost
from astcti.model.commands import ClaimMac, Login
from astcti.services.books import Books
from astcti.services.membership import LEFTOVER
from tests.services.fakes import digest
from tests.services.membership.queuehall import ANNAS, MACS, PHONE, QueueHall, queue_centre


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

        again.ask(bruno, Login("bruno", digest("b")))
        again.ask(bruno, ClaimMac(MACS["anna"]))
        again.turn()
        self.assertEqual(again.sits, {("italian", PHONE)})
