"""The client's half of SCRAM."""

from __future__ import annotations

import hmac
from collections.abc import Callable

from astcti.protocols.scram import keys
from astcti.protocols.scram.attributes import BINDING, ScramError, decode, encode, nonce_of, quote, split, text_of

Salted = Callable[[bytes, bytes, int], bytes]


class ClientExchange:
    """One login: :meth:`first`, then :meth:`reply`, then :meth:`verify`.

    :param nonce: new randomness, printable and without comma.
    :param binding: the channel's binding data, None where the channel has none.
    :param offered: whether the server offered the mechanism that uses them.
    :param salted: derives the salted password; to remember what is slow to make.
    """

    __slots__ = ("_bare", "_binding", "_gs2", "_nonce", "_password", "_salted", "_signature", "plus")

    def __init__(
        self,
        username: str,
        password: bytes,
        nonce: str,
        *,
        binding: bytes | None = None,
        offered: bool = False,
        salted: Salted = keys.salted,
    ) -> None:
        self.plus = binding is not None and offered
        # "y" tells a server that did offer it that somebody in between has removed the offer.
        self._gs2 = f"p={BINDING},," if self.plus else "y,," if binding is not None else "n,,"
        self._binding = binding if self.plus and binding is not None else b""
        self._password = password
        self._nonce = nonce_of(nonce)
        self._bare = f"n={quote(username)},r={nonce}"
        self._salted = salted
        self._signature = b""

    def first(self) -> bytes:
        """The client's first message."""
        return (self._gs2 + self._bare).encode()

    def reply(self, challenge: bytes) -> bytes:
        """The client's final message.

        :raises ScramError: the server's message breaks the rules, or asks for too little or too much work.
        """
        text = text_of(challenge)
        found = split(text, "r", "s", "i")
        nonce = nonce_of(found["r"])
        if not nonce.startswith(self._nonce) or len(nonce) == len(self._nonce):
            raise ScramError("another nonce")
        salt, iterations = decode(found["s"]), found["i"]
        if not (iterations.isascii() and iterations.isdigit() and len(iterations) <= 9):
            raise ScramError("malformed number of iterations")
        keys.check_cost(salt, int(iterations))
        made_of = self._salted(self._password, salt, int(iterations))
        without_proof = f"c={encode(self._gs2.encode() + self._binding)},r={nonce}"
        said = (self._bare, text, without_proof)
        key = keys.client_key(made_of)
        proof = keys.mixed(key, keys.mac(keys.stored_key(key), *said))
        self._signature = keys.mac(keys.server_key(made_of), *said)
        return f"{without_proof},p={encode(proof)}".encode()

    def verify(self, final: bytes) -> None:
        """See that the server knows the password, too.

        :raises ScramError: it does not.
        """
        found = split(text_of(final), "v")
        if not self._signature or not hmac.compare_digest(decode(found["v"]), self._signature):
            raise ScramError("the server does not know the password")
