"""Whatever happens, in any order: in the end everybody at work is in their queues, and nobody else is by us."""

from __future__ import annotations

from dataclasses import replace
from random import Random
from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from astcti.config.model import Extension, ServiceOperator
from astcti.errors import AMILost
from astcti.model.commands import EndWrapUp, JoinQueue, LeaveQueue, Pause, SetWrapUp
from astcti.services.books import Books
from astcti.services.membership.planning import penalties_of
from astcti.services.membership.values import Key
from tests.services.fakes import FakeClient
from tests.services.membership.queuehall import QueueHall, Sit, queue_centre

STORIES = 150
QUEUES, PHONES, NAMES = ("sales", "support", "italian"), ("PJSIP/201", "PJSIP/202"), ("anna", "bruno")
STRANGE = "x"  # name of a member that somebody else has put in


class Story:
    """What happens to two operators and a PBX."""

    def __init__(self, seed: int) -> None:
        self.random = r = Random(seed)
        self.configuration = queue_centre(extensions=r.choice([(), (Extension(seat_id=1, exten="PJSIP/251"),)]))
        self.settings = {"wrapup_mode": r.choice(["pause", "remove"]), "takeover": r.random() < 0.5}
        self.hall = QueueHall(configuration=self.configuration, **self.settings)
        self.there: dict[str, FakeClient] = {}
        self.up = True
        self.told: list[str] = []

    def happen(self) -> None:
        """Anything, once."""
        what = self.random.choice([name for name in dir(self) if name.startswith("do_")])
        name = self.random.choice(NAMES)
        self.told.append(f"{what[3:]} {name}")
        getattr(self, what)(name)
        self.hall.turn()

    def do_come(self, name: str) -> None:
        if self.up and (name not in self.there or self.settings["takeover"]):
            self.there[name] = self.hall.log_in(name)

    def do_go(self, name: str) -> None:
        if name in self.there:
            self.hall.log_out(self.there.pop(name), goodbye=self.random.random() < 0.5)

    def do_ask(self, name: str) -> None:
        queue = self.random.choice(QUEUES)
        command = self.random.choice(
            [LeaveQueue(queue), JoinQueue(queue), Pause(True), Pause(False), SetWrapUp(True), EndWrapUp()]
        )
        if name in self.there:
            self.hall.ask(self.there[name], command)

    def do_link(self, name: str) -> None:
        if self.up:
            self.lose()
        else:
            self.hall.resync()
            self.up = True

    def lose(self) -> None:
        """Everything that was asked is lost with the link."""
        held, self.hall.pbx.held = self.hall.pbx.held or [], None
        if self.up:
            self.hall.lose_link()
        self.up = False
        for _, waiting in held:
            waiting.errback(AMILost("lost"))

    def do_restart_pbx(self, name: str) -> None:
        self.lose()
        pbx = self.hall.pbx
        pbx.members = {sit: member for sit, member in pbx.members.items() if member[3] == "static"}
        self.hall.resync()
        self.up = True

    def do_restart_server(self, name: str) -> None:
        self.lose()
        self.hall.membership.stopping()
        self.hall.pausing.stopping()
        pbx, now = self.hall.pbx, self.hall.clock.seconds() + 10
        pbx.silent, pbx.refusals, self.there, self.up = False, {}, {}, True
        self.hall = QueueHall(pbx, self.hall.journal_store, self.configuration, now=now, **self.settings)

    def do_refuse(self, name: str) -> None:
        what = self.random.choice(["QueueAdd", "QueueRemove", "QueuePenalty"])
        self.hall.pbx.refusals = {} if self.hall.pbx.refusals else {what: "Permission denied"}

    def do_be_silent(self, name: str) -> None:
        self.hall.pbx.silent = not self.hall.pbx.silent

    def do_be_slow(self, name: str) -> None:
        if self.up and self.hall.pbx.held is None:
            self.hall.pbx.held = []
        else:
            self.catch_up()

    def catch_up(self) -> None:
        """What waits at the PBX is done."""
        while self.hall.pbx.held:
            self.hall.pbx.release()
            self.hall.turn()
        self.hall.pbx.held = None

    def do_take_out(self, name: str) -> None:
        sits = [sit for sit, member in self.hall.pbx.members.items() if member[3] == "dynamic"]
        if self.up and sits and not self.hall.pbx.silent:
            self.hall.take_out(*self.random.choice(sorted(sits)))

    def do_put_in(self, name: str) -> None:
        pbx, sit = self.hall.pbx, (self.random.choice(QUEUES), self.random.choice(PHONES))
        if self.up and sit not in pbx.members and not pbx.silent:
            pbx.members[sit] = (0, False, STRANGE, self.random.choice(["dynamic", "static"]))
            self.hall.tell(pbx.added(sit))

    def do_wait(self, name: str) -> None:
        self.hall.turn(self.random.choice([1, 4, 6, 130]))

    def do_reload(self, name: str) -> None:
        rows = [ServiceOperator(service_id=service, operator_id=operator, penalty=self.random.randint(0, 3))
                for service in (2, 3, 4, 5) for operator in (1, 2) if self.random.random() < 0.5]  # fmt: skip
        self.configuration = replace(self.configuration, service_operators=tuple(rows))
        self.hall.desk.configure(Books.of(self.configuration, self.hall.desk.books.settings))

    def end_well(self) -> None:
        """The PBX does what it is asked again, and nobody has after-call work."""
        self.hall.pbx.refusals, self.hall.pbx.silent = {}, False
        self.catch_up()
        self.lose()
        self.hall.turn(1)
        self.hall.resync()
        self.up = True
        for client in self.there.values():
            self.hall.ask(client, EndWrapUp())
        for seconds in (10, 10, 130, 10):
            self.hall.turn(seconds)

    def everybody_goes(self) -> None:
        """They say good-bye."""
        for client in self.there.values():
            self.hall.log_out(client)
        self.there = {}
        self.hall.turn(10)

    # -- compared

    @property
    def wanted(self) -> dict[Sit, int]:
        """Where everybody is to be, with their penalties."""
        found: dict[Sit, int] = {}
        for name, client in self.there.items():
            attendance, books = self.hall.desk.floor.of(client), self.hall.desk.books
            penalties = penalties_of(attendance.known_operator(), books.configuration, books.audience)
            for queue in penalties.keys() - self.hall.journal.operator(name).stopped:
                found.update({(queue, phone): penalties[queue] for phone in attendance.channels})
        return found

    def is_out(self, sit: Sit) -> bool:
        """Whether somebody took that phone out at the PBX."""
        place = self.hall.membership._places.get(Key(*sit))
        return place is not None and place.taken_out


