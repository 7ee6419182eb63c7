"""A link's life, as short conversations: login, answers, lists, silence, loss."""

from __future__ import annotations

from collections.abc import Iterator
from hashlib import md5

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from astcti.ami import actions
from astcti.ami.message import Interest, Message, MessageReader
from astcti.ami.session import Answer, Credentials, Outlet, Session, SessionSettings
from astcti.errors import AMIError, AMILost, AMIProtocolError, AMIRefused, AMITimeout, AMIUnsendable
from tests.ami.recorded import sent, stream

BANNER = b"Asterisk Call Manager/5.0.4\r\n"
ACCEPTED = b"Response: Success\r\nActionID: t%d\r\nMessage: Authentication accepted\r\n\r\n"
BOOTED = b"Event: FullyBooted\r\nPrivilege: system,all\r\nStatus: Fully Booted\r\n\r\n"


class Notes:
    """Everything a session does, noted."""

    def __init__(self) -> None:
        self.outlet = Outlet(self.write, self.up, self.event, self.trouble, self.broken)
        self.data = b""
        self.events: list[Message] = []
        self.ups = 0
        self.ends: list[AMIError] = []
        self.troubles: list[Message] = []
        self.fails_at = ""

    def write(self, data: bytes) -> None:
        """Note what is sent."""
        self.data += data

    def up(self) -> None:
        """Note that the link is open."""
        self.ups += 1

    def event(self, message: Message) -> None:
        """Note an event, or fail with it."""
        if self.fails_at and message.event == self.fails_at:
            raise ValueError(self.fails_at)
        self.events.append(message)

    def trouble(self, message: Message) -> None:
        """Note the event whose taker failed."""
        self.troubles.append(message)

    def broken(self, error: AMIError) -> None:
        """Note why it ended."""
        self.ends.append(error)

    def sent(self) -> list[Message]:
        """The actions sent since the last look."""
        data, self.data = self.data, b""
        return MessageReader(banner=False).feed(data)

    @property
    def names(self) -> list[str]:
        """The names of the events so far."""
        return [m.event for m in self.events]


class Case(SynchronousTestCase):
    """A session with noted doings, whose ActionIDs are ``t1, t2, …`` like those of the recordings."""

    def begin(self, interest: Interest | None = None, secure: bool = False, **settings: object) -> Session:
        """A link that was just made, at time 0."""
        self.notes = Notes()
        self.session = Session(
            Credentials("astcti", "astcti-secret"),
            self.notes.outlet,
            id_prefix="t",
            interest=interest,
            secure=secure,
            settings=SessionSettings(**settings),  # type: ignore[arg-type]
        )
        self.session.connected(0.0)
        return self.session

    def open(self, interest: Interest | None = None, **settings: object) -> Session:
        """A link that is up at time 0; its next action is ``t3``."""
        session = self.begin(interest, **settings)
        session.feed(BANNER + b"Response: Success\r\nActionID: t1\r\nChallenge: 1\r\n\r\n" + ACCEPTED % 2 + BOOTED, 0.0)
        self.assertEqual((session.state, self.notes.ups), ("up", 1))
        self.notes.sent()
        self.notes.events.clear()
        return session

    def ask(self, action: actions.Action, now: float = 0.0, **how: object) -> list[Answer]:
        """Send an action; the list returned gets its answer."""
        answers: list[Answer] = []
        self.session.send(action, answers.append, now, **how)  # type: ignore[arg-type]
        return answers


