"""What the administrator sees of those who work, and can do about them."""

from __future__ import annotations

from typing import Any

from twisted.internet.defer import Deferred
from twisted.trial.unittest import SynchronousTestCase

from astcti.commands.ctltables import clients_text
from astcti.errors import Refused, UserError
from astcti.model.calls import Tracker
from astcti.model.commands import ClaimMac, Login, Pause, PauseConfirmed
from astcti.model.facts import MemberAdded, MemberPaused, QueueJoin
from astcti.model.plan import Plan
from astcti.model.roster import Roster
from astcti.services.following import Follower
from astcti.services.logs import Logs
from astcti.services.overview import Overview
from astcti.services.pausing import MemoryRecords, Pausing
from astcti.services.supervision import Supervision
from astcti.services.texting import Texting
from tests.services.fakes import FakeClient, Office, digest


class PBX:
    """Takes orders, and confirms them when the test says so."""

    def __init__(self) -> None:
        self.asked: list[tuple[Any, Deferred[Any]]] = []

    def sendAction(self, action: Any) -> Deferred[Any]:
        answer: Deferred[Any] = Deferred()
        self.asked.append((action, answer))
        return answer


class OfficeTestCase(SynchronousTestCase):
    """Anna at 201 is a member of a queue, bruno at 202 is not."""

    def setUp(self) -> None:
        self.tracker, self.roster, self.pbx = Tracker(Plan()), Roster(), PBX()
        self.office = office = Office()
        self.records = MemoryRecords()
        self.pausing = Pausing(office.clock, self.pbx, self.roster, self.tracker, self.records)
        self.texting = Texting(office.clock)
        office.desk.employ(self.pausing, self.texting)
        self.logs = Logs(None)
        self.roster.feed(MemberAdded("astcti", "PJSIP/201", "Anna", "dynamic", 0, False, "", 1))
        self.anna = self.sit("anna", "00:1c:bf:37:53:ba")
        self.bruno = self.sit("bruno", "00:1c:bf:37:53:bb")
        supervision = Supervision(office.desk, self.pausing, self.texting, self.logs)
        self.follower = follower = Follower(office.clock, self.tracker, self.roster, office.desk)
        self.table = {**supervision.table(), **Overview(office.clock, office.desk, follower, self.pausing).table()}

    def sit(self, name: str, mac: str) -> FakeClient:
        client = self.office.client()
        client.capabilities = {"events2", "actr"}
        self.office.ask(client, Login(name, digest(name[0])))
        self.office.ask(client, ClaimMac(mac))
        return client

    def ask(self, command: str, **details: Any) -> Any:
        return self.table[command]({"command": command, **details})

    def confirm(self, *, paused: bool, reason: str = "") -> None:
        """The PBX does what it was asked last."""
        fact = MemberPaused("astcti", "PJSIP/201", paused, reason)
        self.roster.feed(fact)
        self.office.desk.member_fact(fact)
        self.pbx.asked[-1][1].callback(None)


