"""An installation in a folder, and what a check says of it."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from twisted.internet import reactor
from twisted.internet.defer import Deferred
from twisted.trial.unittest import TestCase

from astcti.config.bootstrap import read_bootstrap
from astcti.config.load import Loaded
from astcti.config.model import Configuration
from astcti.config.settings import Settings
from astcti.doctor import Case, Finding, Level
from astcti.doctor.check import Examine
from astcti.doctor.finding import Notes
from astcti.doctor.report import as_json

SECRET = "squeamish-ossifrage"
BOOTSTRAP = """<configuration>
  <database>{database}</database>
  <logging><directory>logs</directory></logging>
  <manager><host>127.0.0.1</host><port>{ami_port}</port><username>astcti</username><secret>{secret}</secret></manager>
  <ctiserver><address>127.0.0.1</address><port>0</port></ctiserver>
</configuration>
"""
RUNTIME = '<astcti version="2" timestamp="1"></astcti>'


class DoctorTestCase(TestCase):
    """A folder with a bootstrap file for each test; everything said is looked through for secrets."""

    timeout = 60

    def setUp(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="astcti-patient-"))
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)
        self.path = self.folder / "astcti.xml"
        self.write()
        self.case = Case(reactor, str(self.path))
        self.addCleanup(self.case.threads.stopService)

    def write(
        self, *, database: str = "<source>xml</source><file>runtime.xml</file>", ami_port: int = 5038,
        runtime: str = RUNTIME,
    ) -> None:  # fmt: skip
        """Write the files."""
        self.path.write_text(BOOTSTRAP.format(database=database, ami_port=ami_port, secret=SECRET))
        self.path.chmod(0o600)
        (self.folder / "runtime.xml").write_text(runtime)
        (self.folder / "runtime.xml").chmod(0o600)

    def know(self, configuration: Configuration = Configuration(), **settings: Any) -> None:  # noqa: B008 - frozen
        """Have the case know its bootstrap file, and a configuration with these settings."""
        self.case.bootstrap = read_bootstrap(self.path)
        in_force = replace(Settings.of(None, self.case.bootstrap), **settings)
        self.case.loaded = Loaded(configuration, configuration, in_force, "runtime.xml")

    def know_options(self, options: Mapping[str, str]) -> None:
        """As :meth:`know`, with settings as they are written."""
        configuration = Configuration(settings=dict(options))
        self.know(configuration)
        assert self.case.loaded is not None
        in_force = Settings.of(configuration, self.case.bootstrap)
        self.case.loaded = replace(self.case.loaded, settings=in_force)

    async def look(self, examine: Examine, name: str = "it") -> list[Finding]:
        """What a check says."""
        said: list[Finding] = []
        await Deferred.fromCoroutine(_awaited(examine, self.case, Notes(name, said.append)))
        self.assertNotIn(SECRET, as_json(said, ascii_only=False))
        return said

    async def only(self, examine: Examine, level: Level) -> Finding:
        """The one thing that a check says, which must be of that level."""
        said = await self.look(examine)
        self.assertEqual([f.level for f in said], [level], said)
        return said[0]


async def _awaited(examine: Examine, case: Case, notes: Notes) -> None:
    await examine(case, notes)


def seen(said: list[Finding], level: Level) -> list[str]:
    """What was seen of that level."""
    return [f.seen for f in said if f.level is level]
