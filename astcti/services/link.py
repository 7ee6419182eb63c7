"""The link to the PBX and what hangs on it: taking stock, following events, and what clients hear when it is lost."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Collection, Iterator
from typing import Any

from twisted.application.service import Service
from twisted.internet.defer import CancelledError, Deferred, TimeoutError
from twisted.internet.interfaces import IDelayedCall, IReactorTime
from twisted.logger import Logger

from astcti.ami.dialect import interest_for
from astcti.config.settings import Settings
from astcti.errors import AMIError, AMILost
from astcti.model.plan import Plan
from astcti.services.asking import Asking
from astcti.services.desk import Desk
from astcti.services.following import Follower
from astcti.services.pbx import IPbx, MakePbx
from astcti.services.stock import Stock, ask_variables, take_stock

#: Settings that make another link.
LINK_SETTINGS = (
    "ami_host", "ami_port", "ami_user", "ami_secret", "ami_tls", "ami_ca_file", "ami_plaintext_login",
)  # fmt: skip

MAX_NAMED = 10  # queues that the PBX does not have, named in the log at a time

STOCK_SECONDS = 60.0  # for all lists together, however lively they go on

#: Seconds until a list that did not come is asked for again; after the last, at the next reconnection only.
AGAIN_SECONDS = (1.0, 2.0, 5.0, 15.0, 30.0, 60.0)

#: Seconds from rubbish to the next taking of stock: usually, and when there was so much of it in as short a time.
RUBBISH_SECONDS, MUCH_RUBBISH, MUCH_RUBBISH_SECONDS = 1.0, 4, 60.0


class LinkService(Service):
    """Keeps the link, and everybody informed of it.

    :param open_door: called when clients may come in, every time anew; ``close_door`` when none may for now.
    :param asking: learns which link can be asked.
    :param gave_up: called with a sentence when all tries to connect are used up.
    :ivar pbx: the link itself.
    :ivar since: when it came up or was lost last, in seconds; None before it ever came up.
    """

    name = "link"
    _log = Logger()

    def __init__(
        self,
        clock: IReactorTime,
        make: MakePbx,
        follower: Follower,
        desk: Desk,
        settings: Settings,
        *,
        open_door: Callable[[], object],
        close_door: Callable[[], object],
        asking: Asking | None = None,
        gave_up: Callable[[str], None] = lambda reason: None,
    ) -> None:
        self._clock = clock
        self._make = make
        self._desk = desk
        self._settings = settings
        self._open_door = open_door
        self._close_door = close_door
        self._gave_up = gave_up
        self.asking = Asking() if asking is None else asking
        self._grace: IDelayedCall | None = None
        self._syncing: Deferred[None] | None = None
        self._again: IDelayedCall | None = None
        self._there = False
        self._late = 0
        self._spoilt: deque[float] = deque(maxlen=MUCH_RUBBISH)
        self.follower = follower
        follower.hold()
        follower.on_booted = self._booted
        follower.on_rubbish = self._rubbish
        follower.on_shutdown = lambda: self._lost("it is shutting down")
        self.pbx = self._made()
        self._queues: frozenset[str] | None = None
        self.up = False
        self.since: float | None = None
        self.reconnections = -1

    def _made(self) -> IPbx:
        return self._make(
            self._settings,
            interest_for(self.follower.tracker.plan),
            on_event=self.follower.follow,
            on_up=self._connected,
            on_down=self._lost,
            on_give_up=self._gave_up,
        )

    def startService(self) -> None:
        """Begin to connect."""
        Service.startService(self)
        self.pbx.startService()

    def stopService(self) -> Deferred[None]:
        """Log off; fires when that is done."""
        Service.stopService(self)
        self._stop_waiting()
        self._stop_syncing()
        self.follower.stop()
        return self.pbx.stopService()

    def read_now(self) -> None:
        """Follow what the PBX has said by now: thousands of clients that come or go at once do not make calls wait."""
        if self.running:
            self.pbx.read_now()

    def configure(self, settings: Settings, plan: Plan) -> None:
        """Go by other settings and services; another address or user makes another link."""
        before, self._settings = self._settings, settings
        self.follower.tracker.plan = plan
        self.pbx.interest = interest_for(plan)
        self.pbx.configure(settings)
        self._look_for_queues()
        if any(getattr(before, name) != getattr(settings, name) for name in LINK_SETTINGS):
            self._log.info("The PBX is now {host}:{port}", host=settings.ami_host, port=settings.ami_port)
            self._renew()
        self._reckon()

    def retry(self) -> None:
        """Try to connect now, whatever was tried before."""
        self.pbx.retry()

    def _renew(self) -> None:
        """Leave the PBX, then go to the other one: there is never more than one link."""
        self._lost("it is to be another one")
        ending = self.pbx.stopService()
        ending.addErrback(lambda failure: self._log.failure("Closing the old link to the PBX", failure))
        ending.addCallback(self._begin_anew, self.pbx)

    def _begin_anew(self, _: object, old: IPbx) -> None:
        if self.pbx is old:
            self.pbx = self._made()
            if self.running:
                self.pbx.startService()

    # -- what the link says

    def _booted(self) -> None:
        if self._there:  # we came before it was ready: what we know of it is too little
            self._begin_taking_stock()

    def _connected(self) -> None:
        self._there = True
        self._late = 0
        self._begin_taking_stock()

    def _rubbish(self) -> None:
        """What came is no message. It may be the rest of one: what that told is asked for, soon, but not for ever."""
        now = self._clock.seconds()
        much = len(self._spoilt) == MUCH_RUBBISH and now - self._spoilt[0] < MUCH_RUBBISH_SECONDS
        seconds = MUCH_RUBBISH_SECONDS if much else RUBBISH_SECONDS
        if self._there and self._ask_in(seconds):
            self._spoilt.append(now)
            self._log.warn("The PBX said what is no message; asking it what there is in {seconds:g} s", seconds=seconds)

    def _begin_taking_stock(self) -> None:
        self.follower.hold()
        self._stop_syncing()
        syncing = Deferred.fromCoroutine(self._synchronise(self.pbx))
        if not syncing.called:
            self._syncing = syncing
        syncing.addErrback(self._not_synchronised)

    async def _synchronise(self, pbx: IPbx) -> None:
        stock = await self._stock(pbx)
        try:
            self.follower.restore(stock)
            variables = await ask_variables(pbx, self.follower.tracker.unsettled())
        except (AMILost, CancelledError):
            raise
        except Exception:  # a fault of ours must not keep everybody out: calls from now on can be followed
            self._log.failure("Taking over what the PBX has")
            variables = []
        if pbx is not self.pbx:
            return
        self._syncing = None
        self._stop_waiting()
        if stock.queues is not None:
            self._queues = stock.queues
        self._look_for_queues()
        if not self.up:
            self.up = True
            self.since = self._clock.seconds()
            self.reconnections += 1
        self._log.info(
            "Took stock of the PBX: {channels} channels, {members} queue members",
            channels=len(stock.present or ()),
            members=len(stock.members or ()),
        )
        self.asking.pbx = pbx
        self._desk.link_changed(True)
        try:
            self.follower.settle(variables)
        except Exception:
            self._log.failure("Telling what happened meanwhile")
        self.follower.release()
        self._open_door()
        self._ask_again_for(stock.late)

    async def _stock(self, pbx: IPbx) -> Stock:
        """What the PBX has, as far as it says so; whatever it says, this ends."""
        try:
            return await Deferred.fromCoroutine(take_stock(pbx)).addTimeout(STOCK_SECONDS, self._clock)
        except TimeoutError:
            self._log.warn("The PBX went on listing for {seconds:g} s; that was given up", seconds=STOCK_SECONDS)
        except (AMIError, CancelledError):
            raise
        except Exception:
            self._log.failure("Understanding what the PBX has")
        return Stock(late=frozenset({"everything"}))

    def _ask_again_for(self, late: Collection[str]) -> None:
        """What did not come is asked for again, less and less often: nobody stays blind because the PBX was slow."""
        if not late:
            self._late = 0
        elif self._late < len(AGAIN_SECONDS):
            seconds = AGAIN_SECONDS[self._late]
            self._late += 1
            self._log.warn("Asking the PBX again for {lists} in {seconds:g} s", lists=", ".join(sorted(late)),
                           seconds=seconds)  # fmt: skip
            self._ask_in(seconds)
        else:
            self._log.error("The PBX does not tell {lists}; it is not asked again", lists=", ".join(sorted(late)))

    def _ask_in(self, seconds: float) -> bool:
        """Take stock again by then at the latest; False when that is to be done anyway."""
        if self._again is not None:
            if self._again.getTime() <= self._clock.seconds() + seconds:
                return False
            self._again.cancel()
        self._again = self._clock.callLater(seconds, self._ask_again)
        return True

    def _ask_again(self) -> None:
        self._again = None
        self._begin_taking_stock()

    def _look_for_queues(self) -> None:
        """A queue of a service that the PBX does not have is a slip of the pen in one of the two configurations."""
        if self._queues is None:
            return
        missing = sorted(self.follower.tracker.plan.by_queue.keys() - self._queues)
        for queue in missing[:MAX_NAMED]:
            self._log.warn("The configuration has a service with the queue {queue}, the PBX has none", queue=queue)
        if missing[MAX_NAMED:]:
            self._log.warn("So it is with {count} more queues", count=len(missing) - MAX_NAMED)

    def _not_synchronised(self, failure: Any) -> None:
        self._syncing = None
        if failure.check(AMIError) is None:
            self._log.failure("Taking stock of the PBX", failure)

    def _lost(self, reason: str) -> None:
        """No link: nobody can log in, and clients wait for it only so long."""
        self._there = False
        self._stop_syncing()
        self.follower.drop()
        if not self.up:
            return
        self.up = False
        self.since = self._clock.seconds()
        self.asking.pbx = None
        self._log.warn("The link to the PBX is lost: {reason}", reason=reason)
        self._desk.link_changed(False)
        self._grace = self._clock.callLater(self._settings.ami_grace, self._give_up)
        self._reckon()

    def _reckon(self) -> None:
        """How long clients wait goes by the settings of the moment, also when the link is lost already."""
        if self._grace is None or self.since is None:
            return
        settings = self._settings
        seconds = 0.0 if settings.disconnect_clients_on_ami_loss else settings.ami_grace
        left = self.since + seconds - self._clock.seconds()
        if left > 0:
            self._grace.reset(left)
        else:
            self._grace.cancel()
            self._give_up()

    def _give_up(self) -> None:
        """The PBX did not come back in time."""
        self._grace = None
        self._log.error("Clients are sent away: there is no link to the PBX")
        self._close_door()
        self._desk.dismiss_all(905, "no link to the PBX", "pbx")

    def _stop_waiting(self) -> None:
        if self._grace is not None:
            self._grace.cancel()
            self._grace = None

    def _stop_syncing(self) -> None:
        if self._again is not None:
            self._again.cancel()
            self._again = None
        syncing, self._syncing = self._syncing, None
        if syncing is not None:
            syncing.addErrback(lambda _: None)
            syncing.cancel()


def running_services(follower: Follower) -> Iterator[int]:
    """Ids of the services that calls run on when this begins, many of them often; 0 for calls without any."""
    for leg in list(follower.tracker.legs.values()):
        for story in (leg.story, leg.about()):
            yield 0 if story.service is None else story.service.id