class LoginTests(Case):
    def test_recorded(self) -> None:
        """Login by challenge as both Asterisks were recorded: we send what was sent, and are up with FullyBooted."""
        for version in (16, 22):
            session = self.begin()
            for message in stream(version, "ami-login-md5").replace(b"\r\n\r\n", b"\r\n\r\n\0").split(b"\0")[:4]:
                session.feed(message, 0.0)
            ours, theirs = self.notes.sent(), MessageReader(banner=False).feed(sent(version, "ami-login-md5"))
            self.assertEqual([m.get("Action") for m in ours], ["Challenge", "Login"])
            for mine, other in zip(ours, theirs, strict=False):
                self.assertLessEqual(set(other.headers), set(mine.headers))
            self.assertEqual((session.state, self.notes.ups), ("up", 1))
            self.assertEqual(self.notes.names, ["FullyBooted", "SuccessfulAuth"])
            self.assertRegex(session.banner, "^Asterisk Call Manager/")

    def test_states(self) -> None:
        """An administrator sees how far the login is."""
        session = self.begin()
        seen = [session.state]
        for data in (
            BANNER,
            b"Response: Success\r\nActionID: t1\r\nChallenge: 399635751\r\n\r\n",
            ACCEPTED % 2,
            BOOTED,
        ):
            session.feed(data, 0.0)
            seen.append(session.state)
        self.assertEqual(seen, ["banner", "challenge", "login", "syncing", "up"])
        self.assertEqual(self.notes.sent()[1].get("Key"), md5(b"399635751astcti-secret").hexdigest())

    def test_refused(self) -> None:
        """A wrong secret, an unknown user and a forbidden address all end the link with Asterisk's own words."""
        for version in (16, 22):
            session = self.begin()
            session.feed(stream(version, "ami-login-md5-wrong"), 0.0)
            [error] = self.notes.ends
            self.assertIsInstance(error, AMIRefused)
            self.assertEqual(str(error), "Authentication failed")
            self.assertEqual((session.state, self.notes.ups), ("failed", 0))

    def test_without_fully_booted(self) -> None:
        """A user who may not see FullyBooted is up a second after login all the same."""
        session = self.begin()
        session.feed(BANNER + b"Response: Success\r\nActionID: t1\r\nChallenge: 1\r\n\r\n" + ACCEPTED % 2, 5.0)
        session.tick(5.9)
        self.assertEqual(session.state, "syncing")
        session.tick(6.0)
        self.assertEqual((session.state, self.notes.ups), ("up", 1))
        session.feed(BOOTED, 7.0)
        self.assertEqual((self.notes.names, self.notes.ups), (["FullyBooted"], 1))

    def test_booted_before_the_response(self) -> None:
        """FullyBooted that overtakes the response to the login counts."""
        session = self.begin()
        session.feed(BANNER + b"Response: Success\r\nActionID: t1\r\nChallenge: 1\r\n\r\n" + BOOTED + ACCEPTED % 2, 0.0)
        self.assertEqual((session.state, self.notes.ups), ("up", 1))

    def test_no_challenge(self) -> None:
        """Where there is no challenge, the secret is said over TLS or where the administrator allows it, else never."""
        no = b"Response: Error\r\nActionID: t1\r\nMessage: Must specify AuthType\r\n\r\n"
        for how in ({"secure": True}, {"plaintext_login": True}):
            session = self.begin(**how)  # type: ignore[arg-type]
            session.feed(BANNER + no, 0.0)
            self.assertEqual(self.notes.sent()[1].get("Secret"), "astcti-secret")
            session.feed(ACCEPTED % 2 + BOOTED, 0.0)
            self.assertEqual(session.state, "up")
        for answer in (no, b"Response: Success\r\nActionID: t1\r\n\r\n"):
            session = self.begin()
            session.feed(BANNER + answer, 0.0)
            self.assertEqual([m.get("Action") for m in self.notes.sent()], ["Challenge"])
            self.assertIn("in the open", str(self.notes.ends[0]))

    def test_not_asterisk(self) -> None:
        """Pointed at some other server, nothing is sent to it, and the log says what greeted us."""
        session = self.begin()
        session.feed(b"SSH-2.0-OpenSSH_9.2\r\n", 0.0)
        self.assertIsInstance(self.notes.ends[0], AMIProtocolError)
        self.assertIn("SSH-2.0-OpenSSH_9.2", str(self.notes.ends[0]))
        self.assertEqual(self.notes.data, b"")

    def test_silent_server(self) -> None:
        """A server that accepts the connection and says nothing, or stops during login, is given up in time."""
        session = self.begin()
        session.tick(9.9)
        self.assertEqual(self.notes.ends, [])
        session.tick(10.0)
        self.assertIsInstance(self.notes.ends[0], AMITimeout)
        session = self.begin()
        session.feed(BANNER, 0.0)
        session.tick(10.0)
        self.assertIsInstance(self.notes.ends[0], AMITimeout)

    def test_lost_during_login(self) -> None:
        """A connection lost half way up is reported once."""
        session = self.begin()
        session.feed(BANNER, 0.0)
        session.lost(AMILost("gone"))
        self.assertEqual([str(e) for e in self.notes.ends], ["gone"])

    def test_secret_with_a_line_break(self) -> None:
        """A user name that would forge a header is refused in words."""
        notes = Notes()
        session = Session(Credentials("a\r\nb", "c"), notes.outlet, id_prefix="t")
        session.feed(BANNER + b"Response: Success\r\nActionID: t1\r\nChallenge: 1\r\n\r\n", 0.0)
        self.assertIsInstance(notes.ends[0], AMIUnsendable)


