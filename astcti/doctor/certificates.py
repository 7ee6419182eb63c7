"""The certificates that clients see, and those that vouch for others."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from functools import partial
from itertools import pairwise
from pathlib import Path

from cryptography import x509
from OpenSSL import SSL, crypto

from astcti.config.addresses import is_loopback
from astcti.doctor.case import Case
from astcti.doctor.finding import Notes, counted, some
from astcti.protocols.transport import ServerTLS

SOON = timedelta(days=30)
RELOAD = "    astcti ctl reload"
PEM = re.compile(rb"-----BEGIN CERTIFICATE-----.*?-----END CERTIFICATE-----", re.DOTALL)


async def examine_certificates(case: Case, notes: Notes) -> None:
    """Everything in PEM that the settings name."""
    settings = case.settings
    now = datetime.fromtimestamp(case.now(), UTC)
    if settings.tls_cert:
        key = Path(settings.tls_key) if settings.tls_key else None
        await case.aside(partial(_look_at_own, notes, Path(settings.tls_cert), key, now))
    else:
        _say_there_is_none(case, notes)
    trusted = {"ami_ca_file": settings.ami_ca_file, "auth_ldap_ca_file": case.options.get("auth_ldap_ca_file", "")}
    address = case.bootstrap.database.address if case.bootstrap is not None else None
    trusted["cafile of the data base"] = address.ca_file if address is not None else ""
    for name, file in trusted.items():
        if file:
            await case.aside(partial(_look_at_trusted, notes, name, Path(file), now))


def _say_there_is_none(case: Case, notes: Notes) -> None:
    settings = case.settings
    remedy = (
        "Get a certificate and put into the section ctiserver of the bootstrap file:",
        "    <tls_cert>/etc/astcti/fullchain.pem</tls_cert>",
        "    <tls_key>/etc/astcti/privkey.pem</tls_key>",
    )
    if settings.tls_address or settings.require_tls == "yes":
        why = "tls_address" if settings.tls_address else "require_tls"
        notes.fault(f"{why} is set, but there is no certificate (tls_cert): nobody could log in by TLS", *remedy)
    elif is_loopback(settings.cti_server_address):
        notes.skip("none is configured, and clients come from this machine only")
    else:
        notes.warn("none is configured: whoever listens in the network can read calls and replay logins", *remedy)


def _look_at_own(notes: Notes, path: Path, key: Path | None, now: datetime) -> None:
    chain = _read(notes, "tls_cert", path)
    if not chain:
        return
    try:
        ServerTLS.from_files(path, key)
    except OSError as e:
        notes.fault(f"{e.filename} (tls_key) cannot be read: {e.strerror}",
                    "Let the user the server runs as read it, and nobody else:",
                    f"    chown astcti: {e.filename} && chmod 600 {e.filename}")  # fmt: skip
        return
    except (ValueError, SSL.Error) as e:
        notes.fault(f"{key or path} is no key that fits the certificate in {path}: {e or 'no key'}",
                    "Name the key that was made with the certificate; what each is:",
                    f"    openssl x509 -noout -pubkey -in {path}",
                    f"    openssl pkey -pubout -in {key or path}")  # fmt: skip
        return
    before = notes_of_time(notes, path, chain, now)
    names = names_of(chain[0])
    if not names:
        notes.fault(f"{path}: the certificate is made out to no name (subjectAltName): no client accepts it",
                    "Have it made anew with the name that clients connect to.")  # fmt: skip
    _look_at_chain(notes, path, chain)
    if (key or path).stat().st_mode & 0o077:
        notes.warn(f"others may read {key or path}, the key", f"    chmod 600 {key or path}")
    if names and before:
        notes.fine(f"{path}: for {some(names)}, {before}")


def notes_of_time(
    notes: Notes, path: object, chain: Sequence[x509.Certificate], now: datetime, renew: str = RELOAD
) -> str:
    """Say which certificates of a chain are out of date, or soon will be.

    :param renew: the command that has a new one used.
    :returns: until when all of them are good, in words; empty when one is not.
    """
    remedy = ("Renew it, and have the new one used:", renew)
    good = True
    for each in chain:
        what = f"{path}: the certificate of {subject_of(each)}"
        ends = each.not_valid_after_utc
        if now > ends:
            notes.fault(f"{what} ended on {ends:%Y-%m-%d}", *remedy)
        elif now < each.not_valid_before_utc:
            notes.fault(f"{what} begins on {each.not_valid_before_utc:%Y-%m-%d} only",
                        "Wait until then, or see whether the clock of this machine is right.")  # fmt: skip
        elif ends - now < SOON:
            notes.warn(f"{what} ends in {counted((ends - now).days, 'day')}, on {ends:%Y-%m-%d}", *remedy)
        else:
            continue
        good = False
    return f"good until {min(c.not_valid_after_utc for c in chain):%Y-%m-%d}" if good else ""


def _look_at_chain(notes: Notes, path: Path, chain: Sequence[x509.Certificate]) -> None:
    """Each certificate must be issued by the next; the last by somebody whom clients know."""
    for below, above in pairwise(chain):
        try:
            below.verify_directly_issued_by(above)
        except (ValueError, TypeError, x509.UnsupportedGeneralNameType) as e:
            notes.fault(f"{path}: {subject_of(below)} is not issued by {subject_of(above)}, which follows it: {e}",
                        "Put the server's certificate first, then the one that issued it, and so on up.")  # fmt: skip
            return
        except Exception as e:  # InvalidSignature, and what the types of keys bring along
            notes.fault(f"{path}: {subject_of(above)} has the right name, but did not issue {subject_of(below)} "
                        f"({type(e).__name__})", "Get the chain anew from who issued the certificate.")  # fmt: skip
            return
    if not _is_known(chain):
        last = chain[-1]
        own = last.issuer == last.subject
        notes.warn(f"{path}: this system does not know who issued it: {subject_of(last) if own else issuer_of(last)}",
                   "Clients must be given the certificate that vouches for it (--ca-file), or the chain in the file is "
                   "too short.")  # fmt: skip


def _is_known(chain: Sequence[x509.Certificate]) -> bool:
    """Whether this system's own authorities vouch for it; times are looked at elsewhere."""
    context = SSL.Context(SSL.TLS_METHOD)
    context.set_default_verify_paths()
    store = context.get_cert_store()
    if store is None:
        return False
    # X509_V_FLAG_NO_CHECK_TIME (openssl/x509_vfy.h)
    store.set_flags(0x200000)
    own, *others = [crypto.X509.from_cryptography(c) for c in chain]
    try:
        crypto.X509StoreContext(store, own, others).verify_certificate()
    except crypto.X509StoreContextError:
        return False
    return True


