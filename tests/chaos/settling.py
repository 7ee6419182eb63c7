"""The end: nobody makes trouble any more, everything has to be as it should, and then everybody goes home."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable

from twisted.internet.threads import deferToThread

from astcti.errors import UserError
from tests.chaos.company import AGENTS
from tests.chaos.likeness import Found, Pauses, differences
from tests.chaos.stage import Stage
from tests.pbx.waiting import sleep
from tests.pbx.witness import Witness

QUIET_SECONDS = 150  # for the last calls to end, and for clients that try ever more seldom to be back
AGREE_SECONDS = 20  # for what is on its way
CALM_SECONDS = 2.0
POLL_SECONDS = 0.5

Look = Callable[[], Awaitable[list[str]]]


async def settle(stage: Stage, pauses: Callable[[], Pauses]) -> list[str]:
    """What is not as it should be, after a while in which it can become so."""
    stage.flag("calls", False)
    stage.flag("work", False)
    witness = await stage.witness()
    try:
        problems = await _quiet(stage, witness)
        await sleep(CALM_SECONDS)
        return problems + await _in_time(lambda: _compare(stage, witness, pauses(), set()))
    finally:
        witness.close()


async def evening(stage: Stage, pauses: Callable[[], Pauses]) -> list[str]:
    """Some clients die and are not begun again, then the server is ended: nobody is left in a queue."""
    witness = await stage.witness()
    try:
        name, child = next(iter(stage.crowds.items()))
        child.kill()
        problems = await _in_time(lambda: _compare(stage, witness, pauses(), set(stage.numbers[name])))
        if wrong := await deferToThread(stage.server.end):
            problems.append(wrong)
        left = await witness.members()
        if left:
            problems.append(f"the server has left {len(left)} members: {sorted(left)[:10]}")
        return problems
    finally:
        witness.close()


async def _quiet(stage: Stage, witness: Witness) -> list[str]:
    end = time.monotonic() + QUIET_SECONDS
    while True:
        channels, seated = await witness.channels(), await stage.seated()
        if not channels and seated == AGENTS:
            return []
        if time.monotonic() > end:
            return [f"after {QUIET_SECONDS} s {len(channels)} channels are left, {seated} agents are at work"]
        await sleep(POLL_SECONDS)


async def _in_time(look: Look) -> list[str]:
    """What is found last, when nothing or too late."""
    end = time.monotonic() + AGREE_SECONDS
    while (found := await look()) and time.monotonic() < end:
        await sleep(POLL_SECONDS)
    return found


async def _compare(stage: Stage, witness: Witness, pauses: Pauses, gone: set[int]) -> list[str]:
    """Compare everything.

    :param gone: agents who are not at work.
    """
    members = await deferToThread(stage.base.members)
    wanted = {key: penalty for key, penalty in members.items() if key[1] not in gone}
    try:
        found = Found(
            await witness.members(), await stage.ask("calls"), await stage.ask("clients"), await stage.ask("status")
        )
    except UserError as e:
        return [f"the server cannot be asked: {e}"]
    return differences(found, wanted, pauses)
