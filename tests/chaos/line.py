"""Rubbish for the line between server and PBX; the line itself is the one of the tests on real PBXs."""

from __future__ import annotations

import random
from collections.abc import Callable

TOO_LONG = 3 << 20  # bytes of one message, which end the connection


def _bytes(chance: random.Random) -> bytes:
    return chance.randbytes(chance.randrange(1, 3000)).replace(b"\n", b" ")


def _event(chance: random.Random) -> bytes:
    name = chance.choice((b"Hangup", b"BridgeEnter", b"Newchannel", b"QueueMemberRemoved", b"VarSet"))
    return b"Event: " + name + b"\r\nUniqueid: \xff\xfe%d\r\n:\r\nQueue\r\n" % chance.randrange(10**6)


def _nothing(chance: random.Random) -> bytes:
    return b"\r\n\r\n" * chance.randrange(1, 20)


def _zeros(chance: random.Random) -> bytes:
    return b"\0" * chance.randrange(1, 5000)


def _endless(chance: random.Random) -> bytes:
    return b"x" * TOO_LONG


KINDS: tuple[Callable[[random.Random], bytes], ...] = (_bytes, _event, _nothing, _zeros, _endless)


def rubbish(chance: random.Random) -> bytes:
    """Something no PBX says. It ends as a message does, so that what follows it can be understood."""
    return chance.choice(KINDS)(chance) + b"\r\n\r\n"
