"""What is printed."""

from __future__ import annotations

import json

from twisted.trial.unittest import SynchronousTestCase

from astcti.doctor.finding import Finding, Level, counted, some
from astcti.doctor.report import INDENT, as_json, finding_text, summary_text

FAULT = Finding("queues", Level.FAULT, "the PBX has no queue sales", ("In queues.conf:", "    [sales]"))


class ReportTests(SynchronousTestCase):
    """For people and for programs."""

    def test_text(self) -> None:
        """A line with a mark, and the remedy below, with what is to be copied further in."""
        self.assertEqual(
            finding_text(FAULT),
            "FAULT    queues          the PBX has no queue sales\n"
            "                         In queues.conf:\n"
            "                             [sales]\n",
        )
        marks = [finding_text(Finding("a", level, "b")).split()[0] for level in Level]
        self.assertEqual(marks, ["ok", "warning", "FAULT", "-"])

    def test_narrow(self) -> None:
        """Sentences are wrapped to the terminal; what is to be copied never is, and in a pipe nothing is."""
        long = Finding("a", Level.FAULT, "word " * 40, ("more " * 40, f"    {'literal' * 30}"))
        lines = finding_text(long, 80).splitlines()
        self.assertLess(max(len(line) for line in lines if "literal" not in line), 81)
        self.assertTrue(all(line.startswith(INDENT) for line in lines[1:]))
        self.assertIn(f"{INDENT}    {'literal' * 30}", lines)
        self.assertEqual(len(finding_text(long).splitlines()), 3)
        self.assertEqual(len(finding_text(long, 20).splitlines()), 3)

    def test_hostile(self) -> None:
        """What a PBX or a file calls something cannot drive the terminal."""
        text = finding_text(Finding("a", Level.OK, "q\x1b[2J\n\rFAULT", ("    \x07",)))
        self.assertNotRegex(text, "[\x07\x1b\r]")
        self.assertEqual(text.count("\n"), 2)
        said = as_json([Finding("a", Level.OK, "q\x9b2J\u202e")], ascii_only=False)
        self.assertEqual(json.loads(said)["findings"][0]["seen"], "q\x9b2J\u202e")
        self.assertTrue(said.replace("\n", "").isprintable())

    def test_summary(self) -> None:
        """The last line counts."""
        said = [FAULT, Finding("a", Level.OK, ""), Finding("b", Level.OK, "")]
        self.assertEqual(summary_text(said), "\n2 fine, 0 warnings, 1 fault, 0 not looked at\n")

    def test_json(self) -> None:
        """Programs get every finding with its parts, and the counts."""
        said = json.loads(as_json([FAULT], ascii_only=True, interrupted=True))
        self.assertEqual((said["fault"], said["ok"], said["interrupted"]), (1, 0, True))
        self.assertEqual(
            said["findings"],
            [{"check": "queues", "level": "fault", "seen": FAULT.seen, "remedy": ["In queues.conf:", "    [sales]"]}],
        )

    def test_words(self) -> None:
        """Long lists end, and numbers read as people write them."""
        self.assertEqual(some(["a", "b", "c"], 2), "a, b and 1 more")
        self.assertEqual(some(["a", "b"], 2), "a, b")
        self.assertEqual((counted(1, "queue"), counted(1200, "queue")), ("1 queue", "1,200 queues"))
