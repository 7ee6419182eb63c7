"""Starting programs on the agent's machine: no shell, no program that is not allowed, and a word when it fails."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Mapping, Sequence
from typing import Any

from twisted.internet.defer import Deferred, TimeoutError
from twisted.internet.error import ProcessDone, ProcessExitedAlready
from twisted.internet.interfaces import IProcessTransport
from twisted.internet.protocol import ProcessProtocol
from twisted.python.failure import Failure

from astcti.actions.application import fault_of_file
from astcti.errors import UserError

GRACE_SECONDS = 0.5  # a program that ends with an error within this time is said not to have started
PRIVATE = frozenset({"ASTCTI_PASSWORD"})  # of our environment, and no program's business


class Programs:
    """The programs that actions start.

    :ivar running: those that have not ended, oldest first.
    """

    def __init__(
        self,
        reactor: Any,
        allowed: Sequence[str] | None = None,
        *,
        grace: float = GRACE_SECONDS,
        environment: Mapping[str, str] = os.environ,
    ) -> None:
        """
        :param reactor: an ``IReactorProcess`` and ``IReactorTime``.
        :param allowed: names or paths of programs; nothing else is started. ``None`` allows all.
        """
        self._reactor = reactor
        self._allowed = None if allowed is None else frozenset(filter(None, map(shutil.which, allowed)))
        self._grace = grace
        self._environment = {name: value for name, value in environment.items() if name not in PRIVATE}
        self.running: dict[IProcessTransport, str] = {}

    def start(self, argv: Sequence[str], *, ours: bool = False) -> Deferred[None]:
        """Start a program, with neither input nor output.

        :param argv: the program's name or path, and its arguments.
        :param ours: whether the choice was made at this machine, which needs no permission.
        :returns: fires when the program runs, or has ended well; fails with a :class:`UserError` when it cannot be
            started, or ends with an error at once.
        """
        return Deferred.fromCoroutine(self._start(tuple(argv), ours))

    async def _start(self, argv: tuple[str, ...], ours: bool) -> None:
        name = argv[0]
        if any("\0" in word for word in argv):
            raise UserError("a NUL character cannot be handed to a program")
        path = find(name)
        if self._allowed is not None and not ours and path not in self._allowed:
            raise UserError(f"{name} is not among the programs allowed here")
        started = _Started()
        try:
            process = self._spawn(started, path, argv)
        except (OSError, ValueError) as e:  # ValueError: UnicodeEncodeError, where the system has a narrow charset
            raise UserError(f"{name} cannot be started: {getattr(e, 'strerror', None) or e}") from e
        self.running[process] = name
        early: Deferred[str] = Deferred()

        def ended(how: str) -> None:
            self.running.pop(process, None)
            if not early.called:
                early.callback(how)

        started.ended.addCallback(ended)
        try:
            how = await early.addTimeout(self._grace, self._reactor)
        except TimeoutError:
            return
        if how:
            raise UserError(f"{name} {how}")

    def _spawn(self, protocol: ProcessProtocol, path: str, argv: Sequence[str]) -> IProcessTransport:
        process: IProcessTransport
        if sys.platform == "win32":  # which knows no other descriptors
            process = self._reactor.spawnProcess(protocol, path, argv, env=self._environment)
            return process
        nothing = os.open(os.devnull, os.O_RDWR)
        try:
            fds = {0: nothing, 1: nothing, 2: nothing}
            process = self._reactor.spawnProcess(protocol, path, argv, env=self._environment, childFDs=fds)
        finally:
            os.close(nothing)
        return process

    def close_all(self) -> None:
        """Ask every program that still runs to end."""
        for process in list(self.running):
            try:
                process.signalProcess("TERM")
            except (ProcessExitedAlready, OSError):
                self.running.pop(process, None)


def find(name: str) -> str:
    """The file of a program.

    :raises UserError: there is none, or it cannot be executed.
    """
    if not name:
        raise UserError("no program is named")
    path = shutil.which(name)
    if path is not None:
        if fault := fault_of_file(path):
            raise UserError(fault)
        return os.path.abspath(path)
    if os.path.dirname(name) and os.path.isdir(name):
        raise UserError(f"{name} is a folder")
    if os.path.dirname(name) and os.path.exists(name):
        raise UserError(f"{name} may not be executed")
    raise UserError(f"there is no program {name}")


class _Started(ProcessProtocol):
    """Says how a program ended: empty when it ended well."""

    def __init__(self) -> None:
        self.ended: Deferred[str] = Deferred()

    def processEnded(self, reason: Failure) -> None:
        if reason.check(ProcessDone):
            self.ended.callback("")
        elif signal := getattr(reason.value, "signal", None):
            self.ended.callback(f"was ended by signal {signal}")
        else:
            self.ended.callback(f"ended with status {getattr(reason.value, 'exitCode', None)}")
