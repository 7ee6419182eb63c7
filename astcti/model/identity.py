"""Who wants to log in, and what a source of authentication says about it."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum


@dataclass(frozen=True, slots=True)
class Person:
    """An enabled operator, as sources of authentication see one.

    :ivar directory_name: the operator's ``LDAP_DN``, usually empty.
    :ivar has_credential: whether the configuration has a stored credential of them.
    """

    id: int
    username: str
    directory_name: str = ""
    has_credential: bool = True


@dataclass(frozen=True, slots=True)
class Attempt:
    """What somebody who wants to log in has sent.

    :ivar digest: MD5 of the password, 32 lower-case hexadecimal digits.
    :ivar password: the password itself, never empty; None where the client has sent the digest only.
    """

    digest: str = field(repr=False)
    password: str | None = field(default=None, repr=False)


class Verdict(Enum):
    """What a source says. The first that does not say ``UNKNOWN`` decides."""

    UNKNOWN = "unknown"
    RIGHT = "right"
    WRONG = "wrong"
