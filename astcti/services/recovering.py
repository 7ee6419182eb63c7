"""After a death of this server or of a client: who sat where, and which calls popped, so that each pops exactly once.

What a call has popped at is written down when it pops. It pops again only when the same operator comes back to the
same seat soon, the call is still there, and nobody has said what became of it: the client knows the ids of the actions
it performed and performs none twice. For clients that do not report what they do (``actr``) being told is all.
"""

from __future__ import annotations

from collections.abc import Sequence

from twisted.application.service import Service
from twisted.internet.interfaces import IReactorTime

from astcti.model.actions import RenderedAction
from astcti.model.legs import Leg
from astcti.model.notices import Notice
from astcti.model.restoring import Recalled
from astcti.services.duty import Duty
from astcti.services.floor import Attendance
from astcti.services.following import Follower
from astcti.services.journal import Journal, Sitter
from astcti.services.repeating import repeating

RETURN_SECONDS = 300.0  # whoever is back within has been away; later they are newly there
WRITE_SECONDS = 0.25  # between looks for calls of which something new is known
TIDY_SECONDS = 60.0  # between looks for calls that are over


class Recovering(Duty, Service):
    """Remembers, and has told what was missed.

    :param follower: asked by it what is known of calls it finds.
    """

    name = "recovering"

    def __init__(self, clock: IReactorTime, journal: Journal, follower: Follower) -> None:
        self._clock = clock
        self._journal = journal
        self._follower = follower
        follower.recall = self._recall
        self._writing = repeating(clock, self._write, "Writing down what is known of calls")
        self._tidied = 0.0
        self._earlier: frozenset[str] = frozenset()  # calls of which the journal may have more than we know yet

    def startService(self) -> None:
        """Begin to write down what is known of calls."""
        Service.startService(self)
        self._follower.tracker.remember = True
        self._earlier = frozenset(self._journal.stories)
        self._writing.start(WRITE_SECONDS, now=False)

    def stopService(self) -> None:
        """Write down what is left to write."""
        Service.stopService(self)
        if self._writing.running:
            self._writing.stop()
        self._write()

    # -- clients

    def seated(self, attendance: Attendance) -> None:
        """Somebody sat down: what they missed, if they were only away, is told right after the reply."""
        assert attendance.operator is not None
        seat, username = seat_of(attendance), attendance.operator.username
        before = self._journal.sitter(seat)
        self._journal.put_sitter(Sitter(seat, username))
        if before is not None and before.username == username and self._clock.seconds() - before.left < RETURN_SECONDS:
            self._clock.callLater(0, self._resume, attendance)
        else:
            self._clock.callLater(0, self._begin, attendance)

    def left(self, attendance: Attendance) -> None:
        """Somebody left."""
        if attendance.operator is not None and attendance.seat is not None:
            self._journal.put_sitter(Sitter(seat_of(attendance), attendance.operator.username, self._clock.seconds()))

    def _resume(self, attendance: Attendance) -> None:
        if attendance.seat is not None and attendance.phones:
            seat = seat_of(attendance)
            again = {pop.uniqueid for pop in self._journal.pops_at(seat) if not pop.reported}
            self._follower.resume(attendance.phones, again)

    def _begin(self, attendance: Attendance) -> None:
        """Calls that go on at the phones of somebody who is newly there have popped, as far as they are concerned."""
        if attendance.seat is not None and attendance.phones:
            for uniqueid in self._follower.tracker.newly_there(attendance.phones):
                self._journal.put_pop(uniqueid, seat_of(attendance), reported=True)

    def told(self, attendance: Attendance, notice: Notice, actions: Sequence[RenderedAction]) -> None:
        """A call pops: from here on it does not again at this seat, or only as long as nobody reports it."""
        if notice.pop:
            reports = bool(actions) and attendance.client.has("actr")
            self._journal.put_pop(notice.call.uniqueid, seat_of(attendance), reported=not reports)

    # -- calls

    def _recall(self, uniqueid: str) -> Recalled | None:
        seats, story = self._journal.pops_of(uniqueid), self._journal.stories.get(uniqueid)
        if story is None:
            return Recalled(seats) if seats else None
        return story._replace(told=seats)

    def _write(self) -> None:
        tracker = self._follower.tracker
        if tracker.complete:
            self._earlier = frozenset()
        changed, gone = tracker.take_changes()
        for uniqueid in gone:
            self._journal.forget_story(uniqueid)
        for leg in changed:
            if leg.uniqueid not in self._earlier:
                self._journal.put_story(leg.uniqueid, known_of(leg))
        now = self._clock.seconds()
        if now - self._tidied >= TIDY_SECONDS and self.desk.link_up and tracker.complete:
            self._tidied = now
            self._journal.forget_sitters(now - RETURN_SECONDS)
            legs = tracker.legs
            self._journal.forget_pops([key for key in self._journal.pops if key[0] not in legs])
            for uniqueid in [uniqueid for uniqueid in self._journal.stories if uniqueid not in legs]:
                self._journal.forget_story(uniqueid)


def seat_of(attendance: Attendance) -> str:
    """A seat's name, as tracking has it."""
    assert attendance.seat is not None
    return f"seat {attendance.seat.id}"


def known_of(leg: Leg) -> Recalled:
    """What is to be remembered of a call."""
    story = leg.story
    service = story.service.id if story.service is not None else 0
    return Recalled((), service, story.queue, story.number, story.name, dict(story.variables))
