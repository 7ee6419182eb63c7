"""Login, seat, password and lists: what every client asks, and what it is answered."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Login:
    """``USER`` + ``PASS``: ``digest`` is 32 lower-case hexadecimal digits."""

    username: str
    digest: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class ClaimMac:
    """``MAC``: ``mac`` is lower-case with colons."""

    mac: str


@dataclass(frozen=True, slots=True)
class ClaimExtension:
    """``EXTEN``: a full channel name or a bare number, as typed."""

    extension: str


@dataclass(frozen=True, slots=True)
class SetSystem:
    """``OSTYPE``: ``system`` is ``LINUX``, ``WINDOWS`` or ``MACINTOSH``."""

    system: str


@dataclass(frozen=True, slots=True)
class ChangePassword:
    """``CHPW``."""

    old: str = field(repr=False)
    new: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Identify:
    """``IDEN``."""


@dataclass(frozen=True, slots=True)
class ListServices:
    """``SERVICES``."""


@dataclass(frozen=True, slots=True)
class ListQueues:
    """``QUEUES``."""


@dataclass(frozen=True, slots=True)
class Done:
    """It is done; ``info`` follows ``100 OK`` (the channels of a seat, separated by blanks)."""

    info: str = ""


@dataclass(frozen=True, slots=True)
class LoggedIn:
    """The credentials are good. ``seat`` has the seat's channels if the seat is known by now, else is empty.

    :ivar data: the last message of the login's mechanism, if it has one.
    """

    username: str
    seat: tuple[str, ...] = ()
    data: bytes = field(default=b"", repr=False)


@dataclass(frozen=True, slots=True)
class ServiceList:
    """``(name, context, "inbound" | "outbound")`` each."""

    services: tuple[tuple[str, str, str], ...]


@dataclass(frozen=True, slots=True)
class QueueList:
    """``(queue, is a member now)`` each."""

    queues: tuple[tuple[str, bool], ...]
