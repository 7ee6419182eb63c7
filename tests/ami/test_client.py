"""A link that comes back by itself: connecting, logging in, asking, losing, trying again."""

from __future__ import annotations

from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.error import ConnectionLost, ConnectionRefusedError
from twisted.internet.task import Clock
from twisted.logger import LogLevel, globalLogPublisher
from twisted.test.proto_helpers import EventLoggingObserver
from twisted.trial.unittest import SynchronousTestCase

from astcti.ami.actions import AnyAction, Originate, Ping
from astcti.ami.client import AMIClient, AMIFactory, AMISettings, Credentials
from astcti.ami.message import Interest, Message
from astcti.errors import AMILost, AMIRefused, AMITimeout, AMIUnsendable
from tests.ami.fake import BANNER, Endpoint, Link
from tests.ami.recorded import stream

CREDENTIALS = Credentials("astcti", "astcti-secret")


class Case(SynchronousTestCase):
    def setUp(self) -> None:
        """A client of a PBX in memory, not started."""
        self.clock = Clock()
        self.clock.advance(1000)
        self.endpoint = Endpoint(self.clock)
        self.told: list[str] = []
        self.events: list[Message] = []
        observer = EventLoggingObserver.createWithCleanup(self, globalLogPublisher)
        self.logged: list[Any] = observer  # type: ignore[assignment]

    def make(self, interest: Interest | None = None, **settings: Any) -> AMIClient:
        """A client whose doings are noted in ``told``."""
        self.client = AMIClient(
            self.clock,
            self.endpoint,
            CREDENTIALS,
            settings=AMISettings(**settings),
            interest=interest,
            on_event=self.events.append,
            on_up=lambda: self.told.append("up"),
            on_down=lambda reason: self.told.append(f"down: {reason}"),
            on_give_up=lambda reason: self.told.append(f"gave up: {reason}"),
        )
        return self.client

    def up(self, **settings: Any) -> Link:
        """A client that is up; its link."""
        self.make(**settings).startService()
        link = self.endpoint.accept()
        link.log_in()
        self.assertEqual((self.client.state, self.told), ("up", ["up"]))
        return link

    def warnings(self) -> list[str]:
        """What an administrator has to read."""
        return [
            e["log_format"].format(**e) for e in self.logged if e.get("log_level") in (LogLevel.warn, LogLevel.critical)
        ]


