"""All of it as programs of their own: a PBX, the server, agents; and the server killed in the midst of calls."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path
from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from astcti.services.control import ask
from tests.outside import skip_without
from tests.services.site import Site

AGENTS = {"anna": "00:1c:bf:37:53:01", "bruno": "00:1c:bf:37:53:02", "carla": "00:1c:bf:37:53:03"}
WAIT_SECONDS = 40.0


def free_port() -> int:
    """A port that nobody listens at."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class ProcessTests(SynchronousTestCase):
    """Three agents, and calls all the time."""

    skip = skip_without("ASTCTI_TEST_WHOLE")

    timeout = 120

    def setUp(self) -> None:
        self.ami, self.port = free_port(), free_port()
        self.site = Site(self.ami, port=self.port)
        self.addCleanup(self.site.remove)

    def run_program(self, *words: str, output: str = os.devnull) -> subprocess.Popen[bytes]:
        """A subcommand of ours, ended with the test."""
        environment = {**os.environ, "ASTCTI_PASSWORD": words[-1]}
        with open(output, "ab") as out:
            program = subprocess.Popen(
                [sys.executable, "-m", "astcti", *words[:-1]], stdin=subprocess.DEVNULL, stdout=out,
                stderr=subprocess.STDOUT, env=environment, cwd=Path(__file__).parents[3],
            )  # fmt: skip
        self.addCleanup(program.wait)
        self.addCleanup(program.kill)
        return program

    def serve(self) -> subprocess.Popen[bytes]:
        return self.run_program(
            "serve", "--config", str(self.site.bootstrap_path), "", output=str(self.site.folder / "out")
        )

    def performed(self) -> Counter[str]:
        """How often each action was performed, as the agents tell."""
        found: Counter[str] = Counter()
        for name in AGENTS:
            for line in (self.site.folder / name).read_text().splitlines():
                happening = json.loads(line)
                if happening["event"] == "action":
                    found[happening["id"]] += 1
        return found

    def until(self, enough: Any) -> dict[str, Any]:
        """The actions as the server knows them, when that is enough."""
        give_up = time.monotonic() + WAIT_SECONDS
        answer: Any = None
        while time.monotonic() < give_up:
            try:
                answer = ask(self.site.control, {"command": "actions", "limit": 0})
                if enough(answer):
                    return dict(answer)
            except Exception as e:
                answer = e
            time.sleep(0.2)
        self.fail(f"{answer}\n{(self.site.folder / 'out').read_text()[-3000:]}")

    def test_nothing_twice_and_nothing_forgotten(self) -> None:
        """Every page is shown once, and the server knows of each what became of it: of those before it was killed,
        too."""
        self.run_program(
            "simulator", "--port", str(self.ami), "--user", "astcti", "--secret", "s", "--agents", "3", "--rate", "4",
            "--ring", "0.1-0.3", "--talk", "1-2", "--absent", "0", "--hostile", "0.3", "--quiet", "",
        )  # fmt: skip
        server = self.serve()
        for name, mac in AGENTS.items():
            self.run_program(
                "agent", "--json", "--user", name, "--server", f"127.0.0.1:{self.port}", "--mac", mac, "--browser",
                "true", "--os", "LINUX", name, output=str(self.site.folder / name),
            )  # fmt: skip
        before = self.until(lambda answer: answer["tally"].get("ok", 0) >= 6)
        time.sleep(0.2)  # what is not yet in the file is not promised
        server.send_signal(signal.SIGKILL)
        server.wait()
        self.serve()
        known = {a["id"] for a in before["actions"] if a["status"] == "ok"}
        after = self.until(lambda answer: answer["tally"].get("ok", 0) >= len(known) + 6)
        self.assertLessEqual(known, {a["id"] for a in after["actions"] if a["status"] == "ok"})
        performed = self.performed()
        self.assertEqual([id for id, times in performed.items() if times > 1], [])
        self.assertLessEqual({a["id"] for a in after["actions"] if a["status"] == "ok"}, performed.keys())
        self.assertEqual({a["status"] for a in after["actions"]} - {"ok", "sent", "queued", "timeout", "lost"}, set())
