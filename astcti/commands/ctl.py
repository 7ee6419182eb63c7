"""``astcti ctl``: ask the running server how it is, or tell it something."""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Callable, Mapping, Sequence
from io import TextIOWrapper
from pathlib import Path
from typing import Any, ClassVar

from twisted.python import usage

from astcti.client.printable import printable_json, printable_lines
from astcti.commands import ctltables
from astcti.commands.ctlwords import WORDS
from astcti.commands.options import Options as BaseOptions
from astcti.commands.options import complain
from astcti.commands.statustext import lockouts_text, reload_text, status_text
from astcti.config.bootstrap import read_bootstrap
from astcti.errors import ConfigError, UserError
from astcti.services.control import ask
from astcti.services.whereabouts import find_bootstrap

SUMMARY = "ask the running server how it is, or tell it something"
ANSWER_SECONDS = 30.0  # a pause is confirmed by the PBX within ten

EXAMPLES = """
Examples:
  astcti ctl status
  astcti ctl actions --failed --agent anna       which screens of anna's did not pop, and why
  astcti ctl replay 7-6e1bb5a9a6fbd3f9           that action again, by its id
  astcti ctl pause anna --reason training        in all of her queues
  astcti ctl text all "The PBX is restarted at noon."
  astcti ctl log debug astcti.services.link      until the server is started anew
  astcti ctl --json clients | jq -r '.[].operator'
"""


class Options(BaseOptions):
    """Options of ``astcti ctl``."""

    synopsis = "Usage: astcti ctl [options] COMMAND"
    longdesc = (
        "Talks to the server over its local socket, so it has to run on the same machine, as the server's user or "
        "root. Exit code 0 when the server did it, 1 when it did not or is not there, 2 when it was asked wrongly. "
        "astcti ctl COMMAND --help says what else a command takes."
    )
    optFlags: ClassVar = [["json", "j", "print the answer as JSON"]]
    optParameters: ClassVar = [
        ["config", "c", None, "the server's bootstrap file, which says where its control socket is"],
        ["socket", "s", None, "the control socket itself"],
    ]
    subCommands: ClassVar[list[list[Any]]] = [[word, None, options, help] for word, options, help in WORDS]

    def getUsage(self, width: int | None = None) -> str:
        """What there is, with examples."""
        return f"{super().getUsage(width)}{EXAMPLES}"

    def postOptions(self) -> None:
        """See that a command was given."""
        if not self.subCommand:
            raise usage.UsageError(f"say what: {', '.join(COMMANDS)}")


COMMANDS = tuple(str(command[0]) for command in Options.subCommands)

Write = Callable[[Any, int, int], str]


def _plain(write: Callable[[Any], str]) -> Write:
    return lambda answer, width, limit: write(answer)


TEXTS: Mapping[str, Write] = {
    "status": _plain(status_text),
    "clients": ctltables.clients_text,
    "calls": ctltables.calls_text,
    "queues": ctltables.queues_text,
    "actions": ctltables.actions_text,
    "replay": ctltables.replay_text,
    "kick": ctltables.kick_text,
    "pause": ctltables.pause_text,
    "unpause": ctltables.pause_text,
    "text": ctltables.text_text,
    "log": ctltables.log_text,
    "reload": _plain(reload_text),
    "lockouts": _plain(lockouts_text),
    "unlock": _plain(lambda gone: "they may try again at once\n" if gone else "nothing was held against them\n"),
    "ami-retry": _plain(lambda said: f"{said}\n"),
}
"""From the answer, the width of the terminal (0: any) and the limit of lines to what is printed."""

_UNDONE = frozenset({"failed", "timeout", "lost", "dropped"})


def main(argv: Sequence[str]) -> int:
    """Ask and print the answer."""
    if isinstance(sys.stdout, TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")  # names in every script, terminals in one
    options = Options()
    try:
        options.parseOptions(argv)
    except usage.UsageError as e:
        named = options.subCommand if getattr(options, "subOptions", None) is not None else ""
        return complain(f"ctl {named}".rstrip(), e)
    command, asked = str(options.subCommand), options.subOptions
    try:
        socket = Path(options["socket"]) if options["socket"] else _socket_of(options["config"])
        answer = _ask(socket, {"command": command, **asked.request()})
    except UserError as e:
        sys.stderr.write(f"astcti ctl: {printable_lines(str(e))}\n")
        return 1
    if options["json"] or asked["json"]:
        text = printable_json(json.dumps(answer, ensure_ascii=not _is_utf8(), indent=2)) + "\n"
    else:
        width = shutil.get_terminal_size().columns if sys.stdout.isatty() else 0
        text = TEXTS[command](answer, width, asked.get("limit") or 0)
    try:
        sys.stdout.write(text)
        sys.stdout.flush()
    except BrokenPipeError:
        sys.stderr.close()  # whoever read it has seen enough
    return 1 if command == "replay" and answer["status"] in _UNDONE else 0


def _ask(socket: Path, request: Mapping[str, Any]) -> Any:
    """Ask; a long list of actions in pieces, for the server has calls to follow meanwhile."""
    answer = ask(socket, request, ANSWER_SECONDS)
    if request["command"] != "actions":
        return answer
    rows, limit = answer["actions"], request.get("limit", 0)
    page = rows
    while page and len(rows) < min(answer["total"], limit or answer["total"]):
        more = {**request, "limit": limit and limit - len(rows), "before": rows[-1]["id"]}
        page = ask(socket, more, ANSWER_SECONDS)["actions"]
        rows = answer["actions"] = [*rows, *page]
    return answer


def _is_utf8() -> bool:
    return (getattr(sys.stdout, "encoding", None) or "utf-8").lower().replace("-", "") == "utf8"


def _socket_of(config: str | None) -> Path:
    try:
        return read_bootstrap(find_bootstrap(config)).ctiserver.control
    except ConfigError as e:
        raise UserError(f"{e}\n(or give the control socket itself with --socket)") from e
