"""Each right of the manager user taken away in turn, and one too many."""

from __future__ import annotations

import re
from textwrap import dedent

from twisted.internet.threads import deferToThread

from astcti.doctor import Level
from tests.pbx.doctoring.clinic import READ, WRITE, ClinicTestCase
from tests.pbx.fetch import PROJECT
from tests.pbx.instance import Instance

PBX = ("pbx", "version", "pbx-clock", "rights", "queues", "events", "variables", "contexts", "phones")


class RightsTests(ClinicTestCase):
    """What the manager user may see and do."""

    async def test_fit(self) -> None:
        """With exactly the rights that are needed nothing is at fault, and every check of the PBX says so."""
        findings = await self.examine(*PBX)
        self.assertNoFault(findings)
        self.assertEqual({f.check for f in findings if f.level is Level.OK}, set(PBX) - {"phones"})
        self.assertIn("none of 6 phones is registered", self.one(findings, Level.WARNING).seen)
        self.assertIn(f"Asterisk {self.major}.", self.one(findings, Level.OK, "version").seen)
        self.assertIn("read: system, call, dialplan, agent", self.one(findings, Level.OK, "events").seen)
        self.assertIn("VarSet of calldata comes", self.one(findings, Level.OK, "variables").seen)

    async def test_read_classes(self) -> None:
        """Each read class that is missing is named, with the line for manager.conf, and no other."""
        for right in READ:
            self.install(f"no-read-{right}")
            fault = self.one(await self.examine("events"), Level.FAULT)
            self.assertIn(f"the read class {right} is missing", fault.seen)
            self.assertIn("    read = system,call,dialplan,agent", fault.remedy)
            self.assertIn(f"section [no-read-{right}]", fault.remedy[0])

    async def test_write_classes(self) -> None:
        """Each write class that is missing is named, with the line for manager.conf, and no other."""
        for right in WRITE:
            self.install(f"no-write-{right}")
            fault = self.one(await self.examine("rights"), Level.FAULT)
            self.assertIn(f"the write class {right} is missing", fault.seen)
            self.assertIn("    write = reporting,originate,agent", fault.remedy)

    async def test_without_write_classes_the_rest_is_looked_at(self) -> None:
        """What cannot be made to happen is no fault, but said not to have been seen."""
        self.install("no-write-originate")
        findings = await self.examine("events")
        self.assertEqual([f.check for f in findings if f.level is Level.FAULT], ["rights"])
        skipped = [f.seen for f in findings if f.level is Level.SKIPPED]
        self.assertTrue(any("read class dialplan" in seen and "originate" in seen for seen in skipped), skipped)
        self.install("no-write-reporting")
        for check in ("version", "contexts", "phones"):
            self.one(await self.examine(check), Level.SKIPPED, check)

    async def test_blind(self) -> None:
        """A user without any right is told all that is missing at once."""
        self.install("blind")
        seen = " ".join(f.seen for f in await self.examine(*PBX) if f.level is Level.FAULT)
        for right in WRITE:
            self.assertIn(f"the write class {right} is missing", seen)
        self.assertIn("the read class system is missing", seen)

    async def test_too_much(self) -> None:
        """Rights that are not needed, and what they allow, are warned of; nothing is at fault."""
        self.install("everything")
        findings = await self.examine("rights", "events")
        self.assertNoFault(findings)
        warned = " ".join(f.seen for f in findings if f.level is Level.WARNING)
        for part in ("class command is", "class config is", "class system is", "security"):
            self.assertIn(part, warned)

    async def test_filtered(self) -> None:
        """Events that a filter holds back, although the class is there, are named."""
        self.install("filtered")
        findings = await self.examine("events", "variables")
        self.assertIn("VarSet", self.one(findings, Level.FAULT, "events").seen)
        self.assertIn("    eventfilter = !Event: VarSet", self.one(findings, Level.FAULT, "events").remedy)
        self.assertIn("calldata was set", self.one(findings, Level.FAULT, "variables").seen)

    async def test_shipped(self) -> None:
        """The manager user that we ship, with the samples of the guide, is fit."""
        self.install("astcti", secret="change-me")
        findings = await self.examine("pbx", "rights", "events", "variables")
        self.assertEqual([f for f in findings if f.level is not Level.OK], [])

    async def test_documented(self) -> None:
        """The whole manager.conf of the documents is fit as it stands there, on a PBX that has nothing else."""
        text = (PROJECT / "docs/doctor.rst").read_text()
        blocks = re.findall(r"(?m)^\.\. code-block:: ini\n\n((?:    .*\n|\n)+)", text)
        self.assertEqual(len(blocks), 1)
        conf = dedent(blocks[0])
        self.assertEqual(conf.count("port = 5038"), 1)
        instance = Instance(self.major)
        self.addCleanup(instance.stop)
        instance.prepare()
        conf = conf.replace("port = 5038", f"port = {instance.ports.ami}")
        (instance.work / "etc/manager.conf").write_text(conf)
        await deferToThread(instance.start)
        self.install("astcti", secret="change-me", port=instance.ports.ami)
        findings = await self.examine(*(check for check in PBX if check != "phones"))
        self.assertEqual([f for f in findings if f.level is not Level.OK], [])
