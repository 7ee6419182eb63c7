"""The ledger: what became of every action. None fails without a word."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Mapping, Sequence

from twisted.application.service import Service
from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorTime
from twisted.logger import Logger

from astcti.errors import Refused
from astcti.model.actions import Outcome, RenderedAction
from astcti.model.commands import Command, Done, Reply, ReportAction
from astcti.model.notices import Notice
from astcti.services.delivery.archive import Archive, Payload
from astcti.services.delivery.book import Book
from astcti.services.delivery.record import (
    CLIENT,
    DROPPED,
    ENDS,
    FAILED,
    LOST,
    OK,
    QUEUED,
    SENT,
    SERVER,
    STARTED,
    TIMEOUT,
    UNREPORTED,
    Delivery,
)
from astcti.services.duty import Answer, Duty
from astcti.services.floor import Attendance
from astcti.services.journal import IStore, Journal
from astcti.services.repeating import repeating

WRITE_SECONDS = 0.1  # between looks for what is to be written
LOOK_SECONDS = 1.0  # between looks for what is late
MAX_TEXT = 500  # characters of a client's words
MAX_CALLER = 100

NOT_FOUND = 931


class Ledger(Duty, Service):
    """Follows each action from the event that carries it to its outcome.

    :param store: made with :data:`astcti.services.delivery.archive.SCHEMA`.
    :param journal: is told which pops were reported.
    :ivar ended: how many ended how since the start.
    """

    name = "ledger"
    _log = Logger()

    def __init__(self, clock: IReactorTime, store: IStore, journal: Journal) -> None:
        self.book = Book()
        self.archive = Archive(store)
        self.ended: Counter[str] = Counter()
        self._clock = clock
        self._journal = journal
        self._open: dict[Attendance, dict[str, Delivery]] = {}
        self._holders: dict[str, Attendance] = {}
        self._due: set[str] = set()
        self._deadlines: deque[tuple[float, int, Delivery]] = deque()
        self._unsent: dict[str, tuple[Attendance, Delivery]] = {}
        self._awaiting: dict[str, list[Deferred[Delivery]]] = {}
        self._writing = repeating(clock, self._write, "Writing the ledger of actions")
        self._looking = repeating(clock, self._look, "Looking for actions of which nothing is heard")
        store.on_lost = lambda: self.archive.write_all(self.book)

    def startService(self) -> None:
        """Read what was written before, and begin to write."""
        Service.startService(self)
        now = self._clock.seconds()
        settings = self.desk.books.settings
        for delivery in self.archive.read(settings.actions_kept):
            self.book.add(delivery)
            if not delivery.is_open:
                continue
            if delivery.place == SERVER:
                self._end(delivery, LOST, "the server ended before")
            else:
                self._deadlines.append((now + settings.action_timeout, delivery.times, delivery))
        for going, seconds in ((self._writing, WRITE_SECONDS), (self._looking, LOOK_SECONDS)):
            going.start(seconds, now=False)

    def stopService(self) -> None:
        """Write what is left to write."""
        Service.stopService(self)
        for going in (self._writing, self._looking):
            if going.running:
                going.stop()
        self.archive.write()

    def answers(self) -> Mapping[type[Command], Answer]:
        """``ACTR``."""
        return {ReportAction: self._report}

    # -- actions begin

    def told(self, attendance: Attendance, notice: Notice, actions: Sequence[RenderedAction]) -> None:
        """A client was handed actions."""
        if actions:
            sent = not attendance.client.backlog
            for action in actions:
                self.follow(attendance, notice, action, sent=sent)

    def missed(self, attendance: Attendance, notice: Notice, actions: Sequence[RenderedAction]) -> None:
        """A client was not even handed them."""
        for action in actions:
            delivery = self._begin(attendance, notice, action, CLIENT)
            self._end(delivery, DROPPED, "the client reads too slowly")

    def serving(self, attendance: Attendance, notice: Notice, actions: Sequence[RenderedAction]) -> None:
        """The server is about to perform actions: those for which :meth:`wanted` is true."""
        for action in actions:
            self.serve(attendance, notice, action)

    def serve(self, attendance: Attendance, notice: Notice, action: RenderedAction, replay_of: str = "") -> Delivery:
        """The server is about to perform an action, unless it has done so when the call was told of before."""
        known = self.book.get(action.id)
        if known is not None and known.status != LOST:
            known.times += 1
            self.archive.change(known)
            return known
        self._due.add(action.id)
        return self._begin(attendance, notice, action, SERVER, replay_of)

    def wanted(self, action: RenderedAction) -> bool:
        """Whether the server is to perform it now. To be asked once."""
        due = action.id in self._due
        self._due.discard(action.id)
        return due

    def follow(
        self, attendance: Attendance, notice: Notice, action: RenderedAction, *, sent: bool, replay_of: str = ""
    ) -> Delivery:
        """A client was handed an action.

        :param sent: whether it is on its way; else it waits for a client that reads slowly.
        """
        known = self.book.get(action.id)
        if known is not None:
            known.times += 1
            if known.status in (OK, FAILED):  # the client knows that it was performed
                self.archive.change(known)
                return known
            self.book.mark(known, QUEUED)
            known.peer, known.reports, known.ended = attendance.client.peer, attendance.client.has("actr"), 0.0
            self._let_go(known)
            delivery = known
        else:
            delivery = self._begin(attendance, notice, action, CLIENT, replay_of)
        if sent:
            self._sent(delivery)
        else:
            self._unsent[delivery.id] = (attendance, delivery)
        if delivery.is_open:
            self._open.setdefault(attendance, {})[delivery.id] = delivery
            self._holders[delivery.id] = attendance
            limit = self.desk.books.settings.action_timeout
            self._deadlines.append((self._clock.seconds() + limit, delivery.times, delivery))
        self.archive.change(delivery)
        return delivery

    def _begin(
        self, attendance: Attendance, notice: Notice, action: RenderedAction, place: str, replay_of: str = ""
    ) -> Delivery:
        call, operator, seat = notice.call, attendance.operator, attendance.seat
        moment = "LINK" if notice.kind == "Link" else "HANGUP" if notice.kind == "Hangup" else "RINGING"
        delivery = Delivery(
            action.id, action.type, call.uniqueid, call.number[:MAX_CALLER], call.service, moment,
            operator.username if operator is not None else "", f"seat {seat.id}" if seat is not None else "",
            notice.seat, attendance.client.peer, place, place == SERVER or attendance.client.has("actr"),
            self._clock.seconds(), replay_of=replay_of,
        )  # fmt: skip
        before = self.book.get(delivery.id)
        if before is None:
            self.book.add(delivery)
            self.archive.put(delivery, Payload(notice, action))
            if len(self.book) > self.desk.books.settings.actions_kept:
                self._forget()
            return delivery
        before.times += 1
        self.book.mark(before, QUEUED)
        return before

    def _sent(self, delivery: Delivery) -> None:
        delivery.sent = self._clock.seconds()
        if delivery.reports:
            self.book.mark(delivery, SENT)
        else:
            self._end(delivery, UNREPORTED)

    # -- and end

    def _report(self, attendance: Attendance, command: ReportAction) -> Reply:
        operator = attendance.known_operator()
        delivery = self.book.get(command.id)
        # By name, not by connection: the outcome may come from the client's next one.
        if delivery is None or delivery.operator != operator.username or delivery.place != CLIENT:
            raise Refused(NOT_FOUND, "no such action")
        if delivery.status in (OK, FAILED):
            return Done()
        delivery.reports = True
        delivery.sent = delivery.sent or self._clock.seconds()
        text = command.text[:MAX_TEXT]
        self._end(delivery, OK if command.ok else FAILED, text if command.ok else text or "the client says no more")
        if delivery.moment == "LINK" and (delivery.call, delivery.seat) in self._journal.pops:
            self._journal.put_pop(delivery.call, delivery.seat, reported=True)
        return Done()

    def performing(self, action: RenderedAction) -> None:
        """The server begins with an action."""
        delivery = self.book.get(action.id)
        if delivery is not None:
            delivery.started = self._clock.seconds()
            self.book.mark(delivery, STARTED)
            self.archive.change(delivery)

    def performed(self, action: RenderedAction, outcome: Outcome) -> None:
        """The server is done with an action."""
        delivery = self.book.get(action.id)
        if delivery is not None:
            self._end(delivery, outcome.status if outcome.status in ENDS else FAILED, outcome.reason)

    def left(self, attendance: Attendance) -> None:
        """A client is gone: what it has not said it will hardly say any more."""
        reason = "the client logged out" if attendance.client.said_goodbye else "the client was lost"
        for delivery in list(self._open.get(attendance, {}).values()):
            if delivery.is_open:
                self._end(delivery, LOST, f"{reason} before it said what became of it")

    def _let_go(self, delivery: Delivery) -> None:
        """Its client is not waited for any more."""
        holder = self._holders.pop(delivery.id, None)
        if holder is not None:
            theirs = self._open[holder]
            del theirs[delivery.id]
            if not theirs:
                del self._open[holder]

    def _end(self, delivery: Delivery, status: str, reason: str = "") -> None:
        self._let_go(delivery)
        delivery.ended = self._clock.seconds()
        self.book.mark(delivery, status, reason)
        self.ended[status] += 1
        self.archive.change(delivery)
        for awaiting in self._awaiting.pop(delivery.id, ()):
            awaiting.callback(delivery)
        if delivery.place == SERVER:
            return  # whoever performs it has logged it
        complain = _COMPLAINTS.get(status)
        if complain is not None:
            self._log.warn(
                complain, type=delivery.type, id=delivery.id, operator=delivery.operator, phone=delivery.phone,
                call=delivery.call, peer=delivery.peer, status=status, reason=reason,
            )  # fmt: skip

    def outcome_of(self, delivery: Delivery, seconds: float) -> Deferred[Delivery]:
        """Fires when it is known what became of it, or after a while all the same."""
        done: Deferred[Delivery] = Deferred()
        if not delivery.is_open:
            done.callback(delivery)
            return done
        awaiting = self._awaiting.setdefault(delivery.id, [])
        awaiting.append(done)

        def late() -> None:
            awaiting.remove(done)
            if not awaiting:
                self._awaiting.pop(delivery.id, None)
            done.callback(delivery)

        timer = self._clock.callLater(seconds, late)

        def known(delivery: Delivery) -> Delivery:
            if timer.active():
                timer.cancel()
            return delivery

        return done.addCallback(known)

    # -- time goes by

    def _look(self) -> None:
        """See what is late, and what is too old."""
        now = self._clock.seconds()
        while self._deadlines and self._deadlines[0][0] <= now:
            _, times, delivery = self._deadlines.popleft()
            if delivery.times != times:
                continue  # it was sent again, and has another deadline
            if delivery.status == QUEUED:
                self._end(delivery, TIMEOUT, "the client does not read")
            elif delivery.status == SENT:
                self._end(delivery, TIMEOUT, "the client did not say what became of it")
        self._forget()

    def _write(self) -> None:
        """Write what is new, and see what was sent meanwhile."""
        for id, (attendance, delivery) in list(self._unsent.items()):
            if delivery.status != QUEUED:
                del self._unsent[id]
            elif not attendance.client.backlog:
                del self._unsent[id]
                self._sent(delivery)
                self.archive.change(delivery)
        self.archive.write()

    def _forget(self) -> None:
        settings = self.desk.books.settings
        oldest = self._clock.seconds() - settings.actions_kept_hours * 3600.0
        gone = self.book.forget(settings.actions_kept, oldest)
        for delivery in gone:
            self._let_go(delivery)
        if gone:
            self.archive.forget(gone)


_COMPLAINTS: Mapping[str, str] = {
    FAILED: "{type} action {id} failed at {operator} ({phone}): {reason}",
    TIMEOUT: "{type} action {id}: no word from {operator} ({phone}): {reason}",
    LOST: "{type} action {id} at {operator} ({phone}): {reason}",
    DROPPED: "{type} action {id} was not sent to {operator} ({phone}): {reason}",
}