class ConnectingTests(Case):
    def test_states(self) -> None:
        """An administrator sees where the link stands, from nothing to up and back."""
        client = self.make(retry_pause=7)
        seen = [client.state]
        client.startService()
        seen.append(client.state)
        link = self.endpoint.accept()
        seen.append(client.state)
        link.say(BANNER)
        seen.append(client.state)
        link.answer(link.one("Challenge"), b"Challenge: 1")
        seen.append(client.state)
        link.answer(link.one("Login"))
        seen.append(client.state)
        link.say(b"Event: FullyBooted\r\n\r\n")
        seen.append(client.state)
        link.drop(ConnectionLost())
        seen.append(client.state)
        self.assertEqual(seen, ["idle", "connecting", "banner", "challenge", "login", "syncing", "up", "waiting"])
        self.clock.advance(6.9)
        self.assertEqual(self.endpoint.attempts, 1)
        self.clock.advance(0.1)
        self.assertEqual((client.state, self.endpoint.attempts), ("connecting", 2))
        self.assertEqual(self.told[0], "up")
        self.assertTrue(self.told[1].startswith("down: "))

    def test_no_answer(self) -> None:
        """A PBX that does not answer is given up after the configured time, and tried again after the pause."""
        client = self.make(connect_timeout=1.5, retry_pause=30)
        client.startService()
        self.clock.advance(1.5)
        self.assertEqual((client.state, self.endpoint.open), ("waiting", 0))
        self.assertEqual(self.warnings(), ["No link to the PBX: no connection within 1.5 s"])
        self.clock.advance(30)
        self.assertEqual((client.state, self.endpoint.attempts), ("connecting", 2))

    def test_short_pause(self) -> None:
        """A pause under five seconds is raised, and the log says so."""
        client = self.make(retry_pause=1)
        self.assertEqual(client.settings.retry_pause, 5)
        self.assertIn("too short", self.warnings()[0])
        client.startService()
        self.endpoint.refuse(ConnectionRefusedError())
        self.clock.advance(4.9)
        self.assertEqual(self.endpoint.attempts, 1)
        self.clock.advance(0.1)
        self.assertEqual(self.endpoint.attempts, 2)

    def test_tries(self) -> None:
        """After so many tries in a row it stops, says so, and begins again when told to."""
        client = self.make(retries=2, retry_pause=5)
        client.startService()
        for _ in range(3):
            self.endpoint.refuse(ConnectionRefusedError())
            self.clock.advance(5)
        self.assertEqual((self.endpoint.attempts, client.state), (3, "failed"))
        self.assertEqual(len(self.told), 1)
        self.assertIn("gave up: Connection was refused", self.told[0])
        client.retry()
        self.endpoint.accept().log_in()
        self.assertEqual(client.state, "up")

    def test_no_retry(self) -> None:
        """With 0 tries a loss, too, is the end."""
        self.up(retries=0).drop()
        self.clock.advance(1000)
        self.assertEqual((self.endpoint.attempts, self.client.state), (1, "failed"))
        self.assertEqual([word.partition(":")[0] for word in self.told], ["up", "down", "gave up"])

    def test_success_counts_anew(self) -> None:
        """Failures before a success are forgotten."""
        client = self.make(retries=1, retry_pause=5)
        client.startService()
        self.endpoint.refuse(ConnectionRefusedError())
        for _ in range(4):
            self.clock.advance(5)
            link = self.endpoint.accept()
            link.log_in()
            self.assertEqual(client.state, "up")
            link.drop()
        self.assertNotIn("gave up", " ".join(self.told))

    def test_wrong_secret(self) -> None:
        """A wrong secret is tried again patiently, and logged once a minute at most."""
        client = self.make(retry_pause=5)
        client.startService()
        for number in range(14):
            link = self.endpoint.accept()
            link.say(BANNER)
            link.answer(link.one("Challenge"), b"Challenge: 1")
            link.answer(link.one("Login"), b"Response: Error", b"Message: Authentication failed")
            self.clock.advance(0)
            self.assertEqual((client.state, link.open), ("waiting", False), number)
            self.clock.advance(5)
        self.assertEqual(
            self.warnings(), ["No link to the PBX: it refuses the login of astcti: Authentication failed"] * 2
        )
        self.assertEqual(self.told, [])

    def test_retry_now(self) -> None:
        """An administrator need not wait for the pause to end; while there is a link, nothing happens."""
        client = self.make(retry_pause=300)
        client.startService()
        self.endpoint.refuse(ConnectionRefusedError())
        client.retry()
        client.retry()
        self.assertEqual((client.state, self.endpoint.attempts), ("connecting", 2))
        self.endpoint.accept().log_in()
        client.retry()
        self.clock.pump([0, 300, 300])
        self.assertEqual(self.endpoint.attempts, 2)

    def test_settings_while_running(self) -> None:
        """A longer pause in the configuration holds from the next pause on."""
        link = self.up(retry_pause=5)
        self.client.settings = AMISettings(retry_pause=50)
        link.drop()
        self.clock.advance(49)
        self.assertEqual(self.client.state, "waiting")
        self.clock.advance(1)
        self.assertEqual(self.client.state, "connecting")

    def test_settings_of_a_running_link(self) -> None:
        """How soon silence is noticed, and how long answers may take, can be changed while the link is up."""
        link = self.up(ping_interval=300, response_timeout=100)
        self.client.settings = AMISettings(ping_interval=20, response_timeout=5)
        self.clock.pump([1] * 20)
        link.one("Ping")
        self.clock.pump([1] * 6)
        self.assertEqual((self.client.state, link.open), ("waiting", False))

    def test_shorter_pause_while_waiting(self) -> None:
        """A shorter pause holds for the one that is under way; the same settings again put nothing off."""
        self.make(retry_pause=3600).startService()
        self.endpoint.refuse(ConnectionRefusedError())
        self.clock.advance(100)
        self.client.settings = AMISettings(retry_pause=10)
        self.clock.advance(9)
        self.client.settings = AMISettings(retry_pause=10)
        self.clock.advance(1)
        self.assertEqual((self.client.state, self.endpoint.attempts), ("connecting", 2))

    def test_more_tries_after_giving_up(self) -> None:
        """A client that has given up begins anew when the settings allow more tries, and not for any other reason."""
        self.make(retries=0).startService()
        self.endpoint.refuse(ConnectionRefusedError())
        self.client.settings = AMISettings(retries=0, ping_interval=7)
        self.assertEqual((self.client.state, self.endpoint.attempts), ("failed", 1))
        self.client.settings = AMISettings(retries=-1)
        self.assertEqual((self.client.state, self.endpoint.attempts), ("connecting", 2))


