"""Everything that can happen, and to what it has happened."""

from __future__ import annotations

import random
import signal
import time
from collections.abc import Awaitable, Callable

from twisted.internet import reactor
from twisted.internet.defer import TimeoutError
from twisted.internet.threads import deferToThread

from tests.chaos.line import rubbish
from tests.chaos.plan import Kind, Scene
from tests.chaos.strike import killed_at_a_pop
from tests.pbx.killing.moments import BEGINNINGS, MOMENTS, Moment, trap
from tests.pbx.killing.settling import put_in
from tests.pbx.killing.stage import START_SECONDS, Stage
from tests.pbx.waiting import sleep, until

#: What stands in everybody's way while something happens to it.
EVERYBODY = frozenset({"line", "server", "pbx"})
CROWD = "crowd"
STOPPING = "services.server: Stopping"  # in the log, when there is anything to end
MOMENT_SECONDS = 12.0  # for one to come; then it is done without
WITHOUT = "at no moment"

Heal = Callable[[Stage, float], Awaitable[None]]


async def _mend(stage: Stage, seconds: float) -> None:
    await sleep(seconds)
    stage.line.mend()


async def _restart(stage: Stage, seconds: float) -> None:
    await sleep(seconds)
    stage.start_server()


async def _end(stage: Stage, seconds: float) -> None:
    """See how the server ends that was asked to, and whether it leaves anybody in a queue, if it had begun at all."""
    deaths = stage.server.deaths
    if wrong := await deferToThread(stage.server.ended):
        deaths.append(wrong)
    if STOPPING in stage.server.said() and (left := put_in(await stage.witness.members())):
        deaths.append(f"the server was asked to end at {time.time()}, and has left {sorted(left)}")
    await _restart(stage, seconds)


async def _restart_pbx(stage: Stage, seconds: float) -> None:
    await sleep(seconds)
    await stage.restart_pbx()


async def _nothing(stage: Stage, seconds: float) -> None:
    await sleep(0)


#: What can strike at a moment: to what, what is done at once, how long it lasts, and what is done then.
FATES: dict[str, tuple[str, Callable[[Stage, random.Random], None], tuple[float, float], Heal]] = {
    "server killed": ("server", lambda stage, _: stage.server.kill(), (0, 3), _restart),
    "server ended": ("server", lambda stage, _: stage.server.ask_to_end(), (0, 2), _end),
    "line cut": ("line", lambda stage, _: stage.line.cut(), (0, 3), _mend),
    "line hung": ("line", lambda stage, _: stage.line.hang(), (1, 7), _mend),
    "line spoilt": ("line", lambda stage, chance: stage.line.spoil(rubbish(chance)), (0, 0), _nothing),
    "PBX killed": ("pbx", lambda stage, _: stage.kill_pbx(), (0, 2), _restart_pbx),
}


async def _strike(stage: Stage, fate: str, moment: Moment | None, seconds: float, chance: random.Random) -> str:
    """Have a fate strike at a moment, and make good what it did; the moment, if it came."""
    of, do, _, heal = FATES[fate]
    struck: list[float] = []

    def strike() -> None:
        struck.append(time.time())
        do(stage, chance)

    came = await _wait_for(stage, moment, chance, strike) if moment is not None else False
    if not struck:
        strike()
    await heal(stage, seconds)
    stage.diary.note(
        "trouble", kind=fate, of=of, begun=struck[0], ended=time.time(), at=moment.name if came and moment else WITHOUT
    )
    return moment.name if came and moment else WITHOUT


async def _wait_for(stage: Stage, moment: Moment, chance: random.Random, strike: Callable[[], None]) -> bool:
    stage.line.trap = waiting = trap(moment, chance, strike)
    begun = time.time()
    if moment.name in BEGINNINGS:
        stage.line.cut()
        stage.line.mend()
        stage.diary.note("trouble", kind="", of="line", begun=begun, ended=time.time())
    if moment.nudge:
        stage.crowds[chance.choice(sorted(stage.crowds))].send(signal.SIGUSR1)
    try:
        await waiting.sprung.addTimeout(MOMENT_SECONDS, reactor)  # type: ignore[arg-type]
    except TimeoutError:
        stage.line.trap = None
        return False
    return True


def _struck(fate: str) -> Callable[[Stage, Scene, random.Random], Awaitable[str]]:
    async def perform(stage: Stage, scene: Scene, chance: random.Random) -> str:
        moment = chance.choice(MOMENTS) if chance.random() < 0.75 else None
        return await _strike(stage, fate, moment, scene.seconds, chance)

    return perform


