"""Turns scenarios into tests: each is played on a real Asterisk, with the server and agents of ours at work."""

from __future__ import annotations

import os
from collections.abc import Callable, Coroutine, Iterable
from itertools import pairwise
from pathlib import Path
from typing import Any

from twisted.trial.unittest import TestCase

from tests.outside import skip_without
from tests.pbx.agents import Floor
from tests.pbx.daemon import Daemon
from tests.pbx.exchange import Exchange
from tests.pbx.fetch import PROJECT
from tests.pbx.instance import PHONES, Instance
from tests.pbx.scenarios import Scenario, all_scenarios
from tests.pbx.stage import Stage

EVIDENCE = Path(os.environ.get("ASTCTI_CACHE") or PROJECT / ".cache").absolute() / "tests" / "evidence"


class House:
    """An Asterisk and a server that serve all tests of a class: starting them takes longer than most calls."""

    _open: dict[tuple[int, str], House] = {}

    def __init__(self, major: int, technology: str) -> None:
        self.instance = Instance(major, technology, system="pbx1" if technology == "Local" else "")
        self.instance.start()
        self.daemon = Daemon(self.instance, "twistd" if major == 22 else "serve", tls=technology == "Local")
        self.daemon.start()

    @classmethod
    def get(cls, major: int, technology: str) -> House:
        """The one for this version and kind of phones; it ends with the process."""
        if (major, technology) not in cls._open:
            cls._open[major, technology] = cls(major, technology)
        return cls._open[major, technology]


class LiveTestCase(TestCase):
    """One exchange, plugged in and staffed anew for every test."""

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
        self.floor = await self.staff(self.house.daemon)
        self.stage = Stage(self.exchange, self.floor)

    async def staff(self, daemon: Daemon, numbers: Iterable[int] = PHONES) -> Floor:
        """Agents that are logged in; they go home with the test."""
        floor = Floor(daemon, numbers)
        self.addCleanup(floor.close)
        await floor.open()
        return floor

    async def play(self, scenario: Scenario) -> None:
        """Play a scenario; when it goes wrong, keep what the PBX said and what the server logged."""
        try:
            await scenario.play(self.stage)
            await self.stage.over(scenario.pops, scenario.chances)
            self.check_stories(scenario)
        except BaseException as e:
            e.add_note(f"what was said: {self.keep_evidence(scenario.name)}")
            raise

    def check_stories(self, scenario: Scenario) -> None:
        """Every call an agent heard of has ended, last of all, and was parted as often as it was connected."""
        for agent in self.floor.agents.values():
            interface = self.exchange.interface(agent.number).removesuffix("/n")
            stories = agent.stories(interface)
            for uniqueid, kinds in agent.calls().items():
                self.assertEqual(kinds[-1], "Hangup", f"{uniqueid}: {kinds}")
                self.assertNotIn(("Hangup", "Hangup"), pairwise(kinds), f"{uniqueid}: {kinds}")
            for channel, kinds in stories.items():
                self.assertEqual(kinds.count("Link"), kinds.count("Unlink"), f"{channel}: {kinds}")
            if agent.number in scenario.stories:
                self.assertEqual([" ".join(kinds) for kinds in stories.values()], [scenario.stories[agent.number]])

    def keep_evidence(self, name: str) -> Path:
        """Write down both sides; the folder."""
        folder = EVIDENCE / f"{self.major}-{self.technology}-{name}"
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "pbx.ami").write_bytes(self.exchange.witness.raw)
        (folder / "server.log").write_text(self.house.daemon.last_words())
        agents = (f"{a.number} {e.id} {e.call} {e.actions}" for a in self.floor.agents.values() for e in a.events)
        (folder / "agents.txt").write_text("\n".join(agents))
        return folder


def scenes(case: type[LiveTestCase]) -> type[LiveTestCase]:
    """Class decorator: a test for every scenario that the phones of ``case`` can play."""
    for scenario in all_scenarios(case.technology):
        setattr(case, f"test_{scenario.name}", _test(scenario))
    return case


def _test(scenario: Scenario) -> Callable[[LiveTestCase], Coroutine[Any, Any, None]]:
    async def test(self: LiveTestCase) -> None:
        await self.play(scenario)

    test.__doc__ = scenario.about
    return test
