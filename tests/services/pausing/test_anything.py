"""Whatever happens to one operator's pauses, in any order: in the end the PBX shows what was asked for last."""

from __future__ import annotations

from dataclasses import replace
from random import Random

from twisted.trial.unittest import SynchronousTestCase

from astcti.config.model import Extension
from astcti.errors import AMILost, Refused
from tests.services.pausing.ward import DENIED, ONE, SECOND, TWO, Ward, queue_centre, state

STORIES = 150


class Story:
    """What happens to anna, in two queues."""

    def __init__(self, seed: int) -> None:
        self.random = r = Random(seed)
        self.configuration = queue_centre(begin_in_pause=r.random() < 0.3)
        if r.random() < 0.4:
            self.configuration = replace(self.configuration, extensions=(Extension(seat_id=1, exten=SECOND),))
        self.settings = {
            "pause_after_call": r.random() < 0.5,
            "autopause_missed": r.choice([0, 1, 2, 3]),
            "pause_grace": r.choice([0, 60, 3600]),
        }
        self.ward = Ward(self.configuration, **self.settings)
        self.anna = self.ward.sit("anna", ONE, TWO)
        self.talking = False
        self.told: list[str] = []

    def happen(self) -> None:
        """Anything, once."""
        what = self.random.choice([name for name in dir(self) if name.startswith("do_")])
        self.told.append(what[3:])
        getattr(self, what)()
        if self.random.random() < 0.6:
            self.ward.settle()

    def queue(self) -> str:
        """One of the two."""
        return self.random.choice([ONE, TWO])

    def do_pause(self) -> None:
        self.ward.pause(self.anna, self.random.choice(["", "", ONE, TWO]), self.random.choice(["", "lunch"]))

    def do_unpause(self) -> None:
        self.ward.unpause(self.anna, self.random.choice(["", "", ONE, TWO]))

    def do_ready(self) -> None:
        self.ward.ready(self.anna)

    def do_wrap(self) -> None:
        self.ward.wrap(self.anna, self.random.random() < 0.7)

    def do_order(self) -> None:
        attendance = self.ward.desk.floor.of(self.anna)
        try:
            self.ward.pausing.order(attendance, self.random.random() < 0.5, reason="errand", who="chief")
        except Refused:
            self.told.append("refused")

    def do_call(self) -> None:
        if self.talking:
            self.random.choice([self.ward.hang_up, self.ward.complete])()
        else:
            self.random.choice([self.ward.answer, self.ward.connect])()
        self.talking = not self.talking

    def do_miss(self) -> None:
        self.ward.miss(self.queue())

    def do_somebody_else(self) -> None:
        if self.ward.pbx.members:
            sit = self.random.choice(sorted(self.ward.pbx.members))
            self.ward.pbx.pause(*sit, self.random.random() < 0.5, self.random.choice(["", "Auto-Pause", "wrapup", "x"]))

    def do_leave_queue(self) -> None:
        if self.ward.pbx.members:
            self.ward.pbx.remove(*self.random.choice(sorted(self.ward.pbx.members)))

    def do_join_queue(self) -> None:
        self.join(self.queue())

    def join(self, *queues: str) -> None:
        """Her phones join, as they are to."""
        attendance = self.ward.desk.floor.of(self.anna)
        for queue in queues:
            for phone in attendance.channels:
                if (queue, phone) not in self.ward.pbx.members:
                    stance = self.ward.pausing.wanted(attendance, queue)
                    self.ward.pbx.add(queue, phone, stance is not None, stance.reason if stance is not None else "")

    def do_wait(self) -> None:
        self.ward.clock.pump([self.random.choice([0.5, 1.0])] * self.random.randint(1, 30))

    def do_come_back(self) -> None:
        self.anna.said_goodbye = self.random.random() < 0.5
        self.ward.desk.detach(self.anna)
        for sit in sorted(self.ward.pbx.members):
            self.ward.pbx.remove(*sit)
        self.ward.clock.advance(self.random.choice([0, 5, 100]))
        self.anna = self.ward.sit("anna")
        self.join(ONE, TWO)

    def do_restart_server(self) -> None:
        self.ward.pausing.stopping()
        pbx, now = self.ward.pbx, self.ward.clock.seconds() + 30
        pbx.asked.clear()
        pbx.willing, pbx.refusing, self.talking = True, None, False
        self.ward = Ward(self.configuration, records=self.ward.records, pbx=pbx, now=now, **self.settings)
        self.anna = self.ward.sit("anna")

    def do_lose_link(self) -> None:
        self.ward.desk.link_changed(False)
        for _, answer in list(self.ward.pbx.asked):
            if not answer.called:
                answer.errback(AMILost("lost"))
        self.ward.clock.advance(self.random.choice([0, 30]))
        self.ward.pbx.willing, self.ward.pbx.refusing = True, None
        self.ward.desk.link_changed(True)

    def do_refuse(self) -> None:
        self.ward.pbx.refusing = None if self.ward.pbx.refusing else DENIED

    def do_be_slow(self) -> None:
        if self.ward.pbx.willing:
            self.ward.pbx.willing = False
        else:
            self.catch_up()

    def catch_up(self) -> None:
        """What waits at the PBX is done."""
        self.ward.pbx.willing, self.ward.pbx.refusing = True, None
        for index, (_, answer) in enumerate(list(self.ward.pbx.asked)):
            if not answer.called:
                self.ward.pbx.respond(index)
                self.ward.pbx.show(index)

    def end_well(self) -> None:
        """The PBX does what it is asked, the call is over, and a minute passes."""
        self.catch_up()
        if self.talking:
            self.ward.complete()
        self.ward.clock.pump([1] * 60)

    def decide(self, *, paused: bool) -> None:
        """She says what she wants until it can be no other's turn."""
        for _ in range(3):
            if paused:
                self.ward.pause(self.anna)
            else:
                self.ward.unpause(self.anna)
                self.ward.ready(self.anna)
            self.ward.clock.pump([1] * 30)