class AnswerTests(Case):
    def test_answers(self) -> None:
        """Answers find their askers, in whatever order they come, with events between."""
        session = self.open()
        first, second = self.ask(actions.Ping()), self.ask(actions.Getvar("calldata"))
        self.assertEqual([m.action_id for m in self.notes.sent()], ["t3", "t4"])
        session.feed(
            b"Response: Success\r\nActionID: t4\r\nValue: 1\r\n\r\nEvent: Hangup\r\n\r\n"
            b"Response: Success\r\nActionID: t3\r\nPing: Pong\r\n\r\n",
            0.1,
        )
        [[pong]], [[value]] = first, second
        assert isinstance(pong, Message) and isinstance(value, Message)
        self.assertEqual((pong.get("Ping"), value.get("Value")), ("Pong", "1"))
        self.assertEqual(self.notes.names, ["Hangup"])

    def test_refusals(self) -> None:
        """What Asterisk refuses fails with Asterisk's reason, as recorded from a user without rights."""
        for version in (16, 22):
            session = self.open()
            session._serial = 1  # as the recorded client counted
            ping, originate = self.ask(actions.Ping()), self.ask(actions.Originate("PJSIP/201"))
            recorded = stream(version, "ami-permissions-onlycall").partition(b"accepted\r\n\r\n")[2]
            session.feed(recorded.partition(b"Response: Success\r\nActionID: t5")[0], 0.0)
            self.assertIsInstance(ping[0], list)
            self.assertIsInstance(originate[0], AMIRefused)
            self.assertEqual(str(originate[0]), "Permission denied")
            self.assertEqual(session.counters.refused, 2)

    def test_old_answers(self) -> None:
        """Asterisk 1.4's own words for yes are a yes."""
        session = self.open()
        for word in (b"Pong", b"Events On", b"Goodbye"):
            answers = self.ask(actions.Ping())
            number = session._serial
            session.feed(b"Response: %s\r\nActionID: t%d\r\n\r\n" % (word, number), 0.0)
            self.assertIsInstance(answers[0], list)

    def test_time_out(self) -> None:
        """Who gets no answer is told so in time, and an answer that comes too late is counted and ignored."""
        session = self.open()
        slow, slower = self.ask(actions.Ping()), self.ask(actions.Hangup("SIP/1"), seconds=20.0)
        session.tick(9.9)
        self.assertEqual((slow, slower), ([], []))
        session.tick(10.0)
        self.assertIsInstance(slow[0], AMITimeout)
        self.assertEqual(slower, [])
        session.feed(b"Response: Success\r\nActionID: t3\r\n\r\n", 10.1)
        session.tick(20.0)
        self.assertIn("Hangup within 20 s", str(slower[0]))
        self.assertEqual((len(slow), session.counters.timeouts, session.counters.unmatched), (1, 2, 1))

    def test_not_up(self) -> None:
        """Nothing can be asked of a link that is not open, and nothing is sent."""
        session = self.begin()
        self.assertRaises(AMILost, session.send, actions.Ping(), print, 0.0)
        session = self.open()
        session.lost(AMILost("gone"))
        self.assertRaises(AMILost, session.send, actions.Ping(), print, 0.0)
        self.assertEqual(self.notes.sent(), [])

    def test_lost(self) -> None:
        """With the link everything fails that is unanswered, at once."""
        session = self.open()
        one, two = self.ask(actions.Ping()), self.ask(actions.QueueStatus(), listing=True)
        session.lost(AMILost("connection reset"))
        self.assertEqual([str(answers[0]) for answers in (one, two)], ["connection reset"] * 2)
        self.assertEqual([str(e) for e in self.notes.ends], ["connection reset"])

    def test_asking_again_when_told(self) -> None:
        """Who is told of a failure may ask something else at once."""
        session = self.open()
        again: list[str] = []

        def told(answer: Answer) -> None:
            again.append(session.send(actions.Ping(), lambda answer: None, 10.0))

        session.send(actions.Ping(), told, 0.0)
        session.tick(10.0)
        self.assertEqual(again, ["t4"])
        session.lost(AMILost("gone"))
        self.assertEqual(session.state, "failed")

    def test_forgotten(self) -> None:
        """Who gives up waiting is not told any more."""
        session = self.open()
        answers: list[Answer] = []
        action_id = session.send(actions.Ping(), answers.append, 0.0)
        session.forget(action_id)
        session.feed(b"Response: Success\r\nActionID: t3\r\n\r\n", 0.0)
        self.assertEqual((answers, session.counters.unmatched), ([], 1))

    def test_unsendable(self) -> None:
        """What cannot be sent leaves no trace: the next answer finds its asker."""
        session = self.open()
        self.assertRaises(AMIUnsendable, session.send, actions.Hangup("a\nb"), print, 0.0)
        self.assertEqual((self.notes.data, len(session._pending)), (b"", 0))


