"""``astcti replay`` as an administrator types it."""

from __future__ import annotations

import io
import json
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

from astcti.commands.replay import main
from tests.recordings.expected import HERE

XML = """\
<astcti version="2" timestamp="1">
  <actions><action id="1" os="ALL" type="BROWSER"><parameters>https://crm.example/?d={calldata}</parameters></action></actions>
  <services>
    <service id="1" name="astctidemo" type="INBOUND"><variable name="calldata"/><actionref id="1" order="1"/></service>
  </services>
  <seats><seat id="1" exten="PJSIP/201"/></seats>
</astcti>
"""
RECORDING = str(HERE / "22" / "service-answered.ami")


class Replay(SynchronousTestCase):
    """What it prints and how it ends."""

    def setUp(self) -> None:
        self.config = Path(self.mktemp() + ".xml")
        self.config.write_text(XML)

    def run_it(self, *argv: str) -> tuple[int, str, str]:
        """Exit code, standard output, standard error."""
        out, err = io.StringIO(), io.StringIO()
        with redirect_stdout(out), redirect_stderr(err):
            code = main(argv)
        return code, out.getvalue(), err.getvalue()

    def test_json(self) -> None:
        """Every line is one object, a pop or a notice."""
        code, out, err = self.run_it("--config", str(self.config), RECORDING)
        self.assertEqual((code, err), (0, ""))
        lines = [json.loads(line) for line in out.splitlines()]
        self.assertEqual([set(line) for line in lines if "pop" in line], [{"pop"}])
        self.assertTrue(all(set(line) in ({"pop"}, {"notice"}) for line in lines))

    def test_pops_only(self) -> None:
        """Only the pops, of several recordings."""
        code, out, _ = self.run_it("--config", str(self.config), "--pops", RECORDING, RECORDING)
        self.assertEqual(code, 0)
        self.assertEqual([json.loads(line)["pop"]["seat"] for line in out.splitlines()], ["PJSIP/201"] * 2)

    def test_text(self) -> None:
        """For people, with the reason at the end."""
        _, out, _ = self.run_it("--config", str(self.config), "--text", RECORDING)
        self.assertIn("POP", out)
        self.assertIn("https://crm.example/?d=12345", out)
        self.assertTrue(out.endswith("-- 1 pop\n"))

    def test_mistakes(self) -> None:
        """What is missing or wrong is said, with an exit code."""
        self.assertEqual(self.run_it(RECORDING)[0], 2)
        self.assertEqual(self.run_it("--config", str(self.config))[0], 2)
        code, _, err = self.run_it("--config", "nowhere.xml", RECORDING)
        self.assertEqual(code, 1)
        self.assertIn("nowhere.xml", err)
        code, _, err = self.run_it("--config", str(self.config), "nowhere.ami")
        self.assertEqual(code, 1)
        self.assertIn("nowhere.ami", err)

    def test_no_events(self) -> None:
        """A recording of a refused login is no silent nothing."""
        recording = str(HERE / "22" / "ami-login-wrong-secret.ami")
        code, out, err = self.run_it("--config", str(self.config), recording)
        self.assertEqual((code, out), (0, ""))
        self.assertIn("no AMI event", err)

    def test_broken_configuration(self) -> None:
        """A configuration that cannot be used is refused by file and line."""
        self.config.write_text(XML.replace("PJSIP/201", "nonsense"))
        code, out, err = self.run_it("--config", str(self.config), RECORDING)
        self.assertEqual((code, out), (1, ""))
        self.assertIn(f"{self.config}:6", err)
        self.config.write_text(XML.replace("PJSIP/201", "PJSIP/2&#x9b;2J"))
        self.assertNotIn("\x9b", self.run_it("--config", str(self.config), RECORDING)[2])

    def test_empty(self) -> None:
        """An empty recording, of a PBX that was not there, is said to be empty."""
        path = Path(self.mktemp())
        path.touch()
        code, _, err = self.run_it("--config", str(self.config), str(path))
        self.assertEqual((code, err.count("Traceback")), (1, 0))
        self.assertIn("there is nothing in it", err)

    def test_not_a_recording(self) -> None:
        """Something that is no AMI conversation is refused, not guessed at."""
        path = Path(self.mktemp())
        path.write_bytes(b"x" * 3_000_000)
        code, _, err = self.run_it("--config", str(self.config), str(path))
        self.assertEqual(code, 1)
        self.assertIn(str(path), err)
