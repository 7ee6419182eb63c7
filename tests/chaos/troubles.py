"""Every kind of trouble: what it happens to, how long it lasts, and what is done."""

from __future__ import annotations

import random
import signal
import time
from collections.abc import Awaitable, Callable

from twisted.internet.threads import deferToThread

from tests.chaos.line import rubbish
from tests.chaos.plan import Kind, Scene
from tests.chaos.stage import START_SECONDS, Stage
from tests.chaos.strike import killed_at_a_pop
from tests.pbx.waiting import sleep, until

#: What stands in everybody's way while something happens to it.
EVERYBODY = frozenset({"line", "server", "pbx"})
CROWD = "crowd"

Perform = Callable[[Stage, Scene, random.Random], Awaitable[str]]
"""Does it, and returns what it has happened to in the end."""


async def line_cut(stage: Stage, scene: Scene, chance: random.Random) -> str:
    """Both sides of the link to the PBX get a reset, and nobody gets through for a while."""
    stage.line.cut()
    await sleep(scene.seconds)
    stage.line.mend()
    return "line"


async def line_hung(stage: Stage, scene: Scene, chance: random.Random) -> str:
    """Nothing gets through, and nobody is told."""
    stage.line.hang()
    await sleep(scene.seconds)
    stage.line.mend()
    return "line"


async def line_spoilt(stage: Stage, scene: Scene, chance: random.Random) -> str:
    """Between two messages of the PBX comes something that none ever said."""
    stage.line.spoil(rubbish(chance))
    await sleep(0)
    return "line"


async def server_killed(stage: Stage, scene: Scene, chance: random.Random) -> str:
    """The server dies and is begun again."""
    stage.server.kill()
    await sleep(scene.seconds)
    stage.server.start()
    return "server"


async def server_killed_at_a_pop(stage: Stage, scene: Scene, chance: random.Random) -> str:
    """The server dies when a client has performed something, before it can hear of that."""
    await killed_at_a_pop(stage.server, stage.folder)
    await sleep(scene.seconds)
    stage.server.start()
    return "server"


async def server_killed_without_database(stage: Stage, scene: Scene, chance: random.Random) -> str:
    """The server has to begin again while there is no data base."""
    await deferToThread(stage.base.kill)
    stage.server.kill()
    stage.server.start()
    stage.diary.note("trouble", kind="", of="server", begun=time.time(), ended=time.time())
    await sleep(scene.seconds)
    await deferToThread(stage.base.start)
    return "database"


async def server_ended(stage: Stage, scene: Scene, chance: random.Random) -> str:
    """The server is ended as a system does, and begun again."""
    if wrong := await deferToThread(stage.server.end):
        stage.server.deaths.append(wrong)
    await sleep(scene.seconds)
    stage.server.start()
    return "server"


async def server_held(stage: Stage, scene: Scene, chance: random.Random) -> str:
    """The server stands still for a while."""
    stage.server.send(signal.SIGSTOP)
    await sleep(scene.seconds)
    stage.server.send(signal.SIGCONT)
    return "server"


async def pbx_killed(stage: Stage, scene: Scene, chance: random.Random) -> str:
    """The PBX dies with all its calls and members, and is begun again."""
    stage.pbx.kill()
    await sleep(scene.seconds)
    stage.pbx.start()
    await stage.listening(stage.pbx_port)
    return "pbx"


async def pbx_held(stage: Stage, scene: Scene, chance: random.Random) -> str:
    """The PBX stands still for a while."""
    stage.pbx.send(signal.SIGSTOP)
    await sleep(scene.seconds)
    stage.pbx.send(signal.SIGCONT)
    return "pbx"


async def database_killed(stage: Stage, scene: Scene, chance: random.Random) -> str:
    """The data base dies, and is begun again."""
    await deferToThread(stage.base.kill)
    await sleep(scene.seconds)
    await deferToThread(stage.base.start)
    return "database"


async def database_hung(stage: Stage, scene: Scene, chance: random.Random) -> str:
    """The data base stands still for a while."""
    await deferToThread(stage.base.hang, True)
    await sleep(scene.seconds)
    await deferToThread(stage.base.hang, False)
    return "database"


async def database_killed_in_a_change(stage: Stage, scene: Scene, chance: random.Random) -> str:
    """The data base dies right after a change, while the server reads it perhaps, and is begun again."""
    await deferToThread(stage.base.change, scene.seed % 10_000)
    await sleep(chance.uniform(0, 1.2))
    return await database_killed(stage, scene, chance)


