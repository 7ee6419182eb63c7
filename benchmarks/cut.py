"""Everybody's connection cut in the same moment: how long one turn of the reactor takes then."""

from __future__ import annotations

import os
import socket
import struct
import subprocess
import tempfile
import time
from pathlib import Path

from astcti.config.xmlwriter import write_xml
from benchmarks.reload import _ask, _bootstrap, _line, _process
from benchmarks.reloadcentre import centre
from benchmarks.reloadcrowd import StillCrowd
from benchmarks.table import Row

SIZES = {True: (300, 60), False: (1_300, 130)}
QUIET = 2.0  # seconds without a word, after which nothing more is expected
LONGEST = 60.0
AFTERWARDS = 15.0  # seconds in which memberships end
_RESET = struct.pack("ii", 1, 0)  # SO_LINGER: no goodbye


def run(quick: bool) -> list[Row]:
    """Cut, come back, cut again."""
    agents, services = SIZES[quick]
    size = f"{agents:,} operators in their queues, {services} services"
    rows = []
    with tempfile.TemporaryDirectory(prefix="astcti-") as name:
        folder = Path(name)
        (folder / "runtime.xml").write_bytes(write_xml(centre(agents, services)))
        with _process("benchmarks.reloadpbx", str(agents), str(services)) as pbx:
            (folder / "astcti.xml").write_text(_bootstrap("xml", _line(pbx)))
            for file in ("astcti.xml", "runtime.xml"):
                os.chmod(folder / file, 0o600)
            with _process("benchmarks.reloadserver", name) as server:
                port = int(_line(server))
                for time_of, what in (("first", "cut at once"), ("second", "cut again")):
                    crowd = StillCrowd(port, agents)
                    crowd.calm(QUIET, LONGEST)
                    rows += _cut(crowd, server, what, f"the {time_of} time; {size}")
    return rows


def _cut(crowd: StillCrowd, server: subprocess.Popen[str], what: str, size: str) -> list[Row]:
    idle = _ask(server)
    for sitter in crowd.sitters:
        sitter.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
    for sitter in crowd.sitters:
        sitter.socket.close()
    time.sleep(AFTERWARDS)
    held = _ask(server)
    note = f"while they came {idle['turn'] * 1000:.1f} ms; {size}"
    cpu = Row(f"clients {what}: of it CPU", held["cpu"] * 1000, "ms", better="lower", note="of the reactor's thread")
    return [Row(f"clients {what}: longest turn", held["turn"] * 1000, "ms", 50, 20, "lower", note), cpu]
