"""Certificates: ours, and those that vouch for others."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import trustme
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from astcti.doctor import Finding, Level
from astcti.doctor.certificates import examine_certificates
from tests.doctor.patient import DoctorTestCase, seen

DAY = timedelta(days=1)
NOW = datetime.now(UTC)


class CertificateTests(DoctorTestCase):
    """What clients are shown."""

    def setUp(self) -> None:
        super().setUp()
        self.authority = trustme.CA()

    def write_pem(self, name: str, *blobs: Any) -> str:
        """A file of ours."""
        path = self.folder / name
        path.write_bytes(b"".join(blob.bytes() for blob in blobs))
        path.chmod(0o600)
        return str(path)

    async def own(self, *names: str, **settings: Any) -> list[Finding]:
        """What is said of a certificate for these names."""
        leaf = self.authority.issue_cert(*names, **settings)
        self.know(
            tls_cert=self.write_pem("chain.pem", *leaf.cert_chain_pems),
            tls_key=self.write_pem("key.pem", leaf.private_key_pem),
        )
        return await self.look(examine_certificates)

    async def test_fine(self) -> None:
        """One that fits its key, for names, good for long; that nobody here knows its authority is pointed out."""
        said = await self.own("cti.example", not_after=NOW + 90 * DAY)
        self.assertEqual([f.level for f in said], [Level.WARNING, Level.OK])
        self.assertIn("does not know who issued it", said[0].seen)
        self.assertIn("for cti.example, good until", said[1].seen)

    async def test_times(self) -> None:
        """One that has ended, one that ends soon, and one that has not begun."""
        for times, level, words in (
            ({"not_after": NOW - DAY, "not_before": NOW - 9 * DAY}, Level.FAULT, "ended on"),
            ({"not_after": NOW + 29 * DAY}, Level.WARNING, "ends in 28 days"),
            ({"not_after": NOW + 90 * DAY, "not_before": NOW + DAY}, Level.FAULT, "begins on"),
        ):
            said = await self.own("cti.example", **times)
            self.assertTrue(any(words in text for text in seen(said, level)), said)
            self.assertEqual(seen(said, Level.OK), [])

    async def test_wrong_key(self) -> None:
        """The key of another certificate, none at all, and one that is not there."""
        leaf, other = self.authority.issue_cert("cti.example"), self.authority.issue_cert("cti.example")
        chain = self.write_pem("chain.pem", *leaf.cert_chain_pems)
        for key in (self.write_pem("other.pem", other.private_key_pem), "", chain):
            self.know(tls_cert=chain, tls_key=key)
            self.assertIn("no key that fits", (await self.only(examine_certificates, Level.FAULT)).seen)
        self.know(tls_cert=chain, tls_key=str(self.folder / "gone.pem"))
        fault = await self.only(examine_certificates, Level.FAULT)
        self.assertIn("gone.pem (tls_key) cannot be read", fault.seen)

    async def test_key_for_everybody(self) -> None:
        """A key that others may read is warned of."""
        await self.own("cti.example")
        (self.folder / "key.pem").chmod(0o644)
        said = await self.look(examine_certificates)
        self.assertTrue(any("others may read" in text for text in seen(said, Level.WARNING)))

    async def test_no_certificate(self) -> None:
        """A file that is not there, one without a certificate, and one with a broken one."""
        broken = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"
        texts = ((None, "cannot be read"), ("nothing", "no certificate in it"), (broken, "in it cannot be read"))
        for text, words in texts:
            path = self.folder / "chain.pem"
            if text is not None:
                path.write_text(text)
            self.know(tls_cert=str(path))
            self.assertIn(words, (await self.only(examine_certificates, Level.FAULT)).seen)

    async def test_chain(self) -> None:
        """A chain in which one did not issue the one before, by name or by signature."""
        leaf, stranger = self.authority.issue_cert("cti.example"), trustme.CA()
        key = self.write_pem("key.pem", leaf.private_key_pem)
        for second in (stranger.cert_pem, trustme.Blob(_impostor(self.authority))):
            self.know(tls_cert=self.write_pem("chain.pem", leaf.cert_chain_pems[0], second), tls_key=key)
            faults = seen(await self.look(examine_certificates), Level.FAULT)
            self.assertEqual(len(faults), 1, faults)
            self.assertRegex(faults[0], "is not issued by|did not issue")

    async def test_without_name(self) -> None:
        """A certificate that is made out to no name is accepted by nobody."""
        key, pem = _nameless()
        self.know(
            tls_cert=self.write_pem("c.pem", trustme.Blob(pem)), tls_key=self.write_pem("k.pem", trustme.Blob(key))
        )
        said = await self.look(examine_certificates)
        self.assertIn("made out to no name", seen(said, Level.FAULT)[0])
        self.assertEqual(seen(said, Level.OK), [])

    async def test_none(self) -> None:
        """Without any: fine on loopback, to be thought of elsewhere, a fault where TLS is demanded."""
        self.know(cti_server_address="127.0.0.1")
        await self.only(examine_certificates, Level.SKIPPED)
        self.know(cti_server_address="0.0.0.0")
        self.assertIn("    <tls_cert>", "\n".join((await self.only(examine_certificates, Level.WARNING)).remedy))
        for settings in ({"require_tls": "yes"}, {"tls_address": "127.0.0.1:5001"}):
            self.know(**settings)
            self.assertIn(next(iter(settings)), (await self.only(examine_certificates, Level.FAULT)).seen)

    async def test_trusted(self) -> None:
        """Those that vouch for the PBX and directories are looked at too; a whole collection is not read out."""
        self.know_options({"ami_ca_file": self.write_pem("ca.pem", self.authority.cert_pem)})
        said = await self.look(examine_certificates)
        self.assertIn("(ami_ca_file)", seen(said, Level.OK)[0])
        many = self.write_pem("many.pem", *[self.authority.cert_pem] * 11)
        self.know_options({"auth_ldap_ca_file": many})
        self.assertIn("11 certificates", seen(await self.look(examine_certificates), Level.OK)[0])
        Path(many).unlink()
        self.assertIn("auth_ldap_ca_file", seen(await self.look(examine_certificates), Level.FAULT)[0])


def _self_signed(subject: x509.Name, issuer: x509.Name) -> tuple[bytes, bytes]:
    key = ec.generate_private_key(ec.SECP256R1())
    made = (
        x509.CertificateBuilder().subject_name(subject).issuer_name(issuer).public_key(key.public_key())
        .serial_number(1).not_valid_before(NOW - DAY).not_valid_after(NOW + 90 * DAY).sign(key, hashes.SHA256())
    )  # fmt: skip
    pem = serialization.Encoding.PEM
    private = key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    return private, made.public_bytes(pem)


def _nameless() -> tuple[bytes, bytes]:
    """Key and certificate with a common name only."""
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "cti.example")])
    return _self_signed(name, name)


def _impostor(authority: trustme.CA) -> bytes:
    """A certificate with the name of an authority, and another key."""
    name = x509.load_pem_x509_certificate(authority.cert_pem.bytes()).subject
    return _self_signed(name, name)[1]
