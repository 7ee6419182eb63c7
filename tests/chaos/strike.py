"""The server dies at the worst of moments: a client has performed what a call asks for, and has not said so yet.

Whoever arranges it leaves the server's process id in a file. The first client that performs something takes it.
"""

from __future__ import annotations

import os
import signal
import time
from contextlib import suppress
from pathlib import Path

from tests.chaos.children import Child
from tests.pbx.waiting import sleep, until

NAME = "strike"
WAIT_SECONDS = 15.0  # for a call to pop; then it is done without


def strike(folder: Path) -> None:
    """Something was performed."""
    ours = folder / f"{NAME}.{os.getpid()}"
    with suppress(OSError, ValueError):
        (folder / NAME).rename(ours)
        os.kill(int(ours.read_text()), signal.SIGKILL)


async def killed_at_a_pop(server: Child, folder: Path) -> tuple[float, bool]:
    """Have the server die when a client performs something, or after a while; when that was, and whether one did."""
    server.look()
    server.wanted = False
    path = folder / NAME
    part = folder / f"{NAME}.new"
    part.write_text(str(server.pid))
    part.rename(path)
    try:
        await until(lambda: not path.exists(), WAIT_SECONDS, "a pop")
    except AssertionError:
        pass
    else:
        await sleep(0.05)  # for the client to do it
    when, popped = time.time() - 0.1, not path.exists()
    path.unlink(missing_ok=True)
    server.kill()
    return when, popped
