"""What ``astcti doctor`` says of a directory."""

from __future__ import annotations

from astcti.doctor import Level
from astcti.doctor.directories import examine_sources
from tests.doctor.patient import SECRET, DoctorTestCase, seen
from tests.ldap.slapd import SEARCH_PASSWORD, SEARCHER, SUFFIX, Slapd
from tests.outside import skip_without


class DoctorTests(DoctorTestCase):
    """A real slapd."""

    skip = skip_without("ASTCTI_TEST_LDAP")

    def setUp(self) -> None:
        super().setUp()
        self.slapd = Slapd({"anna": SECRET})
        self.addCleanup(self.slapd.remove)

    async def said(self, level: Level, **changes: str) -> list[str]:
        """What is said of that level; the password for searching is in nothing."""
        options = {
            "url": self.slapd.url, "base": f"ou=people,{SUFFIX}", "bind_dn": SEARCHER,
            "bind_password": SEARCH_PASSWORD, "ca_file": str(self.slapd.ca_file), **changes,
        }  # fmt: skip
        self.know_options({"auth_sources": "ldap", **{f"auth_ldap_{name}": v for name, v in options.items()}})
        said = await self.look(examine_sources)
        self.assertNotIn(SEARCH_PASSWORD, str(said))
        self.assertEqual({f.level for f in said}, {level})
        return seen(said, level)

    async def test_answers(self) -> None:
        """It answers, in the clear, in TLS and after StartTLS, each address by itself."""
        both = f"{self.slapd.url} {self.slapd.tls_url}"
        self.assertEqual(len(await self.said(Level.OK, url=both)), 2)
        self.assertEqual(len(await self.said(Level.OK, start_tls="yes")), 1)

    async def test_without_search(self) -> None:
        """Where operators are known by their names, nobody has to log in to search."""
        self.assertEqual(len(await self.said(Level.OK, base="", bind_dn="", bind_password="")), 1)

    async def test_refused(self) -> None:
        """A wrong password for searching, and somebody who sees nothing."""
        [fault] = await self.said(Level.FAULT, bind_password="wrong")
        self.assertIn(f"{SEARCHER} may not log in there: invalidCredentials", fault)
        [fault] = await self.said(Level.FAULT, bind_dn="", bind_password="")
        self.assertIn("nobody sees nothing at", fault)
        [fault] = await self.said(Level.FAULT, base="ou=nowhere,dc=example")
        self.assertIn("ou=nowhere", fault)

    async def test_strange_certificate(self) -> None:
        """A certificate that nobody we know has issued."""
        other = Slapd({})
        self.addCleanup(other.remove)
        [fault] = await self.said(Level.FAULT, url=self.slapd.tls_url, ca_file=str(other.ca_file))
        self.assertIn("certificate", fault.lower())

    async def test_gone(self) -> None:
        """One that is not there any more, and one that hangs."""
        self.slapd.hang()
        self.addCleanup(self.slapd.wake)
        await self.said_within_a_second()
        self.slapd.stop()
        [fault] = await self.said(Level.FAULT)
        self.assertIn(self.slapd.url, fault)

    async def said_within_a_second(self) -> None:
        """It is given up."""
        self.know_options({
            "auth_sources": "ldap", "auth_timeout": "1", "auth_ldap_url": self.slapd.url,
            "auth_ldap_base": SUFFIX, "auth_ldap_bind_dn": SEARCHER, "auth_ldap_bind_password": SEARCH_PASSWORD,
        })  # fmt: skip
        await self.only(examine_sources, Level.FAULT)
