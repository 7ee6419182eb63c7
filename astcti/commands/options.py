"""Options of subcommands: :class:`twisted.python.usage.Options` with the types that it lacks."""

from __future__ import annotations

import math
import sys
from collections.abc import Callable, Sequence

from twisted.python import usage

from astcti import __version__
from astcti.client.printable import printable_lines


class Options(usage.Options):
    """What every subcommand's options derive from."""

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]

    def parseOptions(self, options: Sequence[str] | None = None) -> None:
        """Read the words of a command line.

        :raises twisted.python.usage.UsageError: they make no sense; the text says which.
        """
        try:
            super().parseOptions(None if options is None else list(options))  # type: ignore[no-untyped-call]
        except usage.UsageError as e:
            said = str(e).removeprefix("Parameter type enforcement failed: ")
            raise usage.UsageError("more words than it takes" if said == "Wrong number of arguments." else said) from e

    def opt_version(self) -> None:
        """Say which version this is, and exit."""
        sys.stdout.write(f"astcti {__version__}\n")
        sys.exit(0)


def complain(command: str, error: usage.UsageError) -> int:
    """Say why the words of a command line make no sense.

    :param command: as it is typed behind ``astcti``.
    :returns: the exit code.
    """
    sys.stderr.write(f"astcti {command}: {printable_lines(str(error))}\nTry astcti {command} --help.\n")
    return 2


def number(option: str) -> Callable[[str], float]:
    """The type of an option that is a number; its error names the option."""

    def read(text: str) -> float:
        try:
            found = float(text)
        except ValueError:
            found = math.nan
        if not math.isfinite(found):
            raise ValueError(f"--{option} is a number, not {text!r}")
        return found

    return read


def whole_number(option: str) -> Callable[[str], int]:
    """The type of an option that is a whole number; its error names the option."""

    def read(text: str) -> int:
        try:
            return int(text)
        except ValueError:
            raise ValueError(f"--{option} is a whole number, not {text!r}") from None

    return read
