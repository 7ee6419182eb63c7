"""``astcti ctl``: ask the running server how it is, or tell it something."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar

from twisted.python import usage

from astcti.commands.options import Options as BaseOptions
from astcti.commands.statustext import lockouts_text, reload_text, status_text
from astcti.config.bootstrap import read_bootstrap
from astcti.errors import ConfigError, UserError
from astcti.services.control import ask
from astcti.services.whereabouts import find_bootstrap

SUMMARY = "ask the running server how it is, or tell it something"


class _Nothing(BaseOptions):
    """A subcommand without options of its own."""


class _Unlock(BaseOptions):
    """Whom to unlock."""

    optParameters: ClassVar = [
        ["user", "u", "", "the operator's user name"],
        ["address", "a", "", "the address the failures came from"],
    ]


class Options(BaseOptions):
    """Options of ``astcti ctl``."""

    synopsis = "Usage: astcti ctl [options] COMMAND"
    longdesc = (
        "Talks to the server over its local socket, so it has to run on the same machine, as the server's user or "
        "root. Exit code 0 when the server did it, 1 when it did not or is not there."
    )
    optFlags: ClassVar = [["json", "j", "print the answer as JSON"]]
    optParameters: ClassVar = [
        ["config", "c", None, "the server's bootstrap file, which says where its control socket is"],
        ["socket", "s", None, "the control socket itself"],
    ]
    subCommands: ClassVar[list[list[Any]]] = [
        ["status", None, _Nothing, "up time, PBX, calls, clients, configuration and counters"],
        ["reload", None, _Nothing, "read the configuration again, and say what became of it"],
        ["lockouts", None, _Nothing, "who has to wait after too many wrong passwords"],
        ["unlock", None, _Unlock, "let somebody try again at once"],
        ["ami-retry", None, _Nothing, "try to reach the PBX now"],
    ]

    def postOptions(self) -> None:
        """See that a command was given."""
        if not self.subCommand:
            raise usage.UsageError(f"say what: {', '.join(COMMANDS)}")


COMMANDS = tuple(str(command[0]) for command in Options.subCommands)

TEXTS: Mapping[str, Callable[[Any], str]] = {
    "status": status_text,
    "reload": reload_text,
    "lockouts": lockouts_text,
    "unlock": lambda gone: f"{gone} lock{'' if gone == 1 else 's'} lifted\n",
    "ami-retry": lambda said: f"{said}\n",
}


def main(argv: Sequence[str]) -> int:
    """Ask and print the answer."""
    options = Options()
    try:
        options.parseOptions(argv)
    except usage.UsageError as e:
        sys.stderr.write(f"{options}\nastcti ctl: {e}\n")
        return 2
    request = {"command": options.subCommand, **{k: v for k, v in options.subOptions.items() if v}}
    try:
        socket = Path(options["socket"]) if options["socket"] else _socket_of(options["config"])
        answer = ask(socket, request)
    except UserError as e:
        sys.stderr.write(f"astcti ctl: {e}\n")
        return 1
    if options["json"]:
        sys.stdout.write(json.dumps(answer, ensure_ascii=False, indent=2) + "\n")
    else:
        sys.stdout.write(TEXTS[str(options.subCommand)](answer))
    return 0


def _socket_of(config: str | None) -> Path:
    try:
        return read_bootstrap(find_bootstrap(config)).ctiserver.control
    except ConfigError as e:
        raise UserError(f"{e}\n(or give the control socket itself with --socket)") from e
