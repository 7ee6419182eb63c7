"""``astcti simulator``: a PBX that speaks AMI, with agents and callers of its own."""

from __future__ import annotations

import random
import sys
from collections.abc import Callable, Sequence
from typing import cast

from twisted.internet.address import IPv4Address
from twisted.internet.endpoints import TCP4ServerEndpoint
from twisted.internet.interfaces import IListeningPort
from twisted.python import usage
from twisted.python.failure import Failure

from astcti.client.printable import printable
from astcti.commands.options import Options as CommandOptions
from astcti.commands.options import complain, number, whole_number
from astcti.simulator.accounts import usual
from astcti.simulator.channel import Channel
from astcti.simulator.office import Office, usual_office
from astcti.simulator.phones import Habit
from astcti.simulator.queues import RING_ALL, STRATEGIES, QueueOptions
from astcti.simulator.server import SimulatorService
from astcti.simulator.terminal import Out, heed_interrupts
from astcti.simulator.traffic import Traffic

SUMMARY = "a PBX that speaks AMI, with agents and callers: to try things without Asterisk"
SECRET = "astcti-secret"  # noqa: S105  (a simulated PBX on the loopback interface keeps no secrets)


def span(text: str) -> tuple[float, float]:
    """Two numbers with a dash between, or one for both.

    :raises ValueError: it is no such thing.
    """
    low, _, high = text.partition("-")
    try:
        result = (float(low), float(high or low))
    except ValueError:
        result = (-1.0, -1.0)
    if not 0 <= result[0] <= result[1]:
        raise ValueError(f"{text!r} should be two numbers such as 3-10, the smaller one first")
    return result


def share(text: str) -> float:
    """A number from 0 to 1.

    :raises ValueError: it is none.
    """
    try:
        found = float(text)
    except ValueError:
        found = -1.0
    if not 0 <= found <= 1:
        raise ValueError(f"{text!r} should be a number from 0 to 1")
    return found


def queues(text: str) -> dict[str, QueueOptions]:
    """``NAME:STRATEGY:WRAPUP`` with commas between; strategy and wrap-up may be left out.

    :raises ValueError: a strategy or a number is none.
    """
    found = {}
    for part in text.split(",") if text else ():
        name, strategy, wrapup = (*part.split(":"), "", "")[:3]
        if not name:
            raise ValueError(f"{part!r} should be a queue such as sales:rrmemory:10, with a name")
        if wrapup and not wrapup.isdecimal():
            raise ValueError(f"{wrapup!r} should be the seconds of after-call work")
        if strategy and strategy not in (*STRATEGIES, RING_ALL):
            raise ValueError(f"{strategy!r} is no ring strategy; there are {', '.join((RING_ALL, *STRATEGIES))}")
        found[name] = QueueOptions(strategy or "rrmemory", timeout=15, wrapup=int(wrapup or 0))
    return found


def version(text: str) -> int:
    """16 or 22.

    :raises ValueError: neither.
    """
    if text not in ("16", "22"):
        raise ValueError(f"{text!r} is not simulated; 16 and 22 are")
    return int(text)


class Options(CommandOptions):
    """What ``astcti simulator`` understands."""

    synopsis = "Usage: astcti simulator [options]"
    longdesc = (
        "A PBX that speaks AMI as Asterisk 16 or 22 does, with agents who answer and callers who call. "
        "Extension 100 rings two agents, 101 and on are the queues, 1001 and on ring two agents each, all in "
        "context astctidemo; agents 201 and on are in context agents, where 9 and a number goes outside."
    )
    optParameters = [
        ["port", "p", 5038, "Port to listen on; 0 takes a free one.", whole_number("port")],
        ["host", None, "127.0.0.1", "Address to listen on."],
        ["asterisk", None, "22", "Whose manager interface to speak: 16 or 22.", version],
        ["user", None, "astcti", "Manager user who may do everything."],
        ["secret", None, SECRET, "The secret of all manager users."],
        ["agents", "a", 20, "How many agents, from PJSIP/201.", whole_number("agents")],
        ["queues", "q", "astcti-queue:rrmemory,astcti-ringall:ringall",
         "Queues as NAME:STRATEGY:WRAPUP,...; agents are dealt out to them like cards.", queues],
        ["rate", "r", 0.5, "Calls a second, on average; 0 for none.", number("rate")],
        ["talk", None, "3-10", "Shortest and longest conversation, in seconds.", span],
        ["ring", None, "0.5-3", "How long agents let it ring, in seconds.", span],
        ["patience", None, "10-60", "How long callers wait for an answer, in seconds.", span],
        ["absent", None, "0.05", "How often an agent does not answer, from 0 to 1.", share],
        ["hostile", None, "0.02", "How often a caller has a hostile name, from 0 to 1.", share],
        ["seconds", "s", 0, "End after so many seconds; 0 goes on for ever.", number("seconds")],
        ["seed", None, None, "A number: the same one gives the same callers, phones and times again.",
         whole_number("seed")],
    ]  # fmt: skip
    optFlags = [
        ["timestamps", "t", "Let every event tell its time, as timestampevents=yes does."],
        ["quiet", None, "Do not tell of every conversation."],
    ]

    def postOptions(self) -> None:
        """Check what the single options could not."""
        for name, convert in CONVERTED.items():
            if isinstance(self[name], str):  # Twisted converts what was given, not a default
                self[name] = convert(self[name])
        if not 1 <= self["agents"] <= 100_000:
            raise usage.UsageError("--agents: from 1 to 100000")
        if not 0 <= self["port"] <= 65_535:
            raise usage.UsageError("--port: from 0 to 65535")
        if self["rate"] < 0 or self["seconds"] < 0:
            raise usage.UsageError("--rate and --seconds: not below 0")


