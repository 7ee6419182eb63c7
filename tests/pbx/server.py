"""What the server has to do on a real Asterisk besides following calls; mixed into the tests of each version."""

from __future__ import annotations

import json
import os
import subprocess
import sys

from astcti.protocols.client import Closing
from tests.pbx.daemon import Daemon, password_of
from tests.pbx.instance import END_WITH_PARENT
from tests.pbx.live import LiveTestCase
from tests.pbx.stage import Stage
from tests.pbx.waiting import sleep, until
from tests.pbx.witness import Witness

DENIED = "Permission denied"
FORBIDDEN = ("Command", "DBPut", "UserEvent", "ModuleLoad", "UpdateConfig", "Reload")  # to the shipped manager user
#: Right that is taken away from the shipped manager user, to an event that is then missing.
MISSING = {"system": "FullyBooted", "call": "BridgeEnter", "dialplan": "Newexten", "agent": "AgentConnect"}


class ServerTests(LiveTestCase):
    """The daemon, the agent's program and the manager user, as an administrator has them."""

    async def test_agent_program(self) -> None:
        """``astcti agent`` tells of the call and of the page it would open, with the caller's data."""
        await self.floor.agents.pop(201).leave()
        done = await self._run_agent(self.house.daemon, password_of("op201"), "--user", "op201")
        self.assertEqual(len(done), 1)
        self.assertIn("number=3331234567&name=Mario%20Rossi&data=12345", done[0])

    async def test_shipped_samples(self) -> None:
        """The samples of ``etc`` work together as the guide has them: agent201 sits down at 201, somebody calls 100."""
        daemon = Daemon(self.house.instance, name="shipped", shipped=True)
        daemon.start()
        self.addCleanup(daemon.stop)
        page, message = await self._run_agent(daemon, "demo-201", "--user", "agent201", "--extension", "PJSIP/201")
        self.assertIn("https://crm.example.com/customer?number=3331234567&digits=12345&call=", page)
        self.assertIn("Call from Mario Rossi 3331234567", message)

    async def _run_agent(self, daemon: Daemon, password: str, *options: str) -> list[str]:
        """Run the agent's program for one call to 100; the lines that say what it would do."""
        program = [*END_WITH_PARENT, sys.executable, "-m", "astcti", "agent", "--json", "--dry-run"]
        output = daemon.folder / "agent.out"
        with open(output, "wb") as out:
            agent = subprocess.Popen(
                [*program, "--server", f"127.0.0.1:{daemon.port}", *options],
                env={**os.environ, "ASTCTI_PASSWORD": password}, stdout=out, stderr=out,
            )  # fmt: skip
        try:
            await until(lambda: "PJSIP/201" in output.read_text(), 20, "agent that has logged in")
            self.stage.phones[202].behave("noanswer")
            caller = self.stage.call("100", "12345")
            await until(lambda: "crm.example" in output.read_text(), 10, f"page in {output.read_text()}")
            await sleep(0.3)
            await caller.bye()
            await until(lambda: "Hangup" in output.read_text(), 10, "end of the call")
        finally:
            agent.terminate()
            self.assertEqual(agent.wait(10), 0, output.read_text())
        events = [json.loads(line) for line in output.read_text().splitlines()]
        return [json.dumps(event) for event in events if event["event"] == "action"]

    async def test_ctl(self) -> None:
        """``astcti ctl status`` shows the PBX, the agents and the calls, for people and as JSON."""
        caller, _ = await self.stage.talk(201, "100", "12345")
        status = json.loads(self.house.daemon.ctl("--json", "status"))
        text = self.house.daemon.ctl("status")
        await caller.bye()
        self.assertEqual(status["pbx"]["state"], "up")
        self.assertEqual(status["clients"]["seated"], 6)
        self.assertGreaterEqual(status["calls"]["channels"], 2)
        self.assertEqual((status["counters"]["faults"], status["counters"]["events"]["faults"]), (0, 0))
        self.assertIn("Asterisk Call Manager", text)
        await self.stage.witness.quiet()

    async def test_manager_rights(self) -> None:
        """The shipped manager user sees what is needed, may do nothing more, and needs every right it has."""
        users = ["astcti", *(f"without-{right}" for right in (*MISSING, "reporting"))]
        port = self.house.instance.ports.ami
        watchers = {user: await Witness.connect(port, user, "change-me") for user in users}
        for watcher in watchers.values():
            self.addCleanup(watcher.close)
        await self.stage.join("astcti-queue", 201)
        caller = self.stage.call("101", "12345")
        await self.stage.popped(201)
        full = watchers["astcti"]
        self.assertTrue(await full.channels())
        self.assertTrue(await full.bridges())
        self.assertTrue(await full.members())
        self.assertEqual((await watchers["without-reporting"].act("CoreShowChannels")).get("Message"), DENIED)
        for action in FORBIDDEN:
            self.assertEqual((await full.act(action)).get("Message"), DENIED, action)
        await caller.bye()
        await self.stage.witness.quiet()
        for right, event in MISSING.items():
            self.assertIn(event, {e.get("Event") for e in full.events})
            self.assertNotIn(event, {e.get("Event") for e in watchers[f"without-{right}"].events}, right)

    async def test_starts_while_people_talk(self) -> None:
        """A server that starts in the middle of calls knows them, pops nothing where they are, and pops the next."""
        caller, agent = await self.stage.talk(201, "100", "1")
        late = Daemon(self.house.instance, name="late")
        late.start()
        self.addCleanup(late.stop)
        floor = await self.staff(late, (201, 202, 203))
        stage = Stage(self.exchange, floor)
        await stage.compare()
        await agent.refer("203")
        await self.stage.popped(203)
        await stage.compare()
        await caller.bye()
        await stage.witness.quiet()
        await sleep(0.6)
        await stage.compare()
        self.assertEqual([pop.phone for pop in floor.pops()], [203])
        caller, _ = await self.stage.talk(202, "100", "2")
        await stage.popped(202)
        await caller.bye()
        await stage.witness.quiet()
        self.assertEqual([pop.calldata for pop in floor.agents[202].pops()], ["2"])

    async def test_says_goodbye(self) -> None:
        """Told to stop, the server tells its clients, leaves the PBX and ends with 0."""
        daemon = Daemon(self.house.instance, name="short")
        daemon.start()
        self.addCleanup(daemon.stop)
        floor = await self.staff(daemon, (201,))
        self.assertEqual(daemon.stop(), 0)
        said = floor.agents[201].notices
        await until(lambda: any(isinstance(n, Closing) for n in said), 5, f"goodbye among {said}")
        self.assertEqual(list(daemon.folder.glob("**/*.pid")), [])

    async def test_survives_the_pbx(self) -> None:
        """The PBX restarts in the middle of a call: the server finds it again, nothing is left over, calls pop."""
        await self.stage.talk(201, "100", "1")
        await self.exchange.close()
        self.house.instance.stop(keep=True)
        await sleep(0.5)
        self.house.instance.start()
        await until(lambda: self.house.daemon.ask("status")["pbx"]["up"], 20, "link")
        await self.exchange.open()
        self.stage = Stage(self.exchange, self.floor)
        await self.stage.compare()
        kinds = [event.id for event in self.floor.agents[201].events]
        self.assertEqual(kinds[-1], "Hangup")
        await until(lambda: self.floor.agents[202].service.client, 40, "agent logged in")
        caller, _ = await self.stage.talk(202, "100", "2")
        await self.stage.compare()
        await caller.bye()
        await self.stage.witness.quiet()
