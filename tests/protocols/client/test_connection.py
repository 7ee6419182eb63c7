"""One connection: answers, time-outs and keepalive."""

from __future__ import annotations

from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.task import Clock
from twisted.internet.testing import StringTransport
from twisted.logger import capturedLogs
from twisted.python.failure import Failure
from twisted.trial.unittest import SynchronousTestCase

from astcti.errors import Refused
from astcti.model.notices import CallView
from astcti.protocols.client import (
    CallEvent,
    ClientFactory,
    Closing,
    ConnectionGone,
    CTIClient,
    NoAnswer,
    Profile,
    QueueChanged,
    Welcome,
    digest_of,
    log_in,
)
from tests.protocols.fakes import OPER1

IN = ((b"USER u\n", b"100 OK\n"), (b"PASS d\n", b"102 OK\n"))
EVENT = b'<event id="Link"><call><uniqueid>1.2</uniqueid><channel>SIP/1</channel></call></event>\n'


class ServerEnd:
    """A client at the end of a memory transport; the test is the server."""

    def setUp(self) -> None:
        self.clock = Clock()
        self.events: list[CallEvent] = []
        self.notices: list[Any] = []
        factory = ClientFactory(self.clock, self.events.append, self.notices.append)
        self.client: CTIClient = factory.buildProtocol(None)
        self.transport = StringTransport()
        self.client.makeConnection(self.transport)

    def server(self, text: bytes, wanted: bytes = b"") -> None:
        """See what was sent, then answer."""
        if wanted:
            self.assertEqual(self.transport.value(), wanted)
        self.transport.clear()
        self.client.dataReceived(text)

    def lose(self) -> None:
        self.client.connectionLost(Failure(ConnectionError("reset")))


