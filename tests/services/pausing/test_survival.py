"""Pauses outlive clients and servers; the agent log has all of them."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from twisted.internet.defer import Deferred
from twisted.trial.unittest import SynchronousTestCase

from astcti.config.model import PauseReason
from astcti.errors import AMILost
from astcti.model.commands import Pause
from astcti.model.facts import MemberAdded
from astcti.services.books import Books
from astcti.services.journal import OperatorRecord
from astcti.services.pausing import Cause, MemoryRecords
from astcti.services.pausing.records import record_of, standing_of
from astcti.services.pausing.standing import Standing, WrapUp
from tests.services.fakes import FakeClient
from tests.services.pausing.test_pause import PauseTestCase
from tests.services.pausing.ward import DENIED, ONE, PHONE, TWO, Ward, queue_centre, state, states

LUNCH = (True, "lunch")
WHO = st.sampled_from(("self", "supervisor", "server", "pbx"))
WRAPUP, READY = (True, "wrapup"), (False, "")


def state_in(client: FakeClient, queue: str) -> dict[str, str]:
    """What they were told last of one queue."""
    return [told for told in states(client) if told.get("queue") == queue][-1]


class ReconnectTests(PauseTestCase):
    """The client is lost and comes back."""

    def lose(self, *, home: bool = False) -> None:
        """The client is gone, and with it all memberships."""
        self.anna.said_goodbye = home
        self.ward.desk.detach(self.anna)
        for queue in (ONE, TWO):
            self.pbx.remove(queue)

    def come_back(self, name: str = "anna") -> FakeClient:
        """It logs in again, and joins its queues as it is to."""
        self.anna = self.ward.sit(name)
        self.join()
        return self.anna

    def join(self) -> None:
        attendance = self.ward.desk.floor.of(self.anna)
        for queue in (ONE, TWO):
            stance = self.ward.pausing.wanted(attendance, queue)
            self.pbx.add(queue, PHONE, stance is not None, "")
        self.ward.settle()

    def test_paused(self) -> None:
        """Still paused, for the same reason, since the same time."""
        self.ward.pause(self.anna, reason="lunch")
        self.ward.settle()
        before = state(self.anna)
        self.lose()
        self.ward.clock.advance(600)
        self.come_back()
        self.assertEqual(state(self.anna), before)
        self.assertEqual(self.ward.shown, {ONE: LUNCH, TWO: LUNCH})

    def test_reason_told(self) -> None:
        """A PBX that takes no reason with a new member is told it behind that, once; one that takes it is not."""
        for taken, told in (("", [(PHONE, "", True, "lunch"), (PHONE, TWO, True, "lunch")]), ("lunch", [])):
            self.prepare()
            self.ward.pause(self.anna, reason="lunch")
            self.ward.settle()
            self.lose()
            self.pbx.asked.clear()
            self.anna = self.ward.sit("anna")
            before = state(self.anna)
            for queue in (ONE, TWO):
                self.pbx.add(queue, PHONE, True, taken)
            self.ward.settle()
            self.assertEqual(self.pbx.actions, told)
            self.assertEqual((self.ward.shown, state(self.anna)), ({ONE: LUNCH, TWO: LUNCH}, before))

    def test_paused_in_one(self) -> None:
        """A pause in one queue is one in that queue again."""
        self.ward.pause(self.anna, TWO, "training")
        self.ward.settle()
        self.lose()
        self.come_back()
        self.assertEqual([paused for paused, _ in self.ward.shown.values()], [False, True])
        self.assertEqual(state(self.anna)["paused"], "partly")

    def test_call_over_meanwhile(self) -> None:
        """A pause that was to begin after the call begins when they are back, if that ended meanwhile."""
        for queue, shown in (("", {ONE: LUNCH, TWO: LUNCH}), (TWO, {ONE: READY, TWO: LUNCH})):
            self.prepare(pause_after_call=True)
            self.ward.answer()
            self.ward.pause(self.anna, queue, "lunch")
            self.lose()
            self.ward.hang_up()
            self.come_back()
            self.assertEqual(self.ward.shown, shown)
            self.assertNotIn("awaited", state(self.anna))

    def test_call_goes_on(self) -> None:
        """If it goes on, the pause is still to begin after it."""
        self.prepare(pause_after_call=True)
        self.ward.answer()
        self.ward.pause(self.anna, reason="lunch")
        self.lose()
        self.come_back()
        self.assertEqual((state(self.anna)["awaited"], self.ward.shown[ONE]), ("paused", READY))
        self.ward.hang_up()
        self.ward.settle()
        self.assertEqual(self.ward.shown, {ONE: LUNCH, TWO: LUNCH})

    def test_went_home(self) -> None:
        """After ``QUIT`` the next login is a new beginning."""
        self.ward.pause(self.anna, reason="lunch")
        self.ward.settle()
        self.lose(home=True)
        self.come_back()
        self.assertEqual((state(self.anna)["state"], self.ward.shown), ("ready", {ONE: READY, TWO: READY}))

    def test_too_late(self) -> None:
        """So is one after the time for coming back."""
        self.ward.pause(self.anna, reason="lunch")
        self.ward.settle()
        self.lose()
        self.ward.clock.advance(3601)
        self.come_back()
        self.assertEqual(state(self.anna)["state"], "ready")

    def test_in_time(self) -> None:
        """Who was back in time is not given up later."""
        self.ward.pause(self.anna, reason="lunch")
        self.ward.settle()
        self.lose()
        self.come_back()
        self.ward.clock.advance(7200)
        self.assertEqual((state(self.anna)["reason"], self.ward.shown[ONE]), ("lunch", LUNCH))
        self.assertIsNotNone(self.ward.pausing.shift_of("anna"))

    def test_begin_in_pause_once(self) -> None:
        """Who had unpaused is not paused by coming back, though they begin paused."""
        self.prepare(queue_centre(begin_in_pause=True))
        self.ward.unpause(self.anna)
        self.lose()
        self.come_back()
        self.assertEqual(state(self.anna)["state"], "ready")

    def test_wrapup_goes_on(self) -> None:
        """What is left of after-call work is still to be done; what ended meanwhile has ended."""
        self.ward.connect()
        self.ward.complete()
        self.lose()
        self.ward.clock.advance(5)
        self.come_back()
        self.assertEqual(state(self.anna)["state"], "wrapup")
        self.ward.clock.advance(5.1)
        self.assertEqual((state(self.anna)["state"], self.ward.shown), ("ready", {ONE: READY, TWO: READY}))
        self.ward.connect()
        self.ward.complete()
        self.lose()
        self.ward.clock.advance(15)
        self.come_back()
        self.ward.clock.advance(1)
        self.assertEqual((state(self.anna)["state"], self.ward.shown), ("ready", {ONE: READY, TWO: READY}))

    def test_taken_over_before_the_outcome(self) -> None:
        """A client that takes over does not hear the outcome of what another has asked for."""
        self.prepare(takeover=True, queues=())
        first = self.anna
        self.ward.ask(first, Pause(True, "", "lunch"))
        second = self.ward.sit("anna", modern=False)
        self.assertEqual((first.pauses, second.pauses), ([], []))

    def test_taken_over(self) -> None:
        """A second client of the same operator that takes over finds the pause."""
        self.prepare(takeover=True)
        self.ward.pause(self.anna, reason="lunch")
        self.ward.settle()
        anna = self.ward.sit("anna")
        self.assertEqual(state(anna)["reason"], "lunch")


class SlowRecords(MemoryRecords):
    """Takes its time to write.

    :ivar waiting: those who want to know when it is done.
    :ivar written: how Anna was when they began to wait.
    """

    def __init__(self) -> None:
        super().__init__()
        self.waiting: list[Deferred[None]] = []
        self.written: list[Standing | None] = []

    def flush(self) -> Deferred[None]:
        self.waiting.append(Deferred())
        self.written.append(self.read("anna"))
        return self.waiting[-1]


class WrittenDownTests(PauseTestCase):
    """What a client is told must outlive the server."""

    def setUp(self) -> None:
        self.records = SlowRecords()
        self.prepare(records=self.records)

    def test_pause(self) -> None:
        """A pause is confirmed when it is written down, with since when; what another one is answered until then."""
        self.ward.pause(self.anna, reason="lunch")
        self.ward.settle()
        self.assertEqual((self.ward.shown, self.anna.pauses), ({ONE: LUNCH, TWO: LUNCH}, []))
        (written,) = self.records.written
        assert written is not None and written.default is not None
        self.assertEqual((written.default.reason, written.default.since), ("lunch", 1000.06))
        self.assert_refused(self.ward.unpause(self.anna), 926)
        self.records.waiting[0].callback(None)
        self.assertEqual(self.anna.pauses, [(0, "")])

    def test_the_rest(self) -> None:
        """So it is for the other requests, whose reply waits."""
        for ask in (self.ward.wrap, self.ward.ready, self.ward.unpause):
            replies: list[object] = []
            asked = ask(self.anna)
            self.assertIsNone(asked, "the reply is still to come")
            self.records.waiting[-1].addCallback(replies.append)
            self.records.waiting[-1].callback(None)
        self.assertEqual(len(self.records.waiting), 3)
        self.assert_refused(self.ward.pause(self.anna, "other"), 921)

    def test_refused(self) -> None:
        """A refusal has nothing to wait for."""
        self.pbx.refusing = DENIED
        self.ward.pause(self.anna)
        self.ward.settle()
        self.assertEqual(([number for number, _ in self.anna.pauses], self.records.waiting), ([906], []))

    def test_disk_hangs(self) -> None:
        """A disk that does not write holds nobody up for longer than two seconds."""
        self.ward.pause(self.anna)
        self.ward.clock.advance(1.9)
        self.assertEqual(self.anna.pauses, [])
        self.ward.clock.advance(0.2)
        self.assertEqual(self.anna.pauses, [(0, "")])

    def test_client_lost(self) -> None:
        """Who is gone meanwhile is not told, and costs nothing."""
        self.ward.pause(self.anna)
        self.ward.desk.detach(self.anna)
        self.records.waiting[0].callback(None)
        self.assertEqual(self.anna.pauses, [])


class RestartTests(PauseTestCase):
    """The server is killed and begins anew, with the same PBX and what was written down."""

    def restart(self, after: float = 30.0) -> None:
        """Nothing of the old server is asked any more."""
        now = self.ward.clock.seconds() + after
        self.pbx.asked.clear()
        self.ward = Ward(records=self.ward.records, pbx=self.pbx, now=now)
        self.anna = self.ward.sit("anna")

    def test_paused(self) -> None:
        """Still paused with the reason and since when; the PBX need not be asked for anything."""
        self.ward.pause(self.anna, reason="lunch")
        self.ward.settle()
        since = state(self.anna)["since"]
        self.restart()
        told = state(self.anna)
        self.assertEqual((told["state"], told["reason"], told["since"]), ("paused", "lunch", since))
        self.assertEqual((self.ward.shown, self.pbx.asked), ({ONE: LUNCH, TWO: LUNCH}, []))

    def test_who_paused(self) -> None:
        """Nor is it forgotten that it was a supervisor, in all queues or in one, here or at the PBX."""
        attendance = self.ward.desk.floor.of(self.anna)
        self.ward.pausing.order(attendance, True, reason="errand", who="chief")
        self.ward.settle()
        before = state(self.anna)
        self.assertEqual(before["by"], "supervisor")
        self.restart()
        self.assertEqual(state(self.anna), before)
        shift = self.ward.pausing.shift_of("anna")
        assert shift is not None
        self.assertEqual(shift.standing.default and shift.standing.default.who, "chief")
        self.ward.unpause(self.anna)
        self.pbx.pause(TWO, reason="training")
        self.ward.settle()
        before = state_in(self.anna, TWO)
        self.assertEqual((before["by"], before["reason"]), ("supervisor", "training"))
        self.restart()
        self.assertEqual(state_in(self.anna, TWO), before)

    def test_wrapup_begun(self) -> None:
        """After-call work of which only the PBX has heard yet is that, and ends."""
        self.pbx.members = dict.fromkeys(self.pbx.members, (True, "wrapup"))  # the server is killed meanwhile
        self.restart()
        self.assertEqual((state(self.anna)["state"], state(self.anna)["by"]), ("wrapup", "server"))
        self.ward.clock.advance(10.1)
        self.ward.settle()
        self.assertEqual(set(self.ward.shown.values()), {(False, "")})
        self.assertEqual(state(self.anna)["state"], "ready")

    def test_ready(self) -> None:
        """Who was ready is ready."""
        self.restart()
        self.assertEqual((state(self.anna)["state"], self.pbx.asked), ("ready", []))

    def test_in_a_call(self) -> None:
        """Who talks when the server is back is busy until the call is over, though they are told nothing of its end."""
        self.pbx.asked.clear()
        self.ward = Ward(records=self.ward.records, pbx=self.pbx)
        self.ward.answer()
        self.anna = self.ward.sit("anna")
        self.assertEqual(state(self.anna)["state"], "busy")
        self.ward.hang_up()
        self.assertEqual((state(self.anna)["state"], self.anna.told), ("ready", []))

    def test_paused_meanwhile(self) -> None:
        """A supervisor's pause while the server was away stays."""
        for queue in (ONE, TWO):
            self.pbx.members[queue, PHONE] = (True, "meeting")
        self.restart()
        self.assertEqual((state(self.anna)["reason"], self.pbx.asked), ("meeting", []))

    def test_pbx_lost_it(self) -> None:
        """A pause that the PBX has forgotten meanwhile is set again."""
        self.ward.pause(self.anna, reason="lunch")
        self.ward.settle()
        for queue in (ONE, TWO):
            self.pbx.members[queue, PHONE] = READY
        self.restart()
        self.assertEqual(self.ward.shown, {ONE: LUNCH, TWO: LUNCH})
        self.assertEqual(state(self.anna)["reason"], "lunch")

    def test_wrapup(self) -> None:
        """After-call work that ended meanwhile ends; that which did not goes on."""
        self.ward.connect()
        self.ward.complete()
        self.restart(5)
        self.assertEqual(state(self.anna)["state"], "wrapup")
        self.restart(30)
        self.ward.clock.advance(1)
        self.assertEqual((state(self.anna)["state"], self.ward.shown), ("ready", {ONE: READY, TWO: READY}))

    def test_never_came_back(self) -> None:
        """Who does not come back within the time is forgotten, and the log has the end of the pause."""
        self.ward.pause(self.anna)
        self.ward.settle()
        records = self.ward.records
        ward = Ward(records=records, pbx=self.pbx, now=2000)
        ward.pausing.link_changed(True)
        ward.clock.advance(3601)
        assert isinstance(records, MemoryRecords)
        self.assertEqual(records.names(), [])
        self.assertEqual([e.event for e in records.entries], ["login", "pause", "unpause", "logout"])


