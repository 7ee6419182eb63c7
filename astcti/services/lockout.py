"""Brute-force protection: who has to wait before trying to log in again.

Plain tables with the time as an argument, bounded, readable. Three rules stand side by side:

* a (user, address) pair that fails 5 times in 5 minutes is locked, longer each time; a success clears it;
* an address (an IPv6 /64 counts as one) that fails 30 times in 10 minutes is refused for 10 minutes;
* a user with 10 failures in 10 minutes, from wherever, is answered later and later, but never locked: nobody can
  lock an agent out from afar.
"""

from __future__ import annotations

from collections import OrderedDict, deque
from collections.abc import Hashable, Iterator
from dataclasses import dataclass, field
from ipaddress import IPv6Address, ip_address, ip_network

MAX_ENTRIES = 10_000  # of each table: about 5 MB when full, and far more than a building full of forgetful people
PAIR_FAILURES, PAIR_SECONDS = 5, 300.0
FIRST_LOCK, LONGEST_LOCK = 60.0, 900.0
ADDRESS_FAILURES, ADDRESS_SECONDS, ADDRESS_LOCK = 30, 600.0, 600.0
USER_FAILURES, USER_SECONDS, LONGEST_DELAY = 10, 600.0, 5.0
FORGET_SECONDS = 3600.0  # a pair that behaves so long starts from the first lock again


@dataclass(frozen=True, slots=True)
class Lock:
    """Somebody who has to wait. ``username`` is empty when a whole address is refused."""

    username: str
    address: str
    seconds: float


@dataclass(slots=True)
class _Trail:
    """The newest failures of one key, and how long it is locked."""

    failures: deque[float]
    until: float = 0.0
    locks: int = 0
    last: float = 0.0


@dataclass(slots=True)
class _Table:
    """A bounded map of trails; the one untouched for longest goes first."""

    length: int
    trails: OrderedDict[Hashable, _Trail] = field(default_factory=OrderedDict)

    def add(self, key: Hashable, now: float) -> _Trail:
        trail = self.trails.get(key)
        if trail is None:
            while len(self.trails) >= MAX_ENTRIES:
                self.trails.popitem(last=False)
            trail = self.trails[key] = _Trail(deque(maxlen=self.length))
        self.trails.move_to_end(key)
        if now - trail.last > FORGET_SECONDS:
            trail.locks = 0
        trail.last = now
        trail.failures.append(now)
        return trail

    def recent(self, key: Hashable, now: float, seconds: float) -> int:
        trail = self.trails.get(key)
        return 0 if trail is None else sum(1 for at in trail.failures if at > now - seconds)

    def left(self, key: Hashable, now: float) -> float:
        trail = self.trails.get(key)
        return 0.0 if trail is None else max(0.0, trail.until - now)


def origin_of(address: str) -> str:
    """What counts as one address: an IPv4 address, or the /64 an IPv6 address is in."""
    try:
        parsed = ip_address(address.partition("%")[0])
    except ValueError:
        return address
    if not isinstance(parsed, IPv6Address):
        return str(parsed)
    if parsed.ipv4_mapped is not None:
        return str(parsed.ipv4_mapped)
    return str(ip_network((parsed, 64), strict=False))


class Lockout:
    """Remembers failed logins and says who has to wait. ``now`` is any clock that only goes forward."""

    def __init__(self) -> None:
        self._pairs = _Table(PAIR_FAILURES)
        self._addresses = _Table(ADDRESS_FAILURES)
        self._users = _Table(USER_FAILURES + int(LONGEST_DELAY))

    def wait(self, username: str, address: str, now: float, but_for: float | None = None) -> float:
        """How many seconds this user at this address is still refused; 0 when they may try.

        :param but_for: when a failure was noted that does not count here: a lock of the pair that it began is none.
        """
        origin = origin_of(address)
        trail = self._pairs.trails.get((username, origin))
        pair = 0.0 if trail is None or trail.last == but_for else max(0.0, trail.until - now)
        return max(pair, self._addresses.left(origin, now))

    def delay(self, username: str, now: float) -> float:
        """How many seconds the answer to this user's password has to be held back."""
        failures = self._users.recent(username, now, USER_SECONDS)
        return min(LONGEST_DELAY, max(0.0, float(failures - USER_FAILURES + 1)))

    def failed(self, username: str, address: str, now: float, whole: bool = True) -> float:
        """Note a wrong password.

        :param whole: whether it counts against the whole address, too.
        :returns: seconds this user at this address is locked from now on, 0 while they may go on trying.
        """
        origin = origin_of(address)
        self._users.add(username, now)
        pair = self._pairs.add((username, origin), now)
        if self._pairs.recent((username, origin), now, PAIR_SECONDS) >= PAIR_FAILURES:
            pair.until = now + min(LONGEST_LOCK, FIRST_LOCK * 2**pair.locks)
            pair.locks = min(pair.locks + 1, 10)
            pair.failures.clear()
        if whole:
            self.failed_at(address, now)
        return self.wait(username, address, now)

    def failed_at(self, address: str, now: float) -> None:
        """Note a wrong password against the whole address, which :meth:`failed` has not counted there."""
        origin = origin_of(address)
        trail = self._addresses.add(origin, now)
        if self._addresses.recent(origin, now, ADDRESS_SECONDS) >= ADDRESS_FAILURES:
            trail.until = now + ADDRESS_LOCK
            trail.failures.clear()

    def succeeded(self, username: str, address: str, but_for: float | None = None) -> None:
        """Note a right password: the pair's failures are forgotten.

        :param but_for: when a failure was noted that was none.
        """
        self._pairs.trails.pop((username, origin_of(address)), None)
        trail = self._users.trails.get(username)
        if trail is not None and but_for is not None and but_for in trail.failures:
            trail.failures.remove(but_for)

    def unlock(self, username: str = "", address: str = "") -> int:
        """Forget what is held against a user, an address or both (an administrator says so).

        :returns: how many entries went.
        """
        origin = origin_of(address) if address else ""
        gone = 0
        for table, wanted in ((self._pairs, (username, origin)), (self._addresses, ("", origin))):
            for key in [k for k in table.trails if self._matches(k, wanted)]:
                del table.trails[key]
                gone += 1
        if username and self._users.trails.pop(username, None) is not None:
            gone += 1
        return gone

    def locks(self, now: float) -> Iterator[Lock]:
        """Everybody who has to wait at this moment."""
        for key, trail in self._pairs.trails.items():
            if trail.until > now and isinstance(key, tuple):
                yield Lock(key[0], key[1], trail.until - now)
        for key, trail in self._addresses.trails.items():
            if trail.until > now:
                yield Lock("", str(key), trail.until - now)

    @staticmethod
    def _matches(key: Hashable, wanted: tuple[str, str]) -> bool:
        username, origin = key if isinstance(key, tuple) else ("", key)
        if not any(wanted):
            return False
        return (not wanted[0] or username == wanted[0]) and (not wanted[1] or origin == wanted[1])
