"""Manager users: secrets, and the classes of events and actions each may read and write."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from ipaddress import ip_address, ip_network

#: Classes by name, in Asterisk's order; a set of them is a number with these bits.
CLASSES = {
    name: 1 << bit
    for bit, name in enumerate(
        ("system", "call", "log", "verbose", "command", "agent", "user", "config", "dtmf", "reporting", "cdr",
         "dialplan", "originate", "agi", "cc", "aoc", "test", "security", "message")
    )
}  # fmt: skip
ALL = (1 << 31) - 1
_YES = frozenset({"yes", "true", "y", "t", "1", "on"})
_NO = frozenset({"no", "false", "n", "f", "0", "off"})


def true(text: str) -> bool:
    """Whether a header says yes, as Asterisk reads it."""
    return text.strip().lower() in _YES


def classes(names: Iterable[str]) -> int:
    """The set of the classes named; unknown names are nothing."""
    return sum({CLASSES.get(name.strip(), ALL if name.strip() == "all" else 0) for name in names}) & ALL


def mask(text: str) -> int | None:
    """The classes of an ``EventMask``: ``on``, ``off``, a number, or names; nothing for an empty text."""
    text = text.strip()
    if not text:
        return None
    if text.lower() in _NO:
        return 0
    if text.lower() in _YES:
        return ALL
    return int(text) & ALL if text.isdigit() else classes(text.split(","))


@dataclass(frozen=True, slots=True)
class Account:
    """A user of ``manager.conf``. ``permit`` is the network it may come from, empty for any."""

    name: str
    secret: str = field(repr=False)
    read: int = ALL
    write: int = ALL
    permit: str = ""

    def admits(self, address: str) -> bool:
        """Whether the user may come from an address."""
        return not self.permit or ip_address(address) in ip_network(self.permit)


def usual(secret: str) -> tuple[Account, ...]:
    """The users of the test configuration, all with one secret: everything, enough, too little, nothing, elsewhere."""
    enough = classes(("system", "call", "dialplan", "agent", "originate", "reporting"))
    return (
        Account("astcti", secret),
        Account("astcti-min", secret, enough, classes(("call", "agent", "originate", "reporting"))),
        Account("onlycall", secret, classes(("call",)), 0),
        Account("nothing", secret, 0, classes(("reporting",))),
        Account("elsewhere", secret, permit="192.0.2.1/32"),
    )
