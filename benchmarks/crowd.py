"""Thousands of agents' clients on plain sockets: they log in, take their seats, and note every pop and when it came."""

from __future__ import annotations

import re
import socket
import time
from dataclasses import dataclass, field

_LINK = b'<event id="Link"'
_DIGITS = re.compile(rb'<data key="calldata">(\d+)</data>')
_ACTIONS = b"<actions"


@dataclass(slots=True)
class Pop:
    """A pop at an agent: the digits of the call, and when the line was there (``perf_counter``)."""

    agent: int
    number: int
    at: float


@dataclass(slots=True)
class Agent:
    """One client. It answers each reply with its next command, as a client without pipelining does."""

    index: int
    socket: socket.socket
    script: list[tuple[bytes, bytes]]
    received: bytes = b""
    step: int = 0
    connected: float = 0.0
    ready: float = 0.0


@dataclass
class Crowd:
    """All agents of a load.

    :ivar ready: how many are at their seats; ``refused`` what others were told instead.
    :ivar tickets: with which those who want some can come back, by agent.
    """

    port: int
    digest: str
    agents: dict[int, Agent] = field(default_factory=dict)
    pops: list[Pop] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)
    tickets: dict[int, bytes] = field(default_factory=dict)
    ready: int = 0
    lines: int = 0
    repeated: int = 0
    slowest: float = 0.0

    def connect(self, index: int, buffer: int = 0, resume: bool = False) -> Agent:
        """Begin to connect an agent; their socket is readable when there is something to read.

        :param buffer: bytes that the socket keeps unread; 0 for as many as the system likes.
        :param resume: whether the agent wants tickets; whoever has one comes back with it.
        """
        link = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        if buffer:
            link.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, buffer)
        link.setblocking(False)
        link.connect_ex(("127.0.0.1", self.port))
        script = [
            (b"100 WELCOME", b"USER agent%d\n" % index),
            (b"100 OK", b"PASS %s\n" % self.digest.encode()),
            (b"102 OK", b"MAC %s\n" % mac(index).encode()),
            (b"100 OK", b""),
        ]
        ticket = self.tickets.pop(index, b"")
        if ticket:
            script[1:] = [(b"106 ", b"AUTH RESUME %s\n" % ticket), (b"102 OK", b"")]
        elif resume:
            script.insert(1, (b"106 ", script[0][1]))
        if ticket or resume:
            script[0] = (b"100 WELCOME", b"CAPS resume\n")
        agent = Agent(index, link, script, connected=time.perf_counter())
        self.agents[link.fileno()] = agent
        return agent

    def read(self, fileno: int) -> None:
        """Read what came for the agent of a socket."""
        agent = self.agents[fileno]
        try:
            data = agent.socket.recv(65536)
        except BlockingIOError:
            return
        now = time.perf_counter()
        if not data:
            raise ConnectionError(f"agent {agent.index} was disconnected after {agent.received!r}")
        *lines, agent.received = (agent.received + data).split(b"\n")
        for line in lines:
            self.lines += 1
            if line.startswith(_LINK):
                self._popped(agent, line, now)
            elif line[:1] != b"<":
                self._replied(agent, line, now)

    def _popped(self, agent: Agent, line: bytes, now: float) -> None:
        if _ACTIONS in line:
            found = _DIGITS.search(line)
            self.pops.append(Pop(agent.index, int(found[1]) if found else -1, now))
        else:
            self.repeated += 1

    def _replied(self, agent: Agent, line: bytes, now: float) -> None:
        if line.startswith(b"107 "):
            self.tickets[agent.index] = line[4:]
            return
        if agent.step >= len(agent.script) or not line.startswith(agent.script[agent.step][0]):
            self.refused.append(line.decode())
            return
        command = agent.script[agent.step][1]
        agent.step += 1
        if command:
            agent.socket.send(command)
        else:
            self.ready += 1
            agent.ready = now
            self.slowest = max(self.slowest, now - agent.connected)


def mac(index: int) -> str:
    """The MAC of an agent's seat."""
    return f"02:00:00:{index >> 16:02x}:{index >> 8 & 255:02x}:{index & 255:02x}"


def phone(index: int) -> str:
    """The phone of an agent's seat."""
    return f"PJSIP/{100_000 + index}"
