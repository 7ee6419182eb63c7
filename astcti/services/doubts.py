"""Proofs that were no good and may not have been guesses: of passwords that the server cannot check by SCRAM yet.

A client that knows SCRAM tries it first, and then ``PASS`` on the same connection. Where the server keeps an argon2id
hash alone, or a directory decides, the first cannot succeed. To tell such accounts from others would tell who exists;
so each failed proof counts against the user at once, whoever it is, and is forgiven when the right password follows.
A wrong one that follows counts once if it is the same.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from astcti.interfaces import IClient
from astcti.protocols.scram import ServerExchange


@dataclass(frozen=True, slots=True)
class Doubt:
    """A failed proof.

    :ivar at: when it was counted against the user.
    """

    username: str
    at: float
    exchange: ServerExchange = field(repr=False)


class Doubts:
    """The newest failed proof of each connection, until something follows.

    :param count: counts one against the whole address of a client, when the right password did not follow. That is not
        done before: a floor that comes back at once would lock itself out between the two.
    """

    def __init__(self, count: Callable[[str], object]) -> None:
        self._count = count
        self._of: dict[IClient, Doubt] = {}

    def note(self, client: IClient, doubt: Doubt) -> None:
        """A proof was no good."""
        self.settle(client)
        self._of[client] = doubt

    def of(self, client: IClient, username: str) -> Doubt | None:
        """What a login of this user follows, if anything."""
        doubt = self._of.get(client)
        return doubt if doubt is not None and doubt.username == username else None

    def settle(self, client: IClient, *, forgiven: bool = False) -> None:
        """Something else followed, or the client is gone; or the right password did."""
        if self._of.pop(client, None) is not None and not forgiven:
            self._count(client.peer)
