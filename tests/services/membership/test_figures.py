"""How queues are, as clients are told."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from astcti.model.callers import Callers
from astcti.model.commands import AskQueues, QueueFigures
from astcti.model.facts import MemberPaused, MemberStatus, QueueAbandon, QueueJoin, QueueLeave
from tests.services.membership.queuehall import QueueHall
from tests.services.membership.test_membership import PHONE, crowd, sign_in


def join(uniqueid: str, queue: str = "sales", waited: int = 0) -> QueueJoin:
    return QueueJoin(uniqueid, uniqueid, f"PJSIP/out-{uniqueid}", queue, 1, "0551", "Mario", waited)


class FiguresTests(SynchronousTestCase):
    """Numbers."""

    def test_callers(self) -> None:
        """Those who wait are counted until they are served or give up, however often that is said."""
        callers = Callers()
        callers.feed(join("1"), 100.0)
        callers.feed(join("2"), 103.0)
        self.assertEqual(callers.waiting("sales", 110.0), (2, 10))
        callers.feed(QueueAbandon("1", "sales", 12), 112.0)
        callers.feed(QueueLeave("1", "PJSIP/out-1", "sales"), 112.0)
        self.assertEqual(callers.waiting("sales", 113.0), (1, 10))
        callers.replace([join("7", "support", 30)], 120.0)
        self.assertEqual((callers.waiting("sales", 120.0), callers.waiting("support", 121.0)), ((0, 0), (1, 31)))

    def test_qstat(self) -> None:
        """Each member counts once; only one's own queues; the PBX is not asked."""
        hall = QueueHall()
        anna = hall.log_in("anna")
        asked = len(hall.pbx.asked)

        def sales() -> QueueFigures:
            (figures,) = hall.ask(anna, AskQueues("sales")).queues
            return figures

        self.assertEqual(sales(), QueueFigures("sales", 0, 1, 0, 0, 1, 0))
        hall.membership._callers.feed(join("1"), hall.clock.seconds())
        hall.turn(7)
        hall.roster.feed(MemberStatus("sales", PHONE, 6))
        self.assertEqual(sales(), QueueFigures("sales", 1, 0, 0, 1, 1, 7))
        hall.tell(MemberPaused("sales", PHONE, True, ""))
        self.assertEqual(sales(), QueueFigures("sales", 1, 0, 1, 0, 1, 7))
        hall.tell(MemberPaused("sales", PHONE, False, ""))
        hall.roster.feed(MemberStatus("sales", PHONE, 5))
        self.assertEqual(sales(), QueueFigures("sales", 1, 0, 0, 0, 1, 7))
        self.assertEqual([q.queue for q in hall.ask(anna, AskQueues()).queues], ["sales", "support"])
        self.assertEqual(hall.ask(anna, AskQueues("italian")).number, 921)
        self.assertEqual(len(hall.pbx.asked), asked)

    def test_told(self) -> None:
        """A change is told within a second to who wants it, many changes once, and none when nothing is otherwise."""
        hall = QueueHall()
        anna, deaf = hall.log_in("anna", "events2"), hall.log_in("bruno")
        hall.turn(2)
        anna.documents.clear()
        for uniqueid in "123":
            hall.membership._callers.feed(join(uniqueid), hall.clock.seconds())
        hall.turn(1.1)
        states = [dict(node.attributes) for kind, node in anna.documents if kind == "QueueState"]
        self.assertEqual([(s["name"], s["waiting"]) for s in states], [("sales", "3")])
        hall.membership._changed("sales")
        hall.turn(0.1)
        self.assertEqual((len(anna.documents), deaf.documents), (1, []))

    def test_ceiling(self) -> None:
        """However many watch a queue, only so many are told in one turn; all are in the end."""
        hall = QueueHall(configuration=crowd(250))
        clients = [hall.client() for _ in range(250)]
        for n, client in enumerate(clients):
            client.capabilities.add("events2")
            sign_in(hall, client, f"op{n}")
        for _ in range(100):
            hall.turn(0.2)
        for client in clients:
            client.documents.clear()
        hall.membership._callers.feed(join("1", "support"), hall.clock.seconds())
        told = []
        for _ in range(3):
            hall.clock.advance(0.1)
            told.append(sum(any(kind == "QueueState" for kind, _ in c.documents) for c in clients))
        self.assertEqual(told, [100, 200, 250])
