"""The link to the PBX: taking stock, following, losing it and getting it back."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from twisted.internet.defer import Deferred
from twisted.logger import FilteringLogObserver, LogLevel, LogLevelFilterPredicate, formatEvent, globalLogPublisher
from twisted.trial.unittest import SynchronousTestCase

from astcti.ami.message import Message
from astcti.config.plan import plan_of
from astcti.errors import AMILost, AMIRefused, AMITimeout, Refused
from astcti.model.calls import Tracker
from astcti.model.commands import ClaimMac, ListQueues, Login, QueueList
from astcti.model.roster import Roster
from astcti.services.desk import Desk
from astcti.services.following import Follower
from astcti.services.link import MUCH_RUBBISH, MUCH_RUBBISH_SECONDS, RUBBISH_SECONDS, LinkService, running_services
from astcti.services.sweeping import Sweep
from tests.services.fakes import FakeClient, Office, digest
from tests.services.pbx import Exchange, a_call, channel, denied, message


class Switchboard(Office):
    """An office with real call tracking and a link."""

    def __init__(self, **settings: Any) -> None:
        super().__init__(**settings)
        self.tracker = Tracker(plan_of(self.configuration))
        self.roster = Roster()
        self.desk = Desk(
            self.clock, self.configuration, self.settings, self.accounts,
            listening=self.tracker, membership=self.roster, start=self.started.append,
        )  # fmt: skip
        self.exchange = Exchange()
        self.door: list[str] = []
        self.link = LinkService(
            self.clock,
            self.exchange,
            Follower(self.clock, self.tracker, self.roster, self.desk),
            self.desk,
            self.settings,
            open_door=lambda: self.door.append("open"),
            close_door=lambda: self.door.append("close"),
        )
        self.link.startService()

    def seat(self, username: str = "anna", mac: str = "00:1c:bf:37:53:ba") -> FakeClient:
        """An operator at the seat."""
        client = self.client()
        self.ask(client, Login(username, digest(username[0])))
        self.ask(client, ClaimMac(mac))
        return client


class LinkTestCase(SynchronousTestCase):
    """A switchboard."""

    def setUp(self) -> None:
        self.board = Switchboard()

    @property
    def pbx(self) -> Any:
        """The link's far side."""
        return self.board.exchange.pbx

    def pops(self, client: FakeClient) -> list[str]:
        """The digits of the pops a client got."""
        return [dict(n.call.variables).get("calldata", "") for n, actions in client.told if actions]


