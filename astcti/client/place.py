"""The agent's machine as a place where actions run."""

from __future__ import annotations

import shlex
import shutil
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from twisted.internet.defer import Deferred, fail
from zope.interface import implementer

from astcti.actions.application import fault_of_program
from astcti.actions.arguments import split_windows
from astcti.actions.urls import WEB_SCHEMES, fault_of_url
from astcti.client.programs import Programs
from astcti.errors import UserError
from astcti.interfaces import IPlace

# What shows a page in the browser that the person has chosen, by sys.platform.
_SYSTEM_BROWSERS: dict[str, tuple[tuple[str, ...], ...]] = {
    "darwin": (("open",),),
    "win32": (("rundll32", "url.dll,FileProtocolHandler"),),
    "linux": (("xdg-open",), ("sensible-browser",), ("x-www-browser",)),
}


@implementer(IPlace)
@dataclass(frozen=True)
class ClientPlace:
    """An agent's machine.

    :ivar seconds: for one action; a message needs five to connect, and five to be closed.
    :ivar schemes: of URLs that are opened here, whatever the server thinks.
    :ivar browser: command for pages, instead of the system's own.
    """

    reactor: Any
    programs: Programs
    seconds: float = 10.0
    schemes: Sequence[str] = WEB_SCHEMES
    browser: Sequence[str] = ()

    def open_url(self, url: str, window: str, internal: bool) -> Deferred[None]:
        """Show a page.

        :param window: for an external browser its command, if the configuration names one. There is no browser of our
            own here, so an internal one is the default one.
        """
        if fault := fault_of_url(url, self.schemes):
            return fail(UserError(fault))
        try:
            command = () if internal or window.startswith("_") else _words(window)
            if command and (fault := fault_of_program(command[0])):
                raise UserError(fault)
            argv = (*(command or self.browser or system_browser()), url)
        except UserError as e:
            return fail(e)
        return self.programs.start(argv, ours=not command)

    def start_program(self, argv: Sequence[str]) -> Deferred[None]:
        """Start a program, if it is allowed here."""
        if fault := fault_of_program(argv[0]):
            return fail(UserError(fault))
        return self.programs.start(argv)


def system_browser(platform: str = sys.platform) -> tuple[str, ...]:
    """The command that shows a page in the person's own browser.

    :raises UserError: there is none.
    """
    commands = _SYSTEM_BROWSERS.get(platform, _SYSTEM_BROWSERS["linux"])
    for command in commands:
        if shutil.which(command[0]):
            return command
    raise UserError(f"no browser was found here (looked for {', '.join(c[0] for c in commands)})")


def _words(command: str) -> tuple[str, ...]:
    """A browser's command as the configuration has it; ``_blank`` and the like are names of windows."""
    try:
        return tuple(split_windows(command) if sys.platform == "win32" else shlex.split(command))
    except ValueError as e:
        raise UserError(f"the browser's command {command!r} cannot be split: {e}") from e