#: Options with defaults as people write them.
CONVERTED: dict[str, Callable[[str], object]] = {
    "asterisk": version, "queues": queues, "talk": span, "ring": span, "patience": span, "absent": share,
    "hostile": share,
}  # fmt: skip


def office(options: Options, chance: random.Random, now: float) -> Office:
    """The company as ordered."""
    agents = {f"PJSIP/{201 + i}": f"Agent {201 + i}" for i in range(options["agents"])}
    lines = usual_office(options["queues"], options["agents"])
    main, *others = usual(options["secret"])
    accounts = (type(main)(options["user"], options["secret"]), *others)
    made = Office(
        lines, agents, chance, asterisk=options["asterisk"], start=now, habit=Habit("answer", *options["ring"]),
        accounts=accounts,
    )  # fmt: skip
    for phone in made.pbx.phones.values():
        phone.absent = options["absent"]
    made.board.timestamps = bool(options["timestamps"])
    return made


class Story:
    """Tells people what goes on."""

    def __init__(self, write: Out, options: Options, service: SimulatorService, traffic: Traffic) -> None:
        self._write = write
        self._options = options
        self._service = service
        self._traffic = traffic
        self.answered = 0
        service.office.pbx.on_conversation.append(self.conversation)

    def begins(self, port: IListeningPort) -> None:
        """Say where to find us."""
        options, address = self._options, cast(IPv4Address, port.getHost())
        names = ", ".join(f"{name} ({o.strategy})" for name, o in options["queues"].items()) or "none"
        who = f"user {options['user']}, secret {options['secret']}"
        self._write(
            f"Asterisk {options['asterisk']}, simulated: AMI on {address.host}:{address.port}, {who}\n"
            f"{options['agents']} agents from PJSIP/201; queues: {names}; {options['rate']:g} calls a second\n"
            "Ctrl-C ends it.\n"
        )

    def conversation(self, caller: Channel, peer: Channel) -> None:
        """Two people talk."""
        self.answered += 1
        if not self._options["quiet"]:
            number, name = caller.shown.number, caller.shown.caller
            self._write(f"{peer.interface:12} talks with {number} {printable(name, 40)}\n")

    def ends(self) -> None:
        """Say what there was."""
        thrown, sent = self._service.thrown_out, self._service.office.board.sent
        slow = f", {thrown} clients read too slowly" if thrown else ""
        self._write(f"{self._traffic.placed} calls, {self.answered} conversations, {sent} events sent{slow}\n")


def main(argv: Sequence[str]) -> int:
    """Run the simulated PBX until it is over or interrupted."""
    from twisted.internet import reactor  # here, so that asking for help installs none

    options = Options()
    try:
        options.parseOptions(argv)
    except usage.UsageError as e:
        return complain("simulator", e)
    chance = random.Random(options["seed"])  # noqa: S311  (callers, not keys)
    made = office(options, chance, reactor.seconds())
    endpoint = TCP4ServerEndpoint(reactor, options["port"], interface=options["host"])
    service = SimulatorService(reactor, endpoint, made)
    traffic = Traffic(
        made.pbx, chance, made.places, options["rate"], options["talk"], options["patience"], options["hostile"]
    )

    def stop() -> None:
        if reactor.running:
            reactor.stop()

    story = Story(Out(sys.stdout, stop), options, service, traffic)
    failures: list[Failure] = []

    def failed(failure: Failure) -> None:
        failures.append(failure)
        reactor.callWhenRunning(reactor.stop)

    def listening(port: IListeningPort) -> None:
        story.begins(port)
        traffic.start()
        service.startService()
        if options["seconds"]:
            reactor.callLater(options["seconds"], stop)

    heed_interrupts()
    service.listen().addCallbacks(listening, failed)
    reactor.addSystemEventTrigger("before", "shutdown", service.stopService)
    reactor.run()
    if failures:
        sys.stderr.write(f"astcti simulator: {failures[0].getErrorMessage()}\n")
        return 1
    story.ends()
    return 0
