"""The bootstrap file and the configuration."""

from __future__ import annotations

import os

from astcti.doctor import Level
from astcti.doctor.configuration import MAX_PROBLEMS, examine_bootstrap, examine_configuration
from tests.doctor.patient import DoctorTestCase, seen

SERVICE = '<services><service id="1" name="idle" type="INBOUND"/></services>'
PEOPLE = (
    '<seats><seat id="1" exten="PJSIP/201"/></seats>'
    '<operators><operator id="1" username="anna" fullname="Anna" password="900150983cd24fb0d6963f7d28e17f72"/>'
    "</operators>"
)


class BootstrapTests(DoctorTestCase):
    """The bootstrap file."""

    async def test_fine(self) -> None:
        """One that can be read, by nobody else."""
        self.assertEqual((await self.only(examine_bootstrap, Level.OK)).seen, str(self.path))
        self.assertIsNotNone(self.case.bootstrap)

    async def test_missing(self) -> None:
        """One that is not there, said or not."""
        self.path.unlink()
        self.assertIn(str(self.path), "\n".join((await self.only(examine_bootstrap, Level.FAULT)).remedy))
        self.case.config = None
        self.patch(os, "environ", {})
        before = os.getcwd()
        self.addCleanup(os.chdir, before)
        os.chdir(self.folder)
        self.assertIn("--config", "\n".join((await self.only(examine_bootstrap, Level.FAULT)).remedy))

    async def test_broken(self) -> None:
        """One that makes no sense, or a setting in it that does not: with the line."""
        self.path.write_text("<configuration><database/></configuration>")
        self.assertIn("source", "\n".join((await self.only(examine_bootstrap, Level.FAULT)).remedy))
        self.write()
        self.path.write_text(self.path.read_text().replace("<port>0<", "<port>many<"))
        self.assertIn("port", "\n".join((await self.only(examine_bootstrap, Level.FAULT)).remedy))

    async def test_readable_by_others(self) -> None:
        """One that others can read is warned of."""
        self.path.chmod(0o644)
        said = await self.look(examine_bootstrap)
        self.assertIn("chmod 600", seen(said, Level.WARNING)[0])


class ConfigurationTests(DoctorTestCase):
    """What it leads to."""

    async def look_at_it(self, runtime: str, level: Level) -> list[str]:
        self.write(runtime=runtime)
        self.know()
        self.case.loaded = None
        return seen(await self.look(examine_configuration), level)

    async def test_fine(self) -> None:
        """One that can be used is counted; nothing is written."""
        [counts] = await self.look_at_it(f'<astcti version="2" timestamp="1">{SERVICE}{PEOPLE}</astcti>', Level.OK)
        self.assertIn("1 operator, 1 seat, 1 service, 0 actions", counts)
        self.assertEqual(sorted(p.name for p in self.folder.iterdir()), ["astcti.xml", "runtime.xml"])

    async def test_nobody(self) -> None:
        """Without people or places, and where nobody works on a service, that is said."""
        warned = await self.look_at_it('<astcti version="2" timestamp="1"/>', Level.WARNING)
        self.assertEqual([w.split(" that")[0] for w in warned],
                         ["there is no operator", "there is no seat", "there is no service"])  # fmt: skip
        warned = await self.look_at_it(f'<astcti version="2" timestamp="1">{SERVICE}{PEOPLE}</astcti>', Level.WARNING)
        self.assertTrue(any("nobody works on idle" in w for w in warned), warned)

    async def test_many_warnings(self) -> None:
        """Warnings do not fill pages either."""
        services = "".join(f'<service id="{n}" name="s{n}" type="INBOUND"/>' for n in range(1, 100))
        text = f'<astcti version="2" timestamp="1"><services>{services}</services>{PEOPLE}</astcti>'
        warned = await self.look_at_it(text, Level.WARNING)
        self.assertLess(len(warned), MAX_PROBLEMS + 5)
        self.assertTrue(any(w.startswith("... and ") for w in warned), warned)

    async def test_broken(self) -> None:
        """What is wrong is said with line and place, and does not fill pages."""
        text = "".join(f'<seat id="{n}" exten="nonsense"/>' for n in range(1, 100))
        self.write(runtime=f'<astcti version="2" timestamp="1"><seats>{text}</seats></astcti>')
        self.know()
        self.case.loaded = None
        fault = await self.only(examine_configuration, Level.FAULT)
        self.assertIn("runtime.xml:1", fault.remedy[0])
        self.assertEqual(len(fault.remedy), MAX_PROBLEMS + 2)
        self.assertRegex(fault.remedy[MAX_PROBLEMS], r"[0-9]+ more")
