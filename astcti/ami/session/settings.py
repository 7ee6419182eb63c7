"""What a session must be told before it begins."""

from __future__ import annotations

from dataclasses import dataclass, field

from astcti.ami.message import MAX_MESSAGE


@dataclass(frozen=True, slots=True)
class Credentials:
    """A manager user, as in the PBX's ``manager.conf``."""

    username: str
    secret: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class SessionSettings:
    """How long things may take, in seconds, and what is allowed.

    :ivar ping_interval: silence after which we ask whether anybody is there; 0: never.
    :ivar response_timeout: for the greeting and for each action, unless it says otherwise.
    :ivar boot_grace: for ``FullyBooted`` after login; users without class ``system`` and old PBXs never send it.
    :ivar plaintext_login: whether the secret may be said without TLS to a PBX that knows no challenges.
    :ivar max_message: bytes of one message.
    """

    ping_interval: float = 30.0
    response_timeout: float = 10.0
    boot_grace: float = 1.0
    plaintext_login: bool = False
    max_message: int = MAX_MESSAGE
