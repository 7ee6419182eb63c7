"""What became of every action, as an administrator sees it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from twisted.logger import LogLevel, capturedLogs
from twisted.trial.unittest import SynchronousTestCase

from astcti.actions.performer import Performer
from astcti.actions.places import ServerPlace
from astcti.config.model import Action
from astcti.errors import Refused
from astcti.model.actions import Outcome
from astcti.model.commands import ClaimMac, Done, Login, ReportAction
from astcti.model.notices import Notice
from astcti.services.counters import Counters
from astcti.services.delivery import SCHEMA, Ledger, archive
from astcti.services.journal import SCHEMA as JOURNAL_SCHEMA
from astcti.services.journal import Journal
from astcti.services.serveractions import ServerActions
from tests.services.fakes import FakeClient, Office, call_centre, digest, notice
from tests.services.memorystore import MemoryStore
from tests.services.test_serveractions import Slow


def link(seat: str = "PJSIP/201", uniqueid: str = "1.1", **details: Any) -> Notice:
    """A pop of the direct service."""
    return notice("Link", seat, 1, pop=True, uniqueid=uniqueid, service="direct", **details)


class LedgerTestCase(SynchronousTestCase):
    """Anna at 201 works on the direct service, which has a page to open."""

    def setUp(self) -> None:
        self.store = MemoryStore(SCHEMA)
        self.journal = Journal(MemoryStore(JOURNAL_SCHEMA), lambda: 0.0)
        self.begin(Office())

    def begin(self, office: Office) -> None:
        self.office = office
        office.clock.advance(1_000_000)
        self.ledger = self.employ(office)
        self.anna = self.sit(capabilities={"actr", "events2"})

    def employ(self, office: Office) -> Ledger:
        ledger = Ledger(office.clock, self.store, self.journal)
        office.desk.employ(ledger)
        ledger.startService()
        self.addCleanup(ledger.stopService)
        return ledger

    def sit(
        self, name: str = "anna", mac: str = "00:1c:bf:37:53:ba", capabilities: set[str] | None = None
    ) -> FakeClient:
        client = self.office.client()
        client.capabilities = capabilities or set()
        self.office.ask(client, Login(name, digest(name[0])))
        self.office.ask(client, ClaimMac(mac))
        return client

    def pop(self, client: FakeClient, event: Notice | None = None) -> str:
        """A call pops; the id of its action."""
        told = len(client.told)
        self.office.desk.notified([event or link()])
        _, actions = client.told[told]
        return actions[0].id

    def row(self, id: str) -> dict[str, Any]:
        delivery = self.ledger.book.get(id)
        assert delivery is not None
        return delivery.shown()

    def state(self, id: str) -> tuple[str, str]:
        row = self.row(id)
        return row["status"], row["reason"]


class ReportTests(LedgerTestCase):
    """Clients that say what became of actions."""

    def test_life_of_an_action(self) -> None:
        """An action is known from the moment it is sent, with whose it is; then how it ended, and how long it took."""
        id = self.pop(self.anna)
        row = self.row(id)
        self.assertEqual(
            [row[n] for n in ("status", "type", "call", "caller", "service", "moment", "operator", "phone", "peer")],
            ["sent", "BROWSER", "1.1", "0551", "direct", "LINK", "anna", "PJSIP/201", "192.0.2.10"],
        )
        self.assertEqual((row["sent_milliseconds"], row["milliseconds"]), (0.0, None))
        self.office.clock.advance(0.25)
        self.assertEqual(self.office.ask(self.anna, ReportAction(id, True, "12 ms")), Done())
        self.assertEqual((self.state(id), self.row(id)["milliseconds"]), (("ok", "12 ms"), 250.0))
        self.assertEqual(self.ledger.ended, {"ok": 1})

    def test_failure_is_logged(self) -> None:
        """An action that fails is a sentence in the log, with the client's words and whose screen stayed empty."""
        id = self.pop(self.anna)
        with capturedLogs() as logs:
            self.office.ask(self.anna, ReportAction(id, False, "no browser"))
        (event,) = logs
        self.assertEqual(event["log_level"], LogLevel.warn)
        self.assertEqual((event["operator"], event["reason"]), ("anna", "no browser"))
        self.assertEqual(self.state(id), ("failed", "no browser"))

    def test_failure_without_words(self) -> None:
        """Also a client that says nothing but KO leaves a reason."""
        id = self.pop(self.anna)
        self.office.ask(self.anna, ReportAction(id, False))
        self.assertEqual(self.state(id), ("failed", "the client says no more"))

    def test_said_twice(self) -> None:
        """The first word counts: the outcome is not changed by a repetition, which is no error."""
        id = self.pop(self.anna)
        self.office.ask(self.anna, ReportAction(id, True))
        self.assertEqual(self.office.ask(self.anna, ReportAction(id, False, "no")), Done())
        self.assertEqual(self.state(id)[0], "ok")

    def test_of_somebody_else(self) -> None:
        """Nobody can say anything about actions that were not sent to them, or of which there is none."""
        bruno = self.sit("bruno", "00:1c:bf:37:53:bb", {"actr"})
        id = self.pop(self.anna)
        for client, about in ((bruno, id), (self.anna, "1-0000000000000000"), (self.anna, "")):
            refusal = self.office.ask(client, ReportAction(about, True))
            assert isinstance(refusal, Refused)
            self.assertEqual(refusal.number, 931)
        self.assertEqual(self.state(id)[0], "sent")

    def test_silence(self) -> None:
        """A client that could have said something and did not is told from one that cannot."""
        bruno = call_centre()
        refs = (*bruno.service_operators, replace(bruno.service_operators[0], operator_id=2))
        self.begin(Office(replace(bruno, service_operators=refs)))
        old = self.sit("bruno", "00:1c:bf:37:53:bb")
        talks, silent = self.pop(self.anna), self.pop(old, link("PJSIP/202"))
        self.assertEqual(self.state(silent)[0], "unreported")
        with capturedLogs() as logs:
            self.office.clock.pump([1.0] * 31)
        self.assertEqual(self.state(talks), ("timeout", "the client did not say what became of it"))
        self.assertEqual([event["id"] for event in logs], [talks])
        self.assertEqual(self.ledger.ended, {"unreported": 1, "timeout": 1})

    def test_late_word(self) -> None:
        """A word that comes too late is still better than none."""
        id = self.pop(self.anna)
        self.office.clock.pump([1.0] * 31)
        self.office.ask(self.anna, ReportAction(id, True))
        self.assertEqual(self.state(id)[0], "ok")

    def test_lost_and_back(self) -> None:
        """An action whose client vanished is lost, until the client is back and says otherwise."""
        id = self.pop(self.anna)
        self.office.desk.detach(self.anna)
        self.assertEqual(self.state(id), ("lost", "the client was lost before it said what became of it"))
        again = self.sit(capabilities={"actr"})
        self.office.ask(again, ReportAction(id, True))
        self.assertEqual(self.state(id)[0], "ok")
        self.assertEqual(len(self.ledger._open), 0)

    def test_said_goodbye(self) -> None:
        """Whoever logs out in the midst of it has not crashed."""
        id = self.pop(self.anna)
        self.anna.said_goodbye = True
        self.office.desk.detach(self.anna)
        self.assertIn("logged out", self.state(id)[1])

    def test_told_again(self) -> None:
        """A call that is told again to a client that came back is the same action, sent twice."""
        id = self.pop(self.anna)
        self.office.desk.detach(self.anna)
        again = self.sit(capabilities={"actr"})
        self.office.clock.advance(20)
        self.assertEqual(self.pop(again), id)
        self.assertEqual((self.state(id)[0], self.row(id)["times"], len(self.ledger.book)), ("sent", 2, 1))
        self.office.clock.pump([1.0] * 15)
        self.assertEqual(self.state(id)[0], "sent")
        self.office.clock.pump([1.0] * 16)
        self.assertEqual(self.state(id)[0], "timeout")

    def test_told_again_after_the_outcome(self) -> None:
        """What is known to have been performed stays so, whoever is told of it again."""
        id = self.pop(self.anna)
        self.office.ask(self.anna, ReportAction(id, True))
        self.pop(self.anna)
        self.office.clock.pump([1.0] * 40)
        self.assertEqual((self.state(id)[0], self.row(id)["times"]), ("ok", 2))

    def test_reported_pops(self) -> None:
        """Whoever decides what to tell again hears that a pop was seen; not of calls that it does not know."""
        self.journal.put_pop("1.1", "seat 1")
        one, two = self.pop(self.anna), self.pop(self.anna, link(uniqueid="2.1"))
        for id in (one, two):
            self.office.ask(self.anna, ReportAction(id, True))
        self.assertEqual([(p.uniqueid, p.reported) for p in self.journal.pops.values()], [("1.1", True)])

    def test_slow_reader(self) -> None:
        """What waits for a client that reads slowly is not sent yet; if it never reads, that is said."""
        self.anna.backlog = 500
        one = self.pop(self.anna)
        self.assertEqual(self.state(one)[0], "queued")
        self.office.clock.pump([1.0] * 3)
        self.anna.backlog = 0
        self.office.clock.advance(0.1)
        self.assertEqual((self.state(one)[0], self.row(one)["sent_milliseconds"]), ("sent", 3100.0))
        self.anna.backlog = 500
        two = self.pop(self.anna, link(uniqueid="2.1"))
        self.office.clock.pump([1.0] * 31)
        self.assertEqual(self.state(two), ("timeout", "the client does not read"))

    def test_dropped(self) -> None:
        """An action that a client was not even sent, because it reads too slowly, is not forgotten."""
        self.anna.full = True
        with capturedLogs() as logs:
            self.office.desk.notified([link()])
        (delivery,) = self.ledger.book
        self.assertEqual((delivery.status, len(logs)), ("dropped", 1))

    def test_awaited_outcome(self) -> None:
        """Whoever waits for an outcome hears it at once, or after a while that there is none yet."""
        one, two = (self.ledger.book.get(self.pop(self.anna, link(uniqueid=u))) for u in ("1.1", "2.1"))
        assert one is not None and two is not None
        first, second = self.ledger.outcome_of(one, 5), self.ledger.outcome_of(two, 5)
        self.office.ask(self.anna, ReportAction(one.id, True))
        self.assertIs(self.successResultOf(first), one)
        self.assertNoResult(second)
        self.office.clock.advance(5)
        self.assertEqual(self.successResultOf(second).status, "sent")
        self.assertIs(self.successResultOf(self.ledger.outcome_of(one, 5)), one)
        self.assertEqual(self.ledger._awaiting, {})


