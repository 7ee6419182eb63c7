"""A private OpenLDAP server on loopback, gone after the test."""

from __future__ import annotations

import shutil
import signal
import socket
import subprocess
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import trustme

SUFFIX = "dc=example"
SEARCHER, SEARCH_PASSWORD = f"cn=astcti,{SUFFIX}", "looks things up"
SLAPD = shutil.which("slapd") or "/usr/sbin/slapd"
SLAPADD = shutil.which("slapadd") or "/usr/sbin/slapadd"

_CONF = """include /etc/ldap/schema/core.schema
include /etc/ldap/schema/cosine.schema
include /etc/ldap/schema/inetorgperson.schema
modulepath /usr/lib/ldap
moduleload back_mdb
pidfile {d}/slapd.pid
argsfile {d}/slapd.args
TLSCACertificateFile {d}/ca.pem
TLSCertificateFile {d}/cert.pem
TLSCertificateKeyFile {d}/key.pem
allow bind_anon_dn
database mdb
suffix "{suffix}"
rootdn "cn=admin,{suffix}"
rootpw secret
directory {d}/db
access to attrs=userPassword by anonymous auth by * none
access to * by dn.exact="{searcher}" read by * none
"""


def _ldif(people: dict[str, str]) -> str:
    parts = [
        f"dn: {SUFFIX}\nobjectClass: domain\ndc: example\n",
        f"dn: ou=people,{SUFFIX}\nobjectClass: organizationalUnit\nou: people\n",
        f"dn: {SEARCHER}\nobjectClass: person\ncn: astcti\nsn: x\nuserPassword: {SEARCH_PASSWORD}\n",
    ]
    for uid, password in people.items():
        parts.append(
            f"dn: uid={uid},ou=people,{SUFFIX}\nobjectClass: inetOrgPerson\nuid: {uid}\ncn: {uid}\nsn: {uid}\n"
            f"userPassword: {password}\n"
        )
    return "\n".join(parts)


def free_port() -> int:
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return int(s.getsockname()[1])


class Slapd:
    """The server.

    :param names: of its certificate, where that is not to be for this machine; or it may have ``expired``.
    :ivar url: in the clear (and for StartTLS); ``tls_url`` encrypted.
    """

    def __init__(self, people: dict[str, str], *names: str, expired: bool = False) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="astcti-slapd-"))
        (self.folder / "db").mkdir()
        authority = trustme.CA()
        until = datetime.now(UTC) + timedelta(days=-1 if expired else 2)
        certificate = authority.issue_cert(
            *(names or ("localhost", "127.0.0.1")), not_before=until - timedelta(days=3), not_after=until
        )
        self.ca_file = self.folder / "ca.pem"
        authority.cert_pem.write_to_path(self.ca_file)
        certificate.cert_chain_pems[0].write_to_path(self.folder / "cert.pem")
        certificate.private_key_pem.write_to_path(self.folder / "key.pem")
        conf = self.folder / "slapd.conf"
        conf.write_text(_CONF.format(d=self.folder, suffix=SUFFIX, searcher=SEARCHER))
        ldif = self.folder / "init.ldif"
        ldif.write_text(_ldif(people))
        subprocess.run([SLAPADD, "-f", conf, "-l", ldif, "-q"], check=True, capture_output=True)
        self.port, self.tls_port = free_port(), free_port()
        self.url, self.tls_url = f"ldap://127.0.0.1:{self.port}", f"ldaps://127.0.0.1:{self.tls_port}"
        self.start()

    def start(self) -> None:
        """Run it, and wait until it can be asked."""
        self._process = subprocess.Popen(
            [SLAPD, "-f", self.folder / "slapd.conf", "-h", f"{self.url}/ {self.tls_url}/", "-d", "0"],
            stderr=subprocess.DEVNULL,
        )
        self._wait()

    def _wait(self) -> None:
        for _ in range(200):
            try:
                socket.create_connection(("127.0.0.1", self.tls_port), 1).close()
                return
            except OSError:
                time.sleep(0.05)
        raise RuntimeError("slapd does not come up")

    def hang(self) -> None:
        """Answer nothing any more."""
        self._process.send_signal(signal.SIGSTOP)

    def wake(self) -> None:
        """Answer again."""
        self._process.send_signal(signal.SIGCONT)

    def stop(self) -> None:
        """End it."""
        self.wake()
        self._process.terminate()
        self._process.wait(10)

    def remove(self) -> None:
        """End it, and leave nothing behind."""
        if self._process.poll() is None:
            self.stop()
        shutil.rmtree(self.folder, ignore_errors=True)
