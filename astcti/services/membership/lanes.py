"""Doing it: for each phone one thing after the other, for several phones at once, and never too much at a time."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import replace

from twisted.internet.defer import CancelledError, Deferred, TimeoutError
from twisted.internet.interfaces import IReactorTime
from twisted.logger import Logger

from astcti.ami.actions.queues import QueueAdd, QueuePause, QueuePenalty, QueueRemove, QueueStatus
from astcti.ami.dialect import members_of
from astcti.errors import AMIError, AMILost, AMIRefused, AMITimeout
from astcti.model.channels import normalise_interface
from astcti.model.facts import Fact, MemberRemoved
from astcti.model.roster import Roster
from astcti.services.asking import IAsk
from astcti.services.journal import Journal
from astcti.services.journal import Membership as Record
from astcti.services.membership.places import Places
from astcti.services.membership.planning import DYNAMIC, Step, next_step
from astcti.services.membership.values import Key, Place
from astcti.services.pausing.values import Stance
from astcti.services.slicing import Slices, Work

MAX_LANES = 20  # phones at a time: the PBX does what one link asks one after the other anyway
WRITE_SECONDS = 2.0  # for a membership to be written down, before the PBX is asked for it all the same
EVENT_SECONDS = 5.0  # from the answer to the event that confirms it; then the PBX is asked


class _Contradiction(AMIRefused):
    """What the PBX says is not what it shows."""


class Lanes:
    """Works until each phone's memberships are as they are to be.

    :param stance: how a new membership is to begin: paused for a cause, or not.
    :param learn: told what the PBX said when it was asked.
    :param settled: called with a place that is as wanted, ``refused`` with one that the PBX refuses.
    :ivar under_way: what is being done at this moment.
    """

    _log = Logger()

    def __init__(
        self,
        clock: IReactorTime,
        slices: Slices,
        asking: IAsk,
        roster: Roster,
        places: Places,
        journal: Journal,
        *,
        stance: Callable[[Place], Stance],
        learn: Callable[[Fact], object],
        settled: Callable[[Place], object],
        refused: Callable[[Place], object],
    ) -> None:
        self._clock = clock
        self._slices = slices
        self._beginning = False
        self._asking = asking
        self._roster = roster
        self._places = places
        self._journal = journal
        self._stance = stance
        self._learn = learn
        self._settled = settled
        self._refused = refused
        self._waiting: deque[str] = deque()
        self._queued: set[str] = set()
        self._running: set[str] = set()
        self._again: set[str] = set()
        self._seen: dict[Key, Deferred[None]] = {}
        self._idle: list[Deferred[None]] = []
        self.under_way: dict[Key, Step] = {}
        self.open = False

    def __len__(self) -> int:
        return len(self._queued) + len(self._running)

    def look(self, phone: str) -> None:
        """See soon whether there is anything to do for a phone."""
        if phone in self._running:
            self._again.add(phone)
        elif phone not in self._queued:
            self._queued.add(phone)
            self._waiting.append(phone)
            self._begin()

    def whenIdle(self) -> Deferred[None]:
        """Fires when there is nothing left to do, as far as that is possible now."""
        promise: Deferred[None] = Deferred()
        self._idle.append(promise)
        self._tell_idle()
        return promise

    def stop(self) -> None:
        """The PBX cannot be asked any more, and tells nothing: what it has not told is for when it is back."""
        self.open = False
        for seen in list(self._seen.values()):
            seen.cancel()

    def confirmed(self, key: Key) -> None:
        """The PBX told of a membership."""
        waiting = self._seen.pop(key, None)
        if waiting is not None:
            waiting.callback(None)

    def _begin(self) -> None:
        """Begin soon with those that wait, a few in each turn: most may need nothing."""
        if not self._beginning:
            self._beginning = True
            self._slices.later(self._begin_some())

    def _begin_some(self) -> Work:
        while self._waiting and len(self._running) < MAX_LANES:
            phone = self._waiting.popleft()
            self._queued.discard(phone)
            self._running.add(phone)
            running = Deferred.fromCoroutine(self._run(phone))
            running.addErrback(lambda failure: self._log.failure("Looking after memberships", failure))
            running.addCallback(self._ended, phone)
            yield
        self._beginning = False
        self._tell_idle()

    def _ended(self, _: object, phone: str) -> None:
        self._running.discard(phone)
        if phone in self._again:
            self._again.discard(phone)
            self.look(phone)
        if self._waiting:
            self._begin()
        self._tell_idle()

    def _tell_idle(self) -> None:
        if not self._queued and not self._running:
            idle, self._idle = self._idle, []
            for promise in idle:
                promise.callback(None)

    async def _run(self, phone: str) -> None:
        for place in self._places.at(phone):
            while self.open:
                step = next_step(place, self._roster.member(*place.key))
                if step is None:
                    break
                self.under_way[place.key] = step
                try:
                    await _STEPS[step](self, place)
                except AMILost:
                    return
                except AMIError as e:
                    self._failed(place, e)
                finally:
                    self.under_way.pop(place.key, None)
            if self.open and not place.problem:
                self._settled(place)

    def _failed(self, place: Place, error: AMIError) -> None:
        place.problem = str(error) or "refused by the PBX"
        place.doubtful = isinstance(error, AMITimeout | _Contradiction)
        self._refused(place)

    # -- steps

    async def _add(self, place: Place) -> None:
        want, key = place.want, place.key
        assert want is not None
        self._places.write(place, Record(key.queue, want.interface, want.username, want.penalty))
        await self._written()  # or a death of ours between the two would leave it there for ever
        if place.want != want or not self.open:
            return
        stance = self._stance(place)
        action = QueueAdd(key.queue, want.interface, want.penalty, stance is not None, want.name or None)
        if stance is not None and stance.reason:
            action = replace(action, reason=stance.reason)
        place.unsure = True
        try:
            await self._asking.sendAction(action)
        except AMIRefused as e:
            if "already there" not in str(e).lower():
                self._places.strike(place)
                raise
            await self._query(place)  # as long as it is not known whose it is, it stays written down as ours
            member = self._roster.member(*key)
            if member is None:
                raise _Contradiction(str(e)) from e
            if place.want is None:
                return
            await self._adopt(place)
            if member.paused != action.paused:
                await self._asking.sendAction(
                    QueuePause(want.interface, bool(action.paused), key.queue, action.reason or None)
                )
            return
        await self._wait_for(place, True)
        place.unsure = False

    async def _written(self) -> None:
        """Return when the journal is safe; a disk that hangs keeps nobody out of their queues."""
        try:
            await self._journal.flush().addTimeout(WRITE_SECONDS, self._clock)
        except TimeoutError:
            self._log.warn("The journal takes longer than {seconds:g} s to be written", seconds=WRITE_SECONDS)

    async def _remove(self, place: Place) -> None:
        record = place.record
        assert record is not None
        try:
            await self._asking.sendAction(QueueRemove(place.key.queue, record.interface))
        except AMIRefused as e:
            if "not there" not in str(e).lower() and "no such queue" not in str(e).lower():
                raise
            self._learn(MemberRemoved(place.key.queue, record.interface))
        else:
            await self._wait_for(place, False)
        place.doubtful = False
        if place.record is record:
            self._places.strike(place)

    async def _adopt(self, place: Place) -> None:
        want, member = place.want, self._roster.member(*place.key)
        assert want is not None and member is not None
        foreign = member.membership not in DYNAMIC
        interface = member.location or want.interface
        self._places.write(place, Record(place.key.queue, interface, want.username, member.penalty, foreign))

    async def _set_penalty(self, place: Place) -> None:
        want, record = place.want, place.record
        assert want is not None and record is not None
        await self._asking.sendAction(QueuePenalty(record.interface, want.penalty, place.key.queue))
        self._places.set_penalty(place, want.penalty)

    async def _forget(self, place: Place) -> None:
        self._places.strike(place)

    async def _wait_for(self, place: Place, member: bool) -> None:
        """Return when the PBX has told that it is so; its answer alone is not taken for it.

        :raises AMIError: it is not so, or cannot be found out.
        """
        key = place.key
        if (self._roster.member(*key) is not None) != member:
            seen = self._seen[key] = Deferred()
            try:
                await seen.addTimeout(EVENT_SECONDS, self._clock)
            except TimeoutError:
                self._seen.pop(key, None)
                await self._query(place)
            except CancelledError as e:
                self._seen.pop(key, None)
                raise AMILost("nothing more is awaited") from e
        if (self._roster.member(*key) is not None) != member:
            raise _Contradiction("the PBX said that it was done, and does not show it")

    async def _query(self, place: Place) -> None:
        """Ask how it is."""
        key = place.key
        interface = place.want.interface if place.want is not None else key.phone
        if place.record is not None:
            interface = place.record.interface
        for fact in members_of(await self._asking.collectAction(QueueStatus(key.queue, interface))):
            if fact.queue == key.queue and normalise_interface(fact.interface) == key.phone:
                self._learn(fact)
                return
        self._learn(MemberRemoved(key.queue, interface))


_STEPS = {
    Step.ADD: Lanes._add,
    Step.REMOVE: Lanes._remove,
    Step.ADOPT: Lanes._adopt,
    Step.PENALTY: Lanes._set_penalty,
    Step.FORGET: Lanes._forget,
}