class AnythingTests(SynchronousTestCase):
    """Many short stories."""

    def test_stories(self) -> None:
        """What we believe, what she was told and what the PBX shows are the same; nobody is stuck in any state."""
        for seed in range(STORIES):
            story = Story(seed)
            for _ in range(story.random.randint(5, 40)):
                story.happen()
            story.end_well()
            self.compare(story, seed)
            paused = story.random.random() < 0.5
            story.decide(paused=paused)
            self.compare(story, seed)
            about = (seed, story.told)
            if story.ward.pbx.members:
                self.assertEqual({how for how, _ in story.ward.pbx.members.values()}, {paused}, about)
                self.assertEqual(state(story.anna)["state"], "paused" if paused else "ready", about)
            story.ward.desk.detach(story.anna)
            story.ward.pausing.stopping()
            story.ward.clock.advance(0)
            self.assertEqual(story.ward.clock.getDelayedCalls(), [], about)

    def compare(self, story: Story, seed: int) -> None:
        """What is with what should be."""
        about, shift = (seed, story.told), story.ward.pausing.shift_of("anna")
        assert shift is not None
        members = {(q, i.removesuffix("/n")): paused for (q, i), (paused, _) in story.ward.pbx.members.items()}
        self.assertEqual({tuple(k): paused for k, paused in shift.standing.shown.items()}, members, about)
        stances = {tuple(k): stance is not None for k, stance in shift.standing.stances.items()}
        self.assertEqual(stances, members, about)
        if members:
            word = {(True,): "all", (False,): "none"}.get(tuple(set(members.values())), "partly")
            self.assertEqual(state(story.anna)["paused"], word, about)
        self.assertEqual(self.flushLoggedErrors(), [], about)
