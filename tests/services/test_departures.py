"""Hundreds who leave in one turn of the reactor."""

from __future__ import annotations

from twisted.internet.defer import Deferred
from twisted.trial.unittest import SynchronousTestCase

from astcti.config.model import Operator, Seat
from astcti.model.commands import ClaimExtension, LoggedIn, Login
from astcti.services.duty import Duty
from astcti.services.floor import Attendance
from tests.services.fakes import FakeClient, Office, call_centre, digest, short_slices

FLOOR = 50


class Witness(Duty):
    """Writes down who comes and goes."""

    def __init__(self) -> None:
        self.seen: list[tuple[str, str, tuple[str, ...]]] = []

    def seated(self, attendance: Attendance) -> None:
        """Somebody came."""
        self._write("seated", attendance)

    def left(self, attendance: Attendance) -> None:
        """Somebody went."""
        self._write("left", attendance)

    def _write(self, what: str, attendance: Attendance) -> None:
        self.seen.append((what, attendance.known_operator().username, attendance.phones))


class DepartureTests(SynchronousTestCase):
    """They are free at once, and seen off soon."""

    def setUp(self) -> None:
        people = tuple(
            Operator(id=i, username=f"n{i}", full_name="", password=digest("a")) for i in range(1, FLOOR + 1)
        )
        seats = tuple(Seat(id=i, exten=f"PJSIP/{i}") for i in range(1, FLOOR + 1))
        self.office = Office(
            call_centre(operators=people, seats=seats, extensions=(), service_operators=()), slices=short_slices
        )
        self.witness = Witness()
        self.office.desk.employ(self.witness)
        self.clients = [self.come(i, i) for i in range(1, FLOOR + 1)]
        self.witness.seen.clear()

    def come(self, i: int, seat: int) -> FakeClient:
        """Log somebody in."""
        client = self.office.client()
        assert isinstance(self.office.ask(client, Login(f"n{i}", digest("a"))), LoggedIn)
        self.office.ask(client, ClaimExtension(f"PJSIP/{seat}"))
        return client

    def cut(self) -> None:
        """All connections are gone in one turn."""
        for client in self.clients:
            self.office.desk.detach(client)

    def test_in_slices(self) -> None:
        """All are free in the same turn; only some are seen off in it, the others soon, each once, in order and with
        the phones that they had."""
        self.cut()
        floor = self.office.desk.floor
        self.assertEqual((len(floor), floor.logged_in, len(floor.seated), self.office.phones.heard), (0, 0, 0, {}))
        self.assertLess(len(self.witness.seen), 5)
        self.office.clock.pump([1] * 2 * FLOOR)
        self.assertEqual(self.witness.seen, [("left", f"n{i}", (f"PJSIP/{i}",)) for i in range(1, FLOOR + 1)])

    def test_back_before_seen_off(self) -> None:
        """Who is back before they were seen off is seen off first, and once; and so is who had the seat."""
        self.cut()
        self.witness.seen.clear()
        self.come(40, 45)
        expected = [("left", "n40", ("PJSIP/40",)), ("left", "n45", ("PJSIP/45",)), ("seated", "n40", ("PJSIP/45",))]
        self.assertEqual(self.witness.seen, expected)
        self.office.clock.pump([1] * 2 * FLOOR)
        seen = [what[:2] for what in self.witness.seen]
        self.assertEqual((len(seen), len(set(seen))), (FLOOR, FLOOR))

    def test_server_stops(self) -> None:
        """When the server stops all are seen off before it says so."""
        self.cut()
        self.successResultOf(Deferred.fromCoroutine(self.office.desk.stop_duties()))
        self.assertEqual(len(self.witness.seen), FLOOR)

    def test_sent_away(self) -> None:
        """All are sent away when the PBX is away for too long, some in each turn."""
        done = self.office.desk.dismiss_all(905, "no link", "pbx")
        self.assertLess(sum(bool(c.dismissed) for c in self.clients), 10)
        self.assertNoResult(done)
        self.office.clock.pump([1] * 3 * FLOOR)
        self.successResultOf(done)
        self.assertTrue(all(c.dismissed == [(905, "no link", "pbx")] for c in self.clients))
        self.assertEqual(len(self.witness.seen), FLOOR)
