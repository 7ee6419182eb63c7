"""From one configuration to the next, one client in each turn of the reactor, while others do something."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from astcti.config.model import Configuration, Extension, Operator, Seat, Service, ServiceOperator
from astcti.errors import Refused
from astcti.model.commands import ClaimMac, Done, Identify, ListServices, Login, ServiceList
from astcti.services.books import Books
from astcti.services.duty import Duty
from astcti.services.floor import Attendance
from tests.services.fakes import FakeClient, Office, digest, notice, short_slices

SENT_AWAY = [(902, "configuration changed, please log in again", "reload")]
NAMES = ("anna", "bruno", "carla", "dario")


def floor_of_four(**changes: Any) -> Configuration:
    """Four queue agents at seats of one phone each, two services."""
    configuration = Configuration(
        services=(Service(id=1, name="sales", queue_name="sales"), Service(id=2, name="direct")),
        seats=tuple(Seat(id=i, exten=f"PJSIP/20{i}", mac=f"00:1c:bf:37:53:0{i}") for i in range(1, 5)),
        extensions=(Extension(seat_id=1, exten="PJSIP/251"),),
        operators=tuple(
            Operator(id=i, username=name, full_name=name.title(), password=digest(name), is_call_center=True)
            for i, name in enumerate(NAMES, 1)
        ),
        service_operators=tuple(ServiceOperator(service_id=1, operator_id=i) for i in (1, 2)),
    )
    return replace(configuration, **changes)


def changed(configuration: Configuration, rows: str, row_id: int, **fields: Any) -> Configuration:
    """A configuration in which one row says something else."""
    found = tuple(replace(r, **fields) if r.id == row_id else r for r in getattr(configuration, rows))
    return replace(configuration, **{rows: found})


class Noting(Duty):
    """Writes down for whom something is otherwise."""

    def __init__(self) -> None:
        self.concerned: list[str] = []

    def configured(self, attendance: Attendance, before: Books) -> None:
        assert attendance.operator is not None
        self.concerned.append(attendance.operator.username)


class SlowOffice(Office):
    """An office that sees to one client in each turn, the last to come first."""

    def __init__(self, configuration: Configuration) -> None:
        super().__init__(configuration, slices=short_slices)
        self.noting = Noting()
        self.desk.employ(self.noting)

    def seat(self, name: str) -> FakeClient:
        """Somebody at their seat."""
        client = self.client()
        self.ask(client, Login(name, digest(name)))
        self.ask(client, ClaimMac(f"00:1c:bf:37:53:0{NAMES.index(name) + 1}"))
        return client

    def reload(self, configuration: Configuration, running: Iterable[int] = ()) -> Any:
        """Another configuration; the first client is seen to at once."""
        return self.desk.configure(Books.of(configuration, self.settings), running)


class SuccessionTests(SynchronousTestCase):
    """All four are at work."""

    def setUp(self) -> None:
        self.office = SlowOffice(floor_of_four())
        self.anna, self.bruno, self.carla, self.dario = (self.office.seat(name) for name in NAMES)
        self.now = self.office.configuration

    def behind(self) -> list[str]:
        """Who has not had their turn."""
        return [a.operator.username for a in self.office.desk.floor.behind if a.operator is not None]

    def finish(self, done: Any) -> None:
        """Let everybody have their turn."""
        self.office.clock.pump([1] * 20)
        self.successResultOf(done)
        self.assertEqual(self.behind(), [])
        self.assertEqual(self.office.clock.getDelayedCalls(), [])

    def test_one_after_the_other(self) -> None:
        """One client in each turn; only those whom it concerns hear of it."""
        done = self.office.reload(changed(self.now, "operators", 2, full_name="Bruno B."))
        self.assertEqual(self.behind(), ["anna", "bruno", "carla"])
        self.office.clock.advance(1)
        self.assertEqual((self.behind(), self.office.noting.concerned), (["anna", "bruno"], []))
        self.office.clock.advance(1)
        self.assertEqual(self.office.noting.concerned, ["bruno"])
        self.finish(done)
        self.assertEqual(self.office.noting.concerned, ["bruno"])

    def test_everything_that_concerns(self) -> None:
        """Whatever is otherwise for somebody, it is their turn; what is for all, everybody's."""
        for configuration, concerned in (
            (replace(self.now, timestamp=9.0), []),
            (changed(self.now, "services", 1, wrapup_seconds=9), ["bruno", "anna"]),
            (replace(self.now, service_operators=self.now.service_operators[:1]), ["bruno"]),
            (changed(self.now, "seats", 3, description="at the window"), ["carla"]),
            (replace(self.now, extensions=()), ["anna"]),
            (replace(self.now, extensions=(replace(self.now.extensions[0], description="Home"),)), ["anna"]),
        ):
            self.setUp()
            self.finish(self.office.reload(configuration))
            self.assertEqual(self.office.noting.concerned, concerned)
        books = Books.of(self.now, replace(self.office.settings, park_context="park"))
        self.setUp()
        self.finish(self.office.desk.configure(books))
        self.assertEqual(sorted(self.office.noting.concerned), sorted(NAMES))

    def test_who_acts_first(self) -> None:
        """Whoever asks something before their turn is answered by the new configuration, and told of it once."""
        assignments = (*self.now.service_operators, ServiceOperator(service_id=2, operator_id=1))
        done = self.office.reload(
            replace(self.now, service_operators=assignments, extensions=(Extension(seat_id=1, exten="PJSIP/299"),))
        )
        self.assertIn("anna", self.behind())
        self.assertEqual(self.office.ask(self.anna, Identify()), Done("PJSIP/201 PJSIP/299"))
        self.assertNotIn("anna", self.behind())
        services = (("sales", "sales", "inbound"), ("direct", "direct", "inbound"))
        self.assertEqual(self.office.ask(self.anna, ListServices()), ServiceList(services))
        self.finish(done)
        self.assertEqual(self.office.noting.concerned, ["anna"])

    def test_who_has_to_leave_acts_first(self) -> None:
        """What they ask is not done any more."""
        done = self.office.reload(changed(self.now, "operators", 1, enabled=False))
        refused = self.office.ask(self.anna, Identify())
        self.assertIsInstance(refused, Refused)
        self.assertEqual((refused.number, self.anna.dismissed), (902, SENT_AWAY))
        self.finish(done)
        self.assertEqual(self.anna.dismissed, SENT_AWAY)
        self.assertEqual((self.office.desk.floor.logged_in, self.bruno.dismissed), (3, []))

    def test_call_at_a_phone_that_moved(self) -> None:
        """A call at a phone that was given to another seat is told there, whoever's turn it is."""
        for seat, there in ((2, "bruno"), (3, "carla"), (4, "dario")):
            self.setUp()
            done = self.office.reload(replace(self.now, extensions=(Extension(seat_id=seat, exten="PJSIP/251"),)))
            self.office.desk.notified([notice("Newchannel", "PJSIP/251")])
            clients = dict(zip(NAMES, (self.anna, self.bruno, self.carla, self.dario), strict=True))
            self.assertEqual(
                {name: client.kinds for name, client in clients.items() if client.told}, {there: ["Newchannel"]}
            )
            self.finish(done)
            self.assertEqual(self.office.phones.heard["PJSIP/251"], f"seat {seat}")

    def test_call_of_who_has_to_leave(self) -> None:
        """Somebody who has to leave hears of no call any more; others do."""
        done = self.office.reload(changed(self.now, "operators", 1, password=digest("another")))
        self.office.desk.notified([notice("Newchannel"), notice("Newchannel", "PJSIP/202")])
        self.assertEqual((self.anna.kinds, self.anna.dismissed), ([], SENT_AWAY))
        self.assertEqual(self.bruno.kinds, ["Newchannel"])
        self.finish(done)

    def test_queue_that_is_not_theirs(self) -> None:
        """A membership that the PBX tells of is judged by the new configuration."""
        done = self.office.reload(replace(self.now, service_operators=self.now.service_operators[1:]))
        self.office.desk.member_changed("sales", "PJSIP/201", True)
        self.office.desk.member_changed("sales", "PJSIP/202", True)
        self.assertEqual((self.anna.queues, self.bruno.queues), ([], [("sales", True)]))
        self.finish(done)

    def test_seat_that_becomes_free(self) -> None:
        """A seat whose operator has to leave is free for the next at once; so is a user name."""
        self.office.desk.detach(self.dario)
        done = self.office.reload(changed(self.now, "operators", 1, is_call_center=False))
        self.assertIn("anna", self.behind())
        dario = self.office.client()
        self.office.ask(dario, Login("dario", digest("dario")))
        self.assertIsInstance(self.office.ask(dario, ClaimMac("00:1c:bf:37:53:01")), Done)
        self.assertEqual(self.anna.dismissed, SENT_AWAY)
        self.finish(done)
        self.assertEqual(self.office.phones.heard["PJSIP/251"], "seat 1")
        done = self.office.reload(changed(self.now, "operators", 2, seat_id=2))
        again = self.office.client()
        self.office.ask(again, Login("bruno", digest("bruno")))
        self.assertEqual((self.bruno.dismissed, again.dismissed), (SENT_AWAY, []))
        self.finish(done)

    def test_who_leaves_meanwhile(self) -> None:
        """Whoever goes before their turn is gone; whoever comes is described by the new configuration."""
        done = self.office.reload(changed(self.now, "operators", 1, full_name="Anna A."))
        self.office.desk.detach(self.anna)
        anna = self.office.seat("anna")
        self.assertEqual(self.office.desk.floor.of(anna).known_operator().full_name, "Anna A.")
        self.finish(done)
        self.assertEqual((self.office.noting.concerned, self.office.desk.floor.logged_in), ([], 4))

    def test_another_one_meanwhile(self) -> None:
        """A further configuration finds everybody seen to by the one before."""
        first = self.office.reload(changed(self.now, "operators", 1, enabled=False))
        second = self.office.reload(changed(self.now, "operators", 2, full_name="Bruno B."))
        self.assertEqual(self.anna.dismissed, SENT_AWAY)
        self.finish(second)
        self.successResultOf(first)
        self.assertEqual(self.office.desk.floor.of(self.bruno).known_operator().full_name, "Bruno B.")

    def test_broken_client(self) -> None:
        """What goes wrong with one client costs that client only."""

        def fail(attendance: Attendance, before: Books) -> None:
            raise RuntimeError("broken")

        self.patch(self.office.desk.floor, "furnish", lambda *about: fail(*about[:2]))
        done = self.office.reload(replace(self.now, extensions=()))
        self.finish(done)
        self.assertEqual(self.anna.dismissed, [(999, "internal error", "kicked")])
        self.assertEqual(self.office.desk.floor.logged_in, 3)
        self.assertTrue(self.flushLoggedErrors(RuntimeError))

    def test_calls_that_run(self) -> None:
        """Until it is known on which services calls run, they are told by any; afterwards by those only."""
        alone = replace(self.now, service_operators=(ServiceOperator(service_id=1, operator_id=2),))
        for running, after in (((1, 0), ["Unlink", "Hangup"]), ((), ["Hangup"])):
            self.setUp()
            done = self.office.reload(alone, running)
            self.office.desk.notified([notice("Unlink", service_id=1)])
            self.assertEqual(self.anna.kinds, ["Unlink"])
            self.finish(done)
            self.office.desk.notified([notice("Unlink", service_id=1), notice("Hangup", service_id=1)])
            self.assertEqual(self.anna.kinds, ["Unlink", *after])

    def test_calls_that_run_on(self) -> None:
        """A call outlives a second reload as well."""
        alone = replace(self.now, service_operators=(ServiceOperator(service_id=1, operator_id=2),))
        self.finish(self.office.reload(alone, (1,)))
        self.finish(self.office.reload(replace(alone, timestamp=2.0), (1,)))
        self.office.desk.notified([notice("Unlink", service_id=1)])
        self.assertEqual(self.anna.kinds, ["Unlink"])


