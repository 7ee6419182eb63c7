"""Proving who logs in, in the best way that the server offers."""

from __future__ import annotations

import secrets
from base64 import b64decode, b64encode

from twisted.internet.interfaces import ISSLTransport

from astcti.errors import PeerError, Refused
from astcti.protocols.client.connection import CTIClient
from astcti.protocols.client.profile import Profile
from astcti.protocols.scram import PLAIN_BINDING, WITH_BINDING, ClientExchange
from astcti.protocols.transport.binding import channel_binding

# The ticket may be as good as before when these are over.
_PASSING = frozenset({905, 907, 908, 917, 990, 999})


async def prove(client: CTIClient, profile: Profile) -> str:
    """Log in; gives ``PASS`` or the mechanism of ``AUTH``.

    :raises Refused: the server does not let us in, or not in the way that is wanted.
    :raises PeerError: the server does not know the password itself: it is not the one it seems to be.
    """
    first_generation = profile.way == "auto" and not client.session.capabilities
    if (profile.way == "pass" or first_generation) and not profile.ticket:
        await client.log_in(profile.username, profile.digest)
        return "PASS"
    try:
        offered = await client.mechanisms()
    except Refused:
        offered = ()
    if profile.ticket and "RESUME" in offered:
        try:
            await client.authenticate(f"RESUME {profile.ticket}")
        except Refused as e:
            if e.number in _PASSING:
                raise
        else:
            return "RESUME"
    if profile.way == "plain":
        return await _plain(client, profile, offered)
    if profile.way != "pass" and PLAIN_BINDING in offered:
        try:
            return await _scram(client, profile, offered)
        except Refused as e:
            if profile.way == "scram" or e.number not in (0, 911):
                raise
    elif profile.way == "scram":
        raise Refused(930, "the server does not offer SCRAM")
    await client.log_in(profile.username, profile.digest)
    return "PASS"


async def _scram(client: CTIClient, profile: Profile, offered: tuple[str, ...]) -> str:
    exchange = ClientExchange(
        profile.username, profile.digest.encode(), b64encode(secrets.token_bytes(18)).decode("ascii"),
        binding=channel_binding(client.transport), offered=WITH_BINDING in offered,
    )  # fmt: skip
    mechanism = WITH_BINDING if exchange.plus else PLAIN_BINDING
    challenge = await client.authenticate(f"{mechanism} {_encoded(exchange.first())}")
    answer = await client.authenticate(_encoded(exchange.reply(_decoded(challenge.text))))
    exchange.verify(_decoded(answer.text.removeprefix("OK").strip()))
    return mechanism


async def _plain(client: CTIClient, profile: Profile, offered: tuple[str, ...]) -> str:
    if not ISSLTransport.providedBy(client.transport):
        raise Refused(918, "the password itself is sent over TLS only")
    if "PLAIN" not in offered:
        raise Refused(930, "the server does not take the password itself")
    message = f"\0{profile.username}\0{profile.password}".encode()
    await client.authenticate(f"PLAIN {_encoded(message)}")
    return "PLAIN"


def _encoded(data: bytes) -> str:
    return b64encode(data).decode("ascii")


def _decoded(text: str) -> bytes:
    try:
        return b64decode(text, validate=True)
    except ValueError as e:
        raise PeerError("malformed base64") from e
