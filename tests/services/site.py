"""Files of a small call centre on disk: a bootstrap file and the runtime configuration it leads to."""

from __future__ import annotations

import os
import shutil
import tempfile
from hashlib import md5
from pathlib import Path

from astcti.config.bootstrap import Bootstrap, read_bootstrap

BOOTSTRAP = """<configuration>
  <database><source>xml</source><file>runtime.xml</file></database>
  <logging><directory>logs</directory><level>info</level></logging>
  <manager><host>127.0.0.1</host><port>{ami_port}</port><username>astcti</username><secret>s</secret>
    <retries>{retries}</retries><pause>5</pause></manager>
  <ctiserver><address>127.0.0.1</address><port>{port}</port><timeout>15000</timeout><compression>7</compression>
    <state>var</state></ctiserver>
</configuration>
"""

RUNTIME = """<astcti version="2" timestamp="{timestamp}">
  <actions><action id="1" type="BROWSER">
    <parameters>http://crm.example/?c={{CALLERID}}&amp;d={{calldata}}</parameters></action></actions>
  <services><service id="1" name="astctidemo" type="INBOUND"><variable name="calldata"/><actionref id="1" order="1"/>
  </service></services>
  <seats>
    <seat id="1" mac="00:1c:bf:37:53:01" exten="PJSIP/201"/>
    <seat id="2" mac="00:1c:bf:37:53:02" exten="PJSIP/202"/>
    <seat id="3" mac="00:1c:bf:37:53:03" exten="PJSIP/203"/>
  </seats>
  <operators>{operators}</operators>
</astcti>
"""


class Site:
    """A directory with everything a server needs."""

    def __init__(self, ami_port: int, port: int = 0, retries: int = -1) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="astcti-site-"))
        self.bootstrap_path = self.folder / "astcti.xml"
        self.bootstrap_path.write_text(BOOTSTRAP.format(ami_port=ami_port, port=port, retries=retries))
        os.chmod(self.bootstrap_path, 0o600)
        self.write_runtime("anna", "bruno", "carla")

    def remove(self) -> None:
        """Leave nothing behind."""
        shutil.rmtree(self.folder, ignore_errors=True)

    def write_runtime(self, *names: str, timestamp: int = 1_795_219_200) -> None:
        """Write a runtime configuration with these operators; the password is the name."""
        operators = "".join(
            f'<operator id="{i}" username="{name}" fullname="{name}" callcenter="1" '
            f'password="{md5(name.encode(), usedforsecurity=False).hexdigest()}"><serviceref id="1"/></operator>'
            for i, name in enumerate(names, 1)
        )
        self.replace_runtime(RUNTIME.format(timestamp=timestamp, operators=operators))

    def replace_runtime(self, text: str) -> None:
        """Replace the runtime configuration at one stroke."""
        unfinished = self.folder / "runtime.xml.new"
        unfinished.write_text(text)
        unfinished.replace(self.folder / "runtime.xml")

    @property
    def bootstrap(self) -> Bootstrap:
        """The bootstrap file, read."""
        return read_bootstrap(self.bootstrap_path)

    @property
    def control(self) -> Path:
        """The control socket."""
        return self.bootstrap.ctiserver.control
