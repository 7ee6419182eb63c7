"""Has scenes happen at their time."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Mapping, Sequence

from twisted.internet.defer import Deferred, DeferredList, DeferredLock

from tests.chaos.plan import Kind, Scene
from tests.pbx.waiting import sleep


async def happen(
    scenes: Sequence[Scene], kinds: Mapping[str, Kind], perform: Callable[[Scene], Awaitable[object]]
) -> list[str]:
    """Perform each at its time, or later if its turn has not come: to one thing happens one trouble at a time.

    :returns: what went wrong with the troubles themselves.
    """
    began = time.monotonic()
    locks = {of: DeferredLock() for kind in kinds.values() for of in kind.of}
    problems: list[str] = []
    going: list[Deferred[None]] = []

    async def one(scene: Scene) -> None:
        mine = [locks[of] for of in sorted(kinds[scene.kind].of)]
        for lock in mine:
            await lock.acquire()
        try:
            await perform(scene)
        except Exception as e:
            problems.append(f"{scene}: {type(e).__name__}: {e}")
        finally:
            for lock in mine:
                lock.release()

    for scene in scenes:
        await sleep(max(0.0, scene.at - (time.monotonic() - began)))
        going.append(Deferred.fromCoroutine(one(scene)))
    await DeferredList(going)
    return problems