class StoppingTests(Case):
    def stopped(self) -> Deferred[None]:
        """Stop the client."""
        return self.client.stopService()

    def test_logs_off(self) -> None:
        """Stopped, it says good-bye and closes, and does not come back."""
        link = self.up()
        stopped = self.stopped()
        self.assertEqual(link.one("Logoff").get("Action"), "Logoff")
        self.assertNoResult(stopped)
        self.clock.advance(0)
        self.successResultOf(stopped)
        self.clock.advance(1000)
        self.assertEqual((self.client.state, self.endpoint.open, self.told), ("idle", 0, ["up"]))
        self.assertEqual(self.clock.getDelayedCalls(), [])

    def test_while_connecting_and_waiting(self) -> None:
        """Stopped at any moment, nothing is left behind."""
        for step in range(4):
            self.setUp()
            self.make().startService()
            if step == 1:
                self.endpoint.refuse(ConnectionRefusedError())
            elif step > 1:
                link = self.endpoint.accept()
                if step == 3:
                    link.say(BANNER)
            stopped = self.stopped()
            self.clock.advance(0)
            self.successResultOf(stopped)
            self.assertEqual((self.client.state, self.endpoint.open), ("idle", 0))
            self.assertEqual(self.clock.getDelayedCalls(), [], step)
            self.assertEqual(
                self.warnings(), ["No link to the PBX: " + str(ConnectionRefusedError())] if step == 1 else []
            )

    def test_one_connection(self) -> None:
        """Stopped and started again at once, there is never more than one connection."""
        link = self.up()
        self.stopped()
        self.client.startService()
        self.client.startService()
        self.assertEqual((self.endpoint.open, link.open), (1, True))
        self.clock.advance(0)
        self.assertEqual((self.endpoint.open, link.open), (1, False))
        self.endpoint.accept().log_in()
        self.assertEqual((self.client.state, self.told), ("up", ["up", "up"]))

    def test_stubborn_pbx(self) -> None:
        """A PBX that does not let go is cut off after a while."""
        link = self.up(response_timeout=10)
        link.loseConnection = lambda: None  # type: ignore[method-assign]
        stopped = self.stopped()
        self.clock.advance(9)
        self.assertNoResult(stopped)
        self.clock.pump([1, 0])
        self.successResultOf(stopped)


