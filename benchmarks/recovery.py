"""How soon everything is right again when the link to the PBX was cut, and when the server was killed."""

from __future__ import annotations

import json
import subprocess
import sys

from benchmarks.served import ROOT
from benchmarks.table import Row

AGENTS = {True: 200, False: 2_000}


def run(quick: bool) -> list[Row]:
    """Everybody logged in, a tenth of them paused, calls all the time."""
    agents = AGENTS[quick]
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.recoverytown", str(agents)], stdout=subprocess.PIPE, text=True, cwd=ROOT,
        check=True, timeout=600,
    )  # fmt: skip
    found = json.loads(done.stdout)
    size = f"{agents:,} operators at work, {found['calls']:,} conversations in all"
    return [
        Row("actions sent to the PBX while nobody comes or goes", found["asked"], "a minute", 2, 0, "lower",
            f"pings as well; calls go on all the time; {agents:,} operators at work"),
        Row("recovery: link to the PBX cut, all right again after", found["cut"], "s", 5, 2, "lower",
            f"from the new connection on; states equal the PBX's, whoever talks has popped; {size}"),
        Row("recovery: server killed, everybody operational after", found["operational"], "s", 10, 5, "lower",
            "from the new server's beginning on; tickets, memberships and pauses as before"),
        Row("recovery: server killed, all right again after", found["killed"], "s", 10, 5, "lower",
            "states equal the PBX's, whoever talks has popped"),
        Row("recovery: calls popped twice", found["doubled"], "", 0, 0, "lower", "by two different actions"),
    ]  # fmt: skip