async def database_changed(stage: Stage, scene: Scene, chance: random.Random) -> str:
    """An administrator changes something that disturbs nobody."""
    await deferToThread(stage.base.change, scene.seed % 10_000)
    return "database"


async def clients_killed(stage: Stage, scene: Scene, chance: random.Random) -> str:
    """Many clients die at once, and are begun again; it is over when they are there."""
    name = chance.choice(sorted(stage.crowds))
    lives = stage.lives(name)
    stage.crowds[name].kill()
    await sleep(scene.seconds)
    stage.crowds[name].start()
    await until(lambda: stage.lives(name) > lives, START_SECONDS, f"new life of {name}")
    return name


async def clients_held(stage: Stage, scene: Scene, chance: random.Random) -> str:
    """Many clients stop reading for a while; the longer ones are taken for dead by the server."""
    name = chance.choice(sorted(stage.crowds))
    stage.crowds[name].send(signal.SIGSTOP)
    await sleep(scene.seconds)
    stage.crowds[name].send(signal.SIGCONT)
    return name


async def clients_line_cut(stage: Stage, scene: Scene, chance: random.Random) -> str:
    """Many clients and the server get a reset, and none of them gets through for a while."""
    stage.clients_line.cut()
    await sleep(scene.seconds)
    stage.clients_line.mend()
    return "crowd0"


async def clients_line_hung(stage: Stage, scene: Scene, chance: random.Random) -> str:
    """Nothing gets through between many clients and the server, and neither is told."""
    stage.clients_line.hang()
    await sleep(scene.seconds)
    stage.clients_line.mend()
    return "crowd0"


async def clients_lost(stage: Stage, scene: Scene, chance: random.Random) -> str:
    """The connections of some clients get a reset."""
    stage.crowds[chance.choice(sorted(stage.crowds))].send(signal.SIGUSR1)
    await sleep(0)
    return "clients"  # they write down themselves who is concerned


async def clients_deaf(stage: Stage, scene: Scene, chance: random.Random) -> str:
    """Some clients read nothing for a while, though they are well."""
    stage.crowds[chance.choice(sorted(stage.crowds))].send(signal.SIGUSR2)
    await sleep(0)
    return "clients"


#: All of them, by what they do.
TROUBLES: dict[str, tuple[Kind, Perform]] = {
    "line cut": (Kind(("line",), (0.2, 4), 3), line_cut),
    "line hung": (Kind(("line",), (1, 8), 2), line_hung),
    "line spoilt": (Kind(("line",), (0, 0), 2), line_spoilt),
    "server killed": (Kind(("server",), (0, 3), 3), server_killed),
    "server killed at a pop": (Kind(("server",), (0, 2), 2), server_killed_at_a_pop),
    "server killed without data base": (Kind(("database", "server"), (1, 6)), server_killed_without_database),
    "server ended": (Kind(("server",), (0, 2)), server_ended),
    "server held": (Kind(("server",), (0.5, 8), 2), server_held),
    "PBX killed": (Kind(("pbx",), (0.5, 3)), pbx_killed),
    "PBX held": (Kind(("pbx",), (0.5, 8)), pbx_held),
    "data base killed": (Kind(("database",), (1, 8)), database_killed),
    "data base killed in a change": (Kind(("database",), (0, 4)), database_killed_in_a_change),
    "data base hung": (Kind(("database",), (1, 8)), database_hung),
    "data base changed": (Kind(("database",), (0, 0)), database_changed),
    "clients killed": (Kind((CROWD,), (0.2, 4), 2), clients_killed),
    "clients held": (Kind((CROWD,), (0.5, 12), 2), clients_held),
    "clients' line cut": (Kind((CROWD,), (0.2, 4)), clients_line_cut),
    "clients' line hung": (Kind((CROWD,), (1, 20)), clients_line_hung),
    "clients lost": (Kind((CROWD,), (0, 0)), clients_lost),
    "clients deaf": (Kind((CROWD,), (0, 0)), clients_deaf),
}


def kinds(stage: Stage) -> dict[str, Kind]:
    """Those that are possible here."""
    possible = {database_hung: stage.base.hangs, server_killed_without_database: stage.base.dispensable}
    return {name: kind for name, (kind, do) in TROUBLES.items() if possible.get(do, True)}


async def perform(stage: Stage, scene: Scene) -> None:
    """Have it happen, and write down when."""
    begun = time.time()
    of = await TROUBLES[scene.kind][1](stage, scene, random.Random(scene.seed))
    stage.diary.note("trouble", kind=scene.kind, of=of, begun=begun, ended=time.time())
