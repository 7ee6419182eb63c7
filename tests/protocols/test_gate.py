"""Who waits at the gate."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from astcti.protocols.gate import WAITING, Gate


class Caller:
    """A connection."""

    def __init__(self, address: str = "192.0.2.1") -> None:
        self.address = address
        self.admitted = self.asked = 0

    def admit(self) -> None:
        self.admitted += 1

    def make_way(self) -> None:
        self.asked += 1


class Port:
    """A listener."""

    accepts = True

    def stopReading(self) -> None:
        self.accepts = False

    def startReading(self) -> None:
        self.accepts = True


class GateTests(SynchronousTestCase):
    """Few at a time, nobody refused, everybody in their turn."""

    def test_admission(self) -> None:
        """The first are let in, the next when one of them is through, in the order in which they came."""
        gate, callers = Gate(2, 64), [Caller() for _ in range(5)]
        for caller in callers:
            gate.arrive(caller)
        self.assertEqual([c.admitted for c in callers], [1, 1, 0, 0, 0])
        gate.leave(callers[1])
        self.assertEqual([c.admitted for c in callers], [1, 1, 1, 0, 0])
        gate.leave(callers[3])
        gate.leave(callers[0])
        gate.leave(callers[0])
        self.assertEqual([c.admitted for c in callers], [1, 1, 1, 0, 1])
        self.assertEqual((gate.inside, gate.waiting), (2, 0))

    def test_listeners(self) -> None:
        """Listeners pause while somebody waits for room, whenever they came, and go on when nobody does."""
        gate, ports, callers = Gate(2, 64), [Port(), Port()], [Caller() for _ in range(4)]
        gate.add_listener(ports[0])
        gate.arrive(callers[0])
        gate.arrive(callers[1])
        self.assertTrue(ports[0].accepts)
        gate.arrive(callers[2])
        self.assertFalse(ports[0].accepts)
        gate.arrive(callers[3])
        gate.add_listener(ports[1])
        self.assertFalse(ports[1].accepts)
        gate.leave(callers[0])
        self.assertFalse(ports[0].accepts)
        gate.leave(callers[1])
        self.assertEqual([p.accepts for p in ports], [True, True])

    def test_hurry(self) -> None:
        """Those inside are asked to make way, the longest there first, for as long as somebody waits for room."""
        gate, callers = Gate(2, 64), [Caller() for _ in range(4)]
        for caller in callers[:2]:
            gate.arrive(caller)
        gate.hurry()
        self.assertEqual([c.asked for c in callers], [0, 0, 0, 0])
        gate.arrive(callers[2])
        callers[0].make_way = lambda: gate.leave(callers[0])  # type: ignore[method-assign]
        gate.hurry()
        self.assertEqual([(c.admitted, c.asked) for c in callers], [(1, 0), (1, 0), (1, 0), (0, 0)])
        gate.arrive(callers[3])
        gate.hurry()
        self.assertEqual([c.asked for c in callers], [0, 1, 1, 0])

    def test_removed_listener(self) -> None:
        """A closed listener is left alone."""
        gate, port, caller = Gate(1, 64), Port(), Caller()
        gate.add_listener(port)
        gate.arrive(caller)
        gate.arrive(Caller())
        gate.remove_listener(port)
        gate.leave(caller)
        self.assertFalse(port.accepts)

    def test_per_address(self) -> None:
        """One address cannot take all places that are to be had, and does not hold up the others."""
        gate = Gate(5, 2)
        greedy, other = [Caller("192.0.2.9") for _ in range(4)], Caller()
        for caller in (*greedy, other):
            gate.arrive(caller)
        self.assertEqual([c.admitted for c in (*greedy, other)], [1, 1, 0, 0, 1])
        gate.leave(greedy[0])
        self.assertEqual([c.admitted for c in greedy], [1, 1, 1, 0])

    def test_waiting_is_bounded(self) -> None:
        """Listeners pause too when very many wait of one address."""
        gate, port = Gate(5, 1), Port()
        gate.add_listener(port)
        for _ in range(WAITING):
            gate.arrive(Caller("192.0.2.9"))
        self.assertTrue(port.accepts)
        last = Caller("192.0.2.9")
        gate.arrive(last)
        self.assertFalse(port.accepts)
        gate.leave(last)
        self.assertTrue(port.accepts)

    @given(st.lists(st.tuples(st.booleans(), st.integers(0, 30)), max_size=80), st.integers(1, 5), st.integers(1, 5))
    def test_any(self, steps: list[tuple[bool, int]], limit: int, per_address: int) -> None:
        """Whatever happens, the limits hold, nobody is admitted twice, and nobody waits before an open gate."""
        gate, callers = Gate(limit, per_address), [Caller(f"192.0.2.{n % 3}") for n in range(31)]
        inside: list[Caller] = []
        arrived: set[int] = set()
        for comes, number in steps:
            if comes and number not in arrived:
                arrived.add(number)
                gate.arrive(callers[number])
            elif not comes and number in arrived:
                gate.leave(callers[number])
                callers[number].address = "gone"
            inside = [c for c in callers if c.admitted and c.address != "gone"]
            self.assertLessEqual(len(inside), limit)
            self.assertEqual(gate.inside, len(inside))
            for address in {c.address for c in inside}:
                self.assertLessEqual(sum(c.address == address for c in inside), per_address)
        self.assertTrue(all(c.admitted <= 1 for c in callers))
        waiting = [c for n, c in enumerate(callers) if n in arrived and not c.admitted and c.address != "gone"]
        if waiting and len(inside) < limit:
            full = {c.address for c in waiting if sum(i.address == c.address for i in inside) >= per_address}
            self.assertEqual({c.address for c in waiting}, full)