class AskingTests(Case):
    def test_actions(self) -> None:
        """Asking is one call; its Deferred fires with the answer, or fails with the PBX's words."""
        link = self.up()
        good, bad = self.client.queueAdd("q", "PJSIP/201", 0), self.client.queueRemove("q", "PJSIP/201")
        add, remove = link.asked()
        link.answer(remove, b"Response: Error", b"Message: Unable to remove interface: Not there")
        link.answer(add, b"Message: Added interface to queue")
        self.assertEqual(self.successResultOf(good).get("Message"), "Added interface to queue")
        self.assertEqual(str(self.failureResultOf(bad, AMIRefused).value), "Unable to remove interface: Not there")

    def test_action_ids(self) -> None:
        """ActionIDs are never used twice, and differ from those of another server on the same PBX."""
        link = self.up()
        for asked in (self.client.ping(), self.client.ping()):
            asked.addErrback(lambda failure: failure.trap(AMILost))
        one, two = (m.action_id for m in link.asked())
        link.drop()
        self.clock.advance(30)
        again = self.endpoint.accept()
        again.log_in()
        self.client.ping()
        three = again.one("Ping").action_id
        self.assertEqual(len({one, two, three}), 3)
        self.assertNotEqual(one.rpartition("-")[0], three.rpartition("-")[0])

    def test_verbs(self) -> None:
        """The short ways give what one wants: a value, lines, a list."""
        link = self.up()
        value, lines, members = (
            self.client.getVar(None, "X"),
            self.client.command("core show uptime"),
            self.client.queueStatus(),
        )
        for action, answer in zip(
            link.asked(), (b"Value: 7", b"Output: a\r\nOutput: b", b"EventList: start"), strict=True
        ):
            link.answer(action, answer)
        link.say(b"Event: QueueMember\r\nActionID: %s\r\n\r\n" % action.action_id.encode())
        link.say(
            b"Event: QueueStatusComplete\r\nActionID: %s\r\nEventList: Complete\r\n\r\n" % action.action_id.encode()
        )
        self.assertEqual(self.successResultOf(value), "7")
        self.assertEqual(self.successResultOf(lines), ["a", "b"])
        self.assertEqual([m.event for m in self.successResultOf(members)], ["QueueMember"])

    def test_every_verb(self) -> None:
        """Each of starpy's verbs sends the action it is named after."""
        link = self.up()
        client = self.client
        client.ping(), client.setVar("c", "v", "x"), client.originate("c", "x", "1"), client.redirect("c", "x", "1")
        client.blindTransfer("c", "x", "1"), client.atxfer("c", "1"), client.hangup("c"), client.park("c")
        client.mixMonitor("c", "f"), client.stopMixMonitor("c"), client.extensionState("1", "x")
        client.queuePause(None, "i"), client.queuePenalty("q", "i", 1), client.queueSummary(), client.status()
        client.coreShowChannels(), client.parkedCalls(), client.bridgeList()
        names = " ".join(m.get("Action") for m in link.asked())
        self.assertEqual(
            names,
            "Ping Setvar Originate Redirect BlindTransfer Atxfer Hangup Park MixMonitor StopMixMonitor ExtensionState "
            "QueuePause QueuePenalty QueueSummary Status CoreShowChannels ParkedCalls BridgeList",
        )

    def test_without_a_link(self) -> None:
        """Before login and without a link, asking fails at once."""
        client = self.make()
        for _ in range(3):
            self.failureResultOf(client.ping(), AMILost)
            self.failureResultOf(client.coreShowChannels(), AMILost)
            if client.state == "idle":
                client.startService()
            elif client.state == "connecting":
                self.endpoint.accept()
        self.assertEqual(self.endpoint.links[0].asked(), [])

    def test_lost(self) -> None:
        """With the link, all that is unanswered fails."""
        link = self.up()
        one, two = self.client.ping(), self.client.queueStatus()
        link.drop(ConnectionLost())
        self.failureResultOf(one, AMILost)
        self.failureResultOf(two, AMILost)

    def test_time_out_and_cancel(self) -> None:
        """An action takes no longer than it may, and can be given up."""
        link = self.up()
        slow, given_up = self.client.sendAction(Ping(), 3), self.client.ping()
        given_up.cancel()
        self.failureResultOf(given_up)
        self.clock.pump([0.5] * 6)
        self.failureResultOf(slow, AMITimeout)
        for action in link.asked():
            link.answer(action)
        self.assertEqual((self.client.state, self.client.counters.unmatched), ("up", 2))

    def test_unsendable(self) -> None:
        """What would forge a header is not sent, and fails with words for whoever asked."""
        link = self.up()
        self.failureResultOf(self.client.sendAction(Originate("a\r\nb")), AMIUnsendable)
        self.assertEqual(link.asked(), [])

    def test_missing_right(self) -> None:
        """The log names the permission the manager user lacks, once."""
        link = self.up()
        for _ in range(3):
            denied = self.client.queueAdd("q", "PJSIP/201")
            link.answer(link.one("QueueAdd"), b"Response: Error", b"Message: Permission denied")
            self.failureResultOf(denied, AMIRefused)
        self.assertEqual(
            self.warnings(),
            ["The PBX denies QueueAdd: its manager user astcti lacks a write permission (agent)"],
        )


