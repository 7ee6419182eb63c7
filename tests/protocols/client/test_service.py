"""A client that stays."""

from __future__ import annotations

from typing import Any

from twisted.internet.defer import Deferred, fail, succeed
from twisted.internet.endpoints import serverFromString
from twisted.internet.error import ConnectionLost, ConnectionRefusedError
from twisted.internet.interfaces import IStreamClientEndpoint
from twisted.internet.task import Clock
from twisted.internet.testing import StringTransport
from twisted.python.failure import Failure
from twisted.trial.unittest import SynchronousTestCase, TestCase
from zope.interface import implementer

from astcti.protocols.client import CTIClient, CTIClientService, Profile, Welcome
from astcti.protocols.settings import ProtocolSettings
from astcti.protocols.transport import ServerFactory
from tests.protocols.fakes import OPER1, FakeDesk, a_notice, an_action

MAC = "00:1c:bf:37:53:ba"


@implementer(IStreamClientEndpoint)
class FakeEndpoint:
    """Connects to the test, or does not."""

    def __init__(self) -> None:
        self.clients: list[CTIClient] = []
        self.fails: Exception | None = None
        self.never = False
        self.attempts = 0

    def connect(self, factory: Any) -> Deferred[Any]:
        self.attempts += 1
        if self.never:
            return Deferred()
        if self.fails is not None:
            return fail(self.fails)
        client = factory.buildProtocol(None)
        client.makeConnection(StringTransport())
        self.clients.append(client)
        return succeed(client)


