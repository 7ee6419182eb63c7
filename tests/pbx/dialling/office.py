"""An Asterisk with a server whose operators may dial, and what its phones and lines do."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable
from typing import Any

from twisted.internet.defer import Deferred
from twisted.trial.unittest import TestCase

from astcti.protocols.client import CallEvent
from tests.outside import skip_without
from tests.pbx.agents import Agent, Floor
from tests.pbx.daemon import Daemon, password_of
from tests.pbx.exchange import Exchange
from tests.pbx.instance import PHONES, Instance
from tests.pbx.live import EVIDENCE
from tests.pbx.phone import Phone
from tests.pbx.scenarios.scenario import Pop
from tests.pbx.stage import SETTLE_SECONDS, Stage
from tests.pbx.waiting import sleep, until
from tests.pbx.witness import Event
from tests.services.lineclient import LineClient, connect

NOBODY = 299  # a phone that the PBX does not have
PAGE = "http://crm.example/?dialled={CALLDATA}&amp;by={OPERATOR}"

#: Contexts to dial through: name, whether it is the default, numbers allowed.
OUTBOUND = (("dialtest", True, "*"), ("anything", False, "*"), ("ranges", False, "200-299, _0X."))


def runtime_xml(instance: Instance, **changed: Any) -> str:
    """Operators at all phones; each may dial through all services but ``forbidden``, which is Nobody's alone.

    :param changed: settings.
    """
    services = "".join(
        f'<service id="{n}" name="{name}" type="OUTBOUND" default="{default:d}"><variable name="calldata"/>'
        f'<actionref id="1" order="1"/><allow>{allowed}</allow></service>'
        for n, (name, default, allowed) in enumerate(OUTBOUND, 1)
    )
    services += '<service id="8" name="forbidden" type="OUTBOUND"/>'
    services += (
        '<service id="9" name="demo-queue" queue="astcti-queue"><variable name="calldata"/>'
        '<actionref id="1" order="1"/></service>'
    )
    seats = operators = ""
    references = "".join(f'<serviceref id="{s}"/>' for s in (1, 2, 3, 9))
    for n in (*PHONES, NOBODY):
        phone = instance.interface(n)
        answers = f'<extension channel="{phone}" autoanswer="1"/>' if n == 204 else ""
        seats += f'<seat id="{n}" exten="{phone}">{answers}</seat>'
        operators += (
            f'<operator id="{n}" username="op{n}" fullname="Operator {n}" seat="{n}" '
            f'password="{hashlib.md5(password_of(f"op{n}").encode()).hexdigest()}">'
            f"{references}</operator>"
        )
    operators += (
        f'<operator id="8" username="nobody" fullname="Nobody" password="{"0" * 32}"><serviceref id="8"/></operator>'
    )
    settings: dict[str, Any] = {
        "orig_timeout": 5,
        "orig_per_minute": 600,
        "orig_account": "{OPERATOR}",
        "orig_any_priority": "no",
    }
    settings |= changed
    chosen = "".join(f'<setting name="{name}">{value}</setting>' for name, value in settings.items())
    return (
        '<astcti version="2" timestamp="1"><settings>'
        f"{chosen}</settings>"
        f'<actions><action id="1" type="BROWSER"><parameters>{PAGE}</parameters></action></actions>'
        f"<services>{services}</services><seats>{seats}</seats><operators>{operators}</operators></astcti>"
    )


class House:
    """An Asterisk and a server, for all tests of a class."""

    _open: dict[tuple[int, str], House] = {}

    def __init__(self, major: int, technology: str) -> None:
        self.instance = Instance(major, technology)
        self.instance.start()
        self.daemon = Daemon(self.instance, name="dialling")
        (self.daemon.folder / "runtime.xml").write_text(runtime_xml(self.instance))
        # The user that we ship, who may put phones into queues.
        self.daemon.bootstrap.write_text(self.daemon.bootstrap.read_text().replace(">onlooker<", ">astcti<"))
        self.daemon.start()

    @classmethod
    def get(cls, major: int, technology: str) -> House:
        """The one for this version and kind of phones; it ends with the process."""
        if (major, technology) not in cls._open:
            cls._open[major, technology] = cls(major, technology)
        return cls._open[major, technology]


class Dialler(Agent):
    """An agent who dials."""

    async def dial(self, *order: str) -> None:
        """``ORIG``; returns when it is accepted.

        :raises Refused: it is not.
        """
        client = self.service.client
        assert client is not None
        await client.command(" ".join(("ORIG", *order)))

    def dialling(self, number: str) -> Deferred[None]:
        """The same, not waited for."""
        return Deferred.fromCoroutine(self.dial(number))

    async def tele(self, number: str) -> None:
        """``TELE``."""
        client = self.service.client
        assert client is not None
        await client.command(f"TELE {number}")

    async def told(self, kind: str, seconds: float = 12, times: int = 1) -> CallEvent:
        """The last of so many events of a kind."""
        await until(lambda: len(self.of(kind)) >= times, seconds, f"{kind} among {self.kinds}")
        return self.of(kind)[times - 1]

    def of(self, kind: str) -> list[CallEvent]:
        """All events of a kind."""
        return [event for event in self.events if event.id == kind]

    @property
    def kinds(self) -> list[str]:
        """The kinds of all events."""
        return [event.id for event in self.events]

    async def outcome(self) -> tuple[str, int | None]:
        """State and reason of the ``OriginateResponse``, which must be the only one."""
        await self.told("OriginateResponse")
        (event,) = self.of("OriginateResponse")
        return event.call.state, event.call.reason_code

    async def ending(self) -> int | None:
        """The cause told with the end of the call, which is the last that is heard of it."""
        event = await self.told("Hangup")
        await sleep(SETTLE_SECONDS)
        assert self.kinds[-1] == "Hangup", self.kinds
        return event.call.reason_code


class DiallingTestCase(TestCase):
    """Phones plugged in and agents at them, anew for every test."""

    skip = skip_without("ASTCTI_TEST_PBX")
    timeout = 120
    major = 22
    technology = "PJSIP"

    async def setUp(self) -> None:
        self.house = House.get(self.major, self.technology)
        self.exchange = Exchange(self.house.instance)
        self.addCleanup(self.exchange.close)
        await self.exchange.open()
        self.addCleanup(self.exchange.tidy)
        self.addCleanup(self.keep_evidence)
        self.phones: dict[int, Phone] = self.exchange.phones
        self.outside = self.exchange.outside
        self.witness = self.exchange.witness
        self.stage = Stage(self.exchange, self)

    async def staff(self, *numbers: int, daemon: Daemon | None = None) -> list[Dialler]:
        """Agents that are logged in; they go home with the test."""
        agents = [Dialler(number, (daemon or self.house.daemon).port) for number in numbers]
        for agent in agents:
            self.addCleanup(agent.leave)
            await agent.log_in()
        return agents

    async def lines(self, number: int) -> LineClient:
        """A client that says lines, at a seat, with numbers in its failures."""
        client = await connect(self.house.daemon.port)
        self.addCleanup(client.transport.loseConnection)
        await client.ask("CAPS errcodes", "106")
        await client.login(f"op{number}", password_of(f"op{number}"))
        return client

    async def quiet(self) -> None:
        """All calls are over, and the server knows it."""
        await self.witness.quiet()
        await sleep(SETTLE_SECONDS)
        status: Any = self.house.daemon.ask("status")
        self.assertEqual(status["calls"]["channels"], 0)
        self.assertEqual((status["counters"]["faults"], status["counters"]["events"]["faults"]), (0, 0))

    def pops(self) -> list[Pop]:
        """None that a scenario would speak of."""
        return []

    def compare(
        self, channels: dict[str, Event], bridges: dict[str, Event], members: dict[tuple[str, str], Event]
    ) -> str:
        """What the server believes otherwise than the PBX."""
        return Floor(self.house.daemon, ()).compare(channels, bridges, members)

    def user_events(self, name: str) -> list[dict[str, str]]:
        """What the dial plan has told."""
        return [e for e in self.witness.events if e.get("Event") == "UserEvent" and e.get("UserEvent") == name]

    def keep_evidence(self) -> None:
        """Where somebody wants to look at it afterwards: what the PBX said and the server logged."""
        if "ASTCTI_EVIDENCE" not in os.environ:
            return
        folder = EVIDENCE / f"{self.major}-{self.technology}-{self._testMethodName}"
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "pbx.ami").write_bytes(self.witness.raw)
        (folder / "server.log").write_text(self.house.daemon.last_words())

    def behave(self, numbers: Iterable[int], mode: str) -> None:
        """Phones treat calls like that."""
        for number in numbers:
            self.phones[number].behave(mode)