class ClientTests(ServerEnd, SynchronousTestCase):
    """Questions, answers, and what comes without a question."""

    def test_digest(self) -> None:
        """The form in which passwords travel."""
        self.assertEqual(digest_of("pass"), OPER1)

    def test_answers(self) -> None:
        """A question's Deferred fires with its answer, or fails with the refusal."""
        queues, mac = self.client.queues(), self.client.claim_mac("x")
        self.server(b"100 WELCOME\n")
        self.server(b"202 a\n203 eof\n101 no/bad MAC\n", b"QUEUES\nMAC x\n")
        self.assertEqual(self.successResultOf(queues), (("a", True),))
        self.assertEqual(self.failureResultOf(mac, Refused).value.reason, "no/bad MAC")
        self.assertEqual((self.client.greeting, self.successResultOf(self.client.greeted)), ("WELCOME", "WELCOME"))

    def test_all_methods(self) -> None:
        """Every method says its command."""
        c = self.client
        asked = [
            c.compress(3), c.command("ACCT 7 8"), c.capabilities(), c.keep_alive(), c.claim_extension("1"),
            c.identify(), c.set_system("LINUX"), c.services(), c.change_password("a", "b"),
            c.report("7-a", True), c.report("7-a", False, "50% ü\udcff"),
            c.send_text("bo b", "tea, at 4"), c.noop(), c.quit(),
        ]  # fmt: skip
        self.server(b"100 WELCOME\n")
        self.server(b"103 0\n", b"CMPR 3\n")
        self.server(
            b"100 OK\n106 a\n104 0\n100 OK SIP/1\n100 OK SIP/1\n100 OK\n201 eof\n"
            b"100 OK\n100 OK\n100 OK\n100 OK\n100 OK\n900 OK\n",
            b"ACCT 7 8\nCAPS\nKEEP\nEXTEN 1\nIDEN\nOSTYPE LINUX\nSERVICES\nCHPW a b\nACTR 7-a OK\n"
            b"ACTR 7-a KO 50%25%20%C3%BC%3F\nTEXT bo%20b tea%2C%20at%204\nNOOP\nQUIT\n",
        )
        results = [self.successResultOf(d) for d in asked]
        self.assertEqual(
            results, [0, (100, "OK"), {"a"}, 0, ("SIP/1",), ("SIP/1",), None, (), None, None, None, None, None, None]
        )  # fmt: skip

    def test_log_in(self) -> None:
        """PASS is said when USER was accepted."""
        done = self.client.log_in("oper1", OPER1)
        self.server(b"100 WELCOME\n")
        self.server(b"100 OK\n", b"USER oper1\n")
        self.server(b"102 OK\n", f"PASS {OPER1}\n".encode())
        self.successResultOf(done)

    def test_events_in_order(self) -> None:
        """Events and notices reach the program, and a program's mistake does not cost the connection."""
        self.client._on_event = lambda event: (self.events.append(event), 1 / 0)
        self.server(b"100 WELCOME\n")
        self.server(EVENT + b"202 a\n" + EVENT)
        self.assertEqual(self.events, [CallEvent("Link", CallView("1.2", "SIP/1"))] * 2)
        self.assertEqual(self.notices, [QueueChanged("a", True)])
        self.assertEqual(len(self.flushLoggedErrors(ZeroDivisionError)), 2)

    def test_loss(self) -> None:
        """What was not answered fails, what is asked afterwards too, and the reason is the server's if it gave one."""
        self.server(b"100 WELCOME\n")
        asked = self.client.noop()
        self.lose()
        self.failureResultOf(asked, ConnectionGone)
        self.failureResultOf(self.client.noop(), ConnectionGone)
        self.assertEqual(self.successResultOf(self.client.lost), "reset")
        self.assertEqual(self.clock.getDelayedCalls(), [])
        self.setUp()
        self.server(b"100 WELCOME\n")
        self.server(b"101 server shutting down\n")
        self.lose()
        self.assertEqual(self.notices, [Closing(0, "server shutting down")])
        self.assertEqual(self.successResultOf(self.client.lost), "server shutting down")

    def test_no_greeting(self) -> None:
        """A server that does not greet in time is given up."""
        self.clock.advance(15)
        self.assertTrue(self.transport.disconnected)
        self.lose()
        self.failureResultOf(self.client.greeted, NoAnswer)
        self.assertEqual(self.successResultOf(self.client.lost), "the server does not answer")

    def test_no_answer(self) -> None:
        """So is one that does not answer; each answer gives it new time, and so does a question after a rest."""
        self.server(b"100 WELCOME\n")
        self.clock.advance(14)
        first, second = self.client.noop(), self.client.noop()
        self.clock.advance(14)
        self.server(b"100 OK\n")
        self.successResultOf(first)
        self.clock.advance(14)
        self.assertFalse(self.transport.disconnected)
        self.clock.advance(1)
        self.assertTrue(self.transport.disconnected)
        self.lose()
        self.failureResultOf(second, NoAnswer)

    def test_broken_server(self) -> None:
        """A server that breaks the protocol is left, which the log says."""
        self.server(b"100 WELCOME\n")
        with capturedLogs() as logs:
            self.server(b"<event>" + b"x" * 70_000)
        self.assertTrue(self.transport.disconnected)
        self.assertIn("65536", str(logs[0]["reason"]))
        self.lose()

    def test_keepalive(self) -> None:
        """Half of the time that the server waits after the last word NOOP is said, and only then."""
        done = self.client.keep_alive()
        self.server(b"100 WELCOME\n")
        self.server(b"104 10000\n", b"KEEP\n")
        self.assertEqual(self.successResultOf(done), 10_000)
        self.clock.advance(3)
        self.client.identify()
        self.server(b"100 OK SIP/1\n", b"IDEN\n")
        self.clock.advance(4)
        self.assertEqual(self.transport.value(), b"")
        self.clock.advance(1)
        self.server(b"100 OK\n", b"NOOP\n")
        self.clock.advance(5)
        self.server(b"100 OK\n", b"NOOP\n")
        self.lose()
        self.assertEqual(self.clock.getDelayedCalls(), [])

    def test_no_keepalive(self) -> None:
        """A server that waits for ever needs no NOOP."""
        self.client.keep_alive()
        self.server(b"100 WELCOME\n")
        self.server(b"104 0\n")
        self.clock.advance(10_000)
        self.assertEqual(self.transport.value(), b"")


