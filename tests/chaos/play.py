"""The whole of it: everybody comes to work, everything breaks, everybody goes on, and it is judged."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Sequence
from functools import partial

from tests.chaos import memory
from tests.chaos.company import works_on
from tests.chaos.diary import Entry, entries
from tests.chaos.happening import happen
from tests.chaos.outcome import Accounts, Result, judged, pauses_of
from tests.chaos.plan import Scene, plan
from tests.chaos.settling import evening, settle
from tests.chaos.stage import Stage
from tests.chaos.troubles import EVERYBODY, TROUBLES, kinds, perform
from tests.pbx.live import EVIDENCE
from tests.pbx.waiting import sleep

CALM_SECONDS = 8.0  # at the beginning and at the end, without trouble
LEAST_SHARE = 0.5  # of all calls that must be asked to pop: else the test would prove little

Say = Callable[[str], object]


async def play(seed: int, seconds: float, *, rate: float = 5.0, mariadb: bool = True, say: Say = print) -> Result:
    """Play for so many seconds of trouble.

    :param rate: calls a second.
    """
    stage = Stage(seed, rate, mariadb)
    good = False
    try:
        await stage.open()
        possible = kinds(stage)
        scenes = plan(seed, seconds, possible)
        say(f"seed {seed}, Asterisk {stage.asterisk}: {len(scenes)} troubles in {seconds:.0f} s; {stage.folder}")
        stage.flag("calls", True)
        stage.flag("work", True)
        await sleep(CALM_SECONDS)
        failures = await happen(scenes, possible, partial(_scene, stage, say))
        await sleep(CALM_SECONDS)
        say("no more troubles")
        crowds = {name: stage.folder / f"{name}.diary" for name in stage.crowds}
        problems = failures + await settle(stage, lambda: pauses_of(crowds))
        end = time.time()
        problems += await evening(stage, lambda: pauses_of(crowds))
        diaries = {name: entries(path) for name, path in crowds.items()}
        result = _judged(stage, seed, diaries, end)
        result.problems += problems
        good = result.good
        return result
    finally:
        await stage.close()
        if not good:
            keep = EVIDENCE / f"chaos-{seed}"
            shutil.rmtree(keep, ignore_errors=True)
            shutil.copytree(stage.folder, keep, ignore=shutil.ignore_patterns("*.sock*", "calls", "work"))
            say(f"what everybody wrote down: {keep}")
        stage.remove()


async def _scene(stage: Stage, say: Say, scene: Scene) -> None:
    say(str(scene))
    await perform(stage, scene)


def _judged(stage: Stage, seed: int, crowds: dict[str, list[Entry]], end: float) -> Result:
    accounts = Accounts.of(stage.folder, crowds, works_on)
    result = judged(stage, seed, accounts, end, EVERYBODY, LEAST_SHARE)
    result.problems += memory.growth(stage.samples)
    result.facts[:0] = _facts(stage, accounts.happened)
    return result


def _facts(stage: Stage, troubles: Sequence[Entry]) -> list[str]:
    counts = {name: sum(t["kind"] == name for t in troubles) for name in TROUBLES}
    sizes = [s.size >> 20 for s in stage.samples]
    return [
        ", ".join(f"{name} {count}" for name, count in counts.items() if count),
        f"the server lived {len({s.pid for s in stage.samples})} times, with {min(sizes)} to {max(sizes)} MiB",
    ]
