"""The order in which everything ends."""

from __future__ import annotations

from typing import Any

from twisted.application.service import Service
from twisted.internet.defer import Deferred, succeed
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from astcti.errors import UserError
from astcti.services.server import DUTIES_SECONDS, HURRY_SECONDS, Server, Start, StartFailed


class Part(Service):
    """A part that ends when and how a test says."""

    def __init__(self, name: str, story: list[str], end: Any = None, begin: Any = None) -> None:
        self.name, self.story, self.end, self.begin = name, story, end, begin

    def startService(self) -> None:
        if self.begin is not None:
            raise self.begin
        Service.startService(self)

    def stopService(self) -> Any:
        self.story.append(self.name)
        if isinstance(self.end, Exception):
            raise self.end
        return self.end

    def shut_down(self) -> Any:
        self.story.append("everybody told")
        return succeed(None)


class Desk:
    """One with nothing left to do, or with much."""

    def __init__(self) -> None:
        self.done: Deferred[None] = succeed(None)

    async def stop_duties(self) -> None:
        """Await it."""
        await self.done


class ServerTests(SynchronousTestCase):
    """A server of fake parts."""

    def setUp(self) -> None:
        self.clock, self.story, self.start = Clock(), [], Start()
        self.tries = 0
        part, self.desk = Part("door", self.story), Desk()
        self.server = Server(
            self.clock, self.start, desk=self.desk, link=self, door=part, factory=part, changeover=None, board=None,
        )  # type: ignore[arg-type]  # fmt: skip

    def retry(self) -> None:
        """The link is to be made at once."""
        self.tries += 1

    def add(self, *parts: Part) -> None:
        """Put parts in."""
        for part in parts:
            part.setServiceParent(self.server)

    def test_in_order(self) -> None:
        """The door closes first, then clients are told, then the parts end, the first one last, each awaited."""
        slow: Deferred[None] = Deferred()
        self.add(Part("logs", self.story), Part("link", self.story, slow), Part("watcher", self.story))
        self.server.startService()
        stopped = self.server.stopService()
        self.assertEqual(self.story, ["door", "everybody told", "watcher", "link"])
        slow.callback(None)
        self.successResultOf(stopped)
        self.assertEqual(self.story[-1], "logs")

    def test_parts_that_do_not_end(self) -> None:
        """A part that hangs or fails keeps the others from ending for a few seconds at most."""
        self.add(Part("logs", self.story), Part("hangs", self.story, Deferred()), Part("bad", self.story, ValueError()))
        self.server.startService()
        stopped = self.server.stopService()
        self.assertEqual(len(self.flushLoggedErrors(ValueError)), 1)
        self.assertNoResult(stopped)
        self.clock.advance(5)
        self.successResultOf(stopped)
        self.assertEqual(self.story[-1], "logs")

    def test_much_to_do(self) -> None:
        """Taking everybody out of their queues may take its time, but not for ever."""
        for seconds, ends in ((DUTIES_SECONDS - 1, True), (DUTIES_SECONDS + 1, False)):
            self.setUp()
            self.desk.done = Deferred()
            self.add(Part("link", self.story))
            self.server.startService()
            stopped = self.server.stopService()
            self.clock.advance(seconds)
            self.assertEqual("link" in self.story, not ends)
            if ends:
                self.desk.done.callback(None)
            self.successResultOf(stopped)

    def test_link_away(self) -> None:
        """As long as there is something to do the PBX is tried again and again."""
        self.desk.done = Deferred()
        self.server.startService()
        stopped = self.server.stopService()
        for _ in range(6):
            self.clock.advance(HURRY_SECONDS)
        self.assertEqual(self.tries, 7)
        self.desk.done.callback(None)
        self.successResultOf(stopped)
        self.clock.advance(10)
        self.assertEqual((self.tries, self.clock.getDelayedCalls()), (7, []))

    def test_part_that_does_not_begin(self) -> None:
        """When a part cannot begin, the server says why and does not claim to be ready."""
        self.add(Part("control", self.story, begin=UserError("another one runs")))
        self.server.startService()
        self.start.succeeded()
        error = self.failureResultOf(self.server.ready, StartFailed).value
        self.assertEqual((str(error), error.code), ("another one runs", 1))
