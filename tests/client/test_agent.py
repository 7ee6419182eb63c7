"""A headless agent against a real server session, over sockets of this machine."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from twisted.internet import reactor
from twisted.internet.defer import Deferred, gatherResults, maybeDeferred
from twisted.internet.task import deferLater
from twisted.logger import capturedLogs
from twisted.trial.unittest import TestCase

from astcti.actions.performer import Performer
from astcti.client.agent import Agent
from astcti.client.happenings import (
    ActionDone,
    CallEvent,
    Happening,
    LoggedIn,
    Lost,
    QueueChanged,
    Rejected,
    ServerEvent,
)
from astcti.client.place import ClientPlace
from astcti.client.programs import Programs
from astcti.errors import Refused
from astcti.model.actions import RenderedAction
from astcti.model.commands import ClaimExtension, ClaimMac, Command, Reply, ReportAction, SetSystem
from astcti.protocols.client import Profile, waiting
from astcti.protocols.settings import ProtocolSettings
from astcti.protocols.transport import ServerFactory
from tests.outside import skip_without
from tests.protocols.fakes import OPER1, FakeDesk, a_notice, an_action

SETTINGS = ProtocolSettings(require_tls="no")


class Desk(FakeDesk):
    """A desk on whose own machine an agent may sit, and which may refuse one login."""

    def __init__(self) -> None:
        super().__init__()
        self.seats["00:00:00:00:00:00"] = "SIP/205"
        self.refusals: list[Refused] = []

    def perform(self, client: Any, command: Command) -> Deferred[Reply] | Reply:
        if self.refusals:
            raise self.refusals.pop(0)
        return super().perform(client, command)


class AgentTestCase(TestCase):
    """A server, and agents that are ended with the test."""

    timeout = 30

    def setUp(self) -> None:
        self.desk = Desk()
        self.factory = ServerFactory(reactor, self.desk, SETTINGS)  # type: ignore[arg-type]
        self.port = reactor.listenTCP(0, self.factory, interface="127.0.0.1")  # type: ignore[attr-defined]
        self.address = f"tcp:127.0.0.1:{self.port.getHost().port}"
        self.addCleanup(self.close_server)
        self.story: list[Happening] = []
        self._awaited: list[tuple[type, int, Deferred[Any]]] = []

    async def close_server(self) -> None:
        """Close the listener, and whatever is left of its connections."""
        await maybeDeferred(self.port.stopListening)
        await self.factory.shut_down()
        if self.factory._timer is not None and self.factory._timer.active():
            self.factory._timer.cancel()

    def tell(self, happening: Happening) -> None:
        """Remember it, and let go on whoever waits for it."""
        self.story.append(happening)
        for entry in list(self._awaited):
            kind, count, deferred = entry
            found = [h for h in self.story if isinstance(h, kind)]
            if len(found) >= count:
                self._awaited.remove(entry)
                deferred.callback(found[count - 1])

    def nth(self, kind: type, count: int = 1) -> Deferred[Any]:
        """The happening of this kind, when there have been so many of them."""
        deferred: Deferred[Any] = Deferred()
        self._awaited.append((kind, count, deferred))
        found = [h for h in self.story if isinstance(h, kind)]
        if len(found) >= count:
            self._awaited.pop()
            deferred.callback(found[count - 1])
        return deferred

    def agent(self, username: str = "oper1", digest: str = OPER1, *, performs: bool = False, **profile: Any) -> Agent:
        """An agent at work."""
        performer = Performer(ClientPlace(reactor, Programs(reactor))) if performs else None
        agent = Agent(
            reactor,
            self.address,
            Profile(username=username, digest=digest, **profile),
            self.tell,
            performer=performer,
            server="cti",
        )
        agent.startService()
        self.addCleanup(agent.stopService)
        return agent

    def kinds(self) -> list[str]:
        """What happened, by name; not how the server announced its closing."""
        return [type(h).__name__ for h in self.story if not isinstance(h, ServerEvent)]


class LoginTests(AgentTestCase):
    """Getting in, and staying in."""

    async def test_by_extension(self) -> None:
        """An agent logs in at the phone it names, compressed, and says which system it runs."""
        agent = self.agent(extension="SIP/202", system="LINUX")
        self.assertEqual(await self.nth(LoggedIn), LoggedIn("cti", "oper1", ("SIP/202",), False, 7))
        self.assertEqual(agent.seat, ("SIP/202",))
        self.assertIn(ClaimExtension("SIP/202"), self.desk.asked)
        self.assertIn(SetSystem("LINUX"), self.desk.asked)

    async def test_by_mac(self) -> None:
        """An agent logs in at the computer it names."""
        self.agent(mac="00:1c:bf:37:53:ba", compression=0)
        self.assertEqual((await self.nth(LoggedIn)).seat, ("SIP/201",))

    async def test_by_this_machines_mac(self) -> None:
        """An agent that names neither is known by the machine: here the server's own."""
        self.agent()
        self.assertEqual((await self.nth(LoggedIn)).seat, ("SIP/205",))
        self.assertIn(ClaimMac("00:00:00:00:00:00"), self.desk.asked)

    async def test_fixed_seat(self) -> None:
        """An operator with a seat of their own needs no address."""
        self.agent("boss")
        self.assertEqual((await self.nth(LoggedIn)).seat, ("SIP/100",))
        self.assertFalse([c for c in self.desk.asked if isinstance(c, ClaimMac | ClaimExtension)])

    async def test_wrong_password(self) -> None:
        """A refused login ends the agent, with the reason."""
        agent = self.agent(digest="0" * 32, extension="SIP/202")
        refusal = await agent.ended
        self.assertEqual((refusal.number, refusal.reason), (911, "wrong user name or password"))  # type: ignore[union-attr]
        self.assertEqual(self.story, [Rejected("cti", "wrong user name or password", 911)])
        self.assertFalse(agent.running)

    async def test_refused_seat(self) -> None:
        """So does a refused seat, also when the address is this machine's own."""
        self.agent(mac="00:00:00:00:00:99")
        self.assertEqual((await self.nth(Rejected)).number, 913)
        del self.desk.seats["00:00:00:00:00:00"]
        agent = self.agent()
        self.assertEqual((await agent.ended).number, 913)  # type: ignore[union-attr]
        self.assertEqual(self.kinds(), ["Rejected", "Rejected"])

    async def test_a_server_in_trouble_is_waited_for(self) -> None:
        """A server without a PBX refuses, and the agent stays and says when it tries again."""
        self.desk.refusals = [Refused(905, "no link to the PBX")]
        agent = self.agent(extension="SIP/202")
        lost = await self.nth(Lost)
        self.assertIn("no link to the PBX", lost.reason)
        self.assertGreater(lost.retry_seconds, 1)
        self.assertTrue(agent.running)

    async def test_no_server(self) -> None:
        """Where nobody listens, the agent says so and when it tries again."""
        await self.port.stopListening()
        self.agent(extension="SIP/202")
        self.assertIn("refused", (await self.nth(Lost)).reason)

    async def test_stopping(self) -> None:
        """An agent that is stopped says goodbye, and its seat is free at once."""
        agent = self.agent(extension="SIP/202")
        await self.nth(LoggedIn)
        await agent.stopService()
        self.assertIsNone(await agent.ended)
        self.assertEqual(self.kinds(), ["LoggedIn"])
        for _ in range(100):
            if not self.desk.clients:
                break
            await deferLater(reactor, 0.01)  # type: ignore[arg-type]
        self.assertEqual(self.desk.clients, [])

    async def test_stopping_while_waiting(self) -> None:
        """An agent that waits for its next attempt can be stopped, too."""
        await self.port.stopListening()
        agent = self.agent(extension="SIP/202")
        await self.nth(Lost)
        await agent.stopService()
        self.assertIsNone(await agent.ended)


