"""``astcti replay``: play recorded AMI conversations and see what pops, and why or why not."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

from twisted.python import usage

from astcti.actions.registry import action_types
from astcti.client.printable import printable_lines
from astcti.commands.options import Options as BaseOptions
from astcti.commands.options import complain
from astcti.config.bootstrap import read_bootstrap
from astcti.config.load import load
from astcti.config.model import Configuration
from astcti.config.recognise import BOOTSTRAP, kind_of, read_runtime
from astcti.config.validation import validate
from astcti.errors import AMIError, ConfigError, UserError
from astcti.replay import Playback, Recording
from astcti.replay.report import as_json, as_text, shown

SUMMARY = "play recorded AMI conversations: what pops, and why or why not"


class Options(BaseOptions):
    """Options of ``astcti replay``."""

    synopsis = "Usage: astcti replay --config FILE [--text] [--pops] RECORDING..."
    longdesc = (
        "A RECORDING is what Asterisk sent on an AMI link, byte for byte; NAME.times beside NAME.ami, if there is one, "
        "says when (a line 'seconds offset' each). Every seat counts as logged in. Prints one JSON object a line."
    )
    optFlags = [
        ["text", "t", "print for people, and end with what became of each call"],
        ["pops", "p", "print pops only"],
    ]
    optParameters = [
        ["config", "c", None, "the server's bootstrap file, or a configuration as XML or SQLite"],
    ]

    def parseArgs(self, *recordings: str) -> None:
        """Take the recordings."""
        self["recordings"] = recordings

    def postOptions(self) -> None:
        """See that nothing is missing."""
        if not self["config"]:
            raise usage.UsageError("say which configuration: --config FILE")
        if not self["recordings"]:
            raise usage.UsageError("say which recording")


def main(argv: Sequence[str]) -> int:
    """Play each recording; 1 when one of them, or the configuration, cannot be used."""
    options = Options()
    try:
        options.parseOptions(argv)
    except usage.UsageError as e:
        return complain("replay", e)
    try:
        configuration = configuration_at(Path(options["config"]))
    except ConfigError as e:
        sys.stderr.write("".join(f"astcti replay: {printable_lines(problem)}\n" for problem in e.problems))
        return 1
    paths = [Path(name) for name in options["recordings"]]
    return max([_play(path, configuration, options, len(paths) > 1) for path in paths])


def configuration_at(path: Path) -> Configuration:
    """The valid configuration in a file of any kind we write, or the one a bootstrap file leads to.

    :raises ConfigError: there is none that can be used.
    """
    types = action_types()
    if kind_of(path) == BOOTSTRAP:
        return load(read_bootstrap(path), types)
    document = read_runtime(path)
    report = validate(document.configuration, types)
    if not report.ok:
        raise ConfigError(*(f"{document.place(p.table, p.id)}: {p}" for p in report.errors))
    return document.configuration


def _play(path: Path, configuration: Configuration, options: Options, several: bool) -> int:
    playback = Playback(configuration)
    if options["text"] and several:
        sys.stdout.write(f"== {shown(str(path))}\n")
    pops = 0
    try:
        for notice in playback.play(Recording(path)):
            pops += notice.pop
            if notice.pop or not options["pops"]:
                lines = as_text(notice, configuration) if options["text"] else [as_json(notice, configuration)]
                sys.stdout.write("".join(f"{line}\n" for line in lines))
    except (UserError, AMIError) as e:
        sys.stdout.flush()
        where = "" if str(e).startswith(f"{path.with_suffix('')}") else f"{path}: "
        sys.stderr.write(f"astcti replay: {printable_lines(f'{where}{e}')}\n")
        return 1
    if not playback.events:
        sys.stderr.write(f"astcti replay: {path}: there is no AMI event in it; was the login refused?\n")
    if options["text"]:
        sys.stdout.write("".join(f"-- {shown(line)}\n" for line in playback.explanation.lines))
        sys.stdout.write(f"-- {pops} pop{'' if pops == 1 else 's'}\n")
    return 0
