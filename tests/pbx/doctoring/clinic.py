"""A PBX with manager users of all kinds, and installations that use them."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

from twisted.internet import reactor
from twisted.trial.unittest import TestCase

from astcti.doctor import CHECKS, Case, Examination, Finding, Level
from astcti.doctor.report import as_json
from tests.outside import skip_without
from tests.pbx.daemon import runtime_xml
from tests.pbx.instance import Instance

SECRET = "squeamish-ossifrage"
READ = ("system", "call", "dialplan", "agent")
WRITE = ("reporting", "originate", "agent")
EVERYBODY = "deny = 0.0.0.0/0.0.0.0\npermit = 127.0.0.1/255.255.255.255\n"


def user(name: str, read: str, write: str, more: str = EVERYBODY) -> str:
    """A section of ``manager.conf``."""
    return f"[{name}]\nsecret = {SECRET}\nread = {read}\nwrite = {write}\n{more}\n"


def users() -> str:
    """Everybody we try."""
    read, write = ",".join(READ), ",".join(WRITE)
    found = [user("fit", read, write)]
    for right in READ:
        found.append(user(f"no-read-{right}", ",".join(r for r in READ if r != right), write))
    for right in WRITE:
        found.append(user(f"no-write-{right}", read, ",".join(w for w in WRITE if w != right)))
    found.append(user("everything", "all", "all"))
    found.append(user("blind", "", ""))
    found.append(user("elsewhere", read, write, "deny = 0.0.0.0/0.0.0.0\npermit = 10.1.2.3/255.255.255.255\n"))
    found.append(user("filtered", read, write, f"{EVERYBODY}eventfilter = !Event: VarSet\n"))
    found.append(user("lonely", read, write, f"{EVERYBODY}allowmultiplelogin = no\n"))
    return "\n".join(found)


class Clinic:
    """One Asterisk of each version for all tests; it ends with the process."""

    _open: dict[int, Clinic] = {}

    def __init__(self, major: int) -> None:
        self.instance = Instance(major)
        self.instance.prepare()
        self.conf = self.instance.work / "etc/manager.conf"
        self.conf.write_text(f"{self.conf.read_text()}\n{users()}")
        (self.instance.work / "etc/cdr.conf").write_text("[general]\nenable = yes\n")  # as it is if nothing is said
        (self.instance.work / "etc/cdr_manager.conf").write_text("[general]\nenabled = yes\n")
        self.instance.start()
        self.instance.console("module load cdr_manager.so")

    @classmethod
    def get(cls, major: int) -> Clinic:
        """The one for this version."""
        if major not in cls._open:
            cls._open[major] = cls(major)
        return cls._open[major]


class ClinicTestCase(TestCase):
    """An installation of its own for each test."""

    skip = skip_without("ASTCTI_TEST_PBX")
    timeout = 120
    major = 22

    def setUp(self) -> None:
        self.clinic = Clinic.get(self.major)
        self.instance = self.clinic.instance
        self.folder = Path(tempfile.mkdtemp(prefix="astcti-doctor-"))
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)
        self.bootstrap = self.folder / "astcti.xml"
        self.install("fit")

    def install(
        self, username: str, *, secret: str = SECRET, port: int = 0, more: str = "", runtime: str = "", **ami: str
    ) -> None:
        """Write the files of an installation.

        :param more: more of the section ``manager``.
        """
        own = self.instance.ports.ami
        manager = "".join(f"<{name}>{escape(value)}</{name}>" for name, value in ami.items())
        self.bootstrap.write_text(
            "<configuration><database><source>xml</source><file>runtime.xml</file></database>"
            "<logging><directory>logs</directory></logging>"
            f"<manager><port>{port or own}</port><username>{username}</username><secret>{secret}</secret>"
            f"{'' if 'host' in ami else '<host>127.0.0.1</host>'}{manager}{more}</manager>"
            "<ctiserver><address>127.0.0.1</address><port>5999</port></ctiserver></configuration>"
        )
        (self.folder / "runtime.xml").write_text(runtime or self.runtime())
        for path in (self.bootstrap, self.folder / "runtime.xml"):
            path.chmod(0o600)

    def runtime(self, *changes: tuple[str, str]) -> str:
        """The tests' configuration, without the queue of fixed members, and with something replaced."""
        text = runtime_xml(self.instance)
        for old, new in (("queue='astcti-static'", "queue='astcti-ringall'"), *changes):
            self.assertIn(old, text)
            text = text.replace(old, new)
        return text

    async def examine(self, *only: str, passive: bool = False, listen: float = 0.5) -> list[Finding]:
        """Have it examined; what was found. The secret is in none of it."""
        case = Case(reactor, str(self.bootstrap), passive=passive, listen_seconds=listen)
        examination = Examination(case, CHECKS, only=only)
        await examination.run()
        self.assertNotIn(SECRET, as_json(examination.findings, ascii_only=False))
        return examination.findings

    def run_doctor(self, *options: str) -> tuple[int, dict[str, Any], str]:
        """As an administrator does: exit code, what was found, and what else was said."""
        done = subprocess.run(self.command(*options, "--json"), capture_output=True, text=True, check=False)
        self.assertNotIn(SECRET, done.stdout + done.stderr)
        return done.returncode, json.loads(done.stdout), done.stderr

    def command(self, *options: str) -> list[str]:
        """The words of the command line."""
        return [sys.executable, "-m", "astcti", "doctor", "--config", str(self.bootstrap), *options]

    def assertNoFault(self, findings: list[Finding]) -> None:
        """Nothing is at fault."""
        self.assertEqual([f for f in findings if f.level is Level.FAULT], [])

    def one(self, findings: list[Finding], level: Level, check: str = "") -> Finding:
        """The only finding of that level."""
        found = [f for f in findings if f.level is level and check in ("", f.check)]
        self.assertEqual(len(found), 1, findings)
        return found[0]
