"""The server in its own process with a call centre of any size, and load against it from another process."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from astcti.errors import UserError
from astcti.services.control import ask
from astcti.services.credentials import protect, verifier_of
from benchmarks.crowd import mac, phone

ROOT = Path(__file__).resolve().parents[1]
PASSWORD = "benchmark"
DIGEST = hashlib.md5(PASSWORD.encode(), usedforsecurity=False).hexdigest()
TICKS = os.sysconf("SC_CLK_TCK")

_BOOTSTRAP = """<configuration>
  <database><source>xml</source><file>runtime.xml</file></database>
  <logging><directory>logs</directory><level>error</level></logging>
  <manager><host>127.0.0.1</host><port>{port}</port><username>astcti</username><secret>s</secret></manager>
  <ctiserver><address>127.0.0.1</address><port>0</port><timeout>3600000</timeout><compression>7</compression>
    <state>var</state></ctiserver>
</configuration>
"""


def runtime(agents: int, hashed: bool, services: int = 1, scram: bool = False) -> str:
    """A configuration with so many operators, each with a seat; all have the same password.

    :param scram: with what SCRAM needs, so that no server has to make it after their first login.
    """
    credential = protect(DIGEST) if hashed else DIGEST
    verifier = f' scram="{verifier_of(DIGEST)}"' if scram else ""
    seats = "".join(f'<seat id="{i + 1}" mac="{mac(i)}" exten="{phone(i)}"/>' for i in range(agents))
    operators = "".join(
        f'<operator id="{i + 1}" username="agent{i}" fullname="Agent {i}" callcenter="1" '
        f'password="{credential}"{verifier}><serviceref id="1"/></operator>'
        for i in range(agents)
    )
    others = "".join(
        f'<service id="{i + 2}" name="other{i}"><variable name="v{i}"/></service>' for i in range(services - 1)
    )
    return f"""<astcti version="2" timestamp="1">
  <settings><setting name="upgrade_hashes">no</setting><setting name="cti_connect_timeout">120000</setting>
    <setting name="max_clients">12000</setting></settings>
  <actions><action id="1" type="BROWSER"><parameters>http://crm.example/?c={{CALLERID}}&amp;d={{calldata}}</parameters>
  </action></actions>
  <services><service id="1" name="astctidemo"><variable name="calldata"/><actionref id="1" order="1"/></service>{others}
  </services><seats>{seats}</seats><operators>{operators}</operators></astcti>"""


class Served:
    """A running server.

    :ivar port: where clients connect to.
    """

    def __init__(self, process: subprocess.Popen[bytes], control: Path) -> None:
        self.process = process
        self._control = control
        self.port = int(self.status()["clients"]["listening"][0].rpartition(" ")[2])

    def status(self) -> Any:
        """What it says of itself."""
        return ask(self._control, {"command": "status"}, 60)

    def cpu(self) -> float:
        """CPU seconds used so far."""
        fields = Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / TICKS

    def memory(self) -> int:
        """Resident bytes."""
        return int(Path(f"/proc/{self.process.pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


@contextlib.contextmanager
def server(ami_port: int, configuration: str) -> Iterator[Served]:
    """The server, from when clients can come in."""
    with tempfile.TemporaryDirectory(prefix="astcti-") as folder:
        Path(folder, "astcti.xml").write_text(_BOOTSTRAP.format(port=ami_port))
        Path(folder, "runtime.xml").write_text(configuration)
        for name in ("astcti.xml", "runtime.xml"):
            os.chmod(Path(folder, name), 0o600)
        control = Path(folder, "var", "control.sock")
        with Path(folder, "errors").open("w+b") as errors:
            process = subprocess.Popen(
                [sys.executable, "-m", "astcti", "serve", "--config", f"{folder}/astcti.xml"],
                stdout=subprocess.DEVNULL, stderr=errors, cwd=ROOT,
            )  # fmt: skip
            try:
                yield _ready(process, control)
            finally:
                process.send_signal(signal.SIGTERM)
                try:
                    process.wait(30)
                except subprocess.TimeoutExpired:
                    process.kill()
                    process.wait()
                errors.seek(0)
                said = [line for line in errors.read().decode().splitlines() if not line.startswith("warning: ")]
                if said:
                    print("\n".join(said[:20]), file=sys.stderr)


def _ready(process: subprocess.Popen[bytes], control: Path) -> Served:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and process.poll() is None:
        try:
            if ask(control, {"command": "status"})["clients"]["listening"]:
                return Served(process, control)
        except UserError:
            pass
        time.sleep(0.1)
    raise RuntimeError("the server did not begin; see above")


def load(configuration: str, orders: dict[str, Any]) -> dict[str, Any]:
    """Run a server with load against it.

    :returns: what came of it (see :class:`benchmarks.load.Load`), with ``server_cpu`` of one core.
    """
    process = subprocess.Popen(
        [sys.executable, "-m", "benchmarks.load"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=ROOT
    )
    assert process.stdin is not None and process.stdout is not None
    try:
        print(json.dumps({"digest": DIGEST, **orders}), file=process.stdin, flush=True)
        with server(int(process.stdout.readline()), configuration) as served:
            print(served.port, file=process.stdin, flush=True)
            result: dict[str, Any] = json.loads(process.stdout.readline() or "{}")
            result["status"] = served.status()
            result["memory"] = served.memory()
        return result
    finally:
        process.kill()
        process.wait()


def percentile(ordered: list[float], share: float) -> float | None:
    """The value that so great a share of the ordered values does not exceed."""
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))] if ordered else None