NO_OTHER = (b"AUTH ?\n", b"106\n")  # ways to log in than PASS


class LogInTests(ServerEnd, SynchronousTestCase):
    """The way to a seat."""

    def go(self, **profile: Any) -> Deferred[Welcome]:
        return Deferred.fromCoroutine(log_in(self.client, Profile(username="u", digest="d", **profile)))

    def play(self, *turns: tuple[bytes, bytes]) -> None:
        self.server(b"100 WELCOME\n")
        for wanted, answer in turns:
            self.server(answer, wanted)

    def test_new_server(self) -> None:
        """Everything is granted."""
        done = self.go(mac="m", system="LINUX")
        self.play(
            (b"CAPS errcodes events2\n", b"106 errcodes events2\n"), (b"CMPR 9\n", b"103 0\n"), NO_OTHER,
            *IN, (b"KEEP\n", b"104 20000\n"), (b"OSTYPE LINUX\n", b"100 OK\n"), (b"IDEN\n", b"101 919 seat not set\n"),
            (b"MAC m\n", b"100 OK SIP/1\n"),
        )  # fmt: skip
        welcome = Welcome(("SIP/1",), 0, 20_000, frozenset({"errcodes", "events2"}), "PASS")
        self.assertEqual(self.successResultOf(done), welcome)

    def test_old_server(self) -> None:
        """A server of the first generation knows half of it, and that is enough."""
        done, no = self.go(mac="m", system="LINUX"), b"101 KO Invalid Command\n"
        self.play(
            (b"CAPS errcodes events2\n", no), (b"CMPR 9\n", no), *IN, (b"KEEP\n", no), (b"OSTYPE LINUX\n", no),
            (b"IDEN\n", no), (b"MAC m\n", b"100 OK\n"),
        )  # fmt: skip
        self.assertEqual(self.successResultOf(done), Welcome((), 0, 15_000, frozenset(), "PASS"))
        self.clock.advance(7.5)
        self.assertEqual(self.transport.value(), b"NOOP\n")

    def test_fixed_seat(self) -> None:
        """Who has a seat need not claim one."""
        done = self.go(extension="1", compression=0, wanted=())
        self.play(*IN, (b"KEEP\n", b"104 0\n"), (b"IDEN\n", b"100 OK SIP/1\n"))
        self.assertEqual(self.successResultOf(done).seat, ("SIP/1",))
        self.assertEqual(self.transport.value(), b"")

    def test_no_seat_wanted(self) -> None:
        """A client without address and phone stays without seat."""
        done = self.go(compression=0, wanted=())
        self.play(*IN, (b"KEEP\n", b"104 0\n"), (b"IDEN\n", b"101 no\n"))
        self.assertEqual(self.successResultOf(done).seat, ())

    def test_wrong_password(self) -> None:
        """The login fails with what the server says."""
        done = self.go(compression=0)
        self.play((b"CAPS errcodes events2\n", b"106 errcodes\n"), NO_OTHER, IN[0], (b"PASS d\n", b"101 911 no\n"))
        self.assertEqual(self.failureResultOf(done, Refused).value.number, 911)

    def test_seat_taken(self) -> None:
        """So it does when the seat is not to be had."""
        done = self.go(compression=0, wanted=(), extension="7")
        self.play(*IN, (b"KEEP\n", b"104 0\n"), (b"IDEN\n", b"101 no\n"), (b"EXTEN 7\n", b"101 KO seat in use\n"))
        self.assertEqual(self.failureResultOf(done, Refused).value.reason, "seat in use")

    def test_no_tls(self) -> None:
        """If TLS is wanted and not to be had, no password is sent."""
        done = self.go(stls=object())
        self.play((b"STLS\n", b"101 KO unknown command\n"))
        self.failureResultOf(done, Refused)
        self.assertEqual(self.transport.value(), b"")
