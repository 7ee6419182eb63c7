"""Everybody who takes part: the PBX, the line, the data base, the server, the clients."""

from __future__ import annotations

import shutil
import socket
import tempfile
import time
from pathlib import Path
from typing import Any

from twisted.internet.task import LoopingCall
from twisted.internet.threads import deferToThread

from astcti.config.bootstrap import read_bootstrap
from astcti.errors import UserError
from astcti.services.control import ask
from tests.chaos import company
from tests.chaos.children import Child, accepts
from tests.chaos.company import AGENTS, FIRST, SECRET
from tests.chaos.database import Base, FolderBase, MariaDbBase
from tests.chaos.diary import Diary, entries
from tests.chaos.memory import Sample
from tests.pbx.cutter import Cutter
from tests.pbx.instance import free_port
from tests.pbx.waiting import sleep
from tests.pbx.witness import Witness

CROWDS = 5
START_SECONDS = 120
LOOK_SECONDS = 1.0


class Stage:
    """All the processes, in a folder of their own.

    :ivar asterisk: whose manager interface the PBX speaks.
    :ivar crowds: by name; the agents of each are in :attr:`numbers`.
    :ivar clients_line: between the first of them and the server.
    :ivar samples: how much memory the server used.
    """

    def __init__(self, seed: int, rate: float, mariadb: bool) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="chaos-", dir="/tmp"))  # short: there will be a socket in it
        self.diary = Diary(self.folder / "troubles.diary")
        self.samples: list[Sample] = []
        self.base: Base = MariaDbBase() if mariadb else FolderBase(self.folder)
        self.pbx_port = free_port(socket.SOCK_STREAM)
        self.line = Cutter(self.pbx_port)
        self.port = free_port(socket.SOCK_STREAM)
        self.bootstrap = self.folder / "astcti.xml"
        self.clients_line = Cutter(self.port)
        self.asterisk = 22 if seed % 2 else 16
        folder = str(self.folder)
        words = [folder, *map(str, (self.pbx_port, seed, rate, self.asterisk))]
        self.pbx = Child("pbx", ["-m", "tests.chaos.pbx", *words], self.folder)
        self.server = Child("server", ["-m", "astcti", "serve", "--config", str(self.bootstrap)], self.folder)
        self.crowds: dict[str, Child] = {}
        self.numbers: dict[str, range] = {}
        each = AGENTS // CROWDS
        for i in range(CROWDS):
            name, first, port = f"crowd{i}", FIRST + i * each, self.port if i else self.clients_line.port
            words = [folder, name, *map(str, (port, seed + i, first, first + each - 1))]
            self.crowds[name] = Child(name, ["-m", "tests.chaos.crowd", *words], self.folder)
            self.numbers[name] = range(first, first + each)
        self._watching = LoopingCall(self._watch)

    @property
    def children(self) -> list[Child]:
        """Every process of ours."""
        return [self.pbx, self.server, *self.crowds.values()]

    def _write(self) -> None:
        runtime = self.folder / "runtime.xml"
        self.bootstrap.write_text(company.bootstrap_xml(self.line.port, self.port, self.base.section()))
        runtime.write_text(company.runtime_xml())
        for path in (self.bootstrap, runtime):
            path.chmod(0o600)
        self.base.fill(runtime)

    async def open(self) -> None:
        """Start everything; return when everybody is at work.

        :raises RuntimeError: somebody does not start.
        """
        await deferToThread(self._write)
        self.pbx.start()
        await self.listening(self.pbx_port)
        self.server.start()
        await self.listening(self.port)
        for crowd in self.crowds.values():
            crowd.start()
        self._watching.start(LOOK_SECONDS)
        await self.until_seated(START_SECONDS)

    async def listening(self, port: int) -> None:
        """Return when somebody listens there."""
        end = time.monotonic() + START_SECONDS
        while not accepts(port):
            self._need_children()
            if time.monotonic() > end:
                raise RuntimeError(f"nobody listens: {self.pbx.says()} {self.server.says()}")
            await sleep(0.1)

    async def until_seated(self, seconds: float) -> None:
        """Return when everybody is at work.

        :raises RuntimeError: not within that time.
        """
        end = time.monotonic() + seconds
        while (seated := await self.seated()) < AGENTS:
            self._need_children()
            if time.monotonic() > end:
                raise RuntimeError(f"{seated} agents of {AGENTS} are at work after {seconds:.0f} s")
            await sleep(0.5)

    async def seated(self) -> int:
        """How many are at work, as far as the server can be asked."""
        try:
            return int((await self.ask("status"))["clients"]["seated"])
        except UserError:
            return 0

    async def ask(self, command: str) -> Any:
        """What the server answers on its control socket.

        :raises UserError: it does not.
        """
        return await deferToThread(ask, read_bootstrap(self.bootstrap).ctiserver.control, {"command": command}, 10)

    async def witness(self) -> Witness:
        """Somebody who asks the PBX itself, by no line of ours."""
        return await Witness.connect(self.pbx_port, "witness", SECRET)

    def flag(self, name: str, up: bool) -> None:
        """Have calls placed (``calls``), or agents pause and go home (``work``), or no more."""
        path = self.folder / name
        if up:
            path.touch()
        else:
            path.unlink(missing_ok=True)

    def lives(self, crowd: str) -> int:
        """How often some clients have begun."""
        return sum(entry["what"] == "begins" for entry in entries(self.folder / f"{crowd}.diary"))

    def _need_children(self) -> None:
        for child in self.children:
            child.look()
        if deaths := [death for child in self.children for death in child.deaths]:
            raise RuntimeError("; ".join(deaths))

    def _watch(self) -> None:
        for child in self.children:
            child.look()
        if self.server.wanted and (size := self.server.memory()):
            self.samples.append(Sample(self.server.pid, time.time() - self.server.since, size))

    async def close(self) -> None:
        """End everything."""
        if self._watching.running:
            self._watching.stop()
        for child in self.children:
            child.kill()
        await self.line.close()
        await self.clients_line.close()
        await deferToThread(self.base.remove)

    def remove(self) -> None:
        """Leave nothing behind."""
        shutil.rmtree(self.folder, ignore_errors=True)

    def logs(self) -> str:
        """All that the server logged and printed, the oldest first."""
        files = sorted((self.folder / "logs").glob("astcti.log*"), key=lambda p: p.stat().st_mtime)
        return "".join(p.read_text(errors="replace") for p in (*files, self.server.output) if p.exists())
