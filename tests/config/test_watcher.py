"""The watcher: a new configuration comes into use by itself, a broken one never does any harm."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from twisted.internet import reactor
from twisted.internet.defer import Deferred, maybeDeferred
from twisted.internet.task import Clock, deferLater
from twisted.trial.unittest import SynchronousTestCase, TestCase

from astcti.config.backups import Backups
from astcti.config.filesource import FileSource
from astcti.config.foldersource import FolderSource, publish
from astcti.config.load import Loader
from astcti.config.model import Configuration
from astcti.config.overrides import OverrideStore
from astcti.config.watcher import ConfigurationWatcher
from astcti.config.xmlsource import read_xml, write_xml
from astcti.errors import ConfigError
from tests.config.samples import GOOD, MD5, TYPES, changed
from tests.outside import skip_without

OTHER = replace(GOOD, timestamp=2.0, settings={"max_clients": "7"})
BAD = changed("seats", exten="201")


def at_once(function: Callable[[], Any]) -> Deferred[Any]:
    """A worker thread that takes no time."""
    return maybeDeferred(function)


class WatcherCase(SynchronousTestCase):
    """A watcher over a source, with a clock in our hands."""

    def setUp(self) -> None:
        self.folder = Path(self.mktemp())
        self.folder.mkdir()
        self.clock = Clock()
        self.seen: list[Configuration] = []
        self.on_change: Callable[[Configuration], object] = self.seen.append

    def watch(
        self, source: Any, in_thread: Callable[[Callable[[], Any]], Deferred[Any]] = at_once
    ) -> ConfigurationWatcher:
        """Start a watcher."""
        self.overrides = OverrideStore(self.folder / "var" / "overrides.db3")
        self.backups = Backups(self.folder / "var" / "backup")
        loader = Loader(source, TYPES, overrides=self.overrides, backups=self.backups)

        def apply(configuration: Configuration) -> None:
            self.on_change(configuration)

        watcher = ConfigurationWatcher(self.clock, loader, loader.first(), apply, in_thread=in_thread, notify=False)
        watcher.startService()
        self.addCleanup(lambda: watcher.running and watcher.stopService())
        return watcher


class FileTests(WatcherCase):
    """With the XML file."""

    def setUp(self) -> None:
        super().setUp()
        self.path = self.folder / "runtime.xml"
        self.put(GOOD)
        self.watcher = self.watch(FileSource(self.path, self.folder / "var" / "rejected"))

    def put(self, configuration: Configuration) -> None:
        """Replace the file."""
        new = self.folder / "new"
        new.write_bytes(write_xml(configuration))
        new.replace(self.path)

    def test_at_start(self) -> None:
        """What was loaded at start is in use and shown; nobody is told of it again."""
        self.clock.advance(60)
        status = self.watcher.status
        self.assertEqual((status.state, status.path, status.timestamp), ("active", str(self.path), GOOD.timestamp))
        self.assertEqual(status.counts["operators"], 2)
        self.assertEqual((self.seen, self.watcher.current), ([], GOOD))

    def test_new_file(self) -> None:
        """A new file comes into use within a poll and a second, and the old one is backed up."""
        self.put(OTHER)
        self.clock.advance(5)
        self.assertEqual(self.seen, [], "it may yet be growing")
        self.clock.advance(1)
        self.assertEqual((self.seen, self.watcher.current), ([OTHER], OTHER))
        self.assertEqual((self.watcher.status.timestamp, self.watcher.status.reloads), (2.0, 1))
        self.assertEqual([read_xml(path) for path in self.backups.files()], [GOOD])

    def test_only_touched(self) -> None:
        """A file with the same content is no change to anybody."""
        self.put(GOOD)
        self.clock.pump([5, 1, 5, 1])
        self.assertEqual((self.seen, self.backups.files(), self.watcher.status.state), ([], [], "active"))

    def test_broken_file(self) -> None:
        """A broken file changes nothing, its faults are shown, and it is not tried again until it changes."""
        self.path.write_text("<astcti")
        self.clock.pump([5, 1])
        status = self.watcher.status
        self.assertEqual((status.state, status.rejected_path, status.rejections), ("rejected", str(self.path), 1))
        self.assertIn("runtime.xml:1:", status.errors[0])
        self.clock.pump([5] * 10)
        self.assertEqual((self.watcher.status.rejections, self.seen), (1, []))
        self.put(OTHER)
        self.clock.pump([5, 1])
        self.assertEqual((self.seen, self.watcher.status.state, self.watcher.status.errors), ([OTHER], "active", ()))

    def test_invalid_file(self) -> None:
        """A file that breaks a rule changes nothing."""
        self.put(BAD)
        self.clock.pump([5, 1])
        self.assertEqual((self.seen, self.watcher.status.state), ([], "rejected"))
        self.assertIn("seats 1, SEAT_EXTEN", self.watcher.status.errors[0])
        self.assertEqual((self.watcher.status.path, self.watcher.current), (str(self.path), GOOD))

    def test_vanished_file(self) -> None:
        """A file that is gone is shown as stale and changes nothing; when it is back all is well."""
        self.path.rename(self.folder / "aside")
        self.clock.advance(5)
        self.assertEqual(self.watcher.status.state, "stale")
        self.assertIn("No such file", self.watcher.status.trouble)
        (self.folder / "aside").rename(self.path)
        self.clock.advance(5)
        self.assertEqual((self.watcher.status.state, self.watcher.status.trouble, self.seen), ("active", "", []))

    def test_half_written(self) -> None:
        """A file that is being written is left alone until it is whole."""
        data = write_xml(OTHER)
        for size in range(0, len(data), 300):
            self.path.write_bytes(data[:size])
            self.clock.advance(0.9)
        self.path.write_bytes(data)
        self.clock.pump([1] * 8)
        self.assertEqual((self.seen, self.watcher.status.rejections), ([OTHER], 0))

    def test_reload(self) -> None:
        """Somebody who asks for a look gets the answer when it is there, also about what was rejected."""
        self.put(OTHER)
        asked = self.watcher.reload()
        self.assertNoResult(asked)
        self.clock.advance(1)
        self.assertEqual(self.successResultOf(asked).timestamp, 2.0)
        self.assertEqual(self.successResultOf(self.watcher.reload()).reloads, 1)
        self.put(BAD)
        self.clock.pump([5, 1])
        self.assertEqual(self.successResultOf(self.watcher.reload()).rejections, 2)

    def test_nobody_can_apply_it(self) -> None:
        """A configuration that cannot be applied is rejected; the old one stays and the watcher lives."""

        def refuse(_: Configuration) -> None:
            raise ValueError("no such port")

        self.on_change = refuse
        self.put(OTHER)
        self.clock.pump([5, 1])
        self.assertEqual(len(self.flushLoggedErrors(ValueError)), 1)
        self.assertEqual((self.watcher.status.state, self.watcher.current), ("rejected", GOOD))
        self.assertIn("could not be applied: no such port", self.watcher.status.errors[0])
        self.on_change = self.seen.append
        self.clock.pump([5] * 3)
        self.assertEqual(self.seen, [])
        self.put(replace(OTHER, timestamp=3.0))
        self.clock.pump([5, 1])
        self.assertEqual(len(self.seen), 1)

    def test_no_room_for_backups(self) -> None:
        """Where no backup can be kept the new configuration is taken all the same, and said so."""
        (self.folder / "var").mkdir(exist_ok=True)
        (self.folder / "var" / "backup").write_text("a file in the way")
        self.put(OTHER)
        self.clock.pump([5, 1])
        self.assertEqual(len(self.flushLoggedErrors(ConfigError)), 1)
        self.assertEqual(self.seen, [OTHER])
        self.assertIn("Backing up", self.watcher.status.complaint)
        self.assertEqual(self.watcher.status.state, "active")

    def test_own_password(self) -> None:
        """A password its owner changed stays in force when the file is changed elsewhere."""
        self.overrides.put("ann", "PASS_WORD", GOOD.operators[0].password, MD5, 1.0)
        self.watcher.patch(changed("operators", password=MD5))
        self.put(replace(GOOD, timestamp=2.0))
        self.clock.pump([5, 1])
        (configuration,) = self.seen
        self.assertEqual(configuration.operators[0].password, MD5)
        self.assertEqual(len(self.overrides.all()), 1)

    def test_stop(self) -> None:
        """A watcher that is stopped leaves nothing behind in the reactor."""
        self.put(OTHER)
        asked = self.watcher.reload()
        self.watcher.stopService()
        self.assertEqual((self.clock.getDelayedCalls(), self.seen), ([], []))
        self.assertEqual(self.successResultOf(asked).timestamp, GOOD.timestamp)

    def test_poll_interval(self) -> None:
        """The setting says how often the file is looked at."""
        self.put(replace(GOOD, settings={"config_poll_interval": "100"}))
        self.clock.pump([5, 1, 5])
        self.put(OTHER)
        self.clock.advance(90)
        self.assertEqual(len(self.seen), 1)
        self.clock.pump([12, 1])
        self.assertEqual(len(self.seen), 2)

    def test_shorter_poll_interval(self) -> None:
        """A shorter interval holds from the reload on that brings it, not only after the longer one is over."""
        self.put(replace(GOOD, settings={"config_poll_interval": "3600"}))
        self.clock.pump([5, 1, 5])
        self.put(replace(GOOD, settings={"config_poll_interval": "7"}))
        self.watcher.reload()
        self.clock.advance(1)
        self.put(OTHER)
        self.clock.pump([7, 1])
        self.assertEqual([c.settings for c in self.seen[2:]], [OTHER.settings])

    def test_first_poll(self) -> None:
        """The first look comes when the configuration of the start says."""
        self.watcher.stopService()
        self.put(replace(GOOD, settings={"config_poll_interval": "60"}))
        slow: list[Callable[[], object]] = []

        def later(function: Callable[[], Any]) -> Deferred[Any]:
            done: Deferred[Any] = Deferred()
            slow.append(lambda: done.callback(function()))
            return done

        self.watcher = self.watch(FileSource(self.path, self.folder / "var" / "rejected"), later)
        while slow:
            slow.pop(0)()
        self.clock.advance(59)
        self.assertEqual(slow, [])
        self.clock.advance(1)
        self.assertEqual(len(slow), 1)
        while slow:
            slow.pop(0)()


class FolderTests(WatcherCase):
    """With the folder of data bases."""

    def setUp(self) -> None:
        super().setUp()
        self.first = publish(GOOD, self.folder, 1000.0)
        self.watcher = self.watch(FolderSource(self.folder))

    def test_dropped(self) -> None:
        """A dropped file comes into use and is named in ``current``."""
        self.assertEqual((self.folder / "current").read_text().strip(), self.first.name)
        new = publish(OTHER, self.folder, 2000.0)
        self.clock.pump([2, 1])
        self.assertEqual(self.seen, [OTHER])
        self.assertEqual((self.folder / "current").read_text().strip(), new.name)
        self.assertEqual(self.watcher.status.path, str(new))

    def test_rejected(self) -> None:
        """A bad file is moved aside with its reasons; a good one behind it is taken, and the server goes on."""
        good = publish(OTHER, self.folder, 2000.0)
        bad = publish(BAD, self.folder, 3000.0)
        self.clock.pump([2, 1, 1, 2])
        self.assertEqual(self.seen, [OTHER])
        self.assertIn("SEAT_EXTEN", (self.folder / "rejected" / f"{bad.name}.log").read_text())
        self.assertEqual((self.watcher.status.path, self.watcher.status.rejections), (str(good), 1))

    def test_folder_vanishes(self) -> None:
        """The whole folder may go and come back."""
        aside = Path(self.mktemp())
        self.folder.rename(aside)
        self.clock.advance(2)
        self.assertEqual((self.watcher.status.state, self.seen), ("stale", []))
        aside.rename(self.folder)
        self.clock.advance(2)
        self.assertEqual(self.watcher.status.state, "active")

    def test_several_at_once(self) -> None:
        """Of several dropped at once only the newest is ever used."""
        for n in range(5):
            publish(replace(OTHER, timestamp=float(n)), self.folder, 2000.0 + n)
        self.clock.pump([2, 1, 2, 1])
        self.assertEqual([c.timestamp for c in self.seen], [4.0])


class SlowTests(WatcherCase):
    """With a disk that takes its time."""

    def setUp(self) -> None:
        super().setUp()
        self.path = self.folder / "runtime.xml"
        self.path.write_bytes(write_xml(GOOD))
        self.jobs: list[tuple[Callable[[], Any], Deferred[Any]]] = []
        self.watcher = self.watch(FileSource(self.path, self.folder / "rejected"), self.later)

    def later(self, function: Callable[[], Any]) -> Deferred[Any]:
        """A worker thread that works when told to."""
        self.jobs.append((function, deferred := Deferred()))
        return deferred

    def work(self) -> None:
        """Let it finish what it has."""
        while self.jobs:
            function, deferred = self.jobs.pop(0)
            maybeDeferred(function).chainDeferred(deferred)

    def test_one_job_at_a_time(self) -> None:
        """However many reasons there are to look, the disk is asked once at a time."""
        for _ in range(5):
            self.watcher.reload()
            self.clock.advance(5)
        self.assertEqual(len(self.jobs), 1)

    def test_stop_waits(self) -> None:
        """Stopping waits for the look that is under way, whose result then counts no more."""
        self.work()
        self.path.write_bytes(write_xml(OTHER))
        self.clock.pump([5])
        self.work()
        self.clock.advance(1)
        stopped = self.watcher.stopService()
        assert stopped is not None
        self.assertNoResult(stopped)
        self.work()
        self.successResultOf(stopped)
        self.assertEqual(self.seen, [])


class RealTests(TestCase):
    """With the real reactor, real threads and a real disk."""

    skip = skip_without("ASTCTI_TEST_WHOLE")

    def setUp(self) -> None:
        self.folder = Path(self.mktemp())
        self.folder.mkdir()

    async def swapped(self, source: Any, change: Callable[[], object], notify: bool) -> tuple[Configuration, float]:
        """What comes into use after a change, and after how long."""
        seen: Deferred[Configuration] = Deferred()
        loader = Loader(source, TYPES)
        watcher = ConfigurationWatcher(reactor, loader, loader.first(), seen.callback, notify=notify)
        watcher.startService()
        try:
            await deferLater(reactor, 0.1, lambda: None)
            began = reactor.seconds()
            change()
            configuration = await seen.addTimeout(20, reactor)
            return configuration, reactor.seconds() - began
        finally:
            await maybeDeferred(watcher.stopService)

    async def test_notified(self) -> None:
        """A file moved into place is in use after debouncing and a second of rest, long before any poll."""
        path = self.folder / "runtime.xml"
        path.write_bytes(write_xml(GOOD))

        def change() -> None:
            (self.folder / "new").write_bytes(write_xml(OTHER))
            os.replace(self.folder / "new", path)

        configuration, seconds = await self.swapped(FileSource(path, self.folder / "rejected"), change, True)
        self.assertEqual(configuration, OTHER)
        self.assertLess(seconds, 5)

    async def test_polled(self) -> None:
        """Where nothing notifies, a dropped data base is found by looking."""
        publish(GOOD, self.folder, 1000.0)
        configuration, _ = await self.swapped(
            FolderSource(self.folder), lambda: publish(OTHER, self.folder, 2000.0), False
        )
        self.assertEqual(configuration, OTHER)

    async def test_folder_replaced(self) -> None:
        """A watched folder that is deleted ends the notifications, and the watcher stops cleanly after it."""
        publish(GOOD, self.folder, 1000.0)
        loader = Loader(FolderSource(self.folder), TYPES)
        watcher = ConfigurationWatcher(reactor, loader, loader.first(), lambda _: None)
        watcher.startService()
        await deferLater(reactor, 0.2, lambda: None)
        for path in sorted(self.folder.rglob("*"), reverse=True):
            path.unlink()
        self.folder.rmdir()
        await deferLater(reactor, 0.2, lambda: None)
        self.assertEqual((await watcher.reload()).state, "stale")
        await maybeDeferred(watcher.stopService)
