"""Performing: in order, within their time, not too many at once, and always with an outcome."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from twisted.internet.defer import CancelledError, Deferred, fail, succeed
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase
from zope.interface import implementer
from zope.interface.verify import verifyObject

from astcti.actions.outcomes import outcome_of
from astcti.actions.performer import GRACE_SECONDS, Performed, Performer
from astcti.actions.places import ServerPlace
from astcti.errors import UserError
from astcti.interfaces import IAction, IPlace
from astcti.model.actions import Outcome, RenderedAction


@implementer(IAction)
@dataclass(frozen=True)
class Scripted:
    """A plug-in that does what the test says, and remembers what it was asked."""

    work: Callable[[RenderedAction], object]
    type_name: str = "SCRIPTED"
    label: str = "scripted"
    element: str = "action"
    places: frozenset[str] = frozenset({"CLIENT"})
    asked: list[str] = field(default_factory=list)

    def validate(
        self, destination: str, parameters: str, encoding: str, schemes: Sequence[str], system: str = "ALL"
    ) -> list[str]:
        return []

    def render(
        self,
        id: str,
        destination: str,
        parameters: str,
        encoding: str,
        values: Mapping[str, str],
        system: str = "ALL",
    ) -> RenderedAction:
        return RenderedAction(id, self.type_name)

    def perform(self, action: RenderedAction, place: IPlace) -> Deferred[Outcome]:
        self.asked.append(action.id)
        return self.work(action)  # type: ignore[return-value]


def actions(*ids: str) -> list[RenderedAction]:
    return [RenderedAction(id, "SCRIPTED") for id in ids]


class PerformerTests(SynchronousTestCase):
    """The performer."""

    def setUp(self) -> None:
        self.clock = Clock()
        self.going: dict[str, Deferred[Outcome]] = {}

    def performer(self, work: Callable[[RenderedAction], object] | None = None, **limits: int) -> Performer:
        """A performer of one plug-in, by default one whose actions end when the test lets them."""
        self.plugin = Scripted(work or self.begin)
        self.assertTrue(verifyObject(IAction, self.plugin))
        types = {"SCRIPTED": self.plugin}
        return Performer(ServerPlace(self.clock, 5), "CLIENT", types=types, **limits)

    def begin(self, action: RenderedAction) -> Deferred[Outcome]:
        """An action that goes on until the test ends it."""
        self.going[action.id] = Deferred()
        return self.going[action.id]

    def summary(self, performed: Performed) -> list[tuple[str, str, str]]:
        """Id, status and reason of each."""
        return [(action.id, outcome.status, outcome.reason) for action, outcome in performed]

    def test_in_order(self) -> None:
        """The second action of a call begins when the first has ended, however it ended."""
        done = self.performer().perform_all(actions("1", "2", "3"))
        self.assertEqual(self.plugin.asked, ["1"])
        self.going["1"].callback(Outcome("failed", "no screen"))
        self.assertEqual(self.plugin.asked, ["1", "2"])
        self.going["2"].callback(Outcome("ok"))
        self.going["3"].callback(Outcome("ok"))
        self.assertEqual(
            self.summary(self.successResultOf(done)), [("1", "failed", "no screen"), ("2", "ok", ""), ("3", "ok", "")]
        )

    def test_milliseconds(self) -> None:
        """Each outcome says how long it took."""
        done = self.performer().perform_all(actions("1"))
        self.clock.advance(0.25)
        self.going["1"].callback(Outcome("ok"))
        self.assertEqual(self.successResultOf(done)[0][1], Outcome("ok", "", 250.0))

    def test_time_limit(self) -> None:
        """An action that does not end is ended, and the next one is performed."""
        performer = self.performer()
        done = performer.perform_all(actions("1", "2"))
        self.clock.advance(5 + GRACE_SECONDS)
        self.going["2"].callback(Outcome("ok"))
        self.assertEqual(
            self.summary(self.successResultOf(done)), [("1", "timeout", "not done within 6 s"), ("2", "ok", "")]
        )
        self.assertEqual(performer.counters, {"ok": 1, "failed": 0, "timeout": 1})

    def test_a_broken_plugin(self) -> None:
        """Whatever a plug-in does instead of answering is a failure with a reason."""

        def raises(action: RenderedAction) -> object:
            raise ValueError("a bug")

        for work in (raises, lambda action: fail(ValueError("a bug"))):
            done = self.performer(work).perform_all(actions("1"))
            self.assertEqual(
                self.summary(self.successResultOf(done)), [("1", "failed", "the plug-in broke: ValueError")]
            )
            self.assertEqual(len(self.flushLoggedErrors(ValueError)), 1)
        done = self.performer(lambda action: succeed(None)).perform_all(actions("1"))
        self.assertEqual(self.successResultOf(done)[0][1].status, "failed")

    def test_unknown_type(self) -> None:
        """An action that nothing here performs is reported, not passed over."""
        done = self.performer().perform_all([RenderedAction("1", "NEWER")])
        self.assertEqual(
            self.summary(self.successResultOf(done)), [("1", "failed", "nothing here performs NEWER actions")]
        )

    def test_wrong_place(self) -> None:
        """The server does not start a program because a configuration says so."""
        performer = Performer(ServerPlace(self.clock), "SERVER")
        done = performer.perform_all([RenderedAction("1", "APPLICATION", "sh")])
        (_, outcome), *_ = self.successResultOf(done)
        self.assertEqual(outcome.reason, "APPLICATION actions are not performed on the server")

    def test_bounded_in_flight(self) -> None:
        """At most so many at once; who comes later waits, and beyond that is told so."""
        performer = self.performer(max_in_flight=2, max_waiting=1)
        done = [performer.perform_all(actions(id)) for id in "1234"]
        self.assertEqual((self.plugin.asked, performer.waiting), (["1", "2"], 1))
        self.assertEqual(self.summary(self.successResultOf(done[3])), [("4", "failed", "1 other actions wait already")])
        for id in "123":
            self.going[id].callback(Outcome("ok"))
        for deferred in done[:3]:
            self.assertTrue(self.successResultOf(deferred)[0][1].ok)
        self.assertEqual(performer.waiting, 0)

    def test_cancelling(self) -> None:
        """Who no longer cares ends the action that runs, and the rest is not begun."""
        performer = self.performer(max_in_flight=1)
        done = performer.perform_all(actions("1", "2"))
        done.cancel()
        self.failureResultOf(done, CancelledError)
        self.assertEqual(self.plugin.asked, ["1"])
        again = performer.perform_all(actions("3"))
        self.going["3"].callback(Outcome("ok"))
        self.assertTrue(self.successResultOf(again)[0][1].ok)


class OutcomeTests(SynchronousTestCase):
    """What a plug-in's work comes to."""

    def test_each_way_to_end(self) -> None:
        """Success, a sentence, an error of the system and a time-out."""
        for end, outcome in (
            (succeed(1), Outcome("ok")),
            (fail(UserError("no screen.")), Outcome("failed", "no screen")),
            (fail(FileNotFoundError(2, "No such file or directory")), Outcome("failed", "No such file or directory")),
            (fail(OSError()), Outcome("failed", "OSError")),
        ):
            self.assertEqual(self.successResultOf(outcome_of(lambda end=end: end)), outcome)

    def test_time_out(self) -> None:
        """Time that is over is no failure of the other end's."""
        clock = Clock()
        done = outcome_of(lambda: Deferred().addTimeout(1, clock))
        clock.advance(1)
        self.assertEqual(self.successResultOf(done).status, "timeout")

    def test_a_bug_is_not_hidden(self) -> None:
        """An error nobody foresaw stays an error."""
        self.failureResultOf(outcome_of(lambda: fail(ValueError())), ValueError)


class ServerPlaceTests(SynchronousTestCase):
    """The server as a place."""

    def test_nobody_sits_there(self) -> None:
        """It neither shows pages nor starts programs."""
        place = ServerPlace(Clock())
        self.assertTrue(verifyObject(IPlace, place))
        self.failureResultOf(place.open_url("http://h/", "", False), UserError)
        self.failureResultOf(place.start_program(["sh"]), UserError)
