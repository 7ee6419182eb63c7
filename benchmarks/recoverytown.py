"""A PBX, its callers and thousands of clients in one process, and a server in another that is cut off and killed.

``python -m benchmarks.recoverytown AGENTS`` prints what it measured as JSON.
"""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from twisted.internet.defer import Deferred, gatherResults
from twisted.internet.endpoints import TCP4ServerEndpoint
from twisted.internet.task import LoopingCall, deferLater, react
from twisted.internet.threads import deferToThread

from astcti.protocols.client import CallEvent, CTIClientService, Profile
from astcti.services.control import ask
from astcti.simulator.accounts import Account
from astcti.simulator.office import Office, ServiceLine
from astcti.simulator.people import somebody
from astcti.simulator.phones import Habit
from astcti.simulator.queues import QueueOptions
from astcti.simulator.server import SimulatorService
from astcti.simulator.traffic import Conduct, call
from benchmarks.crowd import phone
from benchmarks.served import DIGEST, ROOT

QUEUES = 20
RATE = 20.0  # calls a second
PAUSED = 10  # one of so many agents pauses
LONGEST = 180.0
STEADY_SECONDS = 45.0
_BOOTSTRAP = """<configuration>
  <database><source>xml</source><file>runtime.xml</file></database>
  <logging><directory>logs</directory><level>error</level></logging>
  <manager><host>127.0.0.1</host><port>{ami}</port><username>astcti</username><secret>s</secret><pause>5</pause></manager>
  <ctiserver><address>127.0.0.1</address><port>{port}</port><state>var</state></ctiserver>
</configuration>
"""


def runtime(agents: int) -> str:
    """Everybody has a seat, and works on one of the queues."""
    services = "".join(
        f'<service id="{n + 1}" name="s{n}" queue="q{n}"><variable name="calldata"/>'
        '<actionref id="1" order="1"/></service>'
        for n in range(QUEUES)
    )
    seats = "".join(f'<seat id="{n + 1}" exten="{phone(n)}"/>' for n in range(agents))
    operators = "".join(
        f'<operator id="{n + 1}" username="agent{n}" fullname="Agent {n}" seat="{n + 1}" password="{DIGEST}">'
        f'<serviceref id="{n % QUEUES + 1}"/></operator>'
        for n in range(agents)
    )
    return (
        '<astcti version="2" timestamp="1"><settings><setting name="upgrade_hashes">no</setting></settings><actions>'
        '<action id="1" type="BROWSER"><parameters>http://crm.example/?d={CALLDATA}</parameters></action></actions>'
        f"<services>{services}</services><seats>{seats}</seats><operators>{operators}</operators></astcti>"
    )