class SupervisionTests(OfficeTestCase):
    """What can be done."""

    def test_kick(self) -> None:
        """Who is sent away hears why; who is not there cannot be, and that is said in words."""
        self.assertEqual(self.ask("kick", user="anna", reason="wrong  desk"), {"user": "anna", "peer": "192.0.2.10"})
        self.assertEqual(self.anna.dismissed, [(902, "disconnected by the administrator: wrong desk", "kicked")])
        self.assertRaisesRegex(UserError, "anna is not logged in", self.ask, "kick", user="anna")
        self.assertRaisesRegex(UserError, "there is no operator xaver", self.ask, "kick", user="xaver")
        self.assertRaisesRegex(UserError, "say whom", self.ask, "kick")

    def test_pause(self) -> None:
        """An operator is paused as by a supervisor: the answer comes when the PBX has confirmed it, and the client
        hears that it was not its own doing."""
        answer = self.ask("pause", user="anna", reason="training")
        self.assertNoResult(answer)
        self.confirm(paused=True, reason="training")
        self.assertEqual(self.successResultOf(answer), {"user": "anna", "paused": True, "queue": ""})
        self.office.clock.advance(1)
        (state,) = [dict(n.attributes) for k, n in self.anna.documents if k == "AgentState"][-1:]
        self.assertEqual((state["state"], state["reason"], state["by"]), ("paused", "training", "supervisor"))
        answer = self.ask("unpause", user="anna")
        self.confirm(paused=False)
        self.assertEqual(self.successResultOf(answer)["paused"], False)

    def test_who_paused(self) -> None:
        """Whoever gave the order, or ended it, is written down by name, and shown to administrators; operators are told
        that it was a supervisor."""
        self.office.clock.advance(5)
        answer = self.ask("pause", user="anna", reason="training", who="chief")
        self.confirm(paused=True, reason="training")
        self.successResultOf(answer)
        (anna, _) = self.ask("clients")
        self.assertEqual((anna["by"], anna["who"]), ("supervisor", "chief"))
        self.assertIn("paused (training, by chief)", clients_text([anna], 0, 0))
        self.assertNotIn("chief", repr(self.anna.documents))
        self.office.clock.advance(60)
        self.ask("unpause", user="anna", who="root")
        self.confirm(paused=False)
        self.assertEqual([entry.detail for entry in self.records.entries[-2:]], [
            "by=supervisor who=chief reason=training", "by=supervisor who=root seconds=60.0 reason=training",
        ])  # fmt: skip

    def test_pause_refused(self) -> None:
        """What the PBX, the queues or the configuration do not allow is said in words."""
        self.assertRaisesRegex(UserError, "unknown queue", self.ask, "pause", user="anna", queue="nosuch")
        self.assertRaisesRegex(UserError, "not logged in", self.ask, "pause", user="carla")
        answer = self.ask("pause", user="anna")
        self.office.clock.advance(10)
        self.assertIn("did not confirm in time", str(self.failureResultOf(answer, Refused).value))
        self.office.desk.link_changed(False)
        self.assertRaisesRegex(UserError, "no link to the PBX", self.ask, "pause", user="anna")

    def test_their_own_pause_still_works(self) -> None:
        """What the operator asks behind the administrator's pause is not refused as a second request."""
        self.ask("pause", user="anna")
        self.confirm(paused=True)
        asked: list[Any] = []
        reply = self.office.desk.perform(self.anna, Pause(False))
        assert isinstance(reply, Deferred)
        reply.addBoth(asked.append)
        self.confirm(paused=False)
        self.assertEqual(asked, [PauseConfirmed()])

    def test_texts(self) -> None:
        """A message reaches one operator or all who can show it."""
        self.assertEqual(self.ask("text", user="anna", text="tea  is ready"), {"told": 1, "cannot": 0})
        self.bruno.capabilities = set()
        self.assertEqual(self.ask("text", user="all", text="go home"), {"told": 1, "cannot": 1})
        self.assertEqual([n.text for k, n in self.anna.documents if k == "Text"], ["tea is ready", "go home"])
        for details in ({"user": "anna"}, {"user": "anna", "text": "x" * 501}, {"user": "anna", "text": "a\x1b[2J"},
                        {"user": "bruno", "text": "x"}, {"text": "x"}):  # fmt: skip
            self.assertRaises(UserError, self.ask, "text", **details)

    def test_log_level(self) -> None:
        """More is logged from here on, of all or of one part; nonsense is refused."""
        self.assertEqual(self.ask("log", level="DEBUG"), {"level": "debug", "logger": ""})
        self.ask("log", level="error", logger="astcti.services.link")
        self.assertEqual(self.ask("log", level="info", logger="services.link")["logger"], "astcti.services.link")
        self.assertEqual(self.ask("log", level="info", logger="twisted.web")["logger"], "twisted.web")
        self.assertRaisesRegex(UserError, "debug, info", self.ask, "log", level="loud")
        self.assertRaisesRegex(UserError, "a logger's name", self.ask, "log", level="info", logger="a b")
        nobodys = Supervision(self.office.desk, self.pausing, self.texting, None)
        self.assertRaisesRegex(UserError, "not its own", nobodys.log, {"level": "info"})


class OverviewTests(OfficeTestCase):
    """What is seen."""

    def test_clients(self) -> None:
        """Everybody connected is listed with where they are and what they do."""
        self.office.client("198.51.100.7")
        self.office.clock.advance(60)
        anna, bruno, nobody = self.ask("clients")
        self.assertEqual(
            [anna[n] for n in ("operator", "name", "seat", "phones", "peer", "state", "seconds", "capabilities")],
            ["anna", "Anna", 1, ["PJSIP/201", "Local/251@phones"], "192.0.2.10", "ready", 60.0, ["events2", "actr"]],
        )
        self.assertEqual((bruno["operator"], nobody["operator"], nobody["peer"]), ("bruno", "", "198.51.100.7"))
        self.assertEqual((nobody["state"], nobody["seat"]), ("", None))

    def test_queues(self) -> None:
        """A queue is listed with who waits and who could answer."""
        self.assertEqual(
            self.ask("queues"),
            [{"queue": "astcti", "waiting": 0, "longest": 0, "members": 1, "available": 1, "busy": 0, "paused": 0}],
        )
        now = self.office.clock.seconds
        for n in "12":
            self.follower.callers.feed(QueueJoin(f"{n}.1", "1.1", f"SIP/out-{n}", "astcti", 1, "0551", ""), now())
            self.office.clock.advance(30)
        (queue,) = self.ask("queues")
        self.assertEqual((queue["waiting"], queue["longest"]), (2, 60))