# -- the law: whatever happens between the turns, the end is what a fresh start would have been

IDS = st.sampled_from((1, 2, 3, 4))


@st.composite
def changes(draw: st.DrawFn) -> Configuration:
    """Another configuration of the same floor."""
    base = floor_of_four()
    operators = [
        replace(o, enabled=draw(st.sampled_from((True, True, True, False))), full_name=draw(st.sampled_from("ab")),
                password=draw(st.sampled_from((o.password, o.password, "other"))))
        for o in base.operators
    ]  # fmt: skip
    seats = [replace(s, enabled=draw(st.sampled_from((True, True, True, False)))) for s in base.seats]
    phones = draw(st.dictionaries(st.sampled_from(("PJSIP/251", "PJSIP/252", "SIP/9")), IDS))
    assigned = draw(st.sets(st.tuples(st.sampled_from((1, 2)), IDS)))
    return replace(
        base,
        operators=tuple(operators),
        seats=tuple(seats),
        extensions=tuple(Extension(seat_id=seat, exten=exten) for exten, seat in sorted(phones.items())),
        service_operators=tuple(ServiceOperator(service_id=s, operator_id=o) for s, o in sorted(assigned)),
    )


MOMENTS = st.lists(
    st.one_of(
        st.just(("turn", "")),
        st.tuples(st.sampled_from(("asks", "leaves")), st.sampled_from(NAMES)),
        st.tuples(
            st.sampled_from(("rings", "joins")), st.sampled_from(("PJSIP/201", "PJSIP/202", "PJSIP/251", "SIP/9"))
        ),
    ),
    max_size=8,
)


