"""The words of ``astcti ctl``: what can be asked, and with what."""

from __future__ import annotations

import getpass
import os
from collections.abc import Mapping, Sequence
from getopt import GetoptError, gnu_getopt
from typing import Any, ClassVar

from twisted.python import usage

from astcti.commands.options import Options


def person() -> str:
    """Who is at work here, as this machine knows them; behind ``sudo``, too."""
    try:
        return os.environ.get("SUDO_USER") or getpass.getuser()
    except (KeyError, ImportError, OSError):
        return ""


def _number(text: str) -> int:
    if not text.isascii() or not text.isdigit() or len(text) > 9:
        raise ValueError(f"--limit is a number, not {text!r}; 0 is all")
    return int(text)


class Nothing(Options):
    """A command without options of its own."""

    synopsis: ClassVar[str] = ""
    longdesc: ClassVar[str] = ""
    optFlags: ClassVar = [["json", "j", "print the answer as JSON"]]

    @property
    def word(self) -> str:
        """The command."""
        return str(self.parent.subCommand) if self.parent is not None else "COMMAND"

    def getSynopsis(self) -> str:
        """How it is used, without the options that may stand before it."""
        return f"Usage: astcti ctl {self.word} {self.synopsis or '[options]'}"

    def request(self) -> Mapping[str, Any]:
        """What is asked, as the server wants it."""
        return {name: value for name, value in self.items() if value and name != "json"}


class Limited(Nothing):
    """A list that may be long."""

    optParameters: ClassVar = [["limit", "l", 50, "lines at most; 0 is all", _number]]

    def request(self) -> Mapping[str, Any]:
        """The list is cut here."""
        return {}


class Unlock(Nothing):
    """Whom to unlock."""

    optParameters: ClassVar = [
        ["user", "u", None, "the operator's user name"],
        ["address", "a", None, "the address the failures came from"],
    ]


class Actions(Nothing):
    """Which actions."""

    optFlags: ClassVar = [["failed", "f", "only those that went wrong: failed, timeout, lost, dropped"]]
    optParameters: ClassVar = [
        ["agent", "a", None, "only those of this operator"],
        ["call", "c", None, "only those of the call with this unique id"],
        ["limit", "l", 50, "so many at most, the newest; 0 is all", _number],
    ]

    def request(self) -> Mapping[str, Any]:
        """Also a limit of 0 says something."""
        return {**super().request(), "limit": self["limit"]}


class _Words(Nothing):
    """A command with words of its own."""

    needs: ClassVar[tuple[str, ...]] = ()
    rest: ClassVar[str] = ""

    def parseOptions(self, options: Sequence[str] | None = None) -> None:
        """Take options behind the words as well, unless any word may come last."""
        if options is not None and not self.rest:
            try:
                found, words = gnu_getopt(list(options), self.shortOpt, self.longOpt)
            except GetoptError as e:
                raise usage.UsageError(str(e)) from e
            options = [*(part for option in found for part in self._parts(*option)), "--", *words]
        super().parseOptions(options)

    def _parts(self, name: str, value: str) -> Sequence[str]:
        takes = f"{name[2:]}=" in self.longOpt if name.startswith("--") else f"{name[1]}:" in self.shortOpt
        return (name, value) if takes else (name,)

    def parseArgs(self, *words: str) -> None:
        """Take the words, the last ones together."""
        if len(words) < len(self.needs) or (not self.rest and len(words) > len(self.needs)):
            raise usage.UsageError(f"{self.word} takes {self.synopsis}")
        for name, word in zip(self.needs, words, strict=False):
            self[name] = word
        if self.rest and len(words) > len(self.needs):
            self[self.rest] = " ".join(words[len(self.needs) :])


class Replay(_Words):
    """Which action."""

    synopsis = "ID"
    needs = ("id",)


class Kick(_Words):
    """Whom, and why."""

    synopsis = "USER [REASON …]"
    needs, rest = ("user",), "reason"


class _Order(_Words):
    """A command of which it is written down who gave it."""

    def request(self) -> Mapping[str, Any]:
        """Also who asks for it."""
        return {**super().request(), "who": person()}


class Pause(_Order):
    """Whom, where and why."""

    synopsis = "USER [--reason REASON] [--queue QUEUE]"
    needs = ("user",)
    optParameters: ClassVar = [
        ["reason", "r", None, "what the PBX and the client show"],
        ["queue", "q", None, "only in this queue"],
    ]


class Unpause(_Order):
    """Whom, and where."""

    synopsis = "USER [--queue QUEUE]"
    needs = ("user",)
    optParameters: ClassVar = [["queue", "q", None, "only in this queue"]]


class Text(_Words):
    """Whom to tell what."""

    synopsis = "USER|all MESSAGE …"
    needs, rest = ("user",), "text"


class Log(_Words):
    """How much to log."""

    synopsis = "LEVEL [LOGGER]"
    needs, rest = ("level",), "logger"


WORDS: tuple[tuple[str, type[Nothing], str], ...] = (
    ("status", Nothing, "up time, PBX, calls, clients, configuration and counters"),
    ("clients", Limited, "who is connected, where, and what they do"),
    ("calls", Limited, "the channels of the PBX, with what is known of their callers"),
    ("queues", Limited, "who waits in which queue, and who is there to answer"),
    ("actions", Actions, "what became of actions: which screens did not pop, and why"),
    ("replay", Replay, "have one action performed again at its agent"),
    ("kick", Kick, "disconnect an operator"),
    ("pause", Pause, "pause an operator in the PBX's queues"),
    ("unpause", Unpause, "end an operator's pause"),
    ("text", Text, "show an operator, or all, a message"),
    ("log", Log, "log more or less: debug, info, warn, error, critical"),
    ("reload", Nothing, "read the configuration again, and say what became of it"),
    ("lockouts", Nothing, "who has to wait after too many wrong passwords"),
    ("unlock", Unlock, "let somebody try again at once"),
    ("ami-retry", Nothing, "try to reach the PBX now"),
)
