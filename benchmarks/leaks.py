"""What is left when very many calls are over: tracked objects, memory, and pops that went wrong.

A simulated PBX places calls of all kinds in a time of its own: direct ones and queues of every ring strategy, agents
who do not answer, callers who give up, transfers, orders of the manager, hostile names.
"""

from __future__ import annotations

import gc
import json
import os
import random
import subprocess
import sys
from pathlib import Path

from astcti.demo.verification import Verification
from astcti.model.notices import Notice
from astcti.simulator.channel import Channel
from astcti.simulator.office import Office, ServiceLine
from astcti.simulator.originate import Order, originate
from astcti.simulator.people import somebody
from astcti.simulator.phones import Habit
from astcti.simulator.queues import RING_ALL, STRATEGIES, QueueOptions
from astcti.simulator.traffic import Conduct, call
from benchmarks.eventpath import EventPath
from benchmarks.table import Row

ROOT = Path(__file__).resolve().parents[1]
AGENTS = 120
CALLS = 20_000
WARM = 4_000  # calls after which everything that is kept for good is there
BLOCK = 1_000
RATE = 6.0  # calls a second, about what so many agents can take
STEP = 0.05  # seconds of the PBX's time whose events come in one read
MEGABYTE = 1024 * 1024
ORDERED = 0.02  # of all calls are ordered by the manager


class Day:
    """A PBX, the server's event path, and everything that is checked."""

    def __init__(self, seed: int) -> None:
        self.chance = random.Random(seed)
        phones = [f"PJSIP/{1000 + i}" for i in range(AGENTS)]
        lines = [ServiceLine(f"direct{i}", "100", phones=tuple(phones[2 * i : 2 * i + 2])) for i in range(20)]
        for i, strategy in enumerate((RING_ALL, *STRATEGIES)):
            options = QueueOptions(strategy, timeout=6, wrapup=2)
            members = tuple(phones[40 + 10 * i : 50 + 10 * i][: 4 if strategy == RING_ALL else 10])
            lines.append(ServiceLine(f"queue{i}", "200", f"queue{i}", options, members))
        self.office = Office(
            tuple(lines), {phone: phone for phone in phones}, self.chance, start=1_800_000_000.0,
            habit=Habit("answer", 0.5, 3.0),
        )  # fmt: skip
        self.pbx = self.office.pbx
        for phone in self.pbx.phones.values():
            phone.absent = 0.08
        self.phones = phones
        self.found = Verification(set(phones))
        self.path = EventPath(phones, [(line.context, line.queue) for line in lines], self._popped)
        self.path.clock.advance(self.office.agenda.now)
        self._read: list[bytes] = []
        self.pbx.sink = lambda event: self._read.append(event.encode())
        self.pbx.on_conversation.append(self._talk)
        self.calls = 0
        self.placed = 0

    def _talk(self, caller: Channel, leg: Channel) -> None:
        if caller.phone is self.pbx.trunk:
            number, now = caller.shown.number, self.office.agenda.now
            self.found.talk(caller.uniqueid, leg.interface, number, caller.keys, now)

    def _popped(self, phone: str, notice: Notice) -> None:
        self.found.pop(phone, notice.call, self.office.agenda.now)

    def run(self, calls: int) -> None:
        """Place so many calls, and wait until the last one is over."""
        until = self.placed + calls
        self.office.agenda.later(0, self._place, until)
        while self.office.agenda.next_due is not None:
            self.office.agenda.run(self.office.agenda.now + STEP, most=1_000_000)
            self._hear()
        self.path.clock.advance(2.0)

    def _hear(self) -> None:
        read, self._read = self._read, []
        self.path.clock.advance(max(0.0, self.office.agenda.now - self.path.clock.seconds()))
        self.path.feed(b"".join(read))

    def _place(self, until: int) -> None:
        chance, pbx = self.chance, self.pbx
        self.placed += 1
        if chance.random() < ORDERED:
            who, whom = chance.sample(self.phones, 2)
            order = Order(who, "agents", whom.partition("/")[2], seconds=10)
            originate(pbx, order, lambda reason, channel: None)
            if pbx.channels:
                pbx.agenda.later(20, self._end_of_order, next(reversed(pbx.channels)))
        else:
            to = chance.choice(self.phones).partition("/")[2] if chance.random() < 0.06 else ""
            conduct = Conduct(chance.uniform(2, 15), chance.uniform(4, 40), chance.random() < 0.4, to)
            line = chance.choice(self.office.lines)
            call(pbx, *line.place, somebody(chance, hostile=0.1), conduct)
        if self.placed < until:
            self.office.agenda.later(chance.expovariate(RATE), self._place, until)

    def _end_of_order(self, name: str) -> None:
        channel = self.pbx.channels.get(name)
        if channel is not None:
            self.pbx.hang_up(channel)

    def forget(self) -> None:
        """Keep the counts of what was checked, not the list: it is ours and would count as growth."""
        self.found.settle()


def resident() -> int:
    """Bytes of memory this process really uses."""
    with open("/proc/self/statm", encoding="ascii") as statm:
        return int(statm.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def day(calls: int, seed: int) -> dict[str, int]:
    """Run such a day, after one to warm up; what was seen."""
    made = Day(seed)
    made.run(WARM)
    made.forget()
    gc.collect()
    before = resident()
    for _ in range(calls // BLOCK):
        made.run(BLOCK)
        made.forget()
    gc.collect()
    found = made.found
    return {
        "growth": resident() - before, "left": sum(made.path.followed.values()) + len(made.pbx.channels),
        "calls": made.placed, "pops": found.pops, "lost": found.lost, "doubled": found.doubled,
        "misdelivered": found.misdelivered, "faults": made.path.follower.faults,
    }  # fmt: skip


def run(quick: bool) -> list[Row]:
    """In a process of its own, so that nobody else's memory is counted."""
    calls = 4_000 if quick else CALLS
    command = [sys.executable, "-m", "benchmarks.leaks", str(calls)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=1800)
    if done.returncode:
        raise RuntimeError(done.stderr.strip()[-500:])
    seen = json.loads(done.stdout)
    note = f"after {calls:,} calls of all kinds, {seen['pops']:,} pops"
    return [
        Row("tracked objects left", seen["left"] + seen["faults"], "", 0, 0, "lower", note),
        Row("memory growth", seen["growth"] / MEGABYTE, "MiB", 8, 3, "lower", f"{note}, after {WARM:,} to warm up"),
        *(Row(f"pops {what}", seen[what], "", 0, 0, "lower", note) for what in ("lost", "doubled", "misdelivered")),
    ]


if __name__ == "__main__":
    print(json.dumps(day(int(sys.argv[1]), seed=1)))