class CeilingTests(LedgerTestCase):
    """So many actions, for so long."""

    def test_ceiling(self) -> None:
        """Of more actions than are to be kept the oldest go, in memory and in the file, and everything counts."""
        self.begin(Office(actions_kept=100))
        for n in range(250):
            self.pop(self.anna, link(uniqueid=f"{n}.1"))
        self.office.clock.advance(0.1)
        self.assertEqual((len(self.ledger.book), sum(self.ledger.book.tally.values())), (100, 100))
        self.assertEqual(next(iter(self.ledger.book)).call, "150.1")
        self.assertEqual(self.store.read("SELECT COUNT(*) FROM actions"), [(100,)])
        self.assertEqual(sum(map(len, self.ledger._open.values())), 100)

    def test_retention(self) -> None:
        """What is too old is forgotten."""
        self.pop(self.anna)
        self.office.clock.advance(72 * 3600.0 - 10)
        self.assertEqual(len(self.ledger.book), 1)
        self.office.clock.pump([1.0] * 12)
        self.assertEqual((len(self.ledger.book), self.store.read("SELECT COUNT(*) FROM actions")), (0, [(0,)]))

    def test_finding(self) -> None:
        """Actions are found by agent, call and failure, the newest first."""
        ids = [self.pop(self.anna, link(uniqueid=f"{n}.1")) for n in range(3)]
        self.office.ask(self.anna, ReportAction(ids[1], False, "no"))
        find = self.ledger.book.find
        self.assertEqual([d.call for d in find()[0]], ["2.1", "1.1", "0.1"])
        self.assertEqual(([d.id for d in find(limit=1)[0]], find(limit=1)[1]), ([ids[2]], 3))
        self.assertEqual([d.id for d in find(bad=True)[0]], [ids[1]])
        self.assertEqual([d.id for d in find(call="0.1")[0]], [ids[0]])
        self.assertEqual(find(agent="bruno"), ([], 0))