class UpTests(LinkTestCase):
    """The first connection."""

    def test_door_opens_after_the_login(self) -> None:
        """Clients can come in once the PBX has let us in and told what there is, not before."""
        self.assertEqual((self.board.door, self.board.desk.link_up), ([], False))
        self.pbx.come_up()
        self.assertEqual((self.board.door, self.board.desk.link_up), (["open"], True))
        self.assertEqual(self.pbx.asked, ["CoreShowChannels", "QueueStatus"])

    def test_a_call_pops(self) -> None:
        """A call that is answered at a seat pops there with its data, and ends."""
        self.pbx.come_up()
        anna, bruno = self.board.seat(), self.board.seat("bruno", "00:1c:bf:37:53:bb")
        self.pbx.say(*a_call())
        self.assertEqual((self.pops(anna), self.pops(bruno)), (["12345"], []))
        self.assertEqual(bruno.told, [])
        self.pbx.say(channel("1.2", "PJSIP/201-2", "Hangup", Cause="16"), channel("1.1", "PJSIP/out-1", "Hangup"))
        self.assertEqual(anna.kinds[-1], "Hangup")
        self.assertEqual(self.board.tracker.legs, {})

    def test_booted_late(self) -> None:
        """A PBX that says it is ready only after we logged in is asked again what there is."""
        self.pbx.say(message("FullyBooted"))
        self.pbx.come_up()
        self.assertEqual(self.pbx.asked, ["CoreShowChannels", "QueueStatus"])
        self.pbx.lists["QueueStatus"] = [
            message("QueueMember", Queue="q", Name="Anna", Location="PJSIP/201", Membership="static", Paused="0")
        ]
        self.pbx.say(message("FullyBooted"))
        self.assertEqual(self.pbx.asked, ["CoreShowChannels", "QueueStatus"] * 2)
        self.assertTrue(self.board.roster.is_member("q", "PJSIP/201"))
        self.assertTrue(self.board.desk.link_up)

    def test_rubbish(self) -> None:
        """A call whose event was spoilt on the line pops a second later."""
        self.pbx.come_up()
        anna = self.board.seat()
        *said, answered = a_call()
        self.pbx.say(*said, Message(b"dgeEnter\r\nUniqueid: 1.2"), Message(b"\0\0"))
        self.pbx.lists["CoreShowChannels"] = [
            channel("1.1", "PJSIP/out-1", "CoreShowChannel", Context="direct", BridgeId="b1", Application="Dial"),
            channel("1.2", "PJSIP/201-2", "CoreShowChannel", BridgeId="b1"),
        ]
        self.board.clock.advance(RUBBISH_SECONDS - 0.01)
        self.assertEqual(self.pops(anna), [])
        self.board.clock.advance(0.01)
        self.assertEqual((self.pops(anna), anna.pbx), (["12345"], []))
        self.pbx.say(answered)
        self.assertEqual(self.pops(anna), ["12345"])
        self.board.clock.advance(1000)
        self.assertEqual(self.pbx.asked.count("CoreShowChannels"), 2)

    def test_much_rubbish(self) -> None:
        """A PBX that says nothing but rubbish is not asked all the time."""
        self.pbx.come_up()
        asked = len(self.pbx.asked)
        for _ in range(300):
            self.pbx.say(Message(b"\0"))
            self.board.clock.advance(1)
        self.assertLess(len(self.pbx.asked) - asked, 2 * (MUCH_RUBBISH + 1) * 300 / MUCH_RUBBISH_SECONDS)
        self.pbx.go_down()
        self.pbx.say(Message(b"\0"))
        self.assertEqual(self.board.clock.getDelayedCalls(), [self.board.link._grace])

    def test_rubbish_among_late_lists(self) -> None:
        """Where the PBX is to be asked again anyway there is one time for it, the earlier one."""
        self.pbx.lists["QueueStatus"] = AMITimeout("no answer")
        self.pbx.come_up()
        self.pbx.say(Message(b"\0"))
        self.assertEqual(len(self.board.clock.getDelayedCalls()), 1)
        self.pbx.late = []
        self.board.clock.advance(1)
        self.pbx.say(Message(b"\0"))
        self.pbx.answer_late()
        self.assertEqual([c.getTime() for c in self.board.clock.getDelayedCalls()], [self.board.clock.seconds() + 1])

    def test_ends_of_connections_are_told_in_time(self) -> None:
        """Unlink is told a moment after the phones parted, if they stay apart, by one timer."""
        self.pbx.come_up()
        anna = self.board.seat()
        self.pbx.say(*a_call())
        self.pbx.say(channel("1.2", "PJSIP/201-2", "BridgeLeave", BridgeUniqueid="b1"))
        self.assertEqual(len(self.board.clock.getDelayedCalls()), 1)
        self.assertEqual(anna.kinds[-1], "Link")
        self.board.clock.advance(0.31)
        self.assertEqual(anna.kinds[-1], "Unlink")
        self.assertEqual(self.board.clock.getDelayedCalls(), [])

    def test_answered_meanwhile(self) -> None:
        """A call answered while the link was away pops once, when it is back; the next one as usual."""
        there = [
            channel("9.1", "PJSIP/out-8", "CoreShowChannel", BridgeId="b9", Context="direct", Application="Dial"),
            channel("9.2", "PJSIP/201-9", "CoreShowChannel", BridgeId="b9", Application="AppDial"),
        ]
        self.pbx.come_up()
        anna = self.board.seat()
        self.pbx.go_down()
        self.pbx.lists["CoreShowChannels"] = there
        self.pbx.asked.clear()
        self.pbx.come_up()
        self.assertEqual(self.pbx.asked, ["CoreShowChannels", "BridgeList", "QueueStatus", "Status"])
        self.assertEqual(set(self.board.tracker.legs), {"9.1", "9.2"})
        self.pbx.say(channel("9.2", "PJSIP/201-9", "BridgeEnter", BridgeUniqueid="b9", BridgeType="basic"))
        self.assertEqual(self.pops(anna), [""])
        self.pbx.say(*a_call())
        self.assertEqual(self.pops(anna), ["", "12345"])

    def test_running_calls_do_not_pop_at_newcomers(self) -> None:
        """Nor do they pop at somebody who logs in later, in the middle of such a call."""
        self.pbx.lists["CoreShowChannels"] = [
            channel("9.1", "PJSIP/out-8", "CoreShowChannel", BridgeId="b9", Context="direct", Application="Dial"),
            channel("9.2", "PJSIP/201-9", "CoreShowChannel", BridgeId="b9", Application="AppDial"),
        ]
        self.pbx.come_up()
        anna = self.board.seat()
        self.pbx.say(channel("9.2", "PJSIP/201-9", "BridgeLeave", BridgeUniqueid="b9"))
        self.pbx.say(channel("9.2", "PJSIP/201-9", "BridgeEnter", BridgeUniqueid="b9", BridgeType="basic"))
        self.assertEqual(self.pops(anna), [])

    def test_events_meanwhile(self) -> None:
        """What happens while lists are fetched is kept and followed afterwards, in order."""
        self.pbx.late = []
        self.pbx.come_up()
        first, *rest = a_call()
        self.pbx.say(first, *rest)
        self.assertEqual(self.board.tracker.legs, {})
        self.pbx.answer_late()
        self.assertEqual(self.board.tracker.legs["1.1"].story.variables, {"calldata": "12345"})

    def test_members(self) -> None:
        """QUEUES tells the truth of the PBX; joining and leaving are told as they happen."""
        member = {"Queue": "astcti", "Name": "x", "Location": "PJSIP/201", "Membership": "static", "Penalty": "0",
                  "Paused": "0", "Status": "1"}  # fmt: skip
        self.pbx.lists["QueueStatus"] = [message("QueueMember", **member)]
        self.pbx.come_up()
        anna = self.board.seat()
        self.assertEqual(self.board.ask(anna, ListQueues()), QueueList((("astcti", True),)))
        gone = {"Queue": "astcti", "Interface": "PJSIP/201", "MemberName": "x", "Membership": "static",
                "Penalty": "0", "Paused": "0", "Status": "1"}  # fmt: skip
        self.pbx.say(message("QueueMemberRemoved", **gone), message("QueueMemberRemoved", **gone))
        self.pbx.say(message("QueueMemberAdded", **gone), message("QueueMemberPause", **gone))
        self.assertEqual(anna.queues, [("astcti", False), ("astcti", True)])

    def test_missing_rights(self) -> None:
        """A manager user without enough rights is served as far as it goes, and the log names what is missing."""
        self.pbx.lists.update(CoreShowChannels=denied(), Status=AMIRefused("Invalid/unknown command"),
                              QueueStatus=AMITimeout("late"))  # fmt: skip
        self.pbx.come_up()
        self.assertTrue(self.board.desk.link_up)

    def test_unknown_queues(self) -> None:
        """A service with a queue that the PBX does not have is warned of, at the start and after a reload."""
        self.pbx.lists["QueueStatus"] = [message("QueueParams", Queue="other")]
        said: list[str] = []
        observer = FilteringLogObserver(lambda e: said.append(formatEvent(e)), [LogLevelFilterPredicate(LogLevel.warn)])
        globalLogPublisher.addObserver(observer)
        self.addCleanup(globalLogPublisher.removeObserver, observer)
        self.pbx.come_up()
        self.assertEqual(len([text for text in said if "queue astcti" in text]), 1)
        self.pbx.lists["QueueStatus"] = [message("QueueParams", Queue="astcti")]
        self.pbx.say(message("FullyBooted"))
        self.board.link.configure(self.board.settings, plan_of(self.board.configuration))
        self.assertEqual(len([text for text in said if "queue astcti" in text]), 1)

    def test_fault_while_taking_stock(self) -> None:
        """A fault of ours over what the PBX has keeps nobody out."""
        self.board.link.follower.restore = None  # type: ignore[assignment]
        self.pbx.come_up()
        self.assertEqual(len(self.flushLoggedErrors(TypeError)), 1)
        anna = self.board.seat()
        self.pbx.say(*a_call())
        self.assertEqual(self.pops(anna), ["12345"])

    def test_calls_that_never_ended(self) -> None:
        """A call that the PBX has long said nothing about, and does not know any more, is ended; others are not."""
        self.pbx.come_up()
        anna = self.board.seat()
        sweep = Sweep(self.board.clock, self.board.link)
        sweep.startService()
        self.addCleanup(sweep.stopService)
        self.pbx.say(*a_call())
        self.pbx.lists["CoreShowChannels"] = [channel("1.1", "PJSIP/out-1", "CoreShowChannel", BridgeId="")]
        self.board.clock.pump([3600.0] * 23)
        self.assertEqual(len(self.board.tracker.legs), 2)
        self.assertNotIn("CoreShowChannels", self.pbx.asked[2:])
        self.board.clock.pump([3600.0] * 2)
        self.assertEqual(set(self.board.tracker.legs), {"1.1"})
        self.assertEqual(anna.kinds[-1], "Hangup")
        self.pbx.lists["CoreShowChannels"] = AMILost("gone")
        self.board.clock.pump([3600.0] * 2)
        self.assertEqual(set(self.board.tracker.legs), {"1.1"})

    def test_bad_event(self) -> None:
        """An event we fail on is logged and costs nobody else's call."""
        self.pbx.come_up()
        anna = self.board.seat()
        self.board.link.follower.tracker.feed = None  # type: ignore[assignment]
        self.pbx.say(*a_call()[:1])
        del self.board.link.follower.tracker.feed
        self.assertEqual(len(self.flushLoggedErrors(TypeError)), 1)
        self.pbx.say(*a_call())
        self.assertEqual(self.pops(anna), ["12345"])


