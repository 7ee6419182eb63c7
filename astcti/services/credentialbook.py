"""The credentials that count: the configured ones, and those they were changed to since."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Generator

from astcti.config.model import Configuration, Operator


class CredentialBook:
    """Knows, for each operator, what a password is compared with.

    :param key: any secret bytes of this process; verified logins are remembered under it.
    """

    def __init__(self, configuration: Configuration, key: bytes) -> None:
        self._configuration = configuration
        self._key = key
        self._known: dict[str, bytes] = {}  # user name -> mark of the last verified login
        self._changed: dict[int, tuple[str, str]] = {}  # operator id -> (credential as configured, ours since)
        self._replaced: set[int] = set()  # ids of those whose password, not only its form, was changed
        self._scrams: dict[int, tuple[str, str]] = {}  # operator id -> (credential it belongs to, SCRAM verifier)

    def configure(self, configuration: Configuration) -> None:
        """Go by another configuration. Credentials changed here stay until the configured ones change."""
        self._configuration = configuration

    def tidy(self) -> Generator[None, None, None]:
        """Forget, in steps, what does not count by the configuration in use."""
        by_id = self._configuration.operator_by_id
        for i, changed in list(self._changed.items()):
            if self._changed.get(i) == changed and (i not in by_id or by_id[i].password not in changed):
                del self._changed[i]
                self._replaced.discard(i)
            yield
        for i, (belongs_to, _) in list(self._scrams.items()):
            if i not in by_id or self.stored(by_id[i]) != belongs_to:
                self._scrams.pop(i, None)
            yield
        for name in list(self._known):
            if name not in self._configuration.operator_by_username:
                self._known.pop(name, None)
            yield

    # -- what counts

    def stored(self, operator: Operator) -> str:
        """The credential an operator has now: the configured one, or the one it was changed to since."""
        configured, ours = self._changed.get(operator.id, ("", ""))
        return ours if operator.password in (configured, ours) and ours else operator.password

    def alternative(self, operator: Operator) -> str:
        """The second credential: the same password's digest in Latin-1. It is void once the password is another."""
        return "" if operator.id in self._replaced and self._is_ours(operator) else operator.password_alt

    def scram(self, operator: Operator) -> str:
        """The verifier for SCRAM that belongs to the credential; empty where there is none."""
        stored = self.stored(operator)
        belongs_to, scram = self._scrams.get(operator.id, ("", ""))
        if scram and belongs_to == stored:
            return scram
        return operator.scram if stored == operator.password else ""

    def still_valid(self, old: Operator, new: Operator) -> bool:
        """Whether a credential is still the one somebody logged in with: the same, or one they chose here."""
        return new.password == old.password or (self._is_ours(old) and self._is_ours(new))

    def _is_ours(self, operator: Operator) -> bool:
        """Whether a change made here counts: the configured credential is the one that was changed, or has followed."""
        return operator.password in self._changed.get(operator.id, ())

    # -- what becomes of it

    def changed(self, operator: Operator, stored: str, *, replaced: bool) -> None:
        """Another credential counts from now on.

        :param replaced: it is of another password, not only another form of the same.
        """
        self._changed[operator.id] = (operator.password, stored)
        if replaced:
            self._replaced.add(operator.id)

    def made(self, operator: Operator, belongs_to: str, scram: str, *, again: bool = True) -> None:
        """There is a verifier for SCRAM, of a password that has this credential.

        :param again: in the place of one that was made before.
        """
        if again or operator.id not in self._scrams:
            self._scrams[operator.id] = (belongs_to, scram)

    # -- logins that were verified

    def remember(self, operator: Operator, digest: str) -> None:
        """This digest was found to be right."""
        self._known[operator.username] = self._mark(operator, digest)

    def remembers(self, operator: Operator, digest: str) -> bool:
        """Whether it was, and the credential is still the same."""
        known = self._known.get(operator.username)
        return known is not None and hmac.compare_digest(known, self._mark(operator, digest))

    def _mark(self, operator: Operator, digest: str) -> bytes:
        """What a verified login is remembered by; another as soon as the stored credential is another."""
        said = "\0".join((operator.username, self.stored(operator), self.alternative(operator), digest))
        return hmac.new(self._key, said.encode(), hashlib.sha256).digest()
