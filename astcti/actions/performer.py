"""Perform actions: in order, each within its time, not too many at once, and every one with an outcome."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import replace

from twisted.internet.defer import CancelledError, Deferred, DeferredSemaphore, TimeoutError
from twisted.logger import Logger

from astcti.actions.registry import action_types
from astcti.interfaces import IAction, IPlace
from astcti.model.actions import Outcome, RenderedAction

MAX_IN_FLIGHT = 100
MAX_WAITING = 1000  # calls with an action that waits; what comes later would be performed when nobody needs it
GRACE_SECONDS = 1.0  # for a plug-in to say itself that its time is over

Performed = list[tuple[RenderedAction, Outcome]]


class Performer:
    """Performs actions at one place.

    :ivar counters: how many actions ended ``ok``, ``failed``, ``timeout``.
    """

    def __init__(
        self,
        place: IPlace,
        where: str = "CLIENT",
        *,
        types: Mapping[str, IAction] | None = None,
        max_in_flight: int = MAX_IN_FLIGHT,
        max_waiting: int = MAX_WAITING,
    ) -> None:
        """
        :param where: which of a plug-in's ``places`` this is: ``CLIENT`` or ``SERVER``.
        """
        self._place = place
        self._where = where
        self._types = action_types() if types is None else types
        self._running = DeferredSemaphore(max_in_flight)
        self._max_waiting = max_waiting
        self._log = Logger()
        self.counters: Counter[str] = Counter(ok=0, failed=0, timeout=0)

    @property
    def waiting(self) -> int:
        """How many calls' actions wait for a place."""
        return len(self._running.waiting)

    def perform_all(self, actions: Iterable[RenderedAction]) -> Deferred[Performed]:
        """Perform the actions of one call, one after the other.

        :returns: fires with each action and what became of it; does not fail. Cancelling it ends the action that runs
            and leaves out the rest.
        """
        return Deferred.fromCoroutine(self._perform_all(tuple(actions)))

    def perform(self, action: RenderedAction) -> Deferred[Outcome]:
        """Perform one action.

        :returns: fires with what became of it; does not fail unless cancelled.
        """
        return Deferred.fromCoroutine(self._perform(action))

    async def _perform_all(self, actions: tuple[RenderedAction, ...]) -> Performed:
        return [(action, await self._perform(action)) for action in actions]

    async def _perform(self, action: RenderedAction) -> Outcome:
        started = self._place.reactor.seconds()
        outcome = await self._when_there_is_room(action)
        milliseconds = round((self._place.reactor.seconds() - started) * 1000, 3)
        self.counters[outcome.status] += 1
        if not outcome.ok:
            self._log.warn(
                "{type} action {id} {status}: {reason}",
                type=action.type,
                id=action.id,
                status=outcome.status,
                reason=outcome.reason,
            )
        return replace(outcome, milliseconds=milliseconds)

    async def _when_there_is_room(self, action: RenderedAction) -> Outcome:
        plugin = self._types.get(action.type)
        if plugin is None:
            return Outcome("failed", f"nothing here performs {action.type} actions")
        if self._where not in plugin.places:
            return Outcome("failed", f"{action.type} actions are not performed on the {self._where.lower()}")
        if not self._running.tokens and self.waiting >= self._max_waiting:
            return Outcome("failed", f"{self.waiting} other actions wait already")
        await self._running.acquire()
        try:
            return await self._within_its_time(plugin, action)
        finally:
            self._running.release()

    async def _within_its_time(self, plugin: IAction, action: RenderedAction) -> Outcome:
        limit = self._place.seconds + GRACE_SECONDS
        try:
            outcome = await plugin.perform(action, self._place).addTimeout(limit, self._place.reactor)
        except CancelledError:
            raise
        except TimeoutError:
            return Outcome("timeout", f"not done within {limit:g} s")
        except Exception as e:
            self._log.failure("performing {type} action {id}: its plug-in broke", type=action.type, id=action.id)
            return Outcome("failed", f"the plug-in broke: {type(e).__name__}")
        if not isinstance(outcome, Outcome):
            return Outcome("failed", "the plug-in does not say what became of it")
        return outcome