class ListTests(Case):
    def test_recorded(self) -> None:
        """Every list that was recorded from 16 and 22 is collected whole, whatever its end is called."""
        for version in (16, 22):
            session = self.open(Interest(frozenset({b"Hangup"})))
            session._serial = 0
            answers: dict[str, list[Answer]] = {}
            for message in MessageReader(banner=False).feed(sent(version, "lists")):
                listing = b"EventList: start\r\n" in next(
                    m.raw + b"\r\n"
                    for m in MessageReader().feed(stream(version, "lists"))
                    if m.action_id == message.action_id
                )
                answers[message.action_id] = self.ask(actions.AnyAction(message.get("Action")), listing=listing)
            everything = MessageReader().feed(stream(version, "lists"))
            data = stream(version, "lists").partition(b"\r\n")[2]
            for at in range(0, len(data), 1000):
                session.feed(data[at : at + 1000], 0.0)
            self.assertEqual([key for key, answer in answers.items() if len(answer) != 1], [])
            for key, [answer] in answers.items():
                theirs = [m for m in everything if m.action_id == key]
                if theirs[0].response == "Error":
                    self.assertIsInstance(answer, AMIRefused)
                elif theirs[0].get("EventList"):
                    assert isinstance(answer, list)
                    self.assertEqual([m.raw for m in answer], [m.raw for m in theirs[1:-1]])
                    self.assertEqual(str(len(answer)), theirs[-1].get("ListItems", str(len(answer))))
            self.assertGreater(sum(isinstance(answer, list) and len(answer) > 1 for [answer] in answers.values()), 8)
            self.assertIsNone(session._reader.marker)
            self.assertEqual(session.counters.unmatched, 0)

    def test_old_form(self) -> None:
        """Asterisk 1.4 says nowhere that a list begins or ends: the name of its last event does."""
        session = self.open()
        answers = self.ask(actions.QueueStatus(), listing=True)
        for data in (
            b"Response: Success\r\nActionID: t3\r\nMessage: Queue status will follow\r\n\r\n",
            b"Event: QueueParams\r\nQueue: astcti\r\nActionID: t3\r\n\r\n",
            b"Event: AgentComplete\r\nQueue: astcti\r\n\r\n",
            b"Event: QueueMember\r\nQueue: astcti\r\nLocation: SIP/201\r\nActionID: t3\r\n\r\n",
        ):
            session.feed(data, 0.0)
        self.assertEqual(answers, [])
        session.feed(b"Event: QueueStatusComplete\r\nActionID: t3\r\n\r\n", 0.0)
        [answer] = answers
        assert isinstance(answer, list)
        self.assertEqual([m.event for m in answer], ["QueueParams", "QueueMember"])
        self.assertEqual(self.notes.names, ["AgentComplete"])

    def test_events_before_the_response(self) -> None:
        """Events of a list that overtake its response belong to it."""
        session = self.open(Interest(frozenset()))
        answers = self.ask(actions.ParkedCalls(), listing=True)
        session.feed(b"Event: ParkedCall\r\nActionID: t3\r\n\r\n", 0.0)
        session.feed(b"Event: ParkedCallsComplete\r\nActionID: t3\r\nEventList: Complete\r\n\r\n", 0.0)
        self.assertEqual(answers, [])
        session.feed(b"Response: Success\r\nActionID: t3\r\nEventList: start\r\n\r\n", 0.0)
        assert isinstance(answers[0], list)
        self.assertEqual([m.event for m in answers[0]], ["ParkedCall"])

    def test_two_at_once(self) -> None:
        """Two lists under way keep apart, and events that nobody asked for are still skipped."""
        session = self.open(Interest(frozenset({b"Hangup"})))
        one, two = self.ask(actions.QueueStatus("a"), listing=True), self.ask(actions.QueueStatus("b"), listing=True)
        for action_id in (b"t3", b"t4", b"t4", b"t3"):
            session.feed(b"Event: QueueMember\r\nLocation: %s\r\nActionID: %s\r\n\r\n" % (action_id, action_id), 0.0)
        session.feed(b"Event: QueueMember\r\nActionID: other\r\n\r\nEvent: Hangup\r\n\r\n", 0.0)
        for action_id in (b"t3", b"t4"):
            session.feed(b"Response: Success\r\nActionID: %s\r\n\r\n" % action_id, 0.0)
            session.feed(b"Event: QueueStatusComplete\r\nActionID: %s\r\n\r\n" % action_id, 0.0)
        assert isinstance(one[0], list) and isinstance(two[0], list)
        self.assertEqual([m.get("Location") for m in one[0] + two[0]], ["t3", "t3", "t4", "t4"])
        self.assertEqual(self.notes.names, ["Hangup"])

    def test_long_list(self) -> None:
        """A list may take as long as it needs while its events keep coming, and fails when they stop."""
        session = self.open()
        answers = self.ask(actions.CoreShowChannels(), listing=True)
        item = b"Event: CoreShowChannel\r\nActionID: t3\r\n\r\n"
        for now in range(0, 40, 8):
            session.feed(item, now)
            session.tick(now + 1.0)
        self.assertEqual(answers, [])
        session.tick(42.0)
        self.assertIsInstance(answers[0], AMITimeout)
        other = self.ask(actions.CoreShowChannels(), listing=True)
        session.interest = Interest(frozenset())
        session.feed(item, 42.0)
        self.assertEqual((other, session.counters.unmatched), ([], 1))

    def test_refused(self) -> None:
        """A list that is refused, or broken off, fails."""
        session = self.open()
        answers = self.ask(actions.BridgeList(), listing=True)
        session.feed(b"Response: Error\r\nActionID: t3\r\nMessage: No Contacts found\n\r\n\r\n", 0.0)
        self.assertEqual(str(answers[0]), "No Contacts found")
        answers = self.ask(actions.BridgeList(), listing=True)
        session.feed(b"Event: X\r\nActionID: t4\r\nEventList: Cancelled\r\n\r\n", 0.0)
        self.assertIsInstance(answers[0], AMIRefused)

    def test_originate_result_is_no_list_event(self) -> None:
        """OriginateResponse carries our ActionID and is an event like all others, also while a list is awaited."""
        session = self.open(Interest(frozenset({b"OriginateResponse"})))
        self.ask(actions.Originate("PJSIP/201"))
        self.ask(actions.QueueStatus(), listing=True)
        session.feed(b"Event: OriginateResponse\r\nActionID: t3\r\nResponse: Failure\r\nReason: 0\r\n\r\n", 0.0)
        self.assertEqual(self.notes.names, ["OriginateResponse"])

    def test_endless(self) -> None:
        """A list without end does not eat our memory."""
        session = self.open()
        answers = self.ask(actions.QueueStatus(), listing=True)
        self.patch(__import__("astcti.ami.session.pending", fromlist=["x"]), "MAX_ITEMS", 10)
        session.feed(b"Event: QueueMember\r\nActionID: t3\r\n\r\n" * 11, 0.0)
        self.assertIsInstance(answers[0], AMIProtocolError)


