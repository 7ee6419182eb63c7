"""From a connection to a seat: everything that is said before the first call."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TypeVar

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IOpenSSLClientConnectionCreator

from astcti.errors import Refused
from astcti.protocols.client.connection import CTIClient

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """Who logs in, from where, and how.

    :ivar digest: :func:`.digest_of` the password.
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
    mac: str = ""
    extension: str = ""
    system: str = ""
    compression: int = 9
    stls: IOpenSSLClientConnectionCreator | None = None
    stls_required: bool = True
    wanted: tuple[str, ...] = ("errcodes", "events2")


@dataclass(frozen=True, slots=True)
class Welcome:
    """What came of a login.

    :ivar seat: its channels, the main one first; empty if no seat was asked for and none is fixed.
    :ivar level: the compression in force.
    :ivar keepalive_ms: the silence that the server tolerates, 0 for any.
    """

    seat: tuple[str, ...]
    level: int
    keepalive_ms: int
    capabilities: frozenset[str]


async def log_in(client: CTIClient, profile: Profile) -> Welcome:
    """Say everything up to the seat. Servers of the first generation do not know half of it, which does no harm.

    :raises Refused: by the server, with what it says; ``STLS``, the login and the seat have to be granted.
    :raises ConnectionGone: the connection ended on the way.
    """
    await client.greeted
    if profile.stls is not None:
        try:
            await client.start_tls(profile.stls)
        except Refused:
            if profile.stls_required:
                raise
    capabilities = frozenset[str]()
    if profile.wanted:
        capabilities = await _if_known(client.capabilities(*profile.wanted), capabilities)
    level = await _if_known(client.compress(profile.compression), 0) if profile.compression else 0
    await client.log_in(profile.username, profile.digest)
    keepalive_ms = await client.keep_alive()
    if profile.system:
        await _if_known(client.set_system(profile.system), None)
    seat = await _if_known(client.identify(), ())
    if not seat and profile.mac:
        seat = await client.claim_mac(profile.mac)
    elif not seat and profile.extension:
        seat = await client.claim_extension(profile.extension)
    return Welcome(seat, level, keepalive_ms, capabilities)


async def _if_known(answer: Deferred[T], otherwise: T) -> T:
    try:
        return await answer
    except Refused:
        return otherwise
