"""Looking at actions, and having one performed again."""

from __future__ import annotations

from typing import Any

from astcti.errors import UserError
from astcti.model.actions import Outcome
from astcti.model.commands import ReportAction
from astcti.services.delivery import Ordering, ordering
from tests.services.delivery.test_ledger import LedgerTestCase, ServerSideTests, link
from tests.services.fakes import Office
from tests.services.memorystore import MemoryStore


class OrderingTests(LedgerTestCase):
    """The administrator asks."""

    def begin(self, office: Office) -> None:
        super().begin(office)
        self.calls: set[str] = set()
        made = Ordering(office.clock, office.desk, self.ledger, office.started.append, lambda: self.calls)
        self.table = made.table()

    def ask(self, command: str, **details: Any) -> Any:
        return self.table[command]({"command": command, **details})

    def refused(self, **details: Any) -> str:
        return str(self.failureResultOf(self.ask("replay", **details), UserError).value)

    def test_list(self) -> None:
        """Actions are listed, the newest first, so many as asked for, with how many there are in all."""
        ids = [self.pop(self.anna, link(uniqueid=f"{n}.1")) for n in range(60)]
        self.office.ask(self.anna, ReportAction(ids[0], False, "no browser"))
        answer = self.ask("actions")
        self.assertEqual((len(answer["actions"]), answer["total"]), (50, 60))
        self.assertEqual((answer["actions"][0]["id"], answer["tally"]), (ids[-1], {"failed": 1, "sent": 59}))
        self.assertEqual(len(self.ask("actions", limit=0)["actions"]), 60)
        (failed,) = self.ask("actions", failed=True)["actions"]
        self.assertEqual((failed["id"], failed["configured"], failed["reason"]), (ids[0], "1", "no browser"))
        self.assertEqual(self.ask("actions", agent="anna", call="7.1")["total"], 1)
        self.assertEqual(self.ask("actions", agent="bruno")["total"], 0)
        self.assertRaises(UserError, self.ask, "actions", limit=-1)
        self.assertRaises(UserError, self.ask, "actions", limit="all")

    def test_pages(self) -> None:
        """Of very many some are told at a time, so that nobody's call waits for it; the next ones are those before."""
        self.patch(ordering, "PAGE", 25)
        ids = [self.pop(self.anna, link(uniqueid=f"{n}.1")) for n in range(60)]
        found: list[str] = []
        for size in (25, 25, 10, 0):
            answer = self.ask("actions", limit=0, **({"before": found[-1]} if found else {}))
            self.assertEqual((len(answer["actions"]), answer["total"]), (size, 60))
            found += [action["id"] for action in answer["actions"]]
        self.assertEqual(found, ids[::-1])
        self.assertEqual(self.ask("actions", limit=100, before="nothing")["actions"], [])
        self.assertEqual([a["id"] for a in self.ask("actions", limit=2, before=ids[5])["actions"]], [ids[4], ids[3]])

    def test_again(self) -> None:
        """The client gets the same action of the same call, under an id that it has not performed; the administrator
        hears what became of it."""
        id = self.pop(self.anna)
        self.calls.add("1.1")
        answer = self.ask("replay", id=id)
        (first, before), (second, after) = self.anna.told
        self.assertEqual((second.kind, second.call), (first.kind, first.call))
        self.assertEqual((after[0].id, after[0].parameters), (f"{id}-r1", before[0].parameters))
        self.assertNoResult(answer)
        self.office.clock.advance(0.5)
        self.office.ask(self.anna, ReportAction(f"{id}-r1", True))
        again = self.successResultOf(answer)
        self.assertEqual((again["status"], again["replay_of"], again["milliseconds"]), ("ok", id, 500.0))
        self.ask("replay", id=f"{id}-r1")
        self.assertEqual(self.anna.told[-1][1][0].id, f"{id}-r2")

    def test_call_that_is_over(self) -> None:
        """A call that is long over ends at once for the client, which would else show it for ever."""
        self.ask("replay", id=self.pop(self.anna))
        self.assertEqual(self.anna.kinds, ["Link", "Link", "Hangup"])
        self.assertEqual(self.anna.told[-1][1], ())

    def test_no_word(self) -> None:
        """When nothing is known yet the administrator is not kept waiting."""
        answer = self.ask("replay", id=self.pop(self.anna))
        self.office.clock.pump([1.0] * 5)
        self.assertEqual(self.successResultOf(answer)["status"], "sent")

    def test_after_a_restart(self) -> None:
        """What another process sent can be sent again by this one, word for word."""
        event = link(name="Zoë ☎", variables=(("calldata", "1&2"), ("empty", "")), started=12.5)
        id = self.pop(self.anna, event)
        _, (before,) = self.anna.told[0]
        self.office.clock.advance(0.1)
        self.store = MemoryStore(connection=self.store.connection)
        self.begin(Office())
        self.ask("replay", id=id)
        told, (after,) = self.anna.told[0]
        self.assertEqual((told.call, told.kind, told.pop), (event.call, "Link", True))
        self.assertEqual((after.parameters, after.type, after.id), (before.parameters, before.type, f"{id}-r1"))

    def test_refusals(self) -> None:
        """Why it cannot be done is said in words."""
        id = self.pop(self.anna)
        self.assertIn("no such action", self.refused(id="9-9"))
        self.assertIn("no such action", self.refused())
        self.anna.full = True
        self.assertIn("reads too slowly", self.refused(id=id))
        self.office.clock.advance(0.1)
        self.store.connection.execute("UPDATE actions SET payload = ''")
        self.assertIn("not known any more", self.refused(id=id))
        self.assertEqual(len(self.anna.told), 1)

    def test_gone(self) -> None:
        """Nobody can be shown anything who is not there."""
        id = self.pop(self.anna)
        self.office.desk.detach(self.anna)
        self.assertEqual(self.refused(id=id), "anna is not at work")


class ServerSideOrderingTests(ServerSideTests):
    """The same for what the server does itself."""

    def test_again(self) -> None:
        """The server does it again, though it has done it before."""
        self.office.desk.notified([link()])
        self.slow.begun[0][1].callback(Outcome("failed", "nobody listens"))
        (first,) = self.ledger.book
        start = self.office.desk._teller._start
        ordering = Ordering(self.office.clock, self.office.desk, self.ledger, start, set)
        answer = ordering.replay({"id": first.id})
        self.slow.begun[1][1].callback(Outcome("ok"))
        again = self.successResultOf(answer)
        self.assertEqual((again["id"], again["status"], again["place"]), (f"{first.id}-r1", "ok", "server"))
        self.assertEqual(first.status, "failed")


del ServerSideTests, LedgerTestCase  # their own module runs them