class EventTests(Case):
    def test_events(self) -> None:
        """Events of interest arrive in the order of the stream, and the interest can change at any time."""
        link = self.up(interest=Interest(frozenset({b"Newchannel", b"Hangup"})))
        self.events.clear()
        talk = stream(22, "service-answered").partition(b"\r\n")[2]
        link.say(talk)
        self.assertEqual({m.event for m in self.events}, {"Newchannel", "Hangup", "FullyBooted"})
        self.client.interest = Interest(frozenset({b"BridgeEnter"}))
        self.events.clear()
        link.say(talk)
        self.assertEqual({m.event for m in self.events}, {"BridgeEnter", "FullyBooted"})
        link.drop()
        self.clock.advance(30)
        again = self.endpoint.accept()
        again.log_in()
        self.events.clear()
        again.say(talk)
        self.assertEqual({m.event for m in self.events}, {"BridgeEnter", "FullyBooted"})
        self.assertGreater(self.client.counters.skipped, 200)

    def test_failing_taker(self) -> None:
        """An event our own code trips over is logged with its traceback; the link and the next events go on."""
        link = self.up()

        def trip(message: Message) -> None:
            self.events.append(message)
            raise ValueError("tripped")

        link.client.session._outlet = type(link.client.session._outlet)(
            link.write, lambda: None, trip, link.client._trouble, link.client._broken
        )
        link.say(b"Event: Newchannel\r\n\r\nEvent: Hangup\r\n\r\n")
        self.assertEqual([m.event for m in self.events[-2:]], ["Newchannel", "Hangup"])
        self.assertEqual(len(self.flushLoggedErrors(ValueError)), 2)
        self.assertEqual(self.client.state, "up")

    def test_failing_listener(self) -> None:
        """A fault in what is told that the link is up does not take the link along."""
        self.make()
        self.client._on_up = lambda: 1 / 0
        self.client.startService()
        self.endpoint.accept().log_in()
        self.assertEqual(len(self.flushLoggedErrors(ZeroDivisionError)), 1)
        self.assertEqual(self.client.state, "up")

    def test_asking_when_told(self) -> None:
        """Who is told that the link is up, or down, sees it so, and can ask at once."""
        seen: list[str] = []
        asked: list[Deferred[Message]] = []
        client = self.make(retries=0)

        def note(*reason: str) -> None:
            seen.append(client.state)
            asked.append(client.ping())

        client._on_up = client._on_down = client._on_give_up = note
        client.startService()
        link = self.endpoint.accept()
        link.log_in()
        link.answer(link.one("Ping"))
        link.drop()
        self.assertEqual(seen, ["up", "waiting", "failed"])
        self.successResultOf(asked[0])
        self.failureResultOf(asked[1], AMILost)
        self.failureResultOf(asked[2], AMILost)

    def test_stopping_when_told(self) -> None:
        """Who is told that the link is up may stop it at once."""
        self.make()
        self.client._on_up = self.client.stopService
        self.client.startService()
        self.endpoint.accept().log_in()
        self.clock.advance(0)
        self.assertEqual((self.client.state, self.endpoint.open), ("idle", 0))
        self.assertEqual(self.clock.getDelayedCalls(), [])

    def test_always_reads(self) -> None:
        """Asterisk throws out who reads slowly: however much comes and whatever is done with it, we read on."""
        link = self.up()
        for _ in range(20):
            link.say(stream(22, "queue-answered").partition(b"\r\n")[2])
        self.assertEqual(link.producerState, "producing")
        self.assertEqual(self.client.state, "up")

    def test_shutdown(self) -> None:
        """A PBX that goes down is left before the connection breaks, and tried again after the pause."""
        link = self.up(retry_pause=5)
        link.say(b"Event: Shutdown\r\nPrivilege: system,all\r\nShutdown: Cleanly\r\nRestart: False\r\n\r\n")
        self.clock.advance(0)
        self.assertEqual((self.client.state, link.open), ("waiting", False))
        self.assertEqual(self.told, ["up", "down: the PBX shuts down"])
        self.assertEqual(self.events[-1].event, "Shutdown")
        self.clock.advance(5)
        self.assertEqual(self.endpoint.attempts, 2)

    def test_half_open(self) -> None:
        """A PBX that vanished without closing is noticed by its silence."""
        link = self.up(ping_interval=30, response_timeout=10)
        self.clock.pump([1] * 30)
        link.answer(link.one("Ping"), b"Ping: Pong")
        self.clock.pump([1] * 30)
        link.one("Ping")
        self.clock.pump([1] * 11)
        self.assertEqual((self.client.state, link.open), ("waiting", False))
        self.assertIn("no answer to Ping", self.told[-1])

    def test_without_fully_booted(self) -> None:
        """A manager user who may not see FullyBooted is up a second after login."""
        self.make().startService()
        self.endpoint.accept().log_in(booted=False)
        self.assertEqual(self.client.state, "syncing")
        self.clock.pump([0.5, 0.5])
        self.assertEqual((self.client.state, self.told), ("up", ["up"]))

    def test_rubbish(self) -> None:
        """Something else than a PBX at that address is named in the log."""
        self.make().startService()
        link = self.endpoint.accept()
        link.say(b"220 mail.example.org ESMTP\r\n")
        self.clock.advance(0)
        self.assertFalse(link.open)
        self.assertIn("220 mail.example.org ESMTP", self.warnings()[0])


