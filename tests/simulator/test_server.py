"""The simulated PBX on its port: writes, slow readers, time, and the end."""

from __future__ import annotations

from twisted.internet.endpoints import TCP4ServerEndpoint
from twisted.internet.protocol import connectionDone
from twisted.internet.testing import MemoryReactorClock, StringTransport
from twisted.trial.unittest import SynchronousTestCase

from astcti.simulator.server import AMIServerProtocol, SimulatorService
from astcti.simulator.traffic import Traffic
from tests.simulator.company import LINES, LOGIN, START, Company, first, messages


class Transport(StringTransport):
    """A TCP transport that counts its writes, and to whom the other end listens, or not."""

    writes = 0
    aborted = False
    listens = True

    def setTcpNoDelay(self, enabled: bool) -> None:
        """Nothing to do."""

    def write(self, data: bytes) -> None:
        """Count it."""
        self.writes += 1
        super().write(data)
        if self.listens and self.producer is not None:
            self.producer.resumeProducing()

    def loseConnection(self) -> None:
        """The connection ends at once: everything was written."""
        super().loseConnection()
        self.protocol.connectionLost(connectionDone)

    def abortConnection(self) -> None:
        """Note it."""
        self.aborted = True


class ServerTests(SynchronousTestCase):
    """In the time of a test."""

    def setUp(self) -> None:
        """A PBX that listens, and one client."""
        self.reactor = MemoryReactorClock()
        self.reactor.advance(START)
        self.company = Company()
        self.service = SimulatorService(
            self.reactor, TCP4ServerEndpoint(self.reactor, 5038, interface="127.0.0.1"), self.company.office
        )
        self.service.listen()
        self.service.startService()
        self.client, self.transport = self.connect()

    def connect(self) -> tuple[AMIServerProtocol, Transport]:
        """A client that has logged in."""
        factory = self.reactor.tcpServers[0][1]
        protocol, transport = factory.buildProtocol(None), Transport()
        transport.protocol = protocol
        protocol.makeConnection(transport)
        protocol.dataReceived(LOGIN.encode())
        transport.clear()
        transport.writes = 0
        return protocol, transport

    def pass_time(self, seconds: float) -> None:
        """Let time pass, a millisecond at a time."""
        self.reactor.pump([0.001] * int(seconds * 1000))

    def test_traffic(self) -> None:
        """Calls come at about the rate asked for, and the client hears of them as time passes."""
        traffic = Traffic(self.company.pbx, self.company.pbx.chance, [LINES[0].place], 5.0, (0.2, 0.4))
        traffic.start()
        self.service.turn()
        self.pass_time(10)
        heard = [first(m, "Event") for m in messages(self.transport.value())]
        calls = sum(
            1 for m in messages(self.transport.value()) if first(m, "Event") == "Newchannel" and "trunk" in str(m)
        )
        self.assertEqual(calls, traffic.placed)
        self.assertTrue(30 < calls < 70, calls)
        self.assertIn("BridgeEnter", heard)

    def test_reproducible(self) -> None:
        """The same seed gives the same day again, byte for byte."""

        def day(seed: int) -> list[bytes]:
            company = Company(seed=seed)
            Traffic(company.pbx, company.pbx.chance, [line.place for line in LINES], 2.0, hostile=0.3).start()
            company.run(60)
            return [event.encode() for event in company.events]

        self.assertEqual(day(7), day(7))
        self.assertNotEqual(day(7), day(8))

    def test_one_write(self) -> None:
        """Everything that happens at one moment leaves in one write."""
        self.client.dataReceived(b"Action: QueueStatus\r\n\r\nAction: CoreStatus\r\n\r\nAction: Ping\r\n\r\n")
        self.assertEqual(self.transport.writes, 1)

    def test_slow_reader(self) -> None:
        """Who takes nothing for a second is thrown out; who mends in time is not, and has missed nothing."""
        other, stays = self.connect()
        self.transport.listens = stays.listens = False
        self.company.pbx.set_global("one", "1")
        self.service.turn()
        self.company.pbx.set_global("two", "2")
        self.pass_time(0.7)
        self.assertNotIn(b"two", stays.value())
        stays.listens = True
        other.resumeProducing()
        self.assertIn(b"two", stays.value())
        self.pass_time(0.7)
        self.assertEqual((self.transport.aborted, stays.aborted, self.service.thrown_out), (True, False, 1))

    def test_much_at_once(self) -> None:
        """More than fits one write leaves in several, whole and in order."""
        for number in range(30):
            self.company.pbx.set_global("big", f"{number:05d}" * 4000)
        self.service.turn()
        values = [first(m, "Value")[:5] for m in messages(self.transport.value())]
        self.assertEqual(values, [f"{number:05d}" for number in range(30)])
        self.assertGreater(self.transport.writes, 1)

    def test_leaving(self) -> None:
        """A client that is gone is forgotten."""
        self.client.connectionLost(connectionDone)
        self.assertEqual((self.company.office.board.links, self.service.protocols), ([], {}))
        self.company.pbx.set_global("x", "1")

    def test_shutdown(self) -> None:
        """When the PBX stops, clients are told and then left."""
        self.successResultOf(self.service.stopService())
        self.assertEqual(first(messages(self.transport.value())[-1], "Event"), "Shutdown")
        self.assertTrue(self.transport.disconnecting)
        self.assertEqual(self.reactor.getDelayedCalls(), [])

    def test_stumble(self) -> None:
        """Something that goes wrong inside is logged and does not stop the rest."""
        self.company.office.agenda.later(0, lambda: 1 / 0)
        self.company.office.agenda.later(0.1, self.company.pbx.set_global, "after", "1")
        self.service.turn()
        self.pass_time(0.3)
        self.assertEqual(self.company.pbx.globals, {"after": "1"})
        self.assertEqual(len(self.flushLoggedErrors(ZeroDivisionError)), 1)
