"""After-call work outside of the queues (``wrapup_mode = remove``)."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from astcti.config.model import Configuration, Extension
from astcti.errors import Refused
from astcti.model.commands import Done, EndWrapUp, JoinQueue, LeaveQueue, Pause, PauseConfirmed, PausePending, SetWrapUp
from astcti.model.facts import AgentComplete, MemberPaused
from astcti.services.books import Books
from tests.services.fakes import FakeClient
from tests.services.membership.queuehall import QueueHall, QueuePbx, queue_centre

PHONE, SECOND = "PJSIP/201", "Local/251@phones/n"
ANNAS = {("sales", PHONE), ("support", PHONE)}
SECONDS = 10


def centre(**changes: Any) -> Configuration:
    """Calls of ``sales`` are followed by ten seconds of work."""
    usual = queue_centre()
    services = tuple(replace(s, wrapup_seconds=SECONDS if s.queue_name == "sales" else 0) for s in usual.services)
    return replace(usual, services=services, **changes)


class RemovedTests(SynchronousTestCase):
    """Anna takes a call of ``sales`` and has it behind her."""

    def prepare(self, pbx: QueuePbx | None = None, configuration: Configuration | None = None, **more: Any) -> None:
        self.hall = QueueHall(pbx, configuration=configuration or centre(), wrapup_mode="remove", **more)
        self.anna = self.hall.log_in("anna", "events2")
        self.hall.pbx.asked.clear()
        self.anna.queues.clear()

    def setUp(self) -> None:
        self.prepare()

    def complete(self, seconds: float = 0.0) -> None:
        """The call is over, and so much time passes."""
        self.hall.tell(AgentComplete("1.1", "sales", PHONE, 1, 5, "caller"))
        self.hall.turn(seconds)

    def asked(self) -> list[str]:
        """What the PBX was asked to do since the last look."""
        asked, self.hall.pbx.asked[:] = [a[0] for a in self.hall.pbx.asked], []
        return asked

    def state(self, client: FakeClient | None = None) -> dict[str, str]:
        """How she is all in all, as she was told last."""
        told = [dict(d.attributes) for kind, d in (client or self.anna).documents if kind == "AgentState"]
        return [t for t in told if "queue" not in t][-1]

    def test_whole(self) -> None:
        """Out of every queue, told so and until when; in again when the time is over. Never paused for the PBX."""
        self.complete()
        self.assertEqual((self.hall.sits, self.asked()), (set(), ["QueueRemove", "QueueRemove"]))
        self.assertEqual(sorted(self.anna.queues), [("sales", False), ("support", False)])
        self.assertEqual((self.state()["state"], self.state()["reason"]), ("wrapup", "wrapup"))
        self.assertIn("until", self.state())
        self.anna.queues.clear()
        self.hall.turn(SECONDS - 1)
        self.assertEqual(self.hall.sits, set())
        self.hall.turn(1)
        self.assertEqual((self.hall.sits, self.asked()), (ANNAS, ["QueueAdd", "QueueAdd"]))
        self.assertEqual([m[1] for m in self.hall.pbx.members.values()], [False, False])
        self.assertEqual(sorted(self.anna.queues), [("sales", True), ("support", True)])
        self.assertEqual((self.state()["state"], self.anna.pauses), ("ready", [(0, ""), (0, "")]))
        for queue in ("sales", "support"):
            self.hall.tell(MemberPaused(queue, PHONE, True, "meeting"))
        self.hall.turn(1)
        self.assertEqual((self.state()["paused"], self.state()["reason"]), ("all", "meeting"))

    def test_ready(self) -> None:
        """``REDY`` brings them back at once, and what was to come then does not come twice."""
        self.complete(3)
        self.assertEqual(self.hall.ask(self.anna, EndWrapUp()), Done())
        self.hall.turn()
        self.assertEqual(self.hall.sits, ANNAS)
        self.asked()
        self.hall.turn(60)
        self.assertEqual((self.hall.sits, self.asked()), (ANNAS, []))

    def test_ready_at_once(self) -> None:
        """Who is ready before anything was asked of the PBX has never left, and can be paused like anybody."""
        self.hall.tell(AgentComplete("1.1", "sales", PHONE, 1, 5, "caller"))
        self.assertEqual(self.hall.ask(self.anna, EndWrapUp()), Done())
        self.hall.turn()
        self.assertEqual((self.hall.sits, self.asked()), (ANNAS, []))
        self.hall.ask(self.anna, Pause(True, "", "lunch"))
        self.assertEqual([m[1] for m in self.hall.pbx.members.values()], [True, True])

    def test_paused_meanwhile(self) -> None:
        """Who has asked for a pause before the call was over stays in the queues, paused, and can end that."""
        self.hall.pbx.held = []
        self.hall.ask(self.anna, Pause(True, "", "lunch"))
        self.complete()
        self.hall.pbx.release()
        self.hall.pbx.held = None
        self.hall.turn(SECONDS)
        self.assertEqual((self.hall.sits, self.state()["reason"]), (ANNAS, "lunch"))
        self.assertIsInstance(self.hall.ask(self.anna, EndWrapUp()), Refused)
        self.hall.ask(self.anna, Pause(False))
        self.hall.turn()
        self.assertEqual([m[1] for m in self.hall.pbx.members.values()], [False, False])
        self.assertEqual(self.state()["state"], "ready")

    def test_nobody_pauses_who_leaves(self) -> None:
        """A membership that is on its way in, or out, is not paused for the moment that it is there."""
        self.hall.ask(self.anna, LeaveQueue("support"))
        self.hall.turn()
        self.hall.pbx.held = []
        self.hall.ask(self.anna, JoinQueue("support"))
        self.hall.turn()
        self.asked()
        self.complete()
        self.hall.desk.configure(Books.of(centre(), self.hall.settings))
        for _ in range(20):
            self.hall.turn()
            if not self.hall.pbx.held:
                break
            self.hall.pbx.release()
        self.assertEqual((self.hall.sits, self.asked()), (set(), ["QueueAdd", "QueueRemove", "QueueRemove"]))

    def test_ready_while_leaving(self) -> None:
        """Who is ready before the PBX has let them go ends up where they belong, and is not paused there."""
        self.hall.pbx.held = []
        self.complete()
        self.assertEqual(self.hall.ask(self.anna, EndWrapUp()), Done())
        for _ in range(20):
            self.hall.turn()
            if not self.hall.pbx.held:
                break
            self.hall.pbx.release()
        self.assertEqual(self.hall.sits, ANNAS)
        self.assertEqual([m[1] for m in self.hall.pbx.members.values()], [False, False])
        self.assertEqual(self.state()["state"], "ready")

    def test_by_hand(self) -> None:
        """``WRAP ON`` has no end of its own."""
        self.assertEqual(self.hall.ask(self.anna, SetWrapUp(True)), Done())
        self.hall.turn(3600)
        self.assertEqual((self.hall.sits, self.state()["state"]), (set(), "wrapup"))
        self.assertEqual(self.hall.ask(self.anna, SetWrapUp(False)), Done())
        self.hall.turn()
        self.assertEqual(self.hall.sits, ANNAS)

    def test_pause_takes_its_place(self) -> None:
        """Who pauses meanwhile is in the queues again, paused, and stays so when the time is over."""
        self.complete()
        self.assertEqual(self.hall.ask(self.anna, Pause(True, "", "lunch")), PausePending())
        self.hall.turn()
        self.assertEqual(self.hall.sits, ANNAS)
        self.hall.turn(60)
        self.assertEqual([m[1] for m in self.hall.pbx.members.values()], [True, True])
        self.assertEqual(self.state()["reason"], "lunch")

    def test_out_ends_it(self) -> None:
        """So is, unpaused, who says ``PAUSE OUT``."""
        self.complete()
        self.assertEqual(self.hall.ask(self.anna, Pause(False)), PauseConfirmed())
        self.hall.turn()
        self.assertEqual((self.hall.sits, [m[1] for m in self.hall.pbx.members.values()]), (ANNAS, [False, False]))

    def test_single_pause_stays(self) -> None:
        """Paused in one queue before, they come back paused in that one."""
        self.hall.ask(self.anna, Pause(True, "support", "training"))
        self.hall.turn()
        self.complete(SECONDS)
        paused = {queue: m[1] for (queue, _), m in self.hall.pbx.members.items()}
        self.assertEqual((paused, self.state()["state"]), ({"sales": False, "support": True}, "ready"))

    def test_static_member(self) -> None:
        """A membership of the PBX's own cannot be ended: there they are paused."""
        pbx = QueuePbx("sales", "support")
        pbx.members["support", PHONE] = (0, False, "x", "static")
        self.prepare(pbx)
        self.complete()
        self.assertEqual((self.hall.sits, pbx.members["support", PHONE][1]), ({("support", PHONE)}, True))
        self.assertEqual((self.state()["state"], self.anna.queues), ("wrapup", [("sales", False)]))
        self.anna.queues.clear()
        self.hall.turn(SECONDS)
        self.assertEqual((self.hall.sits, {m[1] for m in pbx.members.values()}), (ANNAS, {False}))
        self.assertEqual((self.state()["state"], self.anna.queues), ("ready", [("sales", True)]))

    def test_static_member_paused_before(self) -> None:
        """A pause there that is older than the work outlasts it, and is not that of the other queues."""
        pbx = QueuePbx("sales", "support")
        pbx.members["support", PHONE] = (0, False, "x", "static")
        self.prepare(pbx)
        self.hall.ask(self.anna, Pause(True, "support", "training"))
        self.complete()
        self.assertEqual((self.hall.sits, self.state()["reason"]), ({("support", PHONE)}, "wrapup"))
        self.check_older_pause(pbx)

    def test_static_member_and_client_lost(self) -> None:
        """Nor is it after the client was away."""
        pbx = QueuePbx("sales", "support")
        pbx.members["support", PHONE] = (0, False, "x", "static")
        self.prepare(pbx)
        self.hall.ask(self.anna, Pause(True, "support", "training"))
        self.complete()
        self.hall.log_out(self.anna, goodbye=False)
        self.anna = self.hall.log_in("anna", "events2")
        self.check_older_pause(pbx)

    def test_static_member_and_server_killed(self) -> None:
        """Nor is it after another server was there."""
        pbx = QueuePbx("sales", "support")
        pbx.members["support", PHONE] = (0, False, "x", "static")
        self.prepare(pbx)
        self.hall.ask(self.anna, Pause(True, "support", "training"))
        self.complete()
        self.prepare(pbx, store=self.hall.journal_store, now=self.hall.clock.seconds())
        self.check_older_pause(pbx)

    def test_static_member_and_setting_changes(self) -> None:
        """Nor is it where the setting was another one when the call ended."""
        pbx = QueuePbx("sales", "support")
        pbx.members["support", PHONE] = (0, False, "x", "static")
        self.prepare(pbx)
        pause, remove = (replace(self.hall.settings, wrapup_mode=mode) for mode in ("pause", "remove"))
        self.hall.desk.configure(Books.of(centre(), pause))
        self.hall.ask(self.anna, Pause(True, "support", "training"))
        self.complete()
        self.hall.desk.configure(Books.of(centre(), remove))
        self.hall.turn()
        self.assertEqual((self.hall.sits, self.state()["reason"]), ({("support", PHONE)}, "wrapup"))
        self.check_older_pause(pbx)

    def check_older_pause(self, pbx: QueuePbx) -> None:
        """The work ends; the older pause does not, and is one in its queue only."""
        self.hall.turn(SECONDS)
        paused = {queue: m[1] for (queue, _), m in pbx.members.items()}
        self.assertEqual((paused, self.state()["state"]), ({"sales": False, "support": True}, "ready"))

    def test_two_phones(self) -> None:
        """Both phones leave and come back."""
        self.prepare(configuration=centre(extensions=(Extension(seat_id=1, exten=SECOND),)))
        self.complete()
        self.assertEqual(self.hall.sits, set())
        self.hall.turn(SECONDS)
        self.assertEqual(self.hall.sits, ANNAS | {("sales", SECOND), ("support", SECOND)})

    def test_not_let_go(self) -> None:
        """Where the PBX does not let them out they are paused, as without the setting, and unpaused after it."""
        self.hall.pbx.refusals["QueueRemove"] = "Permission denied"
        self.complete()
        self.assertEqual((self.hall.sits, {m[1] for m in self.hall.pbx.members.values()}), (ANNAS, {True}))
        self.hall.turn(SECONDS)
        self.assertEqual((self.hall.sits, {m[1] for m in self.hall.pbx.members.values()}), (ANNAS, {False}))
        self.assertEqual(self.state()["state"], "ready")

    def test_put_back_by_another(self) -> None:
        """Who is put into a queue at the PBX meanwhile gets no call there: they are paused until the work is done."""
        self.complete()
        self.hall.pbx.members["sales", PHONE] = (0, False, "x", "dynamic")
        self.hall.tell(self.hall.pbx.added(("sales", PHONE)))
        self.hall.turn()
        self.assertEqual(self.hall.pbx.members["sales", PHONE][1], True)
        self.hall.turn(SECONDS)
        self.assertEqual((self.hall.sits, {m[1] for m in self.hall.pbx.members.values()}), (ANNAS, {False}))

    def test_join_waits(self) -> None:
        """A queue joined meanwhile is joined when the work is done."""
        self.complete()
        self.assertEqual(self.hall.ask(self.anna, JoinQueue("sales")), Done())
        self.hall.turn()
        self.assertEqual(self.hall.sits, set())
        self.hall.turn(SECONDS)
        self.assertEqual(self.hall.sits, ANNAS)

    def test_client_lost(self) -> None:
        """Whoever comes back within the time stays out for the rest of it."""
        self.complete(4)
        self.hall.log_out(self.anna, goodbye=False)
        self.anna = self.hall.log_in("anna", "events2")
        self.assertEqual((self.hall.sits, self.state()["state"]), (set(), "wrapup"))
        self.hall.turn(5)
        self.assertEqual(self.hall.sits, set())
        self.hall.turn(1)
        self.assertEqual((self.hall.sits, self.state()["state"]), (ANNAS, "ready"))

    def test_server_killed(self) -> None:
        """So does who finds another server, also where the end of some memberships had been under way."""
        self.hall.pbx.held = []
        self.complete()
        self.hall.pbx.release()
        self.hall.pbx.held = None
        self.assertEqual(len(self.hall.sits), 1)
        now = self.hall.clock.seconds()
        self.prepare(self.hall.pbx, store=self.hall.journal_store, now=now)
        self.assertEqual((self.hall.sits, self.state()["state"]), (set(), "wrapup"))
        self.hall.turn(SECONDS)
        self.assertEqual((self.hall.sits, self.state()["state"]), (ANNAS, "ready"))

    def test_link_lost(self) -> None:
        """What ends while there is no link is made good when it is back."""
        self.complete()
        self.hall.lose_link()
        self.hall.turn(SECONDS)
        self.hall.resync()
        self.hall.turn(5)
        self.assertEqual((self.hall.sits, {m[1] for m in self.hall.pbx.members.values()}), (ANNAS, {False}))
        self.assertEqual(self.state()["state"], "ready")

    def test_setting_changes(self) -> None:
        """With another setting they are paused in their queues at once, and the other way round."""
        self.complete()
        for mode, sits in (("pause", ANNAS), ("remove", set()), ("pause", ANNAS)):
            self.hall.desk.configure(Books.of(centre(), replace(self.hall.settings, wrapup_mode=mode)))
            self.hall.turn()
            self.assertEqual((self.hall.sits, self.state()["state"]), (sits, "wrapup"))
            self.assertEqual({m[1] for m in self.hall.pbx.members.values()}, {True} if sits else set())
        self.hall.turn(SECONDS)
        self.assertEqual((self.hall.sits, {m[1] for m in self.hall.pbx.members.values()}), (ANNAS, {False}))

    def test_foreign_pause(self) -> None:
        """What is told of memberships that are about to end changes nothing."""
        self.hall.pbx.held = []
        self.complete()
        self.hall.tell(MemberPaused("sales", PHONE, True, "meeting"))
        while self.hall.pbx.held:
            self.hall.pbx.release()
            self.hall.turn()
        self.assertEqual((self.hall.sits, self.state()["reason"]), (set(), "wrapup"))
        self.hall.pbx.held = None
        self.hall.turn(SECONDS)
        self.assertEqual((self.hall.sits, {m[1] for m in self.hall.pbx.members.values()}), (ANNAS, {False}))