class ReconnectTests(AgentTestCase):
    """Coming back."""

    async def test_after_a_loss(self) -> None:
        """A lost connection is told, and then the agent is back in its seat."""
        self.patch(waiting, "FIRST_WAIT", 0.05)
        self.agent(extension="SIP/202")
        await self.nth(LoggedIn)
        self.desk.clients[0].dismiss(999, "configuration changed, please log in again", "reload")
        lost = await self.nth(Lost)
        self.assertIn("configuration changed", lost.reason)
        await self.nth(LoggedIn, 2)
        self.assertEqual(self.kinds(), ["LoggedIn", "Lost", "LoggedIn"])

    async def test_still_logged_in_elsewhere(self) -> None:
        """A server that has not noticed the loss yet says that the operator is logged in: the agent waits."""
        self.patch(waiting, "FIRST_WAIT", 0.05)
        self.patch(waiting, "PASSING", {**waiting.PASSING, 910: 0.05})
        agent = self.agent(extension="SIP/202")
        await self.nth(LoggedIn)
        self.desk.refusals = [Refused(910, "operator already logged in")]
        self.desk.clients[0].dismiss(990, "server shutting down", "shutdown")
        await self.nth(LoggedIn, 2)
        self.assertEqual(self.kinds(), ["LoggedIn", "Lost", "Lost", "LoggedIn"])
        self.assertTrue(agent.running)

    async def test_replaced(self) -> None:
        """Whose operator has logged in elsewhere ends, instead of throwing the other one out."""
        self.patch(waiting, "FIRST_WAIT", 0.05)
        agent = self.agent(extension="SIP/202")
        await self.nth(LoggedIn)
        self.desk.clients[0].dismiss(910, "logged in elsewhere", "replaced")
        self.assertEqual((await agent.ended).number, 910)  # type: ignore[union-attr]
        self.assertEqual(self.kinds(), ["LoggedIn", "Rejected"])

    async def test_password_changed_meanwhile(self) -> None:
        """Who is no longer known ends, instead of trying for ever."""
        self.patch(waiting, "FIRST_WAIT", 0.05)
        agent = self.agent(extension="SIP/202")
        await self.nth(LoggedIn)
        self.desk.accounts.clear()
        self.desk.clients[0].dismiss(999, "configuration changed, please log in again", "reload")
        self.assertEqual((await agent.ended).number, 911)  # type: ignore[union-attr]
        self.assertEqual(self.kinds(), ["LoggedIn", "Lost", "Rejected"])


