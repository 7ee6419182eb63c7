"""Threads for password hashing."""

from __future__ import annotations

import os
import threading

from twisted.internet import reactor
from twisted.internet.defer import gatherResults
from twisted.trial.unittest import TestCase

from astcti.errors import Refused
from astcti.services import hashpool
from astcti.services.hashpool import NICENESS, HashPool


class HashPoolTests(TestCase):
    """Real threads."""

    def setUp(self) -> None:
        self.pool = HashPool(reactor)
        self.pool.startService()
        self.addCleanup(self.pool.stopService)

    async def test_elsewhere_and_politely(self) -> None:
        """Work is done in another thread, of lower priority than the one that follows calls."""

        def work() -> tuple[int, int]:
            return threading.get_ident(), os.getpriority(os.PRIO_PROCESS, threading.get_native_id())

        before = os.getpriority(os.PRIO_PROCESS, threading.get_native_id())
        thread, niceness = await self.pool.run(work)
        self.assertNotEqual(thread, threading.get_ident())
        self.assertEqual(niceness, max(before, NICENESS))
        self.assertEqual(os.getpriority(os.PRIO_PROCESS, threading.get_native_id()), before)

    async def test_failures_come_back(self) -> None:
        """What the work raises is raised where it was asked for."""
        with self.assertRaises(ZeroDivisionError):
            await self.pool.run(lambda: 1 // 0)
        self.assertEqual(self.pool.waiting, 0)

    async def test_queue_ends_somewhere(self) -> None:
        """When too many wait already, the next is told to try later."""
        self.patch(hashpool, "MAX_WAITING", 3)
        go_on = threading.Event()
        self.addCleanup(go_on.set)
        running = [self.pool.run(go_on.wait) for _ in range(3)]
        self.assertEqual(self.assertRaises(Refused, self.pool.run, go_on.wait).number, 917)
        go_on.set()
        await gatherResults(running)
        self.assertEqual(await self.pool.run(lambda: 7), 7)

    async def test_stopping(self) -> None:
        """At the end what runs is waited for and what waits is refused, so that the server stops in a moment."""
        started, go_on = threading.Semaphore(0), threading.Event()
        ran: list[int] = []

        def work() -> None:
            started.release()
            go_on.wait(5)
            ran.append(1)

        done = [self.pool.run(work) for _ in range(5)]
        started.acquire(timeout=5)
        started.acquire(timeout=5)
        self.pool.running = 0  # as stopService does first
        go_on.set()
        results = [await d.addErrback(lambda f: f.value.number) for d in done]
        self.assertEqual((len(ran), results.count(990)), (2, 3))

    async def test_spare_time(self) -> None:
        """What nobody waits for is done one after the other, once nothing else is to be done."""
        go_on, order = threading.Event(), list[str]()
        self.addCleanup(go_on.set)
        first = [self.pool.run(go_on.wait) for _ in range(3)]
        spare = [self.pool.spare(lambda n=n: order.append(f"spare {n}")) for n in range(3)]
        asked = [self.pool.run(lambda n=n: order.append(f"asked {n}")) for n in range(3)]
        go_on.set()
        await gatherResults([*first, *spare, *asked])
        self.assertEqual((sorted(order[:3]), order[3:]), ([f"asked {n}" for n in range(3)],
                                                          [f"spare {n}" for n in range(3)]))  # fmt: skip
        self.assertEqual(await self.pool.spare(lambda: 7), 7)

    async def test_spare_failures(self) -> None:
        """What goes wrong then is raised where it was asked for, and what is behind it is done."""
        broken, good = self.pool.spare(lambda: 1 // 0), self.pool.spare(lambda: 7)
        with self.assertRaises(ZeroDivisionError):
            await broken
        self.assertEqual((await good, self.pool.waiting), (7, 0))

    async def test_spare_ends_somewhere(self) -> None:
        """That, too, has a ceiling, and ends with the server."""
        self.patch(hashpool, "MAX_SPARE", 2)
        go_on = threading.Event()
        self.addCleanup(go_on.set)
        pool = HashPool(reactor)
        pool.startService()
        running = pool.run(go_on.wait)
        spare = [pool.spare(lambda: None) for _ in range(2)]
        self.assertEqual(self.assertRaises(Refused, pool.spare, lambda: None).number, 917)
        go_on.set()
        pool.stopService()
        self.assertEqual([await d.addErrback(lambda f: f.value.number) for d in (running, *spare)][1:], [990, 990])
