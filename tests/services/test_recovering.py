"""After a death of the server or of a client: what was popped does not again, what was missed does."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from astcti.ami.message import Message
from astcti.config.model import Action, ServiceAction
from astcti.errors import AMITimeout
from astcti.model.commands import ClaimMac, Login
from astcti.services.books import Books
from astcti.services.journal import SCHEMA, Journal
from astcti.services.link import AGAIN_SECONDS
from astcti.services.recovering import RETURN_SECONDS, TIDY_SECONDS, WRITE_SECONDS, Recovering
from tests.services.fakes import FakeClient, digest
from tests.services.memorystore import MemoryStore
from tests.services.pbx import a_call, channel, denied, message
from tests.services.test_link import Switchboard

MAC = "00:1c:bf:37:53:ba"
HANGUPS = [channel("1.2", "PJSIP/201-2", "Hangup", Cause="16"), channel("1.1", "PJSIP/out-1", "Hangup", Cause="16")]
TALKING = {"ChannelState": "6", "ChannelStateDesc": "Up", "BridgeId": "b1"}


class RecoveringTests(SynchronousTestCase):
    """Servers, one after the other, with what the one before has written down."""

    def setUp(self) -> None:
        self.store = MemoryStore(SCHEMA)
        self.begin(0.0)

    def begin(self, at: float) -> None:
        """Start a server at that time; nobody has told the one before that it ends."""
        self.board = Switchboard()
        self.board.clock.advance(at)
        self.journal = Journal(MemoryStore(connection=self.store.connection), self.board.clock.seconds)
        self.journal.startService()
        self.recovering = Recovering(self.board.clock, self.journal, self.board.link.follower)
        self.board.desk.employ(self.recovering)
        self.recovering.startService()

    @property
    def pbx(self) -> Any:
        """The link's far side."""
        return self.board.exchange.pbx

    def restart(self, *, after: float = 5.0, listed: bool = True) -> None:
        """The server is killed and started again while the call goes on, or not."""
        self.begin(self.board.clock.seconds() + after)
        if listed:
            self.still_talking()
        self.pbx.come_up()

    def still_talking(self) -> None:
        """The lists of a PBX on which the call of :func:`a_call` is answered."""
        caller = {"CallerIDNum": "0551", "Context": "direct", "Application": "Dial", "ApplicationData": "PJSIP/201"}
        self.pbx.lists = {
            "CoreShowChannels": [
                channel("1.1", "PJSIP/out-1", "CoreShowChannel", **caller, **TALKING),
                channel("1.2", "PJSIP/201-2", "CoreShowChannel", Application="AppDial", **TALKING),
            ],
            "BridgeList": [message("BridgeListItem", BridgeUniqueid="b1", BridgeType="basic")],
            "Status": [channel("1.1", "PJSIP/out-1", "Status", Variable="calldata=12345")],
        }

    def sit(self, username: str = "anna", *, reports: bool = True) -> FakeClient:
        """An operator at the seat; right after the reply it is told what it missed."""
        client = self.board.client()
        client.capabilities = {"actr"} if reports else set()
        self.board.ask(client, Login(username, digest(username[0])))
        self.board.ask(client, ClaimMac(MAC))
        self.board.clock.advance(0)
        return client

    def pops(self, client: FakeClient) -> list[tuple[str, str, bool]]:
        """The digits of the pops a client got, the id of the first action, and whether it is marked as recovered."""
        return [
            (dict(n.call.variables).get("calldata", ""), actions[0].id, n.recovered)
            for n, actions in client.told if actions
        ]  # fmt: skip

    def answered(self, *, reports: bool = True) -> FakeClient:
        """A call has popped, and what is known of it is written down."""
        self.pbx.come_up()
        anna = self.sit(reports=reports)
        self.pbx.say(*a_call())
        self.board.clock.advance(WRITE_SECONDS)
        self.assertEqual([digits for digits, _, _ in self.pops(anna)], ["12345"])
        return anna

    # -- the server dies

    def test_reported_pop(self) -> None:
        """A call whose client said that it has popped does not again after the server was killed."""
        self.answered()
        self.journal.put_pop("1.1", "seat 1", reported=True)
        self.restart()
        self.assertEqual(self.pops(self.sit()), [])

    def test_unreported_pop(self) -> None:
        """One of which nobody knows whether it was seen is told again, with the same id: the client does it once."""
        (_, before, _), = self.pops(self.answered())  # fmt: skip
        self.restart()
        self.assertEqual(self.pops(self.sit()), [("12345", before, True)])

    def test_client_that_does_not_report(self) -> None:
        """For a client that never says what it did, being told is all: no double pop."""
        self.answered(reports=False)
        self.restart()
        self.assertEqual(self.pops(self.sit(reports=False)), [])

    def test_answered_while_the_server_was_dead(self) -> None:
        """A call that rang when the server was killed and was answered before it was back pops, once."""
        self.pbx.come_up()
        anna = self.sit()
        self.pbx.say(*a_call()[:6])
        self.board.clock.advance(WRITE_SECONDS)
        self.assertEqual(self.pops(anna), [])
        self.restart()
        anna = self.sit()
        self.assertEqual([(digits, recovered) for digits, _, recovered in self.pops(anna)], [("12345", True)])
        self.pbx.say(*HANGUPS)
        self.assertEqual(anna.kinds[-1], "Hangup")

    def test_killed_before_the_pop_was_written(self) -> None:
        """Killed between the answer and the journal: it pops after the restart, with the id that it had."""
        (_, before, _), = self.pops(self.answered())  # fmt: skip
        self.store.write("DELETE FROM pops")
        self.restart()
        self.assertEqual(self.pops(self.sit()), [("12345", before, True)])

    def test_hung_up_meanwhile(self) -> None:
        """Nothing pops for a call that is over, and nothing of it stays written down."""
        self.answered()
        self.restart(listed=False)
        self.assertEqual(self.sit().told, [])
        self.board.clock.advance(TIDY_SECONDS)
        self.assertEqual((dict(self.journal.pops), dict(self.journal.stories)), ({}, {}))

    def test_somebody_else(self) -> None:
        """Whoever sits down in the middle of somebody else's call is not surprised by it."""
        self.answered()
        self.restart()
        self.assertEqual(self.pops(self.sit("bruno")), [])

    def test_too_late(self) -> None:
        """Nor is who comes back after long: they are newly there."""
        self.answered()
        self.restart()
        self.board.clock.advance(RETURN_SECONDS)
        self.assertEqual(self.pops(self.sit()), [])

    def test_newly_there_and_back(self) -> None:
        """A call that was there before its operator sat down does not pop either when they are back after a cut."""
        self.pbx.come_up()
        self.pbx.say(*a_call())
        anna = self.sit()
        self.board.desk.detach(anna)
        self.board.clock.advance(2)
        self.assertEqual(self.pops(self.sit()), [])

    def test_newly_there_and_killed(self) -> None:
        """Nor when the server is killed after they sat down."""
        self.pbx.come_up()
        self.pbx.say(*a_call())
        self.sit()
        self.board.clock.advance(WRITE_SECONDS)
        self.restart()
        self.assertEqual(self.pops(self.sit()), [])

    # -- a client dies

    def test_answered_while_the_client_was_away(self) -> None:
        """A call that was answered while a client was away pops when it is back, once."""
        self.pbx.come_up()
        self.board.desk.detach(self.sit())
        self.pbx.say(*a_call())
        anna = self.sit()
        self.assertEqual([(digits, recovered) for digits, _, recovered in self.pops(anna)], [("12345", True)])
        self.journal.put_pop("1.1", "seat 1", reported=True)
        self.board.desk.detach(anna)
        self.assertEqual(self.pops(self.sit()), [])

    def back(self, anna: FakeClient) -> FakeClient:
        """Their connection is cut, and they come back."""
        self.journal.put_pop("1.1", "seat 1", reported=True)
        self.board.desk.detach(anna)
        self.board.clock.advance(2)
        return self.sit()

    def test_back_in_the_middle_of_a_call(self) -> None:
        """Who comes back during a call that had popped hears of it again, without actions, and how it goes on."""
        anna = self.back(self.answered())
        self.assertEqual(anna.kinds, ["Newchannel", "Link"])
        (link, actions), = (told for told in anna.told if told[0].kind == "Link")  # fmt: skip
        self.assertEqual((link.call.uniqueid, link.recovered, link.pop, list(actions)), ("1.1", True, False, []))
        self.pbx.say(*HANGUPS)
        self.assertEqual(anna.kinds[-1], "Hangup")
        self.assertEqual([n.call.uniqueid for n, _ in anna.told].count("1.1"), len(anna.told))

    def test_back_after_the_server_was_killed(self) -> None:
        """The same when it was the server that was away."""
        self.answered()
        self.journal.put_pop("1.1", "seat 1", reported=True)
        self.restart()
        anna = self.sit()
        self.assertEqual((anna.kinds, self.pops(anna)), (["Newchannel", "Link"], []))
        self.pbx.say(*HANGUPS)
        self.assertEqual(anna.kinds[-1], "Hangup")

    def test_back_while_it_rings(self) -> None:
        """Who comes back while the phone rings is told for whom, and hears of the answer or of the end."""
        for then, expected in ((a_call()[6:], "Link"), (HANGUPS, "Hangup")):
            self.setUp()
            self.pbx.come_up()
            anna = self.sit()
            self.pbx.say(*a_call()[:6])
            self.assertIn("Callerid", anna.kinds)
            anna = self.back(anna)
            self.assertEqual(anna.kinds, ["Newchannel", "Callerid", "Newstate"])
            self.assertEqual({n.call.number for n, _ in anna.told}, {"0551"})
            self.pbx.say(*then)
            self.assertEqual(anna.kinds[-1], expected)

    def test_back_in_a_call_without_service(self) -> None:
        """A colleague's call is told again, too."""
        self.pbx.come_up()
        anna = self.sit()
        self.pbx.say(*a_call(context="phones"))
        anna = self.back(anna)
        self.assertEqual(anna.kinds, ["Newchannel", "Link"])
        self.pbx.say(*HANGUPS)
        self.assertEqual(anna.kinds[-1], "Hangup")

    def test_back_while_dialling(self) -> None:
        """A phone that dials is told again, and its end."""
        self.pbx.come_up()
        anna = self.sit()
        own = channel("1.1", "PJSIP/201-1", ChannelState="4", ChannelStateDesc="Ring", Context="phones")
        self.pbx.say(own)
        anna = self.back(anna)
        self.assertEqual([(n.kind, n.call.state) for n, _ in anna.told], [("Newchannel", "Ring")])
        self.pbx.say(channel("1.1", "PJSIP/201-1", "Hangup", Cause="16"))
        self.assertEqual(anna.kinds[-1], "Hangup")

    def test_actions_of_the_end(self) -> None:
        """Actions for a call's end are sent to who came back in the middle; those for its ringing not again."""
        configuration = self.board.desk.books.configuration
        added = tuple(
            ServiceAction(service_id=1, action_id=n, order=9) for n in (3, 4)
        )  # fmt: skip
        self.board.desk.configure(Books.of(replace(
            configuration,
            actions=(
                *configuration.actions,
                Action(id=3, type="BROWSER", parameters="http://crm.example/over", trigger="HANGUP"),
                Action(id=4, type="BROWSER", parameters="http://crm.example/rings", trigger="RINGING"),
            ),
            service_actions=(*configuration.service_actions, *added),
        ), self.board.desk.books.settings))  # fmt: skip
        self.pbx.come_up()
        anna = self.sit()
        self.pbx.say(*a_call()[:6])
        self.assertEqual([a.parameters for _, actions in anna.told for a in actions], ["http://crm.example/rings"])
        anna = self.back(anna)
        self.pbx.say(*a_call()[6:])
        self.assertEqual(len(self.pops(anna)), 1)
        anna = self.back(anna)
        self.pbx.say(*HANGUPS)
        self.assertEqual([a.parameters for _, actions in anna.told for a in actions], ["http://crm.example/over"])

    def test_ids_again(self) -> None:
        """A PBX that was restarted with its clock set back gives the same ids again: those calls pop, too."""
        anna = self.answered()
        self.pbx.say(*HANGUPS)
        self.board.clock.advance(TIDY_SECONDS)
        self.pbx.go_down()
        self.still_talking()
        self.pbx.come_up()
        self.assertEqual(len(self.pops(anna)), 2)

    # -- the PBX is slow

    def begin_blind(self, *events: Message) -> FakeClient:
        """The server is killed in the middle of a call, and then the PBX does not list its channels in time.

        :param events: what it says of the call meanwhile.
        """
        self.answered(reports=False)
        self.begin(self.board.clock.seconds() + 2 * TIDY_SECONDS)
        self.pbx.lists = {"CoreShowChannels": AMITimeout("late")}
        self.pbx.come_up()
        anna = self.sit(reports=False)
        self.pbx.say(*events)
        self.board.clock.pump([WRITE_SECONDS] * 2)
        self.still_talking()
        return anna

    def test_late_list(self) -> None:
        """What is written down of a call is not given up before it is known that the call is over."""
        anna = self.begin_blind()
        self.assertEqual((set(self.journal.pops), set(self.journal.stories)), ({("1.1", "seat 1")}, {"1.1"}))
        self.board.clock.pump([AGAIN_SECONDS[0]] * 2)
        self.assertEqual((self.pops(anna), self.board.tracker.legs["1.1"].story.number), ([], "0551"))

    def test_late_list_after_events(self) -> None:
        """A call does not pop again because the PBX said something about it before it listed it."""
        where = {"Context": "direct"}
        anna = self.begin_blind(
            channel("1.1", "PJSIP/out-1", "VarSet", Variable="calldata", Value="99", **where),
            channel("1.1", "PJSIP/out-1", "Newexten", Application="NoOp", AppData="", **where),
        )
        self.board.clock.pump([AGAIN_SECONDS[0]] * 2)
        story = self.board.tracker.legs["1.1"].story
        self.assertEqual((self.pops(anna), story.number, story.variables), ([], "0551", {"calldata": "99"}))
        self.assertEqual(self.journal.stories["1.1"].variables, {"calldata": "99"})

    def test_no_list(self) -> None:
        """Where the PBX lists no channels for us, calls are written down as they are seen."""
        self.pbx.lists = {"CoreShowChannels": denied(), "Status": denied()}
        self.answered()
        self.pbx.say(*HANGUPS)
        self.board.clock.advance(TIDY_SECONDS)
        self.assertEqual((dict(self.journal.pops), dict(self.journal.stories)), ({}, {}))

    # -- what is written down

    def test_end(self) -> None:
        """With the end of a call what was written of it goes."""
        self.answered()
        self.assertEqual(set(self.journal.stories), {"1.1"})
        self.pbx.say(*HANGUPS)
        self.board.clock.advance(WRITE_SECONDS)
        self.assertEqual(dict(self.journal.stories), {})
        self.board.clock.advance(TIDY_SECONDS)
        self.assertEqual(dict(self.journal.pops), {})

    def test_sitters(self) -> None:
        """Of whoever has left a seat for good nothing is kept."""
        self.begin(1000.0)
        self.pbx.come_up()
        for _ in range(2):
            self.board.desk.detach(self.sit())
            self.board.clock.pump([TIDY_SECONDS] * int(RETURN_SECONDS / TIDY_SECONDS))
            self.assertIsNotNone(self.journal.sitter("seat 1"))
            self.board.clock.pump([TIDY_SECONDS] * 2)
            self.assertIsNone(self.journal.sitter("seat 1"))
            self.assertEqual(self.store.read("SELECT * FROM seats"), [])
            self.sit()
            self.begin(self.board.clock.seconds() + TIDY_SECONDS)
            self.pbx.come_up()

    def test_fault(self) -> None:
        """What cannot be written down once does not end the writing."""
        self.pbx.come_up()
        self.sit()
        put, self.journal.put_story = self.journal.put_story, lambda *about: 1 / 0  # type: ignore[method-assign]
        self.pbx.say(*a_call()[:4])
        self.board.clock.advance(WRITE_SECONDS)
        self.assertEqual(len(self.flushLoggedErrors(ZeroDivisionError)), 1)
        self.journal.put_story = put  # type: ignore[method-assign]
        self.pbx.say(*a_call()[2:3])
        self.pbx.say(channel("1.1", "PJSIP/out-1", "VarSet", Variable="calldata", Value="99", Context="direct"))
        self.board.clock.advance(WRITE_SECONDS)
        self.assertEqual(self.journal.stories["1.1"].variables, {"calldata": "99"})

    def test_stop(self) -> None:
        """A server that is stopped writes down what is left to write."""
        self.pbx.come_up()
        self.sit()
        self.pbx.say(*a_call()[:4])
        self.assertEqual(dict(self.journal.stories), {})
        self.recovering.stopService()
        self.assertEqual(self.journal.stories["1.1"].number, "0551")
        self.recovering.stopService()
