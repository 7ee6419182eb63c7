"""AMI libraries of others log in to the simulated PBX and follow its calls."""

from __future__ import annotations

import json
import os
import random
import shutil
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from twisted.internet import defer, reactor
from twisted.internet.endpoints import TCP4ServerEndpoint
from twisted.internet.utils import getProcessOutputAndValue
from twisted.trial.unittest import TestCase

from astcti.simulator.channel import escaped
from astcti.simulator.people import NAMES
from astcti.simulator.phones import Habit
from astcti.simulator.server import SimulatorService
from astcti.simulator.traffic import Traffic
from tests.outside import skip_without
from tests.simulator.company import LINES, Company

PEERS = Path(__file__).parent / "peers"
ROOT = Path(__file__).parents[2]
NODE_MODULES = Path(os.environ.get("ASTCTI_CACHE") or ROOT / ".cache").absolute() / "npm" / "node_modules"
SECONDS = 1.5


class PeerTests(TestCase):
    """What an unrelated client sees of a busy PBX."""

    timeout = 60
    skip = skip_without("ASTCTI_TEST_PEERS")

    async def start(self, asterisk: int) -> None:
        """A PBX on a free port, with ten short calls a second."""
        self.company = company = Company(asterisk)
        office = company.office
        office.agenda.now = office.pbx.started = reactor.seconds()
        for phone in company.pbx.phones.values():
            phone.habit = Habit("answer", 0.05, 0.1)
        company.join("astcti-queue", 201, 202)
        service = SimulatorService(reactor, TCP4ServerEndpoint(reactor, 0, interface="127.0.0.1"), office)
        port = await service.listen()
        self.address = port.getHost()
        service.startService()
        self.addCleanup(service.stopService)
        places = [LINES[0].place, LINES[3].place]
        traffic = Traffic(company.pbx, random.Random(1), places, 10.0, (0.1, 0.3))
        traffic.start(0.2)
        self.addCleanup(traffic.stop)

    async def follow(self, *command: str, asterisk: int = 22) -> dict[str, Any]:
        """Run a client and read what it printed."""
        await self.start(asterisk)
        arguments = (self.address.host, str(self.address.port), "astcti", "astcti-secret", str(SECONDS))
        out, err, code = await getProcessOutputAndValue(
            command[0], (*command[1:], *arguments), env=os.environ, path=str(ROOT)
        )
        self.assertEqual(code, 0, err.decode()[-2000:])
        return dict(json.loads(out.decode().splitlines()[-1]))

    def check(self, seen: dict[str, Any]) -> None:
        """The answers are right, and calls were seen from their beginning to their end."""
        answers, events = seen["answers"], seen["events"]
        self.assertEqual(answers["ping"], "Pong")
        self.assertEqual(answers["pause"], "Interface paused successfully")
        self.assertEqual(answers["members"], {"PJSIP/201": "1", "PJSIP/202": "0"})
        self.assertEqual(answers["originate"], "Originate successfully queued")
        self.assertIn(answers["command"], ("Success", "Follows"))
        kinds = {e[0] for e in events}
        self.assertTrue(kinds.issuperset({"Newchannel", "BridgeEnter", "Hangup", "QueueCallerJoin", "VarSet", "Cdr"}))
        callers = {name for kind, channel, name in events if kind == "BridgeEnter" and "trunk" in (channel or "")}
        self.assertTrue(callers)
        self.assertTrue(callers.issubset(map(escaped, NAMES)), callers)
        began = {channel for kind, channel, _ in events if kind == "Newchannel"}
        ended = [channel for kind, channel, _ in events if kind == "Hangup" and channel in began]
        self.assertGreater(len(ended), 10)
        self.assertEqual(len(ended), len(set(ended)))

    def python(self, module: str, program: str) -> defer.Deferred[None]:
        """Test with a library of PyPI."""
        if find_spec(module) is None:
            self.skipTest(f"wants the Python package {module} (pip install .[test])")

        async def run() -> None:
            for asterisk in (16, 22):
                self.check(await self.follow(sys.executable, str(PEERS / program), asterisk=asterisk))

        return defer.Deferred.fromCoroutine(run())

    def test_panoramisk(self) -> defer.Deferred[None]:
        """panoramisk logs in by challenge, asks, orders, and sees calls begin and end."""
        return self.python("panoramisk", "with_panoramisk.py")

    def test_pyst2(self) -> defer.Deferred[None]:
        """pyst2 logs in, asks, orders, and sees calls begin and end."""
        return self.python("asterisk.manager", "with_pyst2.py")

    async def test_asterisk_manager(self) -> None:
        """asterisk-manager, for Node.js, logs in, asks, orders, and sees calls begin and end."""
        node = shutil.which("node")
        if node is None or not (NODE_MODULES / "asterisk-manager").exists():
            self.skipTest("wants Node.js and its package asterisk-manager: tools/setup test")
        self.check(await self.follow(str(node), str(PEERS / "with_asterisk_manager.js"), str(NODE_MODULES)))