class RestartTests(LedgerTestCase):
    """Another process reads what this one wrote."""

    def restart(self) -> None:
        """The server dies 0.1 s from now, and another one begins."""
        self.office.clock.advance(0.1)
        self.store = MemoryStore(connection=self.store.connection)
        self.begin(Office())

    def test_nothing_is_forgotten(self) -> None:
        """After a restart all is as it was, word for word; statistics go on."""
        ids = [self.pop(self.anna, link(uniqueid=f"{n}.1", number="☎")) for n in range(3)]
        self.office.ask(self.anna, ReportAction(ids[0], False, "no browser"))
        before = [self.row(id) for id in ids]
        tally = dict(self.ledger.book.tally)
        self.restart()
        self.assertEqual([self.row(id) for id in ids], before)
        self.assertEqual({k: v for k, v in self.ledger.book.tally.items() if v}, {k: v for k, v in tally.items() if v})

    def test_outcome_after_a_restart(self) -> None:
        """A client says to the next server what became of an action of the one before; or does not, and that shows."""
        one, two = (self.pop(self.anna, link(uniqueid=u)) for u in ("1.1", "2.1"))
        self.restart()
        self.assertEqual(self.office.ask(self.anna, ReportAction(one, True)), Done())
        self.office.clock.pump([1.0] * 31)
        self.assertEqual((self.state(one)[0], self.state(two)[0]), ("ok", "timeout"))
        self.office.clock.advance(0.1)
        rows = self.store.read("SELECT status FROM actions ORDER BY call")
        self.assertEqual(rows, [("ok",), ("timeout",)])

    def test_lost_file(self) -> None:
        """When the file breaks, what is in memory is written anew."""
        self.pop(self.anna)
        self.office.clock.advance(0.1)
        self.store.connection.execute("DELETE FROM actions")
        self.store.on_lost()
        self.pop(self.anna, link(uniqueid="2.1"))
        self.office.clock.advance(0.1)
        self.assertEqual(self.store.read("SELECT call FROM actions ORDER BY call"), [("1.1",), ("2.1",)])

    def test_lost_file_of_many(self) -> None:
        """Of very many the newest are written anew, so that it holds nobody up."""
        self.patch(archive, "MAX_AGAIN", 2)
        for uniqueid in ("1.1", "2.1", "3.1"):
            self.pop(self.anna, link(uniqueid=uniqueid))
        self.office.clock.advance(0.1)
        self.store.connection.execute("DELETE FROM actions")
        self.store.on_lost()
        self.assertEqual(self.store.read("SELECT call FROM actions ORDER BY call"), [("2.1",), ("3.1",)])