class OpenTests(Case):
    def test_silence(self) -> None:
        """A half-open link is found out: silence, then a ping without answer."""
        session = self.open()
        session.tick(29.9)
        self.assertEqual(self.notes.sent(), [])
        session.tick(30.0)
        session.tick(31.0)
        [ping] = self.notes.sent()
        self.assertEqual(ping.get("Action"), "Ping")
        session.tick(40.0)
        [error] = self.notes.ends
        self.assertIsInstance(error, AMILost)
        self.assertIn("Ping", str(error))

    def test_answered_ping(self) -> None:
        """A quiet PBX that answers pings is left alone; one that talks is not pinged at all."""
        session = self.open()
        for number in range(3, 8):
            now = 30.0 * (number - 2)
            session.tick(now)
            session.feed(b"Response: Success\r\nActionID: t%d\r\nPing: Pong\r\n\r\n" % number, now)
        self.assertEqual(len(self.notes.sent()), 5)
        session.feed(b"Event: Hangup\r\n\r\n", 170.0)
        session.tick(190.0)
        self.assertEqual((self.notes.sent(), self.notes.ends), ([], []))

    def test_never_pinged(self) -> None:
        """Pings can be turned off."""
        self.open(ping_interval=0.0).tick(1e6)
        self.assertEqual(self.notes.sent(), [])

    def test_busy_but_late(self) -> None:
        """A PBX so busy that its answer to the ping is late, but which goes on talking, is not given up."""
        session = self.open()
        session.tick(30.0)
        session.feed(b"Event: Hangup\r\n\r\n", 35.0)
        session.tick(40.0)
        self.assertEqual((self.notes.ends, session.state), ([], "up"))
        session.tick(65.0)
        self.assertEqual(len(self.notes.sent()), 2)

    def test_shutdown(self) -> None:
        """A PBX that says it goes down is left at once, with all events it told before."""
        for version in (16, 22):
            session = self.open()
            self.ask(actions.Ping())
            session.feed(stream(version, "server-shutdown").partition(b"\r\n")[2], 0.0)
            [error] = self.notes.ends
            self.assertIn("shuts down", str(error))
            self.assertEqual(self.notes.names[-1], "Shutdown")
            self.assertIn("Hangup", self.notes.names)
            session.feed(b"Event: Hangup\r\n\r\n", 1.0)
            self.assertEqual(self.notes.names[-1], "Shutdown")

    def test_a_failing_taker(self) -> None:
        """An event that our own code trips over does not cost the next one."""
        session = self.open()
        self.notes.fails_at = "Newchannel"
        session.feed(b"Event: Newchannel\r\n\r\nEvent: Hangup\r\n\r\n", 0.0)
        self.assertEqual(self.notes.names, ["Hangup"])
        self.assertEqual((len(self.notes.troubles), session.counters.troubles), (1, 1))

    def test_rubbish(self) -> None:
        """Rubbish ends the link, after what came whole before it."""
        session = self.open(max_message=1000)
        session.feed(b"Event: Hangup\r\n\r\n" + b"x" * 2000, 0.0)
        self.assertEqual(self.notes.names, ["Hangup"])
        self.assertIsInstance(self.notes.ends[0], AMIProtocolError)

    def test_pieces(self) -> None:
        """A piece of something is handed on, so that somebody can look into it; it answers nothing."""
        session = self.open(Interest(frozenset({b"Hangup"})))
        answers = self.ask(actions.Ping())
        session.feed(b"Event: Han\0\0\r\n\r\ngup\r\nUniqueid: 1.1\r\nActionID: t3\r\n\r\n\r\n\r\n", 0.0)
        self.assertEqual((self.notes.names, self.notes.events[0].get("Uniqueid"), answers), ([""], "1.1", []))
        self.assertEqual((session.counters.rubbish, session.counters.unmatched), (1, 0))

    def test_counters(self) -> None:
        """An administrator can see what went over the link."""
        session = self.open(Interest(frozenset({b"Hangup"})))
        self.ask(actions.Ping())
        session.feed(b"Event: Hangup\r\n\r\nEvent: VarSet\r\n\r\nResponse: Success\r\nActionID: t9\r\n\r\n", 0.0)
        counters = session.counters
        self.assertEqual((counters.skipped, counters.unmatched, counters.actions), (1, 1, 3))
        self.assertEqual((counters.events, counters.responses), (2, 3))
        self.assertGreater(counters.bytes_in, 100)
        self.assertGreater(counters.bytes_out, 100)

    @settings(max_examples=60)
    @given(st.lists(st.integers(1, 400), min_size=1, max_size=20))
    def test_any_cut(self, sizes: list[int]) -> None:
        """However the network cuts a whole conversation, the same comes of it."""

        def lengths() -> Iterator[int]:
            while True:
                yield from sizes

        data = stream(22, "ami-login-md5")
        session = self.begin()
        at = 0
        for size in lengths():
            session.feed(data[at : at + size], 0.0)
            at += size
            if at >= len(data):
                break
        self.assertEqual((session.state, self.notes.ups), ("up", 1))
        self.assertEqual(self.notes.names, ["FullyBooted", "SuccessfulAuth"])

    @settings(max_examples=100)
    @given(st.binary(max_size=200), st.booleans())
    def test_any_bytes(self, data: bytes, up: bool) -> None:
        """Whatever a server sends, at worst the link ends."""
        session = self.open(max_message=100) if up else self.begin(max_message=100)
        session.feed(data, 1.0)
        session.tick(100.0)
        session.lost(AMILost("gone"))
        self.assertEqual(len(self.notes.ends), 1)