class LinkTests(PauseTestCase):
    """The link to the PBX is cut and comes back."""

    def cut(self, **members: Any) -> None:
        """Meanwhile members may have changed."""
        self.ward.desk.link_changed(False)
        for queue, how in members.items():
            self.pbx.add(queue, PHONE, *how)  # the roster is what the PBX says now
        self.ward.desk.link_changed(True)
        self.ward.settle()

    def test_paused(self) -> None:
        """Who was paused is paused again, where the PBX does not show it any more."""
        self.ward.pause(self.anna, reason="lunch")
        self.ward.settle()
        self.ward.desk.link_changed(False)
        for queue in (ONE, TWO):
            self.ward.roster.feed(_added(queue))
            self.pbx.members[queue, PHONE] = READY
        self.ward.desk.link_changed(True)
        self.ward.settle()
        self.assertEqual(self.ward.shown, {ONE: LUNCH, TWO: LUNCH})

    def test_reload_without_a_link(self) -> None:
        """A pause is put right when the link is back, though that was tried in vain while it was away."""
        self.ward.pause(self.anna, reason="lunch")
        self.ward.settle()
        self.ward.desk.link_changed(False)
        for queue in (ONE, TWO):
            self.ward.roster.feed(_added(queue))
            self.pbx.members[queue, PHONE] = READY
        self.pbx.refusing = AMILost("no link")
        changed = replace(self.ward.configuration, pause_reasons=(PauseReason(code="lunch"),))
        self.ward.desk.configure(Books.of(changed, self.ward.settings))
        self.pbx.refusing = None
        self.ward.desk.link_changed(True)
        self.ward.settle()
        self.assertEqual(self.ward.shown, {ONE: LUNCH, TWO: LUNCH})

    def test_call_over_meanwhile(self) -> None:
        """After-call work that waits for the end of another call ends, if that ended while the link was away."""
        self.ward.connect()
        self.ward.complete()
        self.ward.connect()
        self.ward.desk.link_changed(False)
        self.ward.hang_up()
        self.ward.desk.link_changed(True)
        self.ward.clock.advance(10)
        self.ward.settle()
        self.assertEqual((state(self.anna)["state"], self.ward.shown), ("ready", {ONE: READY, TWO: READY}))

    def test_broken_client(self) -> None:
        """A client that cannot be told anything goes; the others hear how they are."""
        bruno = self.ward.sit("bruno")

        def fail(kind: str, node: object) -> None:
            raise RuntimeError

        self.anna.tell = fail  # type: ignore[method-assign]
        for phone in (PHONE, "PJSIP/202"):
            self.ward.roster.feed(MemberAdded(ONE, phone, phone, "dynamic", 0, True, "meeting", 1))
            self.ward.roster.feed(MemberAdded(TWO, phone, phone, "dynamic", 0, True, "meeting", 1))
        self.ward.desk.link_changed(True)
        self.ward.settle()
        self.assertEqual(state(bruno, "bruno")["reason"], "meeting")
        self.assertEqual([number for number, _, _ in self.anna.dismissed], [999])
        self.assertEqual(len(self.flushLoggedErrors(RuntimeError)), 1)

    def test_paused_meanwhile(self) -> None:
        """Who was paused meanwhile stays so, and is told."""
        self.cut(one=(True, "meeting"), two=(True, "meeting"))
        self.assertEqual((state(self.anna)["reason"], self.pbx.asked), ("meeting", []))