class ServiceTests(SynchronousTestCase):
    """Reconnecting, with patience."""

    def setUp(self) -> None:
        self.clock = Clock()
        self.endpoint = FakeEndpoint()
        self.told: list[Any] = []
        self.service = CTIClientService(
            self.clock,
            self.endpoint,
            Profile(username="u", digest="d", compression=0, wanted=()),
            on_up=lambda client, welcome: self.told.append(welcome),
            on_down=lambda reason, seconds: self.told.append((reason, seconds)),
            on_refused=lambda refused: self.told.append(refused.reason),
            chance=lambda: 0.5,
        )
        self.service.startService()

    def serve(self, *answers: bytes) -> None:
        """Answer one by one."""
        for answer in answers:
            self.endpoint.clients[-1].dataReceived(answer)

    def lose(self) -> None:
        self.endpoint.clients[-1].connectionLost(Failure(ConnectionLost()))

    def up(self) -> None:
        self.serve(b"100 WELCOME\n", b"100 OK\n", b"102 OK\n", b"104 0\n", b"100 OK SIP/1\n")

    def test_up_and_down_and_up(self) -> None:
        """The program hears of each login, and of each end with its reason and the wait."""
        self.up()
        self.assertEqual(self.told, [Welcome(("SIP/1",), 0, 0, frozenset(), "PASS")])
        self.assertIs(self.service.client, self.endpoint.clients[-1])
        self.clock.advance(100)
        self.serve(b"101 server shutting down\n")
        self.lose()
        self.assertEqual((self.told[1:], self.service.client), ([("server shutting down", 2.0)], None))
        self.clock.advance(1.9)
        self.assertEqual(len(self.endpoint.clients), 1)
        self.clock.advance(0.1)
        self.up()
        self.assertEqual(len(self.told), 3)

    def test_back_off(self) -> None:
        """A server that is not there is tried ever less often, down to once a minute."""
        self.lose()
        self.endpoint.fails = ConnectionRefusedError()
        self.told.clear()
        waits = []
        for _ in range(11):
            self.clock.advance(self.told[-1][1] if self.told else 2.0)
            waits.append(self.told[-1][1])
        self.assertEqual(waits, [2, 2, 2, 2, 4, 8, 16, 32, 60, 60, 60])

    def test_short_lives_do_not_count(self) -> None:
        """A server that throws us out right after the login is not hammered; a good while starts anew."""
        for wait in (2.0, 2.0, 2.0, 2.0, 2.0, 4.0, 8.0):
            self.up()
            self.lose()
            self.assertEqual(self.told[-1][1], wait)
            self.clock.advance(wait)
        self.up()
        self.clock.advance(30)
        self.lose()
        self.assertEqual(self.told[-1][1], 2.0)

    def test_chance(self) -> None:
        """A floor of clients does not come back in the same second."""
        for chance, wait in ((0.0, 1.0), (0.999, 2.998)):
            self.setUp()
            self.service._chance = lambda chance=chance: chance
            self.lose()
            self.assertAlmostEqual(self.told[-1][1], wait)

    def test_refused(self) -> None:
        """A refused login is reported and not tried again before the server would have forgotten it."""
        self.serve(b"100 WELCOME\n", b"100 OK\n", b"101 KO wrong user name or password\n")
        reason = "wrong user name or password"
        self.assertEqual(self.told, [reason, (f"refused: {reason}", 377.0)])
        self.assertTrue(self.endpoint.clients[-1].transport.disconnected)

    def test_refused_for_now(self) -> None:
        """What may pass by itself is tried again: at once if the server itself waits for the PBX, and when it has
        said so if somebody is locked out."""
        self.service.profile = Profile(username="u", digest="d", compression=0)
        self.lose()
        waits: list[float] = []
        for least, refusal in (
            (0, b"905 no link to the PBX"), (0, b"990 server shutting down"), (5, b"907 try later"),
            (5, b"908 too many logins"), (18.75, b"910 operator already logged in"), (18.75, b"914 seat in use"),
            (75, b"917 locked out"), (50, b"917 too many attempts, retry in 40 s"), (75, b"999 internal error"),
        ):  # fmt: skip
            self.clock.advance(self.told[-1][1])
            self.serve(b"100 WELCOME\n", b"106 errcodes\n", b"106 RESUME\n", b"100 OK\n", b"101 " + refusal + b"\n")
            self.assertEqual(self.told[-1][0], f"refused: {refusal[4:].decode()}")
            waits.append(self.told[-1][1] - least)
        self.assertEqual(waits, [2, 2, 2, 2, 4, 8, 16, 32, 60])

    def test_link_that_comes_back(self) -> None:
        """A server that has been without the PBX for long is tried as often as one that is not there."""
        self.service.profile = Profile(username="u", digest="d", compression=0)
        self.lose()
        waits = [self.told[-1][1]]
        for _ in range(10):
            self.clock.advance(waits[-1])
            self.serve(
                b"100 WELCOME\n", b"106 errcodes\n", b"106 RESUME\n", b"100 OK\n", b"101 905 no link to the PBX\n"
            )
            waits.append(self.told[-1][1])
        self.assertEqual(waits, [2, 2, 2, 2, 2, 4, 8, 16, 32, 60, 60])

    def test_replaced(self) -> None:
        """Whose operator has logged in elsewhere says so once and tries nothing more, until it is started again."""
        self.service.profile = Profile(username="u", digest="d", compression=0)
        self.lose()
        self.clock.advance(2)
        self.serve(b"100 WELCOME\n", b"106 errcodes\n", b"106 RESUME\n", b"100 OK\n", b"102 OK\n", b"104 0\n")
        self.serve(b"100 OK SIP/1\n")
        self.told.clear()
        self.serve(b"101 910 logged in elsewhere\n")
        self.lose()
        self.assertEqual((self.told, self.clock.getDelayedCalls()), (["logged in elsewhere"], []))
        self.successResultOf(self.service.stopService())
        self.service.startService()
        self.assertEqual((len(self.endpoint.clients), self.service.replaced), (3, False))

    def test_sent_away(self) -> None:
        """A server that takes nobody is like one that is not there."""
        self.serve(b"101 KO too many connections\n")
        self.assertEqual(self.told, [("the server takes no clients: too many connections", 2.0)])

    def test_silent_server(self) -> None:
        """A server that stops answering in the middle of a login is left."""
        self.serve(b"100 WELCOME\n")
        self.clock.advance(15)
        self.assertTrue(self.endpoint.clients[-1].transport.disconnected)
        self.lose()
        self.assertEqual(self.told[-1][0], "the server does not answer")

    def test_stop(self) -> None:
        """Stopping says goodbye and waits for the end of the connection."""
        self.up()
        stopped = self.service.stopService()
        self.assertTrue(self.endpoint.clients[-1].transport.value().endswith(b"QUIT\n"))
        self.serve(b"900 OK\n")
        self.assertNoResult(stopped)
        self.assertFalse(self.endpoint.clients[-1].transport.disconnected, "the server closes")
        self.lose()
        self.successResultOf(stopped)
        self.assertEqual((len(self.told), self.clock.getDelayedCalls()), (1, []))

    def test_stop_without_answer(self) -> None:
        """A server that does not say goodbye is not waited for."""
        self.up()
        stopped = self.service.stopService()
        self.clock.advance(2)
        self.assertTrue(self.endpoint.clients[-1].transport.disconnected)
        self.lose()
        self.successResultOf(stopped)

    def test_stop_without_close(self) -> None:
        """Nor is one that says goodbye and does not close."""
        self.up()
        stopped = self.service.stopService()
        self.serve(b"900 OK\n")
        self.clock.advance(2)
        self.assertTrue(self.endpoint.clients[-1].transport.disconnected)
        self.lose()
        self.successResultOf(stopped)

    def test_stop_any_time(self) -> None:
        """While it connects, logs in or waits, the service stops at once."""
        self.successResultOf(self.service.stopService())
        self.assertTrue(self.endpoint.clients[-1].transport.disconnected)
        self.lose()
        self.setUp()
        self.lose()
        self.successResultOf(self.service.stopService())
        self.assertEqual(self.clock.getDelayedCalls(), [])
        self.setUp()
        self.lose()
        self.endpoint.never = True
        self.clock.advance(2)
        self.assertEqual(self.endpoint.attempts, 2)
        self.successResultOf(self.service.stopService())

    def test_mistakes_of_the_program(self) -> None:
        """An error in what the program does on a login does not end the connection."""
        self.service._on_up = lambda client, welcome: 1 / 0
        self.up()
        self.assertIsNotNone(self.service.client)
        self.assertEqual(len(self.flushLoggedErrors(ZeroDivisionError)), 1)


