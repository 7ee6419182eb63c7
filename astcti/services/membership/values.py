"""What is wanted of a membership, what is known of it, and how it is shown to others."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from astcti.services.journal import Membership as Record

if TYPE_CHECKING:
    from astcti.services.floor import Attendance

IN, WAITING, LEAVING, REFUSED, OUT, LEFTOVER = "in", "waiting", "leaving", "refused", "out", "leftover"
"""States of a membership as others see it: there; to be there, or gone, soon; the PBX will not; somebody took it out at
the PBX; there since before we began, and its operator may come back."""


class Key(NamedTuple):
    """One phone in one queue; ``phone`` as channels show it."""

    queue: str
    phone: str


@dataclass(frozen=True, slots=True)
class Want:
    """A membership that is to be.

    :ivar interface: the phone as it is configured, and given to the PBX.
    :ivar name: of the member: the operator's full name.
    """

    username: str
    interface: str
    penalty: int = 0
    name: str = ""


@dataclass(frozen=True, slots=True)
class View:
    """A membership as others may see it.

    :ivar state: one of ``in waiting leaving refused out leftover``.
    :ivar foreign: the PBX has it by itself; it is never removed by us.
    :ivar problem: why the PBX refused.
    """

    queue: str
    interface: str
    username: str
    penalty: int
    state: str
    foreign: bool = False
    problem: str = ""


@dataclass(slots=True)
class Place:
    """All there is to know of one key; it exists as long as there is anything.

    :ivar want: how it is to be; None when it is not to be.
    :ivar holder: for whom it was wanted last.
    :ivar record: what is written in the journal.
    :ivar spared: there since before we began; left alone for a while, because its operator may come back.
    :ivar taken_out: somebody removed it at the PBX, and so it stays until the operator joins again.
    :ivar problem: what the PBX refused; nothing more is tried before ``tries`` says so.
    :ivar unsure: it is written down, and the PBX has not shown it yet.
    :ivar doubtful: an answer did not come: what is told next may be our own doing.
    """

    key: Key
    want: Want | None = None
    holder: Attendance | None = None
    record: Record | None = None
    spared: bool = False
    taken_out: bool = False
    problem: str = ""
    tries: int = 0
    doubtful: bool = False
    unsure: bool = False

    @property
    def idle(self) -> bool:
        """Whether nothing is left to know."""
        return self.want is None and self.record is None

    def forgive(self) -> None:
        """Whatever was refused may be tried again."""
        self.problem = ""
        self.tries = 0