def _look_at_trusted(notes: Notes, name: str, path: Path, now: datetime) -> None:
    chain = _read(notes, name, path)
    if not chain:
        return
    if len(chain) > 10:  # a system's whole collection always has some that are over
        notes.fine(f"{path} ({name}): {len(chain)} certificates")
    elif until := notes_of_time(notes, path, chain, now):
        notes.fine(f"{path} ({name}): {some([subject_of(c) for c in chain])}, {until}")


def _read(notes: Notes, name: str, path: Path) -> list[x509.Certificate]:
    """The certificates in a file; none, and a note, when there is no use in going on."""
    try:
        found = [x509.load_pem_x509_certificate(text) for text in PEM.findall(path.read_bytes())]
    except OSError as e:
        notes.fault(f"{path} ({name}) cannot be read: {e.strerror}",
                    "See that it is there and that the user the server runs as may read it:",
                    f"    ls -l {path}")  # fmt: skip
        return []
    except ValueError as e:
        notes.fault(f"{path} ({name}): a certificate in it cannot be read: {e}", "Get the file anew.")
        return []
    if not found:
        notes.fault(f"{path} ({name}): there is no certificate in it", "It has to be in PEM: BEGIN CERTIFICATE.")
    return found


def names_of(certificate: x509.Certificate) -> list[str]:
    """Names and addresses that it is made out to."""
    try:
        found = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except (x509.ExtensionNotFound, ValueError):
        return []
    return [str(name.value) for name in found if isinstance(name, x509.DNSName | x509.IPAddress)]


def subject_of(certificate: x509.Certificate) -> str:
    """Whose it is."""
    return certificate.subject.rfc4514_string() or some(names_of(certificate), 2) or "nobody"


def issuer_of(certificate: x509.Certificate) -> str:
    """Who vouches for it."""
    return certificate.issuer.rfc4514_string()
