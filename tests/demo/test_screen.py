"""What the demonstration shows, and how it judges what it saw."""

from __future__ import annotations

from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

from astcti.demo import stage
from astcti.demo.screen import Screen, fitted, width
from astcti.demo.verification import Verification
from astcti.model.notices import CallView


class ScreenTests(SynchronousTestCase):
    """Lines for people."""

    def setUp(self) -> None:
        """A screen that remembers."""
        self.lines: list[str] = []
        self.screen = Screen(self.lines.append, lambda: 75.25)

    def test_aligned(self) -> None:
        """Names in any script, of any length, leave the columns after them where they are."""
        for name in ("Ada", "山田 太郎", "Zoë Łukasz", "x" * 50, "e\u0301" * 30, ""):
            self.assertEqual(width(fitted(name, 20)), 20, name)
            self.screen.line("pop", "Ada", "PJSIP/201", "orders", name, "333", "1", "1 ms", last="https://x.example/")
        places = {width(line[: line.index("https")]) for line in self.lines}
        self.assertEqual(len(places), 1)
        self.assertTrue(self.lines[0].startswith("pop   1:15.2  Ada "))

    def test_hostile(self) -> None:
        """No name can move the cursor, clear the screen or begin a line of its own."""
        for name in ("\x1b[2J", "a\npop   forged", "\u202eabc", "\r"):
            self.screen.line("pop", "Ada", "PJSIP/201", "orders", name, name, name, "", last=name)
        for line in self.lines:
            self.assertEqual(line.count("\n"), 1)
            self.assertTrue(line[:-1].isprintable(), line)

    def test_banner(self) -> None:
        """The banner says where everything is and how to take part."""
        self.screen.banner(6, "127.0.0.1:5038", "127.0.0.1:5000", "guest", "PJSIP/250", "demo")
        text = "".join(self.lines)
        for words in (
            "AMI on 127.0.0.1:5038", "CTI on 127.0.0.1:5000", "nothing is opened", "6 agents",
            "astcti agent --server 127.0.0.1:5000 --user guest --password demo --extension PJSIP/250",
        ):  # fmt: skip
            self.assertIn(words, text)
        self.assertFalse(any(line.startswith("pop") for line in text.splitlines()))

    def test_summary(self) -> None:
        """The summary counts, and says plainly when something was wrong."""
        found = Verification()
        self.screen.summary(10, 7, 2, 1, found)
        self.assertIn("10 calls, 7 answered, 2 not, 1 still waiting, 1 sent on", self.lines[0])
        self.assertIn("0 lost, 0 doubled, 0 misdelivered, as it should be.", self.lines[0])
        found.present.add("PJSIP/201")
        found.talk("1.1", "PJSIP/201", "333", "12345", 1.0)
        self.screen.summary(1, 1, 0, 0, found)
        self.assertIn("1 lost, 0 doubled, 0 misdelivered, NOT as it should be.", self.lines[-1])


class VerificationTests(SynchronousTestCase):
    """The simulated PBX knows who should have seen what."""

    def setUp(self) -> None:
        """A caller talks with an agent."""
        self.found = Verification({"PJSIP/201"})
        self.found.talk("1.1", "PJSIP/201", "333", "12345", 10.0)
        self.call = CallView("1.1", "PJSIP/trunk-1", number="333", variables=(("calldata", "12345"),))

    def test_perfect(self) -> None:
        """One pop at the right place with the right data is right, and its delay is known."""
        self.assertEqual(self.found.lost, 1)
        self.assertAlmostEqual(self.found.pop("PJSIP/201", self.call, 10.25) or 0, 0.25)
        self.assertTrue(self.found.perfect)
        self.assertEqual((self.found.pops, self.found.slowest), (1, 0.25))

    def test_doubled(self) -> None:
        """The same pop once more is one too many."""
        self.found.pop("PJSIP/201", self.call, 10.1)
        self.found.pop("PJSIP/201", self.call, 10.2)
        self.assertEqual((self.found.doubled, self.found.perfect), (1, False))

    def test_misdelivered(self) -> None:
        """At another agent, or with another caller's number or digits, it is wrong."""
        self.assertIsNone(self.found.pop("PJSIP/202", self.call, 10.1))
        self.assertIsNone(self.found.pop("PJSIP/201", self.call._replace(number="334"), 10.1))
        self.assertEqual((self.found.misdelivered, self.found.lost), (2, 0))

    def test_settled(self) -> None:
        """What is over keeps its count when it is forgotten."""
        self.found.pop("PJSIP/201", self.call, 10.1)
        self.found.talk("1.2", "PJSIP/201", "333", "1", 11.0)
        self.found.settle()
        self.assertEqual((self.found.lost, self.found.pops), (1, 1))

    def test_absent(self) -> None:
        """Where nobody sits nothing is to pop."""
        self.found.talk("1.2", "PJSIP/250", "333", "1", 10.0)
        self.found.pop("PJSIP/201", self.call, 10.1)
        self.assertTrue(self.found.perfect)


class StageTests(SynchronousTestCase):
    """The company."""

    def test_configuration(self) -> None:
        """The configuration of the package is right, and gives as many agents as are wanted, and the guest."""
        for agents in (3, stage.most_agents()):
            found = stage.configuration(agents)
            self.assertEqual(len(found.operators), agents + 1)
            self.assertEqual(len(found.seats), agents + 1)
            self.assertEqual(found.operators[-1].username, stage.GUEST)
            self.assertEqual({stage.phone_of(o, found) for o in found.operators}, {s.exten for s in found.seats})

    def test_bootstrap(self) -> None:
        """The server is told where the simulated PBX listens, and listens itself on any free port of this machine."""
        found = stage.bootstrap(12345, Path("kept"))
        self.assertEqual(found.settings["ami_port"], "12345")
        self.assertEqual((found.ctiserver.address, found.ctiserver.port), ("127.0.0.1", 0))
        self.assertEqual(found.ctiserver.state, Path("kept"))