class Town:
    """Everything but the server, and the server's process."""

    def __init__(self, reactor: Any, agents: int, folder: Path) -> None:
        self.reactor = reactor
        self.folder = folder
        self.chance = random.Random(1)
        lines = tuple(ServiceLine(f"s{n}", "100", f"q{n}", QueueOptions("rrmemory", timeout=15)) for n in range(QUEUES))
        people = {phone(n): f"Agent {n}" for n in range(agents)}
        self.office = Office(
            lines, people, self.chance, start=reactor.seconds(), habit=Habit("answer", 0.3, 1.5),
            accounts=(Account("astcti", "s"),),
        )  # fmt: skip
        self.pbx = SimulatorService(reactor, TCP4ServerEndpoint(reactor, 0, interface="127.0.0.1"), self.office)
        self.pbx.write_timeout = 30.0
        self.clients: list[CTIClientService] = []
        self.pops: dict[str, set[str]] = {}
        self.talking: dict[str, str] = {}
        self.wanted = {(f"q{n % QUEUES}", phone(n)): n % PAUSED == 0 for n in range(agents)}
        self.office.pbx.on_conversation.append(
            lambda caller, leg: self.talking.__setitem__(caller.uniqueid, leg.interface)
        )
        self.calling = LoopingCall(self.place)

    async def open(self, agents: int) -> None:
        """PBX, server, clients, pauses, calls."""
        ami: Any = (await self.pbx.listen()).getHost()
        self.pbx.startService()
        self.office.agenda.run(self.reactor.seconds())
        self.port = _free_port()
        (self.folder / "astcti.xml").write_text(_BOOTSTRAP.format(ami=ami.port, port=self.port))
        (self.folder / "runtime.xml").write_text(runtime(agents))
        for name in ("astcti.xml", "runtime.xml"):
            os.chmod(self.folder / name, 0o600)
        self.serve()
        for n in range(agents):
            profile = Profile(username=f"agent{n}", digest=DIGEST, way="pass")
            client = CTIClientService(self.reactor, f"tcp:127.0.0.1:{self.port}", profile, on_event=self.heard)
            self.clients.append(client)
            client.startService()
        await self.until(lambda: not self.away)
        asked = [c.client.pause("rest") for n, c in enumerate(self.clients) if n % PAUSED == 0 and c.client is not None]
        await gatherResults(asked)
        await self.until(lambda: self.members() == self.wanted)
        self.calling.start(1 / RATE)
        await self.sleep(8)

    def serve(self) -> None:
        """Begin the server."""
        self.server = subprocess.Popen(
            [sys.executable, "-m", "astcti", "serve", "--config", str(self.folder / "astcti.xml")],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd=ROOT,
        )  # fmt: skip

    def heard(self, event: CallEvent) -> None:
        for action in event.actions:
            self.pops.setdefault(event.call.uniqueid, set()).add(action.id)

    def place(self) -> None:
        self.pbx.advance()
        line = self.chance.choice(self.office.lines)
        call(self.office.pbx, *line.place, somebody(self.chance), Conduct(self.chance.uniform(5, 15), 30.0))
        self.pbx.turn()

    @property
    def away(self) -> int:
        """Clients that are not logged in."""
        return sum(client.client is None for client in self.clients)

    def members(self) -> dict[tuple[str, str], bool]:
        """As the PBX has them."""
        return {
            (queue.name, interface): member.paused
            for queue in self.office.pbx.queues.values()
            for interface, member in queue.members.items()
        }

    def unpopped(self) -> int:
        """Conversations of this moment that have not popped."""
        present = {c.uniqueid for c in self.office.pbx.channels.values()} if self.talking else set()
        return sum(u in present and not self.pops.get(u) for u in self.talking)

    def doubled(self) -> int:
        """Calls that popped by two different actions, though they were talked to by one agent."""
        return sum(len(actions) > 1 for actions in self.pops.values())

    async def sleep(self, seconds: float) -> None:
        await deferLater(self.reactor, seconds, lambda: None)

    async def until(self, condition: Any) -> float:
        """Wait; how long that took."""
        began = time.perf_counter()
        while not condition():
            if time.perf_counter() - began > LONGEST:
                raise TimeoutError(f"{self.away} clients are away, {len(self.members())} members")
            await self.sleep(0.02)
        return time.perf_counter() - began

    async def believed(self) -> bool:
        """Whether the server believes in the members that the PBX has, and its link is up."""
        try:
            control = self.folder / "var" / "control.sock"
            if not (await deferToThread(ask, control, {"command": "status"}))["pbx"]["up"]:
                return False
            answer = await deferToThread(ask, control, {"command": "calls"}, 30)
        except Exception:
            return False
        return {(m["queue"], m["interface"]): bool(m["paused"]) for m in answer["members"]} == self.members()

    async def asked(self, seconds: float) -> float:
        """How many actions a minute the PBX gets while everybody works and nobody comes or goes."""
        (protocol,) = self.pbx.protocols.values()
        before = protocol.link.actions
        await self.sleep(seconds)
        return (protocol.link.actions - before) * 60.0 / seconds

    async def link_cut(self) -> float:
        """Seconds from the new connection to the PBX until everything is right again."""
        for protocol in list(self.pbx.protocols.values()):
            protocol.transport.abortConnection()
        await self.until(lambda: not self.pbx.protocols)
        await self.until(lambda: self.pbx.protocols)
        return await self.right()

    async def killed(self) -> float:
        """Seconds from the new server's beginning until everything is right again."""
        self.server.send_signal(signal.SIGKILL)
        self.server.wait()
        await self.until(lambda: self.away == len(self.clients))
        self.serve()
        return await self.right()

    async def right(self) -> float:
        """Wait until everybody is logged in, PBX and server agree, and whoever is talking has popped."""
        began = time.perf_counter()
        await self.until(lambda: not self.away and self.members() == self.wanted)
        self.operational = time.perf_counter() - began
        while not await self.believed():
            await self.sleep(0.05)
        await self.until(lambda: not self.unpopped())
        return time.perf_counter() - began

    async def close(self) -> None:
        """Everything ends."""
        self.calling.stop()
        self.server.kill()
        self.server.wait()
        await gatherResults([client.stopService() for client in self.clients])
        await self.pbx.stopService()


def _free_port() -> int:
    import socket

    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


async def measure(reactor: Any, agents: int, folder: Path) -> dict[str, Any]:
    """Both, one after the other."""
    town = Town(reactor, agents, folder)
    await town.open(agents)
    try:
        found: dict[str, Any] = {"asked": await town.asked(STEADY_SECONDS)}
        found["cut"] = await town.link_cut()
        await town.sleep(8)
        found["killed"] = await town.killed()
        found["operational"] = town.operational
        await town.sleep(5)
        found["calls"] = len(town.talking)
        found["doubled"] = town.doubled()
        found["right"] = town.members() == town.wanted
    finally:
        await town.close()
    return found


def main(reactor: Any, agents: str) -> Deferred[None]:
    """Print what was measured."""

    async def run() -> None:
        with tempfile.TemporaryDirectory(prefix="astcti-") as folder:
            print(json.dumps(await measure(reactor, int(agents), Path(folder))), flush=True)

    return Deferred.fromCoroutine(run())


if __name__ == "__main__":
    react(main, sys.argv[1:])
