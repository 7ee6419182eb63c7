"""Another configuration for thousands who are at work: how long the reactor is held, who notices, and when."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from astcti.config.foldersource import publish
from astcti.config.model import Configuration
from astcti.config.xmlwriter import write_xml
from benchmarks.reloadcentre import Kind, centre, colleagues, kinds
from benchmarks.reloadcrowd import StillCrowd
from benchmarks.served import ROOT
from benchmarks.table import Row

SIZES = {True: (300, 60), False: (5_000, 500)}
SOURCES = {True: ("xml",), False: ("xml", "sqlite")}
QUIET = 2.0  # seconds without a word, after which nothing more is expected
LOOK = 8.0  # seconds in which a change that nobody is told of is surely in use
LONGEST = 120.0  # seconds that one reload may take

_BOOTSTRAP = """<configuration>
  <database><source>{source}</source><{where}>{name}</{where}></database>
  <logging><directory>logs</directory><level>info</level></logging>
  <manager><host>127.0.0.1</host><port>{port}</port><username>astcti</username><secret>s</secret></manager>
  <ctiserver><address>127.0.0.1</address><port>0</port><timeout>3600000</timeout><compression>7</compression>
    <state>var</state></ctiserver>
</configuration>
"""


def run(quick: bool) -> list[Row]:
    """The same changes from an XML file and from SQLite files."""
    agents, services = SIZES[quick]
    return [row for source in SOURCES[quick] for row in _measured(source, agents, services)]


def _measured(source: str, agents: int, services: int) -> list[Row]:
    now = centre(agents, services)
    size = f"{agents:,} operators at work, {services} services"
    with tempfile.TemporaryDirectory(prefix="astcti-") as name:
        folder = Path(name)
        write = _writer(source, folder)
        write(now)()
        with _process("benchmarks.reloadpbx", str(agents), str(services)) as pbx:
            (folder / "astcti.xml").write_text(_bootstrap(source, _line(pbx)))
            os.chmod(folder / "astcti.xml", 0o600)
            with _process("benchmarks.reloadserver", name) as server:
                crowd = StillCrowd(int(_line(server)), agents)
                crowd.calm(QUIET, LONGEST)
                rows, disturbed = [_idle(source, size, crowd, server)], 0
                for kind in kinds(agents):
                    now, found, others = _one(source, kind, now, write, crowd, server)
                    rows += found
                    disturbed += others
    return [*rows, Row(f"reload, {source}: others disturbed", disturbed, "", 0, 0, "lower", f"by all of these; {size}")]


def _one(
    source: str, kind: Kind, now: Configuration, write: Any, crowd: StillCrowd, server: subprocess.Popen[str]
) -> tuple[Configuration, list[Row], int]:
    """One change: put in place at one stroke, then waited for.

    :returns: the configuration then, figures, and how many noticed anything whom it does not concern.
    """
    changed, concerned = kind.change(now)
    put = write(changed)
    crowd.calm(QUIET, LONGEST)
    crowd.forget()
    _ask(server)
    began = time.perf_counter()
    put()
    told: list[float] = []
    wanted = len(concerned) or 1  # nobody: until the time is over
    while time.perf_counter() - began < (LONGEST if concerned else LOOK) and len(told) < wanted:
        crowd.turn(0.05)
        told = [when for when in (crowd.sitters[i].first(kind.told) for i in concerned) if when]
    crowd.calm(QUIET, LONGEST)
    held = _ask(server)
    note = f"longest turn {held['turn'] * 1000:.1f} ms, of it {held['cpu'] * 1000:.1f} ms of CPU"
    what = f"reload, {source}, {kind.name}"
    rows = [Row(f"{what}: reactor held for", held["held"] * 1000, "ms", 50, 20, "lower", note)]
    if concerned:
        last = max(told) - began if len(told) == len(concerned) else None
        note = f"the first after {min(told, default=0.0) - began:.2f} s; {len(told):,} of {len(concerned):,} told"
        rows.append(Row(f"{what}: all told after", last, "s", note=note))
    seeing = colleagues(now, concerned) if kind.told == b"101" else set()
    others = [s for s in crowd.sitters if s.index not in concerned and not s.gone]
    disturbed = [s for s in others if s.words() - ({b"QueueState"} if s.index in seeing else set())]
    return changed, rows, len(disturbed)


def _idle(source: str, size: str, crowd: StillCrowd, server: subprocess.Popen[str]) -> Row:
    """The same while nothing happens, which is what the machine alone does."""
    _ask(server)
    crowd.calm(LOOK, LOOK)
    held = _ask(server)
    return Row(f"no reload, {source}: reactor held for", held["held"] * 1000, "ms", better="lower", note=size)


def _writer(source: str, folder: Path) -> Any:
    """Prepares a configuration; what is returned then puts it in place."""

    def xml(configuration: Configuration) -> Any:
        path = folder / "runtime.xml"
        unfinished = path.with_suffix(".new")
        unfinished.write_bytes(write_xml(configuration))
        os.chmod(unfinished, 0o600)
        return lambda: unfinished.replace(path)

    def sqlite(configuration: Configuration) -> Any:
        (folder / "outbox").mkdir(exist_ok=True)
        (folder / "config").mkdir(exist_ok=True)
        path = publish(configuration, folder / "outbox", 1_800_000_000.0 + configuration.timestamp)

        def put() -> None:
            side = path.with_name(f"{path.name}.sha256")
            side.replace(folder / "config" / side.name)
            path.replace(folder / "config" / path.name)

        return put

    return xml if source == "xml" else sqlite


def _bootstrap(source: str, port: str) -> str:
    where, name = ("file", "runtime.xml") if source == "xml" else ("folder", "config")
    return _BOOTSTRAP.format(source=source, where=where, name=name, port=port)


@contextmanager
def _process(module: str, *arguments: str) -> Iterator[subprocess.Popen[str]]:
    process = subprocess.Popen(
        [sys.executable, "-W", "ignore", "-m", module, *arguments],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=ROOT,
    )  # fmt: skip
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def _line(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    line = process.stdout.readline().strip()
    if not line:
        raise RuntimeError("a process did not begin; see above")
    return line


def _ask(server: subprocess.Popen[str]) -> dict[str, float]:
    """What was longest since it was asked the last time."""
    assert server.stdin is not None
    print("", file=server.stdin, flush=True)
    found: dict[str, float] = json.loads(_line(server))
    return found
