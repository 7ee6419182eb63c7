"""``astcti serve``: run the server in the foreground, its log on standard error."""

from __future__ import annotations

import signal
import sys
from collections.abc import Sequence
from typing import Any, ClassVar

from twisted.logger import globalLogBeginner
from twisted.python import usage

from astcti.client.printable import printable_lines
from astcti.commands.options import Options as BaseOptions
from astcti.commands.options import complain
from astcti.errors import UserError
from astcti.services.logs import LEVELS, Logs
from astcti.services.server import StartFailed
from astcti.tap import build_tree, prepare

SUMMARY = "run the server in the foreground"


class Options(BaseOptions):
    """Options of ``astcti serve``."""

    synopsis = "Usage: astcti serve [options]"
    longdesc = (
        "Runs the server until it is interrupted, with its log on standard error. twistd astcti runs the same server "
        "as a daemon. Exit code 0 after an orderly end, 1 when the configuration or a port cannot be used, 2 when the "
        "PBX could not be reached as often as the configuration says."
    )
    optParameters: ClassVar = [
        ["config", "c", None, "the bootstrap file (default: $ASTCTI_CONFIG, etc/astcti.xml, /etc/astcti/astcti.xml)"],
        ["log-level", "l", None, f"what the log says at least: {', '.join(LEVELS)} (default: the bootstrap file's)"],
    ]
    optFlags: ClassVar = [["json-log", None, "write the log as one JSON object a line"]]

    def postOptions(self) -> None:
        """See that the options make sense."""
        if self["log-level"] not in (None, *LEVELS):
            raise usage.UsageError(f"--log-level is one of {', '.join(LEVELS)}")


class Asked:
    """SIGTERM before the reactor runs, which then has its own way with it.

    :ivar to_end: whether it came. It ends what is going on, but some code lets no exception out: this is not forgotten.
    """

    def __init__(self) -> None:
        self.to_end = False
        signal.signal(signal.SIGTERM, self._hear)

    def _hear(self, *_: object) -> None:
        self.to_end = True
        sys.stderr.write("astcti serve: asked to end before it had begun\n")
        raise SystemExit(0)

    def is_ready(self, reactor: Any) -> None:
        """What begins now has to be ended in order."""
        signal.signal(signal.SIGTERM, lambda *_: reactor.callWhenRunning(reactor.stop))


def main(argv: Sequence[str], reactor: Any = None) -> int:
    """Run the server; returns when it has ended."""
    options = Options()
    try:
        options.parseOptions(argv)
    except usage.UsageError as e:
        return complain("serve", e)
    asked = Asked()
    code = _serve(options, asked, reactor)
    return 0 if asked.to_end else code


def _serve(options: Options, asked: Asked, reactor: Any) -> int:
    try:
        prepared = prepare(options["config"])
    except UserError as e:
        sys.stderr.write(f"astcti serve: {printable_lines(str(e))}\n")
        return 1
    for warning in (*prepared.bootstrap.warnings, *prepared.loaded.warnings):
        sys.stderr.write(f"warning: {printable_lines(warning)}\n")
    if reactor is None:
        from twisted.internet import reactor
    level = options["log-level"] or prepared.bootstrap.logging.level
    # Until logging has begun, Twisted keeps events and repeats critical ones on standard error.
    globalLogBeginner.beginLoggingTo((), discardBuffer=True, redirectStandardIO=False)
    logs = Logs(None, level=level, json_lines=bool(options["json-log"]), stream=sys.stderr)
    server = build_tree(
        reactor,
        prepared.bootstrap,
        prepared.loaded.configuration,
        loader=prepared.loader,
        loaded=prepared.loaded,
        logs=logs,
    )
    codes = [0]

    def failed(failure: Any) -> None:
        codes.append(failure.value.code if isinstance(failure.value, StartFailed) else 1)
        sys.stderr.write(f"astcti serve: {printable_lines(str(failure.value))}\n")
        reactor.callLater(0, reactor.stop)

    server.ready.addErrback(failed)
    reactor.callWhenRunning(server.startService)
    reactor.addSystemEventTrigger("before", "shutdown", _once_is_enough)
    reactor.addSystemEventTrigger("before", "shutdown", server.stopService)
    asked.is_ready(reactor)
    if not asked.to_end:
        reactor.run()
    return codes[-1]


def _once_is_enough() -> None:
    """Whoever is impatient cannot stop what stops already, and it does not take long."""
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: None)
