"""From a connection to a seat: everything that is said before the first call."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeVar

from twisted.internet.defer import Deferred

from astcti.errors import Refused
from astcti.protocols.client.connection import CTIClient
from astcti.protocols.client.profile import Profile
from astcti.protocols.client.proving import prove

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Welcome:
    """What came of a login.

    :ivar seat: its channels, the main one first; empty if no seat was asked for and none is fixed.
    :ivar level: the compression in force.
    :ivar keepalive_ms: the silence that the server tolerates, 0 for any.
    :ivar way: how the login was done: ``PASS``, or the mechanism of ``AUTH``.
    """

    seat: tuple[str, ...]
    level: int
    keepalive_ms: int
    capabilities: frozenset[str]
    way: str = ""


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
    way = await prove(client, profile)
    keepalive_ms = await client.keep_alive()
    if profile.system:
        await _if_known(client.set_system(profile.system), None)
    seat = await _if_known(client.identify(), ())
    if not seat and profile.mac:
        seat = await client.claim_mac(profile.mac)
    elif not seat and profile.extension:
        seat = await client.claim_extension(profile.extension)
    return Welcome(seat, level, keepalive_ms, capabilities, way)


async def _if_known(answer: Deferred[T], otherwise: T) -> T:
    try:
        return await answer
    except Refused:
        return otherwise


__all__ = ["Profile", "Welcome", "log_in"]
