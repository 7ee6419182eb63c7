"""How long a client waits before it tries again, by what kept it out."""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from astcti.errors import Refused

FIRST_WAIT: Final = 2.0  # seconds before a new attempt
FIRST_TRIES: Final = 5  # with so long between them: a server that is begun anew is back by then; later it is doubled
LONGEST_WAIT: Final = 60.0
REFUSED_WAIT: Final = 300.0  # after wrong credentials: five of them in five minutes would lock the user out
NOTICED_WAIT: Final = 15.0  # until a server has noticed that we are gone: the usual ``104``
BUSY_WAIT: Final = 4.0
LOCKED_OUT: Final = 917

# Besides what is waited after any lost connection. Without link, or shutting down, the server is as good as not there:
# it costs it next to nothing to say so again, and it may be back at any moment.
_PASSING: dict[int, float] = {
    905: 0.0,  # no link to the PBX
    907: BUSY_WAIT,  # passwords cannot be checked
    908: BUSY_WAIT,  # too many connections, or logins
    910: NOTICED_WAIT,  # logged in already: our connection before
    914: NOTICED_WAIT,  # seat in use: the same
    LOCKED_OUT: LONGEST_WAIT,
    990: 0.0,  # shutting down
    999: LONGEST_WAIT,  # a fault of the server, which it will hardly lose by itself
}
PASSING: Mapping[int, float] = MappingProxyType(_PASSING)
"""Refusals that may be over in a while, and the least seconds of it; all others stay until a person does something."""

_RETRY = re.compile(r"retry in ([0-9]{1,6}) s")


def wait_after(refusal: Refused) -> float:
    """The seconds to wait at least after a login was refused."""
    if refusal.number == LOCKED_OUT and (told := _RETRY.search(refusal.reason)):
        return float(told[1])
    return PASSING.get(refusal.number, REFUSED_WAIT)


class Backoff:
    """The waits between attempts: some short ones, then ever longer, each another for each client, so that a floor of
    them does not come back in the same second."""

    def __init__(self) -> None:
        self._tries = 0

    def succeeded(self) -> None:
        """It worked: the next wait is a short one again."""
        self._tries = 0

    def after(self, least: float, chance: float) -> float:
        """The seconds until the next attempt.

        :param least: that it takes whatever was in the way to go.
        :param chance: 0 to 1.
        """
        self._tries += 1
        doublings = min(max(0, self._tries - FIRST_TRIES), 30)
        return least * (1 + chance / 2) + min(FIRST_WAIT * float(1 << doublings), LONGEST_WAIT) * (0.5 + chance)