async def server_ended_early(stage: Stage, scene: Scene, chance: random.Random) -> str:
    """The server dies, is begun again, and ended before it has come far."""
    begun = time.time()
    stage.server.kill()
    stage.start_server()
    await sleep(scene.seconds)
    stage.server.ask_to_end()
    await _end(stage, chance.uniform(0, 1))
    stage.diary.note("trouble", kind="server ended early", of="server", begun=begun, ended=time.time())
    return WITHOUT


async def server_killed_at_a_pop(stage: Stage, scene: Scene, chance: random.Random) -> str:
    """The server dies when a client has performed something, before it can hear of that."""
    begun, popped = await killed_at_a_pop(stage.server, stage.folder)
    await _restart(stage, scene.seconds)
    stage.diary.note("trouble", kind="server killed at a pop", of="server", begun=begun, ended=time.time())
    return "popping" if popped else WITHOUT


async def server_held(stage: Stage, scene: Scene, chance: random.Random) -> str:
    """The server stands still for a while."""
    begun = time.time()
    stage.server.send(signal.SIGSTOP)
    await sleep(scene.seconds)
    stage.server.send(signal.SIGCONT)
    stage.diary.note("trouble", kind="server held", of="server", begun=begun, ended=time.time())
    return WITHOUT


async def clients_killed(stage: Stage, scene: Scene, chance: random.Random) -> str:
    """Some clients die, and are begun again; it is over when they are there."""
    name, begun = chance.choice(sorted(stage.crowds)), time.time()
    lives = stage.begun(name)
    stage.crowds[name].kill()
    await sleep(scene.seconds)
    stage.crowds[name].start()
    await until(lambda: stage.begun(name) > lives, START_SECONDS, f"new life of {name}")
    stage.diary.note("trouble", kind="clients killed", of=name, begun=begun, ended=time.time())
    return WITHOUT


async def clients_held(stage: Stage, scene: Scene, chance: random.Random) -> str:
    """Some clients stand still; after the longer ones of these they are out of the queues meanwhile."""
    name, begun = chance.choice(sorted(stage.crowds)), time.time()
    stage.crowds[name].send(signal.SIGSTOP)
    await sleep(scene.seconds)
    stage.crowds[name].send(signal.SIGCONT)
    stage.diary.note("trouble", kind="clients held", of=name, begun=begun, ended=time.time())
    return WITHOUT


async def clients_line_hung(stage: Stage, scene: Scene, chance: random.Random) -> str:
    """Nothing gets through between some clients and the server, and neither is told."""
    begun = time.time()
    stage.clients_line.hang()
    await sleep(scene.seconds)
    stage.clients_line.mend()
    stage.diary.note("trouble", kind="clients' line hung", of="crowd0", begun=begun, ended=time.time())
    return WITHOUT


Perform = Callable[[Stage, Scene, random.Random], Awaitable[str]]
"""Does it, writes it down, and returns at which moment it was."""

#: The link and its ends have one trouble at a time, for a moment is told by the link.
LINK = ("link",)
TROUBLES: dict[str, tuple[Kind, Perform]] = {
    "server killed": (Kind(LINK, FATES["server killed"][2], 6), _struck("server killed")),
    "line cut": (Kind(LINK, FATES["line cut"][2], 3), _struck("line cut")),
    "line hung": (Kind(LINK, FATES["line hung"][2], 2), _struck("line hung")),
    "line spoilt": (Kind(LINK, FATES["line spoilt"][2], 2), _struck("line spoilt")),
    "PBX killed": (Kind(LINK, FATES["PBX killed"][2], 2), _struck("PBX killed")),
    "server ended": (Kind(LINK, FATES["server ended"][2], 2), _struck("server ended")),
    "server killed at a pop": (Kind(LINK, (0, 2), 2), server_killed_at_a_pop),
    "server ended early": (Kind(LINK, (0.3, 4)), server_ended_early),
    "server held": (Kind(LINK, (0.5, 7)), server_held),
    "clients killed": (Kind((CROWD,), (0.2, 4), 2), clients_killed),
    "clients held": (Kind((CROWD,), (0.5, 11), 2), clients_held),
    "clients' line hung": (Kind((CROWD,), (1, 12)), clients_line_hung),
}


def every() -> list[tuple[str, Moment]]:
    """Each fate at each moment."""
    return [(fate, moment) for moment in MOMENTS for fate in FATES]


async def strike(stage: Stage, fate: str, moment: Moment | None, chance: random.Random) -> str:
    """Have a fate strike at a moment, or now."""
    return await _strike(stage, fate, moment, chance.uniform(*FATES[fate][2]), chance)