def _added(queue: str) -> MemberAdded:
    return MemberAdded(queue, PHONE, PHONE, "dynamic", 0, False, "", 1)


class LogTests(PauseTestCase):
    """The agent log."""

    def entries(self) -> list[tuple[str, str, str, str, float]]:
        records = self.ward.records
        assert isinstance(records, MemoryRecords)
        return [(e.event, e.reason, e.by, e.queue, round(e.time - e.since if e.since else 0, 1))
                for e in records.entries]  # fmt: skip

    def test_day(self) -> None:
        """Login, pauses with reasons and how long they took, after-call work, logout."""
        ward = self.ward
        ward.pause(self.anna, reason="lunch")
        ward.clock.advance(60)
        ward.unpause(self.anna)
        ward.settle()
        ward.pause(self.anna, ONE, "training")
        ward.clock.advance(5)
        ward.unpause(self.anna, ONE)
        ward.settle()
        ward.connect()
        ward.complete()
        ward.clock.advance(10)
        for queue in (ONE, TWO):
            self.pbx.pause(queue, reason="meeting")
        ward.settle()
        self.anna.said_goodbye = True
        ward.desk.detach(self.anna)
        self.assertEqual(
            self.entries(),
            [
                ("login", "", "self", "", 0),
                ("pause", "lunch", "self", "", 0),
                ("unpause", "lunch", "self", "", 60.0),
                ("pause", "training", "self", ONE, 0),
                ("unpause", "training", "self", ONE, 5.0),
                ("wrapup", "wrapup", "server", "", 0),
                ("ready", "wrapup", "server", "", 10.1),
                ("pause", "meeting", "supervisor", "", 0),
                ("unpause", "meeting", "self", "", 0.1),
                ("logout", "", "self", "", 0),
            ],
        )

    def test_reason_changes(self) -> None:
        """Another reason ends one pause and begins the next: no second is lost or counted twice."""
        self.ward.pause(self.anna, reason="lunch")
        self.ward.clock.advance(60)
        self.ward.pause(self.anna, reason="training")
        self.ward.clock.advance(30)
        self.ward.unpause(self.anna)
        self.assertEqual(
            [(event, reason, seconds) for event, reason, _, _, seconds in self.entries()[1:]],
            [
                ("pause", "lunch", 0),
                ("unpause", "lunch", 60.0),
                ("pause", "training", 0),
                ("unpause", "training", 30.0),
            ],
        )

    def test_lost(self) -> None:
        """A pause goes on while the client is lost, and ends in the log once, with the whole time."""
        self.ward.pause(self.anna, reason="lunch")
        self.ward.settle()
        self.ward.desk.detach(self.anna)
        for queue in (ONE, TWO):
            self.pbx.remove(queue)
        self.ward.clock.advance(100)
        self.anna = self.ward.sit("anna")
        for queue in (ONE, TWO):
            self.pbx.add(queue, PHONE, True, "lunch")
        self.ward.settle()
        self.ward.unpause(self.anna)
        self.assertEqual([e[0] for e in self.entries()], ["login", "pause", "lost", "unpause"])
        self.assertAlmostEqual(self.entries()[-1][-1], 100.1, places=0)

    def test_never_back(self) -> None:
        """A pause that nobody comes back to has ended when the client was lost, and so has the shift."""
        self.ward.pause(self.anna, reason="lunch")
        self.ward.clock.advance(60)
        self.ward.desk.detach(self.anna)
        lost = self.ward.clock.seconds()
        self.ward.clock.advance(4000)
        self.assertEqual([e[0] for e in self.entries()], ["login", "pause", "lost", "unpause", "logout"])
        self.assertEqual(self.entries()[3][4], 60.0)
        records = self.ward.records
        assert isinstance(records, MemoryRecords)
        self.assertEqual([e.time for e in records.entries[3:]], [lost, lost])

    def test_details(self) -> None:
        """What has no column of its own is one line of words."""
        records = self.ward.records
        assert isinstance(records, MemoryRecords)
        self.ward.pause(self.anna, reason="lunch break")
        self.ward.clock.advance(60)
        self.ward.unpause(self.anna)
        self.assertEqual(records.entries[-1].detail, "by=self seconds=60.0 reason=lunch break")
        self.assertEqual(records.entries[-1].seat, PHONE)


