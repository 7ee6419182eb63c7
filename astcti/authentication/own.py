"""The source ``own``: the credentials of the configuration itself, and those that operators chose since."""

from __future__ import annotations

from dataclasses import dataclass

from twisted.internet.defer import Deferred, succeed
from twisted.plugin import IPlugin
from zope.interface import implementer

from astcti.interfaces import IAuthenticationPlace, IAuthenticationSource
from astcti.model.identity import Attempt, Person, Verdict


@implementer(IPlugin, IAuthenticationSource)
@dataclass(frozen=True)
class Own:
    """Knows everybody who has a ``PASS_WORD``; a digest is enough."""

    name: str = "own"
    wants_password: bool = False
    option_names: frozenset[str] = frozenset()

    def faults(self, place: IAuthenticationPlace) -> list[str]:
        """Nothing can be wrong."""
        return []

    def claims(self, person: Person, place: IAuthenticationPlace) -> bool:
        """Decides about everybody who has a credential."""
        return person.has_credential

    def check(self, person: Person, attempt: Attempt, place: IAuthenticationPlace) -> Deferred[Verdict]:
        """Compare."""
        if not person.has_credential:
            return succeed(Verdict.UNKNOWN)
        good = place.verify(person, attempt.digest)
        return good.addCallback(lambda good: Verdict.RIGHT if good else Verdict.WRONG)


own = Own()
