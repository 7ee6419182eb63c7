"""Actions that the server performs itself."""

from __future__ import annotations

from twisted.internet.defer import Deferred, succeed
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase
from zope.interface import implementer
from zope.interface.verify import verifyObject

from astcti.actions.performer import Performer
from astcti.actions.places import ServerPlace
from astcti.interfaces import IAction, IPlace
from astcti.model.actions import Outcome, RenderedAction
from astcti.services.counters import Counters
from astcti.services.serveractions import ServerActions


@implementer(IAction)
class Slow:
    """An action that ends when the test says so."""

    type_name, label, element, places = "SLOW", "slow", "action", frozenset({"SERVER"})

    def __init__(self) -> None:
        self.begun: list[tuple[RenderedAction, Deferred[Outcome]]] = []

    def validate(self, destination, parameters, encoding, schemes, system="ALL"):  # type: ignore[no-untyped-def]
        return []

    def render(self, id, destination, parameters, encoding, values, system="ALL"):  # type: ignore[no-untyped-def]
        return RenderedAction(id, "SLOW")

    def perform(self, action: RenderedAction, place: IPlace) -> Deferred[Outcome]:
        done: Deferred[Outcome] = Deferred()
        self.begun.append((action, done))
        return done


class ServerActionsTests(SynchronousTestCase):
    """Beginning actions and counting what became of them."""

    def setUp(self) -> None:
        self.clock, self.slow, self.counters = Clock(), Slow(), Counters()
        verifyObject(IAction, self.slow)
        performer = Performer(ServerPlace(self.clock), "SERVER", types={"SLOW": self.slow})
        self.actions = ServerActions(self.clock, self.counters, performer)
        self.actions.startService()

    def test_in_order_with_outcomes(self) -> None:
        """A call's actions run one after the other, and each outcome is counted."""
        self.actions.start([RenderedAction("1", "SLOW"), RenderedAction("2", "SLOW")])
        self.actions.start([])
        self.assertEqual([a.id for a, _ in self.slow.begun], ["1"])
        self.slow.begun[0][1].callback(Outcome("ok"))
        self.slow.begun[1][1].callback(Outcome("failed", "refused"))
        self.assertEqual(self.counters.actions, {"ok": 1, "failed": 1})

    def test_time_limit(self) -> None:
        """An action that never ends is given up and counted as such."""
        self.actions.start([RenderedAction("1", "SLOW")])
        self.clock.advance(10)
        self.assertEqual(self.counters.actions, {"timeout": 1})

    def test_stopping(self) -> None:
        """The server does not wait for actions when it stops."""
        self.actions.start([RenderedAction("1", "SLOW")])
        succeed(None).addCallback(lambda _: self.actions.stopService())
        self.assertEqual(self.actions._running, set())