class SingleLinkTests(Case):
    def test_factory(self) -> None:
        """One link for a script: connect, be logged in, ask, log off."""
        factory = AMIFactory(self.clock, CREDENTIALS)
        logging_in = factory.login(self.endpoint)
        link = self.endpoint.accept()
        self.assertNoResult(logging_in)
        link.log_in()
        protocol = self.successResultOf(logging_in)
        self.assertIs(self.successResultOf(protocol.whenUp()), protocol)
        asked = protocol.sendAction(AnyAction("CoreSettings"))
        link.answer(link.one("CoreSettings"), b"AsteriskVersion: 22")
        self.assertEqual(self.successResultOf(asked).get("AsteriskVersion"), "22")
        ended = protocol.logoff()
        self.clock.advance(0)
        self.assertEqual(str(self.successResultOf(ended)), "logged off")
        self.assertEqual(str(self.successResultOf(protocol.whenEnded())), "logged off")
        self.failureResultOf(protocol.whenUp(), AMILost)

    def test_refused(self) -> None:
        """Its Deferred fails with what the PBX said."""
        logging_in = AMIFactory(self.clock, CREDENTIALS).login(self.endpoint)
        link = self.endpoint.accept()
        link.say(BANNER)
        link.answer(link.one("Challenge"), b"Response: Error", b"Message: Permission denied")
        self.clock.advance(0)
        self.assertIn("in the open", str(self.failureResultOf(logging_in, AMIRefused).value))

    def test_plain_over_tls(self) -> None:
        """A PBX that knows no challenge gets the secret over TLS, and only there."""
        self.endpoint.secure = True
        logging_in = AMIFactory(self.clock, CREDENTIALS).login(self.endpoint)
        link = self.endpoint.accept()
        link.say(BANNER)
        link.answer(link.one("Challenge"), b"Response: Error", b"Message: Permission denied")
        login = link.one("Login")
        self.assertEqual(login.get("Secret"), "astcti-secret")
        link.answer(login)
        link.say(b"Event: FullyBooted\r\n\r\n")
        self.successResultOf(logging_in)
