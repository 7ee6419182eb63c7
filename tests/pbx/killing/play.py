"""The whole of it: everybody comes to work, real calls come in, everything breaks, and it is judged."""

from __future__ import annotations

import random
import time
from collections.abc import Callable

from tests.chaos.diary import Entry, entries
from tests.chaos.happening import happen
from tests.chaos.likeness import Pauses
from tests.chaos.outcome import Accounts, Result, judged, pauses_of
from tests.chaos.plan import Scene, plan
from tests.pbx.killing import troubles
from tests.pbx.killing.bureau import works_on
from tests.pbx.killing.settling import evening, settle
from tests.pbx.killing.stage import Stage
from tests.pbx.killing.troubles import EVERYBODY, TROUBLES
from tests.pbx.live import EVIDENCE
from tests.pbx.waiting import sleep

CALM_SECONDS = 6.0
LEAST_SHARE = 0.3  # of all talks that must be asked to pop: else it would prove little
EACH_GAP = (2.0, 6.0)

Say = Callable[[str], object]


async def play(
    seed: int, seconds: float, *, asterisk: int = 22, rate: float = 0.6, each: bool = False, say: Say = print
) -> Result:
    """Play for so many seconds of trouble.

    :param rate: calls a second.
    :param each: strike once with everything at every moment instead, however long that takes.
    """
    stage, good = Stage(seed, rate, asterisk), False
    keep = EVIDENCE / f"killing-{asterisk}-{seed}"
    try:
        await stage.open()
        stage.traffic.begin()
        stage.flag("work", True)
        await sleep(CALM_SECONDS)
        problems = await (_each(stage, seed, say) if each else _play(stage, seed, seconds, say))
        await sleep(CALM_SECONDS)
        say("no more troubles")
        stage.traffic.end()
        stage.flag("work", False)
        crowds = {name: stage.folder / f"{name}.diary" for name in stage.crowds}
        problems += await _last(stage, seed, lambda: pauses_of(crowds))
        end = time.time()
        problems += await evening(stage, lambda: pauses_of(crowds))
        result = _judged(stage, seed, {name: entries(path) for name, path in crowds.items()}, end)
        result.problems += problems
        good = result.good
        return result
    finally:
        await stage.close(None if good else keep)
        if not good:
            say(f"what everybody wrote down: {keep}")


async def _play(stage: Stage, seed: int, seconds: float, say: Say) -> list[str]:
    """Have scenes happen as they are drawn; of one thing one trouble at a time. What went wrong with the troubles."""
    kinds = {name: kind for name, (kind, _) in TROUBLES.items()}
    scenes = plan(seed, seconds, kinds)
    say(f"seed {seed}, Asterisk {stage.asterisk}: {len(scenes)} troubles in {seconds:.0f} s; {stage.folder}")

    async def perform(scene: Scene) -> None:
        moment = await TROUBLES[scene.kind][1](stage, scene, random.Random(scene.seed))
        say(f"{scene}, {moment}")

    return await happen(scenes, kinds, perform)


async def _each(stage: Stage, seed: int, say: Say) -> list[str]:
    """Strike with everything at every moment, in any order."""
    chance = random.Random(seed)
    strikes = troubles.every()
    chance.shuffle(strikes)
    say(f"seed {seed}, Asterisk {stage.asterisk}: {len(strikes)} strikes; {stage.folder}")
    began = time.monotonic()
    for fate, moment in strikes:
        came = await troubles.strike(stage, fate, moment, chance)
        say(f"{time.monotonic() - began:7.1f} s  {fate}, {moment.name}{'' if came == moment.name else ' did not come'}")
        await sleep(chance.uniform(*EACH_GAP))
    return []


async def _last(stage: Stage, seed: int, pauses: Callable[[], Pauses]) -> list[str]:
    """When nobody does anything any more the PBX dies, and then the server: all is to be as before, by their own doing.

    :returns: what is not, at the end of all this.
    """
    problems = await settle(stage, pauses)
    for fate in ("PBX killed", "server killed"):
        await troubles.strike(stage, fate, None, random.Random(seed))
        problems += [f"{fate} at the end: {problem}" for problem in await settle(stage, pauses)]
    return problems


def _judged(stage: Stage, seed: int, crowds: dict[str, list[Entry]], end: float) -> Result:
    accounts = Accounts.of(stage.folder, crowds, works_on)
    result = judged(stage, seed, accounts, end, EVERYBODY, LEAST_SHARE)
    stage.count()
    kinds = [e["kind"] for e in accounts.happened if e["kind"]]
    counts = {kind: kinds.count(kind) for kind in sorted(set(kinds))}
    at_moments = sum(e.get("at", troubles.WITHOUT) != troubles.WITHOUT for e in accounts.happened)
    result.facts[:0] = [
        f"{stage.traffic.placed} calls, {len(accounts.talks)} talks, {len(accounts.pops)} pops; the server lived "
        f"{stage.lives} times",
        f"{', '.join(f'{kind} {count}' for kind, count in counts.items())}; {at_moments} of them at a chosen moment",
    ]
    return result