class CallTests(AgentTestCase):
    """Calls."""

    skip = skip_without("ASTCTI_TEST_WHOLE")

    async def test_story_of_a_call(self) -> None:
        """Events come in order, each as it is; actions follow the event that asks for them."""
        self.agent(extension="SIP/202")
        await self.nth(LoggedIn)
        client = self.desk.clients[0]
        client.notify(a_notice("Callerid"), ())
        client.notify(a_notice("Link"), an_action())
        client.notify(a_notice("Hangup"), ())
        client.queue_changed("astcti", True)
        await self.nth(QueueChanged)
        self.assertEqual(
            self.kinds(), ["LoggedIn", "CallEvent", "CallEvent", "ActionDone", "CallEvent", "QueueChanged"]
        )
        link, done = self.story[2], self.story[3]
        assert isinstance(link, CallEvent) and isinstance(done, ActionDone)
        self.assertEqual((link.id, link.call.number, link.call.variables), ("Link", "200", (("calldata", "12345"),)))
        self.assertEqual(done, ActionDone(link.call, an_action()[0]))

    async def test_actions_are_performed_in_order(self) -> None:
        """Every action has its outcome, in order; one that fails does not stop the next."""
        self.agent(extension="SIP/202", performs=True)
        await self.nth(LoggedIn)
        actions = (
            RenderedAction("1", "APPLICATION", "astcti-no-such-program"),
            RenderedAction("2", "APPLICATION", "true"),
            RenderedAction("3", "BROWSER", "", "javascript:alert(1)"),
        )
        self.desk.clients[0].notify(a_notice("Link"), actions)
        await self.nth(ActionDone, 3)
        outcomes = [(h.action.id, h.outcome.status) for h in self.story if isinstance(h, ActionDone) and h.outcome]
        self.assertEqual(outcomes, [("1", "failed"), ("2", "ok"), ("3", "failed")])

    async def test_outcomes_are_reported(self) -> None:
        """A server that wants to know it hears what became of each action, in words where it failed."""
        self.agent(extension="SIP/202", performs=True)
        await self.nth(LoggedIn)
        actions = (
            RenderedAction("1-ab", "APPLICATION", "astcti-no-such-program"),
            RenderedAction("2-ab", "APPLICATION", "true"),
        )
        self.desk.clients[0].notify(a_notice("Link"), actions)
        await self.nth(ActionDone, 2)
        while len(self.reports()) < 2:
            await deferLater(reactor, 0.01)
        failed, ok = self.reports()
        self.assertEqual((failed.id, failed.ok, ok.id, ok.ok), ("1-ab", False, "2-ab", True))
        self.assertIn("astcti-no-such-program", failed.text)
        self.assertRegex(ok.text, r"^\d+ ms$")

    async def test_outcomes_are_reported_later(self) -> None:
        """What could not be said because the connection was lost is said over the next one."""
        agent = self.agent(extension="SIP/202", performs=True)
        await self.nth(LoggedIn)
        self.desk.clients[0].notify(a_notice("Link"), (RenderedAction("1-ab", "APPLICATION", "sleep"),))
        await self.nth(CallEvent)
        agent.connection.client.abort("cable pulled")  # type: ignore[union-attr]
        await self.nth(LoggedIn, 2)
        while not self.reports():
            await deferLater(reactor, 0.01)
        self.assertEqual([r.id for r in self.reports()], ["1-ab"])

    async def test_performed_once(self) -> None:
        """A call that is told again, by whichever server, pops once; what became of it is said again. Repeated by an
        administrator it pops again."""
        agent = self.agent(extension="SIP/202", performs=True)
        await self.nth(LoggedIn)
        action = RenderedAction("1-ab", "APPLICATION", "true")
        self.desk.clients[0].notify(a_notice("Link"), (action,))
        await self.nth(ActionDone)
        agent.connection.client.abort("cable pulled")  # type: ignore[union-attr]
        await self.nth(LoggedIn, 2)
        self.desk.clients[0].notify(a_notice("Link"), (action,))
        self.desk.clients[0].notify(a_notice("Link"), (replace(action, id="1-ab-r1"),))
        await self.nth(ActionDone, 2)
        while len(self.reports()) < 3:
            await deferLater(reactor, 0.01)
        self.assertEqual([h.action.id for h in self.story if isinstance(h, ActionDone)], ["1-ab", "1-ab-r1"])
        self.assertEqual([(r.id, r.ok) for r in self.reports()], [("1-ab", True), ("1-ab", True), ("1-ab-r1", True)])

    async def test_nothing_done_nothing_said(self) -> None:
        """Who only watches does not promise to say what became of actions."""
        self.agent(extension="SIP/202")
        await self.nth(LoggedIn)
        self.assertFalse(self.desk.clients[0].has("actr"))

    def reports(self) -> list[ReportAction]:
        """What the server was told of actions."""
        return [command for command in self.desk.asked if isinstance(command, ReportAction)]

    async def test_many_agents(self) -> None:
        """Many agents live in one process, and each hears of its own calls."""
        agents = [self.agent(name, digest, extension=f"SIP/{n}") for n, (name, digest) in enumerate(
            [("oper1", OPER1), ("boss", OPER1), ("bruno", "098f6bcd4621d373cade4e832627b4f6")], 301
        )]  # fmt: skip
        await self.nth(LoggedIn, 3)
        self.assertEqual(sorted(a.seat[0] for a in agents), ["SIP/100", "SIP/301", "SIP/303"])
        for client in self.desk.clients:
            client.notify(a_notice("Link"), ())
        await self.nth(CallEvent, 3)
        await gatherResults([a.stopService() for a in agents])

    async def test_a_listener_that_fails(self) -> None:
        """What goes wrong while actions are told is logged, and the agent goes on."""
        agent = self.agent(extension="SIP/202")
        await self.nth(LoggedIn)
        told = agent.tell

        def stumble(happening: Happening) -> None:
            if isinstance(happening, ActionDone):
                raise RuntimeError("nobody can read this")
            told(happening)

        agent.tell = stumble
        with capturedLogs():
            self.desk.clients[0].notify(a_notice("Link"), an_action())
            await self.nth(CallEvent)
        self.desk.clients[0].notify(a_notice("Hangup"), ())
        await self.nth(CallEvent, 2)
        self.assertEqual(len(self.flushLoggedErrors(RuntimeError)), 1)
        self.assertTrue(agent.running)
