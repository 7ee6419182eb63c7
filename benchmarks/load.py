"""Load from outside, in a process of its own: a PBX with calls, and the clients of all agents.

``python -m benchmarks.load`` reads what to do as JSON (see :class:`Orders`), prints its PBX's port, reads the port the
server then has for clients, and prints what came of it as JSON.
"""

from __future__ import annotations

import gc
import heapq
import json
import random
import resource
import select
import socket
import struct
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from benchmarks.crowd import Agent, Crowd, phone
from benchmarks.feed import BANNER, Link, call

RING, TALK = (0.3, 1.3), (1.0, 3.0)  # seconds, at random between these, so that calls do not march in step
PEST_BUFFER, PEST_DIGITS = 4096, 3000  # bytes its socket keeps unread; digits that its callers key in
AT_ONCE = 400  # clients that connect between two looks at the calls
CUT_AT_ONCE = 50  # clients that are cut off and come back between two; more would keep us from making calls meanwhile


@dataclass(frozen=True, slots=True)
class Orders:
    """What to do.

    :ivar agents: who log in and take their seats before any call.
    :ivar latecomers: who log in all at once while calls run; they get no calls.
    :ivar returners: who are at their seats before, are cut off all at once while calls run, and come back by ticket;
        they get no calls either.
    :ivar rate: calls a second, for ``seconds``, after ``warm_up`` seconds of the same that do not count.
    :ivar pest_rate: calls a second at one more agent, with long texts, which do not count either; ``pest_deaf``: its
        client reads nothing once it has its seat, and comes back when it is thrown out.
    """

    agents: int
    latecomers: int
    rate: float
    seconds: float
    warm_up: float
    digest: str
    patience: float = 300.0
    pest_rate: float = 0.0
    pest_deaf: bool = False
    returners: int = 0


