"""The desk: where clients, calls and the configuration meet. One for the whole server, in reactor turn order."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterable, Sequence
from typing import Any

from twisted.internet.defer import Deferred, DeferredList, maybeDeferred
from twisted.internet.interfaces import IReactorTime
from twisted.logger import Logger
from zope.interface import implementer

from astcti.config.model import Configuration
from astcti.config.settings import Settings
from astcti.errors import Refused
from astcti.interfaces import IClient, IDesk
from astcti.model.actions import RenderedAction
from astcti.model.commands import Command, Reply
from astcti.model.facts import Fact
from astcti.model.notices import Notice
from astcti.services.accounts import Accounts
from astcti.services.audience import Audience
from astcti.services.authenticating import Authenticating
from astcti.services.books import Books
from astcti.services.counters import Counters
from astcti.services.departures import Departures
from astcti.services.duty import Duty
from astcti.services.floor import Attendance, Floor, IListening
from astcti.services.reception import IMembership, Reception
from astcti.services.resuming import Resuming
from astcti.services.slicing import Slices, Work
from astcti.services.succession import Succession
from astcti.services.telling import Start, Teller
from astcti.services.tickets import KEY_BYTES, TicketOffice


@implementer(IDesk)
class Desk:
    """Lets clients in, has their commands answered, and hands each notice to the one client it is for.

    :ivar floor: who is there.
    :ivar slices: for work for all of them.
    """

    _log = Logger()

    def __init__(
        self,
        clock: IReactorTime,
        configuration: Configuration,
        settings: Settings,
        accounts: Accounts,
        *,
        listening: IListening,
        membership: IMembership,
        start: Start,
        counters: Counters | None = None,
        office: TicketOffice | None = None,
        slices: Slices | None = None,
    ) -> None:
        books = Books.of(configuration, settings)
        self.slices = slices or Slices(clock)
        self._clock = clock
        self._accounts = accounts
        self._membership = membership
        self.counters = Counters() if counters is None else counters
        self.floor = Floor(listening)
        self._reception = Reception(books, self.floor, accounts, membership, self.counters)
        self._teller = Teller(
            self.floor, books.audience, start, self.broken, self.counters, self._told,
            self._happened,
            missed=lambda *about: self._each("missed", *about),
            serving=lambda *about: self._each("serving", *about),
        )  # fmt: skip
        self._teller.types = books.action_types
        self.resuming = Resuming(
            self._reception, accounts, office or TicketOffice(os.urandom(KEY_BYTES)), clock.seconds
        )
        self.identity = Authenticating(self._reception, accounts, self.resuming)
        self._succession = Succession(
            self.floor, self.slices,
            still_valid=accounts.book.still_valid, send_away=self._send_for_login, concerned=self._concerned,
            broken=self.broken,
        )  # fmt: skip
        self._duties: tuple[Duty, ...] = ()
        self._listeners: tuple[Duty, ...] = ()
        self._followers: tuple[Duty, ...] = ()  # those that follow calls: few, and there are many events
        self.floor.on_seated = lambda attendance: self._each("seated", attendance)
        self.floor.on_parted = lambda attendance, phones: self._teller.parted(attendance, phones, clock.seconds())
        self._departures = Departures(self.slices, self._see_off)
        self.floor.on_coming = lambda operator_id, seat_id: self._departures.settle(
            operator_id=operator_id, seat_id=seat_id
        )
        self.floor.on_left = self._departures.add
        self.employ(self.identity, self.resuming)

    # -- what is done for those who work

    def employ(self, *duties: Duty) -> None:
        """Have these hear of everything, in this order, and answer their commands."""
        for duty in duties:
            duty.desk = self
            self._reception.learn(duty.answers())
        self._duties += duties
        self._listeners = tuple(duty for duty in self._duties if type(duty).told is not Duty.told)
        self._followers = tuple(duty for duty in self._duties if type(duty).happened is not Duty.happened)

    def _each(self, happening: str, *about: object) -> None:
        for duty in self._duties:
            try:
                getattr(duty, happening)(*about)
            except Exception:
                self.counters.faults += 1
                self._log.failure("{duty}: {happening}", duty=type(duty).__name__, happening=happening)

    def _told(self, attendance: Attendance, notice: Notice, actions: Sequence[RenderedAction]) -> None:
        for duty in self._listeners:
            try:
                duty.told(attendance, notice, actions)
            except Exception:
                self.counters.faults += 1
                self._log.failure("{duty}: told", duty=type(duty).__name__)

    def _happened(self, attendance: Attendance, notice: Notice) -> None:
        for duty in self._followers:
            try:
                duty.happened(attendance, notice)
            except Exception:
                self.counters.faults += 1
                self._log.failure("{duty}: happened", duty=type(duty).__name__)

    async def stop_duties(self) -> None:
        """The server stops, everybody has left: await what is still to be done with the PBX."""
        self._departures.finish()
        ending = [maybeDeferred(duty.stopping) for duty in self._duties]
        for promise in ending:
            promise.addErrback(lambda failure: self._log.failure("Stopping", failure))
        await DeferredList(ending)

    def member_fact(self, fact: Fact) -> None:
        """The PBX said something about a member of a queue."""
        self._each("member_fact", fact)

    def move(self, attendance: Attendance, remote: str) -> None:
        """Have somebody's calls go by another phone than those of their seat; with an empty text by those again.

        :param remote: an interface that nobody else's calls go by.
        """
        seat = attendance.seat
        assert seat is not None, "only who sits somewhere can be moved"
        before = attendance.phones
        attendance.remote = remote
        self.floor.furnish(attendance, seat, self.books.seats.channels[seat.id], self.books.seats.phones(seat))
        if attendance.phones != before:
            self._each("moved", attendance, before)

    # -- what sessions ask (IDesk)

    def attach(self, client: IClient) -> None:
        """A client is there, before the greeting."""
        self.counters.connections += 1
        try:
            self._reception.need_link()
            if len(self.floor) >= self.books.settings.max_clients:
                raise Refused(908, "too many connections")
        except Refused as e:
            self.counters.refuse(e.number)
            raise
        self.floor.enter(client, self._clock.seconds())

    def may_try(self, client: IClient, username: str) -> None:
        """Whether that client may try to log in at all."""
        try:
            self._reception.need_encryption(self.floor.of(client))
            self._accounts.may_try(username, client.peer, self._accounts.doubts.of(client, username))
        except Refused as e:
            self.counters.refuse(e.number)
            raise

    def mechanisms(self, client: IClient) -> tuple[str, ...]:
        """The mechanisms of ``AUTH`` that a client may use."""
        return self.identity.mechanisms(client)

    def hears_more(self, client: IClient) -> None:
        """A client can be told of more than calls from here on."""
        attendance = self.floor.of(client)
        if attendance.seat is None:
            return
        if not self.link_up:
            client.pbx_changed(False)
        self._each("hears_more", attendance)

    def ticket(self, client: IClient) -> str:
        """A ticket for coming back."""
        return self.resuming.ticket(client)

    def perform(self, client: IClient, command: Command) -> Deferred[Reply] | Reply:
        """Do what a client asks."""
        try:
            reply = self._reception.answer(self.floor.of(client), command)
        except Refused as e:
            self.counters.refuse(e.number)
            raise
        if isinstance(reply, Deferred):
            reply.addErrback(self._count_refusal)
        return reply

    def detach(self, client: IClient) -> None:
        """The client is gone."""
        self.floor.leave(client)

    def _see_off(self, attendance: Attendance) -> None:
        """Somebody has left."""
        self._each("left", attendance)
        attendance.phones = ()
        if attendance.operator is not None:
            self._log.info(
                "{username} at {peer} has left", username=attendance.operator.username, peer=attendance.client.peer
            )

    def _count_refusal(self, failure: Any) -> Any:
        if failure.check(Refused) is not None:
            self.counters.refuse(failure.value.number)
        return failure

    # -- what the link to the PBX tells

    @property
    def link_up(self) -> bool:
        """Whether the PBX can be asked anything."""
        return self._reception.link_up

    def notified(self, notices: Iterable[Notice]) -> None:
        """Tell clients about their calls."""
        tell = self._teller.tell
        for notice in notices:
            tell(notice)

    def member_changed(self, queue: str, interface: str, member: bool) -> None:
        """A phone became a member of a queue, or is none any more; to be told after the roster knows."""
        attendance = self.floor.at(interface)
        if attendance is None or attendance.operator is None:
            return
        if queue not in self.books.audience.queues_of(attendance.operator):
            return
        others = (p for p in attendance.phones if p != interface)
        if not any(self._membership.is_member(queue, p) for p in others):
            try:
                attendance.client.queue_changed(queue, member)
            except Exception:
                self.broken(attendance)

    def link_changed(self, up: bool) -> None:
        """The PBX can be reached, or cannot any more: clients are told."""
        if self._reception.link_up == up:
            if up:
                self._each("link_changed", up)  # its state was taken over anew
            return
        self._reception.link_up = up
        for attendance in list(self.floor.attendances):
            try:
                attendance.client.pbx_changed(up)
            except Exception:
                self.broken(attendance)
        self._each("link_changed", up)

    def broken(self, attendance: Attendance) -> None:
        """Something of ours went wrong while telling one client: it goes, the others stay."""
        self.counters.faults += 1
        self._log.failure("Telling {peer} something", peer=attendance.client.peer)
        self._reception.dismiss(attendance, 999, "internal error", "kicked")

    def dismiss(self, attendance: Attendance, number: int, reason: str, cause: str) -> None:
        """Send somebody away."""
        self._reception.dismiss(attendance, number, reason, cause)

    def dismiss_all(self, number: int, reason: str, cause: str) -> Deferred[None]:
        """Send everybody away who is there now, some in each turn of the reactor. Fires when that is done."""

        def work() -> Work:
            for attendance in list(self.floor.attendances):
                self._reception.dismiss(attendance, number, reason, cause)
                yield

        return self.slices.begin(work())

    # -- configuration

    @property
    def books(self) -> Books:
        """What the desk goes by."""
        return self._reception.books

    def configure(self, books: Books, running: Iterable[int] = ()) -> Deferred[None]:
        """Go by another configuration: what anybody asks, or is told, goes by it when this returns.

        Only those whom it concerns notice anything; thousands take a while.

        :param running: ids of the services that calls run on; looked through afterwards, in slices.
        :returns: fires when everybody has been seen to.
        """
        self._succession.finish()
        before = self.books
        changed = books.audience.adopt(before.audience)
        books.seats.adopt(before.seats)
        self._accounts.configure(books.configuration, books.settings.upgrade_hashes)
        if self._accounts.sources is not None:
            self._accounts.sources.configure(books.settings, books.configuration.settings)
        self._reception.books = books
        self._teller.audience, self._teller.types = books.audience, books.action_types
        return self._succession.begin(before, books, self._tidy(books.audience, changed, running))

    def _tidy(self, audience: Audience, changed: Collection[int], running: Iterable[int]) -> Work:
        """Let go of what was kept of the configuration before, as far as no call runs by it."""
        still: set[int] = set()
        for service_id in running if changed else ():
            still.add(service_id)
            yield
        audience.release(set(changed) - still)
        yield from self._accounts.tidy()

    def _concerned(self, attendance: Attendance, before: Books) -> None:
        self._each("configured", attendance, before)

    def _send_for_login(self, attendance: Attendance) -> None:
        self._reception.dismiss(attendance, 902, "configuration changed, please log in again", "reload")
