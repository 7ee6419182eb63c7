"""A source of authentication: a file with one ``user:sha256-of-the-password`` a line."""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from twisted.internet.defer import Deferred
from twisted.plugin import IPlugin
from zope.interface import implementer

from astcti.errors import SourceUnavailable
from astcti.interfaces import IAuthenticationPlace, IAuthenticationSource
from astcti.model.identity import Attempt, Person, Verdict


@implementer(IPlugin, IAuthenticationSource)
@dataclass(frozen=True)
class Vault:
    """Knows whoever is in the file that the setting ``auth_vault_file`` names."""

    name: str = "vault"
    wants_password: bool = True
    option_names: frozenset[str] = frozenset({"auth_vault_file"})

    def faults(self, place: IAuthenticationPlace) -> list[str]:
        """Say what is wrong with the settings."""
        return [] if place.options.get("auth_vault_file") else ["auth_vault_file is missing"]

    def claims(self, person: Person, place: IAuthenticationPlace) -> bool:
        """Say whose it is without looking into the file: nobody's."""
        return False

    def check(self, person: Person, attempt: Attempt, place: IAuthenticationPlace) -> Deferred[Verdict]:
        """Read the file in a thread."""
        file = Path(place.options["auth_vault_file"])
        return place.run(partial(_look_up, file, person.username, attempt.password or ""))


def _look_up(file: Path, username: str, password: str) -> Verdict:
    try:
        lines = file.read_text("utf-8").splitlines()
    except OSError as e:
        raise SourceUnavailable(f"{file}: {e}") from e
    for line in lines:
        name, _, stored = line.rpartition(":")
        if name == username:
            given = hashlib.sha256(password.encode()).hexdigest()
            return Verdict.RIGHT if hmac.compare_digest(given, stored) else Verdict.WRONG
    return Verdict.UNKNOWN


vault = Vault()
