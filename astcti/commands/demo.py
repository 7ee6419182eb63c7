"""``astcti demo``: watch calls turn into screen pops; needs no Asterisk, no data base and no screen."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from twisted.internet.defer import Deferred
from twisted.logger import ILogObserver, LogEvent, LogLevel, formatEvent, globalLogBeginner
from twisted.python import usage
from twisted.python.failure import Failure
from zope.interface import provider

from astcti.client.printable import printable
from astcti.commands.options import Options as CommandOptions
from astcti.commands.options import complain, number, whole_number

SUMMARY = "watch calls turn into screen pops; needs no Asterisk"


class Options(CommandOptions):
    """What ``astcti demo`` understands."""

    synopsis = "Usage: astcti demo [options]"
    longdesc = (
        "A simulated Asterisk, the real server and real agents in one process, on free ports. "
        "The exit code is 1 if a pop was lost, doubled or misdelivered."
    )
    optParameters = [
        ["seconds", "s", 0, "End after so many seconds; 0 goes on until Ctrl-C.", number("seconds")],
        ["rate", "r", 0.4, "Calls a second, on average.", number("rate")],
        ["agents", "a", 6, "How many agents.", whole_number("agents")],
        ["seed", None, None, "A number: the same one gives the same calls again.", whole_number("seed")],
    ]
    optFlags = [["verbose", "v", "Show the server's log on standard error."]]

    def postOptions(self) -> None:
        """Check the numbers."""
        from astcti.demo.stage import most_agents

        most = most_agents()
        if not 3 <= self["agents"] <= most:
            raise usage.UsageError(f"--agents: from 3 to {most}")
        if not 0.01 <= self["rate"] <= 100:
            raise usage.UsageError("--rate: from 0.01 to 100")
        if self["seconds"] < 0:
            raise usage.UsageError("--seconds: not below 0")


def log(verbose: bool) -> None:
    """Let what goes wrong be seen, and with ``verbose`` everything else."""
    least = LogLevel.info if verbose else LogLevel.error

    @provider(ILogObserver)
    def observe(event: LogEvent) -> None:
        if event.get("log_level", LogLevel.info) >= least:
            failure = event.get("log_failure")
            trace = f": {failure.getBriefTraceback()}" if failure is not None else ""
            sys.stderr.write(f"{printable(formatEvent(event), 2000)}{trace}\n")

    globalLogBeginner.beginLoggingTo([observe], redirectStandardIO=False, discardBuffer=True)


def main(argv: Sequence[str]) -> int:
    """Run the demonstration until its time is over or it is interrupted."""
    options = Options()
    try:
        options.parseOptions(argv)
    except usage.UsageError as e:
        return complain("demo", e)
    from twisted.internet import reactor

    from astcti.demo.show import Demo
    from astcti.simulator.terminal import Out, heed_interrupts

    log(bool(options["verbose"]))
    heed_interrupts()

    def stop() -> None:
        if reactor.running:
            reactor.stop()

    demo = Demo(reactor, Out(sys.stdout, stop), agents=options["agents"], rate=options["rate"], seed=options["seed"])
    results: list[bool] = []

    def failed(failure: Failure) -> None:
        results.append(False)
        sys.stderr.write(f"astcti demo: {failure.getErrorMessage()}\n")
        stop()

    def stopping() -> Deferred[None]:
        return Deferred.fromCoroutine(demo.stop()).addCallbacks(results.append, failed)

    def begin() -> None:
        Deferred.fromCoroutine(demo.start()).addErrback(failed)
        if options["seconds"]:
            reactor.callLater(options["seconds"], stop)

    reactor.callWhenRunning(begin)
    reactor.addSystemEventTrigger("before", "shutdown", stopping)
    reactor.run()
    return 0 if results and all(results) else 1