class RealTests(TestCase):
    """On loopback, with our server."""

    timeout = 20

    async def test_server_comes_back(self) -> None:
        """A client follows a server that is restarted, and hears its calls there."""
        from twisted.internet import reactor

        desks = [FakeDesk(), FakeDesk()]
        ups, events = [Deferred(), Deferred()], [Deferred(), Deferred()]
        waiting = iter(ups), iter(events)
        factory = ServerFactory(reactor, desks[0], ProtocolSettings())
        port = await serverFromString(reactor, "tcp:0:interface=127.0.0.1").listen(factory)
        number = port.getHost().port
        service = CTIClientService(
            reactor,
            f"tcp:127.0.0.1:{number}",
            Profile(username="oper1", digest=OPER1, mac=MAC),
            on_up=lambda client, welcome: next(waiting[0]).callback(welcome),
            on_event=lambda event: next(waiting[1]).callback(event),
            chance=lambda: -0.49,
        )
        service.startService()
        for turn, desk in enumerate(desks):
            self.assertEqual((await ups[turn]).seat, ("SIP/201",))
            desk.clients[0].notify(a_notice(), an_action())
            self.assertEqual((await events[turn]).actions, tuple(an_action()))
            await port.stopListening()
            if turn == 0:
                await factory.shut_down()
                factory = ServerFactory(reactor, desks[1], ProtocolSettings())
                port = await serverFromString(reactor, f"tcp:{number}:interface=127.0.0.1").listen(factory)
        await service.stopService()
        await factory.shut_down()
        self.assertEqual([desk.clients for desk in desks], [[], []])
