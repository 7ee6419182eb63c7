"""The server's half of SCRAM."""

from __future__ import annotations

import hmac

from astcti.protocols.scram import keys
from astcti.protocols.scram.attributes import (
    BINDING,
    ScramError,
    decode,
    encode,
    nonce_of,
    split,
    text_of,
    unquote,
)
from astcti.protocols.scram.keys import Verifier


class WrongProof(ScramError):
    """The client does not know the password."""


class ServerExchange:
    """One login: made from the client's first message, then :meth:`challenge`, then :meth:`finish`.

    :param plus: whether the mechanism's name ended in ``-PLUS``.
    :param binding: the channel's binding data, None where the channel has none.
    :raises ScramError: the message breaks the rules.
    :ivar username: who wants to log in.
    """

    __slots__ = ("_binding", "_first", "_gs2", "_nonce", "_proof", "_said", "_server_first", "_verifier", "username")

    def __init__(self, first: bytes, *, plus: bool, binding: bytes | None) -> None:
        parts = text_of(first).split(",", 2)
        if len(parts) < 3:
            raise ScramError("malformed first message")
        flag, identity, self._first = parts
        self._gs2 = f"{flag},{identity},"
        self._binding = self._checked(flag, plus, binding)
        found = split(self._first, "n", "r")
        self.username = unquote(found["n"])
        self._nonce = nonce_of(found["r"])
        if identity and identity != f"a={found['n']}":
            raise ScramError("nobody logs in for somebody else")
        self._server_first = ""
        self._verifier: Verifier | None = None
        self._said: tuple[str, ...] = ()
        self._proof = b""

    @staticmethod
    def _checked(flag: str, plus: bool, binding: bytes | None) -> bytes:
        """The binding data to expect.

        :raises ScramError: they are used in another way than was offered; of a client that could and was not offered
            them, somebody in between has removed the offer.
        """
        if flag.startswith("p="):
            if not plus or flag != f"p={BINDING}" or binding is None:
                raise ScramError("channel binding of another kind")
            return binding
        if plus or flag not in ("n", "y"):
            raise ScramError("channel binding expected")
        if flag == "y" and binding is not None:
            raise ScramError("channel binding is available, somebody removed the offer")
        return b""

    def challenge(self, nonce: str, verifier: Verifier) -> bytes:
        """The server's first message.

        :param nonce: new randomness.
        :param verifier: of the user; something alike for an unknown one.
        """
        self._nonce += nonce
        self._verifier = verifier
        self._server_first = f"r={self._nonce},s={encode(verifier.salt)},i={verifier.iterations}"
        return self._server_first.encode()

    def finish(self, final: bytes, verifier: Verifier | None = None) -> bytes:
        """The server's final message.

        :param verifier: goes by this one, of the same salt, that was not yet made when the challenge was.
        :raises WrongProof: the client does not know the password.
        :raises ScramError: the message breaks the rules.
        """
        text = text_of(final)
        without_proof, _, proof = text.rpartition(",p=")
        found = split(without_proof, "c", "r")
        verifier = verifier or self._verifier
        if verifier is None or not hmac.compare_digest(found["r"].encode(), self._nonce.encode()):
            raise ScramError("another nonce")
        if not hmac.compare_digest(decode(found["c"]), self._gs2.encode() + self._binding):
            raise ScramError("another channel")
        said = (self._first, self._server_first, without_proof)
        signature = keys.mac(verifier.stored_key, *said)
        given = decode(proof)
        if len(given) != len(signature):
            raise ScramError("malformed proof")
        self._said, self._proof = said, given
        if not hmac.compare_digest(keys.stored_key(keys.mixed(given, signature)), verifier.stored_key):
            raise WrongProof("wrong proof")
        return f"v={encode(keys.mac(verifier.server_key, *said))}".encode()

    def tried(self, password: bytes) -> bool:
        """Whether the proof that :meth:`finish` was given is one of this password. Takes milliseconds."""
        if self._verifier is None or not self._proof:
            return False
        key = keys.client_key(keys.salted(password, self._verifier.salt, self._verifier.iterations))
        return hmac.compare_digest(self._proof, keys.mixed(key, keys.mac(keys.stored_key(key), *self._said)))
