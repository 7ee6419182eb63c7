"""Who has to wait before trying to log in again."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from astcti.services import lockout
from astcti.services.lockout import Lockout, origin_of

HERE, THERE = "192.0.2.1", "192.0.2.2"


class PairTests(SynchronousTestCase):
    """One user at one address."""

    def setUp(self) -> None:
        self.lockout = Lockout()

    def fail_often(self, now: float, times: int = 5, user: str = "anna", address: str = HERE) -> float:
        """Fail several times in a row; the wait after it."""
        return [self.lockout.failed(user, address, now) for _ in range(times)][-1]

    def test_four_failures_are_forgiven(self) -> None:
        """Somebody who mistypes four times can go on trying."""
        self.assertEqual(self.fail_often(0, 4), 0)
        self.assertEqual(self.lockout.wait("anna", HERE, 0), 0)

    def test_fifth_failure_locks_for_a_minute(self) -> None:
        """The fifth failure in five minutes locks for 60 seconds, there and nowhere else."""
        self.assertEqual(self.fail_often(0), 60)
        self.assertEqual(self.lockout.wait("anna", HERE, 59), 1)
        self.assertEqual(self.lockout.wait("anna", HERE, 60), 0)
        self.assertEqual(self.lockout.wait("anna", THERE, 0), 0)
        self.assertEqual(self.lockout.wait("bruno", HERE, 0), 0)

    def test_slow_failures_do_not_lock(self) -> None:
        """Failures more than five minutes apart do not add up."""
        for i in range(20):
            self.assertEqual(self.lockout.failed("anna", HERE, i * 301.0), 0)

    def test_locks_grow_to_a_quarter_of_an_hour(self) -> None:
        """Each further lock is twice as long, up to 15 minutes."""
        now, waits = 0.0, []
        for _ in range(6):
            waits.append(self.fail_often(now))
            now += waits[-1]
        self.assertEqual(waits, [60, 120, 240, 480, 900, 900])

    def test_success_clears(self) -> None:
        """After a right password the count begins anew, and so do the locks."""
        self.fail_often(0)
        self.lockout.succeeded("anna", HERE)
        self.assertEqual(self.fail_often(100, 4), 0)
        self.assertEqual(self.fail_often(100, 1), 60)

    def test_an_hour_of_peace_is_enough(self) -> None:
        """Somebody locked yesterday starts with the short lock again."""
        self.fail_often(0)
        self.assertEqual(self.fail_often(4000), 60)


class AddressTests(SynchronousTestCase):
    """One address trying many users."""

    def test_thirty_failures_close_the_address(self) -> None:
        """An address that fails thirty times with whatever users is refused for ten minutes."""
        table = Lockout()
        for i in range(30):
            table.failed(f"user{i}", HERE, 0)
        self.assertEqual(table.wait("innocent", HERE, 1), 599)
        self.assertEqual(table.wait("innocent", THERE, 1), 0)
        self.assertEqual(table.wait("innocent", HERE, 600), 0)

    def test_a_network_of_ipv6_addresses_is_one(self) -> None:
        """Changing the lower half of an IPv6 address does not help; an IPv4 address in IPv6 form is the same."""
        self.assertEqual(origin_of("2001:db8::1"), origin_of("2001:db8::ffff:1"))
        self.assertNotEqual(origin_of("2001:db8::1"), origin_of("2001:db8:0:1::1"))
        self.assertEqual(origin_of("::ffff:192.0.2.1"), "192.0.2.1")
        self.assertEqual(origin_of("fe80::1%eth0"), "fe80::/64")
        self.assertEqual(origin_of("somewhere"), "somewhere")


class UserTests(SynchronousTestCase):
    """One user from everywhere."""

    def test_answers_come_later_but_always_come(self) -> None:
        """After ten failures from anywhere each answer takes a second more, five at most; it is never a lock."""
        table = Lockout()
        delays = []
        for i in range(20):
            delays.append(table.delay("anna", 0))
            table.failed("anna", f"192.0.2.{i}", 0)
        self.assertEqual(delays[:10], [0] * 10)
        self.assertEqual(delays[10:16], [1, 2, 3, 4, 5, 5])
        self.assertEqual(table.wait("anna", "203.0.113.1", 0), 0)
        self.assertEqual(table.delay("anna", 601), 0)


class TableTests(SynchronousTestCase):
    """The tables as such."""

    def test_tables_do_not_grow_for_ever(self) -> None:
        """However many names are tried, memory is bounded; the oldest are forgotten."""
        self.patch(lockout, "MAX_ENTRIES", 100)
        table = Lockout()
        for i in range(1000):
            table.failed(f"user{i}", f"10.0.{i // 250}.{i % 250}", i)
        self.assertEqual(
            [len(t.trails) for t in (table._pairs, table._addresses, table._users)],  # the only way to see it
            [100, 100, 100],
        )

    def test_an_administrator_sees_and_lifts_locks(self) -> None:
        """Locks are listed with what is left of them, and can be lifted by user or by address."""
        table = Lockout()
        for i in range(30):
            table.failed("anna" if i < 5 else f"user{i}", HERE, 0)
        self.assertEqual(
            sorted((lock.username, lock.address, lock.seconds) for lock in table.locks(10)),
            [("", HERE, 590), ("anna", HERE, 50)],
        )
        self.assertEqual(table.unlock(), 0)
        self.assertEqual(table.unlock(username="anna"), 2)
        self.assertEqual([lock.username for lock in table.locks(10)], [""])
        self.assertGreater(table.unlock(address=HERE), 0)
        self.assertEqual(list(table.locks(10)), [])
