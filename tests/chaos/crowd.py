"""Some of the clients as a process: ``python -m tests.chaos.crowd FOLDER NAME PORT SEED FIRST LAST``.

Diary ``NAME.diary``: ``begins``; of each agent ``up`` and ``down`` when the server knows them and when no more, ``pbx``
with what they are told of the PBX, ``state`` with how they are told to be paused, ``asked`` for each action, with
whether its call is marked as recovered, and ``did`` when it is performed, ``rejected``; ``pause`` for what they asked
for and what came of it; ``home`` and ``back``. As long as there is a file ``work`` in the folder they pause now and
then and go home. SIGUSR1 cuts the connections of some of them; SIGUSR2 has some stop reading for a while, which is
noted as ``deaf`` and ``hears``.
"""

from __future__ import annotations

import random
import signal
import sys
from collections.abc import Callable
from pathlib import Path

from twisted.internet import reactor
from twisted.internet.task import LoopingCall

from tests.chaos.diary import Diary
from tests.chaos.worker import Worker

HOME_SECONDS = (1.0, 8.0)
LOOK_SECONDS = 0.5
SHARE = 0.2  # of a process's clients that are concerned by a signal
DEAF_SECONDS = (1.0, 10.0)


class Crowd:
    """All of one process.

    :cvar pause_each: seconds between two changes of mind of one agent, on average; ``home_each`` until they go home.
    """

    pause_each = 60.0
    home_each = 240.0

    def __init__(self, folder: Path, name: str, port: int, seed: int, numbers: range) -> None:
        self._diary = Diary(folder / f"{name}.diary")
        self._chance = random.Random(seed)
        self._wanted = folder / "work"
        self.workers = [Worker(number, port, self._diary, folder) for number in numbers]

    def begin(self) -> None:
        """Everybody comes to work."""
        self._diary.note("begins")
        for worker in self.workers:
            worker.come()
        LoopingCall(self._look).start(LOOK_SECONDS)
        self._on(signal.SIGUSR1, lambda worker: worker.lose())
        self._on(signal.SIGUSR2, lambda worker: worker.stop_reading(self._chance.uniform(*DEAF_SECONDS)))

    def _on(self, number: int, do: Callable[[Worker], None]) -> None:
        """Do something with some of them at each signal."""

        def some() -> None:
            for worker in self._chance.sample(self.workers, max(1, int(len(self.workers) * SHARE))):
                do(worker)

        signal.signal(number, lambda *_: reactor.callFromThread(some))

    def _look(self) -> None:
        if not self._wanted.exists():
            return
        chance = self._chance
        for worker in self.workers:
            if chance.random() < LOOK_SECONDS / self.pause_each:
                worker.change_mind()
            if chance.random() < LOOK_SECONDS / self.home_each:
                worker.go_home(chance.uniform(*HOME_SECONDS))


def main(kind: type[Crowd] = Crowd) -> None:
    """Work until it is ended."""
    folder, name, port, seed, first, last = sys.argv[1:]
    kind(Path(folder), name, int(port), int(seed), range(int(first), int(last) + 1)).begin()
    reactor.run()


if __name__ == "__main__":
    main()
