"""Who logs in, from where, and how."""

from __future__ import annotations

from dataclasses import dataclass, field

from twisted.internet.interfaces import IOpenSSLClientConnectionCreator

WAYS = ("auto", "scram", "pass", "plain")


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """Who logs in, from where, and how.

    :ivar digest: :func:`.digest_of` the password.
    :ivar password: itself, for servers that have others check it; only sent with ``way`` ``plain``.
    :ivar way: how to prove who it is: ``auto`` (the best that the server offers; ``PASS`` where SCRAM is not possible
        for this operator yet), ``scram`` (the password never travels, not even its digest), ``plain``, ``pass``.
    :ivar ticket: of an earlier login, tried first; without the server's knowing it any more it does no harm.
    :ivar mac: of this computer, or
    :ivar extension: of the phone; neither, if the operator has a fixed seat.
    :ivar system: ``LINUX``, ``WINDOWS``, ``MACINTOSH``; empty for actions that suit all of them.
    :ivar compression: the highest level wanted, 0 for none.
    :ivar stls: encrypt with ``STLS`` before anything else, with these rules for the certificate.
    :ivar stls_required: whether a server that cannot is left, instead of being talked to in the clear.
    :ivar wanted: capabilities to ask for.
    """

    username: str
    digest: str = field(repr=False)
    password: str = field(default="", repr=False)
    way: str = "auto"
    ticket: str = field(default="", repr=False)
    mac: str = ""
    extension: str = ""
    system: str = ""
    compression: int = 9
    stls: IOpenSSLClientConnectionCreator | None = None
    stls_required: bool = True
    wanted: tuple[str, ...] = ("errcodes", "events2")
