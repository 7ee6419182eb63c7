"""``astcti agent``: log in as an agent, tell each call's story, and perform what calls ask for."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import partial
from io import TextIOWrapper
from pathlib import Path
from typing import Any, TextIO

from twisted.internet.defer import Deferred
from twisted.internet.error import ReactorNotRunning
from twisted.python import usage

from astcti.actions.performer import Performer
from astcti.client.agent import Agent
from astcti.client.happenings import Happening, ServerEvent
from astcti.client.keyboard import Keyboard
from astcti.client.orders import obey
from astcti.client.passwords import VARIABLE, find_password
from astcti.client.performed import Performed, file_of
from astcti.client.place import ClientPlace
from astcti.client.programs import Programs
from astcti.client.reaching import TLS_RULES, encryption, find_server
from astcti.client.story import json_of, line_of
from astcti.commands.options import Options as CommandOptions
from astcti.commands.options import complain
from astcti.config.addresses import is_mac, normal_mac
from astcti.config.spellings import normal_os
from astcti.errors import Refused, UserError
from astcti.protocols.client import Profile, digest_of
from astcti.protocols.client.profile import WAYS
from astcti.services.logs import Logs

SUMMARY = "log in as an agent, tell what happens, and perform the actions of calls"

SYSTEMS = {"linux": "LINUX", "darwin": "MACINTOSH", "win32": "WINDOWS"}


def _level(text: str) -> int:
    if text not in set("0123456789"):
        raise ValueError(f"--compression is 0 to 9, not {text!r}")
    return int(text)


class Options(CommandOptions):
    """Options of ``astcti agent``."""

    synopsis = "Usage: astcti agent --user NAME [options]"
    longdesc = (
        "Each thing that happens is one line. The exit code is 0 when ended by a signal, 1 when the server refused the "
        "login, 2 when the options make no sense."
    )
    optFlags = [
        ["dry-run", "n", "say what the actions would do, and do none of it"],
        ["json", "j", "print one JSON object a line, of everything"],
        ["figures", "f", "show how many wait in queues whenever that changes"],
        ["commands", "c", "take commands from the standard input, one a line; `help` tells which"],
        ["close-programs", None, "at the end, end the programs that actions have started"],
    ]
    optParameters = [
        ["server", "s", "localhost:5000", "host, host:port, [IPv6]:port, or an endpoint such as tls:cti.example:5001"],
        ["user", "u", None, "the operator's user name"],
        ["password", "p", None, "the password; others on this machine can see it here, so rather:"],
        ["password-file", None, None, f"a file whose first line is the password (else {VARIABLE} is used, or asked)"],
        ["mac", "m", None, "the hardware address that tells our seat (else that of the network interface)"],
        ["extension", "e", None, "the phone we sit at, such as PJSIP/201, instead of a hardware address"],
        ["tls", None, "try", "encrypt with STLS: no, try (take any certificate), yes (or do not log in)"],
        ["ca-file", None, None, "PEM file of who may have issued the server's certificate; demands a good one"],
        ["login", "l", "auto", "how: auto (the best the server offers), scram, pass, plain (the password itself, TLS)"],
        ["compression", "z", 9, "highest level of compression, 0 to 9", _level],
        ["os", None, SYSTEMS.get(sys.platform, "LINUX"), "whose actions to get: LINUX, MACINTOSH, WINDOWS"],
        ["browser", "b", None, "command that shows pages, instead of this system's own browser"],
    ]

    def __init__(self) -> None:
        super().__init__()
        self["allow-program"] = None

    def opt_allow_program(self, program: str) -> None:
        """a program that actions may start; may be repeated. Without it they may start any"""
        self["allow-program"] = [*(self["allow-program"] or ()), program]

    def postOptions(self) -> None:
        """See that the options make sense together."""
        if not self["user"]:
            raise usage.UsageError("say who logs in: --user NAME")
        if self["mac"] and self["extension"]:
            raise usage.UsageError("--mac and --extension are two ways to say one thing")
        if self["mac"] and not is_mac(normal_mac(self["mac"])):
            raise usage.UsageError(f"{self['mac']!r} is no hardware address such as 00:1c:bf:37:53:ba")
        if self["tls"] not in TLS_RULES:
            raise usage.UsageError(f"--tls is one of {', '.join(TLS_RULES)}, not {self['tls']!r}")
        if self["login"] not in WAYS:
            raise usage.UsageError(f"--login is one of {', '.join(WAYS)}, not {self['login']!r}")
        self["os"] = normal_os(self["os"])
        if self["os"] not in SYSTEMS.values():
            raise usage.UsageError(f"--os is one of {', '.join(SYSTEMS.values())}, not {self['os']!r}")
        for name in ("user", "extension"):
            if not (self[name] or "x").isprintable():
                raise usage.UsageError(f"--{name} has characters that cannot be seen")


class Printer:
    """Prints each happening, until nobody reads any more."""

    def __init__(self, out: TextIO, as_json: bool, gone: Callable[[], object], figures: bool = True) -> None:
        self._out = out
        self._line = json_of if as_json else line_of
        self._figures = figures or as_json
        self._gone = gone
        self._broken = False

    def __call__(self, happening: Happening) -> None:
        """Print one line, at once."""
        if self._broken or (not self._figures and _is_figures(happening)):
            return
        try:
            self._out.write(self._line(happening, time.time()) + "\n")
            self._out.flush()
        except OSError:
            self._broken = True
            os.dup2(os.open(os.devnull, os.O_WRONLY), self._out.fileno())  # for what is flushed at the very end
            self._gone()


def _is_figures(happening: Happening) -> bool:
    """Whether it is nothing but how many wait in a queue and how many are there for them."""
    return isinstance(happening, ServerEvent) and happening.id == "QueueState" and "problem" not in happening.attributes


def build(reactor: Any, options: Options, tell: Callable[[Happening], object]) -> tuple[Agent, Programs]:
    """The agent that these options describe, and the programs it will start.

    :raises UserError: something that they name is not there.
    """
    server = find_server(options["server"])
    endpoint = server.endpoint(reactor)
    ca_file = Path(options["ca-file"]) if options["ca-file"] else None
    encrypted = encryption(server, options["tls"], ca_file)
    password = find_password(options["password"], options["password-file"])
    profile = Profile(
        username=options["user"],
        digest=digest_of(password),
        password=password if options["login"] == "plain" else "",
        way=options["login"],
        mac=normal_mac(options["mac"] or ""),
        extension=options["extension"] or "",
        system=options["os"],
        compression=options["compression"],
        stls=encrypted.stls,
        stls_required=encrypted.required,
    )
    programs = Programs(reactor, options["allow-program"])
    place = ClientPlace(reactor, programs, browser=(options["browser"] or "").split())
    performer = None if options["dry-run"] else Performer(place)
    performed = None if performer is None else Performed(file_of(options["user"], server.name))
    agent = Agent(
        reactor, endpoint, profile, tell,
        performer=performer, performed=performed, server=server.name, tls=encrypted.tls,
    )  # fmt: skip
    return agent, programs


def main(argv: Sequence[str]) -> int:
    """Be an agent until a signal comes, or the server refuses."""
    options = Options()
    try:
        options.parseOptions(argv)
    except usage.UsageError as e:
        return complain("agent", e)
    from twisted.internet import reactor

    if isinstance(sys.stdout, TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")  # names in every script, terminals in one
    try:
        tell = Printer(sys.stdout, options["json"], lambda: _stop(reactor), figures=bool(options["figures"]))
        agent, programs = build(reactor, options, tell)
    except UserError as e:
        sys.stderr.write(f"astcti agent: {e}\n")
        return 2
    logs = Logs(None, level="error", stream=sys.stderr)  # what is less than that is told in the story
    logs.startService()
    if options["commands"]:
        take_commands(reactor, agent)
    try:
        refusal = run(reactor, agent)
    finally:
        if options["close-programs"]:
            programs.close_all()
        logs.stopService()
    return 0 if refusal is None else 1


def take_commands(reactor: Any, agent: Agent) -> None:
    """Do what is typed, from when the reactor runs."""
    reactor.callWhenRunning(Keyboard(reactor, partial(obey, agent)).start)


def run(reactor: Any, agent: Agent) -> Refused | None:
    """Run the reactor until the agent has ended, or a signal ends both; the refusal, if that was why."""
    refusals: list[Refused] = []

    def ended(refusal: Refused | None) -> None:
        if refusal is not None:
            refusals.append(refusal)
        _stop(reactor)

    def shutdown() -> Deferred[None] | None:
        return agent.stopService() if agent.running else None

    agent.ended.addCallback(ended)
    reactor.callWhenRunning(agent.startService)
    reactor.addSystemEventTrigger("before", "shutdown", shutdown)
    reactor.run()
    return refusals[0] if refusals else None


def _stop(reactor: Any) -> None:
    """Stop, unless a signal was first."""
    with suppress(ReactorNotRunning):
        reactor.stop()
