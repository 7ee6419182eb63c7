"""Templates of a program's arguments: split first, then filled in, so that one value never becomes two arguments."""

from __future__ import annotations

import re
import shlex
from collections.abc import Mapping, Sequence
from functools import lru_cache
from subprocess import list2cmdline

from astcti.actions.template import MAX_TEMPLATE, Field, Pieces, expand, parse, without_controls
from astcti.errors import ConfigError

WINDOWS = "WINDOWS"

# What makes an argument an option, with blanks that some programs skip: a dash; to programs of Windows a slash too.
_OPTION_START = re.compile(r"[\s-]*-\s*")
_OPTION_START_WINDOWS = re.compile(r"[\s/-]*[/-]\s*")
_ONLY_DASHES = re.compile(r"-+")
_WINDOWS_TOKEN = re.compile(r"""([ \t]+)|(\\*)("+)|(\\+|[^\\" \t]+)""")


@lru_cache(maxsize=1024)
def compile_arguments(parameters: str, system: str = "ALL") -> tuple[Pieces, ...]:
    """Split the template into arguments and take each apart.

    :param system: the operating system the action is for; Windows has its own rules of quoting.
    :raises ConfigError: a quote is left open, or a value would be an option.
    """
    if len(parameters) > MAX_TEMPLATE:
        raise ConfigError(f"the arguments are longer than {MAX_TEMPLATE} characters")
    if "\0" in parameters:
        raise ConfigError("the arguments contain a NUL character")
    try:
        words = split_windows(parameters) if system == WINDOWS else shlex.split(parameters)
    except ValueError as e:
        raise ConfigError(f"the arguments cannot be split: {str(e).lower()}") from e
    arguments = tuple(parse(word) for word in words)
    for pieces in arguments:
        match pieces:
            case (str(text), Field(name), *_) if _ONLY_DASHES.fullmatch(text):
                raise ConfigError(f"the argument {text}{{{name}}} lets a caller choose an option of the program")
    return arguments


def split_windows(text: str) -> list[str]:
    r"""Split as ``CommandLineToArgvW`` does what follows the program's name.

    2n backslashes and a quote are n backslashes and the quote's own meaning, 2n + 1 of them n backslashes and a
    literal quote; backslashes anywhere else are themselves. The third quote in a row since quoting began is literal
    and ends the quoting. A quote left open ends with the text.
    """
    arguments: list[str] = []
    word: list[str] | None = None
    quotes = 0  # since quoting began; 0 is outside
    for match in _WINDOWS_TOKEN.finditer(text):
        blanks, slashes, run, plain = match.groups()
        if blanks and not quotes:
            if word is not None:
                arguments.append("".join(word))
            word = None
            continue
        if word is None:
            word = []
        if run is None:
            word.append(blanks or plain)
            continue
        odd = len(slashes) % 2
        word.append("\\" * (len(slashes) // 2) + '"' * odd)
        # An escaped quote is not counted itself, but those that follow it are.
        for _ in range(len(run) - odd):
            quotes += 1
            if quotes == 3:
                word.append('"')
                quotes = 0
        quotes %= 2
    if word is not None:
        arguments.append("".join(word))
    return arguments


def expand_arguments(
    arguments: Sequence[Pieces], values: Mapping[str, str], system: str = "ALL", *, keep_dashes: bool = False
) -> tuple[str, ...]:
    """The arguments for one call: as many as the template has, and none an option which the template's is not.

    :param keep_dashes: a value may be an option all the same.
    """
    option_start = None if keep_dashes else _OPTION_START_WINDOWS if system == WINDOWS else _OPTION_START
    return tuple(_expand(pieces, values, option_start) for pieces in arguments)


def _expand(pieces: Pieces, values: Mapping[str, str], option_start: re.Pattern[str] | None) -> str:
    argument = expand(pieces, values, without_controls)
    if option_start is not None and pieces and isinstance(pieces[0], Field):
        return option_start.sub("", argument, count=1) if option_start.match(argument) else argument
    return argument


def shown(arguments: Sequence[str], system: str = "ALL") -> str:
    """The arguments as one text, for people only."""
    return list2cmdline(arguments) if system == WINDOWS else shlex.join(arguments)