class RecordTests(SynchronousTestCase):
    """What is written down is read back."""

    @given(
        st.none() | st.builds(Cause, st.text(max_size=9), WHO, since=st.just(5.0)),
        st.dictionaries(
            st.text(min_size=1, max_size=5), st.builds(Cause, st.text(max_size=9), WHO, st.sampled_from((3.0, 5.0)))
        ),
    )
    def test_round_trip(self, default: Cause | None, singles: dict[str, Cause]) -> None:
        """A pause in all queues, and those in single ones."""
        standing = Standing(default, singles)
        back = standing_of(OperatorRecord.of(record_of(OperatorRecord("anna"), standing, 5.0).row()))
        self.assertEqual((back.default, back.singles(), back.wrapup), (default, singles, None))

    def test_wrapup(self) -> None:
        """After-call work with and without an end."""
        for until in (99.0, None):
            standing = Standing(Cause("wrapup", since=5.0, after_call=True))
            standing.wrapup = WrapUp(5.0, until)
            record = record_of(OperatorRecord("anna"), standing, 5.0)
            self.assertEqual(record.wrapup_until, math.inf if until is None else until)
            back = standing_of(OperatorRecord.of(record.row()))
            self.assertEqual((back.default, back.wrapup), (standing.default, standing.wrapup))
