"""``astcti doctor``: look at a real installation, and say what to do."""

from __future__ import annotations

import shutil
import signal
import sys
from collections.abc import Sequence
from typing import Any, ClassVar

from twisted.internet.defer import CancelledError, Deferred
from twisted.logger import globalLogBeginner
from twisted.python import usage
from twisted.python.failure import Failure

from astcti.client.printable import printable
from astcti.commands.options import Options as BaseOptions
from astcti.commands.options import complain, number
from astcti.doctor import CHECKS, Case, Examination, Finding, check_names
from astcti.doctor.case import LISTEN_SECONDS
from astcti.doctor.report import as_json, finding_text, summary_text

SUMMARY = "look at this installation, and say what to do about every fault"
INTERRUPTED = 130
LEAVING_SECONDS = 5.0  # to leave the PBX as it was

EXAMPLES = """
Examples:
  sudo -u astcti astcti doctor                    everything, as the user the server runs as
  astcti doctor --only rights --only events       whether the manager user may do and see what is needed
  astcti doctor --passive                         nothing is made to happen on the PBX
  astcti doctor --json | jq -r '.findings[] | select(.level == "fault") | .seen'
"""


class Options(BaseOptions):
    """Options of ``astcti doctor``."""

    synopsis = "Usage: astcti doctor [options]"
    longdesc = (
        "Looks at everything a server needs: its files, the PBX, the data base, certificates, limits, and says of each "
        "fault what to do about it. It can be run beside the server, whom it does not disturb. To see whether the PBX "
        "tells what it has to, a call to nobody is begun (nothing rings), and nobody is put into a queue, paused, for "
        "a moment; with --passive this is left out. Exit code 0 when there is no fault, 1 when there is, 2 when it was "
        "asked wrongly."
    )
    optParameters: ClassVar = [
        ["config", "c", None, "the bootstrap file (default: $ASTCTI_CONFIG, etc/astcti.xml, /etc/astcti/astcti.xml)"],
        [
            "listen",
            None,
            LISTEN_SECONDS,
            "seconds to listen to the PBX where nothing is made to happen",
            number("listen"),
        ],
    ]
    optFlags: ClassVar = [
        ["passive", "p", "make nothing happen on the PBX: only ask, and listen"],
        ["json", "j", "print what was found as JSON"],
        ["list", "l", "print the names of the checks, and exit"],
    ]

    def __init__(self) -> None:
        super().__init__()
        self.only: list[str] = []

    def opt_only(self, name: str) -> None:
        """make this check, and what it needs, only (may be given several times)"""
        if name not in check_names():
            raise usage.UsageError(f"there is no check {name!r}; there are {', '.join(check_names())}")
        self.only.append(name)

    def getUsage(self, width: int | None = None) -> str:
        """What there is, with examples."""
        return f"{super().getUsage(width)}{EXAMPLES}"

    def postOptions(self) -> None:
        """See that the options make sense."""
        if not 0 < self["listen"] <= 3600:
            raise usage.UsageError("--listen is a number of seconds, up to 3600")


class Show:
    """Prints findings as they are made, and to whoever waits at a terminal, what is being done.

    :param quiet: whether findings are printed at the end only.
    """

    def __init__(self, *, quiet: bool) -> None:
        self._quiet = quiet
        self._width = shutil.get_terminal_size().columns if sys.stdout.isatty() else 0
        self._waits = sys.stderr.isatty()
        self._shown = False

    def found(self, finding: Finding) -> None:
        """Print a finding."""
        if not self._quiet:
            self._wipe()
            sys.stdout.write(finding_text(finding, self._width))
            sys.stdout.flush()

    def progress(self, text: str) -> None:
        """Show what is being done, in the place of what was shown before."""
        if self._waits:
            columns = shutil.get_terminal_size().columns
            sys.stderr.write(f"\r\x1b[K{printable(text)[: columns - 1]}")
            sys.stderr.flush()
            self._shown = True

    def _wipe(self) -> None:
        if self._shown:
            sys.stderr.write("\r\x1b[K")
            sys.stderr.flush()
            self._shown = False

    def end(self, examination: Examination, *, interrupted: bool) -> None:
        """Print what is left to be said."""
        self._wipe()
        if self._quiet:
            utf8 = (getattr(sys.stdout, "encoding", None) or "utf-8").lower().replace("-", "") == "utf8"
            sys.stdout.write(as_json(examination.findings, ascii_only=not utf8, interrupted=interrupted))
        else:
            sys.stdout.write(summary_text(examination.findings))
        if interrupted:
            sys.stderr.write("astcti doctor: interrupted; the PBX was left as it was\n")


def main(argv: Sequence[str], reactor: Any = None) -> int:
    """Examine, print, and return the exit code."""
    options = Options()
    try:
        options.parseOptions(argv)
    except usage.UsageError as e:
        return complain("doctor", e)
    if options["list"]:
        sys.stdout.write("".join(f"{check.name:16}{check.about}\n" for check in CHECKS))
        return 0
    # Until logging has begun, Twisted keeps events and repeats critical ones on standard error.
    globalLogBeginner.beginLoggingTo((), discardBuffer=True, redirectStandardIO=False)
    if reactor is None:
        from twisted.internet import reactor
    show = Show(quiet=bool(options["json"]))
    case = Case(
        reactor, options["config"], passive=bool(options["passive"]), listen_seconds=options["listen"],
        progress=show.progress,
    )  # fmt: skip
    examination = Examination(case, CHECKS, only=options.only, tell=show.found)
    interrupted = _run(reactor, examination)
    show.end(examination, interrupted=interrupted)
    return INTERRUPTED if interrupted else int(examination.faults > 0)


def _run(reactor: Any, examination: Examination) -> bool:
    """Run the examination in its reactor; whether somebody interrupted it."""
    troubles: list[Failure] = []
    state = {"interrupted": False, "over": False}

    def over(result: Any) -> None:
        state["over"] = True
        if isinstance(result, Failure) and not (state["interrupted"] and result.check(CancelledError)):
            troubles.append(result)
        if reactor.running:
            reactor.stop()

    def begin() -> None:
        running = Deferred.fromCoroutine(examination.run())

        def interrupt(*_: object) -> None:
            if state["interrupted"]:  # twice: somebody is in a hurry
                reactor.callFromThread(reactor.stop)
                return
            state["interrupted"] = True
            reactor.callFromThread(running.cancel)
            reactor.callFromThread(reactor.callLater, LEAVING_SECONDS, lambda: state["over"] or reactor.stop())

        for one in (signal.SIGINT, signal.SIGTERM):
            signal.signal(one, interrupt)
        running.addBoth(over)

    reactor.callWhenRunning(begin)
    reactor.run()
    if troubles:
        troubles[0].raiseException()
    return state["interrupted"]
