"""``astcti serve`` that is asked to end before it has begun."""

from __future__ import annotations

import contextlib
import os
import signal
import sys
from io import StringIO
from typing import Any

from twisted.internet.testing import MemoryReactorClock
from twisted.trial.unittest import SynchronousTestCase

from astcti.commands import serve
from astcti.errors import UserError


class Reactor(MemoryReactorClock):
    """One that the process is asked to end right before it runs.

    :ivar stopped: whether it was asked to end itself.
    """

    stopped = False

    def run(self) -> None:
        end()
        super().run()

    def stop(self) -> None:
        self.stopped = True


def end(*_: object, **__: object) -> Any:
    """As a system would."""
    os.kill(os.getpid(), signal.SIGTERM)


class EndTests(SynchronousTestCase):
    """SIGTERM, as early as it can come."""

    def setUp(self) -> None:
        for number in (signal.SIGTERM, signal.SIGINT):
            self.addCleanup(signal.signal, number, signal.getsignal(number))
        self.output = StringIO()
        self.patch(sys, "stderr", self.output)

    def test_while_reading(self) -> None:
        """Asked to end while the configuration is read, it ends with exit code 0, as it does later."""
        self.patch(serve, "prepare", end)
        ended = self.assertRaises(SystemExit, serve.main, [], Reactor())
        self.assertEqual(ended.code, 0)
        self.assertEqual(self.output.getvalue(), "astcti serve: asked to end before it had begun\n")

    def test_not_let_out(self) -> None:
        """The same where the code that it interrupts lets no exception out."""

        def plugins(config: str | None) -> Any:
            with contextlib.suppress(BaseException):
                end()
            raise UserError("there is no such type")

        self.patch(serve, "prepare", plugins)
        self.assertEqual(serve.main([], Reactor()), 0)

    def test_hostile_texts(self) -> None:
        """What is wrong with a configuration is said line by line, and drives no terminal whatever its rows hold."""

        def refuse(config: str | None) -> Any:
            raise UserError("one \x1b]0;x\x07\ntwo \x9b2J")

        self.patch(serve, "prepare", refuse)
        self.assertEqual(serve.main([], Reactor()), 1)
        self.assertEqual(self.output.getvalue(), "astcti serve: one \\x1b]0;x\\x07\ntwo \\x9b2J\n")

    def test_before_running(self) -> None:
        """Asked to end when all is put together and nothing has begun, it begins and ends in order."""
        reactor, begun = Reactor(), []

        class Ready:
            def addErrback(self, failed: object) -> None:
                """It is never ready."""

        class Server:
            ready = Ready()
            startService = staticmethod(lambda: begun.append(reactor.stopped))
            stopService = staticmethod(lambda: None)

        prepared: Any = type("Prepared", (), {})
        prepared.bootstrap = prepared.loaded = prepared.loader = prepared
        prepared.warnings, prepared.configuration = (), None
        prepared.logging, prepared.level = prepared, "info"
        self.patch(serve, "prepare", lambda config: prepared)
        self.patch(serve, "build_tree", lambda *_, **__: Server())
        self.patch(serve.globalLogBeginner, "beginLoggingTo", lambda *_, **__: None)
        self.assertEqual(serve.main([], reactor), 0)
        self.assertEqual((begun, reactor.stopped), ([False], True))
        reactor.stopped = False
        for do, words, names in reactor.triggers["before"]["shutdown"]:
            do(*words, **names)
        end()
        self.assertEqual((begun, reactor.stopped), ([False], False))  # once is enough