class ServerSideTests(LedgerTestCase):
    """Actions that the server performs."""

    def setUp(self) -> None:
        self.slow = Slow()
        super().setUp()

    def begin(self, office: Office) -> None:
        configuration = call_centre()
        action = Action(id=1, type="TCP_MESSAGE", destination="192.0.2.1:9", parameters="hi", execute_on="SERVER")
        super().begin(Office(replace(configuration, actions=(action,))))
        types = {"TCP_MESSAGE": self.slow}
        performer = Performer(ServerPlace(self.office.clock), "SERVER", types=types)  # type: ignore[arg-type]
        server = ServerActions(self.office.clock, Counters(), performer)
        server.wanted, server.on_begun, server.on_ended = (
            self.ledger.wanted, self.ledger.performing, self.ledger.performed,
        )  # fmt: skip
        self.office.desk._teller._start = server.start

    def test_own_outcome(self) -> None:
        """What the server does itself has a life and an outcome like everything else."""
        self.office.desk.notified([link()])
        (delivery,) = self.ledger.book
        self.assertEqual((delivery.status, delivery.place, delivery.operator), ("started", "server", "anna"))
        self.office.clock.advance(1)
        self.slow.begun[0][1].callback(Outcome("failed", "nobody listens"))
        self.assertEqual(
            (delivery.status, delivery.reason, delivery.milliseconds), ("failed", "nobody listens", 1000.0)
        )

    def test_once(self) -> None:
        """A call that is told again is no reason for the server to do it again."""
        for _ in range(2):
            self.office.desk.notified([link()])
        self.assertEqual(len(self.slow.begun), 1)
        self.slow.begun[0][1].callback(Outcome("ok"))
        self.office.desk.notified([link()])
        self.assertEqual((len(self.slow.begun), [d.status for d in self.ledger.book]), (1, ["ok"]))

    def test_no_word_by_a_client(self) -> None:
        """A client cannot say what became of what it never had."""
        self.office.desk.notified([link()])
        (delivery,) = self.ledger.book
        self.assertIsInstance(self.office.ask(self.anna, ReportAction(delivery.id, True)), Refused)

    def test_died_meanwhile(self) -> None:
        """What the server did when it died is lost, and is done when the call is told again."""
        self.office.desk.notified([link()])
        self.office.clock.advance(0.1)
        self.store = MemoryStore(connection=self.store.connection)
        self.begin(Office())
        (delivery,) = self.ledger.book
        self.assertEqual((delivery.status, delivery.reason), ("lost", "the server ended before"))
        self.office.desk.notified([link()])
        self.assertEqual((delivery.status, len(self.slow.begun)), ("started", 2))
