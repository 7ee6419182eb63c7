"""The one command, ``astcti``, and its subcommands.

Each is a module of this package with ``SUMMARY``, one line for ``astcti --help``, and ``main(argv)``, which gets what
follows the subcommand's name and returns the exit code: 0 fine, 1 it went wrong, 2 it was asked wrongly.
"""

from __future__ import annotations

import difflib
import errno
import os
import sys
from collections.abc import Sequence
from importlib import import_module
from importlib.util import find_spec
from io import TextIOWrapper
from types import ModuleType

from astcti import __version__

NAMES = ("serve", "ctl", "config", "doctor", "agent", "demo", "simulator", "replay")

#: What a file says that takes no more.
_CANNOT_WRITE = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO)

__all__ = ["NAMES", "main"]


def names() -> tuple[str, ...]:
    """The subcommands of this installation, in the order of ``--help``."""
    return tuple(name for name in NAMES if find_spec(f"{__name__}.{name}") is not None)


def load(name: str) -> ModuleType:
    """The module of a subcommand."""
    return import_module(f"{__name__}.{name}")


def usage() -> str:
    """What ``astcti --help`` says."""
    lines = [f"  {name:10} {load(name).SUMMARY}" for name in names()]
    return "\n".join(
        [
            "Usage: astcti COMMAND [options]",
            "",
            "A CTI server for Asterisk: the right screen pops on the right desk.",
            "",
            "Commands:",
            *lines,
            "",
            "astcti COMMAND --help tells more about each; twistd astcti runs the server as a daemon.",
            "",
        ]
    )


def main(argv: Sequence[str] | None = None) -> int:
    """Run a subcommand.

    :param argv: without the program's name; the process's own when left out.
    :returns: the exit code.
    """
    words = list(sys.argv[1:] if argv is None else argv)
    prepare_streams()
    try:
        code = _run(words)
        sys.stdout.flush()
        return code
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:
        sys.stderr.close()  # whoever read our output has gone; say nothing about it at exit either
        return 1
    except OSError as e:
        if e.errno not in _CANNOT_WRITE or e.filename is not None:
            raise
        sys.stderr.write(f"astcti: the output cannot be written: {e.strerror}\n")
        _let_go(sys.stdout)
        return 1


def prepare_streams() -> None:
    """Have a standard output and error that take everything: also closed ones, and terminals without our letters."""
    if sys.stdout is None:
        sys.stdout = open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115  (for as long as we live)
    if sys.stderr is None:
        sys.stderr = open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def _let_go(stream: object) -> None:
    """What is still to be written goes nowhere, so that Python does not fail once more at its end."""
    if isinstance(stream, TextIOWrapper):
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


def _run(words: Sequence[str]) -> int:
    first, rest = (words[0], words[1:]) if words else ("", [])
    if first in names():
        return int(load(first).main(rest) or 0)
    if first in ("--help", "-h", "help"):
        sys.stdout.write(usage())
        return 0
    if first in ("--version", "-V", "version"):
        sys.stdout.write(f"astcti {__version__}\n")
        return 0
    sys.stderr.write(f"astcti: there is no command {first!r}{_hint(first)}\n" if first else usage())
    return 2


def _hint(word: str) -> str:
    close = difflib.get_close_matches(word, names(), n=1, cutoff=0.5)
    return f"; did you mean {close[0]!r}?" if close else f"; there are {', '.join(names())} (see astcti --help)"