class DownTests(LinkTestCase):
    """Losing the link."""

    def setUp(self) -> None:
        super().setUp()
        self.pbx.come_up()
        self.anna = self.board.seat()

    def test_back_in_time(self) -> None:
        """A PBX that is back within the grace time disturbs nobody; calls that ended meanwhile are hung up."""
        self.pbx.say(*a_call())
        self.pbx.go_down()
        self.assertRaises(Refused, self.board.client)
        self.board.clock.advance(59)
        self.pbx.lists["CoreShowChannels"] = [channel("1.1", "PJSIP/out-1", "CoreShowChannel", BridgeId="")]
        self.pbx.come_up()
        self.board.clock.advance(100)
        self.assertEqual((self.anna.pbx, self.anna.dismissed), ([False, True], []))
        self.assertEqual(self.anna.kinds[-1], "Hangup")
        self.assertEqual(set(self.board.tracker.legs), {"1.1"})
        self.assertEqual(self.pops(self.anna), ["12345"])

    def test_not_back_in_time(self) -> None:
        """When the grace time is over clients are sent away and the door closes; it opens when the PBX is back."""
        self.pbx.go_down()
        self.pbx.go_down("connection refused")
        self.board.clock.advance(60)
        self.assertEqual(self.anna.dismissed, [(905, "no link to the PBX", "pbx")])
        self.pbx.come_up()
        self.assertEqual(self.board.door, ["open", "close", "open"])

    def test_at_once(self) -> None:
        """With disconnect_clients_on_ami_loss there is no grace time."""
        self.board = Switchboard(disconnect_clients_on_ami_loss=True)
        self.pbx.come_up()
        anna = self.board.seat()
        self.pbx.go_down()
        self.assertEqual(len(anna.dismissed), 1)

    def configure(self, **settings: Any) -> None:
        """Other settings."""
        self.board.link.configure(replace(self.board.settings, **settings), plan_of(self.board.configuration))

    def test_grace_changed_meanwhile(self) -> None:
        """Another grace time counts from the loss on, also of a link that is lost already."""
        self.pbx.go_down()
        self.board.clock.advance(50)
        self.configure(ami_grace=300)
        self.board.clock.advance(249)
        self.assertEqual(self.anna.dismissed, [])
        self.board.clock.advance(1)
        self.assertEqual(len(self.anna.dismissed), 1)

    def test_grace_over_meanwhile(self) -> None:
        """Clients that have waited for longer than the new settings have them wait are sent away."""
        for settings in ({"ami_grace": 20}, {"disconnect_clients_on_ami_loss": True}):
            self.setUp()
            self.pbx.go_down()
            self.board.clock.advance(30)
            self.configure(**settings)
            self.board.clock.advance(0)
            self.assertEqual((len(self.anna.dismissed), self.board.door), (1, ["open", "close"]))
            self.assertEqual(self.board.clock.getDelayedCalls(), [])

    def test_grace_without_a_loss(self) -> None:
        """While the link is there, and once the time is over, other settings send nobody away."""
        self.configure(disconnect_clients_on_ami_loss=True)
        self.board.clock.advance(100)
        self.assertEqual(self.anna.dismissed, [])
        self.pbx.go_down()
        self.configure(ami_grace=1)
        self.board.clock.advance(100)
        self.assertEqual((len(self.anna.dismissed), self.board.door), (1, ["open", "close"]))

    def test_shutdown_of_the_pbx(self) -> None:
        """A PBX that says it goes down is lost at once, before its socket breaks."""
        self.pbx.say(message("Shutdown", Shutdown="Cleanly", Restart="False"))
        self.assertEqual(self.anna.pbx, [False])
        self.pbx.go_down()
        self.pbx.come_up()
        self.assertEqual(self.anna.pbx, [False, True])

    def test_lost_while_taking_stock(self) -> None:
        """A link lost during the lists is as if it had not come up."""
        self.pbx.go_down()
        self.pbx.late = []
        self.pbx.come_up()
        self.pbx.say(*a_call())
        (_, asked) = self.pbx.late.pop()
        asked.errback(AMILost("gone"))
        self.pbx.go_down()
        self.assertFalse(self.board.desk.link_up)
        self.pbx.late = None
        self.pbx.come_up()
        self.assertTrue(self.board.desk.link_up)
        self.assertEqual(self.board.tracker.legs, {})

    def test_another_pbx(self) -> None:
        """With another address in the configuration the old link is left, and then a new one made."""
        old = self.pbx
        old.leaving = Deferred()
        settings = replace(self.board.settings, ami_host="192.0.2.5")
        self.board.link.configure(settings, plan_of(self.board.configuration))
        self.assertEqual((self.anna.pbx, len(self.board.exchange.made)), ([False], 1))
        old.leaving.callback(None)
        self.assertEqual(len(self.board.exchange.made), 2)
        self.assertEqual((old.state, self.pbx.state, self.pbx.settings.ami_host), ("idle", "connecting", "192.0.2.5"))
        self.pbx.come_up()
        self.assertEqual(self.anna.pbx, [False, True])

    def test_other_services(self) -> None:
        """With other services the same link goes on, and asks for other events."""
        before = self.pbx.interest
        changed = replace(self.board.configuration, variables=())
        self.board.link.configure(self.board.settings, plan_of(changed))
        self.assertEqual(len(self.board.exchange.made), 1)
        self.assertNotEqual(self.pbx.interest, before)

    def test_services_in_use(self) -> None:
        """Services that calls run on are known, for a reload not to disturb them."""
        self.assertEqual(set(running_services(self.board.link.follower)), set())
        self.pbx.say(*a_call())
        self.assertEqual(set(running_services(self.board.link.follower)) - {0}, {1})

    def test_stopping(self) -> None:
        """Nothing goes on after the end."""
        self.pbx.say(*a_call())
        self.pbx.say(channel("1.2", "PJSIP/201-2", "BridgeLeave", BridgeUniqueid="b1"))
        self.pbx.go_down()
        self.successResultOf(self.board.link.stopService())
        self.assertEqual(self.board.clock.getDelayedCalls(), [])
        self.assertEqual(self.pbx.state, "idle")