class LawTests(SynchronousTestCase):
    """A reload ends where a fresh start begins."""

    @settings(max_examples=150, deadline=None)
    @given(before=changes(), after=changes(), moments=MOMENTS)
    def test_as_a_fresh_start(
        self, before: Configuration, after: Configuration, moments: list[tuple[str, str]]
    ) -> None:
        """Seats, phones, operators and services are those that a server begun with the new configuration has."""
        office = SlowOffice(before)
        clients = {name: office.seat(name) for name in NAMES}
        done = office.reload(after)
        for what, about in moments:
            if what == "turn":
                office.clock.advance(1)
            elif what == "asks":
                office.ask(clients[about], Identify())
            elif what == "leaves":
                office.desk.detach(clients[about])
            elif what == "rings":
                office.desk.notified([notice("Newchannel", about)])
            else:
                office.desk.member_changed("sales", about, True)
        office.clock.pump([1] * 20)
        self.successResultOf(done)
        left = {a.operator.username for a in office.desk.floor.seated if a.operator is not None}
        fresh = SlowOffice(after)
        again = {name: fresh.seat(name) for name in NAMES if name in left}
        self.assertEqual(office.desk.books, fresh.desk.books)
        self.assertEqual(office.phones.heard, fresh.phones.heard)
        for name, client in again.items():
            was, now = office.desk.floor.of(clients[name]), fresh.desk.floor.of(client)
            for field in ("operator", "seat", "channels", "phones"):
                self.assertEqual(getattr(was, field), getattr(now, field), (name, field))
        self.assertEqual(
            {phone: a.operator.username for phone, a in office.desk.floor.at_phone.items() if a.operator},
            {phone: a.operator.username for phone, a in fresh.desk.floor.at_phone.items() if a.operator},
        )
