"""What is to happen in the simulated PBX, and when: a heap of things to do, and scripts that wait in it."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Generator
from heapq import heappop, heappush

#: A script yields how many seconds it is ready to wait (``None``: for ever) and is sent what it was told meanwhile,
#: or ``None`` when the time was over first.
Script = Generator[float | None, object, None]


class Interruption(Exception):
    """Thrown into a script: whatever it does is over, because of something outside it."""


class Entry:
    """Something to do at some time; can be called off."""

    __slots__ = ("arguments", "do")

    def __init__(self, do: Callable[..., object], arguments: tuple[object, ...]) -> None:
        self.do: Callable[..., object] | None = do
        self.arguments = arguments

    def cancel(self) -> None:
        """Do it not, nor keep what it would have needed."""
        self.do = None
        self.arguments = ()


class Agenda:
    """Things to do in the order of their times; those of one time in the order they were put down.

    :ivar now: seconds since the epoch: the time of the thing being done.
    """

    def __init__(self, now: float) -> None:
        self.now = now
        self._heap: list[tuple[float, int, Entry]] = []
        self._count = 0

    def at(self, when: float, do: Callable[..., object], *arguments: object) -> Entry:
        """Put down something for a time; one gone by means as soon as possible."""
        entry = Entry(do, arguments)
        self._count += 1
        heappush(self._heap, (max(when, self.now), self._count, entry))
        return entry

    def later(self, seconds: float, do: Callable[..., object], *arguments: object) -> Entry:
        """Put down something for ``seconds`` from now."""
        return self.at(self.now + seconds, do, *arguments)

    @property
    def next_due(self) -> float | None:
        """When something is to be done next."""
        heap = self._heap
        while heap and heap[0][2].do is None:
            heappop(heap)
        return heap[0][0] if heap else None

    def run(self, until: float, most: int = 10_000) -> bool:
        """Do what is due up to a time, each thing at its own time.

        :param most: so many things at most, so that a script gone wild starves nobody.
        :returns: whether everything due was done.
        """
        heap = self._heap
        while heap and heap[0][0] <= until:
            if not most:
                return False
            when, _, entry = heappop(heap)
            if entry.do is None:
                continue
            most -= 1
            self.now = max(self.now, when)
            do, arguments = entry.do, entry.arguments
            entry.cancel()
            do(*arguments)
        self.now = max(self.now, until)
        return True


class Actor:
    """Plays a script: waits for it, hands it what it is told, and interrupts it."""

    __slots__ = ("_agenda", "_inbox", "_interruption", "_script", "_started", "_wake", "alive")

    def __init__(self, agenda: Agenda, script: Script) -> None:
        self._agenda = agenda
        self._script = script
        self._inbox: deque[object] = deque()
        self._interruption: Interruption | None = None
        self._started = False
        self.alive = True
        self._wake: Entry | None = agenda.later(0, self._step)

    def tell(self, message: object) -> None:
        """Give the script something to read when it waits next."""
        if self.alive:
            self._inbox.append(message)
            self._soon()

    def interrupt(self, interruption: Interruption) -> None:
        """End what the script does at the moment; the first of several counts."""
        if self.alive and self._interruption is None:
            self._interruption = interruption
            self._soon()

    def _soon(self) -> None:
        if self._wake is not None:
            self._wake.cancel()
        self._wake = self._agenda.later(0, self._step)

    def _step(self) -> None:
        self._wake = None
        script = self._script
        try:
            if not self._started:
                self._started = True
                wait = next(script)
            elif self._interruption is not None:
                interruption, self._interruption = self._interruption, None
                self._inbox.clear()
                wait = script.throw(interruption)
            elif self._inbox:
                wait = script.send(self._inbox.popleft())
            else:
                wait = next(script)
        except (StopIteration, Interruption):
            self.alive = False
            self._inbox.clear()
            if self._wake is not None:
                self._wake.cancel()
            return
        if self._wake is None and (self._inbox or self._interruption is not None):
            self._wake = self._agenda.later(0, self._step)
        elif self._wake is None and wait is not None:
            self._wake = self._agenda.later(wait, self._step)