class AnythingTests(SynchronousTestCase):
    """Many short stories."""

    def test_stories(self) -> None:
        """Members, penalties and journal are as they should be, with everybody there and with nobody."""
        for seed in range(STORIES):
            story = Story(seed)
            for _ in range(story.random.randint(5, 40)):
                story.happen()
            story.end_well()
            self.compare(story, seed)
            story.everybody_goes()
            self.compare(story, seed)
            story.hall.membership.stopping()
            story.hall.pausing.stopping()
            story.hall.turn()
            self.assertEqual(story.hall.clock.getDelayedCalls(), [], (seed, story.told))

    def compare(self, story: Story, seed: int) -> None:
        """What is with what should be."""
        about, members, wanted = (seed, story.told), story.hall.pbx.members, story.wanted
        ours = {sit: member[0] for sit, member in members.items() if member[2] != STRANGE}
        missing = {sit for sit in wanted.keys() - members.keys() if not story.is_out(sit)}
        self.assertEqual((missing, ours.keys() - wanted.keys()), (set(), set()), about)
        there = {sit: members[sit][0] for sit in wanted.keys() & members.keys()}
        self.assertEqual(there, {sit: wanted[sit] for sit in there}, about)
        written = {(m.queue, m.interface) for m in story.hall.journal.memberships.values()}
        self.assertEqual((written - members.keys(), ours.keys() - written), (set(), set()), about)
        self.assertEqual(self.flushLoggedErrors(), [], about)

    def test_the_same_story_again(self) -> None:
        """A story can be looked into: it is the same each time."""
        told: list[Any] = []
        for _ in range(2):
            story = Story(7)
            for _ in range(20):
                story.happen()
            told.append((story.told, story.hall.pbx.asked))
        self.assertEqual(told[0], told[1])
