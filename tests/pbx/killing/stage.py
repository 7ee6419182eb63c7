"""Everybody who takes part: a real Asterisk with its phones, the line, the server, and agents in processes."""

from __future__ import annotations

import os
import random
import shutil
import signal
import tempfile
import time
from pathlib import Path
from typing import Any

from twisted.internet.task import LoopingCall
from twisted.internet.threads import deferToThread

from astcti.config.bootstrap import read_bootstrap
from astcti.errors import UserError
from astcti.services.control import ask
from tests.chaos.children import Child, accepts
from tests.chaos.company import interface
from tests.chaos.diary import Diary, entries
from tests.pbx.cutter import Cutter
from tests.pbx.instance import PHONES, Instance
from tests.pbx.killing.bureau import RINGALL, BureauDaemon
from tests.pbx.killing.reporter import Reporter
from tests.pbx.killing.traffic import Traffic
from tests.pbx.killing.tripwire import Tripwire
from tests.pbx.waiting import sleep
from tests.pbx.witness import Witness

START_SECONDS = 120
LOOK_SECONDS = 0.5
CROWDS = 3
#: A member of others', whom no server of ours has to do with.
STRANGER = (RINGALL, 999)


class Stage:
    """All the processes, and the phones.

    :ivar line: between server and PBX; ``clients_line`` between the first clients and the server.
    :ivar crowds: by name; the agents of each are in :attr:`numbers`.
    :ivar lives: of the server.
    """

    def __init__(self, seed: int, rate: float, asterisk: int) -> None:
        chance = random.Random(seed)
        self.folder = Path(tempfile.mkdtemp(prefix="killing-", dir="/tmp"))
        self.asterisk = asterisk
        self.instance = Instance(asterisk)
        self.line = Tripwire(self.instance.ports.ami)
        self.traffic = Traffic(self.instance, chance, rate)
        self.diary = Diary(self.folder / "troubles.diary")
        self.reporter: Reporter | None = None
        self.counts = {"callers": 0, "talks": 0}
        self._pbx_diary = Diary(self.folder / "pbx.diary")
        self.daemon = BureauDaemon(self.instance, "astcti", self.line.port)
        self.server = Child("server", self.daemon.command, self.daemon.folder)
        self.lives = 0
        self.clients_line = Cutter(self.daemon.port)
        self.crowds: dict[str, Child] = {}
        self.numbers: dict[str, range] = {}
        each = len(PHONES) // CROWDS
        for i in range(CROWDS):
            name, first = f"crowd{i}", PHONES[0] + i * each
            port = self.daemon.port if i else self.clients_line.port
            words = [str(self.folder), name, *map(str, (port, seed + i, first, first + each - 1))]
            self.crowds[name] = Child(name, ["-m", "tests.pbx.killing.crew", *words], self.folder)
            self.numbers[name] = range(first, first + each)
        self._watching = LoopingCall(self._watch)

    async def open(self) -> None:
        """Start everything; return when everybody is at work."""
        await deferToThread(self.instance.start)
        await self.traffic.open()
        await self._begun()
        self.start_server()
        await self._listening(self.daemon.port)
        for crowd in self.crowds.values():
            crowd.start()
        self._watching.start(LOOK_SECONDS)
        end = time.monotonic() + START_SECONDS
        while await self.seated() < len(PHONES):
            if time.monotonic() > end:
                raise RuntimeError(f"nobody is at work: {self.server.says()}")
            await sleep(0.5)

    async def _listening(self, port: int) -> None:
        end = time.monotonic() + START_SECONDS
        while not accepts(port):
            if time.monotonic() > end:
                raise RuntimeError(f"nobody listens: {self.server.says()}")
            await sleep(0.1)

    # -- the PBX

    async def _begun(self) -> None:
        """The PBX is there: somebody looks on, and somebody puts a stranger into a queue."""
        self.reporter = await Reporter.begin(self.instance.ports.ami, self._pbx_diary)
        queue, number = STRANGER
        reply = await self.reporter.act(
            "QueueAdd", Queue=queue, Interface=interface(number), MemberName="stranger", Penalty=9, Paused="true"
        )
        assert reply["Response"] == "Success", reply

    def kill_pbx(self) -> None:
        """The PBX dies."""
        os.kill(self.instance.pid, signal.SIGKILL)

    async def restart_pbx(self) -> None:
        """It has died, and begins again."""
        if self.reporter is not None:
            self.count()
            self.reporter.close()
        self.instance.stop(keep=True)
        await deferToThread(self.instance.start)
        await self._begun()
        await self.traffic.registered()

    def count(self) -> None:
        """Add up what has been seen in this life of the PBX."""
        if self.reporter is not None:
            for name, count in self.reporter.counts.items():
                self.counts[name] += count
            self.reporter.counts = dict.fromkeys(self.counts, 0)

    @property
    def witness(self) -> Witness:
        """Whom to ask what the PBX has."""
        assert self.reporter is not None
        return self.reporter

    # -- the others

    def start_server(self) -> None:
        """Begin it."""
        self.lives += 1
        self.server.start()

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
        return await deferToThread(
            ask, read_bootstrap(self.daemon.bootstrap).ctiserver.control, {"command": command}, 10
        )

    def flag(self, name: str, up: bool) -> None:
        """Have agents pause and go home (``work``), or no more."""
        path = self.folder / name
        if up:
            path.touch()
        else:
            path.unlink(missing_ok=True)

    def begun(self, crowd: str) -> int:
        """How often some clients have begun."""
        return sum(entry["what"] == "begins" for entry in entries(self.folder / f"{crowd}.diary"))

    @property
    def children(self) -> list[Child]:
        """Processes that are to run all the time."""
        return [self.server, *self.crowds.values()]

    def _watch(self) -> None:
        for child in self.children:
            child.look()

    def logs(self) -> str:
        """All that the server logged and printed."""
        files = sorted((self.daemon.folder / "logs").glob("astcti.log*"), key=lambda p: p.stat().st_mtime)
        return "".join(p.read_text(errors="replace") for p in (*files, self.server.output) if p.exists())

    async def close(self, keep: Path | None = None) -> None:
        """End everything.

        :param keep: where to leave what everybody wrote down.
        """
        if self._watching.running:
            self._watching.stop()
        for child in self.children:
            child.kill()
        await self.line.close()
        await self.clients_line.close()
        if self.reporter is not None:
            self.reporter.close()
        await self.traffic.close()
        if keep is not None:
            shutil.rmtree(keep, ignore_errors=True)
            ignore = shutil.ignore_patterns("*.sock*", "calls", "work")
            shutil.copytree(self.folder, keep, ignore=ignore)
            shutil.copytree(self.daemon.folder, keep / "server", ignore=ignore)
            if self.reporter is not None:
                (keep / "pbx.ami").write_bytes(self.reporter.raw)
        self.instance.stop()
        shutil.rmtree(self.folder, ignore_errors=True)