class Load:
    """The loop: one epoll for the link and all clients."""

    def __init__(self, orders: Orders) -> None:
        self.orders = orders
        self.poll = select.epoll()
        self.due: list[tuple[float, int, int]] = []
        self.calls: dict[int, list[bytes]] = {}
        self.answered: dict[int, float] = {}
        self.agent_of: dict[int, int] = {}
        self.pest_calls: set[int] = set()
        self.number = self.turns = 0
        self.chance = random.Random(1)
        self.to_connect: Iterator[int] = iter(())
        self.to_return: Iterator[Agent] = iter(())
        self.pest: int | None = None
        self.pest_deaf = False
        self.thrown_out = 0

    def run(self) -> dict[str, object]:
        """Do it all."""
        self.meet()
        gc.disable()
        self.fill()
        if self.orders.pest_rate:
            self.invite_pest()
        now = time.perf_counter()
        self.ring_until(now + self.orders.warm_up, lambda: True)
        first_call, began, used = self.number, time.perf_counter(), time.process_time()
        wanted = self.crowd.ready + self.orders.latecomers + self.orders.returners
        self.to_connect = iter(range(self.orders.agents, self.orders.agents + self.orders.latecomers))
        returners = self.returners()
        self.to_return = iter([agent for agent in self.crowd.agents.values() if agent.index in returners])
        self.crowd.slowest = 0.0
        everybody = lambda: self.crowd.ready + len(self.crowd.refused) >= wanted  # noqa: E731
        self.ring_until(began + self.orders.seconds, everybody)
        took, last_call, cpu = time.perf_counter() - began, self.number, time.process_time() - used
        deadline = time.perf_counter() + RING[1] + TALK[1] + 2
        while time.perf_counter() < deadline:
            self.turn(0.01)
        return {"seconds": took, "load_cpu": cpu / took, **self.result(first_call, last_call)}

    def meet(self) -> None:
        """Wait for the server to come, and for word where its clients go."""
        listener = socket.create_server(("127.0.0.1", 0))
        print(listener.getsockname()[1], flush=True)
        connection, _ = listener.accept()
        connection.sendall(BANNER)
        self.link = Link(connection)
        self.poll.register(self.link.socket, select.EPOLLIN)
        while not select.select([sys.stdin], [], [], 0)[0]:
            self.turn(0.02)
        self.crowd = Crowd(int(sys.stdin.readline()), self.orders.digest)

    def ring_until(self, over: float, enough: Callable[[], bool]) -> None:
        """Calls come in at their rate until a time, and until there is enough of something else."""
        due = give_up = pest_due = time.perf_counter()
        give_up += self.orders.patience
        while (now := time.perf_counter()) < over or (not enough() and now < give_up):
            while due <= now:
                self.begin(due)
                due += 1 / self.orders.rate
            while self.orders.pest_rate and pest_due <= now:
                self.pester()
                pest_due += 1 / self.orders.pest_rate
            for _, index in zip(range(AT_ONCE), self.to_connect, strict=False):
                self.join(index)
            for _, agent in zip(range(CUT_AT_ONCE), self.to_return, strict=False):
                self.come_back(agent)
            self.turn(max(0.0, min(due, self.due[0][0] if self.due else due) - time.perf_counter()))

    def fill(self) -> None:
        """Everybody who is to be there before the calls."""
        orders = self.orders
        everybody = [*range(orders.agents), *self.returners()]
        for number, index in enumerate(everybody):
            self.join(index, resume=index >= orders.agents)
            while number - self.crowd.ready - len(self.crowd.refused) > 200:
                self.turn(0.05)
        began = time.perf_counter()
        while self.crowd.ready < len(everybody) or len(self.crowd.tickets) < orders.returners:
            self.turn(0.05)
            if time.perf_counter() - began > 120:
                raise TimeoutError(f"{self.crowd.ready} of {len(everybody)} logged in; {self.crowd.refused[:3]}")

    def returners(self) -> range:
        """The numbers of those who will come back by ticket."""
        first = self.orders.agents + self.orders.latecomers
        return range(first, first + self.orders.returners)

    def come_back(self, agent: Agent) -> None:
        """The connection of one who will come back is gone, with a reset; they do at once."""
        fileno = agent.socket.fileno()
        self.poll.unregister(fileno)
        del self.crowd.agents[fileno]
        agent.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        agent.socket.close()
        self.join(agent.index, resume=True)

    def join(self, index: int, resume: bool = False) -> None:
        """An agent connects."""
        agent = self.crowd.connect(index, resume=resume)
        self.poll.register(agent.socket, select.EPOLLIN)

    def invite_pest(self) -> None:
        """One more agent, who may stop to listen."""
        ready = self.crowd.ready
        agent = self.crowd.connect(self.orders.agents + self.orders.latecomers, PEST_BUFFER)
        self.pest, self.pest_deaf = agent.socket.fileno(), False
        self.poll.register(agent.socket, select.EPOLLIN)
        if not self.thrown_out:
            while self.crowd.ready == ready:
                self.turn(0.01)

    def pester(self) -> None:
        """A call with much to tell comes in at the agent who may not listen."""
        first = self.orders.agents + self.orders.latecomers
        self.number += 1
        self.pest_calls.add(self.number)
        name = phone(first).encode()
        self.calls[self.number] = call(self.number, name, phone(first + 1).encode(), PEST_DIGITS)
        self.proceed(self.number, 0, time.perf_counter())

    def read_pest(self, fileno: int, event: int) -> None:
        """What the pest has: it reads until it sits, then perhaps nothing any more."""
        if event & (select.EPOLLHUP | select.EPOLLERR):
            self.poll.unregister(fileno)
            self.crowd.agents.pop(fileno).socket.close()
            self.thrown_out += 1
            self.invite_pest()
            return
        agent = self.crowd.agents[fileno]
        self.crowd.read(fileno)
        if self.orders.pest_deaf and agent.ready and not self.pest_deaf:
            self.pest_deaf = True
            self.poll.modify(fileno, 0)  # the end of the connection is told all the same

    def begin(self, now: float) -> None:
        """A call comes in."""
        agents = self.orders.agents
        first = self.turns % agents
        self.turns += 1
        self.number += 1
        self.agent_of[self.number] = first
        second = (first + agents // 2) % agents
        self.calls[self.number] = call(self.number, phone(first).encode(), phone(second).encode())
        self.proceed(self.number, 0, now)

    def proceed(self, number: int, part: int, now: float) -> None:
        """A call goes on by a part."""
        said = self.calls[number]
        self.link.write(said[part])
        if part == 0:
            heapq.heappush(self.due, (now + self.chance.uniform(*RING), number, 1))
        elif part == 1:
            self.answered[number] = time.perf_counter()
            self.link.write(said[2])
            self.link.write(said[3])
            heapq.heappush(self.due, (now + self.chance.uniform(*TALK), number, 4))
        else:
            del self.calls[number]

    def turn(self, seconds: float) -> None:
        """Wait for something to happen, and see to it."""
        for fileno, event in self.poll.poll(seconds):
            if fileno == self.link.socket.fileno():
                if event & select.EPOLLIN:
                    self.link.read()
            elif fileno == self.pest:
                self.read_pest(fileno, event)
            else:
                self.crowd.read(fileno)
        if self.link.waiting:
            self.link.flush()
        now = time.perf_counter()
        while self.due and self.due[0][0] <= now:
            at, number, part = heapq.heappop(self.due)
            self.proceed(number, part, at)

    def result(self, first_call: int, last_call: int) -> dict[str, object]:
        """What came of it, of the calls that count."""
        seen: dict[int, int] = {}
        misdelivered = 0
        waits = []
        for pop in self.crowd.pops:
            if pop.number in self.pest_calls:
                continue
            seen[pop.number] = seen.get(pop.number, 0) + 1
            if self.agent_of.get(pop.number) != pop.agent:
                misdelivered += 1
            elif first_call < pop.number <= last_call:
                waits.append(pop.at - self.answered[pop.number])
        return {
            "calls": sum(1 for number in range(first_call + 1, last_call + 1) if number not in self.pest_calls),
            "all_calls": self.number - len(self.pest_calls),
            "waits": sorted(waits),
            "lost": sum(1 for number in self.answered if number not in seen and number not in self.pest_calls),
            "doubled": sum(count - 1 for count in seen.values()) + self.crowd.repeated,
            "misdelivered": misdelivered,
            "refused": self.crowd.refused[:20],
            "ready": self.crowd.ready,
            "slowest_login": self.crowd.slowest,
            "late_writes": self.link.late,
            "thrown_out": self.thrown_out,
        }


def main() -> None:
    """Read the orders, carry them out."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    orders = Orders(**json.loads(sys.stdin.readline()))
    print(json.dumps(Load(orders).run()), flush=True)


if __name__ == "__main__":
    main()
