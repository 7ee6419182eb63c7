"""A simulated PBX in a test's own time, set up as the one that was recorded, and clients that talk to it."""

from __future__ import annotations

import random
from pathlib import Path

from astcti.simulator import membership
from astcti.simulator.events import Event
from astcti.simulator.links import Link
from astcti.simulator.office import Office, ServiceLine
from astcti.simulator.phones import Habit
from astcti.simulator.queues import QueueOptions

RECORDINGS = Path(__file__).parent.parent / "recordings"
ANSWERS = Path(__file__).parent / "answers"
START = 1_800_000_000.0
LOGIN = "Action: Login\r\nUsername: astcti\r\nSecret: astcti-secret\r\n\r\n"

LINES = (
    ServiceLine("astctidemo", "100", phones=("PJSIP/201", "PJSIP/202")),
    ServiceLine("astctidemo", "104", "astcti-static", QueueOptions("linear", 4, service_level=0)),
    ServiceLine("astctidemo", "103", "astcti-ringall", QueueOptions("ringall", 5, service_level=0)),
    ServiceLine("astctidemo", "101", "astcti-queue", QueueOptions("rrmemory", 5)),
    ServiceLine("astctidemo", "121", "astcti-load", QueueOptions("random", 15, service_level=0)),
)

Message = list[tuple[str, str]]


def messages(data: bytes) -> list[Message]:
    """Bytes of an AMI conversation, without the greeting, as lists of headers."""
    text = data.decode("utf-8", "surrogateescape")
    if text.startswith("Asterisk Call Manager"):
        text = text.partition("\r\n")[2]
    found = []
    for block in text.split("\r\n\r\n"):
        lines = [line.partition(":") for line in block.split("\r\n") if line]
        if lines:
            found.append([(name, value[1:]) for name, _, value in lines])
    return found


def first(message: Message, name: str) -> str:
    """The first value of a header."""
    return next((value for header, value in message if header == name), "")


class Client:
    """Somebody at the manager interface."""

    def __init__(self, company: Company, address: str = "127.0.0.1") -> None:
        self.company = company
        self.closed = False
        self.link: Link = company.office.board.connect((address, 50_000), ("127.0.0.1", 5038), self._close)

    def _close(self) -> None:
        self.closed = True
        self.link.lost()

    def send(self, text: str) -> list[Message]:
        """Send actions; what is answered at once."""
        self.link.received(text.encode("utf-8", "surrogateescape"))
        self.company.run(0.0001)
        return self.read()

    def act(self, name: str, **headers: str) -> Message:
        """Send an action; its answer."""
        lines = "".join(f"{header}: {value}\r\n" for header, value in headers.items())
        answers = [m for m in self.send(f"Action: {name}\r\n{lines}\r\n") if m[0][0] == "Response"]
        return answers[0]

    def read(self) -> list[Message]:
        """What came since the last look."""
        data = b"".join(self.link.out)
        self.link.out.clear()
        return messages(data)


class Company:
    """Phones 200 to 205, the services and queues of the recorded PBX, and all events in ``events``."""

    def __init__(self, asterisk: int = 22, seed: int = 1) -> None:
        agents = {f"PJSIP/{n}": f"Agent {n}" for n in range(200, 206)}
        self.office = Office(
            LINES, agents, random.Random(seed), asterisk=asterisk, start=START, habit=Habit("answer", 0.5, 0.5)
        )
        self.pbx = self.office.pbx
        self.events: list[Event] = []
        broadcast = self.pbx.sink

        def sink(event: Event) -> None:
            self.events.append(event)
            broadcast(event)

        self.pbx.sink = sink
        for interface, name, penalty in (("PJSIP/201", "Agent One", 0), ("PJSIP/202", "Agent Two", 5)):
            membership.add(self.pbx, "astcti-static", interface, name=name, penalty=penalty, membership="static")

    def run(self, seconds: float) -> None:
        """Let time pass."""
        self.office.agenda.run(self.office.agenda.now + seconds)

    def client(self, login: bool = True) -> Client:
        """A client, logged in as the user who may do everything."""
        client = Client(self)
        if login:
            client.send(LOGIN)
        client.read()
        return client

    def join(self, queue: str, *numbers: int, penalty: int = 0) -> None:
        """Put phones into a queue."""
        for number in numbers:
            name = f"Agent {number}"
            membership.add(self.pbx, queue, f"PJSIP/{number}", name=name, penalty=penalty)

    def names(self, *wanted: str) -> list[str]:
        """The names of the events so far; only those of some kinds, if any are given."""
        return [e.layout.name for e in self.events if not wanted or e.layout.name in wanted]

    def of(self, name: str) -> list[Event]:
        """All events of one name so far."""
        return [e for e in self.events if e.layout.name == name]
