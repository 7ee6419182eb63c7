"""Sources of authentication."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from twisted.internet.defer import Deferred, fail, succeed
from zope.interface import implementer

from astcti.authentication.own import own
from astcti.config.model import Configuration, Operator
from astcti.doctor import Level, directories
from astcti.doctor.directories import examine_sources
from astcti.errors import SourceUnavailable
from astcti.interfaces import IAuthenticationSource, IReachable
from tests.doctor.patient import DoctorTestCase, seen


@implementer(IAuthenticationSource)
@dataclass(frozen=True)
class Plain:
    """One that cannot be asked whether it is there."""

    name: str = "plain"
    wants_password: bool = True
    option_names: frozenset[str] = frozenset({"auth_plain_fault"})

    def faults(self, place: Any) -> list[str]:
        """Whatever the settings say."""
        return [place.options["auth_plain_fault"]] if "auth_plain_fault" in place.options else []

    def claims(self, person: object, place: object) -> bool:
        """Nobody."""
        return False

    def check(self, person: object, attempt: object, place: object) -> Deferred[Any]:
        """Not asked for here."""
        raise NotImplementedError


@implementer(IReachable)
@dataclass(frozen=True)
class Asked(Plain):
    """One that can."""

    name: str = "asked"
    answers: Mapping[str, str] | None = None

    def reach(self, place: object) -> Deferred[Mapping[str, str]]:
        """Answer, or take too long."""
        return fail(SourceUnavailable("no answer within 10 s")) if self.answers is None else succeed(self.answers)


class SourceTests(DoctorTestCase):
    """Who knows passwords."""

    def install(self, *sources: Any) -> None:
        """Have these installed, and no others."""
        self.patch(directories, "authentication_sources", lambda: {source.name: source for source in sources})

    async def test_own(self) -> None:
        """Our own knows everybody with a password; who has none and is in no directory either cannot log in."""
        staff = [Operator(id=1, username="anna", full_name="", password="0" * 32),
                 Operator(id=2, username="bruno", full_name="", ldap_dn="uid=bruno")]  # fmt: skip
        self.know(Configuration(operators=tuple(staff)))
        said = await self.look(examine_sources)
        self.assertEqual([f.level for f in said], [Level.FAULT, Level.OK])
        self.assertIn("bruno cannot log in", said[0].seen)
        self.assertIn("1 operator with", said[1].seen)
        self.install(own, Plain())
        self.know(Configuration(operators=tuple(staff)), auth_sources=("own", "plain"))
        self.assertEqual(seen(await self.look(examine_sources), Level.FAULT), [])

    async def test_not_installed(self) -> None:
        """A source that is not installed is named, with those that are."""
        self.know_options({"auth_sources": "kerberos own"})
        self.assertIn(
            "no source kerberos; installed are ldap, own", seen(await self.look(examine_sources), Level.FAULT)[0]
        )

    async def test_settings(self) -> None:
        """What a source finds wrong with its settings, and a setting that nobody reads."""
        self.install(Plain())
        self.know_options({"auth_sources": "plain", "auth_plain_fault": "no host", "auth_plain_hots": "x"})
        said = await self.look(examine_sources)
        self.assertIn("plain lets nobody in: no host", seen(said, Level.FAULT)[0])
        self.assertIn("no setting auth_plain_hots", seen(said, Level.WARNING)[0])

    async def test_reached(self) -> None:
        """Each address that answers and each that does not; one that never says; one that cannot be asked."""
        self.install(Asked(answers={"ldap://a": "", "ldap://b": "refused"}), Plain())
        self.know_options({"auth_sources": "asked plain"})
        said = await self.look(examine_sources)
        self.assertEqual(seen(said, Level.OK), ["asked: ldap://a answers"])
        self.assertEqual(seen(said, Level.FAULT), ["asked: ldap://b: refused"])
        self.assertIn("plain", seen(said, Level.SKIPPED)[0])
        self.install(Asked())
        self.know_options({"auth_sources": "asked"})
        self.assertIn("no answer within", (await self.only(examine_sources, Level.FAULT)).seen)

    async def test_ldap(self) -> None:
        """A directory that is not there: a fault that names its address, and no password."""
        self.know_options({
            "auth_sources": "ldap", "auth_ldap_url": "ldap://127.0.0.1:1", "auth_ldap_base": "dc=example",
            "auth_ldap_bind_dn": "cn=astcti", "auth_ldap_bind_password": "squeamish-ossifrage",
        })  # fmt: skip
        self.assertIn("ldap://127.0.0.1:1", (await self.only(examine_sources, Level.FAULT)).seen)
